//! Decodes a call, has the document checked, encodes the response.

use std::{path::PathBuf, sync::Arc, time::Duration};

use boot::Clock;
use bytes::Bytes;
use document::{Engine, MrzFormat, Outcome, Report, Source};
use emrtd::TrustStore;
use futures::{Stream, StreamExt, stream};
use intake::{Bounds, Workers};
use proto::{
    Word,
    docauth::{self as wire, check_document_request::Part, doc_auth_server::DocAuth},
};
use sandbox::Sandbox;
use time::Date;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    chip::{Chip, Received},
    config::Config,
    error::Error,
    idscan::IdScan,
    provider::{Checked, InHouse, LargeFileLimit, Provider},
};

#[derive(Clone)]
pub struct Documents {
    workers: Arc<Workers<Engine>>,
    inhouse: Arc<dyn Provider>,
    external: Option<Arc<dyn Provider>>,
    bounds: Bounds,
    spool: Option<PathBuf>,
    trust: Arc<TrustStore>,
    clock: Clock,
}

impl Documents {
    pub fn new(
        config: &Config,
        workers: Arc<Workers<Engine>>,
        large_files: Arc<LargeFileLimit>,
        external: Option<IdScan>,
        media: Sandbox,
        trust: TrustStore,
        clock: Clock,
    ) -> Self {
        Self {
            inhouse: Arc::new(InHouse::new(workers.clone(), large_files, media)),
            workers,
            external: external.map(|e| Arc::new(e) as Arc<dyn Provider>),
            bounds: Bounds { bytes: config.max_bytes, time: Duration::from_secs(config.upload_s.into()) },
            spool: config.spool.clone(),
            trust: Arc::new(trust),
            clock,
        }
    }

    async fn check(&self, mut parts: Streaming<wire::CheckDocumentRequest>) -> Result<Checked, Error> {
        let header = header(&mut parts).await?;
        let place = self.workers.admit(&header.project_id)?;
        let provider = if header.external {
            const NONE: &str = "no external document provider is configured; leave X-Inhouse-Docauth out or set the \
                docauth section's idscan_key";
            self.external.as_ref().ok_or(Error::Invalid(NONE))?
        } else {
            &self.inhouse
        };
        let (chip, first) = tokio::time::timeout(self.bounds.time, chip_files(&mut parts))
            .await
            .map_err(|_| Error::Invalid("the files of the chip took too long to arrive"))??;
        let file = intake::spool(chunks(first, parts), self.bounds, self.spool.as_deref()).await?;
        let today = boot::timestamp::date((self.clock)());
        // Before the picture, which costs a hundred times as much.
        let trust = self.trust.clone();
        let chip = off_thread(move || chip.authenticate(&trust, today)).await??;
        let mut checked = provider.check(place, file, today).await?;
        if let Some(chip) = chip {
            checked = off_thread(move || with_chip(checked, &chip, today)).await?;
        }
        Ok(checked)
    }
}

#[tonic::async_trait]
impl DocAuth for Documents {
    async fn check_document(
        &self,
        request: Request<Streaming<wire::CheckDocumentRequest>>,
    ) -> Result<Response<wire::CheckDocumentResponse>, Status> {
        Ok(Response::new(encode(self.check(request.into_inner()).await?)))
    }

    async fn load(&self, _: Request<wire::LoadRequest>) -> Result<Response<wire::LoadResponse>, Status> {
        let [working, workers, places] =
            self.workers.load().map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        Ok(Response::new(wire::LoadResponse { working, workers, places }))
    }
}

async fn header(
    parts: &mut Streaming<wire::CheckDocumentRequest>,
) -> Result<wire::CheckDocumentHeader, Error> {
    let first = parts.message().await.map_err(intake::Error::from)?;
    match first.and_then(|message| message.part) {
        Some(Part::Header(header)) => Ok(header),
        _ => Err(Error::Invalid("the first message must be the header")),
    }
}

/// Receives the files of the chip, which come before the picture, and returns the first other part.
async fn chip_files(
    parts: &mut Streaming<wire::CheckDocumentRequest>,
) -> Result<(Received, Option<wire::CheckDocumentRequest>), Error> {
    let mut received = Received::default();
    loop {
        match parts.message().await.map_err(intake::Error::from)? {
            Some(wire::CheckDocumentRequest { part: Some(Part::ChipFile(file)) }) => received.add(&file)?,
            other => return Ok((received, other)),
        }
    }
}

/// Returns the pieces of the picture.
fn chunks(
    first: Option<wire::CheckDocumentRequest>,
    rest: Streaming<wire::CheckDocumentRequest>,
) -> impl Stream<Item = Result<Bytes, Status>> + Send {
    stream::iter(first.map(Ok)).chain(rest).map(|message| match message?.part {
        Some(Part::Chunk(chunk)) => Ok(chunk),
        _ => Err(Status::invalid_argument("after the header and the chip's files only chunks may come")),
    })
}

/// Runs CPU work of milliseconds off the async threads.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| intake::Error::Crashed.into())
}

fn with_chip(mut checked: Checked, chip: &Chip, today: Date) -> Checked {
    chip.examine(&mut checked.report, today);
    checked
}

/// Encodes a report.
pub fn encode(checked: Checked) -> wire::CheckDocumentResponse {
    let Checked { report, provider, cpu } = checked;
    let fields = report.fields.iter().map(|(name, field)| wire::DocumentField {
        name: name.as_str().into(),
        value: field.value.clone(),
        source: source(field.source).into(),
        confidence: field.confidence.into(),
    });
    wire::CheckDocumentResponse {
        document_type: wire::DocumentType::from_word(report.kind.as_str()).unwrap_or_default().into(),
        fields: fields.collect(),
        checks: report.checks.iter().map(check).collect(),
        mrz: mrz(&report),
        portrait: report.portrait.unwrap_or_default().into(),
        ghost_portrait: report.ghost.unwrap_or_default().into(),
        signature: report.signature.unwrap_or_default().into(),
        chip_portrait: report.chip_portrait.unwrap_or_default().into(),
        cannot_judge: report.cannot_judge.unwrap_or_default(),
        provider: provider.into(),
        cpu_ms: cpu.as_secs_f64() * 1000.0,
    }
}

const fn source(source: Source) -> wire::FieldSource {
    match source {
        Source::Mrz => wire::FieldSource::Mrz,
        Source::Barcode => wire::FieldSource::Barcode,
        Source::Print => wire::FieldSource::Print,
        Source::Chip => wire::FieldSource::Chip,
        Source::Provider => wire::FieldSource::Provider,
    }
}

const fn mrz_format(format: MrzFormat) -> wire::MrzFormat {
    match format {
        MrzFormat::Td1 => wire::MrzFormat::Td1,
        MrzFormat::Td2 => wire::MrzFormat::Td2,
        MrzFormat::Td3 => wire::MrzFormat::Td3,
        MrzFormat::MrvA => wire::MrzFormat::MrvA,
        MrzFormat::MrvB => wire::MrzFormat::MrvB,
        MrzFormat::FranceCard => wire::MrzFormat::FraId,
        MrzFormat::Licence => wire::MrzFormat::Dl1,
    }
}

fn check(check: &document::Check) -> wire::DocumentCheck {
    let outcome = match check.outcome {
        Outcome::Passed => wire::CheckOutcome::Passed,
        Outcome::Failed => wire::CheckOutcome::Failed,
        Outcome::NotChecked => wire::CheckOutcome::NotChecked,
    };
    wire::DocumentCheck {
        name: check.name.into(),
        outcome: outcome.into(),
        advisory: check.advisory,
        evidence: check.evidence.clone(),
    }
}

/// The checks that compare the MRZ with the rest of the document.
const COMPARISONS: [&str; 5] =
    ["mrz_print_number", "mrz_print_birth", "mrz_print_expiry", "mrz_print_names", "mrz_barcode"];

fn mrz(report: &Report) -> Option<wire::MrzReading> {
    let mrz = report.mrz.as_ref()?;
    let failed =
        |name: &&document::Check| COMPARISONS.contains(&name.name) && name.outcome == Outcome::Failed;
    let mut discrepancies: Vec<String> =
        report.checks.iter().filter(failed).map(|c| c.name.to_owned()).collect();
    let fields_match = discrepancies.is_empty();
    for (name, _) in mrz.check_digits.iter().filter(|(_, right)| !right) {
        let unsure = if mrz.doubt(name).is_some() { " (not read reliably)" } else { "" };
        discrepancies.push(format!("check digit of the {name}{unsure}"));
    }
    Some(wire::MrzReading {
        format: mrz_format(mrz.format).into(),
        lines: mrz.lines.clone(),
        check_digits_valid: mrz.has_right_digits(),
        fields_match,
        discrepancies,
    })
}
