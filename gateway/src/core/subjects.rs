//! Users of a project as data subjects: their stored data, and its erasure with a signed receipt.

use proto::{
    consent::{ConsentState, GetConsentRequest},
    ml::TemplateInfo,
    projects::{Destroyed, Erasure, GetErasureRequest, SignErasureRequest},
    subjects::Subject,
    transactions::{FoundSubject, SearchSubjectsRequest},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::core::{
    Core,
    audit::{AuditEvent, record_audit_event},
    caller::Caller,
    data_holders::{DataCount, DataHolder, data_counts},
    error::Error,
    user_name::parse_any_user_name,
};

/// The stored data of a user.
pub struct StoredData {
    pub consents: ConsentState,
    pub templates: Vec<TemplateInfo>,
    pub counts: Vec<DataCount>,
}

/// The result of an erasure.
pub enum ErasureOutcome {
    Erased(Erasure),
    /// A repeated call continues.
    Unfinished {
        destroyed: Vec<DataCount>,
        failed: Vec<FailedService>,
        left: Vec<DataCount>,
    },
}

pub struct FailedService {
    pub service: &'static str,
    pub error: String,
}

fn subject(caller: &Caller, user_fullname: String) -> Subject {
    Subject { project_id: caller.project_id.clone(), user_fullname }
}

/// Returns the stored data of a user.
///
/// # Errors
/// 404 when there is nothing.
pub async fn get_stored_data(
    core: &Core,
    caller: &Caller,
    user_fullname: String,
) -> Result<StoredData, Error> {
    let subject = subject(caller, user_fullname.clone());
    let holders = core.holders();
    let found = DataHolder::ALL.map(|holder| {
        let found = holders.find_stored_data(holder, subject.clone());
        async move { found.await.map(|kept| data_counts(holder, kept).collect::<Vec<_>>()) }
    });
    let counts: Vec<_> = futures::future::try_join_all(found).await?.into_iter().flatten().collect();
    if counts.is_empty() {
        return Err(Error::SubjectNotFound);
    }
    let request = GetConsentRequest { project_id: caller.project_id.clone(), user_fullname };
    let (mut consent, mut ml) = (core.services().consent(), core.services().ml());
    let (consents, templates) = tokio::try_join!(consent.get_consent(request), ml.list_templates(subject))?;
    let templates = templates.into_inner().templates;
    Ok(StoredData { consents: consents.into_inner(), templates, counts })
}

/// Returns subjects whose name, or a part of it, begins with `prefix`. Audited before they are returned, without the
/// text.
///
/// # Errors
/// 400 for fewer than three characters; when the search cannot be logged.
pub async fn search_subjects(core: &Core, caller: &Caller, prefix: &str) -> Result<Vec<FoundSubject>, Error> {
    let project_id = caller.project_id.clone();
    let prefix = parse_any_user_name(prefix)?;
    let request = SearchSubjectsRequest { project_id: project_id.clone(), prefix, limit: 0 };
    let found = core.services().transactions().search_subjects(request).await?.into_inner().subjects;
    let after = Some(json!({ "matches": found.len() }));
    let (action, target) = ("subjects.searched", &project_id);
    let event = AuditEvent { action, target, after, ..AuditEvent::default() };
    record_audit_event(core, &project_id, event).await?;
    Ok(found)
}

/// Erases all data of a user in every service, verifies that nothing is left, and gets a signed receipt. `salt` hides
/// the user in the receipt.
///
/// # Errors
/// When the receipt cannot be signed.
pub async fn erase_subject(
    core: &Core,
    caller: &Caller,
    user_fullname: String,
    salt: [u8; 16],
) -> Result<ErasureOutcome, Error> {
    let subject = subject(caller, user_fullname);
    let holders = core.holders();
    let mut failed: Vec<FailedService> = Vec::new();
    let mut destroyed = Vec::new();
    for holder in DataHolder::ALL {
        match holders.erase(holder, subject.clone()).await {
            Ok(erased) => destroyed.extend(data_counts(holder, erased)),
            Err(status) => failed.push(failure(holder, status)),
        }
    }
    let mut left = Vec::new();
    for holder in DataHolder::ALL {
        match holders.find_stored_data(holder, subject.clone()).await {
            Ok(found) => left.extend(data_counts(holder, found)),
            Err(_) if failed.iter().any(|f| f.service == holder.name()) => {}
            Err(status) => failed.push(failure(holder, status)),
        }
    }
    if !(failed.is_empty() && left.is_empty()) {
        return Ok(ErasureOutcome::Unfinished { destroyed, failed, left });
    }
    let line = |line: DataCount| Destroyed { service: line.service, kind: line.kind, count: line.count };
    let request = SignErasureRequest {
        project_id: caller.project_id.clone(),
        api_key_id: caller.id.clone(),
        subject: salted_hash(&subject, salt),
        destroyed: destroyed.into_iter().map(line).collect(),
    };
    let erasure = core.services().projects().sign_erasure(request).await?.into_inner();
    tracing::info!(erasure.id = erasure.id, by = caller.id, "subject erased");
    Ok(ErasureOutcome::Erased(erasure))
}

/// # Errors
/// 404 when it is unknown.
pub async fn get_erasure(core: &Core, caller: &Caller, id: String) -> Result<Erasure, Error> {
    let request = GetErasureRequest { project_id: caller.project_id.clone(), id };
    Ok(core.services().projects().get_erasure(request).await?.into_inner())
}

fn failure(holder: DataHolder, status: Status) -> FailedService {
    let error = match status.code() {
        Code::Unimplemented => "this service cannot erase subjects in the version that runs".into(),
        _ => Error::from(status).to_string(),
    };
    FailedService { service: holder.name(), error }
}

/// Returns the subject as in a receipt: recognisable only to a reader who knows the user.
fn salted_hash(subject: &Subject, salt: [u8; 16]) -> String {
    let hash = Sha256::new()
        .chain_update(salt)
        .chain_update(&subject.project_id)
        .chain_update([0])
        .chain_update(&subject.user_fullname)
        .finalize();
    format!("sha256:{}:{hash:x}", Uuid::from_bytes(salt).simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_recognised_only_by_a_reader_who_knows_it() {
        let ada = Subject { project_id: "p".into(), user_fullname: "ada".into() };
        let named = salted_hash(&ada, [7; 16]);
        let [kind, salt, hash] = named.split(':').collect::<Vec<_>>()[..] else { panic!("{named}") };
        assert_eq!((kind, salt, hash.len()), ("sha256", "07".repeat(16).as_str(), 64));
        assert_eq!(named, salted_hash(&ada, [7; 16]));
        assert_ne!(named, salted_hash(&ada, [8; 16]));
        assert_ne!(named, salted_hash(&Subject { project_id: "q".into(), ..ada }, [7; 16]));
    }
}
