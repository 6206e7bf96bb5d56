//! Whether the phrase was spoken. Comes with lip reading: lips and sound are independent evidence, and either may be
//! unable to judge.

use proto::ml::{self as wire, service_result::Detail};
use scoring::clamp_to_decision;
use voice::{Phrase, PhraseEvidence};

use super::{Found, Hearing, Opinion};
use crate::{
    answer::judged,
    calibrations::{Calibrated, Calibrations},
    judged::Judged,
    recording::phrase_score,
};

/// Whether a phrase was spoken, with its confidence.
#[derive(Clone, Debug, PartialEq)]
pub struct SpokenScore {
    pub evidence: PhraseEvidence,
    pub score: f32,
}

impl SpokenScore {
    /// Returns the decision of the shipped thresholds.
    pub fn shipped(evidence: PhraseEvidence) -> Self {
        Self { score: phrase_score(&evidence), evidence }
    }
}

pub fn measure(hearing: &mut Hearing<'_>) -> Judged<Box<dyn Found>> {
    let activity = hearing.activity.as_ref().map_err(Clone::clone)?;
    let (sound, task, voice) = (hearing.sound, hearing.task, &hearing.shared.voice);
    let vocabulary: &[&str] = if task.is_digits { &voice::DIGITS } else { &[] };
    let evidence = hearing
        .stages
        .time("spoken_phrase", || voice.score_phrase(sound, activity, &task.phrase, vocabulary));
    Ok(Box::new(SpokenScore::shipped(evidence?)))
}

impl Found for SpokenScore {
    fn opinion(&self) -> Opinion {
        let words = Phrase::parse(&self.evidence.best).words().to_vec();
        Opinion { score: self.evidence.llr.into(), accepted: self.evidence.said, words: Some(words) }
    }

    fn calibrate(&mut self, by: &Calibrations) {
        let llr = f64::from(self.evidence.llr);
        let Some(answered) = by.said(Calibrated::Phrase, llr) else { return };
        self.evidence.said = answered.accepts(llr, self.evidence.said);
        self.score = answered.score(self.evidence.said);
    }

    fn report(&self) -> wire::ServiceResult {
        let Self { evidence: PhraseEvidence { said, transcript, llr, .. }, score } = self;
        wire::ServiceResult {
            outcome: judged(if *said { "the phrase was spoken" } else { "the phrase was not spoken" }),
            accepted: *said,
            score: f64::from(*score),
            evidence: Some(clamp_to_decision(f64::from(*score), *said)),
            detail: Some(Detail::SpokenPhrase(wire::SpokenPhrase {
                transcript: transcript.clone(),
                log_likelihood_ratio: f64::from(*llr),
            })),
            ..wire::ServiceResult::default()
        }
    }
}
