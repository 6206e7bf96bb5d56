//! Compares a picture with a video.

use face::{AlignedFace, Embedding, FaceTracker, FaceTracks, Presence};
use futures::{Stream, TryStreamExt};
use intake::Watch;
use media::{Info, Limits};
use proto::ml as wire;
use sandbox::MediaFile;
use tonic::{Status, Streaming};

use crate::{
    calibration::{FaceComparison, compare_faces},
    engines::Engines,
    error::Error,
    judged::{Judged, Unjudged},
    pair::Side,
    portrait::{more_than_one_face, no_face, too_small},
    recordings::Replay,
    replay::{Marker, Marks},
    request::check_ids,
    service::Ml,
    stages::Stages,
};

/// Pixels between the eyes of a reference picture, which may be a document's portrait.
const LEAST_EYE_DISTANCE: f32 = 24.0;

/// Both sides, and their comparison.
pub struct Matched {
    pub anchor: Judged<()>,
    pub target: Judged<()>,
    /// `None`: a side has no face to compare, or nobody may be compared.
    pub comparison: Option<Comparison>,
    pub video: Info,
    pub faces: usize,
    pub marks: Marks,
    /// The earlier use of the video.
    pub replay: Option<Replay>,
    pub stages: Stages,
}

pub struct Comparison {
    /// With the mean of the video's best frames.
    pub overall: FaceComparison,
    /// With each of them, best first.
    pub frames: Vec<FaceComparison>,
}

impl Ml {
    pub(crate) async fn match_one(
        &self,
        mut parts: Streaming<wire::MatchFacesRequest>,
    ) -> Result<Matched, Error> {
        let header = header(&mut parts).await?;
        let place = self.workers.admit(&header.project_id)?;
        check_ids(&header.project_id, "-")?;
        let (image, video) =
            self.receive_pair(sides(parts), "the picture must come before the video").await?;
        let limits = self.limits;
        let (is_asked, takes_marks) = (!header.detect_only, header.origin.is_some());
        let work = move |engines: &mut Engines, watch: &Watch| {
            let (image, file) = (MediaFile::new(image)?, MediaFile::new(video)?);
            compare(engines, &image, &Target { file, takes_marks }, is_asked, &limits, watch)
        };
        let mut found = self.workers.run_job(place, work).await?;
        if let Some(origin) = &header.origin {
            found.replay = self.register(&header.project_id, origin, &found.marks).await?;
        }
        let by = |c: FaceComparison| self.calibrations.face(c);
        let comparison = found
            .comparison
            .map(|c| Comparison { overall: by(c.overall), frames: c.frames.into_iter().map(by).collect() });
        Ok(Matched { comparison, ..found })
    }
}

fn sides(parts: Streaming<wire::MatchFacesRequest>) -> impl Stream<Item = Result<Side, Status>> {
    parts.and_then(async |message| match message.part {
        Some(wire::match_faces_request::Part::Image(chunk)) => Ok(Side::First(chunk)),
        Some(wire::match_faces_request::Part::Video(chunk)) => Ok(Side::Second(chunk)),
        _ => Err(Status::invalid_argument("only the first message may be a header")),
    })
}

async fn header(parts: &mut Streaming<wire::MatchFacesRequest>) -> Result<wire::MatchFacesHeader, Error> {
    let first = parts.message().await.map_err(intake::Error::from)?;
    match first.and_then(|message| message.part) {
        Some(wire::match_faces_request::Part::Header(header)) => Ok(header),
        _ => Err(Error::Invalid("the first message must be the header")),
    }
}

/// The face of the video.
struct Target {
    file: MediaFile,
    takes_marks: bool,
}

fn compare(
    engines: &mut Engines,
    image: &MediaFile,
    video: &Target,
    is_asked: bool,
    limits: &Limits,
    watch: &Watch,
) -> Result<Matched, Error> {
    let mut stages = Stages::default();
    let picture = stages.time("decode", || engines.shared.picture(image, watch))?;
    let anchor = stages.time("face_quality", || reference(engines, &picture))?;
    let (tracks, info, marks) = stages.time("face_tracking", || follow(engines, video, limits, watch))?;
    let target = target(&tracks);
    let mut comparison = None;
    if let (true, Ok(anchor), Ok(())) = (is_asked, &anchor, &target) {
        watch.check()?;
        comparison = stages.time("face_embedding", || compare_frames(engines, anchor, &tracks))?;
    }
    // Seen, but never well enough for a single crop.
    let target = match (&comparison, target) {
        (None, Ok(())) if tracks.main().is_none_or(|track| track.samples.is_empty()) => Err(no_face()),
        (_, target) => target,
    };
    let faces = tracks.most_faces_at_once();
    let anchor = anchor.map(drop);
    Ok(Matched { anchor, target, comparison, video: info, faces, marks, replay: None, stages })
}

/// Returns the one face of the reference picture. A document shows its portrait more than once: faces of similar size
/// are accepted if they are of the same person.
pub fn reference(engines: &mut Engines, picture: &media::Picture) -> Result<Judged<AlignedFace>, Error> {
    let found = engines.face.portraits(picture)?;
    let Some(portrait) = found.main else { return Ok(Err(no_face())) };
    if portrait.eye_distance < LEAST_EYE_DISTANCE {
        return Ok(Err(too_small()));
    }
    if found.faces > 1 {
        let main = engines.face.embed_aligned(&portrait.crop)?;
        let upright = found.turn.of(picture);
        for other in engines.face.faces(&upright)?.iter().take(found.faces) {
            let other = engines.face.embed(&upright, other)?;
            if !main.compare(&other).is_match() {
                return Ok(Err(more_than_one_face()));
            }
        }
    }
    Ok(Ok(portrait.crop))
}

fn follow(
    engines: &mut Engines,
    Target { file, takes_marks }: &Target,
    limits: &Limits,
    watch: &Watch,
) -> Result<(FaceTracks, Info, Marks), Error> {
    let (mut tracker, mut marker) = (FaceTracker::without_mesh(), Marker::default());
    let Engines { shared, face } = engines;
    let still_wanted = || watch.check().map_err(Error::from);
    let decoded = shared.media.decode_video(file, limits, still_wanted, |frame| {
        if *takes_marks {
            marker.see(frame);
        }
        tracker.feed(face, frame).map_err(Error::from)
    })?;
    marker.hear(decoded.audio.as_deref().unwrap_or_default());
    let marks = if *takes_marks { marker.finish(file.clone())? } else { Marks::default() };
    Ok((tracker.finish(), decoded.info, marks))
}

/// A comparison ignores the face's position in the frame, but requires a single face.
fn target(tracks: &FaceTracks) -> Judged<()> {
    match tracks.presence() {
        Presence::OneFace | Presence::NotCentred => Ok(()),
        Presence::NoFace => Err(no_face()),
        Presence::ManyFaces => Err(more_than_one_face()),
        Presence::TooSmall => Err(too_small()),
        Presence::Turned => Err(Unjudged::picture_turned()),
    }
}

fn compare_frames(
    engines: &mut Engines,
    anchor: &AlignedFace,
    tracks: &FaceTracks,
) -> Result<Option<Comparison>, Error> {
    let Some(track) = tracks.main() else { return Ok(None) };
    let sface = engines.face.embeddings(track)?;
    let Some(video) = engines.face.template(track, &sface)? else { return Ok(None) };
    let anchor = engines.face.embed_aligned(anchor)?;
    let against = |face: &Embedding| compare_faces(anchor.compare(face), 1);
    Ok(Some(Comparison { overall: against(&video.mean), frames: video.crops.iter().map(against).collect() }))
}
