//! Erasure: every service is asked, and there is a receipt only when nothing is left.

use proto::subjects::{Kept, Subject};
use serde_json::json;
use tonic::Status;

use crate::{fakes::PROJECT, projects::administrator};

const ADA: &str = "ada@example.org";
const PATH: &str = "/api-projects/subjects/ada%40example.org";

fn kept(kind: &str, count: u64) -> Kept {
    Kept { kind: kind.into(), count }
}

#[tokio::test]
async fn every_service_is_asked_and_the_receipt_lists_what_it_destroyed() {
    let customer = administrator().await;
    customer.stage.set().kept.insert("ml", vec![kept("face_template", 1), kept("voice_template", 0)]);
    customer.stage.set().kept.insert("transactions", vec![kept("sample", 3)]);
    let erased = customer.send("DELETE", PATH, &[], "").await;
    assert_eq!((erased.status.as_u16(), &erased.body["message"]), (200, &json!("subject erased")));
    assert_eq!(
        erased.body["data"]["destroyed"],
        json!([{"service": "ml", "kind": "face_template", "count": 1},
               {"service": "transactions", "kind": "sample", "count": 3}])
    );
    assert_eq!(
        (&erased.body["data"]["verified"], &erased.body["data"]["signature"]),
        (&json!(true), &json!("signed"))
    );
    let stage = customer.stage.set();
    let ada = Subject { project_id: PROJECT.into(), user_fullname: ADA.into() };
    let asked: Vec<_> =
        ["consent", "sessions", "ml", "journeys", "transactions"].map(|s| (s, ada.clone())).into();
    assert_eq!(stage.erased, asked);
    assert!(!format!("{:?}", stage.receipts).contains("ada"), "a receipt holds no name");
    assert!(stage.records.is_empty(), "and the call leaves no record of the user");
}

#[tokio::test]
async fn a_service_that_fails_leaves_no_receipt_and_the_call_can_be_repeated() {
    let customer = administrator().await;
    customer.stage.set().kept.insert("consent", vec![kept("consent_entry", 2)]);
    customer.stage.set().kept.insert("ml", vec![kept("face_template", 1)]);
    customer.stage.set().not_erasing.insert("ml", Status::unavailable("down"));
    let partial = customer.send("DELETE", PATH, &[], "").await;
    let sentence = "the subject is not erased in full: ml did not finish; what is listed as destroyed is gone, \
                    repeat the call";
    assert_eq!(partial.error(), (503, sentence));
    assert_eq!(partial.body["message"], sentence);
    assert_eq!(
        partial.body["destroyed"],
        json!([{"service": "consent", "kind": "consent_entry", "count": 2}])
    );
    assert_eq!(partial.body["left"], json!([{"service": "ml", "kind": "face_template", "count": 1}]));
    assert_eq!(partial.header("retry-after"), Some("2"));
    assert!(customer.stage.set().receipts.is_empty());

    customer.stage.set().not_erasing.clear();
    let again = customer.send("DELETE", PATH, &[], "").await;
    assert_eq!(again.status, 200);
    assert_eq!(
        again.body["data"]["destroyed"],
        json!([{"service": "ml", "kind": "face_template", "count": 1}])
    );
}

#[tokio::test]
async fn a_service_that_cannot_erase_is_named_with_the_reason() {
    let customer = administrator().await;
    customer.stage.set().not_erasing.insert("sessions", Status::unimplemented(""));
    let refused = customer.send("DELETE", PATH, &[], "").await;
    assert_eq!(refused.status, 503);
    assert_eq!(
        refused.body["failed"],
        json!([{"service": "sessions", "error": "this service cannot erase subjects in the version that runs"}])
    );
}

#[tokio::test]
async fn an_empty_name_erases_no_user() {
    let customer = administrator().await;
    for (name, status) in [("%20", 400), ("a%00b", 404), ("%FF", 400)] {
        let path = format!("/api-projects/subjects/{name}");
        assert_eq!(customer.send("DELETE", &path, &[], "").await.status, status, "{path}");
    }
    assert!(customer.stage.set().erased.is_empty());
}

#[tokio::test]
async fn a_search_is_audited_without_its_text() {
    let customer = administrator().await;
    let elena = proto::transactions::Transaction {
        user_fullname: Some("elena".into()),
        ..proto::transactions::Transaction::default()
    };
    customer.stage.set().records.push(elena);
    let found = customer.get("/api-projects/subjects?prefix=ele").await;
    let match_ = json!({"user_fullname": "elena", "last_seen_at": "2026-01-31T00:00:00.123Z"});
    assert_eq!((found.status.as_u16(), &found.body["data"]), (200, &json!([match_])));
    let noted = customer.stage.set().audit[0].clone();
    assert_eq!(noted.action, "subjects.searched");
    assert_eq!(noted.after_json.as_deref(), Some(r#"{"matches":1}"#));
    assert!(!format!("{noted:?}").contains("ele"), "{noted:?}");
    let refused = customer.get("/api-projects/subjects").await;
    assert_eq!(refused.error(), (400, "prefix is required"));
}
