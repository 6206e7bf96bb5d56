//! The fraud page and the block lists as HTTP: what reaches the service, what is audited, who sees whose face it is.

use proto::transactions::{LinkKind, ReviewerKind};
use serde_json::json;

use crate::customer::Customer;

const SUMMARY: &str = "/api-transactions/fraud?from=2026-01-31T00:00:00Z&to=2026-02-01T00:00:00Z&bucket=hour";
const BLOCKLIST: &str = "/api-transactions/blocklist";
const LINKS: &str = "/api-transactions/transactions/7/links";

#[tokio::test]
async fn the_owner_of_a_face_requires_the_permission_to_identify() {
    let customer = Customer::new().await;
    customer.stage.give_scopes(&["records.read", "identify"]);
    let all = customer.get(SUMMARY).await.body["data"].clone();
    assert_eq!((&all["findings"][0]["other"], &all["clusters"][0]["owner"]), (&json!("Ada"), &json!("Ada")));
    assert_eq!(
        all["values"][0],
        json!({"kind": "address", "label": "203.0.113.7", "calls": 2, "users": 0,
        "last_at": "1970-01-01T00:00:00Z", "transaction_id": "", "blocked": false})
    );
    assert_eq!(all["buckets"][0]["signals"], json!({"velocity": 2}));
    assert_eq!(customer.stage.set().fraud_spans[0].bucket_ms, 3_600_000);
    assert_eq!(customer.get(LINKS).await.body["data"]["nodes"][1]["label"], "Ada");

    customer.stage.give_scopes(&["records.read"]);
    let some = customer.get(SUMMARY).await.body["data"].clone();
    assert!(!some.to_string().contains("Ada") && !some.to_string().contains("203.0.113.7"), "{some}");
    assert_eq!((&some["findings"][0]["user"], &some["values"][1]["label"]), (&json!("Eve"), &json!("d1")));
    assert_eq!(some["clusters"][0]["user_count"], 1);
    let links = customer.get(LINKS).await.body["data"].clone();
    assert_eq!((&links["nodes"][0]["label"], &links["nodes"][1]["label"]), (&json!("Eve"), &json!("")));
    assert_eq!((&links["edges"][1]["from"], &links["complete"]), (&json!("1"), &json!(true)));
    let listed = customer.get(BLOCKLIST).await.body["data"][0].clone();
    assert_eq!((&listed["label"], &listed["note"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn a_change_of_a_block_list_is_audited_without_its_value() {
    let customer = Customer::new().await;
    customer.stage.give_scopes(&["records.read", "review.write", "identify"]);
    let body = r#"{"kind":"address","value":"203.0.113.7","note":"ticket 12"}"#;
    let added = customer.post(BLOCKLIST, &[], body).await;
    assert_eq!((added.status.as_u16(), &added.body["data"]["label"]), (200, &json!("203.0.113.7")));
    let asked = customer.stage.set().blocked[0].clone();
    assert_eq!((asked.kind(), asked.by.unwrap().kind()), (LinkKind::Address, ReviewerKind::ApiKey));
    let removed = customer.send("DELETE", &format!("{BLOCKLIST}/b1"), &[], "").await;
    assert_eq!(removed.status, 200);
    let noted = customer.stage.set().audit.clone();
    let actions: Vec<_> = noted.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["blocklist.added", "blocklist.removed"]);
    assert!(!format!("{noted:?}").contains("203.0.113.7") && !format!("{noted:?}").contains("ticket"));
    assert_eq!(customer.get(&format!("{BLOCKLIST}?kind=face")).await.body["data"][0]["kind"], "face");
}

#[tokio::test]
async fn invalid_entries_are_rejected() {
    let customer = Customer::new().await;
    let one = "request body: transaction_id or value is required, one of them";
    for (body, sentence) in [
        ("{}", "request body: kind is required"),
        (r#"{"kind":"face"}"#, one),
        (r#"{"kind":"device","value":" "}"#, one),
        (r#"{"kind":"device","value":"d","transaction_id":"7"}"#, one),
        (r#"{"kind":"country","value":"AT"}"#, "request body at kind: not what this call takes"),
    ] {
        assert_eq!(customer.post(BLOCKLIST, &[], body).await.error(), (400, sentence), "{body}");
    }
    assert!(customer.stage.set().blocked.is_empty() && customer.stage.set().audit.is_empty());
    let unknown = customer.send("DELETE", &format!("{BLOCKLIST}/b2"), &[], "").await;
    assert_eq!(unknown.error(), (404, "this entry is not in the block list"));
    let list = customer.get(&format!("{BLOCKLIST}?kind=country")).await;
    assert_eq!(list.error(), (400, "kind must be device, address, document or face"));
}

#[tokio::test]
async fn readers_of_records_cannot_block() {
    let customer = Customer::new().await;
    customer.stage.give_scopes(&["records.read"]);
    let body = r#"{"kind":"device","value":"d1"}"#;
    assert_eq!(customer.post(BLOCKLIST, &[], body).await.status, 403);
    assert_eq!(customer.send("DELETE", &format!("{BLOCKLIST}/b1"), &[], "").await.status, 403);
    assert!(customer.stage.set().blocked.is_empty());
}
