//! Recordings that were used before.

use proto::{
    Word,
    ml::{AnalyzeVideoResponse, Replay, ReplayTrace},
    projects::{Authorization, ReplayRule, VideoSettings},
    sessions::video_liveness,
};
use serde_json::{Value, json};

use crate::{
    customer::{ADA, Customer, Form},
    fakes::{KEY, authorization},
    process_video::genuine,
};

const USER: (&str, &str) = ("x-user-fullname", ADA);

fn replayed() -> AnalyzeVideoResponse {
    let replay = Replay {
        by: vec![ReplayTrace::Sound.into()],
        transaction_id: Some("earlier".into()),
        same_user: true,
    };
    AnalyzeVideoResponse { replay: Some(replay), ..genuine() }
}

#[tokio::test]
async fn a_genuine_video_that_was_used_before_fails_and_carries_that_with_it() {
    let customer = Customer::new().await;
    customer.stage.set().seen = Some(Ok(replayed()));
    customer.consents(ADA, true, true);
    let session = customer.session().await;
    let answer = customer.video(&[USER, ("x-session-id", &session)], Form::video()).await;
    assert_eq!(answer.body["scoring_result"]["status"], "fail");
    assert!(answer.body["decision_reasons"].as_array().unwrap().contains(&json!("media_replayed")));

    let stage = customer.stage.set();
    let origin = stage.analyzed[0].0.origin.clone().expect("where it comes from");
    assert_eq!((origin.session_id, origin.user_fullname), (session, ADA.to_owned()));
    assert_eq!(Some(&origin.transaction_id), stage.records.last().map(|record| &record.id));
    let kept = stage.last_videos[0].0.liveness.clone().unwrap().outcome.unwrap();
    assert_eq!(kept, video_liveness::Outcome::Error("video_failed".into()), "no match passes on it");
    drop(stage);
    let evidence: Value = serde_json::from_str(&customer.last_record().evidence_json.unwrap()).unwrap();
    assert_eq!(evidence["replay"], json!({"by": ["sound"], "transaction_id": "earlier"}));
}

#[tokio::test]
async fn the_project_says_what_it_means_and_whose_recordings_count() {
    for (replays, verdict, is_named) in
        [("fail", "fail", true), ("refer", "refer", true), ("report", "pass", true), ("off", "pass", false)]
    {
        let customer = Customer::new().await;
        customer.stage.set().seen = Some(Ok(replayed()));
        let video = VideoSettings {
            replays: ReplayRule::from_word(replays).unwrap().into(),
            replay_projects: vec!["project-2".into()],
            ..VideoSettings::default()
        };
        let key = Authorization { video: Some(video), ..authorization() };
        customer.stage.set().keys.insert(KEY.into(), key);
        customer.consents(ADA, true, true);
        let answer = customer.video(&[USER], Form::video()).await;
        assert_eq!(answer.body["scoring_result"]["status"], verdict, "{replays}");
        let reasons = answer.body["decision_reasons"].as_array().unwrap();
        assert_eq!(reasons.contains(&json!("media_replayed")), is_named, "{replays}");
        let origin = customer.stage.set().analyzed[0].0.origin.clone().unwrap();
        assert_eq!(origin.other_projects, ["project-2"]);
    }
}
