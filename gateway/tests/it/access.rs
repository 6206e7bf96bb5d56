//! Who may call.

use axum::{
    body::Body,
    http::{Request, header},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proto::projects::ApiKeyState;
use serde_json::json;

use crate::{
    customer::{Answer, Customer},
    fakes::{KEY, PROJECT, authorization},
};

async fn start(customer: &Customer, authorization: Option<&str>) -> Answer {
    let mut request = Request::post("/api-gateway/sessions/start");
    if let Some(value) = authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    customer.raw(request.body(Body::empty()).unwrap()).await
}

async fn start_with(customer: &Customer, token: &str) -> Answer {
    start(customer, Some(&format!("Bearer {token}"))).await
}

#[tokio::test]
async fn a_key_of_the_project_is_accepted() {
    let customer = Customer::new().await;
    assert_eq!(start_with(&customer, &customer.key).await.status, 200);
}

#[tokio::test]
async fn without_a_key_calls_are_rejected_and_not_recorded() {
    let customer = Customer::new().await;
    assert_eq!(start(&customer, None).await.error(), (401, "missing authorization token"));
    assert_eq!(start(&customer, Some("Basic abc")).await.error(), (401, "invalid api key format"));
    assert_eq!(start(&customer, Some(&customer.key)).await.error(), (401, "invalid api key format"));
    assert!(customer.stage.set().records.is_empty());
}

#[tokio::test]
async fn tokens_not_signed_by_a_published_key_are_rejected() {
    let customer = Customer::new().await;
    let other = Customer::new().await;
    let mut parts = customer.key.split('.');
    let (header, claims, signature) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let hs256 = {
        let header = Header { kid: Some("kid-1".into()), ..Header::new(Algorithm::HS256) };
        // The classic forgery: the public key used as a shared secret.
        let secret = customer.stage.set().published[0].public_key.clone();
        let claims = json!({"id": KEY, "project_id": PROJECT});
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap()
    };
    // {"alg":"none","typ":"JWT","kid":"kid-1"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoia2lkLTEifQ";
    let tampered = {
        let elsewhere = customer.stage.sign("kid-1", &json!({"id": KEY, "project_id": "project-2"}));
        elsewhere.split('.').nth(1).unwrap().to_owned()
    };
    let forged = [
        hs256,
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{header}.{tampered}.{signature}"),
        format!("{header}.{claims}."),
        other.key.clone(),
        other.stage.sign("kid-1", &json!({"id": KEY, "project_id": PROJECT})),
        "..".into(),
        "garbage".into(),
        "a".repeat(10_000),
    ];
    for token in forged {
        assert_eq!(start_with(&customer, &token).await.error(), (401, "invalid api key"), "{token}");
    }
    assert!(customer.stage.set().records.is_empty());
}

#[tokio::test]
async fn a_signed_token_without_our_claims_or_of_an_unknown_key_is_refused() {
    let customer = Customer::new().await;
    let strange = customer.stage.sign("kid-1", &json!({"sub": "somebody"}));
    assert_eq!(start_with(&customer, &strange).await.error(), (401, "invalid api key"));
    let unknown = customer.stage.token("kid-1", "key-2");
    assert_eq!(start_with(&customer, &unknown).await.error(), (401, "invalid api key"));
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_its_next_call() {
    let customer = Customer::new().await;
    assert_eq!(start_with(&customer, &customer.key).await.status, 200);
    let revoked = proto::projects::Authorization { state: ApiKeyState::Revoked.into(), ..authorization() };
    customer.stage.set().keys.insert(KEY.into(), revoked);
    assert_eq!(start_with(&customer, &customer.key).await.error(), (403, "api key is not active"));
}

#[tokio::test]
async fn a_key_signed_after_a_rotation_works_at_once_and_the_old_one_still_does() {
    let customer = Customer::new().await;
    assert_eq!(start_with(&customer, &customer.key).await.status, 200);
    customer.stage.add_signing_key("kid-2");
    let newer = customer.stage.token("kid-2", KEY);
    assert_eq!(start_with(&customer, &newer).await.status, 200);
    assert_eq!(start_with(&customer, &customer.key).await.status, 200);
    assert_eq!(customer.stage.set().key_fetches, 2, "the keys are fetched at need only");
}

#[tokio::test]
async fn made_up_key_ids_do_not_flood_the_projects_service() {
    let customer = Customer::new().await;
    let foreign = Customer::new().await;
    let forged: Vec<_> = (0..50)
        .map(|n| {
            foreign.stage.add_signing_key(&format!("made-up-{n}"));
            foreign.stage.token(&format!("made-up-{n}"), KEY)
        })
        .collect();
    let refused = futures::future::join_all(forged.iter().map(|token| start_with(&customer, token))).await;
    assert!(refused.iter().all(|answer| answer.status == 401));
    let fetches = customer.stage.set().key_fetches;
    assert!(fetches <= 2, "{fetches} fetches for 50 forged tokens");
}

#[tokio::test]
async fn without_verification_keys_the_caller_gets_retry_after() {
    let customer = Customer::new().await;
    customer.stage.set().projects_down = true;
    let refused = start_with(&customer, &customer.key).await;
    assert_eq!(refused.error(), (503, "the service is not available, try again shortly"));
    assert!(refused.header("retry-after").is_some());
}
