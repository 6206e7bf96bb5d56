//! Offline evaluation without a server: for measuring and calibrating on an operator's own data.
//!
//! Files use the same workers, pipeline, comparisons and thresholds as a caller's video; only the templates are made
//! on the spot from the reference.

use std::{
    collections::HashMap,
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use face::Embedding;
use intake::{Watch, Workers};
use media::Limits;
use models::Pack;
use sandbox::{MediaFile, Sandbox};
use scoring::Service;
use voice::{Phrase, Voiceprint};

use crate::{
    calibration::compare_faces,
    calibrations::Calibrated,
    engines::{Engines, Shared},
    error::Error,
    judged::{Judged, Unjudged},
    pipeline::{self, Findings, Task},
    services::Wanted,
};

pub use crate::services::Opinion;

/// Longest processing time of a file; no caller waits.
const DEADLINE: Duration = Duration::from_secs(600);

/// The evaluation of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Whether the probe (picture or video) shows the face of the reference.
    Face { reference: PathBuf },
    /// Whether the probe (sound or video) has the voice of the reference.
    Voice { reference: PathBuf },
    /// Whether the face of the video is live.
    Liveness,
    /// Whether the video was filmed rather than generated.
    MediaAuthenticity,
    /// Whether the face of the video speaks.
    ActiveSpeaker,
    /// Whether the lips show the phrase.
    VisualSpeech { phrase: String },
    /// Whether the phrase was spoken.
    Phrase { phrase: String },
}

/// Why a file has no result: a stable word.
pub type Refusal = String;

/// The models of svc-ml for offline evaluation.
pub struct Judge {
    workers: Workers<Engines>,
    limits: Limits,
    pack: Pack,
    known: Arc<Known>,
}

/// Faces and voices of evaluated files: a manifest of all pairs has each file hundreds of times.
#[derive(Default)]
struct Known {
    faces: Mutex<HashMap<PathBuf, Judged<Embedding>>>,
    voices: Mutex<HashMap<PathBuf, Judged<Voiceprint>>>,
}

impl Judge {
    /// Loads the model pack (`None`: the default folders) for `threads` files at a time.
    ///
    /// # Errors
    /// When the pack cannot be used.
    pub fn load(models: Option<&Path>, threads: usize) -> anyhow::Result<Self> {
        Self::load_with(models, threads, Sandbox::of(None))
    }

    /// Like [`Judge::load`], with media decoded in `media`.
    ///
    /// # Errors
    /// When the pack cannot be used.
    pub fn load_with(models: Option<&Path>, threads: usize, media: Sandbox) -> anyhow::Result<Self> {
        let pack = Pack::open(models)?;
        let shared = Shared::load(&pack, media).context("the models could not be loaded")?;
        let workers = Workers::start(threads.max(1), threads, DEADLINE, move || shared.worker())?;
        Ok(Self { workers, limits: Limits::default(), pack, known: Arc::default() })
    }

    /// Returns the checksum of the models that judge `kind`: a calibration is valid for them only.
    pub fn models(&self, kind: Calibrated) -> String {
        kind.models(&self.pack)
    }

    /// Judges one file. The inner error says why it could not be judged.
    ///
    /// # Errors
    /// When a file cannot be opened or this server fails.
    pub async fn judge(&self, probe: &Path, question: Question) -> anyhow::Result<Result<Opinion, Refusal>> {
        let (probe, limits, known) = (probe.to_owned(), self.limits, self.known.clone());
        let place = self.workers.admit("judge")?;
        let work = move |engines: &mut Engines, watch: &Watch| {
            let judged = Sight { engines, watch, limits, known: &known }.answer(&probe, &question)?;
            Ok(judged.map_err(|unjudged| unjudged.error.to_owned()))
        };
        match self.workers.run_job(place, work).await {
            Ok(judged) => Ok(judged),
            // A rejected file is a result here, and does not end the evaluation.
            Err(Error::Media(_)) => Ok(Err("unreadable".to_owned())),
            Err(Error::Sandbox(sandbox::Error::Crashed)) => Ok(Err("unreadable".to_owned())),
            Err(error) => Err(error.into()),
        }
    }
}

/// Returns the normalised words of a text: lower case, digits spelled out.
pub fn normal_words(text: &str) -> Vec<String> {
    Phrase::parse(text).words().to_vec()
}

/// One worker with one file.
struct Sight<'a> {
    engines: &'a mut Engines,
    watch: &'a Watch,
    limits: Limits,
    known: &'a Known,
}

impl Sight<'_> {
    fn answer(&mut self, probe: &Path, question: &Question) -> Result<Judged<Opinion>, Error> {
        Ok(match question {
            Question::Face { reference } => {
                let (probe, reference) = (self.face(probe)?, self.face(reference)?);
                probe.and_then(|probe| Ok(same_face(&probe, &reference?)))
            }
            Question::Voice { reference } => {
                let (probe, reference) = (self.voice(probe)?, self.voice(reference)?);
                probe.and_then(|probe| Ok(same_voice(&probe, &reference?)))
            }
            Question::Liveness => self.opinion(probe, "", Service::FaceLiveness)?,
            Question::MediaAuthenticity => self.opinion(probe, "", Service::MediaAuthenticity)?,
            Question::ActiveSpeaker => self.opinion(probe, "", Service::ActiveSpeaker)?,
            Question::VisualSpeech { phrase } => self.opinion(probe, phrase, Service::VisualSpeech)?,
            Question::Phrase { phrase } => self.phrase(probe, phrase)?,
        })
    }

    fn opinion(&mut self, file: &Path, phrase: &str, service: Service) -> Result<Judged<Opinion>, Error> {
        let found = self.findings(file, phrase, service)?.services.remove(&service);
        Ok(asked(found).map(|found| found.opinion()))
    }

    fn findings(&mut self, file: &Path, phrase: &str, service: Service) -> Result<Findings, Error> {
        let wanted = Wanted::only(service);
        let phrase = Phrase::parse(phrase);
        let is_digits = phrase.is_digits();
        let task = Task { is_digits, phrase, wanted, limits: self.limits, takes_marks: false };
        pipeline::analyze(self.engines, &MediaFile::new(File::open(file)?)?, &task, self.watch)
    }

    /// Returns the face of a picture or a video.
    fn face(&mut self, path: &Path) -> Result<Judged<Embedding>, Error> {
        if let Some(known) = recall(&self.known.faces, path) {
            return Ok(known);
        }
        let face = self.new_face(path)?;
        remember(&self.known.faces, path, &face);
        Ok(face)
    }

    fn new_face(&mut self, path: &Path) -> Result<Judged<Embedding>, Error> {
        let file = File::open(path)?;
        if !is_picture(&file)? {
            let found = self.findings(path, "", Service::FaceRecognition)?;
            return Ok(asked(found.face));
        }
        let picture = self.engines.shared.picture(&MediaFile::new(file)?, self.watch)?;
        let (turn, faces) = self.engines.face.upright_faces(&picture)?;
        let upright = turn.of(&picture);
        let Some((face, _)) = self.engines.face.main_face(&upright, &faces)? else {
            return Ok(Err(Unjudged::no_face()));
        };
        Ok(Ok(self.engines.face.embed(&upright, &face)?))
    }

    fn voice(&mut self, path: &Path) -> Result<Judged<Voiceprint>, Error> {
        if let Some(known) = recall(&self.known.voices, path) {
            return Ok(known);
        }
        let voice = asked(self.findings(path, "", Service::VoiceRecognition)?.voice);
        remember(&self.known.voices, path, &voice);
        Ok(voice)
    }

    /// A file of sound alone has no frames, so it is processed without the pipeline's pictures.
    fn phrase(&mut self, file: &Path, phrase: &str) -> Result<Judged<Opinion>, Error> {
        let file = MediaFile::new(File::open(file)?)?;
        let shared = &self.engines.shared;
        let heard = pipeline::hear_phrase(shared, &file, Phrase::parse(phrase), self.limits, self.watch)?;
        Ok(heard.map(|heard| heard.opinion()))
    }
}

type Files<T> = Mutex<HashMap<PathBuf, Judged<T>>>;

fn recall<T: Clone>(known: &Files<T>, path: &Path) -> Option<Judged<T>> {
    known.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
}

fn remember<T: Clone>(known: &Files<T>, path: &Path, found: &Judged<T>) {
    known.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), found.clone());
}

/// Returns the result of a service that was requested.
fn asked<T>(found: Option<Judged<T>>) -> Judged<T> {
    found.unwrap_or_else(|| Err(Unjudged::not_asked()))
}

fn is_picture(file: &File) -> Result<bool, Error> {
    let mut head = [0; 64];
    let read = std::os::unix::fs::FileExt::read_at(file, &mut head, 0)?;
    Ok(media::sniff(head.get(..read).unwrap_or_default()).is_some_and(media::Kind::is_picture))
}

fn same_face(probe: &Embedding, reference: &Embedding) -> Opinion {
    let compared = compare_faces(probe.compare(reference), 1);
    Opinion { score: compared.score(), accepted: compared.matched, words: None }
}

fn same_voice(probe: &Voiceprint, reference: &Voiceprint) -> Opinion {
    let compared = voice::compare_voices(probe, reference);
    // Thresholds differ by bandwidth, so the score is relative to its own.
    Opinion { score: f64::from(compared.score - compared.threshold), accepted: compared.matched, words: None }
}
