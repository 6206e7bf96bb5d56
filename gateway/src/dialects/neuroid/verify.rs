//! `POST /v2/verify`: fingerprint, face and card in one call.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answers::{Answer, CardAccepted, FacesAccepted, PrintAccepted, Rejection, SUCCESS},
    form::{self, NUMBER},
};
use crate::{
    core::{
        compare_pictures::FacesCompared,
        disclosure::Disclosure,
        error::Error,
        verify_holder::{HolderInput, HolderOutcome, verify_holder},
    },
    http::{
        multipart::{Fields, FormBody},
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const FIELDS: Fields = Fields { files: &["fingerprint", "selfie", "id_card"], texts: &[NUMBER] };

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct VerifyForm {
    /// 8 to 15 digits.
    #[schema(example = "923001234567")]
    mobile_number: String,
    /// jpg, png or webp, at most 50 MB each.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    fingerprint: String,
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    selfie: String,
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    id_card: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct HolderVerified {
    #[schema(example = "SUCCESS")]
    status: &'static str,
    #[schema(example = "All verification checks passed successfully.")]
    message: &'static str,
    details: HolderDetails,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct HolderDetails {
    fingerprint: PrintAccepted,
    face_match: FacesAccepted,
    id_card: CardAccepted,
}

/// Verifies the fingerprint of a mobile number, then the selfie against the card's portrait, then the card's security
/// feature. The first failure ends the call, and is named in `step`.
#[utoipa::path(post, path = "/v2/verify", tag = "neuroid",
    request_body(content = VerifyForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "all passed, or the step that failed", body = Answer<HolderVerified>),
        (status = 400, description = "a file is no picture"), (status = 403, description = "consent is required"),
        (status = 422, description = "a field is missing or wrong")))]
pub async fn verify(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<Json<Answer<HolderVerified>>> {
    let result = run(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<Json<Answer<HolderVerified>>, Error> {
    let required: &[&'static [&'static str]] = &[&[NUMBER], &["fingerprint"], &["selfie"], &["id_card"]];
    let form = form::receive(gateway, call, form, &FIELDS, required).await?;
    let number = form::mobile_number(&form)?;
    let input = HolderInput {
        fingerprint: form::file(&form, &["fingerprint"])?,
        selfie: form::file(&form, &["selfie"])?,
        card: form::file(&form, &["id_card"])?,
    };
    let verification = form::begin_verification(gateway, call, Some(&number)).await?;
    let mut outcome = verify_holder(verification, input).await?;
    let shown = Disclosure::new(&call.caller, None);
    match &mut outcome {
        HolderOutcome::Verified { score, cosine, .. } => {
            *score = shown.print_score(*score);
            shown.similarity(cosine);
        }
        HolderOutcome::PrintRejected(verified) => verified.disclose(shown),
        HolderOutcome::FacesRejected(FacesCompared::Judged { cosine, .. }) => shown.similarity(cosine),
        HolderOutcome::FacesRejected(_) | HolderOutcome::CardRejected(_) => {}
    }
    Ok(Json(render(outcome, number)))
}

fn render(outcome: HolderOutcome, number: String) -> Answer<HolderVerified> {
    let rejection = match outcome {
        HolderOutcome::Verified { score, cosine, card } => {
            let details = HolderDetails {
                fingerprint: PrintAccepted::new(number, score),
                face_match: FacesAccepted::new(cosine),
                id_card: CardAccepted::new(&card),
            };
            let message = "All verification checks passed successfully.";
            return Answer::Accepted(HolderVerified { status: SUCCESS, message, details });
        }
        HolderOutcome::PrintRejected(verified) => Rejection::of_print(&verified).at("fingerprint"),
        HolderOutcome::FacesRejected(compared) => Rejection::of_faces(&compared).at("face_match"),
        HolderOutcome::CardRejected(fault) => Rejection::of_card(fault).at("id_card_check"),
    };
    Answer::Rejected(rejection)
}
