//! Passwords: Argon2id, off the threads that answer calls, a few at a time. Organisations share the queue fairly, and all
//! accounts nobody has are one of them.

use std::sync::{Arc, LazyLock};

use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use shares::FairPool;
use tokio::sync::Semaphore;

use crate::error::Error;

/// 46 MiB, one pass, one lane: the first choice of the OWASP Password Storage Cheat Sheet.
const MEMORY_KIB: u32 = 46 * 1024;
const PASSES: u32 = 1;
/// Passwords worked on at a time, each with its memory, and how many more may wait.
const AT_WORK: usize = 2;
const WAITING: usize = 64;

/// What a password is compared with where there is no account, so that both take the same time.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| derive("nobody has this password").ok());

/// The place where passwords are worked on. Cloning shares it.
#[derive(Clone)]
pub struct Passwords {
    places: Arc<Semaphore>,
    queue: FairPool,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_WORK)), queue: FairPool::new(AT_WORK + WAITING) }
    }
}

impl Passwords {
    /// What is kept of a password (a PHC string).
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn hash(&self, organisation: &str, password: &str) -> Result<String, Error> {
        let password = password.to_owned();
        self.work(organisation, move || derive(&password)).await?
    }

    /// Whether `password` is the one `kept` was made of. Without `kept` it never is, and takes as long to find out.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn verify(
        &self,
        organisation: &str,
        password: &str,
        kept: Option<String>,
    ) -> Result<bool, Error> {
        let password = password.to_owned();
        self.work(organisation, move || {
            let somebody = kept.is_some();
            let Some(against) = kept.or_else(|| NOBODY.clone()) else { return false };
            let parsed = PasswordHash::new(&against);
            let right = parsed.is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok());
            right && somebody
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        organisation: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _queued = self.queue.admit(organisation).ok_or(Error::Busy)?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Error::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
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
    async fn a_password_is_known_again_and_nobodys_is_not() {
        let passwords = Passwords::default();
        let kept = passwords.hash("org", "correct horse battery").await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{kept}");
        assert!(passwords.verify("org", "correct horse battery", Some(kept.clone())).await.unwrap());
        assert!(!passwords.verify("org", "correct horse batterx", Some(kept)).await.unwrap());
        assert!(!passwords.verify("org", "nobody has this password", None).await.unwrap());
    }

    #[tokio::test]
    async fn who_comes_to_a_full_queue_is_told_so_at_once() {
        let passwords = Passwords { places: Arc::new(Semaphore::new(0)), queue: FairPool::new(0) };
        assert!(matches!(passwords.hash("org", "correct horse battery").await, Err(Error::Busy)));
    }

    #[tokio::test]
    async fn who_tries_passwords_of_nobody_leaves_room_for_those_who_sign_in() {
        let passwords = Passwords { places: Arc::new(Semaphore::new(1)), queue: FairPool::new(6) };
        let guesses: Vec<_> = std::iter::from_fn(|| passwords.queue.admit("")).collect();
        assert!(!guesses.is_empty());
        assert!(matches!(passwords.verify("", "one more guess", None).await, Err(Error::Busy)));
        assert!(!passwords.verify("organisation", "correct horse battery", None).await.unwrap());
    }
}
