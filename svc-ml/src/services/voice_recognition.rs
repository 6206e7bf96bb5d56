//! Whose voice the video has.

use proto::ml::{self as wire, service_result::Detail};
use voice::{Bandwidth, Comparison, Voiceprint};

use super::Hearing;
use crate::{
    answer::judged,
    identity::{Identity, Standing},
    judged::Judged,
};

/// Returns the voice of the sound.
pub fn measure(hearing: &mut Hearing<'_>) -> Judged<Voiceprint> {
    let activity = hearing.activity.as_ref().map_err(Clone::clone)?;
    let (shared, sound) = (hearing.shared, hearing.sound);
    Ok(hearing.stages.time("speaker", || shared.voiceprint(sound, activity))?)
}

pub fn report(voice: &Voiceprint, identity: &Identity<Comparison>, user: &str) -> wire::ServiceResult {
    let reported = identity.reported();
    let standing = Standing::of(identity.user.map(|c| c.matched), identity.name.is_some(), !user.is_empty());
    // Without a template the odds are even.
    let imposter_prob = reported.map_or(0.5, |c| c.imposter_prob.into());
    wire::ServiceResult {
        outcome: judged(standing.sentence("voice")),
        accepted: identity.user.is_some_and(|c| c.matched),
        score: reported.map_or(0.0, |c| c.score.into()),
        evidence: identity.evidence(user, |c| (1.0 - f64::from(c.imposter_prob), c.matched)),
        detail: Some(Detail::VoiceRecognition(wire::VoiceRecognition {
            status: standing.status().into(),
            id: identity.name.clone().unwrap_or_default(),
            imposter_prob,
            log_odds: reported.map_or(0.0, |c| c.log_odds.into()),
            enrolled: identity.user.is_some(),
            speech_seconds: voice.speech_seconds().into(),
            narrow_band: voice.bandwidth() == Bandwidth::Narrow,
        })),
        ..wire::ServiceResult::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_anybody_to_compare_with_the_odds_are_even() {
        let voice = Voiceprint::new(vec![1.0; voice::EMBEDDING_LEN], Bandwidth::Wide, 3.0).unwrap();
        let answer = report(&voice, &Identity { user: None, nearest: None, name: None }, "Ada");
        let Some(Detail::VoiceRecognition(detail)) = &answer.detail else { panic!("{answer:?}") };
        assert_eq!((detail.imposter_prob, detail.log_odds), (0.5, 0.0));
        assert_eq!((detail.status(), answer.evidence), (wire::RecognitionStatus::NotEnrolled, None));
    }
}
