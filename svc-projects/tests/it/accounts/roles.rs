//! Coming in by invitation, and what people may do to whom.

use proto::accounts::{InviteOwnerRequest, Role, sign_in_response::Outcome};
use tonic::Code;

use super::{PASSWORD, refused};
use crate::{Service, on_each_database};

#[tokio::test]
async fn the_first_owner_signs_in_with_a_link_that_works_once() {
    on_each_database(async |mut service: Service| {
        let request = InviteOwnerRequest {
            email: "Ada@Example.org".into(),
            organisation_name: "Acme".into(),
            ..InviteOwnerRequest::default()
        };
        let invited = service.accounts.invite_owner(request).await.unwrap().into_inner();
        let weak = service.accept(&invited, "password1234").await.unwrap_err();
        assert_eq!(weak.metadata().get("x-field").unwrap(), "password");
        let entered = service.accept(&invited, PASSWORD).await.unwrap();
        assert_eq!(entered.outcome(), Outcome::SignedIn);
        let session = service.session(&entered.token).await.unwrap();
        let user = session.user.unwrap();
        assert_eq!(
            (user.email.as_str(), user.role(), session.organisation_name.as_str()),
            ("ada@example.org", Role::Owner, "Acme")
        );
        assert_eq!(session.csrf_token.len(), 64);
        assert_eq!(refused(service.accept(&invited, PASSWORD).await), Code::NotFound);
        assert_eq!(service.sign_in("ADA@example.org ", PASSWORD).await.outcome(), Outcome::SignedIn);
    })
    .await;
}

#[tokio::test]
async fn no_user_grants_a_role_above_their_own_and_the_last_owner_remains() {
    on_each_database(async |mut service: Service| {
        let ada = service.owner("", "ada@example.org").await;
        let admin = service.member(&ada, "grace@example.org", Role::Admin).await;
        let developer = service.member(&admin, "linus@example.org", Role::Developer).await;
        assert_eq!(
            refused(service.invite(&admin, "eve@example.org", Role::Owner).await),
            Code::PermissionDenied
        );
        for role in [Role::Viewer, Role::Developer, Role::Owner] {
            assert_eq!(
                refused(service.invite(&developer, "eve@example.org", role).await),
                Code::PermissionDenied
            );
        }
        assert_eq!(
            refused(service.set_role(&developer, &developer, Role::Admin).await),
            Code::PermissionDenied
        );
        assert_eq!(refused(service.set_role(&admin, &admin, Role::Owner).await), Code::PermissionDenied);
        assert_eq!(refused(service.set_role(&admin, &ada, Role::Viewer).await), Code::PermissionDenied);
        assert_eq!(refused(service.remove(&admin, &ada).await), Code::PermissionDenied);
        assert_eq!(refused(service.set_role(&ada, &ada, Role::Admin).await), Code::FailedPrecondition);
        assert_eq!(refused(service.remove(&ada, &ada).await), Code::FailedPrecondition);
        service.set_role(&admin, &developer, Role::FraudAnalyst).await.unwrap();
        service.set_role(&ada, &admin, Role::Owner).await.unwrap();
        service.remove(&admin, &ada).await.unwrap();
        assert_eq!(service.sign_in("ada@example.org", PASSWORD).await.outcome(), Outcome::Wrong);
        assert_eq!(refused(service.remove(&admin, &ada).await), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn another_role_ends_the_sessions_it_was_not_given_in() {
    on_each_database(async |mut service: Service| {
        let ada = service.owner("", "ada@example.org").await;
        let grace = service.member(&ada, "grace@example.org", Role::Admin).await;
        let token = service.sign_in("grace@example.org", PASSWORD).await.token;
        service.set_role(&ada, &grace, Role::Viewer).await.unwrap();
        assert_eq!(refused(service.session(&token).await), Code::NotFound);
    })
    .await;
}
