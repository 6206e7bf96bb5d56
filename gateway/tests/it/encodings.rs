//! How bodies and names are encoded by clients that are not ours.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use crate::customer::{ADA, Customer, Form};

const CONSENT: &str = "/api-consent/consent";
const GIVEN: &str = r#"{"is_consent_given":true,"user_fullname":"ada@example.org"}"#;

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn gzip_is_read_and_other_encodings_are_refused_by_name() {
    let customer = Customer::new().await;
    for name in ["gzip", "GZIP", "x-gzip"] {
        let answer = customer.post(CONSENT, &[("content-encoding", name)], gzip(GIVEN.as_bytes())).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
    }
    let plain = customer.post(CONSENT, &[("content-encoding", "identity")], GIVEN).await;
    assert_eq!(plain.status, 200);
    for name in ["br", "deflate", "zstd", "gzip, gzip"] {
        let refused = customer.post(CONSENT, &[("content-encoding", name)], GIVEN).await;
        assert_eq!(
            refused.error(),
            (415, "this content encoding is not supported; send the body plain or as gzip"),
            "{name}"
        );
    }
    let broken = customer.post(CONSENT, &[("content-encoding", "gzip")], GIVEN).await;
    assert_eq!(broken.error(), (400, "request body could not be read"));
    assert_eq!(customer.stage.set().consent_entries.len(), 4);
}

#[tokio::test]
async fn a_small_body_cannot_become_a_large_one() {
    let customer = Customer::new().await;
    let spaces = [b"{".as_slice(), &vec![b' '; 10_000_000], b"}"].concat();
    let bomb = gzip(&spaces);
    assert!(bomb.len() < 60_000);
    let refused = customer.post(CONSENT, &[("content-encoding", "gzip")], bomb).await;
    assert_eq!(refused.error(), (413, "request body is too large"));
    let video = Form::default().text("phrase", "one").file("video", &vec![0; 51 * 1024 * 1024]).end();
    let headers = [("content-type", Form::TYPE), ("content-encoding", "gzip")];
    let refused = customer.post("/api-gateway/process-video", &headers, gzip(&video)).await;
    assert_eq!(refused.error(), (400, "file size exceeds 50MB"));
}

#[tokio::test]
async fn a_compressed_upload_is_an_upload() {
    let customer = Customer::new().await;
    let headers = [("content-type", Form::TYPE), ("content-encoding", "gzip"), ("x-user-fullname", ADA)];
    let answer = customer.post("/api-gateway/process-video", &headers, gzip(&Form::video().end())).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(customer.stage.set().analyzed[0].1, b"the bytes of a video");
}

#[tokio::test]
async fn json_may_begin_with_a_byte_order_mark() {
    let customer = Customer::new().await;
    let answer = customer.post(CONSENT, &[], format!("\u{feff}{GIVEN}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn a_user_beyond_ascii_is_one_user_however_the_name_is_sent() {
    let customer = Customer::new().await;
    let ways: [&[(&str, &str)]; 2] = [
        &[("x-user-fullname*", "UTF-8''J%C3%B6rg")],
        &[("x-user-fullname", "J%C3%B6rg"), ("x-user-fullname-encoding", "percent")],
    ];
    for headers in ways {
        assert_eq!(customer.post("/api-gateway/sessions/start", headers, "").await.status, 200);
        assert_eq!(customer.last_record().user_fullname.as_deref(), Some("Jörg"));
    }
}
