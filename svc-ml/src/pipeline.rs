//! One video through the models, top to bottom: frames, then sound, then both together.

use std::time::Duration;

use face::{Embedding, FaceTracker, FaceTracks, Presence};
use intake::Watch;
use media::{Info, Limits};
use sandbox::MediaFile;
use scoring::Service;
use voice::{Phrase, Voiceprint};

use crate::{
    engines::{Engines, Shared},
    error::Error,
    interruption::Clip,
    judged::{Judged, Unjudged},
    replay::{Marker, Marks},
    services::{Found, Hearing, Results, Scene, Wanted, face_recognition, voice_recognition},
    stages::Stages,
};

/// The requested work on one video.
#[derive(Clone, Debug)]
pub struct Task {
    pub wanted: Wanted,
    pub phrase: Phrase,
    /// The phrase consists of spoken digits, and is checked against other digits.
    pub is_digits: bool,
    pub limits: Limits,
    /// The recording is registered, so its fingerprint is taken.
    pub takes_marks: bool,
}

/// The results of all models for one video. `None`: not requested.
#[derive(Debug, Default)]
pub struct Findings {
    pub video: Option<Info>,
    pub duration_s: f64,
    /// Most faces seen at once.
    pub faces: usize,
    /// Whether the faces allow an enrollment; `None` without a face service.
    pub presence: Option<Presence>,
    /// The probe for templates.
    pub face: Option<Judged<Embedding>>,
    pub voice: Option<Judged<Voiceprint>>,
    /// Results that need no template.
    pub services: Results,
    /// The fingerprint by which the recording is recognised later.
    pub marks: Marks,
    pub stages: Stages,
}

/// Runs the requested services over one video.
///
/// # Errors
/// The file is not a supported video, or the caller is gone. A service that cannot judge is not an error.
pub fn analyze(
    engines: &mut Engines,
    file: &MediaFile,
    task: &Task,
    watch: &Watch,
) -> Result<Findings, Error> {
    if !task.wanted.needs_faces() {
        return listen_only(&engines.shared, file, task, watch);
    }
    // With an idle core the sound is processed beside the frames; under load one thread does both in sequence.
    let beside = (task.wanted.needs_hearing() && watch.has_idle_worker())
        .then(|| (engines.shared.clone(), file.clone()));
    std::thread::scope(|scope| {
        let hearing =
            beside.map(|(shared, file)| scope.spawn(move || hear_file(&shared, &file, task, watch)));
        let seen = see(engines, file, task, watch);
        let heard = hearing.map(|thread| thread.join().map_err(|_| intake::Error::Crashed)).transpose()?;
        let Seen { mut findings, tracks, sound, unread_sound } = seen?;
        let heard = heard.transpose()?.unwrap_or_else(|| hear(&engines.shared, sound.as_deref(), task));
        watch.check()?;
        let mut scene = Scene::new(engines, &tracks, sound.as_deref(), task, &mut findings.stages);
        let face = task.wanted.runs(Service::FaceRecognition).then(|| face_recognition::measure(&mut scene));
        findings.services = scene.measure();
        findings.face = face;
        findings.take(heard);
        findings.explain(unread_sound.as_deref());
        Ok(findings)
    })
}

/// Processes the sound only: no frame is decoded.
fn listen_only(shared: &Shared, file: &MediaFile, task: &Task, watch: &Watch) -> Result<Findings, Error> {
    let mut stages = Stages::default();
    let sound = match stages.time("decode", || shared.sound(file, &task.limits, watch)) {
        Err(Error::Media(media::Error::NoAudio)) => None,
        other => Some(other?),
    };
    let duration_s = seconds(sound.as_deref());
    let marks = marks(Marker::default(), sound.as_deref(), file, task, &mut stages)?;
    let mut findings = Findings { duration_s, marks, stages, ..Findings::default() };
    findings.take(hear(shared, sound.as_deref(), task));
    Ok(findings)
}

/// Returns the fingerprint of the recording, from `marker` and the sound.
fn marks(
    mut marker: Marker,
    sound: Option<&[f32]>,
    file: &MediaFile,
    task: &Task,
    stages: &mut Stages,
) -> Result<Marks, Error> {
    if !task.takes_marks {
        return Ok(Marks::default());
    }
    stages.time("recording_fingerprint", || {
        marker.hear(sound.unwrap_or_default());
        marker.finish(file.clone())
    })
}

/// Checks only whether `phrase` was spoken, in a video or a sound file.
///
/// # Errors
/// The file is not supported.
pub fn hear_phrase(
    shared: &Shared,
    file: &MediaFile,
    phrase: Phrase,
    limits: Limits,
    watch: &Watch,
) -> Result<Judged<Box<dyn Found>>, Error> {
    let sound = match shared.sound(file, &limits, watch) {
        Err(Error::Media(media::Error::NoAudio)) => None,
        other => Some(other?),
    };
    let wanted = Wanted::only(Service::SpokenPhrase);
    let is_digits = phrase.is_digits();
    let task = Task { wanted, phrase, is_digits, limits, takes_marks: false };
    let heard = hear(shared, sound.as_deref(), &task).services.remove(&Service::SpokenPhrase);
    Ok(heard.unwrap_or_else(|| Err(Unjudged::not_asked())))
}

fn seconds(sound: Option<&[f32]>) -> f64 {
    sound.map_or(0.0, |s| s.len() as f64 / f64::from(media::SAMPLE_RATE))
}

/// The output of one pass over the frames.
struct Seen {
    findings: Findings,
    tracks: FaceTracks,
    sound: Option<Vec<f32>>,
    unread_sound: Option<String>,
}

/// Passes once over the frames: each is tracked while it is decoded, none is stored.
fn see(engines: &mut Engines, file: &MediaFile, task: &Task, watch: &Watch) -> Result<Seen, Error> {
    let (mut stages, mut following) = (Stages::default(), Stages::default());
    let mut tracker = if task.wanted.needs_mesh() { FaceTracker::new() } else { FaceTracker::without_mesh() };
    let mut marker = Marker::default();
    let decoded = stages.time("decode", || {
        let Engines { shared, face } = &mut *engines;
        let still_wanted = || watch.check().map_err(Error::from);
        shared.media.decode_video(file, &task.limits, still_wanted, |frame| {
            if task.takes_marks {
                following.add_up("recording_fingerprint", || marker.see(frame));
            }
            following.add_up("face_tracking", || tracker.feed(face, frame)).map_err(Error::from)
        })
    })?;
    stages.subtract("decode", &following);
    following.split("face_tracking", &networks(&engines.face.take_timings()));
    stages.merge(following);
    let tracks = tracker.finish();
    let marks = marks(marker, decoded.audio.as_deref(), file, task, &mut stages)?;
    let findings = Findings {
        marks,
        duration_s: decoded.info.frames as f64 / f64::from(media::FPS),
        video: Some(decoded.info),
        faces: tracks.most_faces_at_once(),
        presence: Some(tracks.presence()),
        stages,
        ..Findings::default()
    };
    Ok(Seen { findings, tracks, sound: decoded.audio, unread_sound: decoded.unread_sound })
}

/// Returns the time that tracking spent in the networks.
fn networks(timings: &face::Timings) -> [(&'static str, Duration); 2] {
    [("face_detection", timings.detect), ("face_mesh", timings.mesh)]
}

/// The results of the sound alone.
#[derive(Default)]
struct Heard {
    voice: Option<Judged<Voiceprint>>,
    services: Results,
    stages: Stages,
}

fn hear_file(shared: &Shared, file: &MediaFile, task: &Task, watch: &Watch) -> Result<Heard, Error> {
    let mut stages = Stages::default();
    let sound = match stages.time("decode", || shared.sound(file, &task.limits, watch)) {
        Ok(sound) => Some(sound),
        // The thread that decodes the frames reports errors of the file.
        Err(Error::Media(_)) => None,
        Err(error) => return Err(error),
    };
    let mut heard = hear(shared, sound.as_deref(), task);
    heard.stages.merge(stages);
    Ok(heard)
}

fn hear(shared: &Shared, sound: Option<&[f32]>, task: &Task) -> Heard {
    if !task.wanted.needs_hearing() {
        return Heard::default();
    }
    let mut hearing = Hearing::new(shared, sound, task);
    let voice = task.wanted.runs(Service::VoiceRecognition).then(|| voice_recognition::measure(&mut hearing));
    let services = hearing.measure();
    Heard { voice, services, stages: hearing.stages }
}

impl Findings {
    /// Replaces reasons that are consequences of faults of the clip.
    fn explain(&mut self, unread_sound: Option<&str>) {
        let Some(video) = &self.video else { return };
        let clip = Clip { video, unread_sound };
        self.voice = self.voice.take().map(|judged| clip.explain(judged));
        // Authenticity has its own word for too few frames, whatever the cause.
        for (service, judged) in std::mem::take(&mut self.services) {
            let is_of_frames = service == Service::MediaAuthenticity;
            let judged = if is_of_frames { judged } else { clip.explain(judged) };
            self.services.insert(service, judged);
        }
    }

    fn take(&mut self, heard: Heard) {
        self.voice = heard.voice;
        self.services.extend(heard.services);
        self.stages.merge(heard.stages);
    }
}
