//! Document authentication: the upload goes to the service as it is.

use axum::{
    Json,
    extract::{Multipart, State, multipart::MultipartRejection},
};
use futures::FutureExt;
use proto::docauth::{CheckDocumentHeader, CheckDocumentRequest, check_document_request};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{
    Gateway,
    error::Error,
    record::Call,
    sessions,
    upload::{Fields, Form},
};

const FIELDS: Fields = Fields { files: &["document"], texts: &[] };

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct CheckDocumentForm {
    /// jpg or png, at most 50 MB.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    document: String,
}

/// Checks an identity document. 501 while the documents service does not offer it.
#[utoipa::path(post, path = "/api-gateway/docauth/check", tag = "documents",
    request_body(content = CheckDocumentForm, content_type = "multipart/form-data"),
    responses((status = 200, body = Value), (status = 501, description = "not offered by this server")))]
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
    let header = CheckDocumentHeader {
        project_id: call.project_id(),
        transaction_id: call.transaction_id.to_string(),
        validate_mrz: call.headers.validate_mrz,
    };
    let header = CheckDocumentRequest { part: Some(check_document_request::Part::Header(header)) };
    let piece = |chunk| CheckDocumentRequest { part: Some(check_document_request::Part::Chunk(chunk)) };
    let (messages, readable) = document.messages(header, piece);
    let checked = readable.answered(gateway.docauth().check_document(messages).boxed()).await?;
    Ok(Json(json!({ "data": { "document_type": checked.document_type }, "message": "document checked" })))
}
