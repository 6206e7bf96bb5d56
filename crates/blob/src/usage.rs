//! Storage used by each tenant, and free space.
//!
//! A tenant's bytes are listed periodically and counted in between, so a deletion counts with the next listing.
//! Several processes each count their own writes in between: until then they may exceed a quota by that much.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::TryStreamExt;
use object_store::{ObjectStore, path::Path};

use crate::{Error, Limits, Tenant};

/// Lifetime of a listing, and its lifetime when the quota is used up.
const LISTED_FOR: Duration = Duration::from_secs(600);
const FULL_FOR: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub(crate) struct Usage {
    limits: Limits,
    /// `None`: a bucket, which has no size limit.
    folder: Option<PathBuf>,
    tenants: Arc<Mutex<HashMap<String, Used>>>,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    bytes: u64,
    listed_at: Instant,
}

impl Usage {
    pub fn new(limits: Limits, folder: Option<PathBuf>) -> Self {
        Self { limits, folder, tenants: Arc::default() }
    }

    /// Checks whether a tenant may store more.
    ///
    /// # Errors
    /// [`Error::DiskAlmostFull`], [`Error::QuotaUsedUp`], [`Error::Storage`].
    pub async fn check_limit(&self, objects: &dyn ObjectStore, tenant: &Tenant) -> Result<(), Error> {
        let refused = self.refusal(objects, tenant).await;
        if let Err(error @ (Error::DiskAlmostFull | Error::QuotaUsedUp)) = &refused {
            let why = if matches!(error, Error::QuotaUsedUp) { "quota" } else { "disk" };
            metrics::counter!("biometry_media_refused_total", "why" => why).increment(1);
        }
        refused
    }

    async fn refusal(&self, objects: &dyn ObjectStore, tenant: &Tenant) -> Result<(), Error> {
        if self.folder.as_ref().is_some_and(|folder| free_bytes(folder) < self.limits.min_free_bytes) {
            return Err(Error::DiskAlmostFull);
        }
        let most = self.limits.max_tenant_bytes;
        if most == 0 {
            return Ok(());
        }
        let name = tenant.to_string();
        let known = self.lock().get(&name).copied().filter(|used| {
            let good_for = if used.bytes >= most { FULL_FOR } else { LISTED_FOR };
            used.listed_at.elapsed() < good_for
        });
        let bytes = match known {
            Some(used) => used.bytes,
            None => {
                let bytes = list(objects, &name).await?;
                self.lock().insert(name, Used { bytes, listed_at: Instant::now() });
                bytes
            }
        };
        if bytes >= most { Err(Error::QuotaUsedUp) } else { Ok(()) }
    }

    pub fn add_bytes(&self, tenant: &Tenant, bytes: u64) {
        if let Some(used) = self.lock().get_mut(&tenant.to_string()) {
            used.bytes = used.bytes.saturating_add(bytes);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Used>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of all blobs of a tenant.
async fn list(objects: &dyn ObjectStore, tenant: &str) -> Result<u64, Error> {
    let prefix = Path::from_iter(["blobs", tenant]);
    Ok(objects.list(Some(&prefix)).try_fold(0, async |sum, object| Ok(sum + object.size)).await?)
}

/// Returns the bytes available to unprivileged users; a disk that does not report them counts as empty.
fn free_bytes(folder: &std::path::Path) -> u64 {
    match rustix::fs::statvfs(folder) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            tracing::warn!(%error, "the free space of a disk cannot be read");
            u64::MAX
        }
    }
}
