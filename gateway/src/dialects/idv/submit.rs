//! `POST /verif/submit`.

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use utoipa::ToSchema;

use super::{
    answers::Submitted,
    errors::{ERRORS, USER},
};
use crate::{
    core::{
        dialect::Dialect,
        disclosure::Disclosure,
        error::Error,
        identity_check::{Contact, IdentityInput, check_identity},
        user_name::parse_user_name,
        verification::{Subject, UserRequirement, Verification},
    },
    http::{
        multipart::{Fields, Form, FormBody},
        recording::{Call, LateCall},
        state::Gateway,
    },
};

const FIELDS: Fields = Fields {
    files: &["selfie_video", "id_photo"],
    texts: &["api_key", "user_identifier", "user_id", "user_email", "user_phone"],
};
const KIND: &str = "idv.submit";

/// The form of the call; its fields in any order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct SubmitForm {
    api_key: String,
    /// `user_id` is another name of it.
    #[schema(example = "user123")]
    user_identifier: String,
    /// mp4, mov, webm, mkv or avi, at most 50 MB.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    selfie_video: String,
    /// jpg, png or webp, at most 50 MB.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    id_photo: String,
    user_email: Option<String>,
    user_phone: Option<String>,
}

/// Checks a selfie video against the photo of an identity document. A mismatch is an answer too: `status` is `verified`,
/// `rejected` or `review`. The files are deleted after seven days; without storage consent they are not kept at all.
#[utoipa::path(post, path = "/verif/submit", tag = "identity verification",
    request_body(content = SubmitForm, content_type = "multipart/form-data"),
    responses((status = 200, body = Submitted),
        (status = 400, description = "`API key is required`, `User identifier is required`, `Both selfie video and ID photo are required`"),
        (status = 401, description = "`Invalid API key`"), (status = 403, description = "`User consent is required`"),
        (status = 404, description = "the project has not switched this API on"),
        (status = 429, description = "the key's rate limit is exceeded"),
        (status = 500, description = "`Verification processing failed`"),
        (status = 503, description = "the server is busy")))]
pub async fn submit_verification(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    form: FormBody,
) -> Result<Response, Error> {
    let form = Form::receive(&gateway, "", form, &FIELDS).await?;
    let token = form.text("api_key").ok_or(Error::MissingToken)?;
    let mut late = LateCall::begin(&gateway, &headers, token, (Dialect::Idv, KIND, ERRORS)).await?;
    let result = run(&gateway, &mut late.call, &form).await;
    Ok(late.finish(&gateway, result.map(Json)).await)
}

async fn run(gateway: &Gateway, call: &mut Call, form: &Form) -> Result<Submitted, Error> {
    let user = form.text(USER).or_else(|| form.text("user_id"));
    let user = parse_user_name(user.ok_or_else(|| Error::MissingFields(vec![USER]))?)?;
    let file = |name: &'static str| form.file(name).map_err(|_| Error::MissingFields(vec![name]));
    let input = IdentityInput {
        video: file("selfie_video")?,
        photo: file("id_photo")?,
        contact: Contact {
            email: form.text("user_email").map(str::to_owned),
            phone: form.text("user_phone").map(str::to_owned),
        },
    };
    let subject = Subject { user_fullname: Some(user.clone()), ..Subject::default() };
    let (core, required) = (gateway.core(), UserRequirement::Required);
    let verification = Verification::begin(core, &call.caller, &mut call.record, subject, required).await?;
    let mut outcome = check_identity(verification, input).await?;
    let shown = Disclosure::new(&call.caller, None);
    shown.probability(&mut outcome.probability);
    outcome.score = shown.score(outcome.score);
    let base = gateway.config().public_url.as_deref().unwrap_or_default();
    let submitted = Submitted::new(call.record.transaction_id(), user, &outcome, base);
    call.record.set_event(&submitted.notification());
    Ok(submitted)
}
