//! The end of an organisation: refused at once, emptied by others, removed with a receipt.

use proto::{
    accounts::{
        AdvanceDeletionRequest, ConfirmTotpRequest, DeleteOrganisationRequest, Deletion, Destroyed,
        GetDeletionRequest, InviteOwnerRequest, InviteRequest, ListDeletionsRequest, PasswordRequest, Role,
        Who, sign_in_response::Outcome,
    },
    projects::{ApiKeyState, AuthorizeApiKeyRequest},
};
use svc_projects::verify_audit;
use tonic::{Code, Status};

use crate::{
    Service,
    accounts::{PASSWORD, code},
    on_each_database,
};

fn deletion_request(who: &Who) -> DeleteOrganisationRequest {
    DeleteOrganisationRequest {
        who: Some(who.clone()),
        name: "Acme".into(),
        password: PASSWORD.into(),
        code: String::new(),
    }
}

async fn delete(service: &mut Service, request: DeleteOrganisationRequest) -> Result<Deletion, Status> {
    service.accounts.delete_organisation(request).await.map(tonic::Response::into_inner)
}

async fn state(service: &mut Service, project: &str, key: &str) -> Result<ApiKeyState, Code> {
    let request = AuthorizeApiKeyRequest { api_key_id: key.into(), project_id: project.into() };
    let found = service.client.authorize_api_key(request).await.map_err(|status| status.code())?;
    Ok(found.into_inner().state())
}

fn destroyed(service: &str, kind: &str, count: u64) -> Destroyed {
    Destroyed { service: service.into(), kind: kind.into(), count }
}

#[tokio::test]
async fn only_an_owner_who_means_it_deletes_an_organisation() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        let admin = service.member(&ada, "grace@example.org", Role::Admin).await;
        let refused = delete(&mut service, deletion_request(&admin)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        for (field, request) in [
            ("name", DeleteOrganisationRequest { name: "Acme Inc".into(), ..deletion_request(&ada) }),
            (
                "password",
                DeleteOrganisationRequest { password: "not mine at all".into(), ..deletion_request(&ada) },
            ),
        ] {
            let refused = delete(&mut service, request).await.unwrap_err();
            assert_eq!(refused.metadata().get("x-field").unwrap(), field);
        }
        let begin = PasswordRequest { who: Some(ada.clone()), password: PASSWORD.into() };
        let secret = service.accounts.begin_totp(begin).await.unwrap().into_inner().secret;
        let confirm = ConfirmTotpRequest { who: Some(ada.clone()), code: code(&secret, 0) };
        service.accounts.confirm_totp(confirm).await.unwrap();
        let refused = delete(&mut service, deletion_request(&ada)).await.unwrap_err();
        assert_eq!(refused.metadata().get("x-field").unwrap(), "code");
        assert_eq!(state(&mut service, &made.project_id, &made.api_key_id).await, Ok(ApiKeyState::Active));
        let request = DeleteOrganisationRequest { code: code(&secret, 1), ..deletion_request(&ada) };
        delete(&mut service, request).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_deleted_organisation_is_refused_at_once_and_gone_when_it_is_empty() {
    on_each_database(async |mut service: Service| {
        let (made, others) = (service.bootstrap().await, service.bootstrap().await);
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        let eve = service.owner(&others.organisation_id, "eve@example.org").await;
        let invite = InviteRequest {
            who: Some(ada.clone()),
            email: "late@example.org".into(),
            role: Role::Admin.into(),
        };
        let invited = service.accounts.invite(invite).await.unwrap().into_inner();
        let entered = service.sign_in_from("203.0.113.7", "ada@example.org", PASSWORD, "").await;

        let begun = delete(&mut service, deletion_request(&ada)).await.unwrap();
        assert_eq!((begun.projects, begun.deleted_at_ms, begun.signature.as_str()), (1, None, ""));
        let mut elsewhere = Service::open(service.config().db).await;
        let key = state(&mut elsewhere, &made.project_id, &made.api_key_id).await;
        assert_eq!(key, Ok(ApiKeyState::Revoked));
        assert_eq!(elsewhere.session(&entered.token).await.unwrap_err().code(), Code::NotFound);
        let again = elsewhere.sign_in_from("203.0.113.7", "ada@example.org", PASSWORD, &entered.device).await;
        assert_eq!(again.outcome(), Outcome::Wrong);
        assert_eq!(elsewhere.accept(&invited, PASSWORD).await.unwrap_err().code(), Code::NotFound);
        let new_key = elsewhere.create_key(&made.project_id, |_| {}).await.unwrap_err();
        assert_eq!(new_key.code(), Code::NotFound);
        let owner = InviteOwnerRequest {
            email: "new@example.org".into(),
            organisation_id: made.organisation_id.clone(),
            ..InviteOwnerRequest::default()
        };
        assert_eq!(elsewhere.accounts.invite_owner(owner).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(delete(&mut service, deletion_request(&ada)).await.unwrap_err().code(), Code::NotFound);

        // A restart, or another process, goes on.
        let open = elsewhere.accounts.list_deletions(ListDeletionsRequest {}).await.unwrap().into_inner();
        assert_eq!(open.deletions[0].project_ids, std::slice::from_ref(&made.project_id));
        for lines in [vec![destroyed("ml", "subject", 2)], vec![destroyed("ml", "subject", 1)]] {
            let step =
                AdvanceDeletionRequest { id: begun.id.clone(), destroyed: lines, nothing_is_left: false };
            elsewhere.accounts.advance_deletion(step).await.unwrap();
        }
        let end =
            AdvanceDeletionRequest { id: begun.id.clone(), destroyed: Vec::new(), nothing_is_left: true };
        let ended = elsewhere.accounts.advance_deletion(end.clone()).await.unwrap().into_inner();
        assert_eq!(ended.destroyed, [destroyed("ml", "subject", 3)]);
        assert!(ended.deleted_at_ms.is_some() && ended.signature.split('.').count() == 3);
        let twice = service.accounts.advance_deletion(end).await.unwrap().into_inner();
        let read = service.accounts.get_deletion(GetDeletionRequest { id: begun.id }).await.unwrap();
        assert_eq!((&twice, &read.into_inner()), (&ended, &ended));
        let open = service.accounts.list_deletions(ListDeletionsRequest {}).await.unwrap().into_inner();
        assert_eq!(open.deletions, []);

        let key = state(&mut service, &made.project_id, &made.api_key_id).await;
        assert_eq!(key, Err(Code::NotFound));
        let key = state(&mut service, &others.project_id, &others.api_key_id).await;
        assert_eq!(key, Ok(ApiKeyState::Active));
        service.member(&eve, "ada@example.org", Role::Viewer).await;
        let mut findings = Vec::new();
        verify_audit(service.config(), &[], |finding| findings.push(finding)).await.unwrap();
        assert_eq!(findings, []);
        for id in ["", "x", "01994f6e-0000-4000-8000-000000000000"] {
            let unknown = service.accounts.get_deletion(GetDeletionRequest { id: id.into() }).await;
            assert_eq!(unknown.unwrap_err().code(), Code::NotFound, "{id}");
        }
    })
    .await;
}
