//! API keys: made, read, revoked, authorised; and that projects do not see each other.

mod scopes;

use proto::projects::{
    ApiKeyState, Authorization, AuthorizeApiKeyRequest, BootstrapRequest, GetApiKeyRequest,
    ListApiKeysRequest, RevokeApiKeyRequest, Scopes, UpdateApiKeyRequest, update_api_key_request::Services,
};
use tonic::{Code, Status};

use crate::{Service, on_each_database};

async fn authorize(service: &mut Service, project: &str, key: &str) -> Result<Authorization, Status> {
    let request = AuthorizeApiKeyRequest { api_key_id: key.into(), project_id: project.into() };
    service.client.authorize_api_key(request).await.map(tonic::Response::into_inner)
}

fn revoke(project: &str, key: &str) -> RevokeApiKeyRequest {
    RevokeApiKeyRequest {
        project_id: project.into(),
        api_key_id: key.into(),
        keep_one_minter: false,
        may_grant: None,
    }
}

fn get(project: &str, key: &str) -> GetApiKeyRequest {
    GetApiKeyRequest { project_id: project.into(), api_key_id: key.into() }
}

#[tokio::test]
async fn the_first_key_is_active_and_may_do_everything() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let found = authorize(&mut service, &made.project_id, &made.api_key_id).await.unwrap();
        assert_eq!(found.state(), ApiKeyState::Active);
        assert_eq!(found.selected_services.len(), 5);
        assert!(found.can_mint);
        assert_eq!((found.rules_source.as_str(), found.rules_json), ("default", None));
    })
    .await;
}

#[tokio::test]
async fn a_key_reads_back_as_it_was_made() {
    on_each_database(async |mut service: Service| {
        let project = service.bootstrap().await.project_id;
        let made = service
            .create_key(&project, |key| {
                key.name = "kiosk".into();
                key.selected_services = vec!["Voice Recognition".into(), "Face Liveness Detection".into()];
                key.response_format = "sdk".into();
            })
            .await
            .unwrap();
        let key = made.key.unwrap();
        assert_eq!((key.name.as_str(), key.response_format.as_str(), key.can_mint), ("kiosk", "sdk", false));
        assert_eq!(key.selected_services, ["Face Liveness Detection", "Voice Recognition"]);
        assert!(key.created_at_ms > 0 && key.created_at_ms == key.updated_at_ms);
        let read = service.client.get_api_key(get(&project, &key.id)).await.unwrap().into_inner();
        assert_eq!(read, key);
        let found = authorize(&mut service, &project, &key.id).await.unwrap();
        assert_eq!(
            (found.selected_services, found.response_format),
            (key.selected_services, key.response_format)
        );
    })
    .await;
}

#[tokio::test]
async fn a_revoked_key_is_revoked_at_the_next_call_in_every_process() {
    on_each_database(async |mut first: Service| {
        let mut second = Service::open(first.db.clone()).await;
        let made = first.bootstrap().await;
        assert_eq!(
            authorize(&mut second, &made.project_id, &made.api_key_id).await.unwrap().state(),
            ApiKeyState::Active
        );

        let revoked = first
            .client
            .revoke_api_key(revoke(&made.project_id, &made.api_key_id))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(revoked.state(), ApiKeyState::Revoked);
        for service in [&mut first, &mut second] {
            let found = authorize(service, &made.project_id, &made.api_key_id).await.unwrap();
            assert_eq!(found.state(), ApiKeyState::Revoked);
        }
        let again = first
            .client
            .revoke_api_key(revoke(&made.project_id, &made.api_key_id))
            .await
            .unwrap()
            .into_inner();
        // When it was used is written in its own time.
        let unused = |key| proto::projects::ApiKey { last_used_at_ms: 0, ..key };
        assert_eq!(unused(again), unused(revoked), "revoking twice changes nothing");
    })
    .await;
}

#[tokio::test]
async fn the_keys_of_a_project_are_listed_newest_first_in_pages() {
    on_each_database(async |mut service: Service| {
        let (mine, theirs) = (service.bootstrap().await, service.bootstrap().await);
        let mut made = vec![mine.api_key_id];
        for _ in 0..4 {
            made.push(service.create_key(&mine.project_id, |_| {}).await.unwrap().key.unwrap().id);
        }
        service.client.revoke_api_key(revoke(&mine.project_id, &made[1])).await.unwrap();
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let request = ListApiKeysRequest { project_id: mine.project_id.clone(), page_size: 2, cursor };
            let page = service.client.list_api_keys(request).await.unwrap().into_inner();
            seen.extend(page.keys);
            cursor = page.next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        made.reverse();
        assert_eq!(seen.iter().map(|key| &key.id).collect::<Vec<_>>(), made.iter().collect::<Vec<_>>());
        assert_eq!(seen[3].state(), ApiKeyState::Revoked);

        let list = |project_id: &str, cursor: &str| ListApiKeysRequest {
            project_id: project_id.into(),
            cursor: cursor.into(),
            page_size: 0,
        };
        let theirs = service.client.list_api_keys(list(&theirs.project_id, "")).await.unwrap().into_inner();
        assert_eq!((theirs.keys.len(), theirs.next_cursor.as_str()), (1, ""));
        let refused = service.client.list_api_keys(list(&mine.project_id, "17")).await.unwrap_err();
        assert_eq!(
            (refused.code(), refused.message()),
            (Code::InvalidArgument, "cursor is not one a list answered")
        );
    })
    .await;
}

#[tokio::test]
async fn another_projects_key_is_an_unknown_key() {
    on_each_database(async |mut service: Service| {
        let (mine, theirs) = (service.bootstrap().await, service.bootstrap().await);
        let unknown = uuid::Uuid::now_v7().to_string();
        for key in [theirs.api_key_id.as_str(), &unknown, "nonsense", ""] {
            let refusals = [
                authorize(&mut service, &mine.project_id, key).await.unwrap_err(),
                service.client.get_api_key(get(&mine.project_id, key)).await.unwrap_err(),
                service.client.revoke_api_key(revoke(&mine.project_id, key)).await.unwrap_err(),
            ];
            for refusal in refusals {
                assert_eq!(
                    (refusal.code(), refusal.message()),
                    (Code::NotFound, "api key not found"),
                    "{key:?}"
                );
            }
        }
        let theirs = authorize(&mut service, &theirs.project_id, &theirs.api_key_id).await.unwrap();
        assert_eq!(theirs.state(), ApiKeyState::Active);
    })
    .await;
}

#[tokio::test]
async fn an_invalid_request_is_rejected_with_the_reason() {
    on_each_database(async |mut service: Service| {
        let project = service.bootstrap().await.project_id;
        let unknown_service =
            service.create_key(&project, |k| k.selected_services = vec!["Gait".into()]).await;
        let unknown_format = service.create_key(&project, |k| k.response_format = "xml".into()).await;
        let no_name = service.create_key(&project, |k| k.name = "  ".into()).await;
        for (refused, reason) in [
            (
                unknown_service,
                "unknown service \"Gait\"; the services are Active Speaker Detection, Face Liveness \
                               Detection, Visual Speech Recognition, Voice Recognition, Face Recognition",
            ),
            (unknown_format, "response_format must be empty or \"sdk\""),
            (no_name, "name is required"),
        ] {
            let refused = refused.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, reason));
        }
        let unknown_project =
            service.create_key(&uuid::Uuid::now_v7().to_string(), |_| {}).await.unwrap_err();
        assert_eq!((unknown_project.code(), unknown_project.message()), (Code::NotFound, "no such project"));
        let nameless = service.client.bootstrap(BootstrapRequest::default()).await.unwrap_err();
        assert_eq!(nameless.message(), "organisation_name is required");
    })
    .await;
}

#[tokio::test]
async fn a_project_keeps_a_key_that_can_mint_even_when_all_are_revoked_at_once() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let kept = |key: &str| RevokeApiKeyRequest { keep_one_minter: true, ..revoke(&made.project_id, key) };
        let plain = service.create_key(&made.project_id, |_| {}).await.unwrap().key.unwrap();
        let last = service.client.revoke_api_key(kept(&made.api_key_id)).await.unwrap_err();
        assert_eq!(last.code(), Code::FailedPrecondition);
        assert_eq!(
            last.message(),
            "this is the last active key of the project that can mint; make another one first"
        );
        service.client.revoke_api_key(kept(&plain.id)).await.expect("one that cannot mint may go");

        let second = service.create_key(&made.project_id, |k| k.can_mint = true).await.unwrap().key.unwrap();
        let (mut one, mut other) = (service.client.clone(), service.client.clone());
        let (first, second) =
            tokio::join!(one.revoke_api_key(kept(&made.api_key_id)), other.revoke_api_key(kept(&second.id)));
        assert_eq!([first.is_ok(), second.is_ok()].iter().filter(|ok| **ok).count(), 1);
        let refused = first.err().or(second.err()).unwrap();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    })
    .await;
}

fn change(project: &str, key: &str) -> UpdateApiKeyRequest {
    UpdateApiKeyRequest {
        project_id: project.into(),
        api_key_id: key.into(),
        ..UpdateApiKeyRequest::default()
    }
}

#[tokio::test]
async fn a_changed_key_is_another_one_at_its_next_call_in_every_process() {
    on_each_database(async |mut first: Service| {
        let mut second = Service::open(first.db.clone()).await;
        let project = first.bootstrap().await.project_id;
        let key = first.create_key(&project, |_| {}).await.unwrap().key.unwrap();
        let request = UpdateApiKeyRequest {
            name: Some("kiosk".into()),
            selected_services: Some(Services { names: vec!["Face Recognition".into()] }),
            rate_limit_per_minute: Some(60),
            response_format: Some("sdk".into()),
            expires_at_ms: Some(key.created_at_ms + 3_600_000),
            ..change(&project, &key.id)
        };
        let changed = first.client.update_api_key(request).await.unwrap().into_inner();
        assert_eq!((changed.name.as_str(), changed.rate_limit_per_minute), ("kiosk", 60));
        assert_eq!(changed.expires_at_ms, Some(key.created_at_ms + 3_600_000));
        let found = authorize(&mut second, &project, &key.id).await.unwrap();
        assert_eq!(found.selected_services, ["Face Recognition"]);
        assert_eq!((found.key_rate_limit_per_minute, found.response_format.as_str()), (60, "sdk"));
        // What is not given stays.
        let renamed = UpdateApiKeyRequest { name: Some("desk".into()), ..change(&project, &key.id) };
        let renamed = first.client.update_api_key(renamed).await.unwrap().into_inner();
        let unmoved = proto::projects::ApiKey {
            name: "desk".into(),
            updated_at_ms: renamed.updated_at_ms,
            last_used_at_ms: renamed.last_used_at_ms,
            ..changed
        };
        assert_eq!(renamed, unmoved);
    })
    .await;
}

#[tokio::test]
async fn an_expired_key_is_rejected_and_cannot_be_renewed() {
    on_each_database(async |mut service: Service| {
        let project = service.bootstrap().await.project_id;
        let now = service.create_key(&project, |_| {}).await.unwrap().key.unwrap().created_at_ms;
        let end = now + 4_000;
        let key = service.create_key(&project, |key| key.expires_at_ms = Some(end)).await.unwrap();
        let id = key.key.unwrap().id;
        let state = async |service: &mut Service| authorize(service, &project, &id).await.unwrap().state();
        assert_eq!(state(&mut service).await, ApiKeyState::Active);
        testkit::wait_until("the key expires", async || state(&mut service).await != ApiKeyState::Active)
            .await;
        assert_eq!(state(&mut service).await, ApiKeyState::Expired);
        let read = service.client.get_api_key(get(&project, &id)).await.unwrap().into_inner();
        assert_eq!(read.state(), ApiKeyState::Expired);
        let longer = UpdateApiKeyRequest { expires_at_ms: Some(0), ..change(&project, &id) };
        let refused = service.client.update_api_key(longer).await.unwrap_err();
        assert_eq!(
            (refused.code(), refused.message()),
            (Code::FailedPrecondition, "this key has expired; make another one")
        );
        assert_eq!(state(&mut service).await, ApiKeyState::Expired);
    })
    .await;
}

#[tokio::test]
async fn a_change_that_cannot_be_is_refused_and_changes_nothing() {
    on_each_database(async |mut service: Service| {
        let (made, theirs) = (service.bootstrap().await, service.bootstrap().await);
        let (project, minter) = (made.project_id.as_str(), made.api_key_id.as_str());
        let name =
            |project: &str, key: &str| UpdateApiKeyRequest { name: Some("x".into()), ..change(project, key) };
        let refused = async |service: &mut Service, request| {
            let refused: Status = service.client.update_api_key(request).await.unwrap_err();
            let field = refused.metadata().get("x-field").map(|f| f.to_str().unwrap().to_owned());
            (refused.code(), field.unwrap_or_default())
        };
        for request in [name(&theirs.project_id, minter), name(project, "nonsense"), name("x", minter)] {
            assert_eq!(refused(&mut service, request).await.0, Code::NotFound);
        }
        let change = change(project, minter);
        let table = [
            ("name", UpdateApiKeyRequest { name: Some("a\nb".into()), ..change.clone() }),
            (
                "rate_limit_per_minute",
                UpdateApiKeyRequest { rate_limit_per_minute: Some(u32::MAX), ..change.clone() },
            ),
            (
                "response_format",
                UpdateApiKeyRequest { response_format: Some("xml".into()), ..change.clone() },
            ),
            ("expires_at", UpdateApiKeyRequest { expires_at_ms: Some(1), ..change.clone() }),
            ("expires_at", UpdateApiKeyRequest { expires_at_ms: Some(i64::MAX), ..change.clone() }),
            (
                "selected_services",
                UpdateApiKeyRequest {
                    selected_services: Some(Services { names: vec!["Palm Reading".into()] }),
                    ..change.clone()
                },
            ),
        ];
        for (field, request) in table {
            assert_eq!(refused(&mut service, request).await, (Code::InvalidArgument, field.to_owned()));
        }
        // The last key that can mint does not end; with another one beside it, it may.
        let soon = i64::from(u32::MAX) * 1000;
        let ends = UpdateApiKeyRequest { expires_at_ms: Some(soon), ..change };
        assert_eq!(refused(&mut service, ends.clone()).await.0, Code::FailedPrecondition);
        service.create_key(project, |key| key.can_mint = true).await.unwrap();
        service.client.update_api_key(ends).await.unwrap();
        service.client.revoke_api_key(revoke(project, minter)).await.unwrap();
        assert_eq!(refused(&mut service, name(project, minter)).await.0, Code::FailedPrecondition);
    })
    .await;
}
