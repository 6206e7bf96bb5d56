//! Validations: of an active flow of the tenant, ended once, expired in time.

use proto::journeys::{self as wire, ValidationStatus, ValidationType};

use crate::{Journey, TENANT, World, done, each_world, record, settings, word};

fn asked() -> wire::ValidationAsked {
    wire::ValidationAsked {
        identifier: "ada@example.org".into(),
        r#type: ValidationType::Validation.into(),
        ..wire::ValidationAsked::default()
    }
}

fn request(of: &Journey, asked: wire::ValidationAsked) -> wire::CreateValidationRequest {
    wire::CreateValidationRequest {
        project_id: TENANT.into(),
        journey_project_id: of.project.id.clone(),
        flow_id: of.flow.id.clone(),
        asked: Some(asked),
    }
}

async fn create(world: &World, request: wire::CreateValidationRequest) -> Result<wire::Validation, String> {
    match world.client().create_validation(request).await {
        Ok(made) => Ok(made.into_inner()),
        refused => Err(word(refused)),
    }
}

#[tokio::test]
async fn unknown_paused_and_foreign_flows_are_one_refusal() {
    each_world(async |world| {
        let (journey, other) = (world.journey("p").await, world.journey("q").await);
        assert_eq!(create(&world, request(&journey, asked())).await.unwrap().status(), ValidationStatus::New);
        let paused = wire::FlowSettings { status: wire::FlowStatus::Paused.into(), ..settings() };
        let paused = world.flow(&journey.project.id, paused).await;
        for flow in ["000000000000000000000000", &paused.id, &other.flow.id] {
            let wrong = wire::CreateValidationRequest { flow_id: flow.into(), ..request(&journey, asked()) };
            assert_eq!(create(&world, wrong).await.unwrap_err(), "INVALID_PROJECT_FLOW", "{flow}");
        }
        let foreign =
            wire::CreateValidationRequest { project_id: "prj_2".into(), ..request(&journey, asked()) };
        assert_eq!(create(&world, foreign).await.unwrap_err(), "Project_not_found_or_featured_disabled");
        for wrong in [
            wire::ValidationAsked { redirect_url: "http://a.example".into(), ..asked() },
            wire::ValidationAsked { expires_at_ms: Some(1), ..asked() },
            wire::ValidationAsked { r#type: 0, ..asked() },
            wire::ValidationAsked { identifier: String::new(), ..asked() },
        ] {
            let refused = world.client().create_validation(request(&journey, wrong)).await.unwrap_err();
            assert!(refused.metadata().get("x-field").is_some(), "{refused:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_validation_ends_once_and_not_after_it_expired() {
    each_world(async |world| {
        let journey = world.journey("p").await;
        let made = create(&world, request(&journey, asked())).await.unwrap();
        let finish =
            |passed| wire::FinishValidationRequest { project_id: TENANT.into(), id: made.id.clone(), passed };
        let (mut one, mut other) = (world.client(), world.client());
        let both = tokio::join!(one.finish_validation(finish(true)), other.finish_validation(finish(false)));
        assert_eq!([both.0, both.1].iter().filter(|done| done.is_ok()).count(), 1);
        done(world.client().begin_validation(record(&made.id)).await);
        let ended = done(world.client().get_validation(record(&made.id)).await).status();
        assert!(matches!(ended, ValidationStatus::Completed | ValidationStatus::Failed), "{ended:?}");
        let again = done(world.client().restart_validation(record(&made.id)).await);
        assert_eq!(again.status(), ValidationStatus::New);
        assert_eq!(again.expires_at_ms, world.now_ms() + 10 * 60 * 1000);
        let begun = done(world.client().begin_validation(record(&made.id)).await);
        assert_eq!(begun.status(), ValidationStatus::Pending);
        world.pass(10 * 60 * 1000);
        assert_eq!(
            word(world.client().finish_validation(finish(true)).await),
            "biometricValidation_has_ended"
        );
        let list = wire::ListValidationsRequest {
            project_id: TENANT.into(),
            statuses: vec![ValidationStatus::Expired.into()],
            page: 1,
            limit: 10,
            ..wire::ListValidationsRequest::default()
        };
        assert_eq!(done(world.client().list_validations(list).await).total, 1);
    })
    .await;
}
