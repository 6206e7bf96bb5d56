//! `POST /v2/match-faces`.

use axum::{Json, extract::State};
use utoipa::ToSchema;

use super::{
    answers::{Answer, FacesAccepted, Rejection},
    form,
};
use crate::{
    core::{
        compare_pictures::FacesCompared, disclosure::Disclosure, error::Error,
        verify_holder::match_card_portrait,
    },
    http::{
        multipart::{Fields, FormBody},
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const FIELDS: Fields = Fields { files: &["selfie", "id_card"], texts: &[] };

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct MatchCardForm {
    /// jpg, png or webp, at most 50 MB and 60 megapixels.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    selfie: String,
    /// The same formats and limits.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    id_card: String,
}

/// Compares a selfie with the portrait of an identity card. Nothing is stored. The project must declare that it holds
/// the consents.
#[utoipa::path(post, path = "/v2/match-faces", tag = "neuroid",
    request_body(content = MatchCardForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "the same person, or why not", body = Answer<FacesAccepted>),
        (status = 403, description = "consent is required"), (status = 422, description = "a field is missing")))]
pub async fn match_faces_with_card(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<Answer<FacesAccepted>>> {
    let result = run(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<Json<Answer<FacesAccepted>>, Error> {
    let form = form::receive(gateway, call, form, &FIELDS, &[&["selfie"], &["id_card"]]).await?;
    let (selfie, card) = (form::file(&form, &["selfie"])?, form::file(&form, &["id_card"])?);
    let verification = form::begin_verification(gateway, call, None).await?;
    let mut compared = match_card_portrait(verification, selfie, card).await?;
    if let FacesCompared::Judged { cosine, .. } = &mut compared {
        Disclosure::new(&call.caller, None).similarity(cosine);
    }
    Ok(Json(match compared {
        FacesCompared::Judged { cosine, matched: true, .. } => Answer::Accepted(FacesAccepted::new(cosine)),
        rejected => Answer::Rejected(Rejection::of_faces(&rejected)),
    }))
}
