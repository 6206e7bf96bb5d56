//! `POST /api-projects/try-it`: process-video for a dashboard user, who has no API key and gives consent on the same
//! page.

use std::time::Instant;

use axum::{Json, extract::State, http::HeaderMap};
use proto::consent::ConsentState;
use utoipa::ToSchema;

use super::{
    process_video::{ProcessVideoResponse, process_form},
    responses::{Decided, ServiceCondition},
};
use crate::{
    core::{error::Error, report::ServiceReports, user_name::parse_try_it_name, verification::Subject},
    http::{
        multipart::{Fields, Form, FormBody},
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const FIELDS: Fields = Fields {
    files: &["video"],
    texts: &["phrase", "vocabulary", "user_fullname", "consent", "storage_consent"],
};
/// The tag of its transactions.
const TAG: &str = "try-it";

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct TryItForm {
    /// mp4, mov, webm, mkv or avi, at most 50 MB.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    video: String,
    /// The phrase the person was asked to say.
    #[schema(example = "one two three four five")]
    phrase: String,
    vocabulary: Option<String>,
    /// The name of the person in the video.
    #[schema(example = "ada@example.org")]
    user_fullname: String,
    /// Whether the person consents to recognition.
    #[schema(example = "true")]
    consent: String,
    /// Whether the person consents to storing templates and the recording.
    #[schema(example = "false")]
    storage_consent: String,
}

/// Runs process-video for a dashboard user, with the project's services and rules. The person is the user
/// `try-it:<name>`, a name that no customer's user can have. The consents in the form apply to the call. Once the video
/// has been analysed, those that differ from the current consents are recorded. The transaction has the tag `try-it`.
#[utoipa::path(post, path = "/api-projects/try-it", tag = "projects",
    request_body(content = TryItForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "as process-video", body = Decided<ServiceReports, ServiceCondition>),
              (status = 400, description = "a header or field is missing or malformed"),
              (status = 401, description = "not signed in"),
              (status = 403, description = "the role does not allow this, or the session is another user's"),
              (status = 404, description = "no such project or session"),
              (status = 429, description = "too many calls; Retry-After says for how long"),
              (status = 431, description = "the request's headers are too large"),
              (status = 500, description = "a fault of this server; the log has its cause under request_id"),
              (status = 503, description = "the server is busy; Retry-After says when to retry")))]
pub async fn try_process_video(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<(HeaderMap, Json<ProcessVideoResponse>)> {
    let result = run(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<(HeaderMap, Json<ProcessVideoResponse>), Error> {
    let started = Instant::now();
    call.record.add_tag(TAG);
    let form = Form::receive(gateway, &call.caller.project_id, form, &FIELDS).await?;
    let user = parse_try_it_name(form.required_text("user_fullname")?)?;
    call.record.set_user(Some(user.clone()));
    let ticked = ConsentState {
        authorization: required_flag(&form, "consent")?,
        storage: required_flag(&form, "storage_consent")?,
        ..ConsentState::default()
    };
    // No session is used: it belongs to a customer, and would be bound to this person.
    let subject = Subject { session_id: None, user_fullname: Some(user), ticked: Some(ticked) };
    process_form(gateway, call, &form, subject, started.elapsed()).await
}

fn required_flag(form: &Form, name: &'static str) -> Result<bool, Error> {
    let text = form.required_text(name)?;
    text.parse().map_err(|_| Error::Invalid(format!("'{name}' form value must be true or false").into()))
}
