//! An operator's own data: evaluated, calibrated, served.

use std::path::{Path, PathBuf};

use proto::ml::{RecognitionStatus, Service, ServiceResult, VoiceRecognition};
use svc_ml::{
    Calibrated, Config,
    judge::{Judge, Question},
};
use trials::{
    Expected, Trial,
    calibration::{Calibration, Provenance, Record, fit},
};

use crate::world::{World, fixture, header, of, root, run_test_with};

fn media() -> sandbox::Sandbox {
    sandbox::Sandbox::of(Some(Path::new(env!("CARGO_BIN_EXE_svc-ml"))))
}

const VOICE: [Service; 1] = [Service::VoiceRecognition];
/// The wide-band threshold, which scores of voices in an evaluation are relative to.
const WIDE: f64 = 0.45;

/// Returns three seconds of the speech from `start`, played `faster`, like another voice.
fn utterance(dir: &Path, start: usize, faster: f64) -> PathBuf {
    let wav = fixture("obama_speech.wav");
    // The sound follows the mark `data` and its length.
    let body = wav.windows(4).position(|w| w == b"data").unwrap() + 8;
    let (head, sound) = wav.split_at(body);
    let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
    let second = number(28) as usize;
    let part = &sound[(start * second).min(sound.len())..((start + 3) * second).min(sound.len())];
    let mut bytes = head.to_vec();
    let rate = |hertz: u32| ((f64::from(hertz) * faster) as u32 / 4 * 4).to_le_bytes();
    bytes[24..28].copy_from_slice(&rate(number(24)));
    bytes[28..32].copy_from_slice(&rate(number(28)));
    let length = |more: usize| u32::try_from(part.len() + more).unwrap().to_le_bytes();
    bytes[4..8].copy_from_slice(&length(body - 8));
    bytes[body - 4..body].copy_from_slice(&length(0));
    bytes.extend_from_slice(part);
    let file = dir.join(format!("{start}-{faster}.wav"));
    std::fs::write(&file, bytes).unwrap();
    file
}

/// Evaluates every pair of utterances of one voice, and of that voice with others.
async fn evaluated(judge: &Judge, dir: &Path) -> Vec<Trial> {
    let own: Vec<PathBuf> = (0..6).map(|start| utterance(dir, start, 1.0)).collect();
    let others: Vec<PathBuf> = [0.6, 0.75, 1.35, 1.6].iter().map(|f| utterance(dir, 2, *f)).collect();
    let mut pairs: Vec<(&PathBuf, &PathBuf, bool)> = Vec::new();
    for (i, probe) in own.iter().enumerate() {
        pairs.extend(own[..i].iter().map(|reference| (probe, reference, true)));
        pairs.extend(others.iter().map(|reference| (probe, reference, false)));
    }
    let mut trials = Vec::new();
    for (probe, reference, genuine) in pairs {
        let judged = judge.judge(probe, Question::Voice { reference: reference.clone() }).await.unwrap();
        trials.push(Trial {
            expected: if genuine { Expected::Accept } else { Expected::Reject("other".into()) },
            score: judged.as_ref().ok().map(|opinion| opinion.score),
            accepted: judged.as_ref().ok().map(|opinion| opinion.accepted),
            unjudged: judged.err(),
            subject: probe.display().to_string(),
            group: None,
            words: None,
            first_rank: None,
        });
    }
    trials
}

fn kept(dir: &Path, models: String, calibration: Calibration) -> PathBuf {
    let folder = dir.join("calibrations");
    std::fs::create_dir_all(&folder).unwrap();
    let provenance = Provenance { data: "one speech".into(), models, ..Provenance::default() };
    let record = Record { kind: "voice".into(), provenance, calibration };
    std::fs::write(folder.join("voice.json"), serde_json::to_vec(&record).unwrap()).unwrap();
    folder
}

/// Returns the service's response for a known voice, enrolled from a video of it.
async fn answer(world: &World) -> (ServiceResult, VoiceRecognition) {
    let asked = || header("own data", "Ada", &VOICE);
    let first = world.send(asked(), &fixture("speaker_crop.mp4")).await.unwrap();
    world.enroll("own data", "Ada", &first.candidate).await.unwrap();
    let result = of(&world.send(asked(), &fixture("obama_speech.wav")).await.unwrap(), VOICE[0]);
    let voice = result.voice_recognition().unwrap().clone();
    (result, voice)
}

#[test]
fn answers_change_as_the_operator_s_own_calibration_predicts() {
    let dir = tempfile::tempdir().unwrap();
    let judge = Judge::load_with(Some(&root().join("models")), 2, media()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let trials = runtime.block_on(evaluated(&judge, dir.path()));
    let fitted = fit(&trials, 0.1).unwrap();
    let folder = kept(dir.path(), judge.models(Calibrated::Voice), fitted.clone());

    let answers = std::sync::Mutex::new(Vec::new());
    for own in [None, Some(folder)] {
        run_test_with(
            |config| config.calibrations = own,
            |world| async {
                let answer = answer(&world).await;
                answers.lock().unwrap().push((answer, world));
            },
        );
    }
    let answers = answers.into_inner().unwrap();
    let ((shipped_result, shipped), (result, own)) = (&answers[0].0, &answers[1].0);
    assert_eq!(
        (result.score, result.accepted),
        (shipped_result.score, shipped_result.accepted),
        "scores and decision stay"
    );
    let predicted = fitted.log_likelihood_ratio(result.score - WIDE);
    assert!((own.log_odds - predicted).abs() < 1e-3, "{} {predicted}", own.log_odds);
    assert!((own.imposter_prob - 1.0 / (1.0 + predicted.exp())).abs() < 1e-4);
    assert!((own.log_odds - shipped.log_odds).abs() > 0.05, "the shipped one says {}", shipped.log_odds);
}

#[test]
fn the_operator_s_threshold_decides_when_it_is_enabled() {
    let dir = tempfile::tempdir().unwrap();
    let judge = Judge::load_with(Some(&root().join("models")), 1, media()).unwrap();
    let strict = Calibration {
        threshold: 0.9,
        target_fmr: 0.001,
        fnmr: 0.5,
        points: vec![(-0.4, -4.0), (0.5, 4.0)],
        genuine: 100,
        others: 1000,
    };
    let folder = kept(dir.path(), judge.models(Calibrated::Voice), strict);
    let decide = |config: &mut Config| {
        config.calibrations = Some(folder);
        config.decide_by_calibration = vec![Calibrated::Voice];
    };
    run_test_with(decide, |own| async move {
        let (result, voice) = answer(&own).await;
        assert!(
            voice.enrolled && !result.accepted && voice.status() == RecognitionStatus::NotIdentified,
            "{voice:?}"
        );
        assert!(voice.log_odds > 0.0, "what the score says is another question");
    });
}
