//! The documented answer of a document check.

use base64::{Engine, engine::general_purpose::STANDARD};
use proto::docauth::{CheckDocumentResponse, CheckOutcome, DocumentCheck, DocumentField, MrzReading};
use scoring::{DocumentDecision, LIVE_FACE, Verdict};
use serde_json::{Map, Value, json};

use super::Examined;
use crate::{answer, auth::ResponseFormat, record::Call};

/// The fields of `data` that are read off the document, in the order of the API; absent ones are empty.
const READ: [&str; 12] = [
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
    "issuing_state",
    "issue_date",
];

/// Of a condition that is the rules' alone.
const NOT_ACCEPTED: &str = "the rules of the project do not accept it";

/// The whole body of the call.
pub fn body(examined: &Examined, call: &Call) -> Value {
    let format = call.key.format;
    let decision = &examined.decision;
    let body = json!({
        "data": in_types(data(examined, call.headers.validate_mrz), format),
        "scoring_result": answer::scoring_result(decision, &call.key.rules_source),
        "score": decision.score,
        "decision_reasons": decision.reasons,
        "message": "document checked",
    });
    answer::in_format(body, format)
}

/// What stands beside an enrolment: the same data, and the decision with it.
pub fn beside_enrolment(examined: &Examined, call: &Call) -> Value {
    let mut data = data(examined, call.headers.validate_mrz);
    data["status"] = json!("checked");
    let sdk = call.key.format == ResponseFormat::Sdk;
    let scoring = answer::scoring_result(&examined.decision, &call.key.rules_source);
    data["scoring_result"] = if sdk { scoring["status"].clone() } else { scoring };
    data["score"] = json!(examined.decision.score / if sdk { 100.0 } else { 1.0 });
    data["decision_reasons"] = json!(examined.decision.reasons);
    in_types(data, call.key.format)
}

/// The vendor's types know no null: what is not known is absent there, and a chip nobody can see is none.
fn in_types(mut data: Value, format: ResponseFormat) -> Value {
    if let Some(fields) = data.as_object_mut().filter(|_| format == ResponseFormat::Sdk) {
        fields.insert("contains_rfid".to_owned(), json!(false));
        fields.retain(|_, value| !value.is_null());
    }
    data
}

/// The documented object of a document: every key is there, a field that was not read is empty.
fn data(examined: &Examined, validate_mrz: bool) -> Value {
    let (checked, decision) = (&examined.document, &examined.decision);
    let value = |name: &str| checked.fields.iter().find(|f| f.name == name).map_or("", |f| &f.value);
    let mut data: Map<String, Value> =
        READ.iter().map(|name| ((*name).to_owned(), json!(value(name)))).collect();
    let portrait = STANDARD.encode(&checked.portrait);
    let errors = errors(checked, decision);
    let more = json!({
        "document_type": checked.document_type,
        "document_category": category(&checked.document_type),
        "portrait_photo": portrait,
        "face_image_base64": portrait,
        "signature": STANDARD.encode(&checked.signature),
        "ghost_photo": STANDARD.encode(&checked.ghost_portrait),
        "front_document_type_id": "",
        "contains_rfid": null,
        "current_result": if decision.verdict == Verdict::Pass { "Passed" } else { "Failed" },
        "errors": errors,
        "mrz_validation": if validate_mrz { mrz_validation(checked.mrz.as_ref()) } else { Value::Null },
        "cannot_judge": if checked.cannot_judge.is_empty() { Value::Null } else { json!(checked.cannot_judge) },
        "checks": checks(examined),
        "fields": fields_json(checked),
        "provider": checked.provider,
    });
    data.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(data)
}

/// Why it did not pass, in sentences: what cannot be judged, and the checks that failed it by the rules.
fn errors(checked: &CheckDocumentResponse, decision: &DocumentDecision) -> Vec<String> {
    let evidence = |name: &str| checked.checks.iter().find(|c| c.name == name).map(|c| c.evidence.as_str());
    let failed = decision.failed_conditions.iter();
    let told = failed.map(|c| format!("{}: {}", c.name, evidence(&c.name).unwrap_or(NOT_ACCEPTED)));
    Some(&checked.cannot_judge).filter(|why| !why.is_empty()).cloned().into_iter().chain(told).collect()
}

fn category(document_type: &str) -> &'static str {
    match document_type {
        "passport" | "visa" | "travel_document" => "travel",
        "identity_card" => "identity",
        "driving_licence" => "driving",
        _ => "",
    }
}

fn mrz_validation(mrz: Option<&MrzReading>) -> Value {
    let Some(mrz) = mrz else {
        return json!({
            "has_mrz": false, "raw_mrz": "", "check_digits_valid": false, "fields_match": false,
            "discrepancies": [], "validation_performed": true,
        });
    };
    json!({
        "has_mrz": true,
        "format": mrz.format,
        "raw_mrz": mrz.lines.join("\n"),
        "check_digits_valid": mrz.check_digits_valid,
        "fields_match": mrz.fields_match,
        "discrepancies": mrz.discrepancies,
        "validation_performed": true,
    })
}

/// Every check, also those the rules do not look at; the one of the live face with its figures.
pub fn checks(examined: &Examined) -> Vec<Value> {
    let json = |check: &DocumentCheck| {
        let mut json = check_json(check);
        if let Some((similarity, probability)) =
            examined.live_face.measured.filter(|_| check.name == LIVE_FACE)
        {
            json["similarity"] = json!(answer::round(similarity));
            json["probability"] = json!(answer::round(probability));
        }
        json
    };
    examined.document.checks.iter().map(json).collect()
}

fn check_json(check: &DocumentCheck) -> Value {
    let outcome = match check.outcome() {
        CheckOutcome::Passed => "passed",
        CheckOutcome::Failed => "failed",
        CheckOutcome::NotChecked | CheckOutcome::Unspecified => "not_checked",
    };
    json!({ "name": check.name, "outcome": outcome, "advisory": check.advisory, "evidence": check.evidence })
}

fn fields_json(checked: &CheckDocumentResponse) -> Vec<Value> {
    let rounded = |v: f64| (v * 1000.0).round() / 1000.0;
    let field = |f: &DocumentField| json!({ "name": f.name, "value": f.value, "source": f.source, "confidence": rounded(f.confidence) });
    checked.fields.iter().map(field).collect()
}
