//! `/v2/face-recognition/search`, `search-live-face` and `verify`: find and verify persons by their faces.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use shares::FairPlace;
use utoipa::ToSchema;

use super::{
    app_registrations::missing,
    errors::{liveness_failed, unusable},
    face_recognition::{Pictures, Signed, in_range, min_liveness},
    images::{LargeBody, Os, PictureErrors},
};
use crate::{
    core::{
        disclosure::Disclosure,
        error::Error,
        report::round4,
        search_faces::{FoundPerson, Search, search_persons, verify_person},
    },
    http::{
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const MIN_SCORE: f64 = 0.85;

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct SearchBody {
    /// One to three pictures.
    #[schema(nullable = false)]
    images: Option<Pictures>,
    /// One picture, for `search-live-face`.
    #[schema(nullable = false)]
    image: Option<Pictures>,
    /// .2 to 1; default .85.
    #[schema(nullable = false)]
    min_score: Option<f64>,
    /// The code of a collection; without it every collection of the project is searched.
    #[schema(nullable = false)]
    collection_id: Option<String>,
    /// DESKTOP, IOS or ANDROID; for `search-live-face`.
    #[schema(nullable = false)]
    os: Option<String>,
    /// .52 to 1; default .6.
    #[schema(nullable = false)]
    liveness_min_score: Option<f64>,
}

/// A person found by the search.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonFound {
    id: String,
    /// Only for keys with the permission `identify`.
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    score: f64,
    /// Always empty, because pictures are not stored.
    thumbnails: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LiveSearchData {
    persons: Vec<PersonFound>,
    liveness_score: f64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct VerifyData {
    /// Null when the person does not match.
    #[serde(rename = "match")]
    of: Option<PersonFound>,
}

impl PersonFound {
    fn new(call: &Call, found: FoundPerson) -> Self {
        let FoundPerson { id, mut name, probability: mut score } = found;
        let shown = Disclosure::new(&call.caller, None);
        shown.name(&mut name);
        shown.probability(&mut score);
        Self { id, name, score: round4(score), thumbnails: Vec::new() }
    }
}

/// Searches for a face among the persons of the project, and returns the nearest if it matches.
#[utoipa::path(post, path = "/v2/face-recognition/search", tag = "verifik", request_body = SearchBody,
    responses((status = 200, body = Signed<Vec<PersonFound>>), PictureErrors))]
pub async fn search_person(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<Signed<Vec<PersonFound>>>> {
    let result = search(&gateway, &mut call, body).await;
    call.finish(result)
}

async fn search(
    gateway: &Gateway,
    call: &mut Call,
    body: LargeBody,
) -> Result<Json<Signed<Vec<PersonFound>>>, Error> {
    let (sent, _place): (SearchBody, FairPlace) = body.receive(gateway, &call.caller.project_id).await?;
    let Some(images) = sent.images else { return Err(Error::MissingFields(vec!["images"])) };
    let pictures = images.decoded("images").await?;
    let search = Search {
        pictures: &pictures,
        min_probability: in_range("min_score", sent.min_score.unwrap_or(MIN_SCORE), (0.2, 1.0))?,
        collection: sent.collection_id.as_deref(),
    };
    let found = search_persons(gateway.core(), &call.caller, &mut call.record, search).await?;
    let found = found.map_err(|word| unusable(&word))?.found;
    let persons = found.into_iter().map(|found| PersonFound::new(call, found)).collect();
    Ok(Json(Signed::new(call, persons)))
}

/// Searches for the face of one picture, which must be live.
#[utoipa::path(post, path = "/v2/face-recognition/search-live-face", tag = "verifik", request_body = SearchBody,
    responses((status = 200, body = Signed<LiveSearchData>), (status = 409, description = "liveness_failed, a field is missing or wrong, or no one face"),
        (status = 412, description = "only_images_in_base64"), (status = 413, description = "image_too_large")))]
pub async fn search_live_person(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<Signed<LiveSearchData>>> {
    let result = search_live(&gateway, &mut call, body).await;
    let answer = result.map(|data| Json(Signed::new(&call, data)));
    call.finish(answer)
}

/// Searches for a face, and returns only a list of persons.
#[utoipa::path(post, path = "/v2/face-recognition/search-active-user", tag = "verifik", request_body = SearchBody,
    responses((status = 200, body = Signed<Vec<PersonFound>>), PictureErrors))]
pub async fn search_active_user(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<Signed<Vec<PersonFound>>>> {
    let result = search_live(&gateway, &mut call, body).await;
    let answer = result.map(|data| Json(Signed::new(&call, data.persons)));
    call.finish(answer)
}

async fn search_live(gateway: &Gateway, call: &mut Call, body: LargeBody) -> Result<LiveSearchData, Error> {
    let (sent, _place): (SearchBody, FairPlace) = body.receive(gateway, &call.caller.project_id).await?;
    missing(&[("os", sent.os.is_some()), ("image", sent.image.is_some())])?;
    sent.os.as_deref().map(Os::parse).transpose()?;
    let min_liveness = min_liveness(sent.liveness_min_score)?;
    let min_probability = in_range("min_score", sent.min_score.unwrap_or(MIN_SCORE), (0.5, 1.0))?;
    let Some(image) = sent.image else { return Err(Error::MissingFields(vec!["image"])) };
    let pictures = image.decoded("image").await?;
    let search = Search { pictures: &pictures, min_probability, collection: sent.collection_id.as_deref() };
    let found = search_persons(gateway.core(), &call.caller, &mut call.record, search).await?;
    let outcome = found.map_err(|word| unusable(&word))?;
    if outcome.liveness <= min_liveness {
        call.record.set_reasons(vec!["liveness_failed".to_owned()]);
        return Err(liveness_failed(outcome.liveness));
    }
    let persons = outcome.found.into_iter().map(|found| PersonFound::new(call, found)).collect();
    Ok(LiveSearchData { persons, liveness_score: round4(outcome.liveness) })
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct VerifyBody {
    /// The id of the person.
    #[schema(example = "674de8df21c72be3cc42b8a9", nullable = false)]
    id: Option<String>,
    /// One to three pictures.
    #[schema(nullable = false)]
    images: Option<Pictures>,
    /// .5 to 1; default .85.
    #[schema(nullable = false)]
    min_score: Option<f64>,
}

/// Verifies whether pictures show a given person.
#[utoipa::path(post, path = "/v2/face-recognition/verify", tag = "verifik", request_body = VerifyBody,
    responses((status = 200, body = Signed<VerifyData>), (status = 404, description = "PERSON_NOT_FOUND"), PictureErrors))]
pub async fn verify_person_face(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<Signed<VerifyData>>> {
    let result = verify(&gateway, &mut call, body).await;
    call.finish(result)
}

async fn verify(
    gateway: &Gateway,
    call: &mut Call,
    body: LargeBody,
) -> Result<Json<Signed<VerifyData>>, Error> {
    let (sent, _place): (VerifyBody, FairPlace) = body.receive(gateway, &call.caller.project_id).await?;
    missing(&[("id", sent.id.is_some()), ("images", sent.images.is_some())])?;
    let (Some(id), Some(images)) = (sent.id, sent.images) else {
        return Err(Error::MissingFields(vec!["id", "images"]));
    };
    let min_score = in_range("min_score", sent.min_score.unwrap_or(MIN_SCORE), (0.5, 1.0))?;
    let pictures = images.decoded("images").await?;
    let asked = (id.as_str(), &*pictures, min_score);
    let verified = verify_person(gateway.core(), &call.caller, &mut call.record, asked).await?;
    let found = verified.map_err(|word| unusable(&word))?;
    let of = found.map(|found| PersonFound::new(call, found));
    Ok(Json(Signed::new(call, VerifyData { of })))
}
