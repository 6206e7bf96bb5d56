//! Organisations do not see each other; their projects choose for new keys.

use proto::accounts::{
    AuthorizeSessionRequest, CreateProjectRequest, Role, UpdateProjectRequest,
    update_project_request::{Origins, Services},
};
use tonic::Code;

use super::{PASSWORD, named, refused};
use crate::{Service, on_each_database};

#[tokio::test]
async fn organisations_do_not_see_each_other() {
    on_each_database(async |mut service: Service| {
        let (ours, theirs) = (service.bootstrap().await, service.bootstrap().await);
        let ada = service.owner(&ours.organisation_id, "ada@example.org").await;
        let eve = service.owner(&theirs.organisation_id, "eve@example.org").await;
        assert_eq!(refused(service.set_role(&eve, &ada, Role::Viewer).await), Code::NotFound);
        assert_eq!(refused(service.remove(&eve, &ada).await), Code::NotFound);
        assert_eq!(
            refused(service.accounts.get_project(named(&eve, &ours.project_id)).await),
            Code::NotFound
        );
        let rename = UpdateProjectRequest {
            who: Some(eve.clone()),
            id: ours.project_id.clone(),
            name: Some("mine".into()),
            ..UpdateProjectRequest::default()
        };
        assert_eq!(refused(service.accounts.update_project(rename).await), Code::NotFound);
        let token = service.sign_in("eve@example.org", PASSWORD).await.token;
        for (project, granted) in [(&ours.project_id, false), (&theirs.project_id, true)] {
            let request = AuthorizeSessionRequest { token: token.clone(), project_id: project.clone() };
            let session = service.accounts.authorize(request).await.unwrap().into_inner();
            assert_eq!(session.project.is_some(), granted);
        }
        let invited = service.invite(&ada, "grace@example.org", Role::Viewer).await.unwrap();
        assert_eq!(
            refused(service.accounts.revoke_invitation(named(&eve, &invited.id)).await),
            Code::NotFound
        );
        let people = service.accounts.list_users(eve.clone()).await.unwrap().into_inner().users;
        assert_eq!(people.len(), 1);
        service.accounts.revoke_invitation(named(&ada, &invited.id)).await.unwrap();
        assert_eq!(refused(service.accept(&invited, PASSWORD).await), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn a_project_chooses_for_its_new_keys() {
    on_each_database(async |mut service: Service| {
        let ada = service.owner("", "ada@example.org").await;
        let create =
            CreateProjectRequest { who: Some(ada.clone()), name: "Kiosk".into(), selected_services: vec![] };
        let project = service.accounts.create_project(create).await.unwrap().into_inner();
        assert_eq!(project.selected_services.len(), 5);
        let change = UpdateProjectRequest {
            who: Some(ada.clone()),
            id: project.id.clone(),
            selected_services: Some(Services { names: vec!["Face Recognition".into()] }),
            cors_origins: Some(Origins { origins: vec!["https://App.example.org:443".into()] }),
            rate_limit_per_minute: Some(90),
            response_format: Some("sdk".into()),
            ..UpdateProjectRequest::default()
        };
        let changed = service.accounts.update_project(change).await.unwrap().into_inner();
        assert_eq!(
            (changed.name.as_str(), changed.cors_origins.as_slice()),
            ("Kiosk", &["https://app.example.org".to_owned()][..])
        );
        let key = service.create_key(&project.id, |_| {}).await.unwrap().key.unwrap();
        assert_eq!(
            (key.selected_services, key.response_format.as_str()),
            (vec!["Face Recognition".to_owned()], "sdk")
        );
        let request = proto::projects::AuthorizeApiKeyRequest {
            api_key_id: key.id.clone(),
            project_id: project.id.clone(),
        };
        let granted = service.client.authorize_api_key(request).await.unwrap().into_inner();
        assert_eq!((granted.rate_limit_per_minute, granted.cors_origins.len()), (90, 1));
        // It was used just now, which is written in its own time.
        let get = proto::projects::GetApiKeyRequest { project_id: project.id.clone(), api_key_id: key.id };
        while service.client.get_api_key(get.clone()).await.unwrap().into_inner().last_used_at_ms == 0 {
            tokio::task::yield_now().await;
        }
        let developer = service.member(&ada, "linus@example.org", Role::Developer).await;
        let create =
            CreateProjectRequest { who: Some(developer), name: "Mine".into(), selected_services: vec![] };
        assert_eq!(refused(service.accounts.create_project(create).await), Code::PermissionDenied);
    })
    .await;
}

#[tokio::test]
async fn a_page_may_ask_when_any_project_allows_it() {
    on_each_database(async |mut service: Service| {
        let asked = async |service: &mut Service, origin: &str| {
            let request = proto::projects::AllowsOriginRequest { origin: origin.into() };
            service.client.allows_origin(request).await.unwrap().into_inner().allowed
        };
        assert!(!asked(&mut service, "https://app.example").await, "there is no project");
        let made = service.bootstrap().await;
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        assert!(asked(&mut service, "https://anybody.example").await);
        assert!(asked(&mut service, "null").await);
        let origins = vec!["https://app.example".into(), "http://localhost:5173".into()];
        let change = UpdateProjectRequest {
            who: Some(ada),
            id: made.project_id,
            cors_origins: Some(Origins { origins }),
            ..UpdateProjectRequest::default()
        };
        service.accounts.update_project(change).await.unwrap();
        assert!(asked(&mut service, "https://app.example").await);
        assert!(asked(&mut service, "http://localhost:5173").await);
        for other in ["https://app.example.evil", "https://ap_.example", "https://%", "%", "", "null", "\""] {
            assert!(!asked(&mut service, other).await, "{other}");
        }
    })
    .await;
}
