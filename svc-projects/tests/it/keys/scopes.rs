//! Scopes of keys: defaults, grants, and keys from before scopes.

use super::*;

fn scopes(names: &[&str]) -> Option<Scopes> {
    Some(Scopes { names: names.iter().map(|name| (*name).to_owned()).collect() })
}

#[tokio::test]
async fn a_new_key_has_the_scopes_of_an_integration_unless_others_are_named() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let project = made.project_id;
        let first = authorize(&mut service, &project, &made.api_key_id).await.unwrap();
        assert!(first.scopes.iter().any(|scope| scope == "project.admin"), "{:?}", first.scopes);
        let plain = service.create_key(&project, |_| {}).await.unwrap().key.unwrap();
        assert_eq!(
            (plain.can_mint, plain.scopes.as_slice()),
            (false, &["capture", "consent.write"].map(str::to_owned)[..])
        );
        let chosen =
            service.create_key(&project, |key| key.scopes = vec!["keys.admin".into()]).await.unwrap();
        let chosen = chosen.key.unwrap();
        assert!(chosen.can_mint, "it follows from the scopes");
        assert_eq!(authorize(&mut service, &project, &chosen.id).await.unwrap().scopes, ["keys.admin"]);

        let request =
            UpdateApiKeyRequest { scopes: scopes(&["records.read"]), ..change(&project, &chosen.id) };
        let changed = service.client.update_api_key(request).await.unwrap().into_inner();
        assert_eq!((changed.can_mint, changed.scopes), (false, vec!["records.read".to_owned()]));
        assert_eq!(authorize(&mut service, &project, &chosen.id).await.unwrap().scopes, ["records.read"]);
        for unknown in [&["everything"][..], &[]] {
            let request = UpdateApiKeyRequest { scopes: scopes(unknown), ..change(&project, &chosen.id) };
            let refused = service.client.update_api_key(request).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
        }
    })
    .await;
}

#[tokio::test]
async fn changing_or_revoking_a_key_needs_what_making_it_would_need() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let project = made.project_id;
        let few = scopes(&["capture", "consent.write"]);
        let allowed = service.create_key(&project, |key| key.may_grant = few.clone()).await;
        let own = allowed.unwrap().key.unwrap();
        let refused = service.create_key(&project, |key| {
            key.may_grant = few.clone();
            key.scopes = vec!["samples.read".into()];
        });
        assert_eq!(refused.await.unwrap_err().code(), Code::PermissionDenied);

        let slower = |key: &str| UpdateApiKeyRequest {
            rate_limit_per_minute: Some(1),
            may_grant: few.clone(),
            ..change(&project, key)
        };
        let refused = service.client.update_api_key(slower(&made.api_key_id)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        service.client.update_api_key(slower(&own.id)).await.expect("a key they could make");
        let more = UpdateApiKeyRequest { scopes: scopes(&["capture", "keys.admin"]), ..slower(&own.id) };
        assert_eq!(service.client.update_api_key(more).await.unwrap_err().code(), Code::PermissionDenied);

        let heir = service.create_key(&project, |key| key.can_mint = true).await.unwrap().key.unwrap();
        let end = |key: &str| RevokeApiKeyRequest { may_grant: few.clone(), ..revoke(&project, key) };
        assert_eq!(
            service.client.revoke_api_key(end(&heir.id)).await.unwrap_err().code(),
            Code::PermissionDenied
        );
        let read = service.client.get_api_key(get(&project, &heir.id)).await.unwrap().into_inner();
        assert_eq!(read.state(), ApiKeyState::Active);
        service.client.revoke_api_key(end(&own.id)).await.expect("a key they could make");
    })
    .await;
}

/// The release before has no scopes; what its keys could do, they go on doing, and nobody gets there by emptying a list.
#[tokio::test]
async fn a_key_of_a_release_without_scopes_keeps_what_it_could() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let ring = blob::KeyRing::open(&service.config().keys).unwrap();
        let mut config = service.config().db;
        config.migrate = db::Migrate::Never;
        let db = db::Db::open(&config, &sqlx::migrate::Migrator::DEFAULT).await.unwrap();
        let none: (Option<&str>, Option<i64>) = (None, None);
        for (can_mint, expected) in [(false, 8), (true, 11)] {
            let key = service.create_key(&made.project_id, |_| {}).await.unwrap().key.unwrap().id;
            let services = r#"["Face Recognition"]"#;
            let columns = db::params![&key, &made.project_id, services, none.0, can_mint, 0_i64, none.1];
            let mac = ledger::RowMacs::new(ring.clone()).make_mac("api_keys", columns).unwrap();
            let before = "UPDATE api_keys SET scopes = '', selected_services = $2, can_mint = $3, mac = $4 WHERE id = $1";
            db.execute(before, db::params![&key, services, can_mint, &mac]).await.unwrap();
            let found = authorize(&mut service, &made.project_id, &key).await.unwrap();
            assert_eq!((found.scopes.len(), found.can_mint), (expected, can_mint), "{:?}", found.scopes);
            assert_eq!(found.scopes.contains(&"project.admin".to_owned()), can_mint);
            let renamed = UpdateApiKeyRequest { name: Some("n".into()), ..change(&made.project_id, &key) };
            service.client.update_api_key(renamed).await.unwrap();
            let after = authorize(&mut service, &made.project_id, &key).await.unwrap();
            assert_eq!(after.scopes, found.scopes, "a change writes them down");
        }
        db.close().await;
    })
    .await;
}
