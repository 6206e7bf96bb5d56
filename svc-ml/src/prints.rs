//! Fingerprints: received, read on a worker, enrolled or compared.

use bytes::Bytes;
use fingerprint::{Print, Reason};
use futures::{Stream, StreamExt};
use intake::{Place, Watch};
use proto::ml::{self as wire, PrintState};
use sandbox::MediaFile;
use tonic::{Status, Streaming};

use crate::{
    engines::Engines,
    error::Error,
    request::check_ids,
    service::Ml,
    templates::{PrintOutcome, Whose},
};

impl Ml {
    pub(crate) async fn enroll_one_print(
        &self,
        mut parts: Streaming<wire::PrintRequest>,
    ) -> Result<wire::EnrollPrintResponse, Error> {
        let header = header(&mut parts).await?;
        let place = self.workers.admit(&header.project_id)?;
        let print = match self.read_print(place, parts).await? {
            Ok(print) => print,
            Err(reason) => return Ok(refused(reason.code(), &reason.to_string())),
        };
        let whose = Whose {
            project: &header.project_id,
            user: &header.user_fullname,
            transaction: &header.transaction_id,
            now_ms: (self.clock)(),
        };
        let template = print.template();
        let state = match self.templates.enroll_print(whose, &template).await? {
            PrintOutcome::Enrolled => PrintState::Enrolled,
            PrintOutcome::Strengthened => PrintState::Strengthened,
            PrintOutcome::Unchanged => PrintState::Unchanged,
            PrintOutcome::OtherFinger => PrintState::OtherFinger,
            PrintOutcome::Locked => {
                let description = "too many other fingers were sent under this name; try again in an hour";
                return Ok(refused("template_locked", description));
            }
        };
        Ok(wire::EnrollPrintResponse {
            state: state.into(),
            minutiae: u32::try_from(template.minutiae()).unwrap_or(u32::MAX),
            ..wire::EnrollPrintResponse::default()
        })
    }

    pub(crate) async fn verify_one_print(
        &self,
        mut parts: Streaming<wire::PrintRequest>,
    ) -> Result<wire::VerifyPrintResponse, Error> {
        let header = header(&mut parts).await?;
        let place = self.workers.admit(&header.project_id)?;
        let read = self.read_print(place, parts).await?;
        let print = match read {
            Ok(print) => print,
            Err(reason) => {
                return Ok(wire::VerifyPrintResponse {
                    reason: reason.code().to_owned(),
                    description: reason.to_string(),
                    ..wire::VerifyPrintResponse::default()
                });
            }
        };
        let (project, user) = (&header.project_id, &header.user_fullname);
        let compared = self.templates.compare_print(project, user, &print.template()).await?;
        Ok(wire::VerifyPrintResponse {
            enrolled: compared.is_some(),
            score: compared.map_or(0, |compared| compared.score),
            matched: compared.is_some_and(|compared| compared.matched),
            ..wire::VerifyPrintResponse::default()
        })
    }

    pub(crate) async fn check_one_picture(
        &self,
        mut parts: Streaming<wire::CheckPictureRequest>,
    ) -> Result<(), Error> {
        let first = parts.message().await.map_err(intake::Error::from)?;
        let header = first.ok_or(Error::Invalid("the first message must name the project"))?;
        let place = self.workers.admit(&header.project_id)?;
        let chunks = parts.map(|message| -> Result<Bytes, Status> { Ok(message?.chunk) });
        let file = intake::spool(chunks, self.bounds, self.spool.as_deref()).await?;
        let work = move |engines: &mut Engines, watch: &Watch| {
            engines.shared.picture(&MediaFile::new(file)?, watch).map(drop)
        };
        self.workers.run_job(place, work).await
    }

    /// Reads the print, or returns why it cannot be judged.
    async fn read_print(
        &self,
        place: Place,
        parts: Streaming<wire::PrintRequest>,
    ) -> Result<Result<Print, Reason>, Error> {
        let file = intake::spool(chunks(parts), self.bounds, self.spool.as_deref()).await?;
        let work = move |engines: &mut Engines, watch: &Watch| read(engines, &MediaFile::new(file)?, watch);
        self.workers.run_job(place, work).await
    }
}

fn read(engines: &Engines, file: &MediaFile, watch: &Watch) -> Result<Result<Print, Reason>, Error> {
    match engines.shared.print(file, watch)? {
        Ok(print) => Ok(Ok(print)),
        Err(fingerprint::Error::CannotJudge(reason)) => Ok(Err(reason)),
        Err(fingerprint::Error::Media(error)) => Err(error.into()),
        Err(fingerprint::Error::Failed) => Err(Error::Print),
    }
}

fn refused(reason: &str, description: &str) -> wire::EnrollPrintResponse {
    wire::EnrollPrintResponse {
        state: PrintState::Refused.into(),
        reason: reason.to_owned(),
        description: description.to_owned(),
        minutiae: 0,
    }
}

/// Returns the first message.
async fn header(parts: &mut Streaming<wire::PrintRequest>) -> Result<wire::PrintHeader, Error> {
    let first = parts.message().await.map_err(intake::Error::from)?;
    let Some(wire::print_request::Part::Header(header)) = first.and_then(|message| message.part) else {
        return Err(Error::Invalid("the first message must be the header"));
    };
    check_ids(&header.project_id, &header.user_fullname)?;
    Ok(header)
}

/// Returns the bytes of the messages after it.
fn chunks(parts: Streaming<wire::PrintRequest>) -> impl Stream<Item = Result<Bytes, Status>> {
    parts.map(|message| match message?.part {
        Some(wire::print_request::Part::Chunk(chunk)) => Ok(chunk),
        _ => Err(Status::invalid_argument("only the first message may be a header")),
    })
}
