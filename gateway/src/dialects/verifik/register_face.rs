//! `POST /v2/biometric-validations/app-registration`.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    app_registrations::{AppRegistration, Data, missing},
    errors::{liveness_failed, unusable},
    events,
    images::{LargeBody, Os, picture},
};
use crate::{
    core::{
        caller::RecordKind,
        error::Error,
        register_face::{FaceRefused, FaceSent, register_face},
    },
    http::{
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

/// The face of the token's registration.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct RegistrationFace {
    /// A data URI, or base64: jpg, png or webp, at most 10 MB.
    #[schema(example = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQ...", nullable = false)]
    image: Option<String>,
    /// DESKTOP, IOS or ANDROID.
    #[schema(example = "DESKTOP", nullable = false)]
    os: Option<String>,
    /// Whether to continue when the registration already has a person.
    #[schema(nullable = false)]
    force: Option<bool>,
}

/// Judges the face of the token's registration: its liveness, then whether it is already known in the project's
/// collection. Links the registration to its person.
#[utoipa::path(post, path = "/v2/biometric-validations/app-registration", tag = "verifik",
    request_body = RegistrationFace,
    responses((status = 200, body = Data<AppRegistration>),
        (status = 404, description = "appRegistration_not_found: unknown, or not STARTED or ONGOING"),
        (status = 409, description = "collection_not_set, person_already_set, liveness_failed, attempts_exceeded, or a picture without one face"),
        (status = 412, description = "only_images_in_base64"), (status = 413, description = "image_too_large")))]
pub async fn validate_app_registration_face(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<Data<AppRegistration>>> {
    let result = run(&gateway, &mut call, body).await;
    call.finish(result)
}

async fn run(
    gateway: &Gateway,
    call: &mut Call,
    body: LargeBody,
) -> Result<Json<Data<AppRegistration>>, Error> {
    let registration_id = call.caller.require_record(RecordKind::Registration)?.to_owned();
    let (sent, _place) = body.receive::<RegistrationFace>(gateway, &call.caller.project_id).await?;
    missing(&[("image", sent.image.is_some()), ("os", sent.os.is_some())])?;
    Os::parse(&sent.os.unwrap_or_default())?;
    let picture = picture(sent.image.unwrap_or_default()).await?;
    let sent = FaceSent {
        registration_id: &registration_id,
        picture: &picture,
        force: sent.force.unwrap_or_default(),
    };
    let judged = register_face(gateway.core(), &call.caller, &mut call.record, sent).await;
    let id = &registration_id;
    match &judged {
        Ok(Ok(registration)) => {
            let what = "biometric_validation_created_person";
            events::report_registration(gateway, call, registration, what).await;
        }
        Ok(Err(FaceRefused::NotLive(_))) => {
            events::report_registration_now(gateway, call, id, "biometric_validation_liveness_failed").await;
        }
        Ok(Err(FaceRefused::Unusable(_))) => {}
        other if events::is_word(other, "person_already_set") => {
            events::report_registration_now(gateway, call, id, "app_registration_person_already_set").await;
        }
        Err(_) => {}
    }
    let registration = judged?.map_err(|refused| match refused {
        FaceRefused::Unusable(word) => unusable(&word),
        FaceRefused::NotLive(score) => liveness_failed(score),
    })?;
    Ok(Json(Data { data: AppRegistration::new(&call.caller, registration) }))
}
