//! Recorded answers of the verification routes in both response formats, with the transaction each call leaves.
//!
//! The snapshots were recorded before the gateway was split into layers; a change to one of them is a change on the wire.

use axum::body::Body;
use proto::{
    Word,
    docauth::{CheckDocumentResponse, DocumentField, DocumentType, FieldSource},
    ml::{
        ActiveSpeaker, AnalyzeVideoResponse, Cue, Duplicate, EnrollFaceResponse, EnrollVoiceResponse,
        EnrollmentState, MatchFacesResponse, Outcome, Service, ServiceResult, StageTime,
        service_result::Detail,
    },
};
use serde_json::{Value, json};

use crate::{
    customer::{ADA, Answer, Customer, Form},
    documents::{alike, passport},
    enroll::{in_dialect, live, measure, post, same_person, spoken},
    fakes,
    process_video::{first_visit, genuine, judged, of, unrecognised},
};

const USER: (&str, &str) = ("x-user-fullname", ADA);
const FORMATS: [(&str, &str); 2] = [("default", ""), ("sdk", "sdk")];

fn outcome(code: i32, error: &str) -> Option<Outcome> {
    fakes::outcome(code, error).map(|of| Outcome { description: format!("described {code}"), ..of })
}

fn cue(name: &str, passed: bool) -> Cue {
    Cue {
        name: name.into(),
        value: 0.123_456,
        threshold: passed.then_some(0.5),
        passed: Some(passed),
        score: Some(0.987_654),
    }
}

fn stages() -> Vec<StageTime> {
    vec![StageTime { stage: "decode".into(), cpu_ms: 12.0, wall_ms: 15.0 }]
}

/// Every service has cues or a reason why it could not judge.
fn mixed() -> AnalyzeVideoResponse {
    let unjudged = |service: Service, outcome: Option<Outcome>| ServiceResult {
        service: service.into(),
        outcome,
        ..ServiceResult::default()
    };
    let speaker = ServiceResult {
        outcome: outcome(200, ""),
        cues: vec![cue("lag", false)],
        detail: Some(Detail::ActiveSpeaker(ActiveSpeaker { lag_ms: None })),
        ..judged(Service::ActiveSpeaker, false, 0.123_456)
    };
    let liveness = ServiceResult {
        cues: vec![cue("texture", true)],
        ..unjudged(Service::FaceLiveness, outcome(422, "more_than_one_face"))
    };
    let results = vec![
        speaker,
        liveness,
        unjudged(Service::VisualSpeech, outcome(461, "no_face")),
        unjudged(Service::SpokenPhrase, outcome(422, "no_speech")),
        unjudged(Service::VoiceRecognition, outcome(422, "no_speech")),
        unjudged(Service::FaceRecognition, None),
    ];
    AnalyzeVideoResponse { stages: stages(), ..of(results) }
}

/// What a client and the transaction see of a call. Ids and times differ from run to run and are left out.
fn seen(customer: &Customer, answer: &Answer) -> Value {
    let parse = |text: &Option<String>| -> Value {
        text.as_deref().map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default()
    };
    let record = customer.last_record();
    let mut durations = parse(&record.durations_json);
    if let Some(upload) = durations.get_mut("upload_ms") {
        *upload = json!("[ms]");
    }
    json!({
        "status": answer.status.as_u16(),
        "x-auto-enroll": answer.header("x-auto-enroll"),
        "x-removed-services": answer.header("x-removed-services"),
        "body": without_id(&answer.body),
        "record": {
            "kind": record.kind, "session_id": record.session_id, "user_fullname": record.user_fullname,
            "http_status": record.http_status, "error": record.error, "verdict": record.verdict().to_word(),
            "score": record.score, "reasons": record.reasons, "rules": record.rules, "tags": record.tags,
            "action_trigger": record.action_trigger, "services": parse(&record.services_json),
            "evidence": parse(&record.evidence_json), "durations": durations,
        },
    })
}

async fn customer(format: &str) -> Customer {
    let customer = Customer::new().await;
    in_dialect(&customer, true, format);
    customer.consents(ADA, true, true);
    customer
}

#[tokio::test]
async fn process_video_answers_as_recorded() {
    for (name, format) in FORMATS {
        for (what, analysis) in [("genuine", genuine()), ("first_visit", first_visit()), ("mixed", mixed())] {
            let customer = customer(format).await;
            customer.stage.set().seen = Some(Ok(analysis));
            let session = customer.session().await;
            let headers = [USER, ("x-session-id", session.as_str())];
            let answer = customer.video(&headers, Form::video().text("trigger", "registration")).await;
            insta::assert_json_snapshot!(format!("process_video_{what}_{name}"), seen(&customer, &answer));
        }
        let nobody = customer(format).await;
        nobody.consents(ADA, false, true);
        nobody.stage.set().seen = Some(Ok(unrecognised()));
        let answer = nobody.video(&[USER], Form::video()).await;
        insta::assert_json_snapshot!(format!("process_video_no_consent_{name}"), seen(&nobody, &answer));
    }
}

fn duplicate() -> Option<Duplicate> {
    Some(Duplicate { subject_id: "s-7".into(), transaction_id: "t-7".into(), probability: 0.987_654 })
}

#[tokio::test]
async fn enroll_face_answers_as_recorded() {
    for (name, format) in FORMATS {
        for (what, state, outcome, document) in [
            ("enrolled", EnrollmentState::Enrolled, outcome(200, ""), Some(passport())),
            ("refused", EnrollmentState::Refused, outcome(461, "no_face"), None),
        ] {
            let customer = customer(format).await;
            {
                let mut stage = customer.stage.set();
                stage.document = document;
                stage.face = EnrollFaceResponse {
                    outcome,
                    state: state.into(),
                    measures: vec![measure("sharpness", 2.0), measure("size", 0.123_456)],
                    duplicate: duplicate(),
                    kept: 3,
                    stages: stages(),
                };
            }
            let form = Form::default().file("face", b"picture").text("is_document", "true");
            let answer = post(&customer, "/api-gateway/enroll/face", &[USER], form).await;
            insta::assert_json_snapshot!(format!("enroll_face_{what}_{name}"), seen(&customer, &answer));
        }
    }
}

#[tokio::test]
async fn enroll_voice_answers_as_recorded() {
    for (name, format) in FORMATS {
        for (what, state, outcome) in [
            ("partial", EnrollmentState::Partial, outcome(200, "")),
            ("strengthened", EnrollmentState::Strengthened, outcome(200, "")),
            ("refused", EnrollmentState::Refused, outcome(422, "another_person")),
        ] {
            let customer = customer(format).await;
            let good = state != EnrollmentState::Refused;
            customer.stage.set().voice = EnrollVoiceResponse {
                outcome,
                state: state.into(),
                measures: vec![measure("phrase", if good { 1.5 } else { 0.5 }), measure("snr", 2.0)],
                combined: if good { vec![measure("speech_seconds", 0.5)] } else { vec![] },
                spoken: Some(spoken("one two", 0.912_345)),
                duplicate: duplicate(),
                kept: 2,
                replay: None,
                stages: stages(),
            };
            let form = Form::default().file("voice", b"sound").text("phrase", "one two");
            let answer = post(&customer, "/api-gateway/enroll/voice", &[USER], form).await;
            insta::assert_json_snapshot!(format!("enroll_voice_{what}_{name}"), seen(&customer, &answer));
        }
    }
}

#[tokio::test]
async fn match_faces_answers_as_recorded() {
    for (name, format) in FORMATS {
        let faceless = MatchFacesResponse {
            outcome: outcome(461, "no_face"),
            anchor: outcome(461, "no_face"),
            target: outcome(200, ""),
            stages: stages(),
            ..MatchFacesResponse::default()
        };
        for (what, matched) in [("same", same_person()), ("faceless", faceless)] {
            let customer = customer(format).await;
            customer.stage.set().matched = matched;
            let form = Form::default().file("image", b"picture").file("video", b"video");
            let answer = post(&customer, "/api-gateway/match-faces", &[USER], form).await;
            insta::assert_json_snapshot!(format!("match_faces_{what}_{name}"), seen(&customer, &answer));
        }
    }
}

#[tokio::test]
async fn docauth_check_answers_as_recorded() {
    let unreadable = CheckDocumentResponse {
        document_type: DocumentType::IdentityCard.into(),
        cannot_judge: "too blurred".into(),
        fields: vec![DocumentField {
            name: "birth_date".into(),
            value: "1974-08-12".into(),
            source: FieldSource::Print.into(),
            confidence: 0.123_456,
        }],
        ..CheckDocumentResponse::default()
    };
    for (name, format) in FORMATS {
        for (what, document, mrz) in
            [("passport", passport(), "true"), ("unreadable", unreadable.clone(), "false")]
        {
            let customer = customer(format).await;
            let session = customer.session().await;
            {
                let mut stage = customer.stage.set();
                stage.document = Some(document);
                stage.last_video = Some(Ok(b"video".to_vec()));
                stage.last_video_liveness = Some(live(0.9));
                stage.matched = alike(0.97);
            }
            let headers = [USER, ("x-session-id", session.as_str()), ("x-inhouse-mrz", mrz)];
            let form = Form::default().file("document", b"png");
            let answer = post(&customer, "/api-gateway/docauth/check", &headers, form).await;
            insta::assert_json_snapshot!(format!("docauth_{what}_{name}"), seen(&customer, &answer));
        }
    }
}

#[tokio::test]
async fn refused_calls_answer_as_recorded() {
    let customer = customer("").await;
    let form = || Form::default().file("image", b"picture");
    let mut answers = Vec::new();
    for (path, headers, form) in [
        ("/api-gateway/process-video", &[][..], Form::video()),
        ("/api-gateway/process-video", &[USER][..], Form::video().text("trigger", &"x".repeat(200))),
        ("/api-gateway/match-faces", &[USER][..], form()),
        ("/api-gateway/match-faces", &[USER, ("x-use-prefilled-video", "true")][..], form()),
        (
            "/api-gateway/match-faces",
            &[USER, ("x-use-prefilled-video", "true")][..],
            form().file("video", b"v"),
        ),
        ("/api-gateway/enroll/face", &[USER][..], Form::default()),
        (
            "/api-gateway/enroll/face",
            &[USER][..],
            Form::default().file("face", b"p").text("is_document", "maybe"),
        ),
        ("/api-gateway/enroll/voice", &[USER][..], Form::default().file("voice", b"v")),
        ("/api-gateway/docauth/check", &[][..], Form::default().file("document", b"png")),
    ] {
        let answer = post(&customer, path, headers, form).await;
        answers.push(json!({ "path": path, "answer": seen(&customer, &answer) }));
    }
    customer.consents(ADA, false, true);
    let answer =
        post(&customer, "/api-gateway/enroll/face", &[USER], Form::default().file("face", b"p")).await;
    answers.push(json!({ "path": "/api-gateway/enroll/face", "answer": seen(&customer, &answer) }));
    insta::assert_json_snapshot!("refused_calls", answers);
}

/// An error body without the id of its call, which is another one each time.
fn without_id(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(id) = body.get_mut("request_id") {
        assert_eq!(id.as_str().map(str::len), Some(36), "{id}");
        *id = "<id>".into();
    }
    body
}

/// Error shapes and statuses of calls that reach no handler, per audience.
#[tokio::test]
async fn errors_outside_of_handlers_answer_as_recorded() {
    let customer = customer("").await;
    let mut answers = Vec::new();
    for path in [
        "/api-gateway/sessions/start",
        "/api-consent/consent",
        "/api-projects/public/apikeys",
        "/api-transactions/transactions",
        "/api-auth/me",
        "/nothing",
    ] {
        for (method, authorization) in [("GET", "Bearer x"), ("TRACE", "Bearer x"), ("POST", "none")] {
            let answer =
                customer.send(method, path, &[("authorization", authorization)], Body::empty()).await;
            let allow = answer.header("allow");
            answers.push(json!({ "method": method, "path": path, "status": answer.status.as_u16(),
                                 "body": without_id(&answer.body), "allow": allow }));
        }
        let large = "a".repeat(300 * 1024);
        let answer = customer.send("POST", path, &[("x-other", &large)], Body::empty()).await;
        let body = without_id(&answer.body);
        answers.push(json!({ "path": path, "status": answer.status.as_u16(), "body": body }));
    }
    insta::assert_json_snapshot!("errors_outside_of_handlers", answers);
}
