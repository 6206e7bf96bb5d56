//! Slow and greedy clients are limited themselves and delay nobody else.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use gateway::{Config, ConnectionLimits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    time::timeout,
};

use crate::{
    customer::{ADA, Customer, Form},
    fakes::{Stage, authorization},
};

/// Longest time that a call of another client may take.
const MAX_RESPONSE_TIME: Duration = Duration::from_millis(200);
/// The fastest of so many calls is judged: on a loaded machine any single one may be late.
const ATTEMPTS: usize = 20;
/// Memory that slow connections may hold in bytes.
const MAX_MEMORY_BYTES: i64 = 50 << 20;
/// Far longer than anything takes here.
const LIMIT: Duration = Duration::from_secs(60);
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

/// Serves a customer's gateway with the settings it was made with.
pub fn serve(
    listener: TcpListener,
    customer: &Customer,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = anyhow::Result<()>> + Send + 'static {
    let (app, config) = (customer.app.clone(), customer.config.clone());
    async move { gateway::serve(listener, app, &config, shutdown).await }
}

async fn listening(customer: &Customer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, customer, std::future::pending()));
    address
}

/// A connection from an address of this machine's own choice.
async fn connect_from(from: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    timeout(LIMIT, socket.connect(to)).await.expect("a connection").unwrap()
}

/// Sends a request and reads the response to its end; how long both took.
async fn ask(from: &str, to: SocketAddr, request: &[u8]) -> (String, Duration) {
    let began = Instant::now();
    let mut stream = connect_from(from, to).await;
    stream.write_all(request).await.unwrap();
    let mut response = Vec::new();
    timeout(LIMIT, stream.read_to_end(&mut response)).await.expect("a response").unwrap();
    (String::from_utf8_lossy(&response).into_owned(), began.elapsed())
}

fn session_start(key: &str) -> Vec<u8> {
    format!(
        "POST /api-gateway/sessions/start HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
         Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// Bytes of memory this process uses.
fn memory() -> i64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: i64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Health and another customer are answered promptly, from the slow clients' own address as well.
async fn others_are_answered(customer: &Customer, server: SocketAddr, slow: &str) {
    // The verification keys are fetched once.
    ask("127.0.0.9", server, &session_start(&customer.key)).await;
    for (from, request) in
        [("127.0.0.9", HEALTH.to_vec()), (slow, HEALTH.to_vec()), ("127.0.0.9", session_start(&customer.key))]
    {
        let mut fastest = Duration::MAX;
        for _ in 0..ATTEMPTS {
            let (response, took) = ask(from, server, &request).await;
            assert!(response.starts_with("HTTP/1.1 200 "), "{from}: {response}");
            fastest = fastest.min(took);
            if fastest < MAX_RESPONSE_TIME {
                break;
            }
        }
        assert!(fastest < MAX_RESPONSE_TIME, "{from} waited {fastest:?}");
    }
}

/// Waits until the process holds little more memory than `before`: tests that run beside this one hold some for a while.
async fn memory_falls_to(before: i64) {
    testkit::wait_until("slow connections hold little memory", async || memory() - before < MAX_MEMORY_BYTES)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_slow_connections_of_one_address_delay_nobody() {
    boot::raise_open_file_limit();
    let customer = Customer::new().await;
    let server = listening(&customer).await;
    others_are_answered(&customer, server, "127.0.0.2").await;
    let before = memory();
    let mut slow = Vec::new();
    for _ in 0..1024 {
        let mut stream = connect_from("127.0.0.2", server).await;
        let head = b"POST /api-auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                     Content-Length: 60000\r\n\r\n{";
        stream.write_all(head).await.unwrap();
        slow.push(stream);
    }
    others_are_answered(&customer, server, "127.0.0.2").await;
    memory_falls_to(before).await;
    drop(slow);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_heads_of_a_megabyte_cost_little_memory() {
    let customer = Customer::new().await;
    let server = listening(&customer).await;
    others_are_answered(&customer, server, "127.0.0.2").await;
    let before = memory();
    let mut slow = Vec::new();
    let info = vec![b'a'; 1_000_000];
    for _ in 0..200 {
        let mut stream = connect_from("127.0.0.2", server).await;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Device-Info: ").await.unwrap();
        // The server may stop reading, or close.
        let _ = timeout(Duration::from_millis(100), stream.write_all(&info)).await;
        slow.push(stream);
    }
    others_are_answered(&customer, server, "127.0.0.2").await;
    memory_falls_to(before).await;
    drop(slow);
}

fn impatient(limits: ConnectionLimits) -> Config {
    Config { connections: limits, ..Config::default() }
}

#[tokio::test]
async fn a_head_that_is_not_finished_is_answered_408() {
    let limits = ConnectionLimits { head_seconds: 1, ..ConnectionLimits::default() };
    let customer = Customer::with(impatient(limits)).await;
    let server = listening(&customer).await;
    let (response, _) = ask("127.0.0.1", server, b"GET /healthz HTTP/1.1\r\nHost:").await;
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    assert!(response.ends_with("{\"error\":\"the request head was not sent in time\"}"), "{response}");
}

#[tokio::test]
async fn an_upload_or_a_body_that_stalls_is_answered_408() {
    let limits = ConnectionLimits { silence_seconds: 1, ..ConnectionLimits::default() };
    let customer = Customer::with(impatient(limits)).await;
    let server = listening(&customer).await;
    let upload = format!(
        "POST /api-gateway/process-video HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         X-User-Fullname: {ADA}\r\nContent-Type: {}\r\nContent-Length: 5000\r\n\r\n--BOUND",
        customer.key,
        Form::TYPE
    );
    let json = "POST /api-auth/sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
                Content-Length: 5000\r\n\r\n{";
    for request in [&upload, json] {
        let (response, _) = ask("127.0.0.1", server, request.as_bytes()).await;
        assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
        assert!(response.contains("\"error\":\"the request was not sent in time\""), "{response}");
    }
    assert!(customer.stage.set().analyzed.is_empty());
}

#[tokio::test]
async fn a_client_that_does_not_read_is_given_up() {
    let limits = ConnectionLimits { silence_seconds: 1, ..ConnectionLimits::default() };
    let customer = Customer::with(impatient(limits)).await;
    let server = listening(&customer).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(server).await.unwrap();
    // More than the buffers of both ends hold.
    let request = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(30);
    stream.write_all(&request).await.unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let (mut read, mut buffer) = (0, vec![0; 1 << 16]);
    while let Ok(Ok(bytes @ 1..)) = timeout(Duration::from_secs(5), stream.read(&mut buffer)).await {
        read += bytes;
    }
    assert!(read < 30 * 1_000_000, "all {read} bytes came although nobody read them for seconds");
}

/// A key of another project on the same server.
pub fn neighbour(stage: &Stage) -> String {
    stage.set().keys.insert("key-2".into(), authorization());
    let claims = serde_json::json!({
        "id": "key-2", "project_id": "project-2", "selected_services": crate::fakes::ALL, "can_mint": false, "iat": 1
    });
    stage.sign("kid-1", &claims)
}

#[tokio::test]
async fn a_key_with_every_upload_under_way_leaves_room_for_its_neighbours() {
    let customer = Customer::new().await;
    let server = listening(&customer).await;
    let head = |key: &str, length: usize| {
        format!(
            "POST /api-gateway/process-video HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
             X-User-Fullname: {ADA}\r\nContent-Type: {}\r\nContent-Length: {length}\r\n\r\n",
            Form::TYPE
        )
    };
    let mut slow = Vec::new();
    for _ in 0..32 {
        let mut stream = connect_from("127.0.0.2", server).await;
        stream.write_all(head(&customer.key, 100_000).as_bytes()).await.unwrap();
        stream.write_all(b"--BOUNDARY\r\n").await.unwrap();
        slow.push(stream);
    }
    // The last of them was refused, so all have been seen.
    let mut last = String::new();
    let refused = timeout(LIMIT, slow[31].read_to_string(&mut last)).await;
    refused.expect("the greedy key is refused itself").unwrap();
    assert!(last.starts_with("HTTP/1.1 503 "), "{last}");
    let (other, form) = (neighbour(&customer.stage), Form::video().end());
    for _ in 0..5 {
        let request = [head(&other, form.len()).as_bytes(), &form].concat();
        let (response, _) = ask("127.0.0.3", server, &request).await;
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    }
}

#[tokio::test]
async fn at_shutdown_readiness_fails_first_and_calls_still_succeed() {
    let config = Config { drain_seconds: 10, ..Config::default() };
    let customer = Customer::with(config).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, &customer, async { stopped.await.unwrap_or_default() }));
    let ready = b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert!(ask("127.0.0.1", address, ready).await.0.starts_with("HTTP/1.1 200 "));
    // A connection that stays open.
    let mut kept = TcpStream::connect(address).await.unwrap();
    stop.send(()).unwrap();
    let end = Instant::now() + Duration::from_secs(8);
    while !ask("127.0.0.1", address, ready).await.0.contains("the server is about to stop") {
        assert!(Instant::now() < end, "still ready");
    }
    let (response, _) = ask("127.0.0.1", address, &session_start(&customer.key)).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    kept.read_to_string(&mut answer).await.unwrap();
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    timeout(LIMIT, server).await.expect("it stops").unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nothing listens any more");
}
