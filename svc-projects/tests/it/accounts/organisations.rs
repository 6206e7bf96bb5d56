//! Organisations do not see each other; their projects choose for new keys.

use proto::accounts::{
    AuthorizeSessionRequest, CreateProjectRequest, Role, UpdateProjectRequest,
    sign_in_response::Outcome,
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

/// Nobody learns by an invitation whom other organisations have, and nobody keeps somebody out of theirs.
#[tokio::test]
async fn an_address_has_an_account_in_each_of_two_organisations() {
    const OTHER: &str = "another long password";
    on_each_database(async |mut service: Service| {
        let (ours, theirs) = (service.bootstrap().await, service.bootstrap().await);
        let ada = service.owner(&ours.organisation_id, "ada@example.org").await;
        let eve = service.owner(&theirs.organisation_id, "eve@example.org").await;
        let invited = service.invite(&eve, "ada@example.org", Role::Viewer).await.unwrap();
        service.accept(&invited, OTHER).await.expect("an account of its own");
        let again = service.invite(&ada, "ada@example.org", Role::Viewer).await.unwrap_err();
        assert_eq!(
            again.metadata().get("x-field").unwrap(),
            "email",
            "in one's own organisation it is known"
        );

        let entered = async |service: &mut Service, password: &str| {
            let entered = service.sign_in("ada@example.org", password).await;
            let session = service.session(&entered.token).await.unwrap();
            (session.organisation_id, entered.device)
        };
        assert_eq!(entered(&mut service, PASSWORD).await.0, ours.organisation_id);
        let (organisation, device) = entered(&mut service, OTHER).await;
        assert_eq!(organisation, theirs.organisation_id);
        let known = service.sign_in_from("203.0.113.7", "ada@example.org", PASSWORD, &device).await;
        assert_eq!(service.session(&known.token).await.unwrap().organisation_id, ours.organisation_id);

        // An account of the address elsewhere gives no more guesses at this one.
        let mut guesses = 0;
        while service.sign_in("ada@example.org", "a wrong password").await.outcome() != Outcome::Wait {
            guesses += 1;
            assert!(guesses < 20, "guesses are never delayed");
            service.sign_in("ada@example.org", OTHER).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_invitation_ends_with_its_maker() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        let removed = service.member(&ada, "removed@example.org", Role::Admin).await;
        let demoted = service.member(&ada, "demoted@example.org", Role::Admin).await;
        let stays = service.member(&ada, "stays@example.org", Role::Admin).await;
        let by_removed = service.invite(&removed, "one@example.org", Role::Admin).await.unwrap();
        let by_demoted = service.invite(&demoted, "two@example.org", Role::Admin).await.unwrap();
        let by_other = service.invite(&stays, "three@example.org", Role::Admin).await.unwrap();
        service.remove(&ada, &removed).await.unwrap();
        service.set_role(&ada, &demoted, Role::Viewer).await.unwrap();
        assert_eq!(refused(service.accept(&by_removed, PASSWORD).await), Code::NotFound);
        assert_eq!(refused(service.accept(&by_demoted, PASSWORD).await), Code::NotFound);
        service.accept(&by_other, PASSWORD).await.expect("its maker may still appoint");
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
        // It was used just now, which is written later.
        let get = proto::projects::GetApiKeyRequest { project_id: project.id.clone(), api_key_id: key.id };
        let mut client = service.client.clone();
        testkit::wait_until("the use is written", async || {
            client.get_api_key(get.clone()).await.unwrap().into_inner().last_used_at_ms != 0
        })
        .await;
        let developer = service.member(&ada, "linus@example.org", Role::Developer).await;
        let create =
            CreateProjectRequest { who: Some(developer), name: "Mine".into(), selected_services: vec![] };
        assert_eq!(refused(service.accounts.create_project(create).await), Code::PermissionDenied);
    })
    .await;
}

#[tokio::test]
async fn a_page_may_ask_when_a_project_names_it() {
    on_each_database(async |mut service: Service| {
        let asked = async |service: &mut Service, origin: &str| {
            let request = proto::projects::AllowsOriginRequest { origin: origin.into() };
            service.client.allows_origin(request).await.unwrap().into_inner().allowed
        };
        assert!(!asked(&mut service, "https://app.example").await, "there is no project");
        let made = service.bootstrap().await;
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        assert!(!asked(&mut service, "https://anybody.example").await, "no project names it");
        assert!(!asked(&mut service, "null").await);
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
