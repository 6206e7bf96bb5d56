//! Every SQL statement of this service.

mod gallery;
mod recordings;

use db::Db;

use crate::error::Error;

use gallery::record_changes;

pub use gallery::{Changes, GalleryRow, LOOKED_UP};
pub use recordings::{EarlierRecording, NewRecording, StoredMark, may_be_more};

/// Finds a value sealed under the master key, which identifies the key of tables from before canaries.
pub const FIND_SEALED: &str = "SELECT wrapped_key FROM subjects LIMIT 1";

/// The sealed name of every enrolled subject.
pub const SUBJECT_NAMES: &str = "SELECT project_id, id, wrapped_key, name_sealed FROM subjects";

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

/// The owner of templates.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Subject {
    pub id: String,
    pub project_id: String,
    pub name_hash: String,
    pub name_sealed: Vec<u8>,
    pub wrapped_key: Vec<u8>,
    pub created_at: i64,
    /// Number of enrollments so far, compared by [`Store::apply`].
    #[sqlx(rename = "enrolments")]
    pub enrollments: i64,
    /// Until when its templates are locked, Unix ms; 0: not locked.
    pub locked_until: i64,
}

/// A stored template.
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

/// A stored picture or recording of an enrollment.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct EnrollmentRow {
    pub id: String,
    pub project_id: String,
    pub subject_id: String,
    pub modality: String,
    pub model: String,
    pub quality: f64,
    /// 1: of a video judged live; 0: of a picture or recording.
    pub live: i64,
    pub sealed: Vec<u8>,
    pub transaction_id: String,
    pub created_at: i64,
}

/// The changes of an enrollment to one modality of a subject; written atomically.
#[derive(Clone, Debug)]
pub struct Change {
    pub subject: Subject,
    pub modality: &'static str,
    /// Templates of the modality are part of the project's gallery.
    pub is_searched: bool,
    /// Enrollments to delete.
    pub dropped: Vec<String>,
    pub added: Vec<EnrollmentRow>,
    /// The new template; `None`: an existing one is deleted.
    pub template: Option<TemplateRow>,
    /// The template was replaced by an authorised caller, so earlier refusals and a lock are cleared.
    pub forgets_refusals: bool,
}

/// The limit of refusals before a subject's templates are locked.
#[derive(Clone, Copy, Debug)]
pub struct RefusalLimit {
    /// Number of refusals that lock.
    pub most: i64,
    /// Older ones are ignored, Unix ms.
    pub since_ms: i64,
    /// Until when, Unix ms.
    pub locked_until_ms: i64,
}

/// The number of a subject's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub face_templates: u64,
    pub voice_templates: u64,
    pub face_enrollments: u64,
    pub voice_enrollments: u64,
    pub fingerprint_templates: u64,
    pub subjects: u64,
    /// Marks of the subject's recordings.
    pub recordings: u64,
}

impl Store {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Returns the subject with this name hash.
    pub async fn subject(&self, project: &str, name_hash: &str) -> Result<Option<Subject>, Error> {
        const SQL: &str = "SELECT id, project_id, name_hash, name_sealed, wrapped_key, created_at, enrolments, \
            locked_until FROM subjects WHERE project_id = $1 AND name_hash = $2";
        Ok(self.db.fetch_optional(SQL, db::params![project, name_hash]).await?)
    }

    /// Returns the subject with this id.
    pub async fn subject_by_id(&self, project: &str, id: &str) -> Result<Option<Subject>, Error> {
        const SQL: &str = "SELECT id, project_id, name_hash, name_sealed, wrapped_key, created_at, enrolments, \
            locked_until FROM subjects WHERE project_id = $1 AND id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![project, id]).await?)
    }

    /// Adds a subject; false when one with this name exists.
    pub async fn add_subject(&self, subject: &Subject) -> Result<bool, Error> {
        const SQL: &str = "INSERT INTO subjects \
            (id, project_id, name_hash, name_sealed, wrapped_key, created_at, enrolments) \
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (project_id, name_hash) DO NOTHING";
        let s = subject;
        let added = self
            .db
            .execute(
                SQL,
                db::params![
                    &s.id,
                    &s.project_id,
                    &s.name_hash,
                    &s.name_sealed,
                    &s.wrapped_key,
                    s.created_at,
                    s.enrollments,
                ],
            )
            .await?;
        Ok(added > 0)
    }

    /// Returns the template of one modality of a subject.
    pub async fn template(&self, subject: &str, modality: &str) -> Result<Option<TemplateRow>, Error> {
        const SQL: &str = "SELECT id, project_id, subject_id, modality, model, sealed, transaction_id, created_at \
            FROM templates WHERE subject_id = $1 AND modality = $2";
        Ok(self.db.fetch_optional(SQL, db::params![subject, modality]).await?)
    }

    /// Returns the enrollments of one modality of a subject, oldest first.
    pub async fn enrollments(&self, subject: &str, modality: &str) -> Result<Vec<EnrollmentRow>, Error> {
        const SQL: &str = "SELECT id, project_id, subject_id, modality, model, quality, live, sealed, transaction_id, created_at \
            FROM enrolments WHERE subject_id = $1 AND modality = $2 ORDER BY created_at, id";
        Ok(self.db.fetch_all(SQL, db::params![subject, modality]).await?)
    }

    /// Writes an enrollment; false, and nothing written, when the subject was enrolled or erased since it was read.
    pub async fn apply(&self, change: &Change) -> Result<bool, Error> {
        const TURN: &str =
            "UPDATE subjects SET enrolments = enrolments + 1 WHERE id = $1 AND enrolments = $2";
        const DROP: &str = "DELETE FROM enrolments WHERE id = $1";
        const ADD: &str = "INSERT INTO enrolments \
            (id, project_id, subject_id, modality, model, quality, live, sealed, transaction_id, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        const CLEAR: &str = "DELETE FROM templates WHERE subject_id = $1 AND modality = $2 RETURNING id";
        const MAKE: &str = "INSERT INTO templates \
            (id, project_id, subject_id, modality, model, sealed, transaction_id, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let subject = &change.subject;
        let mut tx = self.db.begin().await?;
        if tx.execute(TURN, db::params![&subject.id, subject.enrollments]).await? == 0 {
            return Ok(false);
        }
        for id in &change.dropped {
            tx.execute(DROP, db::params![id]).await?;
        }
        for e in &change.added {
            let add = db::params![
                &e.id,
                &e.project_id,
                &e.subject_id,
                &e.modality,
                &e.model,
                e.quality,
                e.live,
                &e.sealed,
                &e.transaction_id,
                e.created_at,
            ];
            tx.execute(ADD, add).await?;
        }
        let cleared: Vec<(String,)> = tx.fetch_all(CLEAR, db::params![&subject.id, change.modality]).await?;
        let mut changed: Vec<String> = cleared.into_iter().map(|(id,)| id).collect();
        if let Some(t) = &change.template {
            let make = db::params![
                &t.id,
                &t.project_id,
                &t.subject_id,
                &t.modality,
                &t.model,
                &t.sealed,
                &t.transaction_id,
                t.created_at,
            ];
            tx.execute(MAKE, make).await?;
            changed.push(t.id.clone());
        }
        if change.forgets_refusals {
            const UNLOCK: &str = "UPDATE subjects SET refusals = 0, locked_until = 0 WHERE id = $1";
            tx.execute(UNLOCK, db::params![&subject.id]).await?;
        }
        if change.is_searched {
            record_changes(&mut tx, &subject.project_id, &changed).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Counts a refusal of another person under the subject's name, and locks its templates at the limit.
    pub async fn count_refusal(&self, subject: &str, now_ms: i64, limit: RefusalLimit) -> Result<(), Error> {
        const SQL: &str = "UPDATE subjects SET \
            locked_until = CASE WHEN (CASE WHEN refused_since > $2 THEN refusals ELSE 0 END) + 1 >= $3 \
                THEN $4 ELSE locked_until END, \
            refusals = CASE WHEN refused_since > $2 THEN refusals + 1 ELSE 1 END, \
            refused_since = CASE WHEN refused_since > $2 THEN refused_since ELSE $5 END \
            WHERE id = $1";
        let params = db::params![subject, limit.since_ms, limit.most, limit.locked_until_ms, now_ms];
        self.db.execute(SQL, params).await?;
        Ok(())
    }

    /// Counts the rows of a subject.
    pub async fn count_records(&self, subject: &str) -> Result<Counts, Error> {
        const TEMPLATES: &str = "SELECT COUNT(*) FROM templates WHERE subject_id = $1 AND modality = $2";
        const ENROLLMENTS: &str = "SELECT COUNT(*) FROM enrolments WHERE subject_id = $1 AND modality = $2";
        let count = async |sql: &'static str, modality: &str| -> Result<u64, Error> {
            let (count,): (i64,) = self.db.fetch_one(sql, db::params![subject, modality]).await?;
            Ok(count.unsigned_abs())
        };
        Ok(Counts {
            face_templates: count(TEMPLATES, "face").await?,
            voice_templates: count(TEMPLATES, "voice").await?,
            face_enrollments: count(ENROLLMENTS, "face").await?,
            voice_enrollments: count(ENROLLMENTS, "voice").await?,
            fingerprint_templates: count(TEMPLATES, "fingerprint").await?,
            subjects: 1,
            recordings: 0,
        })
    }

    /// Returns up to `most` subjects of a project.
    pub async fn some_subjects(&self, project: &str, most: u32) -> Result<Vec<String>, Error> {
        const SQL: &str = "SELECT id FROM subjects WHERE project_id = $1 LIMIT $2";
        let ids: Vec<(String,)> = self.db.fetch_all(SQL, db::params![project, most]).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// Deletes all rows of a subject, and returns their counts.
    pub async fn erase(&self, project: &str, subject: &str) -> Result<Counts, Error> {
        const TEMPLATES: &str = "DELETE FROM templates WHERE subject_id = $1 AND modality = $2";
        const ENROLLMENTS: &str = "DELETE FROM enrolments WHERE subject_id = $1 AND modality = $2";
        const SUBJECT: &str = "DELETE FROM subjects WHERE project_id = $1 AND id = $2";
        const SEARCHED: &str =
            "SELECT id FROM templates WHERE subject_id = $1 AND modality IN ('face', 'voice')";
        let mut tx = self.db.begin().await?;
        let mut gone = [0; 5];
        let searched: Vec<(String,)> = tx.fetch_all(SEARCHED, db::params![subject]).await?;
        let parts = [
            (TEMPLATES, "face"),
            (TEMPLATES, "voice"),
            (ENROLLMENTS, "face"),
            (ENROLLMENTS, "voice"),
            (TEMPLATES, "fingerprint"),
        ];
        for ((sql, modality), gone) in parts.into_iter().zip(&mut gone) {
            *gone = tx.execute(sql, db::params![subject, modality]).await?;
        }
        let [face_templates, voice_templates, face_enrollments, voice_enrollments, fingerprint_templates] =
            gone;
        let subjects = tx.execute(SUBJECT, db::params![project, subject]).await?;
        let searched: Vec<String> = searched.into_iter().map(|(id,)| id).collect();
        record_changes(&mut tx, project, &searched).await?;
        tx.commit().await?;
        Ok(Counts {
            face_templates,
            voice_templates,
            face_enrollments,
            voice_enrollments,
            fingerprint_templates,
            subjects,
            recordings: 0,
        })
    }

    /// Returns all values of a subject that must be in no file after its erasure: the sealed name, the wrapped key,
    /// the name hash, and every sealed vector.
    pub async fn secrets(&self, project: &str, subject: &str) -> Result<Vec<Vec<u8>>, Error> {
        const SEALED: &str = "SELECT sealed FROM templates WHERE subject_id = $1 \
            UNION ALL SELECT sealed FROM enrolments WHERE subject_id = $1";
        let Some(row) = self.subject_by_id(project, subject).await? else { return Ok(Vec::new()) };
        let sealed: Vec<(Vec<u8>,)> = self.db.fetch_all(SEALED, db::params![subject]).await?;
        let mut secrets = vec![row.name_hash.into_bytes(), row.name_sealed, row.wrapped_key];
        secrets.extend(sealed.into_iter().map(|(sealed,)| sealed));
        Ok(secrets)
    }

    /// Removes deleted rows from the database's files.
    ///
    /// # Errors
    /// When the files cannot be cleaned: repeat the call.
    pub async fn purge(&self, secrets: Vec<Vec<u8>>) -> Result<(), Error> {
        Ok(self.db.purge(secrets).await?)
    }
}
