//! A value sealed under the master key when the tables were made, opened at each start.

use blob::{KeyRing, Purpose};
use db::Db;

const CANARY: Purpose = Purpose("recognise the tables of a master key");
const CONTEXT: &[u8] = b"canary";

const FIND: &str = "SELECT canary FROM master_key WHERE one = 1";
const ADD: &str = "INSERT INTO master_key (one, canary) VALUES (1, $1) ON CONFLICT (one) DO NOTHING";

/// Why a service must not start on these tables.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the master key {configured} is not the one these tables were written under ({written}): configure that one as \
         keys.secret or keys.file, or list it in keys.retired"
    )]
    AnotherKey { written: String, configured: String },
    #[error("the canary of the master key was changed")]
    Damaged,
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Sealed(#[from] blob::Error),
}

/// Checks that `ring` holds the key the tables were written under. Tables without a canary get one; `sample` is a query for
/// one sealed value, by which tables from before there were canaries are recognised.
///
/// # Errors
/// [`Error::AnotherKey`] when it does not; when the database fails.
pub async fn check_master_key(db: &Db, ring: &KeyRing, sample: &'static str) -> Result<(), Error> {
    if canary(db).await?.is_none() {
        let sample: Option<(Vec<u8>,)> = db.fetch_optional(sample, &[]).await?;
        if let Some((sealed,)) = sample {
            check_id(ring, &sealed)?;
        }
        let sealed = ring.seal(CANARY, CONTEXT, CONTEXT)?;
        db.execute(ADD, db::params![&sealed]).await?;
    }
    // Read again: of two processes that start together the first one's stays.
    let sealed = canary(db).await?.ok_or(Error::Damaged)?;
    check_id(ring, &sealed)?;
    ring.open_sealed(CANARY, CONTEXT, &sealed).map_err(|_| Error::Damaged)?;
    Ok(())
}

async fn canary(db: &Db) -> Result<Option<Vec<u8>>, Error> {
    let row: Option<(Vec<u8>,)> = db.fetch_optional(FIND, &[]).await?;
    Ok(row.map(|(canary,)| canary))
}

fn check_id(ring: &KeyRing, sealed: &[u8]) -> Result<(), Error> {
    let written = KeyRing::key_id(sealed).ok_or(Error::Damaged)?;
    if ring.key_ids().contains(&written) {
        return Ok(());
    }
    let configured = ring.key_ids().into_iter().next().map(hex::encode).unwrap_or_default();
    Err(Error::AnotherKey { written: hex::encode(written), configured })
}
