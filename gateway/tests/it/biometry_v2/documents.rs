//! Checks of documents.

use super::*;

#[tokio::test]
async fn a_document_is_answered_flat() {
    let customer = consenting().await;
    customer.stage.set().document = Some(passport());
    let checked =
        post(&customer, "/documents/check", json!({"provider": "inhouse"}), &[("document", b"png")]).await;
    let data = &checked.body["data"];
    assert_eq!(
        (data["document_type"].as_str(), data["last_name"].as_str()),
        (Some("passport"), Some("LIND"))
    );
    assert_eq!(
        (data["portrait_photo"].as_str(), checked.body["decision"]["status"].as_str()),
        (Some("/9g="), Some("pass"))
    );
    let unknown =
        post(&customer, "/documents/check", json!({"provider": "other"}), &[("document", b"png")]).await;
    assert_eq!(code(&unknown), (400, "invalid_request"));
    customer.stage.set().document = None;
    let absent =
        post(&customer, "/documents/check", json!({"provider": "idscan"}), &[("document", b"png")]).await;
    assert_eq!(code(&absent), (400, "invalid_request"));
}
