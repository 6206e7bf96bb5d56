//! The models of one worker.

use std::sync::{Arc, Mutex, PoisonError};

use intake::Watch;
use media::{Limits, Picture};
use models::{Pack, Runtime};
use sandbox::{MediaFile, Sandbox};
use voice::{Activity, Phrase, Segment, Voiceprint};

use crate::{error::Error, templates};

/// The engines shared by all workers: calls take `&self` and give each caller its own session.
#[derive(Clone)]
pub struct Shared {
    runtime: Runtime,
    /// The sandbox that decodes callers' files.
    pub media: Sandbox,
    pub voice: Arc<voice::Engine>,
    faces: face::Embedders,
    /// Held while a voice is embedded: a second session of that network would take 60 MB, for 20 ms of a video's work.
    one_speaker: Arc<Mutex<()>>,
    pub lips: Arc<lips::Engine>,
}

/// The engines of one worker.
pub struct Engines {
    pub shared: Shared,
    pub face: face::Engine,
}

impl Shared {
    /// Loads the library and the shared models of `pack`.
    ///
    /// # Errors
    /// When a file is missing or cannot be loaded.
    pub fn load(pack: &Pack, media: Sandbox) -> Result<Self, Error> {
        let runtime = Runtime::load(pack)?;
        let faces = face::Embedders::load(&runtime)?;
        // Two parallel loads: together they are most of the start-up time.
        let (voice, lips) = std::thread::scope(|scope| {
            let voice = scope.spawn(|| voice::Engine::load(&runtime));
            let lips = lips::Engine::load(&runtime);
            (voice.join(), lips)
        });
        Ok(Self {
            voice: Arc::new(voice.map_err(|_| intake::Error::Crashed)??),
            lips: Arc::new(lips?),
            one_speaker: Arc::default(),
            faces,
            media,
            runtime,
        })
    }

    /// Decodes a picture while its result is wanted.
    ///
    /// # Errors
    /// It is not a supported picture, the caller is gone, or the media worker failed.
    pub fn picture(&self, file: &MediaFile, watch: &Watch) -> Result<Picture, Error> {
        let still = self.media.decode_still(file, || watch.check().map_err(Error::from))?;
        Ok(Picture::from_still(&still))
    }

    /// The print of a finger in a caller's file.
    ///
    /// # Errors
    /// As [`Self::picture`].
    pub fn print(
        &self,
        file: &MediaFile,
        watch: &Watch,
    ) -> Result<Result<fingerprint::Print, fingerprint::Error>, Error> {
        self.media.read_print(file, || watch.check().map_err(Error::from))
    }

    /// Decodes the sound of a file while its result is wanted.
    ///
    /// # Errors
    /// It has no supported sound, the caller is gone, or the media worker failed.
    pub fn sound(&self, file: &MediaFile, limits: &Limits, watch: &Watch) -> Result<Vec<f32>, Error> {
        self.media.decode_sound(file, limits, || watch.check().map_err(Error::from))
    }

    /// [`voice::Engine::voiceprint`], one at a time.
    ///
    /// # Errors
    /// As there.
    pub fn voiceprint(&self, sound: &[f32], activity: &Activity) -> Result<Voiceprint, voice::Error> {
        let _turn = self.one_speaker.lock().unwrap_or_else(PoisonError::into_inner);
        self.voice.voiceprint(sound, activity)
    }

    /// Loads the engines of one more worker.
    ///
    /// # Errors
    /// When a file is missing or cannot be loaded.
    pub fn worker(&self) -> Result<Engines, Error> {
        Ok(Engines { face: face::Engine::with(&self.runtime, self.faces.clone())?, shared: self.clone() })
    }
}

/// Sound for a warm-up: two seconds, long enough for every network.
const WARM_UP_SAMPLES: usize = 2 * voice::SAMPLE_RATE;

impl Engines {
    /// Runs the models of faces and voices once, so that the first request is not slower, and returns how many. Those
    /// of the lips take half a millisecond and need no warm-up.
    ///
    /// # Errors
    /// When a network fails.
    pub fn warm_up(&mut self) -> Result<u32, Error> {
        self.face.warm_up()?;
        // Quiet noise of a linear congruential generator, below clipping.
        let noise = std::iter::successors(Some(1u32), |v| {
            Some(v.wrapping_mul(1_664_525).wrapping_add(1_013_904_223))
        });
        let sound: Vec<f32> =
            noise.take(WARM_UP_SAMPLES).map(|v| v as f32 / u32::MAX as f32 * 0.2 - 0.1).collect();
        let voice = &self.shared.voice;
        voice.activity(&sound)?;
        let speech = Activity { segments: vec![Segment { start: 0, end: sound.len() }] };
        self.shared.voiceprint(&sound, &speech)?;
        voice.score_phrase(&sound, &speech, &Phrase::parse("1"), &voice::DIGITS)?;
        Ok(FACE_MODELS + VOICE_MODELS)
    }
}

/// Networks a warm-up runs: detector, mesh, two embeddings, texture; activity, speaker, encoder and decoder of speech.
const FACE_MODELS: u32 = 5;
const VOICE_MODELS: u32 = 4;

/// Returns the models that make templates.
///
/// # Errors
/// When the pack has none of that name.
pub fn template_models(pack: &Pack) -> Result<templates::Models, Error> {
    let id = |name: &str| {
        let entry = pack.manifest().files.iter().find(|e| e.name == name);
        entry.map(|e| format!("{name} {}", e.version)).ok_or_else(|| models::Error::Unknown(name.to_owned()))
    };
    let sface = id("sface")?;
    Ok(templates::Models { face: format!("{sface} {}", id("fr_feature")?), sface, voice: id("campplus")? })
}
