//! The other APIs: switched on per project, and the keys that may use them.

use proto::{
    accounts::{DialectSetting, Role, UpdateProjectRequest, update_project_request::Dialects},
    projects::{AuthorizeApiKeyRequest, UpdateApiKeyRequest, update_api_key_request},
};
use tonic::Code;

use crate::{
    Service,
    accounts::{named, refused},
    on_each_database,
};

fn change(name: &str, consent: &str) -> DialectSetting {
    DialectSetting { name: name.into(), consent: consent.into() }
}

#[tokio::test]
async fn a_project_switches_apis_on_and_its_keys_learn_of_it() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        let request = |changes: Vec<DialectSetting>| UpdateProjectRequest {
            who: Some(ada.clone()),
            id: made.project_id.clone(),
            dialects: Some(Dialects { changes }),
            ..UpdateProjectRequest::default()
        };
        let on = vec![change("neuroid", "attested"), change("idv", "ledger")];
        let project = service.accounts.update_project(request(on.clone())).await.unwrap().into_inner();
        assert_eq!(project.dialects, [on[1].clone(), on[0].clone()]);
        let off = request(vec![change("idv", "")]);
        let project = service.accounts.update_project(off).await.unwrap().into_inner();
        assert_eq!(project.dialects, [on[0].clone()]);
        for bad in [change("neuroid", "maybe"), change("biometry", "ledger"), change("soap", "ledger")] {
            assert_eq!(
                refused(service.accounts.update_project(request(vec![bad])).await),
                Code::InvalidArgument
            );
        }
        let found = service.accounts.get_project(named(&ada, &made.project_id)).await.unwrap().into_inner();
        assert_eq!(found.dialects.len(), 1);

        let authorize = AuthorizeApiKeyRequest {
            api_key_id: made.api_key_id.clone(),
            project_id: made.project_id.clone(),
        };
        let granted = service.client.authorize_api_key(authorize).await.unwrap().into_inner();
        let granted: Vec<_> =
            granted.dialects.iter().map(|d| (d.name.as_str(), d.consent.as_str())).collect();
        assert_eq!(granted, [("neuroid", "attested")]);

        let viewer = service.member(&ada, "vera@example.org", Role::Viewer).await;
        let mut refused_request = request(vec![change("neuroid", "")]);
        refused_request.who = Some(viewer);
        assert_eq!(refused(service.accounts.update_project(refused_request).await), Code::PermissionDenied);
    })
    .await;
}

#[tokio::test]
async fn a_key_may_be_for_some_apis_alone() {
    on_each_database(async |mut service: Service| {
        let project = service.bootstrap().await.project_id;
        let made = service.create_key(&project, |key| key.dialects = vec!["idv".into()]).await.unwrap();
        let key = made.key.unwrap();
        assert_eq!(key.dialects, ["idv"]);
        let authorize = AuthorizeApiKeyRequest { api_key_id: key.id.clone(), project_id: project.clone() };
        let granted = service.client.authorize_api_key(authorize.clone()).await.unwrap().into_inner();
        assert_eq!(granted.key_dialects, ["idv"]);
        let unknown = service.create_key(&project, |key| key.dialects = vec!["soap".into()]).await;
        assert_eq!(refused(unknown), Code::InvalidArgument);

        let widen = UpdateApiKeyRequest {
            project_id: project.clone(),
            api_key_id: key.id.clone(),
            dialects: Some(update_api_key_request::Dialects { names: vec![] }),
            ..UpdateApiKeyRequest::default()
        };
        assert!(service.client.update_api_key(widen).await.unwrap().into_inner().dialects.is_empty());
        let granted = service.client.authorize_api_key(authorize).await.unwrap().into_inner();
        assert!(granted.key_dialects.is_empty());
    })
    .await;
}
