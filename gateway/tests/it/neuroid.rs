//! NeuroID, by the acceptance cases of its contract.

use axum::{
    body::Body,
    http::{Request, header},
};
use proto::{
    docauth::{CheckDocumentResponse, MrzReading},
    ml::{ComparePicturesResponse, EnrollPrintResponse, PrintState, VerifyPrintResponse},
    projects::{ApiKeyState, DialectSetting},
    transactions::Verdict,
};
use serde_json::{Value, json};

use crate::{
    customer::{Answer, Customer, Form},
    documents::passport,
    fakes::{KEY, outcome},
};

const NUMBER: &str = "923001234567";
const USER: &str = "tel:923001234567";

/// A customer whose project has switched NeuroID on; every step would pass.
async fn customer(consent: &str) -> Customer {
    let customer = Customer::new().await;
    {
        let mut stage = customer.stage.set();
        let setting = DialectSetting { name: "neuroid".into(), consent: consent.into() };
        stage.keys.get_mut(KEY).unwrap().dialects = vec![setting];
        stage.print_enrolled =
            EnrollPrintResponse { state: PrintState::Enrolled.into(), ..Default::default() };
        stage.print_verified =
            VerifyPrintResponse { enrolled: true, score: 120, matched: true, ..Default::default() };
        stage.pictures_alike = alike(true, 0.7);
        stage.document = Some(passport());
    }
    customer
}

fn alike(matched: bool, score: f64) -> ComparePicturesResponse {
    let (first, second) = (outcome(200, ""), outcome(200, ""));
    ComparePicturesResponse { outcome: outcome(200, ""), first, second, matched, score, ..Default::default() }
}

fn whole(number: &str) -> Form {
    let form = Form::default().text("mobile_number", number).file("fingerprint", b"picture f");
    form.file("selfie", b"picture s").file("id_card", b"picture c")
}

async fn post(customer: &Customer, path: &str, form: Form) -> Answer {
    customer.post(path, &[("content-type", Form::TYPE)], form.end()).await
}

async fn verify(customer: &Customer) -> Answer {
    post(customer, "/v2/verify", whole(NUMBER)).await
}

fn print_form() -> Form {
    Form::default().text("mobile_number", NUMBER).file("file", b"picture f")
}

#[tokio::test]
async fn case_01_an_enrolled_holder_passes_every_step() {
    let customer = customer("attested").await;
    let enrolled = post(&customer, "/v2/enroll-fp", print_form()).await;
    assert_eq!(
        (enrolled.status.as_u16(), &enrolled.body),
        (200, &json!({"status": "SUCCESS", "message": "Fingerprint enrolled"}))
    );
    let verified = verify(&customer).await;
    let limits = "read from a photograph: it shows what is printed, not that the card is genuine";
    let score = verified.body["details"]["id_card"]["verification_score"].as_f64().unwrap();
    assert!((0.5..=1.0).contains(&score), "{score}");
    let expected = json!({
        "status": "SUCCESS", "message": "All verification checks passed successfully.",
        "details": {
            "fingerprint": {"status": "SUCCESS", "mobile_number": NUMBER, "score": 0.25, "message": "Identity verified"},
            "face_match": {"status": "SUCCESS", "score": 0.7746, "message": "Faces match"},
            "id_card": {"status": "SUCCESS", "verification_score": score, "feature_detected": "mrz",
                        "message": "Valid ID", "limits": limits},
        },
    });
    assert_eq!((verified.status.as_u16(), &verified.body), (200, &expected));
    let record = customer.last_record();
    assert_eq!((record.kind.as_str(), record.user_fullname.as_deref()), ("neuroid.verify", Some(USER)));
    assert_eq!(record.verdict(), Verdict::Pass);
    assert_eq!(record.reasons, ["fingerprint_matched", "faces_matched", "card_accepted"]);
    let stage = customer.stage.set();
    // The project declared both consents once, and no picture was kept.
    let entries: Vec<_> = stage.consent_entries.iter().map(|e| (e.kind, e.given, e.basis.as_str())).collect();
    assert_eq!(entries, [(1, true, "attested"), (2, true, "attested")]);
    assert!(stage.samples.is_empty());
}

#[tokio::test]
async fn case_02_another_finger_ends_it_before_the_other_steps() {
    let customer = customer("attested").await;
    customer.stage.set().print_verified =
        VerifyPrintResponse { enrolled: true, score: 12, ..Default::default() };
    let rejected = verify(&customer).await;
    let score = rejected.body["score"].as_f64().unwrap();
    assert!(score > 0.5);
    let expected = json!({"step": "fingerprint", "status": "REJECTED", "score": score,
                          "message": "No match found (score too low)"});
    assert_eq!((rejected.status.as_u16(), &rejected.body), (200, &expected));
    let stage = customer.stage.set();
    assert!(stage.compared.is_empty() && stage.documents.is_empty());
}

#[tokio::test]
async fn case_03_another_face_is_rejected() {
    let customer = customer("attested").await;
    customer.stage.set().pictures_alike = alike(false, 0.1);
    let expected =
        json!({"step": "face_match", "status": "REJECTED", "score": 1.3416, "message": "Faces do not match"});
    assert_eq!(verify(&customer).await.body, expected);
    assert!(customer.stage.set().documents.is_empty());
    assert_eq!(customer.last_record().verdict(), Verdict::Fail);
}

#[tokio::test]
async fn case_04_a_selfie_without_a_face_has_no_score() {
    let customer = customer("attested").await;
    let faceless = ComparePicturesResponse { first: outcome(461, "no_face"), ..alike(false, 0.0) };
    customer.stage.set().pictures_alike = faceless;
    let expected =
        json!({"step": "face_match", "status": "REJECTED", "message": "No face detected in selfie"});
    assert_eq!(verify(&customer).await.body, expected);
}

#[tokio::test]
async fn case_05_a_card_without_a_feature_has_a_reason() {
    let customer = customer("attested").await;
    customer.stage.set().document = Some(CheckDocumentResponse { mrz: None, ..passport() });
    let reason = "Security feature not detected. Please ensure good lighting and no glare.";
    let expected = json!({"step": "id_card_check", "status": "REJECTED", "reason": reason});
    assert_eq!(verify(&customer).await.body, expected);
    // Wrong check digits are reported as such.
    let mrz = Some(MrzReading { check_digits_valid: false, ..passport().mrz.unwrap() });
    customer.stage.set().document = Some(CheckDocumentResponse { mrz, ..passport() });
    let reason = "The check digits of the machine readable zone are wrong.";
    assert_eq!(verify(&customer).await.body["reason"], reason);
}

#[tokio::test]
async fn case_06_text_as_a_picture_is_refused_before_any_step() {
    let customer = customer("attested").await;
    let form = |selfie: &[u8], card: &[u8]| {
        let form = Form::default().text("mobile_number", NUMBER).file("fingerprint", b"picture f");
        form.file("selfie", selfie).file("id_card", card)
    };
    let one = post(&customer, "/v2/verify", form(b"text", b"picture")).await;
    assert_eq!((one.status.as_u16(), &one.body), (400, &json!({"detail": "Invalid image"})));
    let two = post(&customer, "/v2/verify", form(b"text", b"")).await;
    assert_eq!((two.status.as_u16(), &two.body), (400, &json!({"detail": "Invalid image(s)"})));
    assert!(customer.stage.set().prints.is_empty());
}

#[tokio::test]
async fn case_07_missing_fields_are_named_by_their_place() {
    let customer = customer("attested").await;
    let missing = |name: &str| json!({"type": "missing", "loc": ["body", name], "msg": "Field required", "input": null});
    let form = Form::default().text("mobile_number", NUMBER).file("selfie", b"picture");
    let answer = post(&customer, "/v2/verify", form).await;
    let expected = json!({"detail": [missing("fingerprint"), missing("id_card")]});
    assert_eq!((answer.status.as_u16(), &answer.body), (422, &expected));
    let nothing = post(&customer, "/v2/enroll-fp", Form::default()).await;
    assert_eq!(nothing.body, json!({"detail": [missing("mobile_number"), missing("file")]}));
    assert_eq!(customer.last_record().http_status, 422);
    let json = customer.post("/v2/verify", &[("content-type", "application/json")], "{}").await;
    assert_eq!((json.status.as_u16(), json.body["detail"].is_string()), (422, true));
}

#[tokio::test]
async fn case_08_a_number_nobody_enrolled_has_no_score() {
    let customer = customer("attested").await;
    customer.stage.set().print_verified = VerifyPrintResponse::default();
    let expected = json!({"step": "fingerprint", "status": "REJECTED",
                          "message": "No fingerprint enrolled for this mobile number"});
    assert_eq!(verify(&customer).await.body, expected);
}

#[tokio::test]
async fn case_09_no_wrong_and_revoked_tokens() {
    let customer = customer("attested").await;
    let call = async |authorization: Option<&str>| {
        let mut request = Request::post("/v2/verify").header(header::CONTENT_TYPE, Form::TYPE);
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let answer = customer.raw(request.body(Body::from(whole(NUMBER).end())).unwrap()).await;
        (answer.status.as_u16(), answer.body["detail"].as_str().unwrap().to_owned())
    };
    assert_eq!(call(None).await, (401, "Not authenticated".into()));
    assert_eq!(call(Some("Bearer nonsense")).await, (401, "Invalid token".into()));
    let bearer = format!("Bearer {}", customer.key);
    customer.stage.set().keys.get_mut(KEY).unwrap().key_dialects = vec!["idv".into()];
    assert_eq!(call(Some(&bearer)).await, (401, "Invalid token".into()), "a key of another API");
    customer.stage.set().keys.get_mut(KEY).unwrap().key_dialects.clear();
    customer.stage.set().keys.get_mut(KEY).unwrap().set_state(ApiKeyState::Revoked);
    assert_eq!(call(Some(&bearer)).await, (403, "Token is not active".into()));
    assert!(customer.stage.set().prints.is_empty());
}

#[tokio::test]
async fn case_10_a_blank_print_is_refused_with_the_reason() {
    let customer = customer("attested").await;
    customer.stage.set().print_enrolled = EnrollPrintResponse {
        state: PrintState::Refused.into(),
        reason: "no_ridges".into(),
        description: "the picture shows no fingerprint ridges".into(),
        minutiae: 0,
    };
    let refused = post(&customer, "/v2/enroll-fp", print_form()).await;
    let message = "Fingerprint quality too low: the picture shows no fingerprint ridges";
    assert_eq!(
        (refused.status.as_u16(), &refused.body),
        (200, &json!({"status": "REJECTED", "message": message}))
    );
    assert_eq!(customer.last_record().reasons, ["no_ridges"]);
}

#[tokio::test]
async fn case_11_another_finger_cannot_be_enrolled() {
    let customer = customer("attested").await;
    customer.stage.set().print_enrolled.set_state(PrintState::OtherFinger);
    let refused = post(&customer, "/v2/enroll-fp", print_form()).await;
    let message = "Mobile number is enrolled with another fingerprint";
    assert_eq!(refused.body, json!({"status": "REJECTED", "message": message}));
}

#[tokio::test]
async fn case_12_a_leading_plus_is_dropped_and_letters_are_refused() {
    let customer = customer("attested").await;
    post(&customer, "/v2/verify", whole("+923001234567")).await;
    assert_eq!(customer.stage.set().prints[0].1.user_fullname, USER);
    let refused = post(&customer, "/v2/verify", whole("abc")).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.body["detail"][0]["loc"], json!(["body", "mobile_number"]));
}

#[tokio::test]
async fn case_13_the_single_endpoints_agree_with_the_whole() {
    let customer = customer("attested").await;
    let details = verify(&customer).await.body["details"].clone();
    let print = post(&customer, "/v2/verify-fp", print_form()).await;
    let faces = Form::default().file("selfie", b"picture s").file("id_card", b"picture c");
    let faces = post(&customer, "/v2/match-faces", faces).await;
    let card = post(&customer, "/neuroid/v1/verify", Form::default().file("id_card", b"picture c")).await;
    assert_eq!(
        [&print.body, &faces.body, &card.body],
        [&details["fingerprint"], &details["face_match"], &details["id_card"]]
    );
    let kinds: Vec<_> = customer.stage.set().records.iter().map(|record| record.kind.clone()).collect();
    assert_eq!(kinds, ["neuroid.verify", "neuroid.verify_fp", "neuroid.match_faces", "neuroid.verify_card"]);
}

#[tokio::test]
async fn without_consent_nobody_is_compared_and_a_withdrawal_always_counts() {
    let required = json!({"detail": "Consent required"});
    let ledger = customer("ledger").await;
    for (path, form) in [
        ("/v2/verify", whole(NUMBER)),
        ("/v2/enroll-fp", print_form()),
        ("/v2/verify-fp", print_form()),
        ("/v2/match-faces", Form::default().file("selfie", b"picture").file("id_card", b"picture")),
        ("/v1/verify", Form::default().file("file", b"picture")),
    ] {
        let refused = post(&ledger, path, form).await;
        assert_eq!((refused.status.as_u16(), &refused.body), (403, &required), "{path}");
    }
    assert!(ledger.stage.set().consent_entries.is_empty() && ledger.stage.set().prints.is_empty());
    ledger.consents(USER, true, false);
    assert_eq!(verify(&ledger).await.body["status"], "SUCCESS");
    assert_eq!(post(&ledger, "/v2/enroll-fp", print_form()).await.body, required);

    let withdrawn = customer("attested").await;
    withdrawn.consents(USER, false, true);
    assert_eq!(verify(&withdrawn).await.body, required);
    assert!(withdrawn.stage.set().consent_entries.is_empty());
}

#[tokio::test]
async fn a_project_that_has_not_switched_it_on_has_no_such_routes() {
    let customer = Customer::new().await;
    for path in ["/v2/verify", "/neuroid/v2/enroll-fp", "/neuroid/nothing"] {
        let answer = post(&customer, path, whole(NUMBER)).await;
        assert_eq!((answer.status.as_u16(), &answer.body), (404, &json!({"detail": "Not Found"})), "{path}");
    }
    assert!(customer.stage.set().records.is_empty());
    let wrong_method = customer.get("/v2/verify").await;
    assert_eq!(
        (wrong_method.status.as_u16(), &wrong_method.body),
        (405, &json!({"detail": "method not allowed"}))
    );
    // A key for other APIs does not open this server's own.
    customer.stage.set().keys.get_mut(KEY).unwrap().key_dialects = vec!["neuroid".into()];
    assert_eq!(customer.post("/api-gateway/sessions/start", &[], "").await.error(), (401, "invalid api key"));
}

#[tokio::test]
async fn too_large_a_picture_is_413() {
    let customer = customer("attested").await;
    let form = Form::default().text("mobile_number", NUMBER).file("file", &vec![0; 51 * 1024 * 1024]);
    let answer = post(&customer, "/v2/enroll-fp", form).await;
    let expected: Value = json!({"detail": "file size exceeds 50MB"});
    assert_eq!((answer.status.as_u16(), &answer.body), (413, &expected));
}

#[tokio::test]
async fn the_digits_of_a_score_require_the_permission_to_read_similarities() {
    let customer = customer("attested").await;
    for (score, exact, coarse) in [(57, 0.4124, 0.5), (39, 0.5063, 0.6667)] {
        customer.stage.set().print_verified =
            VerifyPrintResponse { enrolled: true, score, matched: score >= 40, ..Default::default() };
        for (scopes, shown) in [(&["capture", "similarity.read"][..], exact), (&["capture"][..], coarse)] {
            customer.stage.give_scopes(scopes);
            let answer = post(&customer, "/v2/verify-fp", print_form()).await;
            assert_eq!(answer.body["score"], shown, "{score} {scopes:?}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn case_14_an_erased_number_is_enrolled_no_more() {
    let customer = customer("attested").await;
    customer.stage.administer();
    let enrolled = post(&customer, "/v2/enroll-fp", print_form()).await;
    assert_eq!(enrolled.body["status"], "SUCCESS", "{}", enrolled.body);
    let erased = customer.send("DELETE", &format!("/api-projects/subjects/{USER}"), &[], "").await;
    assert_eq!(erased.status, 200, "{}", erased.body);
    let asked = customer.stage.set().erased.clone();
    assert!(asked.iter().any(|(service, subject)| *service == "ml" && subject.user_fullname == USER));
    // As the models answer then; the whole system is tried with real prints in `tests/it/dialects.rs`.
    customer.stage.set().print_verified = VerifyPrintResponse::default();
    let gone = post(&customer, "/v2/verify-fp", print_form()).await;
    assert_eq!(gone.body["message"], "No fingerprint enrolled for this mobile number", "{}", gone.body);
}
