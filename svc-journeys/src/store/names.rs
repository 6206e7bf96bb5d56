//! Subjects with records, across tenants. Read after a restore, to repeat erasures made since the backup.

use super::Store;
use crate::error::Error;

/// A record whose sealed value contains its subject.
#[derive(Debug, sqlx::FromRow)]
pub struct SealedRow {
    pub project_id: String,
    pub id: String,
    pub wrapped_key: Vec<u8>,
    pub sealed: Vec<u8>,
}

impl Store {
    /// Returns tenant and subject of every person.
    pub async fn list_person_subjects(&self) -> Result<Vec<(String, String)>, Error> {
        Ok(self.db.fetch_all("SELECT project_id, subject FROM persons", &[]).await?)
    }

    /// Returns tenant and id of every registration.
    pub async fn list_registration_ids(&self) -> Result<Vec<(String, String)>, Error> {
        Ok(self.db.fetch_all("SELECT project_id, id FROM registrations", &[]).await?)
    }

    pub async fn list_sealed_validations(&self) -> Result<Vec<SealedRow>, Error> {
        const SQL: &str = "SELECT project_id, id, wrapped_key, sealed FROM validations";
        Ok(self.db.fetch_all(SQL, &[]).await?)
    }

    pub async fn list_sealed_links(&self) -> Result<Vec<SealedRow>, Error> {
        Ok(self.db.fetch_all("SELECT project_id, id, wrapped_key, sealed FROM links", &[]).await?)
    }

    /// Returns mailed codes without a registration; their subject is the address.
    pub async fn list_sealed_addresses(&self) -> Result<Vec<SealedRow>, Error> {
        const SQL: &str =
            "SELECT project_id, id, wrapped_key, sealed FROM email_validations WHERE registration_id = ''";
        Ok(self.db.fetch_all(SQL, &[]).await?)
    }
}
