//! The keys that sign API keys and receipts: one signs, the earlier ones verify until they are distrusted.

use super::Store;
use crate::{audit::Change, error::Error, signing::SigningKey};

/// A signing key as kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SigningKeyRow {
    pub kid: String,
    pub public_key: Vec<u8>,
    pub sealed_private_key: Option<Vec<u8>>,
    /// 1: the current one.
    pub current: i64,
    pub created_at: i64,
    pub distrusted_at: Option<i64>,
    pub mac: String,
}

const SELECT_SIGNING_KEY: &str =
    "SELECT kid, public_key, sealed_private_key, current, created_at, distrusted_at, mac FROM signing_keys ";

impl Store {
    /// Returns the current signing key.
    ///
    /// # Errors
    /// [`Error::Tampered`] when the row was changed or made without the master key.
    pub async fn current_signing_key(&self) -> Result<Option<SigningKey>, Error> {
        const SQL: [&str; 2] = [SELECT_SIGNING_KEY, "WHERE current = 1"];
        let Some(row) = self.db.fetch_optional::<SigningKeyRow>(SQL, &[]).await? else { return Ok(None) };
        self.check_signing_key(&row)?;
        let sealed_private_key =
            row.sealed_private_key.ok_or(Error::SigningKey("its private half is gone"))?;
        Ok(Some(SigningKey { kid: row.kid, public_key: row.public_key, sealed_private_key }))
    }

    /// Makes `key` the current one, unless there is one: processes that start together agree on the first.
    pub async fn first_signing_key(&self, key: &SigningKey, now_ms: i64) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO signing_keys (kid, public_key, sealed_private_key, current, created_at, mac) \
                           VALUES ($1, $2, $3, 1, $4, $5) ON CONFLICT DO NOTHING";
        let mac = self.signing_key_mac(&key.kid, &key.public_key, None)?;
        let add = db::params![&key.kid, &key.public_key, &key.sealed_private_key, now_ms, &mac];
        self.db.execute(SQL, add).await?;
        Ok(())
    }

    /// Makes `key` the current one. The private half of the previous one is destroyed: from now on it only verifies.
    pub async fn rotate_signing_key(&self, key: &SigningKey, now_ms: i64) -> Result<(), Error> {
        self.try_rotate(key, now_ms).await.map_err(conflict)
    }

    async fn try_rotate(&self, key: &SigningKey, now_ms: i64) -> Result<(), Error> {
        const RETIRE: &str =
            "UPDATE signing_keys SET current = 0, sealed_private_key = NULL WHERE current = 1";
        const ADD: &str = "INSERT INTO signing_keys (kid, public_key, sealed_private_key, current, created_at, mac) \
                           VALUES ($1, $2, $3, 1, $4, $5)";
        let change = Change::new("", "signing_key.rotated", &key.kid);
        let mac = self.signing_key_mac(&key.kid, &key.public_key, None)?;
        let (mut tx, head) = self.begin_audited().await?;
        tx.execute(RETIRE, &[]).await?;
        let add = db::params![&key.kid, &key.public_key, &key.sealed_private_key, now_ms, &mac];
        tx.execute(ADD, add).await?;
        self.commit_audited(tx, &head, &change).await
    }

    /// Distrusts an earlier key: its signatures are no longer valid, and the API keys it signed are revoked. Returns
    /// how many.
    ///
    /// # Errors
    /// [`Error::SigningKey`] when there is no such key or it is the current one.
    pub async fn distrust_signing_key(&self, kid: &str, now_ms: i64) -> Result<u64, Error> {
        const FIND: [&str; 2] = [SELECT_SIGNING_KEY, "WHERE kid = $1"];
        const SET: &str = "UPDATE signing_keys SET distrusted_at = $2, mac = $3 WHERE kid = $1";
        const REVOKE: &str = "UPDATE api_keys SET state = 'revoked', mac = '', updated_at = $2 \
            WHERE kid = $1 AND state = 'active'";
        let (mut tx, head) = self.begin_audited().await?;
        let found: Option<SigningKeyRow> = tx.fetch_optional(FIND, db::params![kid]).await?;
        let row = found.ok_or(Error::SigningKey("there is none with this id"))?;
        if row.current == 1 {
            return Err(Error::SigningKey("it is the one that signs; rotate first"));
        }
        let mac = self.signing_key_mac(kid, &row.public_key, Some(now_ms))?;
        tx.execute(SET, db::params![kid, now_ms, &mac]).await?;
        let revoked = tx.execute(REVOKE, db::params![kid, now_ms]).await?;
        let change = Change {
            after: Some(serde_json::json!({"revoked_keys": revoked})),
            ..Change::new("", "signing_key.distrusted", kid)
        };
        self.commit_audited(tx, &head, &change).await?;
        Ok(revoked)
    }

    /// Returns every signing key, oldest first.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKeyRow>, Error> {
        const SQL: [&str; 2] = [SELECT_SIGNING_KEY, "ORDER BY created_at, kid"];
        Ok(self.db.fetch_all(SQL, &[]).await?)
    }

    /// Returns key id and public key of every trusted signing key, oldest first. Rows that are not authentic are left
    /// out.
    pub async fn verification_keys(&self) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let rows = self.signing_keys().await?.into_iter();
        let genuine = rows.filter(|row| self.check_signing_key(row).is_ok() && row.distrusted_at.is_none());
        Ok(genuine.map(|row| (row.kid, row.public_key)).collect())
    }
}

/// Of concurrent rotations the unique index on the current key allows one.
fn conflict(error: Error) -> Error {
    match error {
        Error::Database(cause) if db::is_unique_violation(&cause) => Error::Conflict,
        other => other,
    }
}
