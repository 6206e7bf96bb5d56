//! Deletion of an organisation, and its receipt.
//!
//! It has three steps, each of which can be repeated: marked (from here on no user signs in and no key is accepted),
//! purged (each service destroys the data of its projects in batches, and reports it), removed. The receipt and the
//! audit events remain; nobody can read them through the API.

use boot::timestamp::rfc3339;
use serde::{Deserialize, Serialize};

use crate::{error::Error, store::DeletionRow};

/// Most lines of a receipt.
const MAX_LINES: usize = 100;
const MAX_WORD: usize = 64;

/// The number of items of one kind that a service destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destroyed {
    pub service: String,
    pub kind: String,
    pub count: u64,
}

impl Destroyed {
    pub fn parse(service: String, kind: String, count: u64) -> Result<Self, Error> {
        let word = |text: &str| {
            (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        if !word(&service) || !word(&kind) {
            return Err(Error::Invalid("destroyed must be lines of service, kind and count".into()));
        }
        Ok(Self { service, kind, count })
    }
}

/// Serialises the lines.
pub fn lines(json: &str) -> Result<Vec<Destroyed>, Error> {
    serde_json::from_str(json).map_err(|_| Error::Damaged)
}

/// Adds newly destroyed items to the earlier ones, one line per kind.
pub fn merged(known: &str, now: &[Destroyed]) -> Result<String, Error> {
    let mut all = lines(known)?;
    for new in now {
        match all.iter().position(|line| line.service == new.service && line.kind == new.kind) {
            Some(at) => all[at].count = all[at].count.saturating_add(new.count),
            None if all.len() < MAX_LINES => all.push(new.clone()),
            None => return Err(Error::Invalid("destroyed has too many kinds".into())),
        }
    }
    serde_json::to_string(&all).map_err(|_| Error::Damaged)
}

/// The signed content of a receipt.
#[derive(Debug, Serialize)]
pub struct Receipt<'a> {
    receipt_id: &'a str,
    organisation_id: &'a str,
    /// RFC 3339, UTC.
    begun_at: String,
    deleted_at: String,
    projects: i64,
    destroyed: Vec<Destroyed>,
    /// Every service has confirmed that nothing is left: without that there is no receipt.
    verified: bool,
}

impl<'a> Receipt<'a> {
    pub fn new(row: &'a DeletionRow, deleted_at_ms: i64) -> Result<Self, Error> {
        Ok(Self {
            receipt_id: &row.id,
            organisation_id: &row.organisation_id,
            begun_at: rfc3339(row.begun_at),
            deleted_at: rfc3339(deleted_at_ms),
            projects: row.projects,
            destroyed: lines(&row.destroyed_json)?,
            verified: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(service: &str, kind: &str, count: u64) -> Destroyed {
        Destroyed::parse(service.into(), kind.into(), count).unwrap()
    }

    #[test]
    fn destroyed_items_are_summed_up_by_kind() {
        let known = merged("[]", &[line("ml", "face_template", 2), line("consent", "consent", 1)]).unwrap();
        let all =
            lines(&merged(&known, &[line("ml", "face_template", 3), line("ml", "subject", 1)]).unwrap());
        let expected =
            [line("ml", "face_template", 5), line("consent", "consent", 1), line("ml", "subject", 1)];
        assert_eq!(all.unwrap(), expected);
    }

    #[test]
    fn a_name_is_no_kind() {
        assert!(Destroyed::parse("ml".into(), "Ada Lovelace".into(), 1).is_err());
        assert!(Destroyed::parse(String::new(), "sample".into(), 1).is_err());
    }
}
