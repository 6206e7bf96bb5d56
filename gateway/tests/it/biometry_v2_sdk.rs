//! What the web SDK 3.0.0 sends, byte for byte as its client writes it.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::{
    biometry_v2::consenting,
    customer::{ADA, Answer, Customer},
    documents::passport,
    enroll::same_person,
    fakes::outcome,
    process_video::genuine,
};

const BOUNDARY: &str = "----formdata-undici-068043043554";

/// A request of the SDK's client on Node: its headers in its order, JSON in the first part, then the file.
async fn send(customer: &Customer, path: &str, request: &Value, file: (&str, &str, &str)) -> Answer {
    let (name, filename, kind) = file;
    let body = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n{request}\r\n--{BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\nContent-Type: {kind}\r\n\r\nABC\r\n\
         --{BOUNDARY}--\r\n"
    );
    post(customer, path, &format!("multipart/form-data; boundary={BOUNDARY}"), body).await
}

async fn post(customer: &Customer, path: &str, kind: &str, body: String) -> Answer {
    let request = Request::post(format!("/api-gateway/v2{path}"))
        .header("host", "127.0.0.1:35863")
        .header("connection", "keep-alive")
        .header("authorization", format!("Bearer {}", customer.key))
        .header("accept", "*/*")
        .header("accept-language", "*")
        .header("sec-fetch-mode", "cors")
        .header("user-agent", "node")
        .header("accept-encoding", "gzip, deflate")
        .header("content-length", body.len());
    let request = if kind.is_empty() { request } else { request.header("content-type", kind) };
    customer.raw(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn case_01_every_request_of_sdk_3_0_0_is_answered() {
    let customer = consenting().await;
    {
        let mut stage = customer.stage.set();
        stage.face = proto::ml::EnrollFaceResponse {
            outcome: outcome(200, ""),
            state: proto::ml::EnrollmentState::Enrolled.into(),
            ..proto::ml::EnrollFaceResponse::default()
        };
        stage.voice = proto::ml::EnrollVoiceResponse {
            outcome: outcome(200, ""),
            state: proto::ml::EnrollmentState::Enrolled.into(),
            ..proto::ml::EnrollVoiceResponse::default()
        };
        stage.seen = Some(Ok(genuine()));
        stage.matched = same_person();
        stage.document = Some(passport());
        stage.last_video = Some(Ok(b"a video".to_vec()));
    }
    let started = post(&customer, "/sessions", "", String::new()).await;
    let session = started.body["data"]["session_id"].as_str().unwrap().to_owned();
    let webm = ("video", "v.webm", "video/webm");
    let calls = [
        ("/enrollments/face", json!({"user_id": ADA, "is_document": true}), ("face", "f.jpg", "image/jpeg")),
        (
            "/enrollments/voice",
            json!({"user_id": ADA, "phrase": "one two", "vocabulary": "en_digits"}),
            ("voice", "v.wav", "audio/wav"),
        ),
        (
            "/documents/check",
            json!({"session_id": session, "provider": "inhouse", "mrz_provider": "inhouse"}),
            ("document", "d.png", "image/png"),
        ),
        (
            "/liveness",
            json!({"user_id": ADA, "phrase": "12345678", "session_id": session, "trigger": "authentication",
                   "services": {"exclude": ["voice_recognition"]}}),
            webm,
        ),
        ("/face-verify", json!({"user_id": ADA, "phrase": "1 2", "session_id": session}), webm),
        (
            "/voice-verify",
            json!({"user_id": ADA, "phrase": "1 2", "session_id": session}),
            ("voice", "v.wav", "audio/wav"),
        ),
        (
            "/face-match",
            json!({"user_id": ADA, "session_id": session, "use_session_video": true}),
            ("reference_image", "i.jpg", "image/jpeg"),
        ),
    ];
    for (path, request, file) in calls {
        let answer = send(&customer, path, &request, file).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_eq!(answer.body["meta"]["request_id"].as_str(), answer.header("x-request-id"), "{path}");
        assert!(answer.body["data"].is_object(), "{path}: {}", answer.body);
    }
    let end = format!("/sessions/{session}/end");
    let number = json!({"phone_number": "+61400000000"}).to_string();
    let ended = post(&customer, &end, "application/json", number).await;
    assert_eq!(
        (ended.status.as_u16(), &ended.body["data"]["sim_swap"]["status"]),
        (200, &"not_checked".into())
    );
    let again = post(&customer, &end, "", String::new()).await;
    assert_eq!((again.status.as_u16(), &again.body["error"]["code"]), (409, &"session_ended".into()));
}
