//! Receipts: signed, kept without a name, verifiable with the public keys alone.

use proto::projects::{Destroyed, GetErasureRequest, RotateSigningKeyRequest, SignErasureRequest};
use serde_json::json;
use tonic::Code;

use crate::{Service, on_each_database, tokens::verify};

fn request(project: &str, key: &str) -> SignErasureRequest {
    let line =
        |service: &str, kind: &str, count| Destroyed { service: service.into(), kind: kind.into(), count };
    SignErasureRequest {
        project_id: project.into(),
        api_key_id: key.into(),
        subject: format!("sha256:{}:{}", "0a".repeat(16), "0b".repeat(32)),
        destroyed: vec![line("ml", "face_template", 1), line("transactions", "sample", 3)],
    }
}

#[tokio::test]
async fn a_receipt_verifies_with_the_public_keys_even_after_a_rotation() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let request = request(&made.project_id, &made.api_key_id);
        let receipt = service.client.sign_erasure(request.clone()).await.unwrap().into_inner();
        service.client.rotate_signing_key(RotateSigningKeyRequest {}).await.unwrap();

        let signed = verify(&receipt.signature, &service.verification_keys().await).expect("it verifies");
        assert_eq!(signed["receipt_id"], receipt.id);
        assert_eq!(signed["project_id"], made.project_id);
        assert_eq!(signed["subject"], request.subject);
        assert_eq!(signed["verified"], true);
        assert_eq!(signed["destroyed"][1], json!({"service": "transactions", "kind": "sample", "count": 3}));
        let header = jsonwebtoken::decode_header(&receipt.signature).unwrap();
        assert_eq!(header.typ.as_deref(), Some("erasure-receipt+jwt"), "never taken for an API key");

        let get = |project: &str| GetErasureRequest { project_id: project.into(), id: receipt.id.clone() };
        let read = service.client.get_erasure(get(&made.project_id)).await.unwrap().into_inner();
        assert_eq!(read, receipt);
        let stranger = service.bootstrap().await.project_id;
        let refused = service.client.get_erasure(get(&stranger)).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (Code::NotFound, "erasure not found"));
    })
    .await;
}

#[tokio::test]
async fn a_name_cannot_get_into_a_receipt() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let mut named = request(&made.project_id, &made.api_key_id);
        named.subject = "ada@example.org".into();
        let mut named_kind = request(&made.project_id, &made.api_key_id);
        named_kind.destroyed[0].kind = "face of Ada".into();
        for bad in [named, named_kind] {
            let refused = service.client.sign_erasure(bad).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
            assert!(!refused.message().to_lowercase().contains("ada"), "{refused}");
        }
    })
    .await;
}
