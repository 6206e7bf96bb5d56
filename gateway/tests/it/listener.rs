//! The listener: what arrives over a socket before there is a request.

use std::future::pending;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, oneshot},
};

use crate::customer::{ADA, Customer, Form};

async fn connect(customer: &Customer) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(crate::slow_clients::serve(listener, customer, pending()));
    TcpStream::connect(address).await.unwrap()
}

async fn answered(mut stream: TcpStream, request: &[u8]) -> String {
    stream.write_all(request).await.expect("the server reads the whole request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_megabyte_of_device_info_is_read_and_refused() {
    let customer = Customer::new().await;
    let stream = connect(&customer).await;
    let info = format!("{{\"x\":\"{}\"}}", "a".repeat(1024 * 1024));
    let head = format!(
        "POST /api-gateway/sessions/start HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Device-Info: {info}\r\n\r\n"
    );
    let answer = answered(stream, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert!(answer.contains("\"error\":\"request headers are larger than 256 KiB\""), "{answer}");
}

#[tokio::test]
async fn a_client_that_sends_too_much_reads_why() {
    let customer = Customer::new().await;
    let stream = connect(&customer).await;
    let form = Form::default().text("phrase", "one").file("video", &vec![0; 52 * 1024 * 1024]).end();
    let head = format!(
        "POST /api-gateway/process-video HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         X-User-Fullname: {ADA}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
        customer.key,
        Form::TYPE,
        form.len()
    );
    let answer = answered(stream, &[head.as_bytes(), &form].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("file size exceeds 50MB"), "{answer}");
}

#[tokio::test]
async fn an_aborted_upload_affects_no_other_call() {
    let customer = Customer::new().await;
    let mut stream = connect(&customer).await;
    let address = stream.peer_addr().unwrap();
    let head = format!(
        "POST /api-gateway/process-video HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: {}\r\n\
         Content-Length: 1000\r\n\r\n--BOUND",
        customer.key,
        Form::TYPE
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    drop(stream);
    let next = TcpStream::connect(address).await.unwrap();
    let answer = answered(next, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn shutdown_finishes_the_requests_under_way() {
    let customer = Customer::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async { stopped.await.unwrap_or_default() };
    let server = tokio::spawn(crate::slow_clients::serve(listener, &customer, shutdown));

    customer.stage.analyses.forget_permits(Semaphore::MAX_PERMITS);
    let form = Form::video().end();
    let head = format!(
        "POST /api-gateway/process-video HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nX-User-Fullname: {ADA}\r\n\
         Content-Type: {}\r\nContent-Length: {}\r\n\r\n",
        customer.key,
        Form::TYPE,
        form.len()
    );
    let stream = TcpStream::connect(address).await.unwrap();
    let request = [head.as_bytes(), &form].concat();
    let under_way = answered(stream, &request);
    let stopping = async {
        customer.stage.analysis_begun().await;
        stop.send(()).unwrap();
        tokio::task::yield_now().await;
        customer.stage.analyses.add_permits(1);
    };
    let (answer, ()) = tokio::join!(under_way, stopping);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nothing listens any more");
}
