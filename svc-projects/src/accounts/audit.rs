//! The audit log over the wire: appending events of other services, and reading.

use std::collections::HashMap;

use proto::{Word, accounts as wire};
use serde_json::Value;

use super::{Accounts, change, organisation};
use crate::{
    api_key::{ApiKeyId, ProjectId, UserId},
    audit::{Change, Entry},
    error::Error,
    service::page_size,
    store::{UserRow, audit::Asked},
};

const MAX_WORD: usize = 64;
const MAX_TARGET: usize = 128;
const MAX_CONTENT: usize = 256 * 1024;

impl Accounts {
    pub(super) async fn append_audit(&self, request: wire::AppendAuditRequest) -> Result<wire::Done, Error> {
        let project = ProjectId::parse(&request.project_id)?;
        let organisation = self.store.organisation_of(&project).await?.ok_or(Error::NoSuchProject)?;
        action(&request.action)?;
        if request.target.len() > MAX_TARGET || request.target.chars().any(char::is_control) {
            return Err(Error::Invalid("target must be an id".into()));
        }
        let target = match request.subject.as_str() {
            "" => request.target,
            subject => self.log.subject(project.as_str(), subject)?,
        };
        let change = Change {
            project_id: project.as_str().into(),
            before: content(request.before_json.as_deref())?,
            after: content(request.after_json.as_deref())?,
            ..change(&organisation, &request.action, &target)
        };
        self.store.append_audit(change).await?;
        Ok(wire::Done {})
    }

    pub(super) async fn list_audit(
        &self,
        request: wire::ListAuditRequest,
    ) -> Result<wire::ListAuditResponse, Error> {
        let caller = self.find_caller(request.who.as_ref()).await?;
        if !caller.role().may_audit() {
            return Err(Error::AboveOwnRole);
        }
        let before = match request.before {
            0 => i64::MAX,
            before => i64::try_from(before).unwrap_or(i64::MAX),
        };
        let asked = Asked {
            project: self.find_requested_project(&caller, &request.project_id).await?,
            action: request.action,
        };
        if !asked.action.is_empty() {
            action(&asked.action)?;
        }
        let size = page_size(request.page_size);
        let mut rows = self.store.list_audit(&caller.organisation_id, &asked, before, size + 1).await?;
        let more = rows.len() > size as usize;
        rows.truncate(size as usize);
        let next = rows.last().filter(|_| more).map_or(0, |row| u64::try_from(row.seq).unwrap_or(0));
        let mut names = HashMap::new();
        for row in &rows {
            if !names.contains_key(&row.actor) {
                names.insert(row.actor.clone(), self.actor_name(row).await?);
            }
        }
        let entries: Result<_, Error> = rows
            .into_iter()
            .map(|row| {
                let name = names.get(&row.actor).cloned().unwrap_or_default();
                self.describe_entry(row, name)
            })
            .collect();
        Ok(wire::ListAuditResponse { entries: entries?, next })
    }

    /// Returns the requested project; another organisation's is unknown.
    async fn find_requested_project(&self, caller: &UserRow, id: &str) -> Result<String, Error> {
        if id.is_empty() {
            return Ok(String::new());
        }
        let found = self.store.find_project(&organisation(caller)?, &ProjectId::parse(id)?).await?;
        found.map(|project| project.id).ok_or(Error::NoSuchProject)
    }

    /// Returns the current name of an entry's actor; empty when deleted.
    async fn actor_name(&self, row: &Entry) -> Result<String, Error> {
        let found = match row.actor.split_once(':') {
            Some(("user", id)) => match self.store.find_user(&UserId::parse(id)?).await? {
                Some(user) => Some(self.open_person(&user.id, &user.sealed)?.name),
                None => None,
            },
            Some(("api_key", id)) if !row.project_id.is_empty() => {
                let (project, id) = (ProjectId::parse(&row.project_id)?, ApiKeyId::parse(id)?);
                self.store.find_api_key(&project, &id).await?.map(|key| key.name.as_str().to_owned())
            }
            _ => None,
        };
        Ok(found.unwrap_or_default())
    }

    fn describe_entry(&self, row: Entry, actor_name: String) -> Result<wire::AuditEntry, Error> {
        let (before, after) = self.log.open(&row)?;
        let (kind, id) = row.actor.split_once(':').unwrap_or((&row.actor, ""));
        Ok(wire::AuditEntry {
            id: u64::try_from(row.seq).unwrap_or(0),
            at_ms: row.happened_at,
            actor_kind: wire::ActorKind::from_word(kind).unwrap_or_default().into(),
            actor_id: id.to_owned(),
            actor_name,
            action: row.action,
            target: row.target,
            before_json: before.map(|value| value.to_string()),
            after_json: after.map(|value| value.to_string()),
            project_id: row.project_id,
        })
    }
}

fn action(name: &str) -> Result<(), Error> {
    let word = |c: char| c.is_ascii_lowercase() || c == '.' || c == '_';
    if name.is_empty() || name.len() > MAX_WORD || !name.chars().all(word) {
        return Err(Error::Invalid("action must be lower-case words with dots".into()));
    }
    Ok(())
}

fn content(json: Option<&str>) -> Result<Option<Value>, Error> {
    let wrong = || Error::Invalid("before and after must be JSON of at most 256 KiB".into());
    match json {
        None => Ok(None),
        Some(json) if json.len() > MAX_CONTENT => Err(wrong()),
        Some(json) => serde_json::from_str(json).map(Some).map_err(|_| wrong()),
    }
}
