//! Whether the lips show the phrase.

use lips::Reading;
use proto::ml::{self as wire, service_result::Detail};

use super::{Found, Opinion, Scene};
use crate::{
    answer::{cue, judged},
    calibrations::{Calibrated, Calibrations},
    judged::Judged,
};

pub fn measure(scene: &mut Scene<'_>) -> Judged<Box<dyn Found>> {
    let motion = scene.motion()?;
    let (sound, task, lips) = (scene.sound, scene.task, &scene.engines.shared.lips);
    let expected: Vec<&str> = task.phrase.words().iter().map(String::as_str).collect();
    let vocabulary: &[&str] = if task.is_digits { &lips::DIGITS } else { &[] };
    let reading =
        scene.stages.time("lip_reading", || lips.read_phrase(&motion, sound, &expected, vocabulary));
    Ok(Box::new(reading?))
}

impl Found for Reading {
    fn opinion(&self) -> Opinion {
        Opinion { score: self.score.into(), accepted: self.agrees, words: Some(self.words.clone()) }
    }

    fn calibrate(&mut self, by: &Calibrations) {
        let score = f64::from(self.score);
        let Some(said) = by.said(Calibrated::VisualSpeech, score) else { return };
        self.agrees = said.accepts(score, self.agrees);
        self.score = said.score(self.agrees);
    }

    fn report(&self) -> wire::ServiceResult {
        let agreement = if self.agrees { "agree" } else { "do not agree" };
        wire::ServiceResult {
            outcome: judged(format!(
                "the lips {agreement} with the phrase ({:.0} % sure); lip reading alone is weak evidence",
                self.score * 100.0
            )),
            accepted: self.agrees,
            score: self.score.into(),
            evidence: Some(self.score.into()),
            cues: vec![cue("phrase_against_best_reading", self.ratio)],
            detail: Some(Detail::VisualSpeech(wire::VisualSpeech { words: self.words.join(" ") })),
            ..wire::ServiceResult::default()
        }
    }
}
