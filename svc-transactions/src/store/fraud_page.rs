//! Aggregates for the fraud page. Each statement reads one period, or one value, by an index.

use super::Store;
use crate::{error::Error, links::Kind, stats::Span};

/// Values of one kind in a summary, and names in a cluster.
const TOP: i64 = 10;
const CLUSTERS: i64 = 20;
const FINDINGS: i64 = 50;

/// Hits of one rule in one bucket.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Signal {
    /// From 0.
    pub bucket: i64,
    pub rule: String,
    pub calls: i64,
}

/// A value that suspicious calls have in common.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Counted {
    pub value_hash: Vec<u8>,
    pub calls: i64,
    pub users: i64,
    pub last_at: i64,
    /// The newest of the calls.
    pub id: String,
}

/// A finding about two subjects.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct FindingRow {
    pub id: String,
    pub rule: String,
    pub created_at: i64,
    pub subject_hash: Option<Vec<u8>>,
    /// The owner of the face.
    pub face: Option<Vec<u8>>,
}

/// A value of a user, or a user of a value.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Neighbour {
    /// `user`, or the kind of the value.
    pub kind: String,
    pub hash: Vec<u8>,
    pub calls: i64,
    /// The newest of the calls.
    pub id: String,
}

impl Store {
    /// Counts hits by rule and time.
    pub async fn count_hits(&self, span: &Span) -> Result<Vec<Signal>, Error> {
        const SQL: &str = "SELECT (created_at - $2) / $4 AS bucket, rule, COUNT(*) AS calls FROM fraud_hits \
             WHERE project_id = $1 AND created_at >= $2 AND created_at < $3 GROUP BY 1, 2";
        let params = db::params![&span.project_id, span.from_ms, span.until_ms, span.bucket_ms];
        Ok(self.db.fetch_all(SQL, params).await?)
    }

    /// Counts suspicious calls by time.
    pub async fn count_suspicious(&self, span: &Span) -> Result<Vec<(i64, i64)>, Error> {
        const SQL: &str = "SELECT (created_at - $2) / $4 AS bucket, COUNT(*) AS calls FROM transactions \
             WHERE project_id = $1 AND has_fraud = 1 AND created_at >= $2 AND created_at < $3 GROUP BY 1";
        let params = db::params![&span.project_id, span.from_ms, span.until_ms, span.bucket_ms];
        Ok(self.db.fetch_all(SQL, params).await?)
    }

    /// Returns the most frequent values of a kind in suspicious calls.
    pub async fn top_values(&self, span: &Span, kind: Kind) -> Result<Vec<Counted>, Error> {
        const SQL: &str = "SELECT l.value_hash, COUNT(*) AS calls, COUNT(DISTINCT t.subject_hash) AS users, \
             MAX(t.created_at) AS last_at, MAX(l.id) AS id \
             FROM transactions t JOIN transaction_links l ON l.id = t.id AND l.kind = $4 \
             WHERE t.project_id = $1 AND t.has_fraud = 1 AND t.created_at >= $2 AND t.created_at < $3 \
             GROUP BY l.value_hash ORDER BY 2 DESC, 4 DESC, 1 LIMIT $5";
        let params = db::params![&span.project_id, span.from_ms, span.until_ms, kind.as_str(), TOP];
        Ok(self.db.fetch_all(SQL, params).await?)
    }

    /// Returns the users with most suspicious calls.
    pub async fn top_users(&self, span: &Span) -> Result<Vec<Counted>, Error> {
        const SQL: &str = "SELECT subject_hash AS value_hash, COUNT(*) AS calls, CAST(1 AS BIGINT) AS users, \
             MAX(created_at) AS last_at, MAX(id) AS id FROM transactions \
             WHERE project_id = $1 AND has_fraud = 1 AND created_at >= $2 AND created_at < $3 \
             AND subject_hash IS NOT NULL GROUP BY subject_hash ORDER BY 2 DESC, 4 DESC, 1 LIMIT $4";
        let params = db::params![&span.project_id, span.from_ms, span.until_ms, TOP];
        Ok(self.db.fetch_all(SQL, params).await?)
    }

    /// Returns faces that were used under other names than their owner's, most names first.
    pub async fn face_clusters(&self, span: &Span) -> Result<Vec<Counted>, Error> {
        const SQL: &str = "SELECT l.value_hash, COUNT(*) AS calls, COUNT(DISTINCT t.subject_hash) AS users, \
             MAX(l.created_at) AS last_at, MAX(l.id) AS id \
             FROM transaction_links l JOIN transactions t ON t.id = l.id \
             WHERE l.project_id = $1 AND l.kind = 'face' AND l.created_at >= $2 AND l.created_at < $3 \
             AND t.subject_hash IS NOT NULL AND t.subject_hash <> l.value_hash \
             GROUP BY l.value_hash ORDER BY 3 DESC, 2 DESC, 1 LIMIT $4";
        let params = db::params![&span.project_id, span.from_ms, span.until_ms, CLUSTERS];
        Ok(self.db.fetch_all(SQL, params).await?)
    }

    /// Returns some of the subjects that a face was used for besides its owner.
    pub async fn names_of_face(&self, span: &Span, face: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        const SQL: &str = "SELECT DISTINCT t.subject_hash FROM transaction_links l JOIN transactions t ON t.id = l.id \
             WHERE l.project_id = $1 AND l.kind = 'face' AND l.value_hash = $4 AND l.created_at >= $2 \
             AND l.created_at < $3 AND t.subject_hash IS NOT NULL AND t.subject_hash <> l.value_hash \
             ORDER BY 1 LIMIT $5";
        let params = db::params![&span.project_id, span.from_ms, span.until_ms, face, TOP];
        let found: Vec<(Vec<u8>,)> = self.db.fetch_all(SQL, params).await?;
        Ok(found.into_iter().map(|(hash,)| hash).collect())
    }

    /// Returns the newest findings about faces of other users.
    pub async fn face_findings(&self, span: &Span) -> Result<Vec<FindingRow>, Error> {
        const SQL: &str = "SELECT h.id, h.rule, h.created_at, t.subject_hash, l.value_hash AS face \
             FROM fraud_hits h JOIN transactions t ON t.id = h.id \
             LEFT JOIN transaction_links l ON l.id = h.id AND l.kind = 'face' \
             WHERE h.project_id = $1 AND h.created_at >= $2 AND h.created_at < $3 \
             AND h.rule IN ('known_face_new_name', 'another_users_face') ORDER BY h.created_at DESC, h.id DESC LIMIT $4";
        let params = db::params![&span.project_id, span.from_ms, span.until_ms, FINDINGS];
        Ok(self.db.fetch_all(SQL, params).await?)
    }

    /// Returns users whose calls have a value, most calls first.
    pub async fn users_of(
        &self,
        project: &str,
        kind: &str,
        hash: &[u8],
        most: i64,
    ) -> Result<Vec<Neighbour>, Error> {
        const SQL: &str = "SELECT 'user' AS kind, t.subject_hash AS hash, COUNT(*) AS calls, MAX(l.id) AS id \
             FROM transaction_links l JOIN transactions t ON t.id = l.id \
             WHERE l.project_id = $1 AND l.kind = $2 AND l.value_hash = $3 AND t.subject_hash IS NOT NULL \
             GROUP BY t.subject_hash ORDER BY 3 DESC, 2 LIMIT $4";
        Ok(self.db.fetch_all(SQL, db::params![project, kind, hash, most]).await?)
    }

    /// Returns the values of a user's calls, most calls first. Countries connect unrelated users, so they are left out.
    pub async fn values_of(&self, project: &str, user: &[u8], most: i64) -> Result<Vec<Neighbour>, Error> {
        const SQL: &str = "SELECT l.kind, l.value_hash AS hash, COUNT(*) AS calls, MAX(l.id) AS id \
             FROM transactions t JOIN transaction_links l ON l.id = t.id \
             WHERE t.project_id = $1 AND t.subject_hash = $2 AND l.kind <> 'country' \
             GROUP BY l.kind, l.value_hash ORDER BY 3 DESC, 1, 2 LIMIT $3";
        Ok(self.db.fetch_all(SQL, db::params![project, user, most]).await?)
    }
}
