//! The second factor of a sign-in.

use super::*;

both_modes!(an_enabled_second_factor_is_required);

fn code(secret: &str, ahead: u64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret.as_bytes().to_vec()).build().unwrap();
    let now = boot::now_ms().unsigned_abs() / 1000;
    totp.generate(now + 30 * ahead).to_string()
}

async fn an_enabled_second_factor_is_required(world: &'static World) {
    let organisation = Organisation::new(world);
    let mut owner = organisation.owner().await;
    let begun = owner.send(Method::POST, "/api-auth/totp/begin", Some(json!({"password": PASSWORD}))).await;
    let secret = begun.body["secret"].as_str().unwrap().to_owned();
    let used = code(&secret, 0);
    let confirmed = owner.send(Method::POST, "/api-auth/totp/confirm", Some(json!({"code": used}))).await;
    let codes = confirmed.body["recovery_codes"].as_array().unwrap().clone();
    assert_eq!(codes.len(), 10);
    let email = organisation.email("owner");
    assert_eq!(owner.sign_in(&email, PASSWORD).await.body["status"], "second_factor");
    assert_eq!(owner.get("/api-auth/me").await.error(), "second factor required");
    assert_eq!(owner.get("/api-transactions/transactions").await.status, 401);
    let replayed = owner.enter("/api-auth/second-factor", json!({"code": used})).await;
    assert_eq!(replayed.error(), "this code is wrong or was already used");
    let half = owner.cookie.clone();
    let entered = owner.enter("/api-auth/second-factor", json!({"code": code(&secret, 1)})).await;
    assert_eq!(entered.body["status"], "signed_in");
    assert_ne!(owner.cookie, half);
    owner.sign_in(&email, PASSWORD).await;
    assert_eq!(
        owner.enter("/api-auth/second-factor", json!({"code": codes[0]})).await.body["status"],
        "signed_in"
    );
    owner.sign_in(&email, PASSWORD).await;
    assert_eq!(owner.enter("/api-auth/second-factor", json!({"code": codes[0]})).await.status, 401);
}
