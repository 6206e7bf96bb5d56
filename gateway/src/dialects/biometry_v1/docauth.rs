//! `POST /api-gateway/docauth/check`.

use axum::{Json, extract::State, http::HeaderMap};
use utoipa::ToSchema;

use super::{
    chip_files::{chip_files, picture_and_chip},
    document_data::DocumentData,
    responses::{Decided, DocumentCondition, flag_headers},
    subject::{SESSION_FIELDS, parse_subject},
};
use crate::{
    core::check_document,
    core::{
        check_document::DocumentOptions,
        error::Error,
        verification::{UserRequirement, Verification},
    },
    http::{
        headers::REMOVED_SERVICES,
        multipart::{Fields, Form, FormBody},
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const FIELDS: Fields = Fields { files: &picture_and_chip("document"), texts: &SESSION_FIELDS };

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct CheckDocumentForm {
    /// jpg or png, at most 50 MB and 60 megapixels.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    document: String,
    /// The chip's security object as read by an app; at most 1 MB, like each of the chip's files. With it the chip is
    /// authenticated by the checks `chip_signature`, `chip_data`, `chip_issuer` and `chip_mrz`.
    #[schema(rename = "SOD", format = Binary, content_media_type = "application/octet-stream")]
    sod: Option<String>,
    /// The machine readable zone in the chip, compared with the picture.
    #[schema(rename = "DG1", format = Binary, content_media_type = "application/octet-stream")]
    dg1: Option<String>,
    /// The portrait in the chip, compared with the session's video. `DG3` to `DG16` may be sent as well.
    #[schema(rename = "DG2", format = Binary, content_media_type = "application/octet-stream")]
    dg2: Option<String>,
}

// The response type is written out below, because utoipa names the schema of an alias after the generic type alone.
pub type CheckDocumentResponse = Decided<DocumentData, DocumentCondition>;

/// Reads an identity document and checks it. Every check in `data.checks` is `passed`, `failed` or `not_checked`, and
/// names its basis; an advisory check never decides alone. In a session with a video the portrait is compared with its
/// face. Expired documents and wrong check digits never pass.
#[utoipa::path(post, path = "/api-gateway/docauth/check", tag = "documents",
    request_body(content = CheckDocumentForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Decided<DocumentData, DocumentCondition>, description = "what was read and checked, and the decision",
            headers(("X-Removed-Services" = String, description = "true: without consent, the portrait was not compared with the session's video"))),
        (status = 400, description = "no jpg or png, too large, damaged; a file of the chip that is none; or the external provider is not configured",
            example = json!({ "error": "the document must be a jpg or png picture" })),
        (status = 503, description = "too many documents at once")))]
pub async fn check_document(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<(HeaderMap, Json<CheckDocumentResponse>)> {
    let result = run(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<(HeaderMap, Json<CheckDocumentResponse>), Error> {
    let form = Form::receive(gateway, &call.caller.project_id, form, &FIELDS).await?;
    let picture = form.file("document")?;
    let subject = parse_subject(&call.headers, &form)?;
    let options = DocumentOptions {
        validate_mrz: call.headers.validate_mrz,
        external: call.headers.external_docauth,
        chip: chip_files(&form).await?,
    };
    let validate_mrz = options.validate_mrz;
    let required = UserRequirement::Required;
    let verification =
        Verification::begin(gateway.core(), &call.caller, &mut call.record, subject, required).await?;
    let examined = check_document::check_document(verification, picture, options).await?;

    let data = DocumentData::new(&examined, &call.caller, validate_mrz);
    let response = Decided::new(data, &examined.decision, &call.caller, true, "document checked");
    Ok((flag_headers([(REMOVED_SERVICES, examined.services_removed())]), Json(response)))
}
