//! Whether the face speaks.

use lips::{LipMotion, Sync};
use proto::ml::{self as wire, service_result::Detail};

use super::{Found, Opinion, Scene, motion_of};
use crate::{
    answer::{cue, judged},
    calibrations::{Calibrated, Calibrations},
    judged::{Judged, Unjudged},
};

pub fn measure(scene: &mut Scene<'_>) -> Judged<Box<dyn Found>> {
    let sound = scene.sound.ok_or_else(Unjudged::no_sound)?;
    let motion = scene.motion()?;
    let (tracks, lips) = (scene.tracks, &scene.engines.shared.lips);
    let sync = scene.stages.time("active_speaker", || {
        // Other faces visible long enough to be the speaker.
        let others: Vec<LipMotion> = tracks.beside_main().filter_map(|track| motion_of(track).ok()).collect();
        lips.sync_among(&motion, &others, sound)
    });
    Ok(Box::new(sync?))
}

impl Found for Sync {
    fn opinion(&self) -> Opinion {
        Opinion { score: self.probability.into(), accepted: self.speaking, words: None }
    }

    fn calibrate(&mut self, by: &Calibrations) {
        let score = f64::from(self.probability);
        let Some(said) = by.said(Calibrated::ActiveSpeaker, score) else { return };
        self.speaking = said.accepts(score, self.speaking);
        self.probability = said.score(self.speaking);
    }

    fn report(&self) -> wire::ServiceResult {
        wire::ServiceResult {
            outcome: judged(describe(self)),
            accepted: self.speaking,
            score: self.probability.into(),
            evidence: Some(self.probability.into()),
            cues: vec![
                cue("sync_agreement", self.agreement),
                cue("sync_against_others", self.s_norm),
                cue("sync_prominence", self.prominence),
                cue("sync_lead", self.lead),
                cue("mouth_opening_and_loudness", self.aperture_correlation),
                cue("another_face_speaks", self.beside),
                wire::Cue {
                    passed: Some(!self.out_of_sync),
                    ..cue("sound_in_sync", f32::from(!self.out_of_sync))
                },
            ],
            detail: Some(Detail::ActiveSpeaker(wire::ActiveSpeaker { lag_ms: Some(self.lag_ms.into()) })),
            ..wire::ServiceResult::default()
        }
    }
}

fn describe(sync: &Sync) -> String {
    match *sync {
        Sync { speaking: true, .. } => "the face makes the sound".to_owned(),
        Sync { beside, probability, .. } if beside > probability => {
            "another face in view makes the sound".to_owned()
        }
        Sync { out_of_sync: true, lag_ms, .. } => {
            let order = if lag_ms > 0 { "behind" } else { "ahead of" };
            format!("the sound is {} ms {order} the lips, more than a device adds", lag_ms.abs())
        }
        _ => "the face does not make the sound".to_owned(),
    }
}
