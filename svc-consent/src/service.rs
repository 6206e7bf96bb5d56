//! Decodes a call, appends to or reads the ledger, encodes the response.

use std::sync::Arc;

use blob::{KeyRing, Purpose};
use boot::Clock;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use proto::{
    consent::{self as wire, consent_server},
    subjects::{Kept, Project, Remains, Subject},
};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    entry::{Entry, Kind, Personal},
    error::Error,
    journal::Seals,
    log::{ConsentLog, Integrator},
    store::Store,
    writer::Writer,
};

pub const PERSONAL: Purpose = Purpose("personal fields of a consent entry");
pub const SUBJECT: Purpose = Purpose("find the consents of a subject");

/// Longest user fullname, bytes.
const MAX_NAME: usize = 256;
/// Most entries of a history; more than a person makes in a lifetime, less than a message can hold.
const MAX_HISTORY: i64 = 2_000;
/// Subjects per batch of a project's erasure.
const SUBJECTS_AT_ONCE: u32 = 100;
/// Entries of an export in memory at a time.
const PAGE: i64 = 500;
#[derive(Clone)]
pub struct Consent {
    pub(crate) store: Store,
    ring: KeyRing,
    seals: Seals,
    writer: Writer,
    pub(crate) clock: Clock,
    log: ConsentLog,
    integrator: Arc<Integrator>,
    /// Ends with the service.
    _anchoring: Option<Arc<AbortOnDropHandle<()>>>,
}

impl Consent {
    pub fn new(
        store: Store,
        ring: KeyRing,
        log: ConsentLog,
        connections: u32,
        clock: Clock,
        anchoring: Option<AbortOnDropHandle<()>>,
    ) -> Self {
        let seals = Seals::new(ring.clone());
        let writer = Writer::new(store.clone(), seals.clone(), connections);
        let integrator = Arc::new(log.start_integrator());
        Self { store, seals, writer, log, integrator, ring, clock, _anchoring: anchoring.map(Arc::new) }
    }

    /// Returns the possible hashes of the subject: the active master key's first, then those of retired ones.
    fn subjects(&self, project: &str, user: &str) -> Result<Vec<String>, Error> {
        Ok(subject_hashes(&self.ring, project, user)?)
    }

    /// Returns the hash of the subject's entries: by the active master key, or a retired one.
    async fn subject(&self, project: &str, user: &str) -> Result<String, Error> {
        let mut hashes = self.subjects(project, user)?.into_iter();
        let newest = hashes.next().unwrap_or_default();
        for retired in hashes {
            if self.store.count_entries(project, &retired).await? > 0 {
                return Ok(retired);
            }
        }
        Ok(newest)
    }

    async fn record(&self, request: wire::RecordConsentRequest) -> Result<wire::ConsentEntry, Error> {
        let kind = kind_of(request.kind())?;
        // The empty project is the journal of projects.
        if request.project_id.is_empty() {
            return Err(Error::Invalid("project_id is required"));
        }
        check_name(&request.user_fullname)?;
        let personal = Personal {
            user_fullname: request.user_fullname,
            session_id: request.session_id,
            device_info_json: request.device_info_json,
            basis: bounded_basis(request.basis)?,
        };
        let subject = self.subject(&request.project_id, &personal.user_fullname).await?;
        let id = Uuid::now_v7().to_string();
        let sealed = self.ring.seal(PERSONAL, id.as_bytes(), &serde_json::to_vec(&personal)?)?;
        let draft = Entry {
            id,
            project_id: request.project_id,
            subject,
            seq: 0,
            kind: kind.as_str().to_owned(),
            given: request.given.into(),
            recorded_at: (self.clock)(),
            api_key_id: request.api_key_id,
            transaction_id: request.transaction_id,
            sealed,
            hash: String::new(),
            chain: String::new(),
        };
        let written = self.writer.append(draft).await?;
        self.integrator.notice(&written.mark);
        // A project whose id cannot name a log gets no promise.
        let promise = self.log.promise(&written.mark).unwrap_or_default();
        Ok(wire::ConsentEntry { promise, ..encode(written.entry, personal)? })
    }

    async fn find_subject(&self, subject: &Subject) -> Result<Remains, Error> {
        let mut entries = 0;
        for hash in self.subjects(&subject.project_id, &subject.user_fullname)? {
            entries += self.store.count_entries(&subject.project_id, &hash).await?;
        }
        Ok(remains(u64::try_from(entries).unwrap_or_default()))
    }

    async fn erase_subject(&self, subject: &Subject) -> Result<Remains, Error> {
        let hashes = self.subjects(&subject.project_id, &subject.user_fullname)?;
        self.erase_all(&subject.project_id, &hashes).await
    }

    /// Erases the next subjects of a project, each as if it had been named.
    async fn erase_project(&self, project: &str) -> Result<Remains, Error> {
        // The empty project is the journal of projects.
        if project.is_empty() {
            return Err(Error::Invalid("project_id is required"));
        }
        let subjects = self.store.some_subjects(project, SUBJECTS_AT_ONCE).await?;
        let mut remains = self.erase_all(project, &subjects).await?;
        let texts = self.store.delete_texts(project).await?;
        if texts > 0 {
            remains.kept.push(Kept { kind: "consent_text".to_owned(), count: texts });
        }
        Ok(remains)
    }

    /// Also purges when there are no rows: an interrupted call may have deleted the rows and not cleaned the files.
    async fn erase_all(&self, project: &str, subjects: &[String]) -> Result<Remains, Error> {
        let (mut entries, mut secrets) = (0, Vec::new());
        for subject in subjects {
            let now_ms = (self.clock)();
            entries += self.store.erase(project, subject, now_ms, &self.seals, &mut secrets).await?;
        }
        self.store.purge(secrets).await?;
        Ok(remains(entries))
    }

    async fn state(&self, request: &wire::GetConsentRequest) -> Result<wire::ConsentState, Error> {
        let subject = self.subject(&request.project_id, &request.user_fullname).await?;
        let newest = self.store.newest(&request.project_id, &subject, &self.seals).await?;
        let is_given = |entry: &Option<Entry>| entry.as_ref().is_some_and(|entry| entry.given == 1);
        Ok(wire::ConsentState {
            authorization_recorded: newest.authorization.is_some(),
            storage_recorded: newest.storage.is_some(),
            authorization: is_given(&newest.authorization),
            storage: is_given(&newest.storage),
        })
    }

    async fn history(&self, request: &wire::GetConsentRequest) -> Result<wire::ConsentHistory, Error> {
        let subject = self.subject(&request.project_id, &request.user_fullname).await?;
        let entries = self.store.entries(&request.project_id, &subject, MAX_HISTORY).await?;
        if entries.is_empty() {
            return Err(Error::Unknown);
        }
        let entries: Result<_, Error> = entries.into_iter().map(|entry| self.decode(entry)).collect();
        Ok(wire::ConsentHistory { state: Some(self.state(request).await?), entries: entries? })
    }

    fn export_entry(&self, entry: Entry) -> Result<wire::ExportedConsent, Error> {
        let personal = self.ring.open_layered(PERSONAL, entry.id.as_bytes(), &entry.sealed)?;
        let personal: Personal = serde_json::from_slice(&personal)?;
        let user_fullname = personal.user_fullname.clone();
        Ok(wire::ExportedConsent { user_fullname, entry: Some(encode(entry, personal)?) })
    }

    fn decode(&self, entry: Entry) -> Result<wire::ConsentEntry, Error> {
        let personal = self.ring.open_layered(PERSONAL, entry.id.as_bytes(), &entry.sealed)?;
        encode(entry, serde_json::from_slice(&personal)?)
    }
}

/// Returns the lookup hashes of a subject: the active master key's first, then those of retired ones.
pub fn subject_hashes(ring: &KeyRing, project: &str, user: &str) -> Result<Vec<String>, blob::Error> {
    let hashes = ring.fingerprints(SUBJECT, format!("{project}\0{user}").as_bytes())?;
    Ok(hashes.into_iter().map(hex::encode).collect())
}

/// Streams every entry of a project, oldest first, one page of rows in memory at a time.
fn export(
    consent: Consent,
    request: wire::ExportConsentsRequest,
) -> impl Stream<Item = Result<wire::ExportedConsent, Status>> + Send {
    let wire::ExportConsentsRequest { project_id, after_id, limit } = request;
    let left = if limit == 0 { i64::MAX } else { i64::from(limit) };
    let pages = stream::try_unfold((after_id.unwrap_or_default(), left), move |(after, left)| {
        let (consent, project) = (consent.clone(), project_id.clone());
        async move {
            let page = consent.store.page(&project, &after, left.min(PAGE)).await?;
            let Some(last) = page.last().map(|entry| entry.id.clone()) else { return Ok(None) };
            let left = left - i64::try_from(page.len()).unwrap_or(i64::MAX);
            let exported: Vec<_> = page.into_iter().map(|entry| consent.export_entry(entry)).collect();
            Ok::<_, Error>(Some((stream::iter(exported), (last, left))))
        }
    });
    pages.try_flatten().map_err(Status::from)
}

fn encode(entry: Entry, personal: Personal) -> Result<wire::ConsentEntry, Error> {
    let kind = match Kind::parse(&entry.kind) {
        Some(Kind::Authorization) => wire::ConsentKind::Authorization,
        Some(Kind::Storage) => wire::ConsentKind::Storage,
        None => return Err(Error::Invalid("the ledger holds an unknown kind of consent")),
    };
    Ok(wire::ConsentEntry {
        id: entry.id,
        kind: kind.into(),
        given: entry.given != 0,
        recorded_at_ms: entry.recorded_at,
        api_key_id: entry.api_key_id,
        session_id: personal.session_id,
        device_info_json: personal.device_info_json,
        transaction_id: entry.transaction_id,
        basis: personal.basis,
        hash: entry.hash,
        promise: String::new(),
    })
}

fn remains(entries: u64) -> Remains {
    let kept = (entries > 0).then(|| Kept { kind: "consent_entry".to_owned(), count: entries });
    Remains { kept: kept.into_iter().collect() }
}

fn kind_of(kind: wire::ConsentKind) -> Result<Kind, Error> {
    match kind {
        wire::ConsentKind::Authorization => Ok(Kind::Authorization),
        wire::ConsentKind::Storage => Ok(Kind::Storage),
        wire::ConsentKind::Unspecified => Err(Error::Invalid("the kind of consent is missing")),
    }
}

fn bounded_basis(basis: String) -> Result<String, Error> {
    if basis.len() > MAX_NAME { Err(Error::Invalid("basis is longer than 256 bytes")) } else { Ok(basis) }
}

fn check_name(name: &str) -> Result<(), Error> {
    match name.len() {
        0 => Err(Error::Invalid("user_fullname is required")),
        1..=MAX_NAME => Ok(()),
        _ => Err(Error::Invalid("user_fullname is longer than 256 bytes")),
    }
}

#[tonic::async_trait]
impl consent_server::Consent for Consent {
    async fn record_consent(
        &self,
        request: Request<wire::RecordConsentRequest>,
    ) -> Result<Response<wire::ConsentEntry>, Status> {
        Ok(Response::new(self.record(request.into_inner()).await?))
    }

    async fn get_consent(
        &self,
        request: Request<wire::GetConsentRequest>,
    ) -> Result<Response<wire::ConsentState>, Status> {
        Ok(Response::new(self.state(request.get_ref()).await?))
    }

    async fn get_history(
        &self,
        request: Request<wire::GetConsentRequest>,
    ) -> Result<Response<wire::ConsentHistory>, Status> {
        Ok(Response::new(self.history(request.get_ref()).await?))
    }

    async fn export_consents(
        &self,
        request: Request<wire::ExportConsentsRequest>,
    ) -> Result<Response<tonic::codegen::BoxStream<wire::ExportedConsent>>, Status> {
        Ok(Response::new(export(self.clone(), request.into_inner()).boxed()))
    }

    async fn put_consent_text(
        &self,
        request: Request<wire::ConsentText>,
    ) -> Result<Response<wire::ConsentText>, Status> {
        Ok(Response::new(self.set_text(request.into_inner()).await?))
    }

    async fn get_consent_text(
        &self,
        request: Request<wire::ConsentTextRequest>,
    ) -> Result<Response<wire::ConsentText>, Status> {
        Ok(Response::new(self.text(request.get_ref()).await?))
    }

    async fn get_checkpoint(
        &self,
        request: Request<wire::GetCheckpointRequest>,
    ) -> Result<Response<wire::Checkpoint>, Status> {
        Ok(Response::new(self.log.checkpoint(&request.get_ref().project_id).await?))
    }

    async fn get_inclusion(
        &self,
        request: Request<wire::GetInclusionRequest>,
    ) -> Result<Response<wire::Inclusion>, Status> {
        Ok(Response::new(self.log.inclusion(request.get_ref()).await?))
    }

    async fn get_consistency(
        &self,
        request: Request<wire::GetConsistencyRequest>,
    ) -> Result<Response<wire::Consistency>, Status> {
        Ok(Response::new(self.log.consistency(request.get_ref()).await?))
    }

    async fn get_log_keys(
        &self,
        request: Request<wire::GetLogKeysRequest>,
    ) -> Result<Response<wire::LogKeys>, Status> {
        Ok(Response::new(self.log.public_keys(&request.get_ref().project_id)?))
    }

    async fn find_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(Response::new(self.find_subject(request.get_ref()).await?))
    }

    async fn erase_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(Response::new(self.erase_subject(request.get_ref()).await?))
    }

    async fn erase_project(&self, request: Request<Project>) -> Result<Response<Remains>, Status> {
        Ok(Response::new(self.erase_project(&request.get_ref().project_id).await?))
    }
}
