//! Keys in use and stored responses: in this process or, shared by all gateways, in Redis.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use redis::Script;
use tokio::time::Instant;
use uuid::Uuid;

use crate::http::redis_state::SharedState;

/// How long a response is stored.
const RESPONSE_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// After this the lease of a process that died expires; a living one renews it.
const LEASE_TTL: Duration = Duration::from_secs(30);
/// Most this process stores; beyond it the oldest responses are evicted.
const MAX_STORED_BYTES: usize = 64 * 1024 * 1024;
/// Size of an entry beside its response.
const ENTRY_BYTES: usize = 256;

type Id = [u8; 32];

/// The result of a claim.
pub enum ClaimOutcome {
    /// The caller holds the key and must complete or release it.
    Acquired(Lease),
    /// Another call holds it.
    InProgress,
    /// The sealed response of the call that held it.
    Completed(Bytes),
}

/// The keys in use and the stored responses.
pub struct StoredResponses {
    memory: Arc<Memory>,
    shared: Option<SharedState>,
}

impl StoredResponses {
    pub fn new(shared: Option<SharedState>) -> Self {
        Self { memory: Arc::default(), shared }
    }

    /// Acquires the key, if it is free.
    pub async fn claim(&self, id: Id) -> ClaimOutcome {
        let owner = Uuid::new_v4();
        if let Some(shared) = &self.shared {
            let mut script = CLAIM.prepare_invoke();
            script.key(redis_key(&id)).arg(owner.as_bytes().as_slice()).arg(millis(LEASE_TTL));
            if let Some(found) = shared.eval::<Option<Vec<u8>>>(&script).await {
                let lease =
                    |()| Lease { id, owner, backend: LeaseBackend::Redis(shared.clone()), held: true };
                return match found.as_deref() {
                    None => ClaimOutcome::Acquired(lease(())),
                    Some([b'a', answer @ ..]) => ClaimOutcome::Completed(Bytes::copy_from_slice(answer)),
                    Some(_) => ClaimOutcome::InProgress,
                };
            }
        }
        match self.memory.claim(id, Instant::now()) {
            None => ClaimOutcome::Acquired(Lease {
                id,
                owner,
                backend: LeaseBackend::Memory(Arc::clone(&self.memory)),
                held: true,
            }),
            Some(Entry::Response(answer)) => ClaimOutcome::Completed(answer),
            Some(Entry::InProgress) => ClaimOutcome::InProgress,
        }
    }
}

/// An acquired key: completed with a response, or released when dropped.
pub struct Lease {
    id: Id,
    owner: Uuid,
    backend: LeaseBackend,
    held: bool,
}

enum LeaseBackend {
    Memory(Arc<Memory>),
    Redis(SharedState),
}

impl Lease {
    /// Runs `work` while renewing the lease.
    pub async fn hold_during<T>(&self, work: impl Future<Output = T>) -> T {
        let LeaseBackend::Redis(shared) = &self.backend else { return work.await };
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(LEASE_TTL / 3) => {
                    let mut script = RENEW.prepare_invoke();
                    script.key(redis_key(&self.id)).arg(self.owner.as_bytes().as_slice()).arg(millis(LEASE_TTL));
                    // Should Redis be unavailable, the next renewal or the response itself makes up for it.
                    let _ = shared.eval::<i64>(&script).await;
                }
            }
        }
    }

    /// Stores the response.
    pub async fn complete(mut self, answer: Bytes) {
        self.held = false;
        match &self.backend {
            LeaseBackend::Memory(memory) => memory.complete(self.id, answer, Instant::now()),
            LeaseBackend::Redis(shared) => {
                let mut script = COMPLETE.prepare_invoke();
                script.key(redis_key(&self.id)).arg(self.owner.as_bytes().as_slice());
                script.arg(answer.as_ref()).arg(millis(RESPONSE_TTL));
                let _ = shared.eval::<i64>(&script).await;
            }
        }
    }

    /// Releases the key: the call can be repeated.
    pub async fn release(mut self) {
        self.held = false;
        match &self.backend {
            LeaseBackend::Memory(memory) => memory.free(&self.id),
            LeaseBackend::Redis(shared) => free(shared, self.id, self.owner).await,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.held {
            return;
        }
        match &self.backend {
            LeaseBackend::Memory(memory) => memory.free(&self.id),
            LeaseBackend::Redis(shared) => {
                let (shared, id, owner) = (shared.clone(), self.id, self.owner);
                // Only earlier than the lease expires, so nobody needs to wait for it.
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move { free(&shared, id, owner).await });
                }
            }
        }
    }
}

async fn free(shared: &SharedState, id: Id, owner: Uuid) {
    let mut script = FREE.prepare_invoke();
    script.key(redis_key(&id)).arg(owner.as_bytes().as_slice());
    let _ = shared.eval::<i64>(&script).await;
}

fn redis_key(id: &Id) -> Vec<u8> {
    [b"biometry:answer:".as_slice(), id].concat()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Returns what is there, else sets the caller's mark: `w` and the owner, later `a` and the response.
static CLAIM: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local found = redis.call('GET', KEYS[1])
          if found then return found end
          redis.call('SET', KEYS[1], 'w' .. ARGV[1], 'PX', ARGV[2])
          return false",
    )
});
static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('GET', KEYS[1]) ~= 'w' .. ARGV[1] then return 0 end
          return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    )
});
/// Also after the lease expired, as long as nobody else holds the key: the work is done.
static COMPLETE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"local found = redis.call('GET', KEYS[1])
          if found and found ~= 'w' .. ARGV[1] then return 0 end
          redis.call('SET', KEYS[1], 'a' .. ARGV[2], 'PX', ARGV[3])
          return 1",
    )
});
static FREE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"if redis.call('GET', KEYS[1]) ~= 'w' .. ARGV[1] then return 0 end
          return redis.call('DEL', KEYS[1])",
    )
});

/// The keys of this process.
#[derive(Default)]
struct Memory(Mutex<Known>);

#[derive(Default)]
struct Known {
    entries: HashMap<Id, Entry>,
    /// StoredResponses in the order they expire, which is the order they came.
    order: VecDeque<(Instant, Id)>,
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Entry {
    InProgress,
    Response(Bytes),
}

impl Memory {
    /// What holds the key; none when the caller holds it now.
    fn claim(&self, id: Id, now: Instant) -> Option<Entry> {
        let mut known = self.lock();
        known.evict(now);
        let found = known.entries.get(&id).cloned();
        if found.is_none() {
            known.entries.insert(id, Entry::InProgress);
        }
        found
    }

    fn complete(&self, id: Id, answer: Bytes, now: Instant) {
        let mut known = self.lock();
        known.bytes += answer.len() + ENTRY_BYTES;
        known.entries.insert(id, Entry::Response(answer));
        known.order.push_back((now + RESPONSE_TTL, id));
        known.evict(now);
    }

    fn free(&self, id: &Id) {
        self.lock().entries.remove(id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Evicts what has expired and what exceeds the limit.
    fn evict(&mut self, now: Instant) {
        while let Some((until, id)) = self.order.front() {
            if *until > now && self.bytes <= MAX_STORED_BYTES {
                return;
            }
            if let Some(Entry::Response(answer)) = self.entries.remove(id) {
                self.bytes -= answer.len() + ENTRY_BYTES;
            }
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> Id {
        [n; 32]
    }

    #[tokio::test]
    async fn a_key_is_free_then_at_work_then_answered() {
        let responses = StoredResponses::new(None);
        let ClaimOutcome::Acquired(lease) = responses.claim(id(1)).await else { panic!("free") };
        assert!(matches!(responses.claim(id(1)).await, ClaimOutcome::InProgress));
        assert!(
            matches!(responses.claim(id(2)).await, ClaimOutcome::Acquired(_)),
            "another key is another matter"
        );
        lease.complete(Bytes::from_static(b"answer")).await;
        assert!(
            matches!(responses.claim(id(1)).await, ClaimOutcome::Completed(answer) if answer == "answer")
        );
    }

    #[tokio::test]
    async fn a_call_that_vanishes_frees_its_key() {
        let responses = StoredResponses::new(None);
        drop(responses.claim(id(1)).await);
        assert!(matches!(responses.claim(id(1)).await, ClaimOutcome::Acquired(_)));
    }

    #[test]
    fn an_answer_lives_a_day_and_memory_is_bounded() {
        let memory = Memory::default();
        let start = Instant::now();
        assert_eq!(memory.claim(id(1), start), None);
        memory.complete(id(1), Bytes::from_static(b"x"), start);
        assert!(memory.claim(id(1), start + RESPONSE_TTL - Duration::from_millis(1)).is_some());
        assert_eq!(memory.claim(id(1), start + RESPONSE_TTL), None);

        let large = Bytes::from(vec![0; 8 * 1024 * 1024]);
        for n in 2..20 {
            memory.complete(id(n), large.clone(), start);
        }
        assert!(memory.lock().bytes <= MAX_STORED_BYTES);
        assert_eq!(memory.claim(id(2), start), None, "the oldest went");
        assert!(memory.claim(id(19), start).is_some());
        assert_eq!(memory.claim(id(1), start), Some(Entry::InProgress), "what is at work stays");
    }
}
