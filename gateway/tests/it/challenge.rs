//! Phrases the server chooses.

use proto::{
    Word,
    ml::Service,
    projects::{ChallengePhrase, ChallengeRule, VideoSettings},
};
use serde_json::json;

use crate::{
    customer::{ADA, Customer, Form},
    fakes::{KEY, authorization},
    process_video::genuine,
};

const USER: (&str, &str) = ("x-user-fullname", ADA);

async fn customer(challenge: &str, phrase: &str) -> Customer {
    let customer = Customer::new().await;
    let mut stage = customer.stage.set();
    stage.seen = Some(Ok(genuine()));
    let video = VideoSettings {
        challenge: ChallengeRule::from_word(challenge).unwrap().into(),
        challenge_phrase: ChallengePhrase::from_word(phrase).unwrap().into(),
        ..VideoSettings::default()
    };
    stage.keys.insert(KEY.into(), proto::projects::Authorization { video: Some(video), ..authorization() });
    drop(stage);
    customer.consents(ADA, true, true);
    customer
}

fn without_phrase() -> Form {
    Form::default().file("video", b"the bytes of a video")
}

fn evidence(customer: &Customer) -> serde_json::Value {
    serde_json::from_str(&customer.last_record().evidence_json.unwrap()).unwrap()
}

#[tokio::test]
async fn a_session_with_a_challenge_takes_its_phrase_once() {
    let customer = customer("optional", "digits").await;
    let started = customer.post("/api-gateway/sessions/start?challenge=true", &[USER], "").await;
    let session = started.body["data"].as_str().unwrap().to_owned();
    let challenge = &started.body["challenge"];
    assert_eq!((&challenge["phrase"], &challenge["vocabulary"]), (&json!("four two"), &json!("en_digits")));
    assert_eq!(customer.stage.set().sessions[&session].user.as_deref(), Some(ADA), "bound to the user");

    let headers = [USER, ("x-session-id", session.as_str())];
    let other = customer.video(&headers, Form::video()).await;
    assert_eq!(other.error(), (400, "phrase is not the one of this session's challenge"));
    assert!(customer.stage.set().analyzed.is_empty(), "no model looked at it");

    let answered = customer.video(&headers, without_phrase()).await;
    assert_eq!(answered.status, 200, "{}", answered.body);
    let asked = customer.stage.set().analyzed[0].0.clone();
    assert_eq!((asked.phrase.as_str(), asked.vocabulary.as_str()), ("four two", "en_digits"));
    assert!(asked.services.contains(&Service::VisualSpeech.into()));
    assert_eq!(evidence(&customer)["challenge"], "challenge_answered");

    assert_eq!(customer.video(&headers, without_phrase()).await.status, 409, "used up");
    assert_eq!(customer.stage.set().analyzed.len(), 1);
    let again = customer.post(&format!("/api-gateway/sessions/{session}/challenge"), &[], "").await;
    assert_eq!((again.status.as_u16(), &again.body["data"]["phrase"]), (200, &json!("four two")));
    assert_eq!(customer.video(&headers, without_phrase()).await.status, 200);
}

#[tokio::test]
async fn without_a_challenge_the_evidence_says_so_unless_one_is_required() {
    let optional = customer("optional", "digits").await;
    assert_eq!(optional.video(&[USER], Form::video()).await.status, 200);
    assert_eq!(evidence(&optional)["challenge"], "challenge_missing");
    let session = optional.session().await;
    let headers = [USER, ("x-session-id", session.as_str())];
    let without = optional.video(&headers, without_phrase()).await;
    assert_eq!(without.error(), (400, "'phrase' form value is required"));

    let required = customer("required", "words").await;
    let refused = required.video(&[USER], Form::video()).await;
    assert_eq!(refused.status, 409);
    assert!(refused.error().1.starts_with("this project requires a challenge"), "{}", refused.body);
    assert!(required.stage.set().analyzed.is_empty());
    let session = required.session().await;
    let issued = required.post(&format!("/api-gateway/sessions/{session}/challenge"), &[USER], "").await;
    assert_eq!(issued.body["data"]["phrase"], "velvet copper");
    let headers = [USER, ("x-session-id", session.as_str())];
    assert_eq!(required.video(&headers, without_phrase()).await.status, 200);
}
