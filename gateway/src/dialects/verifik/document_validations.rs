//! `POST /v2/document-validations/app-registration`.

use axum::{Json, extract::State};
use proto::journeys as wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    app_registrations::{Data, missing},
    events,
    flows::word,
    images::{LargeBody, picture},
};
use crate::{
    core::{
        caller::RecordKind,
        error::{Error, Refusal},
        register_document::{DocumentSent, register_document},
    },
    http::{
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const STATUSES: [(&str, wire::DocumentStatus); 3] = [
    ("ASSESSING", wire::DocumentStatus::Assessing),
    ("VALIDATED", wire::DocumentStatus::Validated),
    ("FAILED", wire::DocumentStatus::Failed),
];

/// The document of the token's registration.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentBody {
    /// The side with the portrait: a data URI, or base64; jpg or png, at most 10 MB.
    #[schema(nullable = false)]
    image: Option<String>,
    /// The other side, instead of `image`.
    #[schema(nullable = false)]
    back_image: Option<String>,
    /// Whether to replace the document that was judged before.
    #[schema(nullable = false)]
    force: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentJudged {
    document_validation: DocumentValidation,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentValidation {
    #[serde(rename = "_id")]
    id: String,
    #[schema(example = "passport")]
    document_type: &'static str,
    #[schema(example = "passport")]
    document_category: &'static str,
    /// ASSESSING, VALIDATED or FAILED.
    #[schema(example = "VALIDATED")]
    status: &'static str,
    #[schema(example = "OCR")]
    validation_method: &'static str,
    names_match: bool,
    /// 0 to 100.
    full_name_match_percentage: u32,
}

/// Reads and checks the document of the token's registration.
#[utoipa::path(post, path = "/v2/document-validations/app-registration", tag = "verifik", request_body = DocumentBody,
    responses((status = 200, body = Data<DocumentJudged>), (status = 404, description = "appRegistration_not_found"),
        (status = 409, description = "already_exists, attempts_exceeded"), (status = 412, description = "only_images_in_base64"),
        (status = 413, description = "image_too_large"), (status = 422, description = "MissingParameter")))]
pub async fn validate_registration_document(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<Data<DocumentJudged>>> {
    let result = run(&gateway, &mut call, body).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    body: LargeBody,
) -> Result<Json<Data<DocumentJudged>>, Error> {
    let registration_id = call.caller.require_record(RecordKind::Registration)?.to_owned();
    let (sent, _place) = body.receive::<DocumentBody>(gateway, &call.caller.project_id).await?;
    let image = sent.image.or(sent.back_image);
    let is_there = image.is_some();
    missing(&[("image", is_there)])
        .map_err(|_| Error::worded(Refusal::UnusableMedia, "MissingParameter", "missing image"))?;
    let picture = picture(image.unwrap_or_default()).await?;
    let sent = DocumentSent {
        registration_id: &registration_id,
        picture: &picture,
        force: sent.force.unwrap_or_default(),
    };
    let judged = register_document(gateway.core(), &call.caller, &mut call.record, sent).await;
    let judged = judged.map_err(|error| match error {
        Error::Refused(Refusal::Invalid, _) => Error::UnreadablePictures(1),
        other => other,
    })?;
    let status = word(&STATUSES, &judged.document.status());
    let document_validation = DocumentValidation {
        status,
        id: judged.document.id,
        document_category: judged.document_type,
        document_type: judged.document_type,
        validation_method: "OCR",
        names_match: judged.name_match == 100,
        full_name_match_percentage: judged.name_match,
    };
    let what = format!("document_validation_{}", status.to_lowercase());
    let happened = events::Happened { flow_id: &judged.flow_id, what: &what, url: "" };
    events::report(gateway, call, happened, &document_validation).await;
    Ok(Json(Data { data: DocumentJudged { document_validation } }))
}
