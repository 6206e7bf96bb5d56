//! The main job: consent, services, rules, enrollment, the session's last video.

mod analyses;

use bytes::Bytes;
use proto::{
    ml::{
        ActiveSpeaker, AnalyzeVideoResponse, FaceInstance, FaceRecognition, Outcome, RecognitionStatus,
        Service, ServiceResult, SpokenPhrase, VisualSpeech, VoiceRecognition, service_result::Detail,
    },
    sessions::video_liveness,
};
use scoring::clamp_to_decision;
use serde_json::{Value, json};
use tonic::Status;

use crate::{
    customer::{ADA, Customer, Form},
    fakes::{KEY, authorization, outcome},
};

pub use analyses::*;

const USER: (&str, &str) = ("x-user-fullname", ADA);

async fn customer(seen: AnalyzeVideoResponse) -> Customer {
    let customer = Customer::new().await;
    customer.stage.set().seen = Some(Ok(seen));
    customer
}

#[tokio::test]
async fn a_genuine_user_passes_and_the_answer_has_the_documented_shape() {
    let customer = customer(genuine()).await;
    customer.consents(ADA, true, true);
    let answer = customer.video(&[USER], Form::video()).await;
    assert_eq!((answer.header("x-removed-services"), answer.header("x-auto-enroll")), (None, None));
    let conditions = answer.body["scoring_result"]["conditions"].as_array().unwrap();
    assert_eq!(conditions[0]["reason"], "face_match_passed");
    insta::assert_json_snapshot!(answer.body, {".scoring_result.conditions" => "[conditions]"}, @r#"
    {
      "data": {
        "Active Speaker Detection": {
          "code": 200,
          "cues": [],
          "description": "fine",
          "lag_ms": 40.0,
          "result": 0.95,
          "score": 0.95
        },
        "Face Liveness Detection": {
          "code": 200,
          "cues": [],
          "description": "fine",
          "result": true,
          "score": 0.98
        },
        "Face Recognition": {
          "code": 200,
          "description": "fine",
          "enrolled": true,
          "instances": [
            {
              "search": {
                "probability": 0.97,
                "score": 0.7,
                "searchName": "ada@example.org"
              }
            }
          ],
          "matched": true,
          "probability": 0.97,
          "score": 0.7
        },
        "Visual Speech Recognition": {
          "audio_transcript": "one two three",
          "code": 200,
          "cues": [],
          "description": "fine",
          "result": "one two three",
          "score": 0.6,
          "spoken_phrase": {
            "code": 200,
            "description": "fine",
            "log_likelihood_ratio": 4.0,
            "said": true,
            "score": 0.9
          }
        },
        "Voice Recognition": {
          "code": 200,
          "description": "fine",
          "id": "ada@example.org",
          "imposter_prob": 0.01,
          "log_odds": "4.6000",
          "narrow_band": false,
          "score": 0.89,
          "speech_seconds": 3.2,
          "status": "identified"
        }
      },
      "decision_reasons": [
        "face_match_passed",
        "voice_match_passed",
        "liveness_passed",
        "active_speaker_passed",
        "lip_reading_passed",
        "spoken_phrase_passed"
      ],
      "message": "video processed successfully",
      "score": 94.92,
      "scoring_result": {
        "conditions": "[conditions]",
        "failed_conditions": [],
        "failed_refer_conditions": [],
        "rules": "default",
        "status": "pass"
      }
    }
    "#);
}

#[tokio::test]
async fn the_models_get_what_the_customer_sent() {
    let customer = customer(genuine()).await;
    customer.consents(ADA, true, false);
    customer.video(&[USER], Form::video()).await;
    let (header, bytes) = customer.stage.set().analyzed[0].clone();
    assert_eq!(bytes, b"the bytes of a video");
    assert_eq!((header.user_fullname.as_str(), header.phrase.as_str()), (ADA, "one two three"));
    assert_eq!(header.vocabulary, "", "the models choose by the phrase");
    assert_eq!(header.services.len(), 5);
    assert!(!header.want_candidate, "nothing is prepared for keeping without storage consent");
}

#[tokio::test]
async fn without_authorization_the_recognition_services_are_removed() {
    let customer = customer(unrecognised()).await;
    customer.consents(ADA, false, true);
    let answer = customer.video(&[USER], Form::video()).await;
    assert_eq!(answer.header("x-removed-services"), Some("true"));
    let (header, _) = customer.stage.set().analyzed[0].clone();
    let ran: Vec<_> = header.services().collect();
    assert_eq!(ran, [Service::FaceLiveness, Service::ActiveSpeaker, Service::VisualSpeech]);
    assert!(!header.want_candidate);
    assert_eq!(
        answer.body["scoring_result"]["status"], "refer",
        "nobody was recognised: a person shall look at it"
    );
    assert_eq!(answer.body["data"].get("Face Recognition"), None);
}

#[tokio::test]
async fn a_key_without_recognition_services_loses_none() {
    let customer = customer(only(genuine(), Service::FaceLiveness)).await;
    let selected = proto::projects::Authorization {
        selected_services: vec!["Face Liveness Detection".into()],
        ..authorization()
    };
    customer.stage.set().keys.insert(KEY.into(), selected);
    let answer = customer.video(&[USER], Form::video()).await;
    assert_eq!(answer.header("x-removed-services"), None);
    assert_eq!(answer.body["scoring_result"]["status"], "pass");
    let services: Vec<_> = customer.stage.set().analyzed[0].0.services().collect();
    assert_eq!(services, [Service::FaceLiveness], "only what the key selects runs");
}

#[tokio::test]
async fn without_consented_services_no_model_is_called() {
    let customer = Customer::new().await;
    let selected = proto::projects::Authorization {
        selected_services: vec!["Face Recognition".into()],
        ..authorization()
    };
    customer.stage.set().keys.insert(KEY.into(), selected);
    let id = customer.session().await;
    let answer = customer.video(&[USER, ("x-session-id", &id)], Form::video()).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-removed-services")), (200, Some("true")));
    assert_eq!(answer.body["scoring_result"]["status"], "refer");
    assert!(customer.stage.set().analyzed.is_empty() && customer.stage.set().last_videos.is_empty());
}

#[tokio::test]
async fn a_first_visit_that_passes_enrols_with_both_consents() {
    let customer = customer(first_visit()).await;
    customer.consents(ADA, true, true);
    let answer = customer.video(&[USER], Form::video()).await;
    assert_eq!(answer.body["scoring_result"]["status"], "pass", "{:#}", answer.body);
    assert_eq!(answer.header("x-auto-enroll"), Some("true"));
    let enrolled = customer.stage.set().enrolled[0].clone();
    assert_eq!((enrolled.user_fullname.as_str(), &enrolled.candidate[..]), (ADA, &b"sealed"[..]));
    assert_eq!(Some(enrolled.transaction_id.as_str()), answer.header("x-request-id"));
    assert!(customer.stage.set().analyzed[0].0.want_candidate);
}

#[tokio::test]
async fn nothing_is_enrolled_otherwise() {
    let refused = not_live(first_visit());
    for (seen, authorization, storage) in [
        (first_visit(), true, false),
        (first_visit(), false, true),
        (genuine(), true, true),
        (refused, true, true),
    ] {
        let customer = customer(seen).await;
        customer.consents(ADA, authorization, storage);
        let answer = customer.video(&[USER], Form::video()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-auto-enroll"), None, "authorization {authorization}, storage {storage}");
        assert!(customer.stage.set().enrolled.is_empty());
    }
}

#[tokio::test]
async fn another_users_face_does_not_pass_under_a_new_name() {
    // What svc-ml makes of a face that clearly is another user's.
    let seen = with(first_visit(), judged(Service::FaceRecognition, false, 0.0));
    let customer = customer(seen).await;
    customer.consents("bob", true, true);
    let answer = customer.video(&[("x-user-fullname", "bob")], Form::video()).await;
    assert_eq!(answer.body["scoring_result"]["status"], "fail");
    assert_eq!(answer.body["decision_reasons"][0], "face_match_failed");
    assert!(customer.stage.set().enrolled.is_empty());
}

#[tokio::test]
async fn a_service_that_could_not_judge_says_why_and_the_others_answer() {
    let why = outcome(422, "more_than_one_face");
    let why = why.map(|of| Outcome { description: "more than one face".into(), ..of });
    let seen = with(
        genuine(),
        ServiceResult { outcome: why, evidence: None, ..judged(Service::FaceLiveness, false, 0.0) },
    );
    let customer = customer(seen).await;
    customer.consents(ADA, true, true);
    let answer = customer.video(&[USER], Form::video()).await;
    assert_eq!(answer.status, 200);
    insta::assert_json_snapshot!(answer.body["data"]["Face Liveness Detection"], @r#"
    {
      "code": 422,
      "cues": [],
      "description": "more than one face",
      "error": "more_than_one_face"
    }
    "#);
    assert_eq!(answer.body["data"]["Face Recognition"]["code"], 200);
    assert_eq!(answer.body["scoring_result"]["status"], "refer");
}

#[tokio::test]
async fn the_keys_own_rules_decide() {
    let customer = customer(not_live(genuine())).await;
    customer.consents(ADA, true, true);
    let rules = r#"{"version":1,"services":{"active_speaker":{"mode":"required"}}}"#;
    let own = proto::projects::Authorization {
        rules_source: "scores-7".into(),
        rules_json: Some(rules.into()),
        ..authorization()
    };
    customer.stage.set().keys.insert(KEY.into(), own);
    let answer = customer.video(&[USER], Form::video()).await;
    assert_eq!(answer.body["scoring_result"]["status"], "pass");
    assert_eq!(answer.body["scoring_result"]["rules"], "scores-7");
    assert_eq!(answer.body["decision_reasons"], json!(["active_speaker_passed"]));
    assert_eq!(customer.last_record().rules.as_deref(), Some("scores-7"));
}

#[tokio::test]
async fn the_sdk_dialect_is_the_same_answer_in_other_words() {
    let customer = customer(genuine()).await;
    customer.consents(ADA, true, true);
    let plain = customer.video(&[USER], Form::video()).await;
    let sdk = proto::projects::Authorization { response_format: "sdk".into(), ..authorization() };
    customer.stage.set().keys.insert(KEY.into(), sdk);
    let answer = customer.video(&[USER], Form::video()).await;
    assert_eq!(answer.body["scoring_result"], "pass");
    let score = answer.body["score"].as_f64().unwrap();
    assert!((score * 100.0 - plain.body["score"].as_f64().unwrap()).abs() < 0.01);
    assert_eq!(answer.body["data"]["Face Recognition"]["code"], 0);

    let nobody = customer.video(&[], Form::video()).await;
    assert_eq!((nobody.status.as_u16(), nobody.header("x-removed-services")), (200, Some("true")));
}

#[tokio::test]
async fn the_video_becomes_the_last_one_of_its_session_even_without_storage_consent() {
    let customer = customer(genuine()).await;
    let id = customer.session().await;
    let answer = customer.video(&[USER, ("x-session-id", &id)], Form::video()).await;
    let kept = customer.stage.set().last_videos.clone();
    assert_eq!((kept[0].0.session_id.as_str(), kept[0].1), (id.as_str(), "the bytes of a video".len()));
    assert_eq!(Some(kept[0].0.transaction_id.as_str()), answer.header("x-request-id"));
    let liveness = kept[0].0.liveness.as_ref().unwrap().outcome.clone().unwrap();
    assert!(matches!(liveness, video_liveness::Outcome::Score(score) if score >= 0.5), "{liveness:?}");
    customer.video(&[USER], Form::video()).await;
    assert_eq!(customer.stage.set().last_videos.len(), 1, "without a session nothing is kept");
}

#[tokio::test]
async fn a_live_video_that_failed_otherwise_is_kept_as_one_that_failed() {
    let seen = with(genuine(), judged(Service::FaceRecognition, false, 0.0));
    let customer = customer(seen).await;
    let id = customer.session().await;
    let answer = customer.video(&[USER, ("x-session-id", &id)], Form::video()).await;
    assert_eq!(answer.body["scoring_result"]["status"], "fail", "{}", answer.body);
    let kept = customer.stage.set().last_videos[0].0.liveness.clone().unwrap();
    assert_eq!(kept.outcome, Some(video_liveness::Outcome::Error("video_failed".into())));
}

#[tokio::test]
async fn a_file_that_is_no_video_is_rejected_and_not_stored() {
    let customer = Customer::new().await;
    customer.stage.set().seen = Some(Err(Status::invalid_argument("the file is not a video")));
    let id = customer.session().await;
    let refused = customer.video(&[USER, ("x-session-id", &id)], Form::video()).await;
    assert_eq!(refused.error(), (400, "the file is not a video"));
    assert!(customer.stage.set().last_videos.is_empty());
    assert_eq!(customer.last_record().error.as_deref(), Some("the file is not a video"));
}

#[tokio::test]
async fn a_full_models_service_answers_with_retry_after() {
    let customer = Customer::new().await;
    customer.stage.set().seen = Some(Err(Status::resource_exhausted("queue of 4 is full")));
    let busy = customer.video(&[USER], Form::video()).await;
    assert_eq!(busy.error(), (503, "the server is busy, try again shortly"));
    assert!(busy.header("retry-after").is_some());
}

#[tokio::test]
async fn rules_that_do_not_parse_are_this_servers_fault() {
    let customer = customer(genuine()).await;
    let broken = proto::projects::Authorization { rules_json: Some("{".into()), ..authorization() };
    customer.stage.set().keys.insert(KEY.into(), broken);
    let failed = customer.video(&[USER], Form::video()).await;
    assert_eq!(failed.error(), (500, "internal error"));
    assert_eq!(failed.body["request_id"].as_str(), failed.header("x-request-id"));
}

#[tokio::test]
async fn a_record_has_the_deciding_evidence_thresholds_and_expected_phrase() {
    let customer = Customer::new().await;
    let seen = with(genuine(), judged(Service::VoiceRecognition, false, 0.1));
    customer.stage.set().seen = Some(Ok(seen));
    customer.consents(ADA, true, true);
    let answer = customer.video(&[USER], Form::video()).await;
    assert_eq!(answer.body["scoring_result"]["status"], "fail");
    assert!(!answer.body.to_string().contains("expected_phrase"), "the caller knows it");
    let record = customer.last_record();
    let evidence: Value = serde_json::from_str(&record.evidence_json.unwrap()).unwrap();
    assert_eq!(evidence["decided_by"], json!(["voice_match_failed"]));
    assert_eq!(
        evidence["applied"]["voice_recognition"],
        json!({"mode": "required", "pass": 0.5, "refer": 0.4})
    );
    assert_eq!(evidence["applied"]["active_speaker"]["refer"], 0.1);
    let services: Value = serde_json::from_str(&record.services_json.unwrap()).unwrap();
    assert_eq!(services["Visual Speech Recognition"]["expected_phrase"], "one two three");
}
