//! Texts that people approve.

use proto::{
    consent::{ConsentKind, ConsentText, ConsentTextRequest},
    subjects::Project,
};
use tonic::Code;

use crate::open;

#[tokio::test]
async fn a_text_is_replaced_and_deleted_with_its_project() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        let text = ConsentText {
            project_id: "p1".into(),
            id: "terms-1".into(),
            title: "Terms".into(),
            text: "You agree.".into(),
            grants: vec![ConsentKind::Authorization.into()],
            updated_at_ms: 0,
        };
        let named = |project: &str| ConsentTextRequest { project_id: project.into(), id: "terms-1".into() };
        assert_eq!(client.get_consent_text(named("p1")).await.unwrap_err().code(), Code::NotFound);
        client.put_consent_text(text.clone()).await.unwrap();
        let second = ConsentText {
            text: "You really agree.".into(),
            grants: vec![ConsentKind::Storage.into(), ConsentKind::Authorization.into()],
            ..text.clone()
        };
        client.put_consent_text(second).await.unwrap();
        let found = client.get_consent_text(named("p1")).await.unwrap().into_inner();
        assert_eq!((found.text.as_str(), found.grants.len()), ("You really agree.", 2));
        assert!(found.updated_at_ms > 0);
        assert_eq!(client.get_consent_text(named("p2")).await.unwrap_err().code(), Code::NotFound);
        for wrong in [
            ConsentText { id: "a/b".into(), ..text.clone() },
            ConsentText { title: String::new(), ..text.clone() },
            ConsentText { text: "x".repeat(20_001), ..text.clone() },
            ConsentText { grants: vec![], ..text.clone() },
        ] {
            assert_eq!(client.put_consent_text(wrong).await.unwrap_err().code(), Code::InvalidArgument);
        }
        let gone = client.erase_project(Project { project_id: "p1".into() }).await.unwrap().into_inner();
        assert_eq!((gone.kept[0].kind.as_str(), gone.kept[0].count), ("consent_text", 1));
        assert_eq!(client.get_consent_text(named("p1")).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}
