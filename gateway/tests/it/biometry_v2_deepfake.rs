//! Checks of videos that are made later, by the acceptance cases of version 2 of the Biometry API.

use proto::{
    ml::{AnalyzeVideoResponse, Cue, Service, ServiceResult},
    sessions::DeepfakeCheckState,
    transactions::Verdict,
};
use serde_json::{Value, json};

use crate::{
    biometry_v2::{VIDEO, code, consenting, customer, post},
    customer::{ADA, Answer, Customer},
    process_video,
};

const CHECKS: &str = "/deepfake/checks";

fn judged(authentic: bool) -> AnalyzeVideoResponse {
    let cue = Cue {
        name: "mouth_detail".into(),
        value: 0.25,
        threshold: Some(0.5),
        passed: Some(authentic),
        ..Cue::default()
    };
    let score = if authentic { 0.9 } else { 0.125 };
    let drawn = process_video::judged(Service::MediaAuthenticity, authentic, score);
    let live = process_video::judged(Service::FaceLiveness, true, 0.8);
    process_video::of(vec![ServiceResult { cues: vec![cue], ..drawn }, live])
}

async fn create(customer: &Customer) -> String {
    customer.stage.set().last_video = Some(Ok(b"a video".to_vec()));
    let made = post(customer, CHECKS, json!({"user_id": ADA}), VIDEO).await;
    assert_eq!(
        (made.status.as_u16(), &made.body["data"]["status"]),
        (201, &"pending".into()),
        "{}",
        made.body
    );
    let id = made.body["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("x-request-id"), Some(id.as_str()));
    id
}

async fn get(customer: &Customer, id: &str) -> Answer {
    customer.get(&format!("/api-gateway/v2{CHECKS}/{id}")).await
}

/// Waits for the end of a check.
async fn ended(customer: &Customer, id: &str) -> Value {
    customer
        .stage
        .until(|state| {
            let is_ended =
                |state| matches!(state, DeepfakeCheckState::Completed | DeepfakeCheckState::Failed);
            state.checks.iter().any(|check| check.id == id && is_ended(check.state()))
        })
        .await;
    get(customer, id).await.body["data"].clone()
}

#[tokio::test]
async fn case_12_a_check_is_made_later_and_says_what_was_measured() {
    let customer = consenting().await;
    customer.stage.set().seen = Some(Ok(judged(false)));
    let id = create(&customer).await;
    let check = ended(&customer, &id).await;
    assert_eq!(check["status"], "completed", "{check}");
    assert_eq!(check["result"]["deepfake"], true);
    assert_eq!(check["result"]["score"], 0.875);
    let signals = check["result"]["signals"].as_array().unwrap();
    let names: Vec<_> = signals.iter().map(|signal| signal["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["media_authenticity", "mouth_detail", "face_liveness_detection"]);
    customer.stage.until(|state| state.records.len() == 2).await;
    let record = customer.last_record();
    assert_eq!((record.kind.as_str(), record.verdict()), ("biometry_v2.deepfake_result", Verdict::Fail));
    assert!(record.services_json.unwrap().contains(&id), "its subscribers learn which check it was");
    let (header, bytes) = customer.stage.set().analyzed[0].clone();
    assert_eq!((header.want_candidate, bytes), (false, b"a video".to_vec()));

    customer.stage.set().seen = Some(Ok(judged(true)));
    let second = create(&customer).await;
    assert_eq!(ended(&customer, &second).await["result"]["deepfake"], false);
    assert_eq!(code(&get(&customer, "unknown").await), (404, "check_not_found"));
    customer.stage.set().checks[0].project_id = "another".into();
    assert_eq!(code(&get(&customer, &id).await), (404, "check_not_found"), "a foreign id");
}

#[tokio::test]
async fn case_12_a_check_whose_process_ended_is_made_by_the_next() {
    let first = consenting().await;
    let Customer { stage, config, .. } = first;
    let first = Customer::before(stage.clone(), config.clone()).await;
    stage.set().seen = Some(Ok(judged(true)));
    stage.hold_analyses();
    let id = create(&first).await;
    stage.analysis_begun().await;
    assert_eq!(get(&first, &id).await.body["data"]["status"], "processing");
    drop(first);
    stage.analyses.add_permits(tokio::sync::Semaphore::MAX_PERMITS);
    // Its lease runs out.
    stage.set().checks[0].set_state(DeepfakeCheckState::Pending);
    let second = Customer::before(stage, config).await;
    let check = ended(&second, &id).await;
    assert_eq!((&check["status"], &check["result"]["deepfake"]), (&"completed".into(), &false.into()));
}

#[tokio::test]
async fn case_13_text_as_a_video_fails_and_says_so() {
    let customer = consenting().await;
    customer.stage.set().seen = Some(Err(tonic::Status::invalid_argument("the file is no video")));
    let id = create(&customer).await;
    let check = ended(&customer, &id).await;
    assert_eq!((&check["status"], &check["error"]), (&"failed".into(), &"unsupported_media".into()));
    assert_eq!(check.get("result"), None);
}

#[tokio::test]
async fn case_15_without_consent_no_video_is_taken_and_a_withdrawal_meanwhile_counts() {
    let customer = customer("ledger").await;
    let refused = post(&customer, CHECKS, json!({"user_id": ADA}), VIDEO).await;
    assert_eq!(code(&refused), (403, "consent_required"));
    assert!(customer.stage.set().last_videos.is_empty() && customer.stage.set().sessions.is_empty());
    let nobody = post(&customer, CHECKS, json!({}), VIDEO).await;
    assert_eq!(code(&nobody), (400, "invalid_request"));

    customer.consents(ADA, true, false);
    customer.stage.hold_analyses();
    create(&customer).await;
    let second = {
        // The first keeps the process busy.
        customer.stage.analysis_begun().await;
        create(&customer).await
    };
    customer.consents(ADA, false, false);
    customer.stage.set().seen = Some(Ok(judged(true)));
    customer.stage.analyses.add_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let check = ended(&customer, &second).await;
    assert_eq!((&check["status"], &check["error"]), (&"failed".into(), &"consent_required".into()));
}
