//! The token of an API key: what it says, who can verify it, and that nothing else verifies.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use proto::projects::{RotateSigningKeyRequest, SignSessionTokenRequest, VerificationKey};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::{Service, on_each_database};

/// What a verifier with nothing but the public keys makes of `token`.
pub fn verify(token: &str, keys: &[VerificationKey]) -> Option<Value> {
    let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
    let key = keys.iter().find(|key| key.kid == kid)?;
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    jsonwebtoken::decode(token, &DecodingKey::from_ed_der(&key.public_key), &rules)
        .ok()
        .map(|token| token.claims)
}

fn encode(part: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

#[tokio::test]
async fn a_token_says_which_key_it_is_and_never_expires() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let claims = verify(&made.api_key, &service.verification_keys().await).expect("it verifies");
        assert_eq!(claims["id"], made.api_key_id);
        assert_eq!(claims["project_id"], made.project_id);
        assert_eq!(claims["can_mint"], true);
        assert_eq!(claims["selected_services"].as_array().unwrap().len(), 5);
        assert!(claims["iat"].is_i64());
        assert!(claims.get("exp").is_none() && claims.get("scores_id").is_none(), "{claims}");
        let header = decode(made.api_key.split('.').next().unwrap());
        assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("JWT")));
    })
    .await;
}

#[tokio::test]
async fn a_session_token_names_one_session_ends_soon_and_is_no_api_key() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let ask = |project: &str, seconds: u32| SignSessionTokenRequest {
            project_id: project.into(),
            api_key_id: made.api_key_id.clone(),
            session_id: "sess_1".into(),
            lifetime_seconds: seconds,
            purpose: 0,
        };
        let signed =
            service.client.sign_session_token(ask(&made.project_id, 600)).await.unwrap().into_inner();
        let claims = verify(&signed.jwt, &service.verification_keys().await).expect("it verifies");
        assert_eq!((&claims["id"], &claims["session_id"]), (&json!(made.api_key_id), &json!("sess_1")));
        let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        assert_eq!((exp - iat, signed.expires_at_ms), (600, exp * 1000));
        let header = decode(signed.jwt.split('.').next().unwrap());
        assert_eq!(header["typ"], "session-token+jwt");

        let of_record = |seconds| SignSessionTokenRequest {
            purpose: proto::projects::TokenPurpose::Registration.into(),
            ..ask(&made.project_id, seconds)
        };
        let record = service.client.sign_session_token(of_record(7200)).await.unwrap().into_inner();
        let header = decode(record.jwt.split('.').next().unwrap());
        assert_eq!(header["typ"], "app-registration+jwt", "it is never taken for a session's");
        assert!(service.client.sign_session_token(of_record(7201)).await.is_err());

        for seconds in [0, 3601] {
            let refused =
                service.client.sign_session_token(ask(&made.project_id, seconds)).await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::InvalidArgument);
        }
        let other = service.bootstrap().await.project_id;
        let refused = service.client.sign_session_token(ask(&other, 600)).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::NotFound, "a key of another project");
    })
    .await;
}

#[tokio::test]
async fn forged_tokens_do_not_verify() {
    on_each_database(async |mut service: Service| {
        let token = service.bootstrap().await.api_key;
        let keys = service.verification_keys().await;
        let [header, claims, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        let with = |part: &str, field: &str, value: Value| {
            let mut part = decode(part);
            part[field] = value;
            encode(&part)
        };
        let kid = keys[0].kid.clone();
        // The oldest trick: the public key taken for a shared secret.
        let hs256 = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
        let confused =
            jsonwebtoken::encode(&hs256, &decode(claims), &EncodingKey::from_secret(&keys[0].public_key));
        let foreign = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
        let eddsa = Header { kid: Some(kid), ..Header::new(Algorithm::EdDSA) };
        let foreign =
            jsonwebtoken::encode(&eddsa, &decode(claims), &EncodingKey::from_ed_der(foreign.as_ref()));
        let forged = [
            ("alg none", format!("{}.{claims}.", with(header, "alg", json!("none")))),
            (
                "alg none, signature kept",
                format!("{}.{claims}.{signature}", with(header, "alg", json!("none"))),
            ),
            ("another algorithm", format!("{}.{claims}.{signature}", with(header, "alg", json!("HS256")))),
            ("the public key as a secret", confused.unwrap()),
            ("a foreign key", foreign.unwrap()),
            ("an unknown kid", format!("{}.{claims}.{signature}", with(header, "kid", json!("other")))),
            (
                "another project",
                format!("{header}.{}.{signature}", with(claims, "project_id", json!("other"))),
            ),
            ("another key", format!("{header}.{}.{signature}", with(claims, "id", json!("other")))),
            ("a cut signature", token[..token.len() - 2].to_owned()),
        ];
        for (what, token) in forged {
            assert_eq!(verify(&token, &keys), None, "{what}");
        }
        assert!(verify(&token, &keys).is_some(), "the true one still does");
    })
    .await;
}

#[tokio::test]
async fn rotation_signs_with_the_new_key_and_old_tokens_stay_valid() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let rotated =
            service.client.rotate_signing_key(RotateSigningKeyRequest {}).await.unwrap().into_inner();
        let keys = service.verification_keys().await;
        assert_eq!(keys.last(), Some(&rotated));
        assert!(verify(&made.api_key, &keys).is_some());

        let fresh = service.create_key(&made.project_id, |_| {}).await.unwrap();
        assert_eq!(jsonwebtoken::decode_header(&fresh.jwt).unwrap().kid, Some(rotated.kid));
        assert!(verify(&fresh.jwt, &keys).is_some());
    })
    .await;
}

#[tokio::test]
async fn processes_share_one_signing_key_and_a_restart_keeps_it() {
    on_each_database(async |mut first: Service| {
        let mut second = Service::open(first.db.clone()).await;
        assert_eq!(first.verification_keys().await, second.verification_keys().await);
        assert_eq!(first.verification_keys().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn processes_that_start_together_agree_on_one_signing_key() {
    testkit::each_config(async |db| {
        let starts = (0..4).map(|_| tokio::spawn(Service::open(db.clone())));
        let mut services = Vec::new();
        for start in starts.collect::<Vec<_>>() {
            services.push(start.await.unwrap());
        }
        for service in &mut services {
            assert_eq!(service.verification_keys().await.len(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn another_master_key_is_refused_at_start() {
    on_each_database(async |service: Service| {
        let refused = Service::try_open(service.db.clone(), &"08".repeat(32)).await;
        let reason = format!("{:#}", refused.err().expect("it does not start"));
        assert!(reason.contains("is not the one these tables were written under"), "{reason}");
        assert!(!reason.contains('\n'), "an operator reads one line: {reason}");
    })
    .await;
}

/// Reads the file itself: neither a private key nor a token may be found in it.
#[tokio::test]
async fn the_database_holds_no_private_key_and_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let config = db::Config::sqlite(&folder.path().join("projects.db"));
    let path = config.url.expose_secret().trim_start_matches("sqlite://").to_owned();
    let mut service = Service::open(config).await;
    let made = service.bootstrap().await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(made.api_key_id.as_bytes()), "the key's row is there");
    for part in made.api_key.split('.') {
        assert!(!holds(part.as_bytes()), "a part of the token is there");
    }
    // Every PKCS#8 Ed25519 private key starts so (RFC 8410).
    assert!(!holds(b"\x06\x03\x2b\x65\x70\x04\x22\x04\x20"), "a private key is there");
}
