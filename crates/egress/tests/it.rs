//! Allowed and rejected calls, against a listener of this machine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use egress::{Client, Config, Error, Timeouts};
use proptest::prelude::*;
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const TIMEOUTS: Timeouts = Timeouts { connect: Duration::from_secs(60), total: Duration::from_secs(60) };

fn client(allow: &[&str], allow_http: bool) -> Client {
    let allow = allow.iter().map(|net| net.parse().unwrap()).collect();
    Client::new(&Config { allow, allow_http }, TIMEOUTS).unwrap()
}

/// Starts a listener that answers every request with `answer`; returns its port.
async fn server(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    port
}

async fn get(client: &Client, url: &str) -> Result<reqwest::Response, Error> {
    let url = client.parse(url)?;
    Ok(client.request(Method::GET, &url)?.send().await?)
}

#[test]
fn an_address_outside_the_internet_is_rejected_when_it_is_set() {
    let client = client(&[], false);
    let table = [
        ("https://operator.example/sim-swap/v2", None),
        ("https://8.8.8.8/", None),
        ("https://[2606:4700::1111]:8443/x", None),
        ("http://operator.example/", Some("the url is not an absolute https address")),
        ("ftp://operator.example/", Some("the url is not an absolute https address")),
        ("file:///etc/passwd", Some("the url is not an absolute https address")),
        ("operator.example", Some("the url is not an absolute https address")),
        ("", Some("the url is not an absolute https address")),
        ("https://", Some("the url is not an absolute https address")),
        ("https://user@operator.example/", Some("the url must not hold a user, a password or a fragment")),
        ("https://u:p@operator.example/", Some("the url must not hold a user, a password or a fragment")),
        ("https://operator.example/#x", Some("the url must not hold a user, a password or a fragment")),
        ("https://127.0.0.1/", Some("the url leads to an address this server does not call")),
        ("https://2130706433/", Some("the url leads to an address this server does not call")),
        ("https://0x7f.1/", Some("the url leads to an address this server does not call")),
        ("https://0177.0.0.1/", Some("the url leads to an address this server does not call")),
        (
            "https://169.254.169.254/latest/meta-data",
            Some("the url leads to an address this server does not call"),
        ),
        ("https://[::1]/", Some("the url leads to an address this server does not call")),
        ("https://[::ffff:10.0.0.1]/", Some("the url leads to an address this server does not call")),
        ("https://[fd00::1]/", Some("the url leads to an address this server does not call")),
    ];
    for (url, refused) in table {
        assert_eq!(client.parse(url).err().map(|e| e.to_string()).as_deref(), refused, "{url}");
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_this_machine_is_refused_as_it_is_called() {
    let port = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let url = format!("http://localhost:{port}/");
    let refused = get(&client(&[], true), &url).await.unwrap_err();
    let Error::Http(error) = refused else { panic!("{refused}") };
    assert!(Client::is_refused(&error), "{error:?}");

    let answer = get(&client(&["127.0.0.0/8"], true), &url).await.unwrap();
    assert_eq!(&egress::read_body(answer, 2).await.unwrap()[..], b"ok");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let inner = server("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret").await;
    let redirect =
        format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{inner}/\r\ncontent-length: 0\r\n\r\n");
    let port = server(redirect.leak()).await;
    let answer = get(&client(&["127.0.0.0/8"], true), &format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!(answer.status(), 302);
}

#[tokio::test]
async fn a_large_answer_is_not_read_to_its_end() {
    let port = server("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nmore than ten bytes").await;
    let answer = get(&client(&["127.0.0.0/8"], true), &format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert!(matches!(egress::read_body(answer, 10).await, Err(Error::TooLarge(10))));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let timeouts = Timeouts { total: Duration::from_millis(200), ..TIMEOUTS };
    let config = Config { allow: vec!["127.0.0.1/32".parse().unwrap()], allow_http: true };
    let error = get(&Client::new(&config, timeouts).unwrap(), &url).await.unwrap_err();
    assert!(matches!(error, Error::Http(e) if e.is_timeout()));
}

proptest! {
    #[test]
    fn any_text_is_answered_and_no_private_address_passes(text in "(https?://)?[0-9a-fx.:\\[\\]@#/]{0,30}") {
        let client = client(&[], true);
        if let Ok(url) = client.parse(&text) {
            let host = url.host_str().unwrap().trim_matches(['[', ']']).to_owned();
            if let Ok(address) = host.parse() {
                prop_assert!(egress::is_public(address));
            }
        }
    }
}
