//! Compares the faces of two pictures. Nothing is stored.

use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::try_join_all};
use proto::ml::{
    CheckPictureRequest, ComparePicturesHeader, ComparePicturesRequest, ComparePicturesResponse,
    compare_pictures_request::Part,
};

use crate::core::{
    Core,
    caller::Caller,
    consent::Authorized,
    error::{Error, Refusal},
    evidence,
    media::{LostRetry, Media},
};

/// The result of the comparison.
pub enum FacesCompared {
    /// Cosine, whether it is a match, and the probability of the same person.
    Judged { cosine: f64, matched: bool, probability: f64 },
    /// A picture has no face to compare: the stable word for why.
    NoFace { in_first: bool, error: String },
}

/// Compares the faces of two pictures.
///
/// # Errors
/// 400 for a file that is no picture; 503 when the models are busy.
pub async fn compare_pictures(
    core: &Core,
    caller: &Caller,
    _: Authorized,
    first: &Media,
    second: &Media,
) -> Result<FacesCompared, Error> {
    let header = ComparePicturesHeader { project_id: caller.project_id.clone() };
    let message = |part| ComparePicturesRequest { part: Some(part) };
    let mut ml = core.services().ml();
    let mut retry = LostRetry::default();
    loop {
        let (head, head_failure) = first.messages(message(Part::Header(header.clone())), |chunk| {
            ComparePicturesRequest { part: Some(Part::First(chunk)) }
        });
        let (tail, tail_failure) = second.messages(message(Part::Second(Bytes::new())), |chunk| {
            ComparePicturesRequest { part: Some(Part::Second(chunk)) }
        });
        let compared = ml.compare_pictures(head.chain(tail).boxed()).boxed();
        let seen = head_failure.and(tail_failure).guard(compared).await;
        if !retry.is_due(&seen) {
            return Ok(outcome(&seen.map_err(unreadable)?));
        }
    }
}

fn outcome(seen: &ComparePicturesResponse) -> FacesCompared {
    for (side, in_first) in [(&seen.first, true), (&seen.second, false)] {
        if let Some(error) = evidence::failure(side.as_ref()) {
            return FacesCompared::NoFace { in_first, error: error.to_owned() };
        }
    }
    FacesCompared::Judged { cosine: seen.score, matched: seen.matched, probability: seen.probability }
}

/// Checks that every file is a picture the models can read, before any of them is judged.
///
/// # Errors
/// 400 with the number of unreadable files.
pub async fn check_pictures(core: &Core, project_id: &str, pictures: &[&Media]) -> Result<(), Error> {
    let mut checks = Vec::with_capacity(pictures.len());
    for picture in pictures {
        checks.push(is_readable(core, project_id, picture).boxed());
    }
    let readable = try_join_all(checks).await?;
    match readable.iter().filter(|is_readable| !**is_readable).count() {
        0 => Ok(()),
        unreadable => Err(Error::UnreadablePictures(unreadable)),
    }
}

async fn is_readable(core: &Core, project_id: &str, picture: &Media) -> Result<bool, Error> {
    let header = CheckPictureRequest { chunk: Bytes::new(), project_id: project_id.to_owned() };
    let chunk = |chunk| CheckPictureRequest { chunk, project_id: String::new() };
    let (messages, read_failure) = picture.messages(header, chunk);
    let mut ml = core.services().ml();
    match read_failure.guard(ml.check_picture(messages).boxed()).await {
        Ok(_) => Ok(true),
        Err(Error::Refused(Refusal::Invalid, _)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Returns the error of one unreadable file.
pub fn unreadable(error: Error) -> Error {
    match error {
        Error::Refused(Refusal::Invalid, _) => Error::UnreadablePictures(1),
        other => other,
    }
}
