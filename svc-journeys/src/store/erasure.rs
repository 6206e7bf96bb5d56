//! Stored data of a subject or of a whole tenant.

use super::Store;
use crate::error::Error;

/// The tables with personal data, and the names of their rows in a receipt.
pub const PERSONAL: [(&str, Statements); 5] = [
    (
        "registration",
        Statements {
            find: "SELECT wrapped_key, sealed, subject_hash FROM registrations WHERE project_id = $1 AND subject_hash = $2",
            delete: "DELETE FROM registrations WHERE project_id = $1 AND subject_hash = $2",
        },
    ),
    (
        "person",
        Statements {
            find: "SELECT wrapped_key, sealed, subject_hash FROM persons WHERE project_id = $1 AND subject_hash = $2",
            delete: "DELETE FROM persons WHERE project_id = $1 AND subject_hash = $2",
        },
    ),
    (
        "biometric_validation",
        Statements {
            find: "SELECT wrapped_key, sealed, subject_hash FROM validations WHERE project_id = $1 AND subject_hash = $2",
            delete: "DELETE FROM validations WHERE project_id = $1 AND subject_hash = $2",
        },
    ),
    (
        "email_validation",
        Statements {
            find: "SELECT wrapped_key, sealed, subject_hash FROM email_validations WHERE project_id = $1 AND subject_hash = $2",
            delete: "DELETE FROM email_validations WHERE project_id = $1 AND subject_hash = $2",
        },
    ),
    (
        "one_time_link",
        Statements {
            find: "SELECT wrapped_key, sealed, subject_hash FROM links WHERE project_id = $1 AND subject_hash = $2",
            delete: "DELETE FROM links WHERE project_id = $1 AND subject_hash = $2",
        },
    ),
];

pub struct Statements {
    find: &'static str,
    delete: &'static str,
}

/// Every table of a tenant, in the order of deletion.
const WHOLE: [(&str, &str); 9] = [
    ("one_time_link", "DELETE FROM links WHERE project_id = $1"),
    ("page_theme", "DELETE FROM page_themes WHERE project_id = $1"),
    ("email_validation", "DELETE FROM email_validations WHERE project_id = $1"),
    ("biometric_validation", "DELETE FROM validations WHERE project_id = $1"),
    ("registration", "DELETE FROM registrations WHERE project_id = $1"),
    ("person", "DELETE FROM persons WHERE project_id = $1"),
    ("journey_flow", "DELETE FROM flows WHERE project_id = $1"),
    ("journey_collection", "DELETE FROM collections WHERE project_id = $1"),
    ("journey_project", "DELETE FROM journey_projects WHERE project_id = $1"),
];

/// A row with personal data; no file may contain it after an erasure.
#[derive(sqlx::FromRow)]
pub struct Secrets {
    pub wrapped_key: Vec<u8>,
    pub sealed: Vec<u8>,
    pub subject_hash: Vec<u8>,
}

impl Store {
    /// Counts the rows of a subject by table.
    pub async fn rows_of(&self, project: &str, hash: &[u8]) -> Result<Vec<(&'static str, Secrets)>, Error> {
        let mut found = Vec::new();
        for (kind, statements) in PERSONAL {
            let rows: Vec<Secrets> = self.db.fetch_all(statements.find, db::params![project, hash]).await?;
            found.extend(rows.into_iter().map(|row| (kind, row)));
        }
        Ok(found)
    }

    /// Deletes the rows of a subject. Other subjects' registrations that were linked to a deleted person lose the link.
    pub async fn delete_of(&self, project: &str, hash: &[u8]) -> Result<(), Error> {
        const UNLINK: &str = "UPDATE registrations SET person_id = '' WHERE project_id = $1 AND person_id IN \
            (SELECT id FROM persons WHERE project_id = $1 AND subject_hash = $2)";
        let mut tx = self.db.begin().await?;
        tx.execute(UNLINK, db::params![project, hash]).await?;
        for (_, statements) in PERSONAL {
            tx.execute(statements.delete, db::params![project, hash]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Deletes all rows of a tenant, and returns their number by table.
    pub async fn delete_tenant(&self, project: &str) -> Result<Vec<(&'static str, u64)>, Error> {
        let mut gone = Vec::new();
        let mut tx = self.db.begin().await?;
        for (kind, sql) in WHOLE {
            gone.push((kind, tx.execute(sql, db::params![project]).await?));
        }
        tx.commit().await?;
        Ok(gone)
    }

    /// Removes deleted rows from the files of the database.
    ///
    /// # Errors
    /// When the files cannot be cleared.
    pub async fn purge(&self, secrets: Vec<Vec<u8>>) -> Result<(), Error> {
        Ok(self.db.purge(secrets).await?)
    }
}
