//! What a reviewer changes: tags and flag, and nothing else.

use proto::transactions::{Flag, ListTransactionsRequest, PutFlagRequest, PutTagsRequest, Transaction};
use tonic::{Code, Status};

use crate::{Service, new_id, on_each_database, video};

async fn put_tags(service: &Service, project: &str, id: &str, tags: &[&str]) -> Result<Transaction, Status> {
    let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
    let request = PutTagsRequest { project_id: project.into(), id: id.into(), tags };
    service.client.clone().put_tags(request).await.map(without_review)
}

async fn put_flag(service: &Service, project: &str, id: &str, flag: i32) -> Result<Transaction, Status> {
    let request = PutFlagRequest { project_id: project.into(), id: id.into(), flag };
    service.client.clone().put_flag(request).await.map(without_review)
}

fn without_review(changed: tonic::Response<Transaction>) -> Transaction {
    Transaction { review: None, ..changed.into_inner() }
}

async fn ids_tagged(service: &Service, tag: &str) -> Vec<String> {
    let request = ListTransactionsRequest {
        project_id: "p1".into(),
        tag: Some(tag.into()),
        ..ListTransactionsRequest::default()
    };
    let list = service.client.clone().list_transactions(request).await.expect("a list").into_inner();
    list.transactions.into_iter().map(|transaction| transaction.id).collect()
}

#[tokio::test]
async fn new_tags_replace_the_old_ones_for_reading_and_for_finding() {
    on_each_database(async |service: Service| {
        let before = video("p1");
        service.record(before.clone()).await.unwrap();
        let after = put_tags(&service, "p1", &before.id, &["seen", "kiosk", "seen"]).await.unwrap();
        assert_eq!(after, Transaction { tags: vec!["seen".into(), "kiosk".into()], ..before.clone() });
        assert_eq!(service.get("p1", &before.id).await.unwrap(), after);
        assert_eq!(ids_tagged(&service, "seen").await, std::slice::from_ref(&before.id));
        assert!(ids_tagged(&service, "früh").await.is_empty());

        put_tags(&service, "p1", &before.id, &[]).await.unwrap();
        assert!(ids_tagged(&service, "kiosk").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_flag_is_set_and_changed_and_nothing_else_is() {
    on_each_database(async |service: Service| {
        let before = video("p1");
        service.record(before.clone()).await.unwrap();
        for flag in [Flag::PossiblyFraudulent, Flag::Fraudulent, Flag::Ok].map(i32::from) {
            let after = put_flag(&service, "p1", &before.id, flag).await.unwrap();
            assert_eq!(after, Transaction { flag, ..before.clone() });
            assert_eq!(service.get("p1", &before.id).await.unwrap(), after);
        }
        let refused = put_flag(&service, "p1", &before.id, 99).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let refused = put_tags(&service, "p1", &before.id, &["a\nb"]).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    })
    .await;
}

#[tokio::test]
async fn another_projects_transaction_cannot_be_changed_and_is_unknown() {
    on_each_database(async |service: Service| {
        let theirs = video("p2");
        service.record(theirs.clone()).await.unwrap();
        for id in [theirs.id.as_str(), &new_id(), "nonsense"] {
            let tags = put_tags(&service, "p1", id, &["mine"]).await.unwrap_err();
            let flag = put_flag(&service, "p1", id, Flag::Ok.into()).await.unwrap_err();
            for refused in [tags, flag] {
                assert_eq!((refused.code(), refused.message()), (Code::NotFound, "transaction not found"));
            }
        }
        assert_eq!(service.get("p2", &theirs.id).await.unwrap(), theirs);
        assert!(ids_tagged(&service, "mine").await.is_empty());
    })
    .await;
}
