//! Requests written byte by byte, as real clients send them: the vendor's browser client, its Flutter client and
//! requests written by hand. An HTTP library would normalise them.

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    both_modes,
    project::{ADA, Project, SPEECH},
    world::{World, fixture},
};

both_modes!(
    a_start_without_body_or_content_type,
    an_end_with_and_without_a_body,
    consent_as_the_browser_client_sends_it,
    a_video_as_the_browser_client_sends_it,
    a_video_as_the_flutter_client_sends_it,
    a_body_in_chunks_and_a_go_ahead,
    a_line_break_in_a_header_is_no_second_header,
    two_requests_on_one_connection,
    malformed_http_affects_no_other_client,
);

/// A raw request; its bytes are sent as written.
struct Wire {
    head: String,
    body: Vec<u8>,
}

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Wire {
    fn post(project: &Project, path: &str) -> Self {
        let host = project.world.url.trim_start_matches("http://");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nAuthorization: Bearer {}\r\n",
            project.key
        );
        Self { head, body: Vec::new() }
    }

    fn line(mut self, line: &str) -> Self {
        self.head.push_str(line);
        self.head.push_str("\r\n");
        self
    }

    fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        let length = format!("content-length: {}", self.body.len());
        self.line(&length)
    }

    async fn send(self, project: &Project) -> Answer {
        read(raw(project, &[self.head.as_bytes(), b"\r\n", &self.body].concat()).await)
    }
}

/// Returns all bytes until the server closes the connection.
async fn raw(project: &Project, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(project.world.url.trim_start_matches("http://")).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let mut answer = Vec::new();
    // A rejection during sending is a valid response too.
    let (_, read) = tokio::join!(writer.write_all(bytes), reader.read_to_end(&mut answer));
    read.unwrap();
    answer
}

fn read(bytes: Vec<u8>) -> Answer {
    let text = String::from_utf8(bytes).expect("answers are text");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let body = serde_json::from_str(body).unwrap_or_else(|_| panic!("no JSON: {text}"));
    Answer { status, head: head.to_ascii_lowercase(), body }
}

/// The form of the browser client, with its boundary and its order of fields.
fn form(boundary: &str, fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, bytes) in fields {
        body.extend_from_slice(
            format!("--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

async fn a_start_without_body_or_content_type(world: &'static World) {
    let project = Project::new(world);
    let fetch = Wire::post(&project, "/api-gateway/sessions/start?warmup=true")
        .line("accept: */*")
        .line("accept-language: *")
        .line("sec-fetch-mode: cors")
        .line("user-agent: node")
        .line("accept-encoding: gzip, deflate")
        .line("content-length: 0");
    let started = fetch.send(&project).await;
    assert_eq!((started.status, &started.body["message"]), (200, &"session started".into()));
    assert!(started.head.contains("x-request-id: "), "{}", started.head);
    assert!(!started.head.contains("content-encoding"), "answers are small");
    // Written by hand: neither a length nor a body.
    assert_eq!(Wire::post(&project, "/api-gateway/sessions/start").send(&project).await.status, 200);
}

async fn an_end_with_and_without_a_body(world: &'static World) {
    let project = Project::new(world);
    for (content_type, body) in [
        (Some("application/json"), &b"{\"phone_number\":\"+61400000000\"}"[..]),
        (Some("application/json"), b"{}"),
        (None, b""),
        (Some("text/plain"), b"{}"),
    ] {
        let id = project.start_session().await;
        let mut request = Wire::post(&project, &format!("/api-gateway/sessions/end/{id}"));
        if let Some(content_type) = content_type {
            request = request.line(&format!("Content-Type: {content_type}"));
        }
        let ended = request.body(body).send(&project).await;
        assert_eq!(ended.status, 200, "{}", ended.body);
        assert_eq!(ended.body["message"], "session ended successfully");
        assert_eq!(ended.body["data"]["sim_swap"].is_object(), body.len() > 2, "{}", ended.body);
    }
}

async fn consent_as_the_browser_client_sends_it(world: &'static World) {
    let project = Project::new(world);
    let id = project.start_session().await;
    for (path, content_type) in [
        ("/api-consent/consent", Some("application/json")),
        ("/api-consent/strg-consent", Some("application/octet-stream")),
        ("/api-consent/strg-consent", None),
    ] {
        let mut request = Wire::post(&project, path)
            .line(&format!("X-Session-ID: {id}"))
            .line(r#"X-Device-Info: {"os":"x","screen":{"w":390,"h":844}}"#);
        if let Some(content_type) = content_type {
            request = request.line(&format!("Content-Type: {content_type}"));
        }
        let body = r#"{"is_consent_given":true,"user_fullname":"Zoë O'Hara 王芳"}"#;
        let recorded = request.body(body).send(&project).await;
        assert_eq!(recorded.status, 200, "{}", recorded.body);
        assert_eq!(recorded.body["user_fullname"], "Zoë O'Hara 王芳");
        assert_eq!(recorded.body["data"]["is_consent_given"], true);
    }
}

async fn a_video_as_the_browser_client_sends_it(world: &'static World) {
    let project = Project::new(world);
    let video = std::fs::read(fixture("speaker_crop.webm")).unwrap();
    let boundary = "----formdata-undici-010782840297";
    let fields: [(&str, &[u8]); 4] = [
        ("name=\"phrase\"", SPEECH.as_bytes()),
        ("name=\"video\"; filename=\"v.webm\"\r\nContent-Type: video/webm", &video),
        ("name=\"vocabulary\"", b""),
        ("name=\"trigger\"", b"authentication"),
    ];
    let seen = Wire::post(&project, "/api-gateway/process-video")
        .line(&format!("X-User-Fullname: {ADA}"))
        .line("X-Device-Info: {\"os\":\"x\"}")
        .line(&format!("content-type: multipart/form-data; boundary={boundary}"))
        .body(form(boundary, &fields))
        .send(&project)
        .await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    assert!(seen.head.contains("x-removed-services: true"), "{}", seen.head);
    assert_eq!(seen.body["scoring_result"]["rules"], "default");
    let record = project.get(&format!("/api-transactions/transactions/{}", id_of(&seen))).await;
    assert_eq!(record.body["data"]["action_trigger"], "authentication", "{}", record.body);
}

/// The Flutter client sends every file as `application/octet-stream` or without a type, its fields in reverse order,
/// more fields than required, and the session in its older header.
async fn a_video_as_the_flutter_client_sends_it(world: &'static World) {
    let project = Project::new(world);
    let id = project.start_session().await;
    let video = std::fs::read(fixture("speaker_crop.mov")).unwrap();
    let boundary = "dart-http-boundary-A1b2'()+_,-./:=?z";
    for content_type in ["\r\ncontent-type: application/octet-stream", ""] {
        let part = format!("name=\"video\"; filename=\"/data/user/0/app/cache/REC 1.tmp\"{content_type}");
        let fields: [(&str, &[u8]); 4] = [
            (&part, &video),
            ("name=\"unique_id\"", ADA.as_bytes()),
            ("name=\"device\"", b"{}"),
            ("name=\"phrase\"", SPEECH.as_bytes()),
        ];
        let seen = Wire::post(&project, "/api-gateway/process-video")
            .line(&format!("x-request-user-provided-id: {id}"))
            .line(&format!("x-user-fullname: {ADA}"))
            .line(&format!("content-type: multipart/form-data; boundary=\"{boundary}\""))
            .body(form(boundary, &fields))
            .send(&project)
            .await;
        assert_eq!(seen.status, 200, "{}", seen.body);
        let record = project.get(&format!("/api-transactions/transactions/{}", id_of(&seen))).await;
        assert_eq!(record.body["data"]["session_id"], id.as_str(), "{}", record.body);
    }
}

fn id_of(answer: &Answer) -> String {
    let line = answer.head.lines().find_map(|line| line.strip_prefix("x-request-id: "));
    line.expect("a request id").to_owned()
}

async fn a_body_in_chunks_and_a_go_ahead(world: &'static World) {
    let project = Project::new(world);
    let chunked =
        "1e\r\n{\"is_consent_given\":true,\"user\r\n10;ext=1\r\n_fullname\":\"ada\"\r\n1\r\n}\r\n0\r\n\r\n";
    let request = Wire::post(&project, "/api-consent/consent").line("transfer-encoding: chunked");
    let request = [request.head.as_bytes(), b"\r\n", chunked.as_bytes()].concat();
    let recorded = read(raw(&project, &request).await);
    assert_eq!((recorded.status, &recorded.body["user_fullname"]), (200, &"ada".into()), "{}", recorded.body);

    let body = br#"{"is_consent_given":true,"user_fullname":"ada"}"#;
    let asking = Wire::post(&project, "/api-consent/consent").line("Expect: 100-continue").body(&body[..]);
    let answered = raw(&project, &[asking.head.as_bytes(), b"\r\n", body].concat()).await;
    let answered = String::from_utf8(answered).unwrap();
    assert!(answered.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"), "{answered}");
}

async fn a_line_break_in_a_header_is_no_second_header(world: &'static World) {
    let project = Project::new(world);
    let other = Project::new(world);
    for value in ["ada\nAuthorization: Bearer x", "ada\r evil", "a\0da"] {
        let request =
            Wire::post(&project, "/api-gateway/sessions/start").line(&format!("X-Request-Tags: {value}"));
        let bytes = raw(&project, &[request.head.as_bytes(), b"content-length: 0\r\n\r\n"].concat()).await;
        let answer = String::from_utf8_lossy(&bytes);
        assert!(answer.starts_with("HTTP/1.1 4"), "{value:?}: {answer}");
    }
    // Two keys in one request are rejected.
    let two = Wire::post(&project, "/api-gateway/sessions/start")
        .line(&format!("Authorization: Bearer {}", other.key));
    let refused = two.body("").send(&project).await;
    assert_eq!((refused.status, &refused.body["error"]), (401, &"invalid api key format".into()));
    // Two lengths are ambiguous. The connection is closed, so that nothing can be smuggled behind the first body.
    let smuggled =
        "content-length: 2\r\ncontent-length: 60\r\n\r\n{}GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let request = Wire::post(&project, "/api-consent/consent");
    let answer = raw(&project, &[request.head.as_bytes(), smuggled.as_bytes()].concat()).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 400") && answer.matches("HTTP/1.1").count() == 1, "{answer}");
}

async fn two_requests_on_one_connection(world: &'static World) {
    let project = Project::new(world);
    let one = Wire::post(&project, "/api-gateway/sessions/start").body("");
    let first = one.head.replace("connection: close", "connection: keep-alive");
    let both = format!("{first}\r\n{}\r\n", one.head);
    let answers = String::from_utf8(raw(&project, both.as_bytes()).await).unwrap();
    assert_eq!(answers.matches("\"session started\"").count(), 2, "{answers}");
}

async fn malformed_http_affects_no_other_client(world: &'static World) {
    let project = Project::new(world);
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &[0xff; 300],
    ] {
        let mut stream = TcpStream::connect(project.world.url.trim_start_matches("http://")).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // Closed with or without a response.
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 2") && !answer.starts_with(b"HTTP/1.1 5"));
    }
    project.start_session().await;
}
