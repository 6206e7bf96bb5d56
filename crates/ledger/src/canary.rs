//! The canary: a value sealed under the master key when the tables were created, opened at each start.

use blob::{KeyId, KeyRing, Purpose};
use db::Db;

const CANARY: Purpose = Purpose("recognise the tables of a master key");
const CONTEXT: &[u8] = b"canary";

const FIND: &str = "SELECT canary FROM master_key WHERE one = 1";
const RENEW: &str = "UPDATE master_key SET canary = $1 WHERE one = 1";
const ADD: &str = "INSERT INTO master_key (one, canary) VALUES (1, $1) ON CONFLICT (one) DO NOTHING";

/// Why a service must not start on these tables.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the master key {configured} is not the one these tables were written under ({written}): configure that one as \
         keys.secret or keys.file, or list it in keys.retired"
    )]
    AnotherKey { written: String, configured: String },
    #[error("the tables' record of their master keys was changed")]
    Damaged,
    #[error(
        "the master key {key} is distrusted and seals nothing: configure another one as keys.secret or keys.file"
    )]
    Distrusted { key: String },
    #[error("the master key {key} seals: configure another one as keys.secret or keys.file first")]
    Seals { key: String },
    #[error("{rows} of {column} are under the master key {key}: run `biometry keys rewrap` first")]
    StillUsed { key: String, rows: i64, column: String },
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Sealed(#[from] blob::Error),
}

/// Checks that `ring` has the key the tables were written under. Tables without a canary get one; `sample` is a query
/// for one sealed value, which identifies the key of tables from before canaries.
///
/// # Errors
/// [`Error::AnotherKey`] when it does not; when the database fails.
pub(crate) async fn check_master_key(db: &Db, ring: &KeyRing, sample: &'static str) -> Result<(), Error> {
    if canary(db).await?.is_none() {
        let sample: Option<(Vec<u8>,)> = db.fetch_optional(sample, &[]).await?;
        if let Some((sealed,)) = sample {
            check_sealed(ring, &sealed)?;
        }
        let sealed = ring.seal(CANARY, CONTEXT, CONTEXT)?;
        db.execute(ADD, db::params![&sealed]).await?;
    }
    // Read again: of two processes that start together the first one's canary stays.
    let sealed = canary(db).await?.ok_or(Error::Damaged)?;
    check_sealed(ring, &sealed)?;
    ring.open_sealed(CANARY, CONTEXT, &sealed).map_err(|_| Error::Damaged)?;
    Ok(())
}

/// Replaces the canary of an earlier key by one of the active key.
pub(crate) async fn renew(db: &Db, ring: &KeyRing) -> Result<(), Error> {
    let sealed = ring.seal(CANARY, CONTEXT, CONTEXT)?;
    db.execute(RENEW, db::params![&sealed]).await?;
    Ok(())
}

async fn canary(db: &Db) -> Result<Option<Vec<u8>>, Error> {
    let row: Option<(Vec<u8>,)> = db.fetch_optional(FIND, &[]).await?;
    Ok(row.map(|(canary,)| canary))
}

fn check_sealed(ring: &KeyRing, sealed: &[u8]) -> Result<(), Error> {
    check_id(ring, ring.master_of(KeyRing::key_id(sealed).ok_or(Error::Damaged)?))
}

/// Checks that the ring has this key.
pub(crate) fn check_id(ring: &KeyRing, written: KeyId) -> Result<(), Error> {
    if ring.key_ids().contains(&written) {
        return Ok(());
    }
    let configured = ring.key_ids().into_iter().next().map(hex::encode).unwrap_or_default();
    Err(Error::AnotherKey { written: hex::encode(written), configured })
}
