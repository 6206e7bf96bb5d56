//! A subject is erased: its records are gone, out of the files too, and nobody else's.

use proto::{
    journeys as wire,
    subjects::{Kept, Project, Remains, Subject},
};

use crate::{TENANT, World, done, each_world, record, set_person, word};

fn subject(project: &str, user: &str) -> Subject {
    Subject { project_id: project.into(), user_fullname: user.into() }
}

fn kept(kinds: &[(&str, u64)]) -> Remains {
    let kept = kinds.iter().map(|(kind, count)| Kept { kind: (*kind).into(), count: *count });
    Remains { kept: kept.collect() }
}

async fn erase(world: &World, of: Subject) -> Remains {
    done(world.client().erase_subject(of).await)
}

#[tokio::test]
async fn a_registration_is_deleted_with_its_person_and_codes_only() {
    each_world(async |world| {
        let journey = world.journey("p").await;
        let ada = done(world.register(&journey, "ada@example.org").await);
        let bob = done(world.register(&journey, "bob@example.org").await);
        let person = done(world.client().set_person(set_person(&ada.id, "", false)).await).person_id;
        done(world.client().set_person(set_person(&bob.id, &person, true)).await);
        let code = wire::SendEmailCodeRequest {
            project_id: TENANT.into(),
            registration_id: ada.id.clone(),
            ..wire::SendEmailCodeRequest::default()
        };
        done(world.client().send_email_code(code).await);
        let whole = kept(&[("registration", 1), ("person", 1), ("email_validation", 1)]);
        let ada_subject = subject(TENANT, &format!("registration:{}", ada.id));
        assert_eq!(done(world.client().find_subject(ada_subject.clone()).await), whole);
        let named = svc_journeys::named_subjects(&world.config).await.unwrap();
        assert!(named.contains(&(TENANT.to_owned(), ada_subject.user_fullname.clone())), "{named:?}");
        let foreign = subject("prj_2", &format!("registration:{}", ada.id));
        assert_eq!(erase(&world, foreign).await, kept(&[]), "of another tenant, it is another subject");

        assert_eq!(erase(&world, ada_subject.clone()).await, whole);
        assert_eq!(erase(&world, ada_subject).await, kept(&[]), "a second call finds nothing");
        let gone = world.client().get_registration(record(&ada.id)).await;
        assert_eq!(word(gone), "appRegistration_not_found");
        let left = done(world.client().get_registration(record(&bob.id)).await);
        assert_eq!(left.person_id, "", "the person is gone for others too");
        done(world.register(&journey, "ada@example.org").await);
    })
    .await;
}

#[tokio::test]
async fn a_validation_is_deleted_with_its_identifier_and_all_records_with_their_tenant() {
    each_world(async |world| {
        let journey = world.journey("p").await;
        let asked = wire::ValidationAsked {
            identifier: "customer 7".into(),
            r#type: wire::ValidationType::Validation.into(),
            ..wire::ValidationAsked::default()
        };
        let request = wire::CreateValidationRequest {
            project_id: TENANT.into(),
            journey_project_id: journey.project.id.clone(),
            flow_id: journey.flow.id.clone(),
            asked: Some(asked),
        };
        done(world.client().create_validation(request.clone()).await);
        let one = kept(&[("biometric_validation", 1)]);
        let named = svc_journeys::named_subjects(&world.config).await.unwrap();
        assert!(named.contains(&(TENANT.to_owned(), "customer 7".to_owned())), "{named:?}");
        assert_eq!(erase(&world, subject(TENANT, "customer 7")).await, one);
        done(world.client().create_validation(request).await);
        done(world.register(&journey, "ada@example.org").await);
        let tenant = Project { project_id: TENANT.into() };
        let gone = done(world.client().erase_project(tenant.clone()).await);
        let all = [
            ("biometric_validation", 1),
            ("registration", 1),
            ("journey_flow", 1),
            ("journey_collection", 1),
            ("journey_project", 1),
        ];
        assert_eq!(gone, kept(&all));
        assert_eq!(done(world.client().erase_project(tenant).await), kept(&[]));
    })
    .await;
}

#[tokio::test]
async fn nothing_personal_is_in_the_files_in_clear_and_nothing_at_all_once_erased() {
    let folder = tempfile::tempdir().unwrap();
    let config = svc_journeys::Config::embedded(folder.path());
    let routes = svc_journeys::routes(config.clone()).await.unwrap();
    let transport = rpc::local(routes, std::time::Duration::from_secs(60));
    let client = proto::journeys::journeys_client::JourneysClient::new(transport);
    let details = wire::ProjectDetails { name: "p".into(), ..wire::ProjectDetails::default() };
    let request = wire::CreateProjectRequest { project_id: TENANT.into(), details: Some(details) };
    let project = done(client.clone().create_project(request).await);
    let request = wire::CreateFlowRequest {
        project_id: TENANT.into(),
        journey_project_id: project.id.clone(),
        settings: Some(crate::settings()),
    };
    let flow = done(client.clone().create_flow(request).await);
    let personal = wire::PersonalDetails {
        email: "ada.lovelace@example.org".into(),
        full_name: "Augusta Ada King".into(),
        ..wire::PersonalDetails::default()
    };
    let request = wire::CreateRegistrationRequest {
        project_id: TENANT.into(),
        journey_project_id: project.id,
        flow_id: flow.id,
        personal: Some(personal),
        language: "en".into(),
    };
    let ada = done(client.clone().create_registration(request).await);
    let files = || {
        let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let tables = entries.filter(|path| path.file_name().unwrap().to_string_lossy().contains("journeys"));
        tables.flat_map(|path| std::fs::read(path).unwrap()).collect::<Vec<u8>>()
    };
    let has = |bytes: &[u8]| files().windows(bytes.len()).any(|window| window == bytes);
    assert!(!has(b"ada.lovelace@example.org") && !has(b"Augusta Ada King"));
    let user = format!("registration:{}", ada.id);
    let traces = svc_journeys::subject_traces(&config, TENANT, &user).await.unwrap();
    assert!(has(&traces[0]), "the rows are found by their hash");
    done(client.clone().erase_subject(subject(TENANT, &user)).await);
    assert!(!has(&traces[0]));
}

#[tokio::test]
async fn tables_of_another_master_key_are_recognised() {
    each_world(async |world| {
        let mut config = world.config.clone();
        config.keys.secret = Some("08".repeat(32).into());
        let refused = svc_journeys::routes(config).await.expect_err("another key is refused");
        assert!(format!("{refused:#}").contains("is not the one these tables were written under"));
    })
    .await;
}

#[tokio::test]
async fn everything_is_brought_under_another_master_key_and_still_found() {
    each_world(async |world| {
        let journey = world.journey("p").await;
        let ada = done(world.register(&journey, "ada@example.org").await);
        done(world.client().set_person(set_person(&ada.id, "", false)).await);
        let mut config = world.config.clone();
        config.keys.retired = config.keys.secret.take().into_iter().collect();
        config.keys.secret = Some("08".repeat(32).into());
        let mut report = |_: &str, _: u64| {};
        let mut rewrap = ledger::Rewrap { batch: 10, report: &mut report };
        let usage = ledger::rewrap(&config, &mut rewrap, boot::now_ms()).await.unwrap();
        let (keys, _) = ledger::key_usage(&config, boot::now_ms()).await.unwrap();
        assert!(!usage.is_empty() && usage.iter().all(|used| used.key_id == keys[0]), "{usage:?}");
        config.keys.retired.clear();
        let routes = svc_journeys::routes(config).await.expect("the earlier key is not needed any more");
        let transport = rpc::local(routes, std::time::Duration::from_secs(60));
        let client = proto::journeys::journeys_client::JourneysClient::new(transport);
        let found = done(client.clone().get_registration(record(&ada.id)).await);
        assert_eq!(found.personal.unwrap().email, "ada@example.org");
        let of = subject(TENANT, &format!("registration:{}", ada.id));
        assert_eq!(done(client.clone().find_subject(of).await), kept(&[("registration", 1), ("person", 1)]));
    })
    .await;
}
