//! Compares pictures of one person with pictures of another, and their liveness. Nothing is stored.

use scoring::Verdict;

use crate::core::{
    Core,
    caller::Caller,
    compare_pictures::{FacesCompared, compare_pictures},
    consent::Authorized,
    error::Error,
    judge_still::{StillJudged, StillQuestion, judge_still},
    media::Media,
    record::TransactionRecord,
};

/// Two sides, and the least probability of a match.
pub struct Sides<'a> {
    pub probe: &'a [Media],
    pub gallery: &'a [Media],
    pub min_probability: f64,
}

/// The result of pictures; the inner error is the stable word for why one cannot be judged.
pub type Judged<T> = Result<T, String>;

/// Returns the probability of the likeliest pair to show the same person.
///
/// # Errors
/// 403 unless the project declares that it holds consents; 400 for a file that is not a picture.
pub async fn compare_sides(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    sides: &Sides<'_>,
) -> Result<Judged<f64>, Error> {
    let authorized = Authorized::by_attestation(caller)?;
    let mut best = Err("no_face".to_owned());
    for probe in sides.probe {
        for other in sides.gallery {
            match compare_pictures(core, caller, authorized, probe, other).await? {
                FacesCompared::Judged { probability, .. } => {
                    record.note_models_ran();
                    best = Ok(best.map_or(probability, |known: f64| known.max(probability)));
                }
                FacesCompared::NoFace { error, .. } if best.is_err() => best = Err(error),
                FacesCompared::NoFace { .. } => {}
            }
        }
    }
    match &best {
        Ok(probability) if *probability >= sides.min_probability => {
            record.set_verdict(Verdict::Pass, vec!["faces_match".to_owned()]);
        }
        Ok(_) => record.set_verdict(Verdict::Fail, vec!["faces_do_not_match".to_owned()]),
        Err(word) => record.set_reasons(vec![word.clone()]),
    }
    Ok(best)
}

/// Returns the least liveness of pictures of one person: one live picture does not make another one live.
///
/// # Errors
/// As [`compare_sides`].
pub async fn judge_liveness(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    (pictures, min_score): (&[Media], f64),
) -> Result<Judged<f64>, Error> {
    let authorized = Authorized::by_attestation(caller)?;
    let mut least = 1.0_f64;
    for picture in pictures {
        match judge_still(core, caller, authorized, picture, StillQuestion::default()).await? {
            StillJudged::Seen(seen) => {
                record.note_models_ran();
                least = least.min(seen.liveness);
            }
            StillJudged::Unusable(word) => {
                record.set_reasons(vec![word.clone()]);
                return Ok(Err(word));
            }
        }
    }
    record.set_score(least * 100.0);
    if least <= min_score {
        record.set_verdict(Verdict::Fail, vec!["liveness_failed".to_owned()]);
    } else {
        record.set_verdict(Verdict::Pass, vec!["liveness_passed".to_owned()]);
    }
    Ok(Ok(least))
}
