//! The document service over its own wire, with the real networks.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chip;
mod memory;

use std::{path::Path, sync::LazyLock, time::Duration};

use axum::{Json, Router, routing::post};
use bytes::Bytes;
use futures::stream;
use proto::docauth::{
    CheckDocumentHeader, CheckDocumentRequest, CheckDocumentResponse, CheckOutcome, ChipFile, DocumentType,
    check_document_request::Part, doc_auth_client::DocAuthClient,
};
use rpc::Transport;
use serde_json::{Value, json};
use svc_docauth::Config;
use tokio::runtime::Runtime;
use tonic::{Code, Status};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static SHARED: LazyLock<DocAuthClient<Transport>> = LazyLock::new(|| RUNTIME.block_on(service(|_| {})));

/// Runs a test on the shared service, which is loaded first.
fn run_test<F: Future<Output = ()>>(test: impl FnOnce(&'static DocAuthClient<Transport>) -> F) {
    let client = &*SHARED;
    RUNTIME.block_on(test(client));
}

async fn service(set: impl FnOnce(&mut Config)) -> DocAuthClient<Transport> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let worker = env!("CARGO_BIN_EXE_svc-docauth").into();
    let models = Some(root.join("models"));
    let mut config = Config { models, workers: 1, media_worker: Some(worker), ..Config::default() };
    set(&mut config);
    let routes = svc_docauth::routes(config).await.unwrap();
    DocAuthClient::new(rpc::local(routes, Duration::from_secs(120)))
}

async fn send(
    client: &DocAuthClient<Transport>,
    picture: &[u8],
    external: bool,
) -> Result<CheckDocumentResponse, Status> {
    send_with_chip(client, picture, external, &[]).await
}

async fn send_with_chip(
    client: &DocAuthClient<Transport>,
    picture: &[u8],
    external: bool,
    chip: &[(&str, Vec<u8>)],
) -> Result<CheckDocumentResponse, Status> {
    let header = CheckDocumentHeader {
        project_id: "p".into(),
        transaction_id: "t".into(),
        validate_mrz: true,
        external,
    };
    let chunks = picture.chunks(60_000).map(|c| Part::Chunk(Bytes::copy_from_slice(c)));
    let chip = chip.iter().map(|(name, content)| {
        Part::ChipFile(ChipFile { name: (*name).to_owned(), content: content.clone().into() })
    });
    let parts = std::iter::once(Part::Header(header)).chain(chip).chain(chunks);
    let messages: Vec<_> = parts.map(|part| CheckDocumentRequest { part: Some(part) }).collect();
    Ok(client.clone().check_document(stream::iter(messages)).await?.into_inner())
}

fn blank() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(900, 600, image::Rgb([230, 230, 225]))
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    png.into_inner()
}

#[test]
fn files_that_are_not_pictures_are_rejected_with_a_message() {
    run_test(|client| async move {
        for (bytes, said) in [
            (&b"%PDF-1.7"[..], "the document must be a jpg or png picture"),
            (&blank()[..40], "the picture cannot be decoded; it may be cut short or damaged"),
            (&[][..], "the file is empty"),
        ] {
            let refused = send(client, bytes, false).await.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, said));
        }
    });
}

#[test]
fn an_empty_sheet_is_claimed_to_be_nothing() {
    run_test(|client| async move {
        let checked = send(client, &blank(), false).await.unwrap();
        assert_eq!((checked.document_type(), checked.mrz), (DocumentType::Unspecified, None));
        assert!(checked.portrait.is_empty() && checked.fields.is_empty());
        let passed = |c: &&proto::docauth::DocumentCheck| c.outcome() == CheckOutcome::Passed && !c.advisory;
        assert_eq!(checked.checks.iter().filter(passed).count(), 0, "{:?}", checked.checks);
    });
}

#[test]
fn requesting_a_missing_external_provider_explains_its_configuration() {
    run_test(|client| async move {
        let refused = send(client, &blank(), true).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().contains("idscan_key"), "{}", refused.message());
    });
}

#[test]
fn a_full_queue_rejects_calls_at_once() {
    RUNTIME.block_on(async {
        let client = service(|config| config.queue = 0).await;
        let (held, waiting) = tokio::sync::oneshot::channel::<()>();
        let (asked, admitted) = tokio::sync::oneshot::channel();
        let header = Part::Header(CheckDocumentHeader::default());
        // Larger than one frame (32 KiB), so more of the stream is requested only after the header was read and admitted.
        let chunk = Part::Chunk(Bytes::from_static(&[0; 64 * 1024]));
        let more = stream::once(async {
            asked.send(()).unwrap();
            let _ = waiting.await;
        });
        let parts = stream::StreamExt::chain(
            stream::iter([header, chunk].map(|part| CheckDocumentRequest { part: Some(part) })),
            futures::StreamExt::filter_map(more, |()| async { None }),
        );
        let mut first = client.clone();
        let first = tokio::spawn(async move { first.check_document(Box::pin(parts)).await });
        admitted.await.unwrap();
        let refused = send(&client, b"x", false).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert_eq!(refused.message(), "too many files at once; try again later");
        drop(held);
        let refused = first.await.unwrap().unwrap_err();
        assert_eq!(refused.message(), "the document must be a jpg or png picture");
    });
}

/// A fake of the vendor's API that returns its input.
async fn vendor() -> String {
    let answer = |headers: axum::http::HeaderMap, Json(body): Json<Value>| async move {
        assert_eq!(headers["authorization"], "Bearer sk_test");
        assert!(
            body["frontImageBase64"].as_str().unwrap().starts_with("iVBOR"),
            "the picture as strict base64"
        );
        Json(json!({
            "requestId": "r",
            "document": { "firstName": "Ana", "familyName": "Silva", "dob": "1990-02-01", "expires": "2099-02-01",
                          "id": "X123", "idType": "Drivers License", "abbr3Country": "USA", "state": "CA" },
            "documentVerificationResult": { "documentConfidence": 91, "isDocumentExpired": false },
        }))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/api/v4/verify", post(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

#[test]
fn the_external_provider_is_called_as_its_manual_specifies() {
    RUNTIME.block_on(async {
        let url = vendor().await;
        let client = service(|config| {
            config.idscan_url = url;
            config.idscan_key = Some("sk_test".into());
        })
        .await;
        let checked = send(&client, &blank(), true).await.unwrap();
        assert_eq!(
            (checked.provider.as_str(), checked.document_type()),
            ("idscan", DocumentType::DrivingLicence)
        );
        let value = |name: &str| checked.fields.iter().find(|f| f.name == name).unwrap().value.clone();
        assert_eq!((value("last_name"), value("expiry_date")), ("SILVA".into(), "2099-02-01".into()));
        assert!(checked.checks.iter().all(|c| c.outcome() == CheckOutcome::Passed), "{:?}", checked.checks);
        let gone = send(&client, b"no picture", true).await.unwrap_err();
        assert_eq!(gone.code(), Code::InvalidArgument, "nothing but pictures leaves for the vendor");
    });
}

#[test]
fn an_unavailable_provider_is_reported_as_such_and_not_as_a_bad_picture() {
    RUNTIME.block_on(async {
        let client = service(|config| {
            config.idscan_url = "http://127.0.0.1:9".into();
            config.idscan_key = Some("sk_test".into());
        })
        .await;
        assert_eq!(send(&client, &blank(), true).await.unwrap_err().code(), Code::Unavailable);
    });
}
