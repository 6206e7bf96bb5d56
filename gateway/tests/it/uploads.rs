//! Forms: fields in any order, sizes bounded, nothing left behind.

use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use gateway::Config;
use proptest::prelude::*;
use tokio::sync::Semaphore;

use crate::customer::{ADA, Answer, Customer, Form};

const USER: (&str, &str) = ("x-user-fullname", ADA);
const LIMIT: usize = 50 * 1024 * 1024;

async fn refused(form: Form) -> (u16, String) {
    let customer = Customer::new().await;
    let answer = customer.video(&[USER], form).await;
    assert!(customer.stage.set().analyzed.is_empty(), "no model ran");
    let (status, error) = answer.error();
    (status, error.to_owned())
}

#[tokio::test]
async fn missing_fields_are_named() {
    let form = Form::default;
    let cases = [
        (form().file("video", b"v"), "'phrase' form value is required"),
        (form().file("video", b"v").text("phrase", "  "), "'phrase' form value is required"),
        (form().text("phrase", "one"), "'video' file is required"),
        (form().text("phrase", "one").file("video", b""), "'video' file is empty"),
        (form().text("phrase", "one").text("phrase", "two"), "'phrase' is in the form more than once"),
        (form().file("video", b"a").file("video", b"b"), "'video' is in the form more than once"),
        (form().part("name=\"phrase\"", b"J\xf6rg"), "'phrase' form value is not valid UTF-8"),
        (form().text("phrase", &"x".repeat(5000)), "'phrase' form value is longer than 4 KiB"),
    ];
    for (form, sentence) in cases {
        assert_eq!(refused(form).await, (400, sentence.to_owned()));
    }
    let many = (0..40).fold(form(), |form, n| form.text(&format!("f{n}"), "x"));
    assert_eq!(refused(many).await, (400, "the form has more than 32 fields".into()));
}

#[tokio::test]
async fn bodies_that_are_not_forms_are_rejected() {
    let customer = Customer::new().await;
    let post = async |kind: &str, body: &'static [u8]| {
        customer.post("/api-gateway/process-video", &[USER, ("content-type", kind)], body).await
    };
    assert_eq!(
        post("application/json", b"{}").await.error(),
        (415, "content type must be multipart/form-data")
    );
    assert_eq!(
        post("multipart/form-data", b"").await.error(),
        (400, "content type multipart/form-data has no boundary")
    );
    assert_eq!(post("multipart/mixed; boundary=x", b"").await.status, 415);
    let cut_short = post(Form::TYPE, b"--BOUNDARY\r\ngarbage").await;
    assert_eq!(cut_short.error(), (400, "the form could not be read to its end"));
    let no_fields = post(Form::TYPE, b"").await;
    assert_eq!(no_fields.status, 400);
}

/// A form that is never whole in memory.
async fn upload(customer: &Customer, size: usize) -> Answer {
    let head = Form::default().text("phrase", "one").part("name=\"video\"; filename=\"v\"", b"");
    let mut head = head.end();
    head.truncate(head.len() - "\r\n--BOUNDARY--\r\n".len());
    let zeros = Bytes::from(vec![0; 1024 * 1024]);
    let pieces = (0..size).step_by(zeros.len()).map(move |at| zeros.slice(..(size - at).min(zeros.len())));
    let all =
        [Bytes::from(head)].into_iter().chain(pieces).chain([Bytes::from_static(b"\r\n--BOUNDARY--\r\n")]);
    let body = Body::from_stream(stream::iter(all.map(Ok::<_, std::io::Error>)));
    customer.post("/api-gateway/process-video", &[USER, ("content-type", Form::TYPE)], body).await
}

#[tokio::test]
async fn fifty_megabytes_are_accepted_and_a_byte_more_is_not() {
    let spool = tempfile::tempdir().unwrap();
    let customer = Customer::with(Config { spool_dir: Some(spool.path().into()), ..Config::default() }).await;
    let accepted = upload(&customer, LIMIT).await;
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    let (_, bytes) = customer.stage.set().analyzed.pop().unwrap();
    assert_eq!(bytes.len(), LIMIT);
    assert_eq!(upload(&customer, LIMIT + 1).await.error(), (400, "file size exceeds 50MB"));
    assert_eq!(std::fs::read_dir(spool.path()).unwrap().count(), 0, "the file on disk had no name");
}

#[tokio::test]
async fn unknown_fields_are_skipped_up_to_the_size_limit() {
    let customer = Customer::new().await;
    let answer = customer.video(&[USER], Form::video().file("other", &[1; 100_000]).text("note", "x")).await;
    assert_eq!(answer.status, 200);
    let endless = Form::video().file("other", &vec![0; LIMIT + 2 * 1024 * 1024]);
    assert_eq!(customer.video(&[USER], endless).await.error(), (400, "file size exceeds 50MB"));
}

#[tokio::test]
async fn a_full_queue_rejects_at_once_and_accepts_uploads_later() {
    let customer = Customer::with(Config { max_uploads: 1, ..Config::default() }).await;
    customer.stage.analyses.forget_permits(Semaphore::MAX_PERMITS);
    let first = customer.video(&[USER], Form::video());
    let second = async {
        customer.stage.analysis_begun().await;
        let busy = customer.video(&[USER], Form::video()).await;
        customer.stage.analyses.add_permits(10);
        busy
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.status, 200);
    assert_eq!(second.error(), (503, "the server is busy, try again shortly"));
    assert!(second.header("retry-after").is_some());
    assert_eq!(customer.video(&[USER], Form::video()).await.status, 200);
}

#[tokio::test]
async fn a_document_check_is_answered_as_not_offered() {
    let customer = Customer::new().await;
    let form = Form::default().file("document", b"png").end();
    let answer =
        customer.post("/api-gateway/docauth/check", &[USER, ("content-type", Form::TYPE)], form).await;
    assert_eq!(answer.error(), (501, "document authentication is not offered by this server"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Fields in any order and files of any size reach the models unchanged, from memory and from disk.
    #[test]
    fn files_arrive_whole(size in 1usize..1_500_000, phrase_first: bool, seed: u8) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let customer = Customer::new().await;
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8 ^ seed).collect();
            let form = Form::default();
            let form = if phrase_first { form.text("phrase", "one").file("video", &bytes) } else { form.file("video", &bytes).text("phrase", "one") };
            let answer = customer.video(&[USER], form).await;
            assert_eq!(answer.status, 200);
            assert!(customer.stage.set().analyzed[0].1 == bytes, "{size} bytes changed on their way");
        });
    }
}
