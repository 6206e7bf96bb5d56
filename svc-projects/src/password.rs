//! Passwords: Argon2id, off the async threads, a few at a time. Organisations share the queue fairly; unknown
//! accounts count together as one organisation.

use std::sync::{Arc, LazyLock};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use shares::FairPool;
use tokio::sync::Semaphore;

use crate::error::Error;

/// 46 MiB, one pass, parallelism 1: the first choice of the OWASP Password Storage Cheat Sheet.
const MEMORY_KIB: u32 = 46 * 1024;
const PASSES: u32 = 1;
/// Passwords hashed at a time, each with its memory, and how many more may wait.
const CONCURRENT: usize = 2;
const WAITING: usize = 64;

/// Verified when there is no account, so that both cases take the same time.
static DUMMY_HASH: LazyLock<Option<String>> = LazyLock::new(|| derive("nobody has this password").ok());

/// A pool that hashes passwords. Clones share it.
#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    queue: FairPool,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(CONCURRENT)), queue: FairPool::new(CONCURRENT + WAITING) }
    }
}

impl Passwords {
    /// Returns the hash of a password, as a PHC string.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full.
    pub async fn hash(&self, organisation: &str, password: &str) -> Result<String, Error> {
        let password = password.to_owned();
        self.work(organisation, move || derive(&password)).await?
    }

    /// Whether `stored` is a hash of `password`. Without one the result is false and takes as long.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full.
    pub async fn verify(
        &self,
        organisation: &str,
        password: &str,
        stored: Option<String>,
    ) -> Result<bool, Error> {
        let password = password.to_owned();
        self.work(organisation, move || {
            let exists = stored.is_some();
            let Some(against) = stored.or_else(|| DUMMY_HASH.clone()) else { return false };
            let parsed = PasswordHash::new(&against);
            let right = parsed.is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok());
            right && exists
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        organisation: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _queued = self.queue.admit(organisation).ok_or(Error::Busy)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Error::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.map_err(|_| Error::Busy)
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn derive(password: &str) -> Result<String, Error> {
    argon2().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|_| Error::Randomness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_only() {
        let passwords = Passwords::default();
        let kept = passwords.hash("org", "correct horse battery").await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{kept}");
        assert!(passwords.verify("org", "correct horse battery", Some(kept.clone())).await.unwrap());
        assert!(!passwords.verify("org", "correct horse batterx", Some(kept)).await.unwrap());
        assert!(!passwords.verify("org", "nobody has this password", None).await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_rejects_at_once() {
        let passwords = Passwords { permits: Arc::new(Semaphore::new(0)), queue: FairPool::new(0) };
        assert!(matches!(passwords.hash("org", "correct horse battery").await, Err(Error::Busy)));
    }

    #[tokio::test]
    async fn guesses_at_unknown_accounts_leave_room_for_sign_ins() {
        let passwords = Passwords { permits: Arc::new(Semaphore::new(1)), queue: FairPool::new(6) };
        let guesses: Vec<_> = std::iter::from_fn(|| passwords.queue.admit("")).collect();
        assert!(!guesses.is_empty());
        assert!(matches!(passwords.verify("", "one more guess", None).await, Err(Error::Busy)));
        assert!(!passwords.verify("organisation", "correct horse battery", None).await.unwrap());
    }
}
