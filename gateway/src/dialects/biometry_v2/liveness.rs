//! `POST /api-gateway/v2/liveness`: runs some or all services of the key on a video.

use std::{collections::BTreeSet, time::Instant};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue},
};
use scoring::Service;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    envelope::Answer,
    errors::{of_media, unusable},
    request::{Received, begin},
};
use crate::{
    core::{
        analyze_video::{VideoInput, analyze_video},
        disclosure::Disclosure,
        error::Error,
        report::ServiceReports,
    },
    http::{
        headers::REMOVED_SERVICES,
        multipart::FormBody,
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

/// The services, by their names in requests and answers.
const SERVICES: [(&str, Service); 5] = [
    ("active_speaker_detection", Service::ActiveSpeaker),
    ("face_liveness_detection", Service::FaceLiveness),
    ("face_recognition", Service::FaceRecognition),
    ("visual_speech_recognition", Service::VisualSpeech),
    ("voice_recognition", Service::VoiceRecognition),
];
const MAX_TRIGGER_BYTES: usize = 128;

/// The form of the call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form in the API's documentation")]
pub struct LivenessForm {
    /// JSON: `user_id`, `phrase`, optional `session_id`, `trigger`, `vocabulary`, `services` with `include` or `exclude`.
    #[schema(
        example = "{\"user_id\":\"u1\",\"phrase\":\"one two three\",\"services\":{\"exclude\":[\"voice_recognition\"]}}"
    )]
    request: String,
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    video: String,
}

/// One object for each service that ran.
pub type LivenessData = Map<String, Value>;

/// Runs the requested services of the key on a video and decides. It enrolls nobody.
#[utoipa::path(post, path = "/api-gateway/v2/liveness", tag = "biometry v2",
    request_body(content = LivenessForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "one object for each service in `data`", body = Answer<Value>,
        headers(("X-Removed-Services" = String, description = "true: without consent, recognition did not run"))),
        (status = 422, description = "face_not_detected and others: no service could judge")))]
pub async fn check_liveness(
    State(gateway): State<Gateway>,
    mut call: Call,
    form: FormBody,
) -> RecordedResponse<(HeaderMap, Json<Answer<LivenessData>>)> {
    let result = run(&gateway, &mut call, form).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    form: FormBody,
) -> Result<(HeaderMap, Json<Answer<LivenessData>>), Error> {
    let started = Instant::now();
    let received = Received::receive(gateway, &call.caller.project_id, form, &["video"]).await?;
    if let Some(trigger) = received.text("trigger")? {
        if trigger.len() > MAX_TRIGGER_BYTES {
            return Err(Error::field("trigger", "is longer than 128 bytes"));
        }
        call.record.set_trigger_if_absent(trigger);
    }
    let services = narrowed(&call.caller.services, received.value("services"))?;
    let input = VideoInput {
        video: received.form.file("video")?,
        phrase: Some(received.required_text("phrase")?.to_owned()),
        vocabulary: received.text("vocabulary")?.unwrap_or_default().to_owned(),
        upload_time: started.elapsed(),
        may_enroll: false,
    };
    let caller = call.caller.narrowed_to(services);
    let verification = begin(gateway, call, &caller, &received).await?;
    let outcome = analyze_video(verification, input).await.map_err(of_media)?;
    let mut reports = ServiceReports::new(&outcome.analysis);
    reports.disclose(Disclosure::new(&caller, call.record.user()));
    if let Some(word) = reports.common_error() {
        return Err(unusable(word));
    }
    let mut headers = HeaderMap::new();
    if outcome.services_removed {
        headers.insert(REMOVED_SERVICES, HeaderValue::from_static("true"));
    }
    let answer =
        Answer::new(call, "video processed", by_service(&reports)?).decided(&outcome.decision, &caller);
    Ok((headers, Json(answer)))
}

/// Returns the reports under the service names of this API.
pub fn by_service(reports: &ServiceReports) -> Result<LivenessData, Error> {
    let reports = serde_json::to_value(reports).map_err(|error| Error::internal(&error))?;
    let Value::Object(reports) = reports else { return Ok(Map::new()) };
    let named = |(title, report): (String, Value)| (title.to_lowercase().replace(' ', "_"), report);
    Ok(reports.into_iter().map(named).collect())
}

/// Returns the key's services that the request includes, or does not exclude.
fn narrowed(selected: &BTreeSet<Service>, asked: Option<&Value>) -> Result<BTreeSet<Service>, Error> {
    let Some(asked) = asked else { return Ok(selected.clone()) };
    let (include, exclude) = (names(asked, "include")?, names(asked, "exclude")?);
    let is_asked = |service: &&Service| {
        include.as_ref().is_none_or(|include| include.contains(service))
            && exclude.as_ref().is_none_or(|exclude| !exclude.contains(service))
    };
    let services: BTreeSet<Service> = selected.iter().filter(is_asked).copied().collect();
    if services.is_empty() {
        return Err(Error::field("services", "leaves no service of this key"));
    }
    Ok(services)
}

fn names(asked: &Value, list: &str) -> Result<Option<BTreeSet<Service>>, Error> {
    let refused =
        || Error::field("services", "must be {\"include\": [...]} or {\"exclude\": [...]} of known services");
    if !asked.is_object() {
        return Err(refused());
    }
    let names = match asked.get(list) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(names)) => names,
        Some(_) => return Err(refused()),
    };
    let service = |name: &Value| {
        let found = SERVICES.iter().find(|(known, _)| name.as_str() == Some(known));
        found.map(|(_, service)| *service).ok_or_else(refused)
    };
    names.iter().map(service).collect::<Result<_, _>>().map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_only_takes_services_away() {
        let selected = BTreeSet::from([Service::FaceLiveness, Service::VoiceRecognition]);
        let of = |asked: Value| narrowed(&selected, Some(&asked));
        assert_eq!(narrowed(&selected, None).unwrap(), selected);
        assert_eq!(of(json!({})).unwrap(), selected);
        let liveness = BTreeSet::from([Service::FaceLiveness]);
        assert_eq!(of(json!({"exclude": ["voice_recognition"]})).unwrap(), liveness);
        assert_eq!(
            of(json!({"include": ["face_liveness_detection", "face_recognition"]})).unwrap(),
            liveness
        );
        for bad in [
            json!([]),
            json!({"include": "all"}),
            json!({"include": ["gait"]}),
            json!({"include": ["face_recognition"]}),
        ] {
            assert!(of(bad.clone()).is_err(), "{bad}");
        }
    }
}
