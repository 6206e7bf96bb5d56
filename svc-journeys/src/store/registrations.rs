//! Registrations: at most one for each address; of two concurrent changes only the first is stored.

use super::{Page, PersonRow, Store, count};
use crate::{
    error::Error,
    registration::IDLE_MS,
    words::{ClosedSet, RegistrationStatus},
};

/// A registration as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RegistrationRow {
    pub id: String,
    pub journey_project_id: String,
    pub flow_id: String,
    pub status: String,
    pub current_step: String,
    /// Step names, separated by commas.
    pub passed_steps: String,
    pub language: String,
    pub wrapped_key: Vec<u8>,
    pub sealed: Vec<u8>,
    pub information_validation_id: String,
    pub biometric_validation_id: String,
    pub person_id: String,
    pub face_attempts: i64,
    pub document_id: String,
    pub document_status: String,
    pub document_attempts: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

/// The filter of a list; empty texts match everything.
#[derive(Clone, Debug, Default)]
pub struct RegistrationFilter {
    pub journey_project_id: String,
    pub flow_id: String,
    pub statuses: Vec<RegistrationStatus>,
}

/// The fields that a step changes.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    pub status: RegistrationStatus,
    pub current_step: &'a str,
    pub passed_steps: &'a str,
    pub now_ms: i64,
}

impl Store {
    /// Adds a registration; returns false when its address is already registered.
    pub async fn add_registration(
        &self,
        project: &str,
        row: &RegistrationRow,
        address_hash: &[u8],
        subject_hash: &[u8],
    ) -> Result<bool, Error> {
        const SQL: &str = "INSERT INTO registrations (id, project_id, journey_project_id, flow_id, status, \
            current_step, passed_steps, language, wrapped_key, sealed, address_hash, subject_hash, \
            information_validation_id, biometric_validation_id, person_id, face_attempts, created_at, updated_at) \
            VALUES ($1, $2, $3, $4, $5, '', '', $6, $7, $8, $9, $10, $11, '', '', 0, $12, $12) \
            ON CONFLICT (journey_project_id, address_hash) DO NOTHING";
        let params = db::params![
            &row.id,
            project,
            &row.journey_project_id,
            &row.flow_id,
            &row.status,
            &row.language,
            &row.wrapped_key,
            &row.sealed,
            address_hash,
            subject_hash,
            &row.information_validation_id,
            row.created_at
        ];
        Ok(self.db.execute(SQL, params).await? == 1)
    }

    pub async fn has_address(&self, journey_project: &str, address_hash: &[u8]) -> Result<bool, Error> {
        const SQL: &str = "SELECT id FROM registrations WHERE journey_project_id = $1 AND address_hash = $2";
        let found: Option<(String,)> =
            self.db.fetch_optional(SQL, db::params![journey_project, address_hash]).await?;
        Ok(found.is_some())
    }

    pub async fn find_registration(&self, project: &str, id: &str) -> Result<Option<RegistrationRow>, Error> {
        const SQL: &str = "SELECT id, journey_project_id, flow_id, status, current_step, passed_steps, language, \
            wrapped_key, sealed, information_validation_id, biometric_validation_id, person_id, face_attempts, \
            document_id, document_status, document_attempts, created_at, updated_at FROM registrations WHERE id = $1 AND project_id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![id, project]).await?)
    }

    pub async fn list_registrations(
        &self,
        project: &str,
        filter: &RegistrationFilter,
        page: Page,
        now_ms: i64,
    ) -> Result<(Vec<RegistrationRow>, u64), Error> {
        // An expired registration is stored with its last status. The filter has seven placeholders; if all are empty,
        // every status matches.
        const SQL: &str = "SELECT id, journey_project_id, flow_id, status, current_step, passed_steps, language, \
            wrapped_key, sealed, information_validation_id, biometric_validation_id, person_id, face_attempts, \
            document_id, document_status, document_attempts, created_at, updated_at FROM registrations WHERE project_id = $1 AND ($2 = '' OR journey_project_id = $2) \
            AND ($3 = '' OR flow_id = $3) AND ($5 = '' OR CASE WHEN status IN ('STARTED', 'ONGOING') \
            AND updated_at <= $4 THEN 'EXPIRED' ELSE status END IN ($5, $6, $7, $8, $9, $10, $11)) \
            ORDER BY created_at DESC, id DESC LIMIT $12 OFFSET $13";
        const COUNT: &str = "SELECT COUNT(*) FROM registrations WHERE project_id = $1 \
            AND ($2 = '' OR journey_project_id = $2) AND ($3 = '' OR flow_id = $3) AND ($5 = '' OR \
            CASE WHEN status IN ('STARTED', 'ONGOING') AND updated_at <= $4 THEN 'EXPIRED' ELSE status END \
            IN ($5, $6, $7, $8, $9, $10, $11))";
        let status = |n: usize| filter.statuses.get(n).map_or("", |status| status.as_str());
        let (of, flow, idle) = (&filter.journey_project_id, &filter.flow_id, now_ms - IDLE_MS);
        let params = db::params![
            project,
            of,
            flow,
            idle,
            status(0),
            status(1),
            status(2),
            status(3),
            status(4),
            status(5),
            status(6),
            page.limit,
            page.offset()
        ];
        let rows = self.db.fetch_all(SQL, params).await?;
        let (total,): (i64,) = self.db.fetch_one(COUNT, &params[..11]).await?;
        Ok((rows, count(total)))
    }

    /// Changes a registration if its row is unchanged since it was read, and returns whether this call did.
    pub async fn change_registration(
        &self,
        project: &str,
        was: &RegistrationRow,
        change: &Change<'_>,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE registrations SET status = $3, current_step = $4, passed_steps = $5, updated_at = $6 \
            WHERE id = $1 AND project_id = $2 AND status = $7 AND passed_steps = $8 AND current_step = $9 \
            AND person_id = $10";
        let params = db::params![
            &was.id,
            project,
            change.status.as_str(),
            change.current_step,
            change.passed_steps,
            change.now_ms,
            &was.status,
            &was.passed_steps,
            &was.current_step,
            &was.person_id
        ];
        Ok(self.db.execute(SQL, params).await? == 1)
    }

    /// Counts an attempt if one is left, and returns whether it did.
    pub async fn count_face_attempt(&self, project: &str, id: &str, limit: u32) -> Result<bool, Error> {
        const SQL: &str = "UPDATE registrations SET face_attempts = face_attempts + 1 \
            WHERE id = $1 AND project_id = $2 AND face_attempts < $3";
        Ok(self.db.execute(SQL, db::params![id, project, limit]).await? == 1)
    }

    /// Stores the result of a document if an attempt is left and the row is unchanged since it was read, and returns
    /// whether this call did.
    pub async fn set_document(
        &self,
        project: &str,
        was: &RegistrationRow,
        (document_id, status): (&str, &str),
        limit: u32,
        now_ms: i64,
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE registrations SET document_id = $3, document_status = $4, \
            document_attempts = document_attempts + 1, updated_at = $5 WHERE id = $1 AND project_id = $2 \
            AND document_id = $6 AND document_attempts < $7 AND status IN ('STARTED', 'ONGOING')";
        let params = db::params![&was.id, project, document_id, status, now_ms, &was.document_id, limit];
        Ok(self.db.execute(SQL, params).await? == 1)
    }

    /// Links a person to a registration that has none, or with `force` to one whose row is unchanged since it was read.
    /// A new person is stored in the same transaction. Returns whether this call linked it.
    pub async fn set_person(
        &self,
        project: &str,
        was: &RegistrationRow,
        new: Option<(&PersonRow, &[u8])>,
        person_id: &str,
        (biometric_validation_id, now_ms): (&str, i64),
    ) -> Result<bool, Error> {
        const SQL: &str = "UPDATE registrations SET person_id = $3, biometric_validation_id = $4, updated_at = $5 \
            WHERE id = $1 AND project_id = $2 AND person_id = $6 AND status IN ('STARTED', 'ONGOING')";
        const PERSON: &str = "INSERT INTO persons (id, project_id, collection_id, subject, subject_hash, wrapped_key, \
            sealed, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) \
            ON CONFLICT (collection_id, subject) DO NOTHING";
        let mut tx = self.db.begin().await?;
        let params =
            db::params![&was.id, project, person_id, biometric_validation_id, now_ms, &was.person_id];
        if tx.execute(SQL, params).await? != 1 {
            return Ok(false);
        }
        if let Some((person, subject_hash)) = new {
            let params = db::params![
                &person.id,
                project,
                &person.collection_id,
                &person.subject,
                subject_hash,
                &person.wrapped_key,
                &person.sealed,
                now_ms
            ];
            tx.execute(PERSON, params).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}
