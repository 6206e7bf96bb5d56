//! `POST /api-gateway/process-video`.

use std::time::{Duration, Instant};

use axum::{Json, extract::State, http::HeaderMap};
use utoipa::ToSchema;

use super::{
    responses::{Decided, ServiceCondition, convert_codes, flag_headers},
    subject::{parse_subject, user_requirement},
};
use crate::{
    core::{
        analyze_video::{VideoInput, VideoOutcome, analyze_video},
        caller::Caller,
        disclosure::Disclosure,
        error::Error,
        report::ServiceReports,
        verification::{Subject, Verification},
    },
    http::{
        headers::{AUTO_ENROLL, REMOVED_SERVICES},
        multipart::{Fields, Form, FormBody},
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const FIELDS: Fields = Fields {
    files: &["video"],
    texts: &["phrase", "vocabulary", "trigger", "X-Session-ID", "X-Request-User-Provided-ID", "session_id"],
};
const MAX_TRIGGER_BYTES: usize = 128;

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct ProcessVideoForm {
    /// mp4, mov, webm, mkv or avi, at most 50 MB.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    video: String,
    /// The phrase the user was asked to say. In a session with a challenge it is the issued phrase and may be omitted;
    /// without one it is required.
    #[schema(example = "one two three four five")]
    phrase: Option<String>,
    /// The vocabulary of the phrase: `en_digits`, or absent for digits when the phrase consists of digits and for any
    /// words otherwise.
    vocabulary: Option<String>,
    /// The trigger of this call; can also be sent as the header X-Action-Trigger.
    trigger: Option<String>,
}

// The response type is written out below, because utoipa names the schema of an alias after the generic type alone.
pub type ProcessVideoResponse = Decided<ServiceReports, ServiceCondition>;

/// Runs the key's services on a video and decides. With both consents and the verdict pass, a user without templates is
/// enrolled before the response is sent; a header reports it, and the next video is compared with them.
#[utoipa::path(post, path = "/api-gateway/process-video", tag = "biometrics",
    request_body(content = ProcessVideoForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "the services' results and the decision", body = Decided<ServiceReports, ServiceCondition>,
        headers(("X-Auto-Enroll" = String, description = "true: templates were made"),
                ("X-Removed-Services" = String, description = "true: without consent, recognition did not run"))),
        (status = 409, description = "the session's challenge was used or has expired, or the project requires one")))]
pub async fn process_video(
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
    let form = Form::receive(gateway, &call.caller.project_id, form, &FIELDS).await?;
    if let Some(trigger) = form.text("trigger") {
        if trigger.len() > MAX_TRIGGER_BYTES {
            return Err(Error::invalid("'trigger' form value is longer than 128 bytes"));
        }
        call.record.set_trigger_if_absent(trigger);
    }
    let subject = parse_subject(&call.headers, &form)?;
    call.record.set_session(subject.session_id.clone());
    process_form(gateway, call, &form, subject, started.elapsed()).await
}

/// Runs process-video with a received form, for `subject`.
pub async fn process_form(
    gateway: &Gateway,
    call: &mut Call,
    form: &Form,
    subject: Subject,
    upload_time: Duration,
) -> Result<(HeaderMap, Json<ProcessVideoResponse>), Error> {
    let video = form.file("video")?;
    let input = VideoInput {
        video,
        phrase: form.text("phrase").map(str::to_owned),
        vocabulary: form.text("vocabulary").unwrap_or_default().to_owned(),
        upload_time,
        may_enroll: true,
    };
    let requirement = user_requirement(&call.caller);
    let verification =
        Verification::begin(gateway.core(), &call.caller, &mut call.record, subject, requirement).await?;
    let outcome = analyze_video(verification, input).await?;
    let headers =
        flag_headers([(REMOVED_SERVICES, outcome.services_removed), (AUTO_ENROLL, outcome.auto_enrolled)]);
    Ok((headers, Json(render(&outcome, &call.caller, call.record.user()))))
}

fn render(outcome: &VideoOutcome, caller: &Caller, user: Option<&str>) -> ProcessVideoResponse {
    let mut services = ServiceReports::new(&outcome.analysis);
    services.disclose(Disclosure::new(caller, user));
    convert_codes(caller, services.codes_mut());
    Decided::new(services, &outcome.decision, caller, true, "video processed successfully")
}
