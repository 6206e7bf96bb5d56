//! Document authentication: the picture goes to the documents service, its fields and checks come back, its portrait is
//! compared with the session's last video, the rules decide.

mod body;
mod live_face;

use axum::{
    Json,
    extract::{Multipart, State, multipart::MultipartRejection},
    http::{HeaderMap, HeaderValue},
};
use futures::FutureExt;
use proto::docauth::{
    CheckDocumentHeader, CheckDocumentRequest, CheckDocumentResponse, CheckOutcome, DocumentCheck,
    check_document_request,
};
use scoring::{
    CheckMode, DocumentBasis, DocumentDecision, DocumentEvidence, DocumentRules, LIVE_FACE, Outcome, Rules,
    decide_document,
};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    Gateway, answer,
    auth::ApiKey,
    consent,
    error::Error,
    middleware::REMOVED_SERVICES,
    record::Call,
    samples, sessions,
    upload::{Fields, Form, Spooled},
    whose,
};

pub use body::beside_enrolment;
use live_face::LiveFace;

const FIELDS: Fields = Fields { files: &["document"], texts: &whose::SESSION_FIELDS };

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct CheckDocumentForm {
    /// jpg or png, at most 50 MB and 60 megapixels.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    document: String,
}

/// Reads an identity document and checks it: every check of `data.checks` is `passed`, `failed` or `not_checked` and says
/// what it rests on; an advisory one never decides alone. In a session with a video the portrait is compared with its face.
/// An expired document and wrong check digits never pass.
#[utoipa::path(post, path = "/api-gateway/docauth/check", tag = "documents",
    request_body(content = CheckDocumentForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Value, description = "what was read and checked, and the decision",
            headers(("X-Removed-Services" = String, description = "true: without consent, the portrait was not compared with the session's video")),
            example = json!({ "data": { "document_type": "passport", "country_code": "SWE", "document_number": "AB1234567",
                "birth_date": "1974-08-12", "expiry_date": "2030-04-15", "current_result": "Passed", "errors": [],
                "checks": [{ "name": "not_expired", "outcome": "passed", "advisory": false, "evidence": "expires in 1414 days" },
                    { "name": "portrait_live_face", "outcome": "passed", "advisory": false, "similarity": 0.56, "probability": 0.997,
                      "evidence": "similarity 0.56, the same person with a probability of 0.997; 0.50 is asked for" }] },
                "scoring_result": { "status": "pass", "rules": "default" }, "score": 96.4,
                "decision_reasons": ["mrz_check_digits_passed", "not_expired_passed", "portrait_live_face_passed"], "message": "document checked" })),
        (status = 400, description = "no jpg or png, too large, damaged; or the external provider is not configured",
            example = json!({ "error": "the document must be a jpg or png picture" })),
        (status = 503, description = "too many documents at once")))]
pub async fn check(
    State(gateway): State<Gateway>,
    call: Call,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(HeaderMap, Json<Value>), Error> {
    let form = Form::receive(&gateway, form, &FIELDS).await?;
    let document = form.file("document")?;
    let session_id = whose::session_of(&call, &form)?;
    let user = whose::required_user(&gateway, &call, None, session_id.as_deref()).await?;
    if let Some(session_id) = &session_id {
        sessions::bind(&gateway, &call, session_id, &user).await?;
    }
    let consents = consent::given(&gateway, &call, Some(&user)).await?;
    let of = Subject { session_id: session_id.as_deref(), may_compare: consents.authorization };
    let examined = examine(&gateway, &call, document, of).await?;
    samples::keep(&gateway, &call, consents.authorization && consents.storage, "document", document).await;
    note_outcome(&call, &examined);
    let mut headers = HeaderMap::new();
    if examined.live_face.lacks_consent() {
        headers.insert(REMOVED_SERVICES, HeaderValue::from_static("true"));
    }
    Ok((headers, Json(body::body(&examined, &call))))
}

/// Whose document it is said to be.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The session whose last video shows them.
    pub session_id: Option<&'a str>,
    /// They have agreed to being compared.
    pub may_compare: bool,
}

/// A document that has been read, checked and judged.
pub struct Examined {
    document: CheckDocumentResponse,
    live_face: LiveFace,
    decision: DocumentDecision,
    basis: DocumentBasis,
}

impl Examined {
    /// What the decision rested on, as it is recorded.
    pub fn basis_json(&self) -> Option<String> {
        serde_json::to_string(&self.basis).ok()
    }

    /// What the transaction tells of the document, never what is on it.
    pub fn record(&self) -> Value {
        json!({
            "document_type": self.document.document_type,
            "provider": self.document.provider,
            "checks": body::checks(self),
            "cannot_judge": self.document.cannot_judge,
            "verdict": self.decision.verdict.as_str(),
            "score": self.decision.score,
        })
    }
}

/// Has a picture read and checked, compares its portrait, and decides.
///
/// # Errors
/// Those of the services: 400 for the picture, 503 when one is full or does not answer.
pub async fn examine(
    gateway: &Gateway,
    call: &Call,
    picture: &Spooled,
    subject: Subject<'_>,
) -> Result<Examined, Error> {
    let rules = rules(&call.key)?;
    let mut document = checked(gateway, call, picture).await?;
    let Subject { session_id, may_compare } = subject;
    let live_face = live_face::compare(gateway, call, session_id, may_compare, &document.portrait).await?;
    let evidence = evidence(&document, &live_face);
    let decision = decide_document(&rules, &evidence);
    let (outcome, told) = live_face.check(rules.live_face);
    document.checks.push(DocumentCheck {
        name: LIVE_FACE.to_owned(),
        outcome: outcome.into(),
        advisory: rules.checks.get(LIVE_FACE).is_some_and(|mode| *mode == CheckMode::Advisory),
        evidence: told,
    });
    let basis = DocumentBasis { document: evidence, rules: call.key.rules_version.clone() };
    Ok(Examined { document, live_face, decision, basis })
}

/// The key's own rules for documents, else its project's, else the built-in ones.
fn rules(key: &ApiKey) -> Result<DocumentRules, Error> {
    match &key.rules_json {
        Some(json) => Ok(Rules::parse(json).map_err(|error| Error::internal(&error))?.documents),
        None => Ok(DocumentRules::default()),
    }
}

async fn checked(gateway: &Gateway, call: &Call, document: &Spooled) -> Result<CheckDocumentResponse, Error> {
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

/// The built-in rules' decision about a checked document by itself, without a video and without a project.
pub fn decide_alone(document: &CheckDocumentResponse) -> DocumentDecision {
    decide_document(&DocumentRules::default(), &evidence(document, &LiveFace::default()))
}

/// What the rules are given.
fn evidence(document: &CheckDocumentResponse, live_face: &LiveFace) -> DocumentEvidence {
    let check = |check: &DocumentCheck| scoring::DocumentCheck {
        name: check.name.clone(),
        outcome: match check.outcome() {
            CheckOutcome::Passed => Outcome::Passed,
            CheckOutcome::Failed => Outcome::Failed,
            CheckOutcome::NotChecked | CheckOutcome::Unspecified => Outcome::NotJudged,
        },
        advisory: check.advisory,
    };
    let country = document.fields.iter().find(|field| field.name == "country_code");
    DocumentEvidence {
        checks: document.checks.iter().map(check).collect(),
        can_be_judged: document.cannot_judge.is_empty(),
        document_type: document.document_type.clone(),
        country: country.map(|field| field.value.clone()).unwrap_or_default(),
        live_face: live_face.finding.clone(),
    }
}

fn note_outcome(call: &Call, examined: &Examined) {
    let decision = &examined.decision;
    let durations =
        json!({ "cpu_ms": examined.document.cpu_ms, "stages": answer::stages(&examined.live_face.stages) });
    call.note(|transaction| {
        transaction.verdict = Some(decision.verdict.as_str().to_owned());
        transaction.score = Some(decision.score);
        transaction.reasons.clone_from(&decision.reasons);
        transaction.rules = Some(call.key.rules_source.clone());
        transaction.services_json = Some(json!({ "document": examined.record() }).to_string());
        transaction.evidence_json = examined.basis_json();
        transaction.durations_json = Some(durations.to_string());
    });
}
