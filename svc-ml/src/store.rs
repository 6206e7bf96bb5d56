//! Every SQL statement of this service.

use db::Db;
use sqlx::{query, query_as};

use crate::error::Error;

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

/// Whom templates belong to.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Subject {
    pub id: String,
    pub project_id: String,
    pub name_hash: String,
    pub name_sealed: Vec<u8>,
    pub wrapped_key: Vec<u8>,
    pub created_at: i64,
}

/// A template as it is kept.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct TemplateRow {
    pub id: String,
    pub project_id: String,
    pub subject_id: String,
    pub modality: String,
    pub model: String,
    pub sealed: Vec<u8>,
    pub transaction_id: String,
    pub created_at: i64,
}

/// A template with the key that opens it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct GalleryRow {
    pub subject_id: String,
    pub modality: String,
    pub model: String,
    pub sealed: Vec<u8>,
    pub wrapped_key: Vec<u8>,
}

/// Changes with every template that is added or erased.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Revision {
    pub templates: i64,
    pub newest: Option<String>,
}

impl Store {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// The subject whose name has this hash.
    pub async fn subject(&self, project: &str, name_hash: &str) -> Result<Option<Subject>, Error> {
        const SQL: &str = "SELECT id, project_id, name_hash, name_sealed, wrapped_key, created_at FROM subjects \
            WHERE project_id = $1 AND name_hash = $2";
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(project).bind(name_hash).fetch_optional(pool).await)?)
    }

    /// The subject with this id.
    pub async fn subject_by_id(&self, project: &str, id: &str) -> Result<Option<Subject>, Error> {
        const SQL: &str = "SELECT id, project_id, name_hash, name_sealed, wrapped_key, created_at FROM subjects \
            WHERE project_id = $1 AND id = $2";
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(project).bind(id).fetch_optional(pool).await)?)
    }

    /// Adds a subject; false when one with this name is there already.
    pub async fn add_subject(&self, subject: &Subject) -> Result<bool, Error> {
        const SQL: &str = "INSERT INTO subjects (id, project_id, name_hash, name_sealed, wrapped_key, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (project_id, name_hash) DO NOTHING";
        let s = subject;
        let added = db::on!(&self.db, |pool| query(SQL)
            .bind(&s.id)
            .bind(&s.project_id)
            .bind(&s.name_hash)
            .bind(&s.name_sealed)
            .bind(&s.wrapped_key)
            .bind(s.created_at)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(added > 0)
    }

    /// Adds a template; false when the subject has one of this modality, which then stays as it is.
    pub async fn add_template(&self, template: &TemplateRow) -> Result<bool, Error> {
        const SQL: &str = "INSERT INTO templates \
            (id, project_id, subject_id, modality, model, sealed, transaction_id, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (subject_id, modality) DO NOTHING";
        let t = template;
        let added = db::on!(&self.db, |pool| query(SQL)
            .bind(&t.id)
            .bind(&t.project_id)
            .bind(&t.subject_id)
            .bind(&t.modality)
            .bind(&t.model)
            .bind(&t.sealed)
            .bind(&t.transaction_id)
            .bind(t.created_at)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(added > 0)
    }

    /// The state of a project's templates.
    pub async fn revision(&self, project: &str) -> Result<Revision, Error> {
        const SQL: &str =
            "SELECT COUNT(*) AS templates, MAX(id) AS newest FROM templates WHERE project_id = $1";
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(project).fetch_one(pool).await)?)
    }

    /// Every template of a project.
    pub async fn gallery(&self, project: &str) -> Result<Vec<GalleryRow>, Error> {
        const SQL: &str = "SELECT t.subject_id, t.modality, t.model, t.sealed, s.wrapped_key FROM templates t \
            JOIN subjects s ON s.id = t.subject_id WHERE t.project_id = $1 ORDER BY t.subject_id";
        Ok(db::on!(&self.db, |pool| query_as(SQL).bind(project).fetch_all(pool).await)?)
    }
}
