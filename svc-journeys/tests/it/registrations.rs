//! Registrations: one an address, one person, the end that is computed.

use proto::journeys::{self as wire, RegistrationStatus, Step};

use crate::{TENANT, done, each_world, record, set_person, settings, word};

const IDLE_MS: i64 = 30 * 24 * 60 * 60 * 1000;

fn step(id: &str, step: Step, claimed: RegistrationStatus) -> wire::AdvanceRegistrationRequest {
    wire::AdvanceRegistrationRequest {
        project_id: TENANT.into(),
        id: id.into(),
        step: step.into(),
        claimed: claimed.into(),
        settles: false,
    }
}

#[tokio::test]
async fn an_address_registers_once_in_a_project_and_another_tenant_sees_nothing() {
    each_world(async |world| {
        let (first, second) = (world.journey("first").await, world.journey("second").await);
        let made = done(world.register(&first, "ada@example.org").await);
        assert_eq!(made.status(), RegistrationStatus::Started);
        assert_eq!((made.id.len(), made.collection_id.as_str()), (24, first.project.collection_id.as_str()));
        assert_eq!(
            word(world.register(&first, "ADA@example.org").await),
            "email_is_registered_already",
            "case does not matter"
        );
        done(world.register(&second, "ada@example.org").await);
        let (one, other) = tokio::join!(
            world.register(&first, "bob@example.org"),
            world.register(&first, "bob@example.org")
        );
        assert_eq!([one, other].iter().filter(|done| done.is_ok()).count(), 1, "of two at once one is taken");

        let found = done(world.client().get_registration(record(&made.id)).await);
        assert_eq!(found.personal.unwrap().email, "ada@example.org");
        let foreign = wire::RecordRequest { project_id: "prj_2".into(), id: made.id };
        assert_eq!(word(world.client().get_registration(foreign).await), "appRegistration_not_found");
        for bad in ["", "ada", "ada@example.org\nBcc: eve@example.org"] {
            assert!(world.register(&first, bad).await.is_err(), "{bad}");
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_that_give_a_registration_its_person_one_wins() {
    each_world(async |world| {
        let journey = world.journey("p").await;
        let ada = done(world.register(&journey, "ada@example.org").await);
        let (mut one, mut other) = (world.client(), world.client());
        let both = tokio::join!(
            one.set_person(set_person(&ada.id, "", false)),
            other.set_person(set_person(&ada.id, "", false))
        );
        let made: Vec<_> = [both.0, both.1].into_iter().filter_map(Result::ok).collect();
        assert_eq!(made.len(), 1);
        let person = made[0].get_ref().person_id.clone();
        assert_eq!((person.len(), made[0].get_ref().biometric_validation_id.len()), (24, 24));
        assert_eq!(made[0].get_ref().status(), RegistrationStatus::Started, "the status stays");
        let again = world.client().set_person(set_person(&ada.id, "", false)).await;
        assert_eq!(word(again), "person_already_set");
        let forced = done(world.client().set_person(set_person(&ada.id, "", true)).await);
        assert_eq!(forced.person_id, person, "it is the same person");
        let bob = done(world.register(&journey, "bob@example.org").await);
        let linked = done(world.client().set_person(set_person(&bob.id, &person, true)).await);
        assert_eq!(linked.person_id, person);
        let ask = |subject: String| wire::FindPersonRequest {
            project_id: TENANT.into(),
            collection_id: journey.project.collection_id.clone(),
            subject,
        };
        let found = done(world.client().find_person(ask(format!("registration:{}", ada.id))).await);
        assert_eq!(found.person.unwrap().id, person);
        let none = done(world.client().find_person(ask(format!("registration:{}", bob.id))).await);
        assert_eq!(none.person, None);
    })
    .await;
}

#[tokio::test]
async fn attempts_are_counted_and_a_deleted_collection_is_missed() {
    each_world(async |world| {
        let journey = world.journey("p").await;
        let ada = done(world.register(&journey, "ada@example.org").await);
        let ask = wire::BeginFaceRequest { project_id: TENANT.into(), id: ada.id.clone(), force: false };
        let task = done(world.client().begin_face(ask.clone()).await);
        assert_eq!(task.flow.unwrap().settings.unwrap().liveness_min_score, 0.6);
        for _ in 0..2 {
            done(world.client().count_face_attempt(record(&ada.id)).await);
        }
        assert_eq!(word(world.client().count_face_attempt(record(&ada.id)).await), "attempts_exceeded");
        assert_eq!(word(world.client().begin_face(ask.clone()).await), "attempts_exceeded");
        done(world.client().delete_collection(record(&journey.project.collection_id)).await);
        assert_eq!(word(world.client().begin_face(ask).await), "collection_not_set");
    })
    .await;
}

#[tokio::test]
async fn the_end_is_computed_and_settled_by_the_customer() {
    each_world(async |world| {
        let journey = world.journey("p").await;
        let ada = done(world.register(&journey, "ada@example.org").await);
        let client = world.client();
        let take = async |request| client.clone().advance_registration(request).await;
        let unspecified = RegistrationStatus::Unspecified;
        let signed = done(take(step(&ada.id, Step::SignUpForm, unspecified)).await);
        assert_eq!((signed.status(), signed.current_step()), (RegistrationStatus::Ongoing, Step::SignUpForm));
        assert_eq!(word(take(step(&ada.id, Step::SkipKyc, unspecified)).await), "mandatory_steps_not_passed");
        let early = done(take(step(&ada.id, Step::End, RegistrationStatus::Completed)).await);
        assert_eq!(early.status(), RegistrationStatus::NeedsManualVerification);
        assert_eq!(word(take(step(&ada.id, Step::Form, unspecified)).await), "appRegistration_has_ended");
        let settle = wire::AdvanceRegistrationRequest {
            settles: true,
            ..step(&ada.id, Step::Unspecified, RegistrationStatus::Completed)
        };
        assert_eq!(done(take(settle).await).status(), RegistrationStatus::Completed);

        let idle = done(world.register(&journey, "idle@example.org").await);
        world.pass(IDLE_MS);
        let expired = done(client.clone().get_registration(record(&idle.id)).await);
        assert_eq!(expired.status(), RegistrationStatus::Expired);
        let list = |statuses: Vec<RegistrationStatus>| wire::ListRegistrationsRequest {
            project_id: TENANT.into(),
            statuses: statuses.into_iter().map(Into::into).collect(),
            page: 1,
            limit: 10,
            ..wire::ListRegistrationsRequest::default()
        };
        let of = async |statuses| done(client.clone().list_registrations(list(statuses)).await);
        assert_eq!(of(vec![]).await.total, 2);
        let expired = of(vec![RegistrationStatus::Expired, RegistrationStatus::Failed]).await;
        assert_eq!((expired.total, expired.registrations[0].id.as_str()), (1, idle.id.as_str()));
        assert_eq!(of(vec![RegistrationStatus::Started]).await.total, 0);
    })
    .await;
}

#[tokio::test]
async fn a_flow_out_of_range_and_a_name_that_is_taken_are_refused() {
    each_world(async |world| {
        let journey = world.journey("p").await;
        let wrong = wire::FlowSettings { liveness_min_score: 0.5, ..settings() };
        let request = wire::CreateFlowRequest {
            project_id: TENANT.into(),
            journey_project_id: journey.project.id.clone(),
            settings: Some(wrong),
        };
        let refused = world.client().create_flow(request).await.unwrap_err();
        assert_eq!(refused.message(), "\"liveness.minScore\" must be greater than or equal to 0.52");
        let details = wire::ProjectDetails { name: "p".into(), ..wire::ProjectDetails::default() };
        let again = wire::CreateProjectRequest { project_id: TENANT.into(), details: Some(details.clone()) };
        assert_eq!(word(world.client().create_project(again).await), "PROJECT_NAME_EXISTS");
        let elsewhere = wire::CreateProjectRequest { project_id: "prj_2".into(), details: Some(details) };
        done(world.client().create_project(elsewhere).await);
        let paused = wire::FlowSettings { status: wire::FlowStatus::Paused.into(), ..settings() };
        let paused = crate::Journey { flow: world.flow(&journey.project.id, paused).await, ..journey };
        assert_eq!(word(world.register(&paused, "ada@example.org").await), "ProjectFlow_not_found");
    })
    .await;
}

#[tokio::test]
async fn a_document_is_noted_within_its_attempts_and_passes_its_step() {
    each_world(async |world| {
        let mandatory = |step: Step| wire::StepRule {
            step: step.into(),
            requirement: wire::Requirement::Mandatory.into(),
        };
        let optional = |step: Step| wire::StepRule {
            step: step.into(),
            requirement: wire::Requirement::Optional.into(),
        };
        let steps = vec![mandatory(Step::Document), optional(Step::Liveness), optional(Step::SignUpForm)];
        let rules = wire::FlowSettings { steps, document_attempt_limit: 2, ..settings() };
        let journey = world.journey("p").await;
        let journey = crate::Journey { flow: world.flow(&journey.project.id, rules).await, ..journey };
        let ada = done(world.register(&journey, "ada@example.org").await);
        let begin =
            |force| wire::BeginDocumentRequest { project_id: TENANT.into(), id: ada.id.clone(), force };
        let note = |status: wire::DocumentStatus| wire::SetDocumentRequest {
            project_id: TENANT.into(),
            id: ada.id.clone(),
            status: status.into(),
            force: false,
        };
        done(world.client().begin_document(begin(false)).await);
        let failed = done(world.client().set_document(note(wire::DocumentStatus::Failed)).await);
        assert_eq!(failed.document.unwrap().status(), wire::DocumentStatus::Failed);
        done(world.client().begin_document(begin(false)).await);
        done(world.client().set_document(note(wire::DocumentStatus::Validated)).await);
        assert_eq!(word(world.client().begin_document(begin(false)).await), "already_exists");
        assert_eq!(word(world.client().begin_document(begin(true)).await), "attempts_exceeded");
        let third = world.client().set_document(note(wire::DocumentStatus::Failed)).await;
        assert_eq!(word(third), "attempts_exceeded");
        let end = step(&ada.id, Step::End, RegistrationStatus::Completed);
        let ended = done(world.client().advance_registration(end).await);
        assert_eq!(ended.status(), RegistrationStatus::Completed);
    })
    .await;
}
