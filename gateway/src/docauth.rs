//! Document authentication: the picture goes to the documents service, its fields and checks come back, the rules decide.

use axum::{
    Json,
    extract::{Multipart, State, multipart::MultipartRejection},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use futures::FutureExt;
use proto::docauth::{
    CheckDocumentHeader, CheckDocumentRequest, CheckDocumentResponse, CheckOutcome, DocumentCheck,
    MrzReading, check_document_request,
};
use scoring::{DocumentDecision, Outcome, Verdict, decide_document};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::{
    Gateway, answer,
    auth::ResponseFormat,
    error::Error,
    record::Call,
    sessions,
    upload::{Fields, Form, Spooled},
};

const FIELDS: Fields = Fields { files: &["document"], texts: &[] };

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

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct CheckDocumentForm {
    /// jpg or png, at most 50 MB and 60 megapixels.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    document: String,
}

/// Reads an identity document and checks it: every check of `data.checks` is `passed`, `failed` or `not_checked` and says
/// what it rests on; an advisory one never decides alone. An expired document and wrong check digits never pass.
#[utoipa::path(post, path = "/api-gateway/docauth/check", tag = "documents",
    request_body(content = CheckDocumentForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Value, description = "what was read and checked, and the decision",
            example = json!({ "data": { "document_type": "passport", "country_code": "SWE", "document_number": "AB1234567",
                "birth_date": "1974-08-12", "expiry_date": "2030-04-15", "current_result": "Passed", "errors": [],
                "checks": [{ "name": "not_expired", "outcome": "passed", "advisory": false, "evidence": "expires in 1414 days" }] },
                "scoring_result": { "status": "pass", "rules": "default" }, "score": 96.4,
                "decision_reasons": ["mrz_check_digits_passed", "not_expired_passed"], "message": "document checked" })),
        (status = 400, description = "no jpg or png, too large, damaged; or the external provider is not configured",
            example = json!({ "error": "the document must be a jpg or png picture" })),
        (status = 503, description = "too many documents at once")))]
pub async fn check(
    State(gateway): State<Gateway>,
    call: Call,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Value>, Error> {
    let user = call.user()?;
    let form = Form::receive(&gateway, form, &FIELDS).await?;
    let document = form.file("document")?;
    if let Some(session_id) = &call.headers.session_id {
        sessions::bind(&gateway, &call, session_id, user).await?;
    }
    let checked = checked(&gateway, &call, document).await?;
    let decision = decision(&checked);
    note_outcome(&call, &checked, &decision);
    Ok(Json(body(&checked, &decision, &call)))
}

/// What the documents service makes of a picture.
///
/// # Errors
/// Those of the service: 400 for the picture, 503 when it is full or does not answer.
pub async fn checked(
    gateway: &Gateway,
    call: &Call,
    document: &Spooled,
) -> Result<CheckDocumentResponse, Error> {
    let header = CheckDocumentHeader {
        project_id: call.project_id(),
        transaction_id: call.transaction_id.to_string(),
        validate_mrz: call.headers.validate_mrz,
        external: call.headers.external_docauth,
    };
    let header = CheckDocumentRequest { part: Some(check_document_request::Part::Header(header)) };
    let piece = |chunk| CheckDocumentRequest { part: Some(check_document_request::Part::Chunk(chunk)) };
    let (messages, readable) = document.messages(header, piece);
    readable.answered(gateway.docauth().check_document(messages).boxed()).await
}

/// The verdict on a document, by the built-in rules.
pub fn decision(checked: &CheckDocumentResponse) -> DocumentDecision {
    let check = |check: &DocumentCheck| scoring::DocumentCheck {
        name: check.name.clone(),
        outcome: match check.outcome() {
            CheckOutcome::Passed => Outcome::Passed,
            CheckOutcome::Failed => Outcome::Failed,
            CheckOutcome::NotChecked | CheckOutcome::Unspecified => Outcome::NotJudged,
        },
        advisory: check.advisory,
    };
    let checks: Vec<_> = checked.checks.iter().map(check).collect();
    decide_document(&checks, checked.cannot_judge.is_empty())
}

fn body(checked: &CheckDocumentResponse, decision: &DocumentDecision, call: &Call) -> Value {
    let scoring = json!({
        "status": decision.verdict.as_str(),
        "rules": "default",
        "conditions": decision.conditions,
        "failed_conditions": decision.failed_conditions,
        "failed_refer_conditions": decision.failed_refer_conditions,
    });
    let format = call.key.format;
    let body = json!({
        "data": in_types(data(checked, decision, call.headers.validate_mrz), format),
        "scoring_result": scoring,
        "score": decision.score,
        "decision_reasons": decision.reasons,
        "message": "document checked",
    });
    answer::in_format(body, format)
}

/// The vendor's types know no null: what is not known is absent there, and a chip nobody can see is none.
pub fn in_types(mut data: Value, format: ResponseFormat) -> Value {
    if let Some(fields) = data.as_object_mut().filter(|_| format == ResponseFormat::Sdk) {
        fields.insert("contains_rfid".to_owned(), json!(false));
        fields.retain(|_, value| !value.is_null());
    }
    data
}

/// The documented object of a document: every key is there, a field that was not read is empty.
pub fn data(checked: &CheckDocumentResponse, decision: &DocumentDecision, validate_mrz: bool) -> Value {
    let value = |name: &str| checked.fields.iter().find(|f| f.name == name).map_or("", |f| &f.value);
    let mut data: Map<String, Value> =
        READ.iter().map(|name| ((*name).to_owned(), json!(value(name)))).collect();
    let portrait = STANDARD.encode(&checked.portrait);
    let errors = errors(checked);
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
        "checks": checked.checks.iter().map(check_json).collect::<Vec<_>>(),
        "fields": fields_json(checked),
        "provider": checked.provider,
    });
    data.extend(more.as_object().cloned().unwrap_or_default());
    Value::Object(data)
}

/// Why it did not pass, in sentences: the checks that decide and failed, and what cannot be judged.
fn errors(checked: &CheckDocumentResponse) -> Vec<String> {
    let failed = |c: &&DocumentCheck| c.outcome() == CheckOutcome::Failed && !c.advisory;
    let told = checked.checks.iter().filter(failed).map(|c| format!("{}: {}", c.name, c.evidence));
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
    let field = |f: &proto::docauth::DocumentField| json!({ "name": f.name, "value": f.value, "source": f.source, "confidence": rounded(f.confidence) });
    checked.fields.iter().map(field).collect()
}

/// The transaction keeps the checks and the decision, never what is on the document.
fn note_outcome(call: &Call, checked: &CheckDocumentResponse, decision: &DocumentDecision) {
    let checks: Vec<_> = checked.checks.iter().map(check_json).collect();
    let seen = json!({ "document": {
        "document_type": checked.document_type, "provider": checked.provider, "checks": checks,
        "cannot_judge": checked.cannot_judge,
    } });
    call.note(|transaction| {
        transaction.verdict = Some(decision.verdict.as_str().to_owned());
        transaction.score = Some(decision.score);
        transaction.reasons.clone_from(&decision.reasons);
        transaction.rules = Some("default".to_owned());
        transaction.services_json = Some(seen.to_string());
        transaction.durations_json = Some(json!({ "cpu_ms": checked.cpu_ms }).to_string());
    });
}
