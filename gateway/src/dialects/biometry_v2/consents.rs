//! `/api-gateway/v2/consents`: consent texts of the project and their approvals.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
};
use boot::timestamp::rfc3339;
use proto::consent::{ConsentKind, ConsentText};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{envelope::Answer, errors::of_session, request::parse_user_id};
use crate::{
    core::{
        consent_texts::{self, Approval},
        error::Error,
    },
    http::{
        json,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const GRANTS: [(&str, ConsentKind); 2] =
    [("authorization", ConsentKind::Authorization), ("storage", ConsentKind::Storage)];

/// A text that users approve.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentTextBody {
    #[schema(example = "Face verification")]
    title: String,
    #[schema(example = "I agree that my face and voice are processed to verify me.")]
    text: String,
    /// `authorization`, `storage` or both.
    #[schema(example = json!(["authorization"]))]
    grants: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentTextData {
    #[schema(example = "face-terms")]
    id: String,
    title: String,
    text: String,
    grants: Vec<&'static str>,
    updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Approved {}

#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalData {
    #[schema(example = "face-terms")]
    consent_id: String,
    user_id: String,
    approved_at: String,
}

/// Replaces a text of the project. Approvals of the earlier text remain valid.
#[utoipa::path(put, path = "/api-gateway/v2/consents/{id}", tag = "biometry v2", request_body = ConsentTextBody,
    params(("id" = String, Path, description = "chosen by the project: 1 to 64 letters, digits, `.`, `_` or `-`")),
    responses((status = 200, body = Answer<ConsentTextData>), (status = 400, description = "invalid_request")))]
pub async fn put_consent_text(
    State(gateway): State<Gateway>,
    id: Result<Path<String>, PathRejection>,
    mut call: Call,
    body: Result<Bytes, BytesRejection>,
) -> RecordedResponse<Json<Answer<ConsentTextData>>> {
    let result = put(&gateway, &mut call, id, body).await;
    call.finish(result)
}

async fn put(
    gateway: &Gateway,
    call: &mut Call,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Answer<ConsentTextData>>, Error> {
    let Path(id) = id?;
    let body: ConsentTextBody = json::parse_object(body)?;
    let kind = |name: &String| {
        let found = GRANTS.iter().find(|(known, _)| known == name);
        let found = found.ok_or_else(|| Error::field("grants", "must be authorization, storage or both"));
        found.map(|(_, kind)| (*kind).into())
    };
    let grants = body.grants.iter().map(kind).collect::<Result<_, _>>()?;
    let text = ConsentText { id, title: body.title, text: body.text, grants, ..ConsentText::default() };
    let stored = consent_texts::put_consent_text(gateway.core(), &call.caller, text).await?;
    Ok(Json(Answer::new(call, "consent stored", stored.into())))
}

/// Records that a user approved a text, and gives the consents that it grants.
#[utoipa::path(post, path = "/api-gateway/v2/consents/{id}/approve/{user}", tag = "biometry v2",
    params(("id" = String, Path, description = "the text"), ("user" = String, Path, description = "the user_id")),
    responses((status = 200, body = Answer<Approved>), (status = 404, description = "consent_not_found")))]
pub async fn approve_consent(
    State(gateway): State<Gateway>,
    path: Result<Path<(String, String)>, PathRejection>,
    mut call: Call,
) -> RecordedResponse<Json<Answer<Approved>>> {
    let result = approve(&gateway, &mut call, path).await;
    call.finish(result)
}

async fn approve(
    gateway: &Gateway,
    call: &mut Call,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Answer<Approved>>, Error> {
    let Path((id, user)) = path?;
    let user = parse_user_id(&user)?;
    let (core, named) = (gateway.core(), (id.as_str(), user.as_str()));
    let Call { caller, headers, record } = call;
    let approving = consent_texts::approve_consent_text(core, caller, &headers.context, record, named);
    approving.await.map_err(of_session)?;
    Ok(Json(Answer::new(call, "consent approved", Approved {})))
}

/// Returns the texts that a user has approved. Withdrawing a consent ends the approval of the text that granted it.
#[utoipa::path(get, path = "/api-gateway/v2/consents/my-approvals/{user}", tag = "biometry v2",
    params(("user" = String, Path, description = "the user_id")),
    responses((status = 200, body = Answer<Vec<ApprovalData>>)))]
pub async fn list_approvals(
    State(gateway): State<Gateway>,
    user: Result<Path<String>, PathRejection>,
    mut call: Call,
) -> RecordedResponse<Json<Answer<Vec<ApprovalData>>>> {
    let result = list(&gateway, &mut call, user).await;
    call.finish(result)
}

async fn list(
    gateway: &Gateway,
    call: &mut Call,
    user: Result<Path<String>, PathRejection>,
) -> Result<Json<Answer<Vec<ApprovalData>>>, Error> {
    let Path(user) = user?;
    let user = parse_user_id(&user)?;
    let found = consent_texts::list_approvals(gateway.core(), &call.caller, &mut call.record, &user).await?;
    let data = |Approval { consent_id, approved_at_ms }| ApprovalData {
        consent_id,
        user_id: user.clone(),
        approved_at: rfc3339(approved_at_ms),
    };
    let data = found.into_iter().map(data).collect();
    Ok(Json(Answer::new(call, "approvals found", data)))
}

impl From<ConsentText> for ConsentTextData {
    fn from(text: ConsentText) -> Self {
        let granted = GRANTS.iter().filter(|(_, kind)| text.grants().any(|granted| granted == *kind));
        Self {
            grants: granted.map(|(name, _)| *name).collect(),
            id: text.id,
            title: text.title,
            text: text.text,
            updated_at: rfc3339(text.updated_at_ms),
        }
    }
}
