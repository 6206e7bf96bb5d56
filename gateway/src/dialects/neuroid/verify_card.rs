//! `POST /v1/verify`: checks an identity card alone.

use axum::{Json, extract::State};
use utoipa::ToSchema;

use super::{
    answers::{Answer, CardAccepted, Rejection},
    form,
};
use crate::{
    core::{error::Error, verify_holder::check_card},
    http::{
        multipart::{Fields, FormBody},
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const FIELDS: Fields = Fields { files: &["file", "id_card"], texts: &[] };
const FILE: &[&str] = &["file", "id_card"];

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct VerifyCardForm {
    /// jpg, png or webp, at most 50 MB and 60 megapixels; `id_card` is an alias.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

/// Looks for a security feature of an identity card: a machine readable zone with correct check digits, a barcode, or a
/// second portrait. A photograph does not prove that the card is genuine. Nothing is stored.
#[utoipa::path(post, path = "/v1/verify", tag = "neuroid",
    request_body(content = VerifyCardForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "accepted, or why not", body = Answer<CardAccepted>),
        (status = 403, description = "consent is required"), (status = 422, description = "a field is missing")))]
pub async fn verify_card(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<Answer<CardAccepted>>> {
    let result = run(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<Json<Answer<CardAccepted>>, Error> {
    let form = form::receive(gateway, call, form, &FIELDS, &[FILE]).await?;
    let card = form::file(&form, FILE)?;
    let verification = form::begin_verification(gateway, call, None).await?;
    let checked = check_card(verification, card).await?;
    Ok(Json(match checked.fault {
        None => Answer::Accepted(CardAccepted::new(&checked)),
        Some(fault) => Answer::Rejected(Rejection::of_card(fault)),
    }))
}
