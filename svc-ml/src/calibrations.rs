//! The operator's own calibrations: output of `biometry calibrate`, loaded once at start.
//!
//! A calibration replaces the probability in a response; the decision keeps the shipped threshold unless the operator
//! configures the calibration to decide. Without one, the shipped calibrations apply: `score.json` of the face crate,
//! `calibration.json` of the voice crate, `lips_calibration.json` of the pack, each with its provenance.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::{Context, bail, ensure};
use face::Networks;
use models::Pack;
use scoring::clamp_to_decision;
use serde::{Deserialize, Serialize};
use trials::calibration::{Calibration, Record, probability};
use voice::Comparison;

use crate::{
    calibration::{FaceComparison, among},
    config::Config,
};

/// Kinds of scores that can be calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calibrated {
    Face,
    Voice,
    Liveness,
    MediaAuthenticity,
    ActiveSpeaker,
    VisualSpeech,
    Phrase,
}

impl Calibrated {
    pub const ALL: [Self; 7] = [
        Self::Face,
        Self::Voice,
        Self::Liveness,
        Self::MediaAuthenticity,
        Self::ActiveSpeaker,
        Self::VisualSpeech,
        Self::Phrase,
    ];

    /// As in `biometry evaluate --kind`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Voice => "voice",
            Self::Liveness => "liveness",
            Self::MediaAuthenticity => "media-authenticity",
            Self::ActiveSpeaker => "active-speaker",
            Self::VisualSpeech => "visual-speech",
            Self::Phrase => "phrase",
        }
    }

    /// Returns the checksum of the models of the scores: those of other models are not comparable.
    pub fn models(self, pack: &Pack) -> String {
        let sum = pack.manifest().sum(match self {
            Self::Face => &["face"],
            Self::Voice | Self::Phrase => &["voice"],
            Self::Liveness | Self::MediaAuthenticity | Self::ActiveSpeaker => &["face", "biometry"],
            Self::VisualSpeech => &["face", "biometry", "words"],
        });
        match self {
            // Scores of SFace alone, of earlier versions, are on another scale.
            Self::Face => format!("{sum} both"),
            _ => sum,
        }
    }
}

/// The calibrations of the operator; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Calibrations(Arc<BTreeMap<Calibrated, Own>>);

#[derive(Debug)]
struct Own {
    calibration: Calibration,
    /// Whether its threshold decides.
    decides: bool,
}

/// The result of an operator's calibration for a score.
pub struct Said {
    log_odds: f64,
    /// The threshold, if it decides.
    threshold: Option<f64>,
}

impl Said {
    /// Returns the probability, clamped to the decision's side of one half, which rules read as the service's threshold.
    pub fn score(&self, yes: bool) -> f32 {
        let probability = probability(self.log_odds) as f32;
        clamp_to_decision(probability.into(), yes) as f32
    }

    /// Whether `score` is accepted; `shipped` is the decision of the shipped threshold.
    pub fn accepts(&self, score: f64, shipped: bool) -> bool {
        self.threshold.map_or(shipped, |threshold| score >= threshold)
    }
}

impl Calibrations {
    /// Reads every `*.json` of the configured folder.
    ///
    /// # Errors
    /// Names the file and the error: unreadable, of an unsupported kind, a second one of a kind, made with other
    /// models; or a deciding kind without a calibration.
    pub fn load(config: &Config, pack: &Pack) -> anyhow::Result<Self> {
        let mut own = BTreeMap::new();
        if let Some(folder) = &config.calibrations {
            for file in files(folder).with_context(|| format!("the calibrations in {}", folder.display()))? {
                let (kind, record) = read(&file, pack).with_context(|| file.display().to_string())?;
                let decides = config.decide_by_calibration.contains(&kind);
                let trials::calibration::Provenance { data, date, items, subjects, .. } = &record.provenance;
                tracing::info!(
                    kind = kind.as_str(),
                    data,
                    date,
                    items,
                    subjects,
                    decides,
                    "using the operator's calibration"
                );
                let calibration = record.calibration;
                ensure!(
                    own.insert(kind, Own { calibration, decides }).is_none(),
                    "{} is a second calibration of kind {}; keep one",
                    file.display(),
                    kind.as_str()
                );
            }
        }
        if let Some(kind) = config.decide_by_calibration.iter().find(|kind| !own.contains_key(kind)) {
            bail!(
                "decide_by_calibration names {0}, but there is no calibration of kind {0} in the folder of `calibrations`",
                kind.as_str()
            );
        }
        Ok(Self(Arc::new(own)))
    }

    /// Returns the result of an operator's calibration for a score; `None`: there is none of this kind.
    pub fn said(&self, kind: Calibrated, score: f64) -> Option<Said> {
        let own = self.0.get(&kind)?;
        let threshold = own.decides.then_some(own.calibration.threshold);
        Some(Said { log_odds: own.calibration.log_likelihood_ratio(score), threshold })
    }

    /// For one comparison, or the nearest of several: the odds are divided by their number.
    pub fn face(&self, shipped: FaceComparison) -> FaceComparison {
        // Calibrations are made with both networks; templates of older versions have one.
        if shipped.similarity.networks != Networks::Both {
            return shipped;
        }
        let score = shipped.score();
        let Some(said) = self.said(Calibrated::Face, score) else { return shipped };
        let log_odds = said.log_odds - (shipped.candidates.max(1) as f64).ln();
        let matched = said
            .threshold
            .map_or(shipped.matched, |t| score >= among(t, shipped.similarity, shipped.candidates));
        FaceComparison { probability: probability(log_odds), matched, ..shipped }
    }

    /// Scores are relative to the threshold of their bandwidth, as in an evaluation.
    pub fn voice(&self, shipped: Comparison) -> Comparison {
        let lead = f64::from(shipped.score - shipped.threshold);
        let Some(said) = self.said(Calibrated::Voice, lead) else { return shipped };
        Comparison {
            log_odds: said.log_odds as f32,
            imposter_prob: probability(-said.log_odds) as f32,
            matched: said.accepts(lead, shipped.matched),
            threshold: shipped.threshold + said.threshold.unwrap_or_default() as f32,
            ..shipped
        }
    }
}

fn files(folder: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        files.extend(Some(path).filter(|p| p.extension().is_some_and(|e| e == "json")));
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path, pack: &Pack) -> anyhow::Result<(Calibrated, Record)> {
    let record = Record::parse(&std::fs::read(file)?)?;
    let kind = Calibrated::ALL.into_iter().find(|k| k.as_str() == record.kind);
    let Some(kind) = kind else {
        bail!("kind {:?} has no probability in an answer; take the file out of the folder", record.kind)
    };
    let now = kind.models(pack);
    ensure!(
        record.provenance.models == now,
        "was measured with other models ({}, here are {now}); run `biometry evaluate` and `biometry calibrate` again",
        record.provenance.models
    );
    Ok((kind, record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::compare_faces;
    use crate::services::Found;
    use face::Similarity;
    use lips::Sync;
    use proptest::prelude::*;

    fn with(kind: Calibrated, decides: bool) -> Calibrations {
        let calibration = Calibration {
            threshold: 0.6,
            target_fmr: 0.01,
            fnmr: 0.0,
            points: vec![(0.2, -2.0), (0.6, 0.0), (1.0, 2.0)],
            genuine: 50,
            others: 100,
        };
        Calibrations(Arc::new(BTreeMap::from([(kind, Own { calibration, decides })])))
    }

    fn face(cosine: f64, candidates: usize) -> FaceComparison {
        compare_faces(Similarity { cosine, networks: Networks::Both }, candidates)
    }

    fn speaker(probability: f32) -> Sync {
        let speaking = probability >= 0.5;
        Sync { probability, speaking, ..Sync::default() }
    }

    fn calibrated<F: Found>(by: &Calibrations, mut found: F) -> F {
        found.calibrate(by);
        found
    }

    #[test]
    fn without_one_everything_is_as_shipped() {
        let none = Calibrations::default();
        assert_eq!(none.face(face(0.5, 1)), face(0.5, 1));
        assert_eq!(calibrated(&none, speaker(0.7)), speaker(0.7));
    }

    #[test]
    fn a_calibration_gives_the_odds_and_decides_only_when_enabled() {
        let (advises, decides) = (with(Calibrated::Face, false), with(Calibrated::Face, true));
        let shipped = face(0.5, 1);
        assert!(shipped.matched);
        let advised = advises.face(shipped);
        assert!(advised.matched && (advised.probability - probability(-0.5)).abs() < 1e-9);
        assert!(!decides.face(shipped).matched && decides.face(face(0.7, 1)).matched);
        let crowd = decides.face(face(0.61, 1000));
        assert!(
            !crowd.matched && crowd.probability < 0.01,
            "a stranger of a thousand comes near more easily"
        );
    }

    #[test]
    fn a_probability_stays_on_the_side_of_the_decision() {
        let (advises, decides) =
            (with(Calibrated::ActiveSpeaker, false), with(Calibrated::ActiveSpeaker, true));
        assert_eq!(calibrated(&advises, speaker(0.55)), Sync { probability: 0.5, ..speaker(0.55) });
        let refused = calibrated(&decides, speaker(0.55));
        assert!(!refused.speaking && refused.probability < 0.5);
    }

    #[test]
    fn the_operators_mistakes_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let pack = Pack::open(Some(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../models"))).unwrap();
        let mut config = Config { calibrations: Some(dir.path().into()), ..Config::embedded(dir.path()) };
        let error_of = |config: &Config| format!("{:#}", Calibrations::load(config, &pack).unwrap_err());
        let write = |name: &str, kind: &str, models: &str| {
            let record = serde_json::json!({"kind": kind, "provenance": {"data": "own", "date": "2026-01-31", "command": "-",
                "models": models, "items": 40, "subjects": 9, "not_judged": 1}, "calibration": {"threshold": 0.4,
                "target_fmr": 0.01, "fnmr": 0.02, "points": [[0.1, -3.0], [0.6, 3.0]], "genuine": 20, "others": 20}});
            std::fs::write(dir.path().join(name), record.to_string()).unwrap();
        };
        let models = Calibrated::Face.models(&pack);
        write("face.json", "face", &models);
        Calibrations::load(&config, &pack).unwrap();
        config.decide_by_calibration = vec![Calibrated::Voice];
        assert!(error_of(&config).contains("names voice, but there is no calibration of kind voice"));
        config.decide_by_calibration.clear();
        write("g.json", "face", &models);
        assert!(error_of(&config).contains("g.json is a second calibration of kind face"));
        write("g.json", "document", &models);
        assert!(error_of(&config).contains("has no probability in an answer"));
        write("g.json", "voice", "other");
        assert!(error_of(&config).contains("was measured with other models (other"));
        std::fs::write(dir.path().join("g.json"), "{").unwrap();
        assert!(error_of(&config).contains("g.json") && error_of(&config).contains("not a calibration"));
        config.calibrations = Some(dir.path().join("nowhere"));
        assert!(error_of(&config).contains("nowhere"));
    }

    proptest! {
        #[test]
        fn no_score_gives_what_is_no_probability(score in any::<f64>(), n in 0usize..100_000, decides in any::<bool>()) {
            prop_assume!(!score.is_nan());
            let similarity = Similarity { cosine: score, networks: Networks::Both };
            let face = FaceComparison { similarity, probability: 0.5, matched: false, candidates: n };
            let found = with(Calibrated::Face, decides).face(face);
            prop_assert!((0.0..=1.0).contains(&found.probability));
            let own = with(Calibrated::ActiveSpeaker, decides);
            let speaker = calibrated(&own, speaker(score as f32));
            prop_assert!((0.0..=1.0).contains(&speaker.probability));
            prop_assert_eq!(speaker.speaking, speaker.probability >= 0.5);
        }
    }
}
