//! Rows written to the database without the master key grant nothing.

use proto::{
    accounts::AcceptInvitationRequest,
    projects::{ApiKeyState, AuthorizeApiKeyRequest},
};
use sha2::{Digest, Sha256};
use tonic::Code;

use crate::{Service, on_each_database};

pub async fn run(service: &Service, sql: &'static str, params: &[db::Value<'_>]) {
    let mut config = service.config().db;
    config.migrate = db::Migrate::Never;
    let db = db::Db::open(&config, &sqlx::migrate::Migrator::DEFAULT).await.unwrap();
    assert!(db.execute(sql, params).await.unwrap() > 0, "{sql} changed nothing");
    db.close().await;
}

pub async fn authorize(service: &mut Service, project: &str, key: &str) -> Result<bool, Code> {
    let request = AuthorizeApiKeyRequest { project_id: project.into(), api_key_id: key.into() };
    let answer = service.client.authorize_api_key(request).await.map_err(|status| status.code())?;
    Ok(answer.into_inner().state() == ApiKeyState::Active)
}

#[tokio::test]
async fn a_key_cannot_be_given_more_than_it_was_made_with() {
    const CHANGES: [&str; 8] = [
        "UPDATE api_keys SET dialects = '[]' WHERE id = $1",
        "UPDATE api_keys SET dialects = scopes, scopes = '' WHERE id = $1",
        "UPDATE api_keys SET can_mint = 1 WHERE id = $1",
        "UPDATE api_keys SET expires_at = NULL WHERE id = $1",
        "UPDATE api_keys SET rate_limit_per_minute = 0 WHERE id = $1",
        "UPDATE api_keys SET selected_services = '[]' WHERE id = $1",
        "UPDATE api_keys SET scopes = '[\"capture\",\"project.admin\"]' WHERE id = $1",
        "UPDATE api_keys SET scopes = '' WHERE id = $1",
    ];
    for change in CHANGES {
        on_each_database(async |mut service: Service| {
            let made = service.bootstrap().await;
            let soon = boot::now_ms() + 3_600_000;
            let key = service.create_key(&made.project_id, |request| {
                request.expires_at_ms = Some(soon);
                request.rate_limit_per_minute = 10;
                request.dialects = vec!["idv".into()];
                request.selected_services = vec!["Face Recognition".into()];
            });
            let key = key.await.unwrap().key.unwrap().id;
            assert_eq!(authorize(&mut service, &made.project_id, &key).await, Ok(true));
            run(&service, change, db::params![&key]).await;
            assert_eq!(
                authorize(&mut service, &made.project_id, &key).await,
                Err(Code::Internal),
                "{change}"
            );
            assert_eq!(
                authorize(&mut service, &made.project_id, &made.api_key_id).await,
                Ok(true),
                "no other key is affected"
            );
        })
        .await;
    }
}

#[tokio::test]
async fn a_revoked_key_stays_revoked_and_a_key_of_another_project_where_it_is() {
    on_each_database(async |mut service: Service| {
        let (mine, theirs) = (service.bootstrap().await, service.bootstrap().await);
        let key = service.create_key(&mine.project_id, |_| {}).await.unwrap().key.unwrap().id;
        let revoke = proto::projects::RevokeApiKeyRequest {
            project_id: mine.project_id.clone(),
            api_key_id: key.clone(),
            keep_one_minter: true,
            may_grant: None,
        };
        service.client.revoke_api_key(revoke).await.unwrap();
        run(&service, "UPDATE api_keys SET state = 'active' WHERE id = $1", db::params![&key]).await;
        assert_eq!(authorize(&mut service, &mine.project_id, &key).await, Err(Code::Internal));

        let moved = "UPDATE api_keys SET project_id = $2 WHERE id = $1";
        run(&service, moved, db::params![&mine.api_key_id, &theirs.project_id]).await;
        let there = authorize(&mut service, &theirs.project_id, &mine.api_key_id).await;
        assert_eq!(there, Err(Code::Internal));
    })
    .await;
}

/// Who moves a project to their own organisation would read all of it, and an API that takes the project's word about
/// consents would ask nobody.
#[tokio::test]
async fn a_project_stays_with_its_organisation_and_asks_for_consent_as_it_did() {
    const CHANGES: [&str; 2] = [
        "UPDATE projects SET organisation_id = $2 WHERE id = $1",
        "UPDATE projects SET dialects = '{\"idv\":{\"consent\":\"attested\"}}', name = $2 WHERE id = $1",
    ];
    for change in CHANGES {
        on_each_database(async |mut service: Service| {
            let (mine, theirs) = (service.bootstrap().await, service.bootstrap().await);
            service.owner(&mine.organisation_id, "ada@example.org").await;
            service.owner(&theirs.organisation_id, "mallory@example.org").await;
            run(&service, change, db::params![&mine.project_id, &theirs.organisation_id]).await;
            let key = authorize(&mut service, &mine.project_id, &mine.api_key_id).await;
            assert_eq!(key, Err(Code::Internal), "{change}");
            for address in ["ada@example.org", "mallory@example.org"] {
                let entered =
                    service.sign_in_from("203.0.113.7", address, crate::accounts::PASSWORD, "").await;
                let session = service.session_in(&entered.token, &mine.project_id).await;
                let is_open = session.is_ok_and(|session| session.project.is_some());
                assert!(!is_open, "{change}: {address}");
            }
            let other = authorize(&mut service, &theirs.project_id, &theirs.api_key_id).await;
            assert_eq!(other, Ok(true), "no other project is affected");
        })
        .await;
    }
}

/// With a signing key of their own, anybody could make the token of any key.
#[tokio::test]
async fn a_signing_key_that_is_not_ours_verifies_nothing() {
    on_each_database(async |mut service: Service| {
        service.bootstrap().await;
        let ours = service.verification_keys().await;
        let add =
            "INSERT INTO signing_keys (kid, public_key, current, created_at) VALUES ('theirs', $1, 0, 0)";
        run(&service, add, db::params![&[7; 32]]).await;
        assert_eq!(service.verification_keys().await, ours);
        let copied = "INSERT INTO signing_keys (kid, public_key, current, created_at, mac) \
            SELECT 'theirs 2', $1, 0, 0, mac FROM signing_keys WHERE current = 1";
        run(&service, copied, db::params![&[7; 32]]).await;
        assert_eq!(service.verification_keys().await, ours);
    })
    .await;
}

#[tokio::test]
async fn a_role_cannot_be_raised_nor_a_second_factor_removed() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        let entered =
            service.sign_in_from("203.0.113.7", "ada@example.org", crate::accounts::PASSWORD, "").await;
        service.session(&entered.token).await.expect("signed in");
        for change in [
            "UPDATE users SET role = 'viewer' WHERE id = $1",
            "UPDATE users SET role = 'owner', sealed_totp = sealed WHERE id = $1",
        ] {
            run(&service, change, db::params![&ada.user_id]).await;
            let refused = service.session(&entered.token).await.unwrap_err();
            assert_eq!(refused.code(), Code::Internal, "{change}");
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_makes_a_session_or_an_invitation_for_themselves() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        let hash = hex::encode(Sha256::digest(b"a token of theirs"));
        let (now, later) = (boot::now_ms(), boot::now_ms() + 3_600_000);
        let session = "INSERT INTO dashboard_sessions (id, user_id, token_hash, half_open, sealed, created_at, \
            seen_at, expires_at) VALUES ('s', $1, $2, 0, $3, $4, $4, $5)";
        run(&service, session, db::params![&ada.user_id, &hash, &[0; 8], now, later]).await;
        let refused = service.session("a token of theirs").await.unwrap_err();
        assert_eq!(refused.code(), Code::Internal);

        let link = "INSERT INTO invitations (id, organisation_id, sealed, role, token_hash, created_at, expires_at) \
            VALUES ('i', $1, $2, 'owner', $3, $4, $5)";
        run(&service, link, db::params![&made.organisation_id, &[0; 8], &hash, now, later]).await;
        let accept = AcceptInvitationRequest {
            token: "a token of theirs".into(),
            password: "correct horse battery".into(),
            name: "Mallory".into(),
            ..AcceptInvitationRequest::default()
        };
        let refused = service.accounts.accept_invitation(accept).await.unwrap_err();
        assert_eq!(refused.code(), Code::Internal);
    })
    .await;
}

/// An upgrade must lock nobody out, and must not be had twice.
#[tokio::test]
async fn rows_of_an_earlier_release_get_their_macs_once() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        run(&service, "UPDATE api_keys SET mac = ''", &[]).await;
        run(&service, "UPDATE signing_keys SET mac = ''", &[]).await;
        run(&service, "UPDATE projects SET mac = ''", &[]).await;
        run(&service, "DELETE FROM row_macs_made", &[]).await;
        let mut upgraded = service.again().await.expect("it starts");
        assert_eq!(authorize(&mut upgraded, &made.project_id, &made.api_key_id).await, Ok(true));
        assert_eq!(upgraded.verification_keys().await.len(), 1);

        run(&service, "UPDATE api_keys SET mac = ''", &[]).await;
        let mut again = service.again().await.expect("it starts");
        let refused = authorize(&mut again, &made.project_id, &made.api_key_id).await;
        assert_eq!(refused, Err(Code::Internal));
    })
    .await;
}

/// A stolen signing key makes the token of any key it could have signed.
#[tokio::test]
async fn a_distrusted_signing_key_verifies_nothing_and_its_keys_are_revoked() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let config = service.config();
        let stolen = service.verification_keys().await.remove(0).kid;
        let refused = svc_projects::distrust_signing_key(&config, &stolen).await.unwrap_err();
        assert!(refused.to_string().contains("rotate first"), "{refused}");

        let next = svc_projects::rotate_signing_key(&config).await.unwrap();
        assert_eq!(authorize(&mut service, &made.project_id, &made.api_key_id).await, Ok(true));
        assert_eq!(svc_projects::distrust_signing_key(&config, &stolen).await.unwrap(), 1);
        let kids: Vec<_> = service.verification_keys().await.into_iter().map(|key| key.kid).collect();
        assert_eq!(kids, std::slice::from_ref(&next));
        assert_eq!(authorize(&mut service, &made.project_id, &made.api_key_id).await, Ok(false));
        let states = svc_projects::signing_keys(&config).await.unwrap();
        let states: Vec<_> = states.into_iter().map(|key| (key.kid, key.state)).collect();
        assert_eq!(states, [(stolen.clone(), "distrusted"), (next, "signs")]);

        run(&service, "UPDATE signing_keys SET distrusted_at = NULL WHERE kid = $1", db::params![&stolen])
            .await;
        assert_eq!(service.verification_keys().await.len(), 1, "trust cannot be given back in the database");
    })
    .await;
}

#[tokio::test]
async fn what_is_sealed_under_which_master_key_is_counted() {
    on_each_database(async |mut service: Service| {
        service.bootstrap().await;
        let (keys, usage) = ledger::key_usage(&service.config(), boot::now_ms()).await.unwrap();
        assert_eq!(keys.len(), 1);
        let signing = usage.iter().find(|usage| usage.column == "signing_keys.sealed_private_key").unwrap();
        assert_eq!((signing.rows, &signing.key_id), (1, &keys[0]));
    })
    .await;
}
