//! Liveness and identification of one still picture. Nothing is stored.

use futures::FutureExt;
use proto::ml::{JudgeStillHeader, JudgeStillRequest, JudgeStillResponse, judge_still_request::Part};

use crate::core::{
    Core, caller::Caller, compare_pictures::unreadable, consent::Authorized, error::Error, evidence,
    media::Media,
};

/// Requested checks of a still besides liveness.
#[derive(Clone, Debug, Default)]
pub struct StillQuestion {
    /// Compared 1:1, and excluded from a search.
    pub user: Option<String>,
    /// Least probability of a match of another subject of the project.
    pub search_from: Option<f64>,
}

/// The result of a still.
#[derive(Clone, Debug)]
pub enum StillJudged {
    /// It cannot be judged: the stable word for why.
    Unusable(String),
    Seen(SeenStill),
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeenStill {
    /// 0 to 1.
    pub liveness: f64,
    /// The probability that it is the user, if there is a template, and whether it is a match.
    pub own: Option<(f64, bool)>,
    /// The nearest other subject, and the probability of a match.
    pub nearest: Option<(String, f64)>,
}

/// Judges a still.
///
/// # Errors
/// 400 for a file that is not a picture; 503 when the models are busy.
pub async fn judge_still(
    core: &Core,
    caller: &Caller,
    _: Authorized,
    picture: &Media,
    question: StillQuestion,
) -> Result<StillJudged, Error> {
    let header = JudgeStillHeader {
        project_id: caller.project_id.clone(),
        user_fullname: question.user.unwrap_or_default(),
        search: question.search_from.is_some(),
        min_probability: question.search_from.unwrap_or_default(),
    };
    let header = JudgeStillRequest { part: Some(Part::Header(header)) };
    let (messages, read_failure) =
        picture.messages(header, |chunk| JudgeStillRequest { part: Some(Part::Chunk(chunk)) });
    let mut ml = core.services().ml();
    let seen = read_failure.guard(ml.judge_still(messages).boxed()).await.map_err(unreadable)?;
    Ok(outcome(seen))
}

fn outcome(seen: JudgeStillResponse) -> StillJudged {
    if let Some(error) = evidence::failure(seen.outcome.as_ref()) {
        return StillJudged::Unusable(error.to_owned());
    }
    StillJudged::Seen(SeenStill {
        liveness: seen.liveness,
        own: seen.own.map(|own| (own.probability, own.matched)),
        nearest: seen.nearest.map(|nearest| (nearest.user_fullname, nearest.probability)),
    })
}
