//! Decodes a call, appends to or reads the ledger, encodes.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use blob::{KeyRing, Purpose};
use proto::consent::{self as wire, consent_server};
use tokio::sync::Mutex;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    error::Error,
    ledger::{Entry, Kind, Personal},
    store::Store,
};

const PERSONAL: Purpose = Purpose("personal fields of a consent entry");
const SUBJECT: Purpose = Purpose("find the consents of a subject");

/// Longest user fullname, bytes.
const MAX_NAME: usize = 256;
/// Most entries a history answers; more than a person makes in a lifetime, less than a message holds.
const MAX_HISTORY: i64 = 2_000;
/// How often an append is tried again when another process took its number.
const TRIES: usize = 32;
/// Appends for one subject in this process wait for each other here instead of colliding in the database.
const QUEUES: usize = 64;

#[derive(Clone)]
pub struct Consent {
    store: Store,
    ring: KeyRing,
    queues: Arc<[Mutex<()>; QUEUES]>,
}

impl Consent {
    pub fn new(store: Store, ring: KeyRing) -> Self {
        Self { store, ring, queues: Arc::new(std::array::from_fn(|_| Mutex::new(()))) }
    }

    /// The hash the subject's entries are kept under: of the sealing master key, or of a retired one that made them.
    async fn subject(&self, project: &str, user: &str) -> Result<String, Error> {
        let hashes = self.ring.fingerprints(SUBJECT, format!("{project}\0{user}").as_bytes())?;
        let mut hashes = hashes.into_iter().map(hex::encode);
        let newest = hashes.next().unwrap_or_default();
        for retired in hashes {
            if self.store.head(project, &retired).await?.is_some() {
                return Ok(retired);
            }
        }
        Ok(newest)
    }

    async fn record(&self, request: wire::RecordConsentRequest) -> Result<wire::ConsentEntry, Error> {
        let kind = kind_of(request.kind())?;
        check_name(&request.user_fullname)?;
        let personal = Personal {
            user_fullname: request.user_fullname,
            session_id: request.session_id,
            device_info_json: request.device_info_json,
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
            recorded_at: now_ms(),
            api_key_id: request.api_key_id,
            transaction_id: request.transaction_id,
            sealed,
            hash: String::new(),
        };
        let entry = self.append(draft).await?;
        encode(entry, personal)
    }

    /// Writes `draft` at the end of its chain; when another process was faster, at the new end.
    async fn append(&self, draft: Entry) -> Result<Entry, Error> {
        let queue = draft.subject.bytes().fold(0, |sum, b| (sum * 31 + usize::from(b)) % QUEUES);
        let _turn = self.queues[queue].lock().await;
        for _ in 0..TRIES {
            let head = self.store.head(&draft.project_id, &draft.subject).await?;
            let entry = draft.clone().chained(head.as_ref().map(|(seq, hash)| (*seq, hash.as_str())));
            match self.store.append(&entry).await {
                Err(Error::Conflict) => {}
                done => return done.map(|()| entry),
            }
        }
        Err(Error::Conflict)
    }

    async fn state(&self, request: &wire::GetConsentRequest) -> Result<wire::ConsentState, Error> {
        let subject = self.subject(&request.project_id, &request.user_fullname).await?;
        let newest = self.store.newest(&request.project_id, &subject).await?;
        Ok(wire::ConsentState {
            authorization: newest.authorization_given == Some(1),
            storage: newest.storage_given == Some(1),
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

    fn decode(&self, entry: Entry) -> Result<wire::ConsentEntry, Error> {
        let personal = self.ring.open_sealed(PERSONAL, entry.id.as_bytes(), &entry.sealed)?;
        encode(entry, serde_json::from_slice(&personal)?)
    }
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
        hash: entry.hash,
    })
}

fn kind_of(kind: wire::ConsentKind) -> Result<Kind, Error> {
    match kind {
        wire::ConsentKind::Authorization => Ok(Kind::Authorization),
        wire::ConsentKind::Storage => Ok(Kind::Storage),
        wire::ConsentKind::Unspecified => Err(Error::Invalid("the kind of consent is missing")),
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    match name.len() {
        0 => Err(Error::Invalid("user_fullname is required")),
        1..=MAX_NAME => Ok(()),
        _ => Err(Error::Invalid("user_fullname is longer than 256 bytes")),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
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
}
