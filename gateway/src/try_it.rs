//! The page that shows the product to a newcomer: process-video for somebody at the dashboard, who has no API key and
//! whose consents are given on the same page.

use std::{sync::Arc, time::Instant};

use axum::{
    Json,
    extract::{Multipart, State, multipart::MultipartRejection},
    http::HeaderMap,
};
use proto::consent::ConsentKind;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    Gateway, consent,
    error::Error,
    headers::{self, CallHeaders},
    process_video,
    record::Call,
    upload::{Fields, Form},
};

const FIELDS: Fields = Fields {
    files: &["video"],
    texts: &["phrase", "vocabulary", "user_fullname", "consent", "storage_consent"],
};
/// What its transactions are found by.
const TAG: &str = "try-it";

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct TryItForm {
    /// mp4, mov, webm, mkv or avi, at most 50 MB.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    video: String,
    /// What the person was asked to say.
    #[schema(example = "one two three four five")]
    phrase: String,
    vocabulary: Option<String>,
    /// Who is in the video.
    #[schema(example = "ada@example.org")]
    user_fullname: String,
    /// Whether they agree to being recognised.
    #[schema(example = "true")]
    consent: String,
    /// Whether they agree to templates and the recording being kept.
    #[schema(example = "false")]
    storage_consent: String,
}

/// process-video for somebody at the dashboard: the project's services and rules, the same handler. What the person
/// ticked is recorded as their consents first, where it differs from what counts; the transaction has the tag `try-it`.
#[utoipa::path(post, path = "/api-projects/try-it", tag = "projects",
    request_body(content = TryItForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "as process-video answers", body = Value)))]
pub async fn try_it(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: Result<Multipart, MultipartRejection>,
) -> Result<(HeaderMap, Json<Value>), Error> {
    let started = Instant::now();
    call.note(|transaction| {
        if !transaction.tags.iter().any(|tag| tag == TAG) {
            transaction.tags.push(TAG.to_owned());
        }
    });
    let form = Form::receive(&gateway, form, &FIELDS).await?;
    let user = headers::user_fullname(form.required_text("user_fullname")?)?;
    call.note(|transaction| transaction.user_fullname = Some(user.clone()));
    // What the form lacks is told before anything is written down.
    form.file("video")?;
    form.required_text("phrase")?;
    let decided = [
        (ConsentKind::Authorization, ticked(&form, "consent")?),
        (ConsentKind::Storage, ticked(&form, "storage_consent")?),
    ];
    consent::decided_here(&gateway, &call, &user, decided).await?;
    let named = CallHeaders { user_fullname: Some(user), ..CallHeaders::clone(&call.headers) };
    call.headers = Arc::new(named);
    process_video::decided(&gateway, &call, &form, started).await
}

fn ticked(form: &Form, name: &'static str) -> Result<bool, Error> {
    let given = form.required_text(name)?;
    given.parse().map_err(|_| Error::Invalid(format!("'{name}' form value must be true or false").into()))
}
