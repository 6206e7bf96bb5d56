//! The documented answer of a document check.

use proto::docauth::{CheckDocumentResponse, CheckOutcome, DocumentCheck, DocumentField, MrzReading};
use serde_json::{Value, json};

use crate::customer::{ADA, Answer, Customer, Form};

const USER: (&str, &str) = ("x-user-fullname", ADA);

fn check(name: &str, outcome: CheckOutcome) -> DocumentCheck {
    DocumentCheck { name: name.into(), outcome: outcome.into(), advisory: false, evidence: "as read".into() }
}

fn field(name: &str, value: &str) -> DocumentField {
    DocumentField { name: name.into(), value: value.into(), source: "mrz".into(), confidence: 1.0 }
}

/// A passport on which everything is right.
fn passport() -> CheckDocumentResponse {
    CheckDocumentResponse {
        document_type: "passport".into(),
        fields: vec![field("last_name", "LIND"), field("expiry_date", "2030-04-15")],
        checks: vec![
            check("mrz_check_digits", CheckOutcome::Passed),
            check("not_expired", CheckOutcome::Passed),
        ],
        mrz: Some(MrzReading {
            format: "TD3".into(),
            lines: vec!["P<SWE".into(), "AB1".into()],
            check_digits_valid: true,
            fields_match: true,
            discrepancies: Vec::new(),
        }),
        portrait: vec![0xff, 0xd8].into(),
        provider: "inhouse".into(),
        ..CheckDocumentResponse::default()
    }
}

async fn sent(customer: &Customer, headers: &[(&str, &str)]) -> Answer {
    let form = Form::default().file("document", b"png").end();
    let headers: Vec<_> = [USER, ("content-type", Form::TYPE)].iter().chain(headers).copied().collect();
    customer.post("/api-gateway/docauth/check", &headers, form).await
}

async fn answered(document: CheckDocumentResponse, headers: &[(&str, &str)]) -> (Customer, Answer) {
    let customer = Customer::new().await;
    customer.stage.set().document = Some(document);
    let answer = sent(&customer, headers).await;
    (customer, answer)
}

#[tokio::test]
async fn every_documented_key_is_there_whatever_was_read() {
    let (_, answer) = answered(CheckDocumentResponse::default(), &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for key in [
        "document_type",
        "country_code",
        "nationality_code",
        "nationality_name",
        "sex",
        "first_name",
        "father_name",
        "last_name",
        "expiry_date",
        "document_number",
        "birth_date",
        "portrait_photo",
        "signature",
        "document_category",
        "issuing_state",
        "front_document_type_id",
        "face_image_base64",
    ] {
        assert_eq!(answer.body["data"][key], "", "{key}");
    }
    let data = answer.body["data"].as_object().unwrap();
    assert!(data.contains_key("contains_rfid") && data.contains_key("mrz_validation"));
    assert_eq!(data["errors"], json!([]));
    assert_eq!(data["current_result"], "Failed");
    assert_eq!(answer.body["scoring_result"]["status"], "refer");
    assert_eq!(answer.body["decision_reasons"], json!(["nothing_decisive"]));
}

#[tokio::test]
async fn a_right_passport_passes_and_its_picture_is_strict_base64() {
    let (customer, answer) = answered(passport(), &[("x-inhouse-mrz", "true")]).await;
    let data = &answer.body["data"];
    assert_eq!((&data["current_result"], &data["last_name"]), (&json!("Passed"), &json!("LIND")));
    assert_eq!((&data["portrait_photo"], &data["document_category"]), (&json!("/9g="), &json!("travel")));
    assert_eq!(
        data["mrz_validation"],
        json!({ "has_mrz": true, "format": "TD3", "raw_mrz": "P<SWE\nAB1", "check_digits_valid": true,
                "fields_match": true, "discrepancies": [], "validation_performed": true })
    );
    assert_eq!(answer.body["scoring_result"]["status"], "pass");
    let state = customer.stage.set();
    let record = &state.records[0];
    assert_eq!((record.kind.as_str(), record.verdict.as_deref()), ("docauth_check", Some("pass")));
    assert!(!record.services_json.as_ref().unwrap().contains("LIND"), "the record keeps no personal field");
}

#[tokio::test]
async fn an_expired_one_never_passes_and_says_why() {
    let mut document = passport();
    document.checks[1] = check("not_expired", CheckOutcome::Failed);
    let (_, answer) = answered(document, &[]).await;
    assert_eq!(answer.body["data"]["current_result"], "Failed");
    assert_eq!(answer.body["data"]["errors"], json!(["not_expired: as read"]));
    assert_eq!(answer.body["data"]["mrz_validation"], Value::Null);
    assert_eq!(answer.body["scoring_result"]["status"], "fail");
    assert!(answer.body["score"].as_f64().unwrap() < 50.0);
}

#[tokio::test]
async fn the_header_chooses_the_provider() {
    for (headers, external) in [
        (&[][..], false),
        (&[("x-inhouse-docauth", "true")][..], false),
        (&[("x-inhouse-docauth", "False")][..], true),
    ] {
        let (customer, _) = answered(passport(), headers).await;
        assert_eq!(customer.stage.set().documents[0].external, external);
    }
}
