//! Operator commands on signing keys, run beside the database: `biometry keys`.

use std::sync::Arc;

use blob::KeyRing;

use crate::{Config, audit::Log, signing, store::Store};

/// A signing key and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeyState {
    pub kid: String,
    pub created_at_ms: i64,
    /// `signs`, `verifies`, `distrusted` or `changed outside of the service`.
    pub state: &'static str,
}

/// Lists every signing key, oldest first.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn signing_keys(config: &Config) -> anyhow::Result<Vec<SigningKeyState>> {
    let (store, _) = open(config).await?;
    let genuine: Vec<String> = store.verification_keys().await?.into_iter().map(|(kid, _)| kid).collect();
    let state = |row: crate::store::SigningKeyRow| SigningKeyState {
        state: match row.distrusted_at {
            Some(_) => "distrusted",
            None if !genuine.contains(&row.kid) => "changed outside of the service",
            None if row.current == 1 => "signs",
            None => "verifies",
        },
        kid: row.kid,
        created_at_ms: row.created_at,
    };
    Ok(store.signing_keys().await?.into_iter().map(state).collect())
}

/// Rotates the signing key, and returns the new id. Signatures of earlier keys stay valid.
///
/// # Errors
/// When the database or the master key cannot be opened.
pub async fn rotate_signing_key(config: &Config) -> anyhow::Result<String> {
    let (store, ring) = open(config).await?;
    let key = signing::generate(&ring)?;
    store.rotate_signing_key(&key, store.now_ms()).await?;
    Ok(key.kid)
}

/// Distrusts an earlier key: its signatures are no longer valid. Returns how many API keys were revoked by that.
///
/// # Errors
/// When there is no such key or it is the current one.
pub async fn distrust_signing_key(config: &Config, kid: &str) -> anyhow::Result<u64> {
    let (store, _) = open(config).await?;
    Ok(store.distrust_signing_key(kid, store.now_ms()).await?)
}

async fn open(config: &Config) -> anyhow::Result<(Store, KeyRing)> {
    let ledger::Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await?;
    Ok((
        Store::new(db, Log::new(ring.clone(), Arc::new(boot::now_ms)), ledger::RowMacs::new(ring.clone())),
        ring,
    ))
}
