//! The services of a video, one module each: measurement, operator calibration, report.
//!
//! [`scoring::Service`] is the catalogue. A service that needs only the video implements [`Found`] and has a line in
//! [`SEEN`] or [`HEARD`]; the two recognitions are compared with templates in between ([`crate::identity`]).

mod active_speaker;
mod face_liveness;
pub mod face_recognition;
mod media_authenticity;
mod spoken_phrase;
mod visual_speech;
pub mod voice_recognition;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    sync::Arc,
};

use face::{Embedding, FaceTracks, Track};
use lips::LipMotion;
use proto::ml as wire;
use scoring::{Needs, Service};
use voice::Activity;

use crate::{
    calibrations::Calibrations,
    engines::{Engines, Shared},
    judged::{Judged, Unjudged},
    pipeline::Task,
    stages::Stages,
};

pub use spoken_phrase::SpokenScore;

/// The result of a service for a video.
pub trait Found: Debug + Send + Sync {
    /// Returns the result at the shipped threshold.
    fn opinion(&self) -> Opinion;

    /// Applies an operator's calibration, if there is one.
    fn calibrate(&mut self, by: &Calibrations);

    /// Encodes the result, without the service's name.
    fn report(&self) -> wire::ServiceResult;
}

/// A score, and its decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// Higher is more genuine; compared with the threshold.
    pub score: f64,
    /// The decision of the shipped threshold.
    pub accepted: bool,
    /// The words read or heard, in normal form, for services of words.
    pub words: Option<Vec<String>>,
}

/// The results of the services that ran.
pub type Results = BTreeMap<Service, Judged<Box<dyn Found>>>;

type OfScene = for<'a> fn(&mut Scene<'a>) -> Judged<Box<dyn Found>>;
type OfSound = for<'a> fn(&mut Hearing<'a>) -> Judged<Box<dyn Found>>;

/// The services of the picture, in order of measurement.
const SEEN: [(Service, OfScene); 4] = [
    (Service::FaceLiveness, face_liveness::measure),
    (Service::MediaAuthenticity, media_authenticity::measure),
    (Service::ActiveSpeaker, active_speaker::measure),
    (Service::VisualSpeech, visual_speech::measure),
];

/// The services of the sound.
const HEARD: [(Service, OfSound); 1] = [(Service::SpokenPhrase, spoken_phrase::measure)];

/// The requested services; others do not run, and nothing is computed for them alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted(BTreeSet<Service>);

impl Wanted {
    /// Selects one service, with those that belong to it.
    pub fn only(service: Service) -> Self {
        Self(BTreeSet::from([service.selected_by()]))
    }

    pub fn runs(&self, service: Service) -> bool {
        self.0.contains(&service.selected_by())
    }

    fn needs(&self, needs: Needs) -> bool {
        Service::ALL.into_iter().any(|service| service.needs() == needs && self.runs(service))
    }

    pub fn needs_mesh(&self) -> bool {
        self.needs(Needs::FaceMesh)
    }

    pub fn needs_faces(&self) -> bool {
        self.needs_mesh() || self.needs(Needs::Faces)
    }

    pub fn needs_hearing(&self) -> bool {
        self.needs(Needs::Speech)
    }
}

impl FromIterator<Service> for Wanted {
    fn from_iter<I: IntoIterator<Item = Service>>(services: I) -> Self {
        Self(services.into_iter().collect())
    }
}

/// The faces of a video and its sound.
pub struct Scene<'a> {
    pub engines: &'a mut Engines,
    pub tracks: &'a FaceTracks,
    pub sound: Option<&'a [f32]>,
    pub task: &'a Task,
    pub stages: &'a mut Stages,
    embeddings: Option<Judged<Arc<[Embedding]>>>,
    motion: Option<Judged<Arc<LipMotion>>>,
}

impl<'a> Scene<'a> {
    pub fn new(
        engines: &'a mut Engines,
        tracks: &'a FaceTracks,
        sound: Option<&'a [f32]>,
        task: &'a Task,
        stages: &'a mut Stages,
    ) -> Self {
        Self { engines, tracks, sound, task, stages, embeddings: None, motion: None }
    }

    /// Measures the requested services of the picture.
    pub fn measure(&mut self) -> Results {
        let wanted = &self.task.wanted;
        SEEN.into_iter().filter(|(service, _)| wanted.runs(*service)).map(|(s, run)| (s, run(self))).collect()
    }

    /// Returns the main face of the video. A rotated or upside-down face is not measured.
    pub fn upright_face(&self) -> Judged<&'a Track> {
        if self.tracks.is_turned {
            return Err(Unjudged::picture_turned());
        }
        self.tracks.main().ok_or_else(Unjudged::no_face)
    }

    /// Returns the face of a video that shows exactly one, as required.
    fn one_face(&self) -> Judged<&'a Track> {
        if let Some(unjudged) = Unjudged::of(self.tracks.presence()) {
            return Err(unjudged);
        }
        self.tracks.main().ok_or_else(Unjudged::no_face)
    }

    /// Returns the embeddings of the face, which several services use.
    pub fn embeddings(&mut self) -> Judged<Arc<[Embedding]>> {
        if self.embeddings.is_none() {
            let (track, face) = (self.upright_face(), &mut self.engines.face);
            let embed = || -> Judged<Arc<[Embedding]>> { Ok(face.embeddings(track?)?.into()) };
            self.embeddings = Some(self.stages.time("face_embedding", embed));
        }
        self.embeddings.clone().unwrap_or_else(|| Err(Unjudged::no_face()))
    }

    /// Returns the motion of the lips, which two services use.
    fn motion(&mut self) -> Judged<Arc<LipMotion>> {
        if self.motion.is_none() {
            let track = self.upright_face();
            let follow = || -> Judged<Arc<LipMotion>> { Ok(Arc::new(motion_of(track?)?)) };
            self.motion = Some(self.stages.time("lip_motion", follow));
        }
        self.motion.clone().unwrap_or_else(|| Err(Unjudged::no_face()))
    }
}

fn motion_of(track: &Track) -> Result<LipMotion, lips::Reason> {
    LipMotion::new(track.meshes.iter().map(|m| (m.index, &*m.mesh.points)), &track.jumps)
}

/// The sound of a video, and its speech.
pub struct Hearing<'a> {
    pub shared: &'a Shared,
    pub sound: &'a [f32],
    pub activity: Judged<Activity>,
    pub task: &'a Task,
    pub stages: Stages,
}

impl<'a> Hearing<'a> {
    pub fn new(shared: &'a Shared, sound: Option<&'a [f32]>, task: &'a Task) -> Self {
        let mut stages = Stages::default();
        let activity = match sound {
            Some(sound) => {
                stages.time("voice_activity", || shared.voice.activity(sound)).map_err(Unjudged::from)
            }
            None => Err(Unjudged::no_sound()),
        };
        Self { shared, sound: sound.unwrap_or_default(), activity, task, stages }
    }

    /// Measures the requested services of the sound.
    pub fn measure(&mut self) -> Results {
        let wanted = &self.task.wanted;
        HEARD
            .into_iter()
            .filter(|(service, _)| wanted.runs(*service))
            .map(|(s, run)| (s, run(self)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proto::Word;

    use super::*;

    #[test]
    fn every_service_of_a_video_is_measured_and_has_a_name_on_the_wire() {
        let measured: BTreeSet<_> = SEEN.map(|(s, _)| s).into_iter().chain(HEARD.map(|(s, _)| s)).collect();
        let recognitions = BTreeSet::from([Service::FaceRecognition, Service::VoiceRecognition]);
        let of_videos: BTreeSet<_> =
            Service::ALL.into_iter().filter(|service| service.needs() != Needs::Nothing).collect();
        assert_eq!(&measured | &recognitions, of_videos);
        for service in of_videos {
            let on_the_wire = wire::Service::from_word(service.field()).unwrap();
            assert_eq!(Service::from_field(on_the_wire.as_word()), Some(service));
        }
    }

    #[test]
    fn nothing_is_computed_that_no_service_needs() {
        let voice = Wanted::only(Service::VoiceRecognition);
        assert!(voice.needs_hearing() && !voice.needs_faces());
        let face = Wanted::only(Service::FaceRecognition);
        assert!(face.needs_faces() && !face.needs_mesh() && !face.needs_hearing());
        let liveness = Wanted::only(Service::MediaAuthenticity);
        assert!(liveness.needs_mesh() && liveness.runs(Service::FaceLiveness) && !liveness.needs_hearing());
        let words = Wanted::only(Service::VisualSpeech);
        assert!(words.needs_mesh() && words.needs_hearing() && words.runs(Service::SpokenPhrase));
    }
}
