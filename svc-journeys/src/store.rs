//! Every SQL statement of this service. Lookups return `Option`; the caller decides what a missing row means.
//!
//! Each state change is one conditional statement, so that exactly one of several concurrent changes succeeds.

mod emails;
mod erasure;
mod links;
mod names;
mod page_themes;
mod persons;
mod projects;
mod registrations;
mod validations;

use db::Db;

pub use emails::EmailRow;
pub use erasure::{PERSONAL, Secrets};
pub use links::LinkRow;
pub use names::SealedRow;
pub use page_themes::PageThemeRow;
pub use persons::PersonRow;
pub use projects::{CollectionRow, FlowRow, ProjectRow};
pub use registrations::{Change, RegistrationFilter, RegistrationRow};
pub use validations::ValidationRow;

/// Finds a value sealed under the master key, which identifies the key of tables from before canaries.
pub const FIND_SEALED: &str = "SELECT wrapped_key FROM registrations LIMIT 1";

#[derive(Clone)]
pub struct Store {
    db: Db,
}

/// A page of a list, from 1.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub number: u32,
    pub limit: u32,
}

impl Page {
    fn offset(self) -> i64 {
        i64::from(self.number.max(1) - 1) * i64::from(self.limit)
    }
}

impl Store {
    pub fn new(db: Db) -> Self {
        Self { db }
    }
}

/// Converts a count to the type of the wire.
fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or_default()
}
