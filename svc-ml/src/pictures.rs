//! Compares the faces of two pictures. Nothing is stored.

use futures::{Stream, TryStreamExt};
use intake::Watch;
use proto::ml as wire;
use sandbox::MediaFile;
use tonic::{Status, Streaming};

use crate::{
    calibration::{FaceComparison, compare_faces},
    engines::Engines,
    error::Error,
    judged::Judged,
    matching::reference,
    pair::Side,
    request::check_ids,
    service::Ml,
    stages::Stages,
};

/// Both pictures, and their comparison.
pub struct Compared {
    pub first: Judged<()>,
    pub second: Judged<()>,
    /// `None`: one of them has no face to compare.
    pub comparison: Option<FaceComparison>,
    pub stages: Stages,
}

impl Ml {
    pub(crate) async fn compare_two(
        &self,
        mut parts: Streaming<wire::ComparePicturesRequest>,
    ) -> Result<Compared, Error> {
        let first = parts.message().await.map_err(intake::Error::from)?;
        let Some(wire::compare_pictures_request::Part::Header(header)) = first.and_then(|m| m.part) else {
            return Err(Error::Invalid("the first message must be the header"));
        };
        check_ids(&header.project_id, "-")?;
        let place = self.workers.admit(&header.project_id)?;
        let (first, second) =
            self.receive_pair(sides(parts), "the first picture must come before the second").await?;
        let work = move |engines: &mut Engines, watch: &Watch| {
            compare(engines, &MediaFile::new(first)?, &MediaFile::new(second)?, watch)
        };
        let found = self.workers.run_job(place, work).await?;
        let comparison = found.comparison.map(|comparison| self.calibrations.face(comparison));
        Ok(Compared { comparison, ..found })
    }
}

fn sides(parts: Streaming<wire::ComparePicturesRequest>) -> impl Stream<Item = Result<Side, Status>> {
    parts.and_then(async |message| match message.part {
        Some(wire::compare_pictures_request::Part::First(chunk)) => Ok(Side::First(chunk)),
        Some(wire::compare_pictures_request::Part::Second(chunk)) => Ok(Side::Second(chunk)),
        _ => Err(Status::invalid_argument("only the first message may be a header")),
    })
}

fn compare(
    engines: &mut Engines,
    first: &MediaFile,
    second: &MediaFile,
    watch: &Watch,
) -> Result<Compared, Error> {
    let mut stages = Stages::default();
    let pictures = stages.time("decode", || {
        Ok::<_, Error>([engines.shared.picture(first, watch)?, engines.shared.picture(second, watch)?])
    })?;
    let [first, second] = &pictures;
    let (first, second) = stages
        .time("face_quality", || Ok::<_, Error>((reference(engines, first)?, reference(engines, second)?)))?;
    let mut comparison = None;
    if let (Ok(first), Ok(second)) = (&first, &second) {
        comparison = Some(stages.time("face_embedding", || {
            let (first, second) = (engines.face.embed_aligned(first)?, engines.face.embed_aligned(second)?);
            Ok::<_, Error>(compare_faces(first.compare(&second), 1))
        })?);
    }
    Ok(Compared { first: first.map(drop), second: second.map(drop), comparison, stages })
}
