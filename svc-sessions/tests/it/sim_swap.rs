//! The SIM swap check against an operator that follows CAMARA's description.

use proto::sessions::{
    CheckSimSwapRequest, PutSimSwapSettingsRequest, SimSwap, SimSwapSettings, SimSwapSettingsRequest,
    SimSwapStatus, TokenAuth,
};
use testkit::{Operator, Play};
use tonic::{Code, Status};

use crate::{PROJECT, World, assert_refused, each_world};

const NUMBER: &str = "+61400000000";

async fn put(world: &World, settings: SimSwapSettings, secret: &str) -> Result<SimSwapSettings, Status> {
    let request = PutSimSwapSettingsRequest {
        project_id: PROJECT.into(),
        settings: Some(settings),
        client_secret: secret.into(),
    };
    world.client.clone().put_sim_swap_settings(request).await.map(tonic::Response::into_inner)
}

fn settings(operator: &Operator) -> SimSwapSettings {
    SimSwapSettings {
        base_url: format!("{}/sim-swap/v2/", operator.url),
        token_url: format!("{}/token", operator.url),
        client_id: "client".into(),
        scope: Some("sim-swap:check sim-swap:retrieve-date".into()),
        ..SimSwapSettings::default()
    }
}

async fn check(world: &World, number: &str) -> Result<SimSwap, Status> {
    let request = CheckSimSwapRequest { project_id: PROJECT.into(), phone_number: number.into() };
    world.client.clone().check_sim_swap(request).await.map(tonic::Response::into_inner)
}

/// A project with an operator that does `play` for the number.
async fn configured(world: &World, play: Play) -> Operator {
    let operator = Operator::start().await;
    operator.plays(NUMBER, play);
    put(world, settings(&operator), "s3cret/+").await.unwrap();
    operator
}

#[tokio::test]
async fn without_an_operator_nothing_is_checked_and_a_wrong_number_is_still_wrong() {
    each_world(async |world| {
        let answer = check(&world, NUMBER).await.unwrap();
        assert_eq!((answer.status(), answer.swapped), (SimSwapStatus::NotChecked, None));
        for bad in ["", "0400", "+0", "+61 400"] {
            let text = "phone_number must be in E.164 form, like +61400000000";
            assert_refused(check(&world, bad).await, Code::InvalidArgument, text);
        }
    })
    .await;
}

#[tokio::test]
async fn a_sim_change_and_its_absence_are_reported_with_dates() {
    each_world(async |world| {
        let at = "2023-07-03T14:27:08.312+02:00";
        let operator = configured(&world, Play::Changed { at, hours: 24 }).await;
        let answer = check(&world, NUMBER).await.unwrap();
        assert_eq!(
            (answer.status(), answer.swapped, answer.error),
            (SimSwapStatus::Swapped, Some(true), None)
        );
        assert_eq!(answer.latest_sim_change.as_deref(), Some("2023-07-03T12:27:08.312Z"));
        assert_eq!(answer.max_age_hours, Some(240));

        operator.plays(NUMBER, Play::Changed { at, hours: 300 });
        let answer = check(&world, NUMBER).await.unwrap();
        assert_eq!((answer.status(), answer.swapped), (SimSwapStatus::NotSwapped, Some(false)));
        assert!(answer.latest_sim_change.is_some(), "an older change has a date too");

        operator.plays(NUMBER, Play::Unchanged { monitored_days: Some(120) });
        let answer = check(&world, NUMBER).await.unwrap();
        assert_eq!((answer.status(), answer.latest_sim_change), (SimSwapStatus::NotSwapped, None));
        assert_eq!(answer.monitored_period, Some(120));

        operator.plays(NUMBER, Play::Unchanged { monitored_days: None });
        assert_eq!(check(&world, NUMBER).await.unwrap().monitored_period, None);

        operator.plays(NUMBER, Play::CheckOnly { swapped: true });
        let answer = check(&world, NUMBER).await.unwrap();
        assert_eq!((answer.status(), &answer.latest_sim_change), (SimSwapStatus::Swapped, &None));
        assert!(
            answer.description.ends_with("the operator did not report the date of the last change"),
            "{answer:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn the_query_uses_the_period_of_the_project() {
    each_world(async |world| {
        let operator = configured(&world, Play::Unchanged { monitored_days: None }).await;
        put(&world, SimSwapSettings { max_age_hours: 48, ..settings(&operator) }, "s3cret/+").await.unwrap();
        check(&world, NUMBER).await.unwrap();
        let calls = operator.known().calls.clone();
        let check = calls.iter().find(|(operation, ..)| operation == "check").unwrap();
        assert_eq!(check.2, serde_json::json!({"phoneNumber": NUMBER, "maxAge": 48}));
        let date = calls.iter().find(|(operation, ..)| operation == "retrieve-date").unwrap();
        assert_eq!(date.2, serde_json::json!({"phoneNumber": NUMBER}));
    })
    .await;
}

#[tokio::test]
async fn every_response_of_the_operator_has_a_code() {
    let table = [
        (Play::Error(400, "INVALID_ARGUMENT"), "invalid_argument"),
        (Play::Error(400, "OUT_OF_RANGE"), "out_of_range"),
        (Play::Error(401, "UNAUTHENTICATED"), "unauthenticated"),
        (Play::Error(403, "PERMISSION_DENIED"), "permission_denied"),
        (Play::Error(403, "INVALID_TOKEN_CONTEXT"), "invalid_token_context"),
        (Play::Error(404, "NOT_FOUND"), "not_found"),
        (Play::Error(404, "IDENTIFIER_NOT_FOUND"), "identifier_not_found"),
        (Play::Error(422, "SERVICE_NOT_APPLICABLE"), "service_not_applicable"),
        (Play::Error(422, "MISSING_IDENTIFIER"), "missing_identifier"),
        (Play::Error(422, "UNNECESSARY_IDENTIFIER"), "unnecessary_identifier"),
        (Play::Error(429, "QUOTA_EXCEEDED"), "quota_exceeded"),
        (Play::Error(429, "TOO_MANY_REQUESTS"), "too_many_requests"),
        (Play::Error(418, "WHATEVER"), "operator_refused"),
        (Play::Error(500, "INTERNAL"), "operator_unavailable"),
        (Play::Error(503, "UNAVAILABLE"), "operator_unavailable"),
        (Play::Garbage, "operator_answer_unreadable"),
        (Play::Huge, "operator_answer_unreadable"),
        (Play::Redirect("http://127.0.0.1:1/".into()), "operator_redirected"),
    ];
    each_world(async |world| {
        let operator = configured(&world, Play::Garbage).await;
        for (play, word) in &table {
            operator.plays(NUMBER, play.clone());
            let answer = check(&world, NUMBER).await.unwrap();
            assert_eq!(
                (answer.status(), answer.error.as_deref()),
                (SimSwapStatus::Error, Some(*word)),
                "{play:?}"
            );
            assert_eq!(answer.swapped, None, "an error is no all-clear");
            assert!(!answer.description.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn a_silent_operator_is_not_waited_for() {
    each_world(async |world| {
        let _operator = configured(&world, Play::Silent).await;
        let answer = check(&world, NUMBER).await.unwrap();
        assert_eq!(answer.error.as_deref(), Some("operator_timeout"));
    })
    .await;
}

#[tokio::test]
async fn an_operator_that_is_not_there_is_unreachable() {
    each_world(async |world| {
        let operator = Operator::start().await;
        let gone = "http://127.0.0.1:1".to_owned();
        let nowhere = SimSwapSettings { token_url: format!("{gone}/token"), ..settings(&operator) };
        put(&world, nowhere, "x").await.unwrap();
        assert_eq!(check(&world, NUMBER).await.unwrap().error.as_deref(), Some("operator_unreachable"));
    })
    .await;
}

#[tokio::test]
async fn a_token_is_used_until_it_expires_and_fetched_anew_when_it_is_not_accepted() {
    each_world(async |world| {
        let operator = configured(&world, Play::Unchanged { monitored_days: None }).await;
        for _ in 0..3 {
            assert_eq!(check(&world, NUMBER).await.unwrap().status(), SimSwapStatus::NotSwapped);
        }
        assert_eq!(operator.known().tokens, 1);

        operator.known().tokens = 100;
        assert_eq!(
            check(&world, NUMBER).await.unwrap().status(),
            SimSwapStatus::NotSwapped,
            "the old token was refused"
        );
        assert_eq!(operator.known().tokens, 101);

        operator.known().expires_in = Some(0);
        operator.known().tokens = 200;
        check(&world, NUMBER).await.unwrap();
        let before = operator.known().tokens;
        check(&world, NUMBER).await.unwrap();
        assert!(operator.known().tokens > before, "a token that has expired is not used");
    })
    .await;
}

#[tokio::test]
async fn checks_at_once_share_one_token() {
    each_world(async |world| {
        let operator = configured(&world, Play::Unchanged { monitored_days: None }).await;
        let checks = futures::future::join_all((0..20).map(|_| check(&world, NUMBER))).await;
        assert!(checks.into_iter().all(|answer| answer.unwrap().status() == SimSwapStatus::NotSwapped));
        assert_eq!(operator.known().tokens, 1);
    })
    .await;
}

#[tokio::test]
async fn the_client_shows_itself_as_the_operator_wants_and_a_refusal_has_its_word() {
    each_world(async |world| {
        let operator = configured(&world, Play::Unchanged { monitored_days: None }).await;
        check(&world, NUMBER).await.unwrap();
        let form = "grant_type=client_credentials&scope=sim-swap%3Acheck+sim-swap%3Aretrieve-date";
        assert_eq!(operator.known().forms, [form]);

        put(
            &world,
            SimSwapSettings { token_auth: TokenAuth::Post.into(), ..settings(&operator) },
            "s3cret/+",
        )
        .await
        .unwrap();
        assert_eq!(check(&world, NUMBER).await.unwrap().status(), SimSwapStatus::NotSwapped);
        assert!(operator.known().forms[1].ends_with("&client_id=client&client_secret=s3cret%2F%2B"));

        put(&world, settings(&operator), "wrong").await.unwrap();
        assert_eq!(check(&world, NUMBER).await.unwrap().error.as_deref(), Some("token_refused"));
        for (status, word) in
            [(400, "token_refused"), (429, "too_many_requests"), (503, "operator_unavailable")]
        {
            operator.known().refuse_tokens = Some(status);
            assert_eq!(check(&world, NUMBER).await.unwrap().error.as_deref(), Some(word));
        }
    })
    .await;
}

#[tokio::test]
async fn settings_are_read_back_without_the_secret_changed_and_removed() {
    each_world(async |world| {
        let of = |project: &str| SimSwapSettingsRequest { project_id: project.into() };
        let mut client = world.client.clone();
        let missing = "no mobile operator is configured for this project";
        assert_refused(client.get_sim_swap_settings(of(PROJECT)).await, Code::NotFound, missing);

        let operator = configured(&world, Play::Unchanged { monitored_days: None }).await;
        let read = client.get_sim_swap_settings(of(PROJECT)).await.unwrap().into_inner();
        assert_eq!((read.max_age_hours, read.token_auth()), (240, TokenAuth::Basic));
        assert!(!format!("{read:?}").contains("s3cret"));
        assert_refused(client.get_sim_swap_settings(of("prj_2")).await, Code::NotFound, missing);

        let second = world.second_process().await;
        assert_eq!(
            check(&second, NUMBER).await.unwrap().status(),
            SimSwapStatus::NotSwapped,
            "every process knows them"
        );
        client.delete_sim_swap_settings(of(PROJECT)).await.unwrap();
        assert_eq!(check(&second, NUMBER).await.unwrap().status(), SimSwapStatus::NotChecked);
        assert_refused(client.delete_sim_swap_settings(of(PROJECT)).await, Code::NotFound, missing);
        drop(operator);
    })
    .await;
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_by_name() {
    each_world(async |world| {
        let operator = Operator::start().await;
        let good = || settings(&operator);
        let long = "x".repeat(1025);
        let table = [
            (
                SimSwapSettings { base_url: "operator".into(), ..good() },
                "s",
                "base_url: the url is not an absolute https address",
            ),
            (
                SimSwapSettings { token_url: "https://10.0.0.1/".into(), ..good() },
                "s",
                "token_url: the url leads to an address this server does not call",
            ),
            (
                SimSwapSettings { base_url: "https://u:p@o.example/".into(), ..good() },
                "s",
                "base_url: the url must not hold a user, a password or a fragment",
            ),
            (
                SimSwapSettings { base_url: "https://o.example/?x=1".into(), ..good() },
                "s",
                "base_url must not have a query",
            ),
            (SimSwapSettings { base_url: long.clone(), ..good() }, "s", "base_url is longer than 1024 bytes"),
            (
                SimSwapSettings { client_id: String::new(), ..good() },
                "s",
                "client_id must be 1 to 512 printable ASCII characters",
            ),
            (
                SimSwapSettings { client_id: "a\r\nb".into(), ..good() },
                "s",
                "client_id must be 1 to 512 printable ASCII characters",
            ),
            (good(), "", "client_secret must be 1 to 1024 printable ASCII characters"),
            (SimSwapSettings { max_age_hours: 2401, ..good() }, "s", "max_age_hours must be from 1 to 2400"),
            (SimSwapSettings { token_auth: 99, ..good() }, "s", "token_auth must be basic or post"),
        ];
        for (settings, secret, sentence) in table {
            assert_refused(put(&world, settings, secret).await, Code::InvalidArgument, sentence);
        }
    })
    .await;
}

#[tokio::test]
async fn no_secret_and_no_number_is_readable_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = svc_sessions::Config::embedded(folder.path());
    config.egress = crate::this_machine();
    let world = World::open(config, std::sync::Arc::new(crate::START_MS.into())).await;
    let operator = configured(&world, Play::Unchanged { monitored_days: None }).await;
    assert_eq!(check(&world, NUMBER).await.unwrap().status(), SimSwapStatus::NotSwapped);
    let files = crate::files(folder.path());
    assert!(files.len() >= 2, "database and key: {files:?}");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        for text in ["s3cret/+", operator.url.as_str(), &NUMBER[1..]] {
            let found = bytes.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!found, "{} holds {text} in the clear", file.display());
        }
    }
}
