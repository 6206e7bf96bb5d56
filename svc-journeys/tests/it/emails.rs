//! Codes by mail: received, compared, used once, a few tries, ten minutes.

use proto::journeys::{self as wire, EmailValidationStatus};

use crate::{TENANT, World, done, each_world, settings, word};

const TEN_MINUTES_MS: i64 = 10 * 60 * 1000;

fn send(registration: &str) -> wire::SendEmailCodeRequest {
    wire::SendEmailCodeRequest {
        project_id: TENANT.into(),
        registration_id: registration.into(),
        ..wire::SendEmailCodeRequest::default()
    }
}

fn check(registration: &str, code: &str) -> wire::CheckEmailCodeRequest {
    wire::CheckEmailCodeRequest {
        project_id: TENANT.into(),
        registration_id: registration.into(),
        code: code.into(),
        ..wire::CheckEmailCodeRequest::default()
    }
}

async fn received(world: &mut World) -> String {
    let mail = world.mail.next().await;
    let code = mail.data.split("code is ").nth(1).unwrap();
    code.chars().take(6).collect()
}

fn other(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn a_mailed_code_validates_its_registration_once() {
    each_world(async |mut world| {
        let form =
            wire::FlowSettings { sign_up_form_json: r#"{"emailGateway":"smtp"}"#.into(), ..settings() };
        let journey = world.journey("p").await;
        let journey = crate::Journey { flow: world.flow(&journey.project.id, form).await, ..journey };
        let ada = done(world.register(&journey, "ada@example.org").await);
        let sign = wire::AdvanceRegistrationRequest {
            project_id: TENANT.into(),
            id: ada.id.clone(),
            step: wire::Step::SignUpForm.into(),
            ..wire::AdvanceRegistrationRequest::default()
        };
        let early = world.client().advance_registration(sign.clone()).await;
        assert_eq!(word(early), "signUpForm_validation_not_passed");

        let sent = done(world.client().send_email_code(send(&ada.id)).await);
        assert_eq!((sent.status(), sent.email.as_str()), (EmailValidationStatus::Sent, "ada@example.org"));
        let code = received(&mut world).await;
        let wrong = world.client().check_email_code(check(&ada.id, other(&code))).await;
        assert_eq!(word(wrong), "otp_does_not_match");
        let validated = done(world.client().check_email_code(check(&ada.id, &code)).await);
        assert_eq!(validated.status(), EmailValidationStatus::Validated);
        let again = world.client().check_email_code(check(&ada.id, &code)).await;
        assert_eq!(word(again), "email_validation_not_found", "a code is used once");
        done(world.client().advance_registration(sign).await);
    })
    .await;
}

#[tokio::test]
async fn a_code_expires_and_five_wrong_ones_end_it() {
    each_world(async |mut world| {
        let journey = world.journey("p").await;
        let ada = done(world.register(&journey, "ada@example.org").await);
        done(world.client().send_email_code(send(&ada.id)).await);
        let code = received(&mut world).await;
        for _ in 0..5 {
            let wrong = world.client().check_email_code(check(&ada.id, other(&code))).await;
            assert_eq!(word(wrong), "otp_does_not_match");
        }
        let late = world.client().check_email_code(check(&ada.id, &code)).await;
        assert_eq!(word(late), "emailValidation_has_expired", "the sixth try is none, not even a right one");

        done(world.client().send_email_code(send(&ada.id)).await);
        let code = received(&mut world).await;
        world.pass(TEN_MINUTES_MS);
        let late = world.client().check_email_code(check(&ada.id, &code)).await;
        assert_eq!(word(late), "emailValidation_has_expired");
        let foreign = wire::CheckEmailCodeRequest { project_id: "prj_2".into(), ..check(&ada.id, &code) };
        assert_eq!(word(world.client().check_email_code(foreign).await), "email_validation_not_found");
    })
    .await;
}

#[tokio::test]
async fn without_a_mail_server_no_code_is_sent() {
    testkit::each_config(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let config = svc_journeys::Config { db, ..svc_journeys::Config::embedded(folder.path()) };
        let routes = svc_journeys::routes(config).await.unwrap();
        let transport = rpc::local(routes, std::time::Duration::from_secs(60));
        let mut client = proto::journeys::journeys_client::JourneysClient::new(transport);
        assert_eq!(word(client.send_email_code(send("x")).await), "security_not_set");
    })
    .await;
}
