//! `POST /verif/submit`.

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use proto::journeys::{Link, LinkHolder};
use utoipa::ToSchema;

use super::{
    answers::Submitted,
    errors::{ERRORS, USER},
    page::page_link,
};
use crate::{
    core::{
        consent,
        dialect::Dialect,
        disclosure::Disclosure,
        error::Error,
        identity_check::{Contact, IdentityInput, check_identity},
        links::{OpenedLink, TakenLink, open_link},
        user_name::parse_user_name,
        verification::{Subject, UserRequirement, Verification},
    },
    http::{
        auth::admit,
        multipart::{Fields, Form, FormBody},
        recording::{Call, LateCall},
        state::Gateway,
    },
};

const FIELDS: Fields = Fields {
    files: &["selfie_video", "id_photo"],
    texts: &["api_key", "user_identifier", "user_id", "user_email", "user_phone", "page_token", "consent"],
};
const KIND: &str = "idv.submit";

/// The form of the call; fields may come in any order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct SubmitForm {
    api_key: String,
    /// Instead of `api_key`: the token of a page from `GET /verif/`, which determines the user.
    page_token: Option<String>,
    /// `true` if the user consents; with a `page_token` the person ticks it on the page.
    consent: Option<bool>,
    /// `user_id` is an alias.
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

/// Checks a selfie video against the photo of an identity document. A mismatch is also answered with 200: `status` is
/// `verified`, `rejected` or `review`. The files are deleted after seven days; without storage consent they are not
/// stored.
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
    let Some(token) = form.text("api_key") else {
        return submit_from_page(&gateway, &headers, &form).await;
    };
    let mut late = LateCall::begin(&gateway, &headers, token, (Dialect::Idv, KIND, ERRORS)).await?;
    let result = run(&gateway, &mut late.call, &form).await;
    Ok(late.finish(&gateway, result.map(Json)).await)
}

async fn run(gateway: &Gateway, call: &mut Call, form: &Form) -> Result<Submitted, Error> {
    let user = form.text(USER).or_else(|| form.text("user_id"));
    let user = parse_user_name(user.ok_or_else(|| Error::MissingFields(vec![USER]))?)?;
    let contact = Contact {
        email: form.text("user_email").map(str::to_owned),
        phone: form.text("user_phone").map(str::to_owned),
    };
    check(gateway, call, user, input(form, contact)?).await
}

/// Reads the form of the page: it has a token instead of a key, and the user is the one the page was created for.
async fn submit_from_page(gateway: &Gateway, headers: &HeaderMap, form: &Form) -> Result<Response, Error> {
    let token = form.text("page_token").ok_or(Error::MissingToken)?;
    let OpenedLink { link, caller, .. } = open_link(gateway.core(), page_link(token)).await?;
    let caller = admit(gateway, headers, (caller, Dialect::Idv), None).await?;
    let mut late = LateCall::of(gateway, headers, caller, (KIND, ERRORS)).await?;
    let result = run_of_page(gateway, &mut late.call, form, link).await;
    Ok(late.finish(gateway, result.map(Json)).await)
}

async fn run_of_page(
    gateway: &Gateway,
    call: &mut Call,
    form: &Form,
    link: Link,
) -> Result<Submitted, Error> {
    let core = gateway.core();
    let taken = TakenLink::take(core, &link).await?;
    let LinkHolder { identifier: user, email, phone, .. } = link.holder.unwrap_or_default();
    let given = |text: String| (!text.is_empty()).then_some(text);
    let input = input(form, Contact { email: given(email), phone: given(phone) })?;
    if !form.flag("consent")? {
        return Err(Error::ConsentRequired);
    }
    consent::record_consent_of_page(core, &call.caller, &call.record, &user).await?;
    let submitted = check(gateway, call, user, input).await?;
    taken.spend();
    Ok(submitted)
}

fn input(form: &Form, contact: Contact) -> Result<IdentityInput<'_>, Error> {
    let file = |name: &'static str| form.file(name).map_err(|_| Error::MissingFields(vec![name]));
    Ok(IdentityInput { video: file("selfie_video")?, photo: file("id_photo")?, contact })
}

async fn check(
    gateway: &Gateway,
    call: &mut Call,
    user: String,
    input: IdentityInput<'_>,
) -> Result<Submitted, Error> {
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
