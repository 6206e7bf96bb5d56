//! Whether the video was filmed, or its face or mouth was generated. Comes with liveness.

use face::{Authenticity, authenticity::judge_track};
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
    Ok(Box::new(scene.stages.time("media_authenticity", || judge_track(track))?))
}

impl Found for Authenticity {
    fn opinion(&self) -> Opinion {
        Opinion { score: self.score.into(), accepted: self.authentic, words: None }
    }

    fn calibrate(&mut self, by: &Calibrations) {
        let score = f64::from(self.score);
        let Some(said) = by.said(Calibrated::MediaAuthenticity, score) else { return };
        self.authentic = said.accepts(score, self.authentic);
        self.score = said.score(self.authentic);
        self.reason = self.reason.filter(|_| !self.authentic);
    }

    fn report(&self) -> wire::ServiceResult {
        let description = if self.authentic {
            "no trace of a redrawn mouth"
        } else {
            "the mouth seems to be drawn by a program"
        };
        wire::ServiceResult {
            outcome: judged(description),
            accepted: self.authentic,
            score: self.score.into(),
            evidence: Some(clamp_to_decision(self.score.into(), self.authentic)),
            cues: self.cues.iter().map(weighed_cue).collect(),
            ..wire::ServiceResult::default()
        }
    }
}
