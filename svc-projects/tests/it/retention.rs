//! How long a project keeps what it records.

use proto::projects::{GetRetentionRequest, ListRetentionsRequest, PutRetentionRequest};
use tonic::Code;

use crate::{Service, on_each_database};

#[tokio::test]
async fn a_project_has_the_defaults_until_it_says_otherwise() {
    on_each_database(async |mut service: Service| {
        let project = service.bootstrap().await.project_id;
        let get = || GetRetentionRequest { project_id: project.clone() };
        let before = service.client.get_retention(get()).await.unwrap().into_inner();
        assert_eq!((before.samples_days, before.transactions_days, before.updated_at_ms), (30, 365, None));

        for (samples_days, transactions_days) in [(7, 90), (0, 0)] {
            let put = PutRetentionRequest { project_id: project.clone(), samples_days, transactions_days };
            let put = service.client.put_retention(put).await.unwrap().into_inner();
            assert_eq!((put.samples_days, put.transactions_days), (samples_days, transactions_days));
            assert!(put.updated_at_ms.is_some());
            assert_eq!(service.client.get_retention(get()).await.unwrap().into_inner(), put);
        }
        let put = PutRetentionRequest { project_id: project.clone(), samples_days: 2, transactions_days: 1 };
        assert_eq!(service.client.put_retention(put).await.unwrap_err().code(), Code::InvalidArgument);
        let nowhere = GetRetentionRequest { project_id: uuid::Uuid::now_v7().to_string() };
        assert_eq!(service.client.get_retention(nowhere).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn a_sweeper_finds_every_project_once() {
    on_each_database(async |mut service: Service| {
        let mut projects = Vec::new();
        for _ in 0..5 {
            projects.push(service.bootstrap().await.project_id);
        }
        projects.sort();
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let request = ListRetentionsRequest { page_size: 2, after };
            let page = service.client.list_retentions(request).await.unwrap().into_inner().retentions;
            let Some(last) = page.last() else { break };
            after = last.project_id.clone();
            seen.extend(page.into_iter().map(|retention| retention.project_id));
        }
        assert_eq!(seen, projects);
    })
    .await;
}
