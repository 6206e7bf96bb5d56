//! One video through the models, top to bottom: frames, then sound, then what both say together.

use std::time::Duration;

use face::{
    Authenticity, Embedding, FaceTracker, FaceTracks, Presence, Track, authenticity, liveness::Liveness,
};
use intake::Watch;
use lips::{LipMotion, Reading, Sync};
use media::{Info, Limits};
use sandbox::MediaFile;
use voice::{Phrase, PhraseEvidence, Voiceprint};

use crate::{
    engines::{Engines, Shared},
    error::Error,
    interruption::Clip,
    judged::{Judged, Unjudged},
    replay::{Marker, Marks},
    stages::Stages,
};

/// The services that are asked for; the others do not run, and nothing is computed for them alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub active_speaker: bool,
    pub liveness: bool,
    pub visual_speech: bool,
    pub voice: bool,
    pub face: bool,
}

impl Wanted {
    fn needs_lips(self) -> bool {
        self.active_speaker || self.visual_speech
    }

    fn needs_faces(self) -> bool {
        self.needs_lips() || self.liveness || self.face
    }

    fn needs_mesh(self) -> bool {
        self.needs_lips() || self.liveness
    }

    fn needs_hearing(self) -> bool {
        self.voice || self.visual_speech
    }
}

/// What is to be done with one video.
#[derive(Clone, Debug)]
pub struct Task {
    pub wanted: Wanted,
    pub phrase: Phrase,
    /// The phrase consists of the spoken digits, and is checked against other digits.
    pub is_digits: bool,
    pub limits: Limits,
    /// The recording is registered: what it is recognised by is taken as well.
    pub takes_marks: bool,
}

/// Everything the models say about one video. `None`: was not asked for.
#[derive(Debug, Default)]
pub struct Findings {
    pub video: Option<Info>,
    pub duration_s: f64,
    /// Most faces seen at once.
    pub faces: usize,
    /// Whether the faces allow an enrollment; `None` without a face service.
    pub presence: Option<Presence>,
    pub face: Option<Judged<Embedding>>,
    pub liveness: Option<Judged<Liveness>>,
    /// Comes with liveness.
    pub authenticity: Option<Judged<Authenticity>>,
    pub voice: Option<Judged<Voiceprint>>,
    pub spoken: Option<Judged<PhraseEvidence>>,
    pub active_speaker: Option<Judged<Sync>>,
    pub reading: Option<Judged<Reading>>,
    /// What the recording is recognised by when it comes again.
    pub marks: Marks,
    pub stages: Stages,
}

/// Runs what `task` asks for over one video.
///
/// # Errors
/// The file is no video this server reads, or the watch says that nobody waits any more. A service that cannot judge is
/// no error.
pub fn analyze(
    engines: &mut Engines,
    file: &MediaFile,
    task: &Task,
    watch: &Watch,
) -> Result<Findings, Error> {
    if !task.wanted.needs_faces() {
        return listen_only(&engines.shared, file, task, watch);
    }
    // With an idle core the sound is heard beside the frames; under load one thread does both, one after the other.
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
        recognise(engines, &tracks, task.wanted, &mut findings);
        compare_lips(&engines.shared, &tracks, sound.as_deref(), task, &mut findings);
        findings.take(heard);
        findings.explain(unread_sound.as_deref());
        Ok(findings)
    })
}

/// Only the voice is asked for: no frame is decoded.
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

/// What the recording is recognised by, of what `marker` saw and its sound.
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

/// Only whether `phrase` was said: by a video, or by a file of sound alone.
///
/// # Errors
/// The file is nothing this server reads.
pub fn hear_phrase(
    shared: &Shared,
    file: &MediaFile,
    phrase: &Phrase,
    limits: &Limits,
    watch: &Watch,
) -> Result<Judged<PhraseEvidence>, Error> {
    let sound = match shared.sound(file, limits, watch) {
        Err(Error::Media(media::Error::NoAudio)) => None,
        other => Some(other?),
    };
    let wanted = Wanted { visual_speech: true, ..Wanted::default() };
    let task = Task {
        wanted,
        phrase: phrase.clone(),
        is_digits: phrase.is_digits(),
        limits: *limits,
        takes_marks: false,
    };
    let unasked = || Unjudged::because("not_asked", "the service did not run");
    Ok(hear(shared, sound.as_deref(), &task).spoken.unwrap_or_else(|| Err(unasked())))
}

fn seconds(sound: Option<&[f32]>) -> f64 {
    sound.map_or(0.0, |s| s.len() as f64 / f64::from(media::SAMPLE_RATE))
}

/// What one pass over the frames gave.
struct Seen {
    findings: Findings,
    tracks: FaceTracks,
    sound: Option<Vec<f32>>,
    unread_sound: Option<String>,
}

/// One pass over the frames: each is followed as it is decoded, none is kept.
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

/// What of following a face was spent within the networks.
fn networks(timings: &face::Timings) -> [(&'static str, Duration); 2] {
    [("face_detection", timings.detect), ("face_mesh", timings.mesh)]
}

/// What the sound alone says.
#[derive(Default)]
struct Heard {
    voice: Option<Judged<Voiceprint>>,
    spoken: Option<Judged<PhraseEvidence>>,
    stages: Stages,
}

fn hear_file(shared: &Shared, file: &MediaFile, task: &Task, watch: &Watch) -> Result<Heard, Error> {
    let mut stages = Stages::default();
    let sound = match stages.time("decode", || shared.sound(file, &task.limits, watch)) {
        Ok(sound) => Some(sound),
        // Whatever is wrong with the file, the thread that decodes its frames reports it.
        Err(Error::Media(_)) => None,
        Err(error) => return Err(error),
    };
    let mut heard = hear(shared, sound.as_deref(), task);
    heard.stages.merge(stages);
    Ok(heard)
}

fn hear(shared: &Shared, sound: Option<&[f32]>, task: &Task) -> Heard {
    let mut heard = Heard::default();
    if !task.wanted.needs_hearing() {
        return heard;
    }
    let activity = match sound {
        Some(sound) => {
            heard.stages.time("voice_activity", || shared.voice.activity(sound)).map_err(Unjudged::from)
        }
        None => Err(Unjudged::no_sound()),
    };
    let sound = sound.unwrap_or_default();
    if task.wanted.voice {
        heard.voice = Some(on(&activity, |activity| {
            heard.stages.time("speaker", || shared.voiceprint(sound, activity))
        }));
    }
    if task.wanted.visual_speech {
        let vocabulary: &[&str] = if task.is_digits { &voice::DIGITS } else { &[] };
        heard.spoken = Some(on(&activity, |activity| {
            heard.stages.time("spoken_phrase", || {
                shared.voice.score_phrase(sound, activity, &task.phrase, vocabulary)
            })
        }));
    }
    heard
}

/// The next step on what was found, or the reason why there is nothing to take it on.
fn on<A, T, E>(found: &Judged<A>, step: impl FnOnce(&A) -> Result<T, E>) -> Judged<T>
where
    Unjudged: From<E>,
{
    step(found.as_ref().map_err(Clone::clone)?).map_err(Unjudged::from)
}

/// Who the face is and whether it is alive; both look at the same embeddings.
fn recognise(engines: &mut Engines, tracks: &FaceTracks, wanted: Wanted, findings: &mut Findings) {
    if !wanted.face && !wanted.liveness {
        return;
    }
    let stages = &mut findings.stages;
    let embeddings = stages.time("face_embedding", || embed(&mut engines.face, tracks));
    if wanted.liveness {
        findings.liveness =
            Some(stages.time("liveness", || is_alive(&mut engines.face, tracks, &embeddings)));
        findings.authenticity = Some(stages.time("media_authenticity", || judge_authenticity(tracks)));
    }
    if wanted.face {
        let unclear =
            || Unjudged::because("face_not_clear", "the face is never clear enough to be recognised");
        let template = embeddings
            .and_then(|each| stages.time("face_embedding", || template(&mut engines.face, tracks, &each)));
        findings.face = Some(template.and_then(|found| found.ok_or_else(unclear)));
    }
}

fn template(
    engine: &mut face::Engine,
    tracks: &FaceTracks,
    sface: &[Embedding],
) -> Judged<Option<Embedding>> {
    let track = upright_main(tracks)?;
    Ok(engine.template(track, sface)?.map(|template| template.mean))
}

fn embed(engine: &mut face::Engine, tracks: &FaceTracks) -> Judged<Vec<Embedding>> {
    Ok(engine.embeddings(upright_main(tracks)?)?)
}

/// The face a video is about. Nothing is measured of a face that lies on its side or upside down.
fn upright_main(tracks: &FaceTracks) -> Judged<&Track> {
    if tracks.is_turned {
        return Err(Unjudged::picture_turned());
    }
    tracks.main().ok_or_else(Unjudged::no_face)
}

fn is_alive(
    engine: &mut face::Engine,
    tracks: &FaceTracks,
    embeddings: &Judged<Vec<Embedding>>,
) -> Judged<Liveness> {
    if let Some(unjudged) = Unjudged::of(tracks.presence()) {
        return Err(unjudged);
    }
    let track = tracks.main().ok_or_else(Unjudged::no_face)?;
    let judged = face::liveness::judge_track(engine, track, embeddings.as_ref().map_err(Clone::clone)?)?;
    Ok(judged?)
}

fn judge_authenticity(tracks: &FaceTracks) -> Judged<Authenticity> {
    if let Some(unjudged) = Unjudged::of(tracks.presence()) {
        return Err(unjudged);
    }
    Ok(authenticity::judge_track(tracks.main().ok_or_else(Unjudged::no_face)?)?)
}

/// What the lips say: about the sound, and about the phrase.
fn compare_lips(
    shared: &Shared,
    tracks: &FaceTracks,
    sound: Option<&[f32]>,
    task: &Task,
    findings: &mut Findings,
) {
    if !task.wanted.needs_lips() {
        return;
    }
    let stages = &mut findings.stages;
    let motion = stages.time("lip_motion", || motion(tracks));
    if task.wanted.active_speaker {
        let sound = sound.ok_or_else(Unjudged::no_sound);
        findings.active_speaker = Some(sound.and_then(|sound| {
            on(&motion, |motion| {
                stages.time("active_speaker", || shared.lips.sync_among(motion, &others(tracks), sound))
            })
        }));
    }
    if task.wanted.visual_speech {
        let expected: Vec<&str> = task.phrase.words().iter().map(String::as_str).collect();
        let vocabulary: &[&str] = if task.is_digits { &lips::DIGITS } else { &[] };
        findings.reading = Some(on(&motion, |motion| {
            stages.time("lip_reading", || shared.lips.read(motion, sound, &expected, vocabulary))
        }));
    }
}

fn motion(tracks: &FaceTracks) -> Judged<LipMotion> {
    Ok(motion_of(upright_main(tracks)?)?)
}

fn motion_of(track: &Track) -> Result<LipMotion, lips::Reason> {
    LipMotion::new(track.meshes.iter().map(|m| (m.index, &*m.mesh.points)), &track.jumps)
}

/// Other faces in view long enough to be the one that speaks.
fn others(tracks: &FaceTracks) -> Vec<LipMotion> {
    tracks.beside_main().filter_map(|track| motion_of(track).ok()).collect()
}

impl Findings {
    /// Tells the reasons that lie in the clip itself instead of what came of them.
    fn explain(&mut self, unread_sound: Option<&str>) {
        let Some(video) = &self.video else { return };
        let clip = Clip { video, unread_sound };
        self.liveness = clip.explain(self.liveness.take());
        self.voice = clip.explain(self.voice.take());
        self.spoken = clip.explain(self.spoken.take());
        self.active_speaker = clip.explain(self.active_speaker.take());
        self.reading = clip.explain(self.reading.take());
    }

    fn take(&mut self, heard: Heard) {
        (self.voice, self.spoken) = (heard.voice, heard.spoken);
        self.stages.merge(heard.stages);
    }
}
