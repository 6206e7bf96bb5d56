//! Export of everything recorded in a project.

use futures::TryStreamExt;
use proto::consent::{ConsentKind, ExportConsentsRequest, ExportedConsent};

use crate::{ADA, Client, open, record};

async fn export(
    client: &mut Client,
    project: &str,
    after: Option<String>,
    limit: u32,
) -> Vec<ExportedConsent> {
    let request = ExportConsentsRequest { project_id: project.into(), after_id: after, limit };
    client.export_consents(request).await.unwrap().into_inner().try_collect().await.unwrap()
}

#[tokio::test]
async fn every_entry_of_the_project_comes_once_and_in_order() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        for number in 0..30 {
            let user = if number % 3 == 0 { ADA } else { "bob" };
            record(&mut client, user, ConsentKind::Storage, number % 2 == 0).await.unwrap();
        }
        let all = export(&mut client, "p1", None, 0).await;
        assert_eq!(all.len(), 30);
        let ids: Vec<_> = all.iter().map(|e| e.entry.as_ref().unwrap().id.clone()).collect();
        assert!(ids.is_sorted());
        assert_eq!(all.iter().filter(|e| e.user_fullname == ADA).count(), 10);
        assert_eq!(all[0].entry.as_ref().unwrap().session_id.as_deref(), Some("sess_1"));
        assert!(export(&mut client, "p2", None, 0).await.is_empty());

        let page = export(&mut client, "p1", Some(ids[9].clone()), 7).await;
        assert_eq!(page, all[10..17]);
        assert!(export(&mut client, "p1", Some(ids[29].clone()), 7).await.is_empty());
    })
    .await;
}
