//! Whether the face is live.

use face::liveness::{Liveness, judge_track};
use proto::ml as wire;
use scoring::clamp_to_decision;

use super::{Found, Opinion, Scene};
use crate::{
    answer::{judged, weighed_cue},
    calibrations::{Calibrated, Calibrations},
    judged::Judged,
};

pub fn measure(scene: &mut Scene<'_>) -> Judged<Box<dyn Found>> {
    let track = scene.one_face()?;
    let embeddings = scene.embeddings()?;
    let engine = &mut scene.engines.face;
    let liveness = scene.stages.time("liveness", || judge_track(engine, track, &embeddings))?;
    Ok(Box::new(liveness?))
}

impl Found for Liveness {
    fn opinion(&self) -> Opinion {
        Opinion { score: self.score.into(), accepted: self.live, words: None }
    }

    fn calibrate(&mut self, by: &Calibrations) {
        let score = f64::from(self.score);
        let Some(said) = by.said(Calibrated::Liveness, score) else { return };
        self.live = said.accepts(score, self.live);
        self.score = said.score(self.live);
        self.reason = self.reason.filter(|_| !self.live);
    }

    fn report(&self) -> wire::ServiceResult {
        let description = match (self.live, self.reason) {
            (true, _) => "the face is live".to_owned(),
            (false, Some(reason)) => format!("the face is not live: {}", reason.replace('_', " ")),
            (false, None) => "the face is not live".to_owned(),
        };
        wire::ServiceResult {
            outcome: judged(description),
            accepted: self.live,
            score: self.score.into(),
            evidence: Some(clamp_to_decision(self.score.into(), self.live)),
            cues: self.cues.iter().map(weighed_cue).collect(),
            ..wire::ServiceResult::default()
        }
    }
}
