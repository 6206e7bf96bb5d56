//! Mail as a server receives it.

use mail::{Config, Error, Mailer, is_address};
use testkit::MailServer;

fn config(server: &MailServer) -> Config {
    Config { smtp_url: Some(server.url.clone().into()), from: "Checks <checks@example.org>".into() }
}

#[tokio::test]
async fn a_message_arrives_as_it_was_written() {
    let mut server = MailServer::start().await;
    let mailer = Mailer::open(&config(&server)).unwrap().unwrap();
    mailer.send("ada@example.org", "Su código", "Code: 123456\nañade".into()).await.unwrap();
    let mail = server.next().await;
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("checks@example.org", "ada@example.org"));
    assert!(mail.data.contains("Code: 123456"), "{}", mail.data);
}

#[tokio::test]
async fn an_address_becomes_no_header() {
    let server = MailServer::start().await;
    let mailer = Mailer::open(&config(&server)).unwrap().unwrap();
    for bad in ["", "ada", "ada@example.org\r\nBcc: eve@example.org", "ada@example.org, eve@example.org"] {
        assert!(!is_address(bad), "{bad}");
        let refused = mailer.send(bad, "s", "t".into()).await;
        assert!(matches!(refused, Err(Error::Address)), "{bad}");
    }
}

#[tokio::test]
async fn without_a_server_there_is_no_mail_and_a_closed_one_is_an_error() {
    assert!(Mailer::open(&Config::default()).unwrap().is_none());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let config = Config { smtp_url: Some(url.into()), from: "checks@example.org".into() };
    let mailer = Mailer::open(&config).unwrap().unwrap();
    assert!(matches!(mailer.send("ada@example.org", "s", "t".into()).await, Err(Error::Send(_))));
    let nobody = Config { from: "nobody".into(), ..config };
    assert!(matches!(Mailer::open(&nobody), Err(Error::From)));
}
