//! Block lists of a project: devices, addresses, documents and faces. An entry has the keyed hash of a value; the
//! value itself is not stored. A face is blocked by the subject who enrolled it, so the entry ends with its template.

use blob::KeyRing;
use proto::{Word, transactions as wire};
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    fraud::device,
    links::{self, DocumentNumber, Kind, Link},
    record::TransactionId,
    reviews::convert::{reviewer, reviewer_to_wire},
    seal,
    service::Transactions,
    store::BlockedRow,
};

/// Longest note, in characters.
const MAX_NOTE: usize = 500;
/// Longest typed value, in characters.
const MAX_VALUE: usize = 200;
/// Entries of one project.
const MAX_ENTRIES: i64 = 100_000;
const MAX_LISTED: i64 = 1000;

/// The readable part of an entry. Sealed at rest.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Said {
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub note: String,
    /// Display name of its author.
    #[serde(default)]
    pub name: String,
}

/// # Errors
/// For a kind without a list.
pub fn kind_from_wire(kind: wire::LinkKind) -> Result<Kind, Error> {
    let listed = Kind::from_stored(kind.as_word()).ok().filter(|kind| *kind != Kind::Country);
    listed.ok_or_else(|| Error::Invalid("kind must be device, address, document or face".into()))
}

pub fn kind_to_wire(kind: Kind) -> wire::LinkKind {
    wire::LinkKind::from_word(kind.as_str()).unwrap_or_default()
}

impl BlockedRow {
    fn to_wire(&self, ring: &KeyRing) -> Result<wire::Blocked, Error> {
        let Said { label, note, name } = seal::open_blocked(ring, &self.project_id, &self.id, &self.sealed)?;
        Ok(wire::Blocked {
            id: self.id.clone(),
            kind: kind_to_wire(Kind::from_stored(&self.kind)?).into(),
            label,
            note,
            by: Some(reviewer_to_wire(&self.created_by, name)),
            created_at_ms: self.created_at,
            transaction_id: self.transaction_id.clone().unwrap_or_default(),
        })
    }
}

/// The value to block, and where it was seen.
struct Target {
    link: Link,
    transaction_id: Option<String>,
    subject_hash: Option<Vec<u8>>,
}

impl Transactions {
    pub async fn add_blocked(&self, request: wire::AddBlockedRequest) -> Result<wire::Blocked, Error> {
        let kind = kind_from_wire(request.kind())?;
        let project = crate::record::text("project_id", request.project_id.clone())?;
        let by = reviewer(request.by.clone())?;
        if request.note.chars().count() > MAX_NOTE || request.note.contains('\0') {
            return Err(Error::Invalid(format!("note must have at most {MAX_NOTE} characters")));
        }
        let target = if request.transaction_id.is_empty() {
            self.typed_target(&project, kind, &request)?
        } else {
            self.seen_target(&project, kind, &request.transaction_id).await?
        };
        if let Some(known) = self.store.find_entry(&project, &target.link).await? {
            return known.to_wire(&self.ring);
        }
        if self.store.count_entries(&project).await? >= MAX_ENTRIES {
            return Err(Error::Refused("the block lists of this project are full"));
        }
        let id = uuid::Uuid::now_v7().to_string();
        let label = target.link.label.clone().unwrap_or_default();
        let said = Said { label, note: request.note, name: by.name };
        let row = BlockedRow {
            sealed: seal::seal_blocked(&self.ring, &project, &id, &said)?,
            id,
            kind: kind.as_str().into(),
            value_hash: target.link.hashes.into_iter().next().ok_or(Error::DamagedLink)?,
            created_at: (self.clock)(),
            created_by: by.id,
            transaction_id: target.transaction_id,
            subject_hash: target.subject_hash,
            project_id: project,
        };
        self.store.add_entry(&row).await?.to_wire(&self.ring)
    }

    fn typed_target(
        &self,
        project: &str,
        kind: Kind,
        request: &wire::AddBlockedRequest,
    ) -> Result<Target, Error> {
        let value = request.value.trim();
        if value.is_empty() || value.chars().count() > MAX_VALUE || value.chars().any(char::is_control) {
            return Err(Error::Invalid("value must have 1 to 200 characters".into()));
        }
        let number = DocumentNumber { country: request.country.clone(), number: value.into() };
        let link = match kind {
            Kind::Device => Some(links::of_device(&self.ring, project, &device::short(value))?),
            Kind::Address => links::of_address(&self.ring, project, value)?,
            Kind::Document => links::of_document(&self.ring, project, &number)?,
            Kind::Face | Kind::Country => {
                return Err(Error::Invalid("a face is blocked by a transaction that shows it".into()));
            }
        };
        let wrong = match kind {
            Kind::Address => "value must be an IP address",
            _ => "value must have at least five letters and digits",
        };
        let link = link.ok_or_else(|| Error::Invalid(wrong.into()))?;
        Ok(Target { link, transaction_id: None, subject_hash: None })
    }

    /// Returns the value of a transaction.
    async fn seen_target(&self, project: &str, kind: Kind, id: &str) -> Result<Target, Error> {
        let id = TransactionId::parse(id).map_err(|_| Error::NotFound)?;
        let row = self.store.find_transaction(project, &id).await?.ok_or(Error::NotFound)?;
        let links = self.store.stored_links(id.as_str()).await?;
        let Some(mut link) = links.into_iter().find(|link| link.kind == kind) else {
            return Err(Error::Refused(match kind {
                Kind::Device => "this call named no device",
                Kind::Address => "the address of this call is not known",
                Kind::Document => "this call showed no document with a number",
                Kind::Face | Kind::Country => "this call shows no enrolled face",
            }));
        };
        let sealed = self.store.sealed_label(id.as_str(), kind).await?;
        link.label = match sealed {
            Some(sealed) => Some(seal::open_label(&self.ring, project, id.as_str(), kind.as_str(), &sealed)?),
            None => None,
        };
        Ok(Target { link, transaction_id: Some(row.id), subject_hash: row.subject_hash })
    }

    pub async fn list_blocked(
        &self,
        request: wire::ListBlockedRequest,
    ) -> Result<wire::ListBlockedResponse, Error> {
        let kind = match request.kind {
            Some(_) => Some(kind_from_wire(request.kind())?),
            None => None,
        };
        let rows = self.store.list_entries(&request.project_id, kind, MAX_LISTED).await?;
        let entries = rows.iter().map(|row| row.to_wire(&self.ring)).collect::<Result<_, _>>()?;
        Ok(wire::ListBlockedResponse { entries })
    }

    pub async fn remove_blocked(&self, project: &str, id: &str) -> Result<wire::Blocked, Error> {
        let removed = self.store.remove_entry(project, id).await?.ok_or(Error::NoBlocked)?;
        removed.to_wire(&self.ring)
    }

    /// Returns the lists a call is on, by its own data.
    pub async fn check_blocked(
        &self,
        request: wire::CheckBlockedRequest,
    ) -> Result<wire::CheckBlockedResponse, Error> {
        let project = &request.project_id;
        let mut found = Vec::new();
        let info = serde_json::from_str(&request.device_info_json).unwrap_or_default();
        if let Some(id) = device::id(&info) {
            found.push(links::of_device(&self.ring, project, &id)?);
        }
        found.extend(links::of_address(&self.ring, project, &request.client_address)?);
        if let Some(number) = request.document {
            let number = crate::service::document_number(number);
            found.extend(links::of_document(&self.ring, project, &number)?);
        }
        for user in request.faces.iter().filter(|user| !user.is_empty()) {
            found.push(links::of_face(&self.ring, project, user)?);
        }
        let kinds = self.store.find_blocked(project, &found).await?;
        Ok(wire::CheckBlockedResponse {
            blocked: kinds.into_iter().map(|kind| kind_to_wire(kind).into()).collect(),
        })
    }
}
