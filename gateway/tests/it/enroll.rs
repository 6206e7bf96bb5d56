//! Enrollment and match-faces over HTTP: permissions, requests to the models, responses.

use proto::{
    ml::{
        Duplicate, EnrollFaceResponse, EnrollVoiceResponse, EnrollmentState, MatchFacesResponse, Measure,
        MeasureLimit, Outcome, Service, ServiceResult, SpokenPhrase, service_result::Detail,
    },
    sessions::{VideoLiveness, video_liveness},
    transactions::Verdict,
};
use serde_json::json;
use tonic::Status;

use crate::{
    customer::{ADA, Answer, Customer, Form},
    fakes::{KEY, authorization, outcome},
    process_video::judged,
};

const USER: (&str, &str) = ("x-user-fullname", ADA);

/// A phrase that was said.
pub fn spoken(transcript: &str, score: f64) -> ServiceResult {
    let phrase = SpokenPhrase { transcript: transcript.into(), log_likelihood_ratio: 0.0 };
    ServiceResult { detail: Some(Detail::SpokenPhrase(phrase)), ..judged(Service::SpokenPhrase, true, score) }
}

fn ok(description: &str) -> Option<Outcome> {
    outcome(200, "").map(|of| Outcome { description: description.into(), ..of })
}

pub fn measure(property: &str, value: f64) -> Measure {
    Measure {
        property: property.into(),
        value,
        limit: MeasureLimit::AtLeast.into(),
        threshold: 1.0,
        passed: value >= 1.0,
    }
}

async fn customer() -> Customer {
    let customer = Customer::new().await;
    customer.consents(ADA, true, true);
    customer
}

pub async fn post(customer: &Customer, path: &str, headers: &[(&str, &str)], form: Form) -> Answer {
    let headers: Vec<_> = headers.iter().copied().chain([("content-type", Form::TYPE)]).collect();
    customer.post(path, &headers, form.end()).await
}

async fn face(customer: &Customer, form: Form) -> Answer {
    post(customer, "/api-gateway/enroll/face", &[USER], form.file("face", b"picture")).await
}

pub fn in_dialect(customer: &Customer, administers: bool, format: &str) {
    let granted = proto::projects::Authorization { response_format: format.into(), ..authorization() };
    customer.stage.set().keys.insert(KEY.into(), granted);
    if administers {
        customer.stage.administer();
    }
}

#[tokio::test]
async fn a_face_is_enrolled_and_a_duplicate_stays_in_the_record() {
    let customer = customer().await;
    customer.stage.set().face = EnrollFaceResponse {
        outcome: ok("the face is enrolled"),
        state: EnrollmentState::Enrolled.into(),
        measures: vec![measure("sharpness", 2.0)],
        duplicate: Some(Duplicate {
            subject_id: "subject-7".into(),
            transaction_id: "transaction-7".into(),
            probability: 0.99,
        }),
        kept: 1,
        stages: vec![],
    };
    let answer = face(&customer, Form::default().text("is_document", "TRUE")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut body = answer.body.clone();
    assert!(body["data"]["document_auth"].take()["status"].is_string());
    insta::assert_json_snapshot!(body, @r#"
    {
      "data": {
        "document_auth": null,
        "enrollment_result": {
          "code": 200,
          "description": "the face is enrolled",
          "pictures": 1,
          "quality": [
            {
              "op": ">=",
              "property": "sharpness",
              "status": "good",
              "threshold": 1.0,
              "value": 2.0
            }
          ],
          "state": "enrolled"
        }
      },
      "decision_reasons": [
        "face_enrolled",
        "duplicate_identity"
      ],
      "message": "face enrolled successfully"
    }
    "#);
    let record = customer.last_record();
    assert_eq!((record.kind.as_str(), record.verdict()), ("enroll_face", Verdict::Unspecified));
    assert_eq!(record.reasons, ["face_enrolled", "duplicate_identity"]);
    assert!(record.services_json.unwrap().contains("transaction-7"));
    let (header, bytes) = customer.stage.set().enrollments[0].clone();
    assert!(header.is_document && !header.replace && !header.refuse_duplicates && bytes == b"picture");
}

#[tokio::test]
async fn only_a_key_that_administers_replaces() {
    let customer = customer().await;
    let asked = || Form::default().text("replace", "true");
    in_dialect(&customer, false, "");
    let refused = face(&customer, asked()).await;
    assert_eq!(refused.error(), (403, "this call needs a key with the scope project.admin"));
    assert!(customer.stage.set().enrollments.is_empty());
    in_dialect(&customer, true, "");
    assert_eq!(face(&customer, asked()).await.status, 200);
    assert!(customer.stage.set().enrollments[0].0.replace);
}

#[tokio::test]
async fn an_operator_can_refuse_duplicates() {
    let duplicate_identity = gateway::DuplicateIdentity::Refuse;
    let customer = Customer::with(gateway::Config { duplicate_identity, ..gateway::Config::default() }).await;
    customer.consents(ADA, true, true);
    face(&customer, Form::default()).await;
    assert!(customer.stage.set().enrollments[0].0.refuse_duplicates);
}

#[tokio::test]
async fn a_voice_has_the_lists_of_the_vendors_client_and_success_is_zero_there() {
    let customer = customer().await;
    in_dialect(&customer, true, "sdk");
    customer.stage.set().voice = EnrollVoiceResponse {
        outcome: ok("the voice is good; more recordings are needed for a template"),
        state: EnrollmentState::Partial.into(),
        measures: vec![measure("phrase", 1.5)],
        combined: vec![measure("speech_seconds", 0.5)],
        spoken: Some(spoken("one two", 0.9)),
        kept: 1,
        ..EnrollVoiceResponse::default()
    };
    let form = Form::default().text("phrase", "one two").text("unique_id", ADA).file("voice", b"sound");
    let answer = post(&customer, "/api-gateway/enroll/voice", &[], form).await;
    let data = &answer.body["data"];
    assert_eq!((&data["status"], &data["code"]), (&json!("good"), &json!(0)), "{}", answer.body);
    assert_eq!(data["qa_combined"]["status"], "fail");
    assert_eq!(data["qa_list"][0]["results"][0]["results"], json!([{"score": 0.9, "text": "one two"}]));
    assert_eq!(customer.stage.set().enrollments[0].0.user_fullname, ADA);
    assert_eq!(customer.last_record().user_fullname.as_deref(), Some(ADA));
}

pub fn same_person() -> MatchFacesResponse {
    MatchFacesResponse {
        outcome: ok("the faces match"),
        anchor: ok("one face found in the image"),
        target: ok("one face found in the video"),
        matched: true,
        score: 0.6,
        probability: 0.99,
        percentages: vec![99.2, 98.0],
        ..MatchFacesResponse::default()
    }
}

async fn prefilled(customer: &Customer) -> Answer {
    let session = customer.session().await;
    let headers = [USER, ("x-session-id", session.as_str()), ("x-use-prefilled-video", "true")];
    post(customer, "/api-gateway/match-faces", &headers, Form::default().file("image", b"picture")).await
}

#[tokio::test]
async fn the_sessions_video_is_handed_on_whole_or_not_at_all() {
    let customer = customer().await;
    customer.stage.set().matched = same_person();
    assert_eq!(prefilled(&customer).await.error(), (400, "no video found for this session"));
    customer.stage.set().last_video = Some(Ok(b"a whole video".to_vec()));
    customer.stage.set().last_video_liveness = Some(live(0.9));
    let matched = prefilled(&customer).await;
    assert_eq!(matched.body["scoring_result"]["status"], "pass", "{}", matched.body);
    let (_, image, video) = customer.stage.set().matches[0].clone();
    assert_eq!((image.as_slice(), video.as_slice()), (b"picture".as_slice(), b"a whole video".as_slice()));
    customer.stage.set().last_video = Some(Err(Status::data_loss("damaged")));
    assert_eq!(prefilled(&customer).await.status, 500, "half a video is no video");
    assert_eq!(customer.stage.set().matches.len(), 1);
}

pub fn live(score: f64) -> VideoLiveness {
    VideoLiveness { outcome: Some(video_liveness::Outcome::Score(score)) }
}

#[tokio::test]
async fn a_match_with_a_video_that_was_not_judged_live_is_only_referred() {
    let customer = customer().await;
    customer.stage.set().matched = same_person();
    customer.stage.set().last_video = Some(Ok(b"a whole video".to_vec()));
    let unjudged = VideoLiveness { outcome: Some(video_liveness::Outcome::Error("video_failed".into())) };
    let cases = [
        (Some(live(0.02)), "liveness_referred"),
        (Some(unjudged), "liveness_not_judged"),
        (None, "liveness_missing"),
    ];
    for (liveness, reason) in cases {
        customer.stage.set().last_video_liveness = liveness;
        let matched = prefilled(&customer).await;
        assert_eq!(matched.body["scoring_result"]["status"], "refer", "{}", matched.body);
        let reasons = matched.body["decision_reasons"].as_array().unwrap();
        assert!(
            reasons.contains(&json!("reference_match_passed")) && reasons.contains(&json!(reason)),
            "{reasons:?}"
        );
    }
}

#[tokio::test]
async fn the_vendors_client_reads_an_object_and_its_own_numbers() {
    let customer = customer().await;
    in_dialect(&customer, false, "sdk");
    customer.stage.set().matched = same_person();
    let form = Form::default().file("image", b"picture").file("video", b"video");
    let answer = post(&customer, "/api-gateway/match-faces", &[USER], form).await;
    let (data, body) = (&answer.body["data"], &answer.body);
    assert_eq!(
        [&data["code"], &data["anchor"]["code"], &data["target"]["code"]],
        [0, 0, 0].map(|n| json!(n)).each_ref()
    );
    assert_eq!((&data["result"], &body["scoring_result"]["status"]), (&json!(1), &json!("pass")));
    assert!(body["score"].as_f64().unwrap() <= 1.0);
}

#[tokio::test]
async fn without_consent_nobody_is_compared_and_rules_set_their_threshold() {
    let customer = Customer::new().await;
    customer.stage.set().matched = same_person();
    let form = || Form::default().file("image", b"picture").file("video", b"video");
    let answer = post(&customer, "/api-gateway/match-faces", &[USER], form()).await;
    assert_eq!(answer.header("x-removed-services"), Some("true"));
    assert_eq!(answer.body["decision_reasons"], json!(["reference_match_missing"]));
    assert!(customer.stage.set().matches[0].0.detect_only);

    customer.consents(ADA, true, false);
    let strict =
        r#"{"version":1,"services":{"reference_match":{"mode":"required","pass":0.995,"refer":0.9}}}"#;
    let granted = proto::projects::Authorization { rules_json: Some(strict.into()), ..authorization() };
    customer.stage.set().keys.insert(KEY.into(), granted);
    let answer = post(&customer, "/api-gateway/match-faces", &[USER], form()).await;
    assert_eq!(answer.body["scoring_result"]["status"], "refer", "{}", answer.body);
    let record = customer.last_record();
    assert_eq!((record.kind.as_str(), record.verdict()), ("match_faces", Verdict::Refer));
    assert!(!customer.stage.set().matches[1].0.detect_only);
}
