//! Stored data of one subject, and of a whole tenant.

use super::Store;
use crate::error::Error;

/// The tables with what is somebody's, and what a receipt calls their rows.
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

/// Every table of a tenant, in the order in which they are emptied.
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

/// A personal row: what must be left in no file once it is gone.
#[derive(sqlx::FromRow)]
pub struct Secrets {
    pub wrapped_key: Vec<u8>,
    pub sealed: Vec<u8>,
    pub subject_hash: Vec<u8>,
}

impl Store {
    /// The rows of a subject, by table.
    pub async fn rows_of(&self, project: &str, hash: &[u8]) -> Result<Vec<(&'static str, Secrets)>, Error> {
        let mut found = Vec::new();
        for (kind, statements) in PERSONAL {
            let rows: Vec<Secrets> = self.db.fetch_all(statements.find, db::params![project, hash]).await?;
            found.extend(rows.into_iter().map(|row| (kind, row)));
        }
        Ok(found)
    }

    /// Deletes the rows of a subject. Registrations of others that a deleted person was linked to lose the link.
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

    /// Empties the tables of a tenant; answers how many rows of each there were.
    pub async fn delete_tenant(&self, project: &str) -> Result<Vec<(&'static str, u64)>, Error> {
        let mut gone = Vec::new();
        let mut tx = self.db.begin().await?;
        for (kind, sql) in WHOLE {
            gone.push((kind, tx.execute(sql, db::params![project]).await?));
        }
        tx.commit().await?;
        Ok(gone)
    }

    /// Removes what was deleted from the database's files.
    ///
    /// # Errors
    /// When the files cannot be cleared.
    pub async fn purge(&self, secrets: Vec<Vec<u8>>) -> Result<(), Error> {
        Ok(self.db.purge(secrets).await?)
    }
}
