//! `POST /api-gateway/v2/documents/check`.

use axum::{Json, extract::State};
use base64::{Engine, engine::general_purpose::STANDARD};
use proto::Word;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    envelope::Answer,
    errors::{of_media, of_session},
    request::Received,
};
use crate::{
    core::{
        caller::Caller,
        check_document::{DocumentCheckReport, DocumentExamination, DocumentOptions, check_document},
        disclosure::Disclosure,
        error::{Error, Refusal},
        verification::{UserRequirement, Verification},
    },
    http::{
        multipart::FormBody,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct CheckDocumentFormV2 {
    /// JSON: optional `user_id`, `session_id`, `provider` (`inhouse` or `idscan`), `mrz_provider`.
    #[schema(example = "{\"provider\":\"inhouse\"}")]
    request: String,
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    document: String,
}

/// The fields read from a document, and the checks that ran; a field that was not read is empty.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentDataV2 {
    #[schema(example = "passport")]
    document_type: &'static str,
    country_code: String,
    nationality_code: String,
    nationality_name: String,
    sex: String,
    first_name: String,
    father_name: String,
    last_name: String,
    #[schema(example = "2030-04-15")]
    expiry_date: String,
    document_number: String,
    #[schema(example = "1974-08-12")]
    birth_date: String,
    issuing_state: String,
    issue_date: String,
    /// A JPEG in base64.
    portrait_photo: String,
    /// The lines of the machine readable zone.
    raw_mrz: String,
    checks: Vec<DocumentCheckReport>,
    /// Why the document could not be judged.
    cannot_judge: Option<String>,
    #[schema(example = "inhouse")]
    provider: String,
}

impl DocumentDataV2 {
    fn new(examined: &DocumentExamination, caller: &Caller) -> Self {
        let mut checks = examined.check_reports();
        checks.iter_mut().for_each(|check| check.disclose(Disclosure::new(caller, None)));
        let document = &examined.document;
        let field = |name: &str| {
            let field = document.fields.iter().find(|field| field.name == name);
            field.map(|field| field.value.clone()).unwrap_or_default()
        };
        Self {
            document_type: document.document_type().as_word(),
            country_code: field("country_code"),
            nationality_code: field("nationality_code"),
            nationality_name: field("nationality_name"),
            sex: field("sex"),
            first_name: field("first_name"),
            father_name: field("father_name"),
            last_name: field("last_name"),
            expiry_date: field("expiry_date"),
            document_number: field("document_number"),
            birth_date: field("birth_date"),
            issuing_state: field("issuing_state"),
            issue_date: field("issue_date"),
            portrait_photo: STANDARD.encode(&document.portrait),
            raw_mrz: document.mrz.as_ref().map(|mrz| mrz.lines.join("\n")).unwrap_or_default(),
            checks,
            cannot_judge: Some(document.cannot_judge.clone()).filter(|why| !why.is_empty()),
            provider: document.provider.clone(),
        }
    }
}

/// Reads an identity document and checks it.
#[utoipa::path(post, path = "/api-gateway/v2/documents/check", tag = "biometry v2",
    request_body(content = CheckDocumentFormV2, content_type = "multipart/form-data"),
    responses((status = 200, body = Answer<DocumentDataV2>),
        (status = 400, description = "invalid_request, also for a provider that is not configured"),
        (status = 415, description = "unsupported_media")))]
pub async fn check_document_v2(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<Answer<DocumentDataV2>>> {
    let result = run(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<Json<Answer<DocumentDataV2>>, Error> {
    let received = Received::receive(gateway, &call.caller.project_id, form, &["document"]).await?;
    let picture = received.form.file("document")?;
    let external = match received.text("provider")? {
        None | Some("inhouse") => false,
        Some("idscan") => true,
        Some(_) => return Err(Error::field("provider", "must be inhouse or idscan")),
    };
    let validate_mrz = received.text("mrz_provider")?.is_some();
    let subject = received.subject()?;
    let (core, optional) = (gateway.core(), UserRequirement::Optional);
    let verification = Verification::begin(core, &call.caller, &mut call.record, subject, optional).await;
    let options = DocumentOptions { validate_mrz, external, chip: Vec::new() };
    let checked = check_document(verification.map_err(of_session)?, picture, options).await;
    let examined = checked.map_err(|error| match error {
        // The requested provider is not available.
        Error::Refused(Refusal::Invalid | Refusal::NotSupported | Refusal::Conflict, message) if external => {
            Error::field("provider", &message)
        }
        other => of_media(other),
    })?;
    let answer = Answer::new(call, "document checked", DocumentDataV2::new(&examined, &call.caller));
    Ok(Json(answer.decided(&examined.decision, &call.caller)))
}
