//! Erasure of a subject: no personal data remains, and the statistics stay the same.

use proto::{
    subjects::{Kept, Project, Subject},
    transactions::{ListTransactionsRequest, Transaction},
};
use tonic::Code;

use crate::{Service, on_each_database, video};

const ADA: &str = "Ada Lovelace";

fn subject(project: &str) -> Subject {
    Subject { project_id: project.into(), user_fullname: ADA.into() }
}

pub async fn kept(service: &Service, project: &str) -> Vec<(String, u64)> {
    let kept =
        service.client.clone().find_subject(subject(project)).await.expect("an answer").into_inner().kept;
    named(kept)
}

pub async fn erase(service: &Service, project: &str) -> Vec<(String, u64)> {
    named(service.client.clone().erase_subject(subject(project)).await.expect("an answer").into_inner().kept)
}

fn named(kept: Vec<Kept>) -> Vec<(String, u64)> {
    kept.into_iter().map(|kept| (kept.kind, kept.count)).collect()
}

#[tokio::test]
async fn an_erased_subject_leaves_only_what_happened() {
    on_each_database(async |service: Service| {
        let transaction = video("p1");
        service.record(transaction.clone()).await.unwrap();
        service.all_looked_at().await;
        let remains = [("transaction".into(), 1), ("device_or_country_seen".into(), 1)];
        assert_eq!(kept(&service, "p1").await, remains);

        assert_eq!(erase(&service, "p1").await, remains);
        let left = Transaction {
            user_fullname: None,
            session_id: None,
            device_info_json: None,
            geo_json: None,
            services_json: None,
            evidence_json: None,
            error: None,
            action_trigger: None,
            tags: Vec::new(),
            ..transaction.clone()
        };
        assert_eq!(service.get("p1", &transaction.id).await.unwrap(), left);

        assert!(kept(&service, "p1").await.is_empty());
        assert!(erase(&service, "p1").await.is_empty(), "a second call finds nothing");
        assert_eq!(service.get("p1", &transaction.id).await.unwrap(), left);
    })
    .await;
}

/// Rows, deliveries and samples leave copies in the log of the database.
#[tokio::test]
async fn no_file_holds_what_was_sealed_of_an_erased_subject() {
    on_each_database(async |service: Service| {
        let Some(file) = service.database_file() else { return };
        service.subscribe_endpoint("p1", "key_1").await;
        for _ in 0..20 {
            service.record(Transaction { api_key_id: "key_1".into(), ..video("p1") }).await.unwrap();
        }
        service.all_looked_at().await;
        let sealed: Vec<(Vec<u8>,)> = service
            .tables()
            .await
            .fetch_all("SELECT sealed FROM transactions UNION ALL SELECT sealed FROM webhook_deliveries", &[])
            .await
            .unwrap();
        assert!(sealed.len() >= 20);
        let hash = service.subject_traces("p1", ADA).await.remove(0);
        let is_in_files = |secret: &[u8]| {
            let log = format!("{}-wal", file.display());
            let files = [std::fs::read(&file).unwrap(), std::fs::read(log).unwrap_or_default()];
            files.iter().any(|bytes| bytes.windows(secret.len()).any(|part| part == secret))
        };
        assert!(is_in_files(&hash) && sealed.iter().all(|(sealed,)| is_in_files(&sealed[8..32])));
        erase(&service, "p1").await;
        assert!(!is_in_files(&hash), "the keyed hash is left");
        for (sealed,) in &sealed {
            assert!(!is_in_files(&sealed[8..32]), "what was sealed is left");
        }
    })
    .await;
}

#[tokio::test]
async fn no_filter_finds_an_erased_subject() {
    on_each_database(async |service: Service| {
        // More than one step of the erasure.
        for _ in 0..450 {
            service.record(video("p1")).await.unwrap();
        }
        assert_eq!(erase(&service, "p1").await[0], ("transaction".into(), 450));
        type Ask = fn(&mut ListTransactionsRequest);
        let asked: [Ask; 3] = [
            |r| r.user_fullname = Some(ADA.into()),
            |r| r.session_id = Some("sess_1".into()),
            |r| r.tag = Some("kiosk".into()),
        ];
        for ask in asked {
            let mut request = ListTransactionsRequest { project_id: "p1".into(), ..Default::default() };
            ask(&mut request);
            let found = service.client.clone().list_transactions(request).await.unwrap().into_inner();
            assert!(found.transactions.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_is_left_of_an_erased_project_and_all_of_the_others() {
    on_each_database(async |service: Service| {
        // More than one step.
        for _ in 0..450 {
            service.record(video("p1")).await.unwrap();
        }
        let other = video("p2");
        service.record(other.clone()).await.unwrap();
        service.all_looked_at().await;
        let mut gone = std::collections::BTreeMap::new();
        loop {
            let request = Project { project_id: "p1".into() };
            let step = service.client.clone().erase_project(request).await.unwrap().into_inner();
            if step.kept.is_empty() {
                break;
            }
            for (kind, count) in named(step.kept) {
                *gone.entry(kind).or_insert(0) += count;
            }
        }
        assert_eq!((gone["transaction"], gone["device_or_country_seen"]), (450, 1), "{gone:?}");
        let request = ListTransactionsRequest { project_id: "p1".into(), ..Default::default() };
        let left = service.client.clone().list_transactions(request).await.unwrap().into_inner();
        assert!(left.transactions.is_empty());
        assert!(kept(&service, "p1").await.is_empty());
        assert_eq!(service.get("p2", &other.id).await.unwrap(), other);
    })
    .await;
}

#[tokio::test]
async fn nobody_else_is_touched() {
    on_each_database(async |service: Service| {
        let others = [
            Transaction { user_fullname: Some("Grace Hopper".into()), ..video("p1") },
            Transaction { user_fullname: None, ..video("p1") },
            video("p2"),
        ];
        for other in &others {
            service.record(other.clone()).await.unwrap();
        }
        service.record(video("p1")).await.unwrap();
        assert_eq!(erase(&service, "p1").await[0], ("transaction".into(), 1));
        for other in &others {
            assert_eq!(&service.get(&other.project_id, &other.id).await.unwrap(), other);
        }
    })
    .await;
}

#[tokio::test]
async fn a_subject_without_a_name_is_refused() {
    on_each_database(async |service: Service| {
        let nobody = Subject { project_id: "p1".into(), user_fullname: String::new() };
        let refused = service.client.clone().erase_subject(nobody).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    })
    .await;
}
