//! `/v2/face-recognition/…`: liveness and comparison of pictures. Nothing is stored and no user is named, so the
//! project must declare that it holds the consents.

use axum::{Json, extract::State};
use boot::timestamp::rfc3339;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use shares::FairPlace;
use utoipa::ToSchema;

use super::{
    app_registrations::missing,
    errors::unusable,
    images::{LargeBody, Os, PictureErrors, picture},
};
use crate::{
    core::{
        compare_faces::{self, Sides, compare_sides},
        disclosure::Disclosure,
        error::Error,
        media::Media,
        report::round4,
    },
    http::{
        recording::{Call, RecordedResponse},
        state::Gateway,
    },
};

const MIN_LIVENESS: f64 = 0.6;
const MIN_COMPARISON: f64 = 0.85;
const MAX_PICTURES: usize = 3;
const ID_LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// An answer with a short id and a signature.
#[derive(Debug, Serialize, ToSchema)]
pub struct Signed<T> {
    /// Five letters and digits.
    #[schema(example = "K7Q2M")]
    id: String,
    data: T,
    signature: Signature,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    message: &'static str,
    date_time: String,
}

impl<T> Signed<T> {
    pub fn new(call: &Call, data: T) -> Self {
        let digest = Sha256::digest(call.record.transaction_id());
        let letter =
            |byte: &u8| ID_LETTERS.get(usize::from(*byte) % ID_LETTERS.len()).map(|b| char::from(*b));
        let id = digest.iter().take(5).filter_map(letter).collect();
        let signature = Signature { message: "Certified by Biometry", date_time: rfc3339(boot::now_ms()) };
        Self { id, data, signature }
    }
}

/// One or several pictures: data URIs, or base64.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Pictures {
    One(String),
    Several(Vec<String>),
}

impl Pictures {
    pub async fn decoded(self, name: &'static str) -> Result<Vec<Media>, Error> {
        let texts = match self {
            Self::One(text) => vec![text],
            Self::Several(texts) => texts,
        };
        if !(1..=MAX_PICTURES).contains(&texts.len()) {
            let why = format!("\"{name}\" must contain 1 to {MAX_PICTURES} items");
            return Err(Error::field(name, &why));
        }
        let mut pictures = Vec::with_capacity(texts.len());
        for text in texts {
            pictures.push(picture(text).await?);
        }
        Ok(pictures)
    }
}

pub fn in_range(name: &'static str, value: f64, (least, most): (f64, f64)) -> Result<f64, Error> {
    if value < least || value.is_nan() {
        return Err(Error::field(name, &format!("\"{name}\" must be greater than or equal to {least}")));
    }
    if value > most {
        return Err(Error::field(name, &format!("\"{name}\" must be less than or equal to {most}")));
    }
    Ok(value)
}

pub fn min_liveness(asked: Option<f64>) -> Result<f64, Error> {
    in_range("liveness_min_score", asked.unwrap_or(MIN_LIVENESS), (0.52, 1.0))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct LivenessBody {
    /// A data URI, or base64: jpg, png or webp, at most 10 MB.
    #[schema(nullable = false)]
    image: Option<String>,
    /// DESKTOP, IOS or ANDROID.
    #[schema(nullable = false)]
    os: Option<String>,
    /// .52 to 1; default .6.
    #[schema(nullable = false)]
    liveness_min_score: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct LivenessData {
    passed: bool,
    min_score: f64,
    /// 0 to 1.
    liveness_score: f64,
}

impl LivenessData {
    fn new(score: f64, min_score: f64) -> Self {
        Self { passed: score > min_score, min_score, liveness_score: round4(score) }
    }
}

async fn liveness(
    gateway: &Gateway,
    call: &mut Call,
    body: LargeBody,
) -> Result<Json<Signed<LivenessData>>, Error> {
    let (sent, _place): (LivenessBody, FairPlace) = body.receive(gateway, &call.caller.project_id).await?;
    missing(&[("os", sent.os.is_some()), ("image", sent.image.is_some())])?;
    Os::parse(&sent.os.unwrap_or_default())?;
    let min_score = min_liveness(sent.liveness_min_score)?;
    let pictures = [picture(sent.image.unwrap_or_default()).await?];
    let data = judged_liveness(gateway, call, (&pictures, min_score)).await?;
    Ok(Json(Signed::new(call, data)))
}

async fn judged_liveness(
    gateway: &Gateway,
    call: &mut Call,
    (pictures, min_score): (&[Media], f64),
) -> Result<LivenessData, Error> {
    let (core, asked) = (gateway.core(), (pictures, min_score));
    let judged = compare_faces::judge_liveness(core, &call.caller, &mut call.record, asked).await?;
    Ok(LivenessData::new(judged.map_err(|word| unusable(&word))?, min_score))
}

/// Judges whether a picture shows a live face.
#[utoipa::path(post, path = "/v2/face-recognition/liveness", tag = "verifik", request_body = LivenessBody,
    responses((status = 200, body = Signed<LivenessData>), PictureErrors))]
pub async fn judge_liveness(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<Signed<LivenessData>>> {
    let result = liveness(&gateway, &mut call, body).await;
    call.finish(result)
}

/// The same call under its older name.
#[utoipa::path(post, path = "/v2/face-recognition/liveness-score", tag = "verifik", request_body = LivenessBody,
    responses((status = 200, body = Signed<LivenessData>), PictureErrors))]
pub async fn judge_liveness_score(
    state: State<Gateway>,
    call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<Signed<LivenessData>>> {
    judge_liveness(state, call, body).await
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct CompareBody {
    /// One to three pictures.
    #[schema(nullable = false)]
    probe: Option<Pictures>,
    /// One to three pictures; the best matching pair counts.
    #[schema(nullable = false)]
    gallery: Option<Pictures>,
    /// .67 to .95; default .85.
    #[schema(nullable = false)]
    compare_min_score: Option<f64>,
    /// FAST or ACCURATE; both modes use both networks.
    #[schema(nullable = false)]
    search_mode: Option<String>,
    /// DESKTOP, IOS or ANDROID; for calls that judge liveness.
    #[schema(nullable = false)]
    os: Option<String>,
    /// .52 to 1; default .6.
    #[schema(nullable = false)]
    liveness_min_score: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ComparisonResult {
    score: f64,
    passed: bool,
    compare_min_score: f64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CompareData {
    /// The probability, 0 to 1, that both show the same person.
    score: f64,
    result: ComparisonResult,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CompareLiveData {
    score: f64,
    liveness: LivenessData,
    result: ComparisonResult,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CompareWithLivenessData {
    comparison: ComparisonScore,
    /// Null when the faces do not match.
    liveness: Option<LivenessData>,
    result: ComparisonResult,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ComparisonScore {
    score: f64,
}

/// The pictures to compare, and the thresholds.
struct Compared {
    probe: Vec<Media>,
    gallery: Vec<Media>,
    min_score: f64,
    min_liveness: f64,
    _place: FairPlace,
}

impl Compared {
    async fn receive(
        gateway: &Gateway,
        call: &Call,
        body: LargeBody,
        judges_liveness: bool,
    ) -> Result<Self, Error> {
        let (sent, place): (CompareBody, FairPlace) = body.receive(gateway, &call.caller.project_id).await?;
        missing(&[
            ("probe", sent.probe.is_some()),
            ("gallery", sent.gallery.is_some()),
            ("os", sent.os.is_some() || !judges_liveness),
        ])?;
        sent.os.as_deref().map(Os::parse).transpose()?;
        if sent.search_mode.as_deref().is_some_and(|mode| !["FAST", "ACCURATE"].contains(&mode)) {
            return Err(Error::field("search_mode", "\"search_mode\" must be one of [FAST, ACCURATE]"));
        }
        let min_score = sent.compare_min_score.unwrap_or(MIN_COMPARISON);
        let (Some(probe), Some(gallery)) = (sent.probe, sent.gallery) else {
            return Err(Error::MissingFields(vec!["probe", "gallery"]));
        };
        Ok(Self {
            min_score: in_range("compare_min_score", min_score, (0.67, 0.95))?,
            min_liveness: min_liveness(sent.liveness_min_score)?,
            probe: probe.decoded("probe").await?,
            gallery: gallery.decoded("gallery").await?,
            _place: place,
        })
    }

    async fn compare(&self, gateway: &Gateway, call: &mut Call) -> Result<ComparisonResult, Error> {
        let sides = Sides { probe: &self.probe, gallery: &self.gallery, min_probability: self.min_score };
        let compared = compare_sides(gateway.core(), &call.caller, &mut call.record, &sides).await?;
        let mut score = compared.map_err(|word| unusable(&word))?;
        let passed = score >= self.min_score;
        Disclosure::new(&call.caller, None).probability(&mut score);
        Ok(ComparisonResult { score: round4(score), passed, compare_min_score: self.min_score })
    }
}

/// Compares the faces of pictures.
#[utoipa::path(post, path = "/v2/face-recognition/compare", tag = "verifik", request_body = CompareBody,
    responses((status = 200, body = Signed<CompareData>), PictureErrors))]
pub async fn compare_faces(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<Signed<CompareData>>> {
    let result = compare(&gateway, &mut call, body).await;
    call.finish(result)
}

async fn compare(
    gateway: &Gateway,
    call: &mut Call,
    body: LargeBody,
) -> Result<Json<Signed<CompareData>>, Error> {
    let sent = Compared::receive(gateway, call, body, false).await?;
    let result = sent.compare(gateway, call).await?;
    Ok(Json(Signed::new(call, CompareData { score: result.score, result })))
}

/// Compares the faces of pictures, and judges the liveness of the probe.
#[utoipa::path(post, path = "/v2/face-recognition/compare-live", tag = "verifik", request_body = CompareBody,
    responses((status = 200, body = Signed<CompareLiveData>), PictureErrors))]
pub async fn compare_live_face(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<Signed<CompareLiveData>>> {
    let result = compare_live(&gateway, &mut call, body).await;
    call.finish(result)
}

async fn compare_live(
    gateway: &Gateway,
    call: &mut Call,
    body: LargeBody,
) -> Result<Json<Signed<CompareLiveData>>, Error> {
    let sent = Compared::receive(gateway, call, body, true).await?;
    let result = sent.compare(gateway, call).await?;
    // The transaction records the worse of both results.
    let liveness = if result.passed {
        judged_liveness(gateway, call, (&sent.probe, sent.min_liveness)).await?
    } else {
        let mut beside = call.clone();
        judged_liveness(gateway, &mut beside, (&sent.probe, sent.min_liveness)).await?
    };
    Ok(Json(Signed::new(call, CompareLiveData { score: result.score, liveness, result })))
}

/// Compares the faces of pictures, and judges the liveness of the probe only if they match.
#[utoipa::path(post, path = "/v2/face-recognition/compare-with-liveness", tag = "verifik", request_body = CompareBody,
    responses((status = 200, body = Signed<CompareWithLivenessData>), PictureErrors))]
pub async fn compare_with_liveness(
    State(gateway): State<Gateway>,
    mut call: Call,
    body: LargeBody,
) -> RecordedResponse<Json<Signed<CompareWithLivenessData>>> {
    let result = compare_then_judge(&gateway, &mut call, body).await;
    call.finish(result)
}

async fn compare_then_judge(
    gateway: &Gateway,
    call: &mut Call,
    body: LargeBody,
) -> Result<Json<Signed<CompareWithLivenessData>>, Error> {
    let sent = Compared::receive(gateway, call, body, true).await?;
    let result = sent.compare(gateway, call).await?;
    let liveness = match result.passed {
        true => Some(judged_liveness(gateway, call, (&sent.probe, sent.min_liveness)).await?),
        false => None,
    };
    let comparison = ComparisonScore { score: result.score };
    Ok(Json(Signed::new(call, CompareWithLivenessData { comparison, liveness, result })))
}
