//! Liveness and identification of one still picture. Nothing is stored.

use bytes::Bytes;
use face::{Embedding, liveness};
use futures::{Stream, StreamExt};
use intake::Watch;
use proto::ml as wire;
use sandbox::MediaFile;
use tonic::{Status, Streaming};

use crate::{
    calibration::FaceComparison,
    engines::Engines,
    error::Error,
    judged::Judged,
    portrait::{more_than_one_face, no_face, too_small},
    request::check_ids,
    service::Ml,
    stages::Stages,
};

/// Pixels between the eyes of a judged face: the same as for the enrollment of a selfie.
const LEAST_EYE_DISTANCE: f32 = 40.0;

/// A measured picture.
pub struct SeenStill {
    /// The liveness, 0-1, and the face.
    pub face: Judged<(f32, Embedding)>,
    pub stages: Stages,
}

/// A still, judged.
pub struct JudgedStill {
    pub liveness: Judged<f32>,
    /// The comparison with the user, if there is a template.
    pub own: Option<FaceComparison>,
    /// The nearest other subject, with its name.
    pub nearest: Option<(String, FaceComparison)>,
    pub stages: Stages,
}

impl Ml {
    pub(crate) async fn judge_one_still(
        &self,
        mut parts: Streaming<wire::JudgeStillRequest>,
    ) -> Result<JudgedStill, Error> {
        let header = header(&mut parts).await?;
        let place = self.workers.admit(&header.project_id)?;
        let file = intake::spool(chunks(parts), self.bounds, self.spool.as_deref()).await?;
        let work = move |engines: &mut Engines, watch: &Watch| see(engines, &MediaFile::new(file)?, watch);
        let SeenStill { face, stages } = self.workers.run_job(place, work).await?;
        let (liveness, probe) = match face {
            Ok(seen) => seen,
            Err(why) => return Ok(JudgedStill { liveness: Err(why), own: None, nearest: None, stages }),
        };
        let (own, nearest) = self.compare_still(&header, probe).await?;
        Ok(JudgedStill { liveness: Ok(liveness), own, nearest, stages })
    }

    /// Compares with the user's own template and, if a search is requested, finds the nearest other one.
    async fn compare_still(
        &self,
        header: &wire::JudgeStillHeader,
        probe: Embedding,
    ) -> Result<(Option<FaceComparison>, Option<(String, FaceComparison)>), Error> {
        let (project, user) = (&header.project_id, &header.user_fullname);
        let own = if user.is_empty() { None } else { self.templates.compare(project, user, &probe).await? };
        let nearest = if header.search {
            let subject = if user.is_empty() { None } else { self.templates.subject(project, user).await? };
            self.templates.nearest(project, &probe, subject.as_deref()).await?
        } else {
            None
        };
        let own = own.map(|comparison| self.calibrations.face(comparison));
        let Some(nearest) = nearest else { return Ok((own, None)) };
        let comparison = self.calibrations.face(nearest.comparison);
        if comparison.probability < header.min_probability {
            return Ok((own, None));
        }
        let name = self.templates.name(project, &nearest.subject_id).await?;
        Ok((own, name.map(|name| (name, comparison))))
    }
}

fn see(engines: &mut Engines, file: &MediaFile, watch: &Watch) -> Result<SeenStill, Error> {
    let mut stages = Stages::default();
    let picture = stages.time("decode", || engines.shared.picture(file, watch))?;
    let found = stages.time("face_quality", || engines.face.portraits(&picture))?;
    let Some(portrait) = found.main else { return Ok(SeenStill { face: Err(no_face()), stages }) };
    if found.faces > 1 {
        return Ok(SeenStill { face: Err(more_than_one_face()), stages });
    }
    if portrait.eye_distance < LEAST_EYE_DISTANCE {
        return Ok(SeenStill { face: Err(too_small()), stages });
    }
    let upright = found.turn.of(&picture);
    let alive =
        stages.time("liveness", || liveness::judge_still(&mut engines.face, &upright, &portrait.face))?;
    let vector = stages.time("face_embedding", || engines.face.embed_aligned(&portrait.crop))?;
    Ok(SeenStill { face: Ok((alive, vector)), stages })
}

/// Returns the first message.
async fn header(parts: &mut Streaming<wire::JudgeStillRequest>) -> Result<wire::JudgeStillHeader, Error> {
    let first = parts.message().await.map_err(intake::Error::from)?;
    let Some(wire::judge_still_request::Part::Header(header)) = first.and_then(|message| message.part) else {
        return Err(Error::Invalid("the first message must be the header"));
    };
    // Without a user nobody is compared 1:1.
    let user = if header.user_fullname.is_empty() { "-" } else { &header.user_fullname };
    check_ids(&header.project_id, user)?;
    Ok(header)
}

/// Returns the bytes of the messages after it.
fn chunks(parts: Streaming<wire::JudgeStillRequest>) -> impl Stream<Item = Result<Bytes, Status>> {
    parts.map(|message| match message?.part {
        Some(wire::judge_still_request::Part::Chunk(chunk)) => Ok(chunk),
        _ => Err(Status::invalid_argument("only the first message may be a header")),
    })
}
