//! Which keys are in use, and the answers given: in this process or, shared by all gateways, in Redis.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use redis::Script;
use tokio::time::Instant;
use uuid::Uuid;

use crate::shared::Shared;

/// How long an answer is kept.
const LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// After this a key whose process died is free again; a living one renews its hold.
const HOLD: Duration = Duration::from_secs(30);
/// What this process keeps at most; beyond it the oldest answers go first.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// What an entry costs beside its answer.
const ENTRY: usize = 256;

type Id = [u8; 32];

/// What became of a claim.
pub enum Claim {
    /// Nobody has the key: go ahead.
    Yours(Lease),
    /// Another call has it.
    AtWork,
    /// The sealed answer of the call that had it.
    Answered(Bytes),
}

/// All keys in use.
pub struct Answers {
    memory: Arc<Memory>,
    shared: Option<Shared>,
}

impl Answers {
    pub fn new(shared: Option<Shared>) -> Self {
        Self { memory: Arc::default(), shared }
    }

    /// Takes the key, if it is free.
    pub async fn claim(&self, id: Id) -> Claim {
        let owner = Uuid::new_v4();
        if let Some(shared) = &self.shared {
            let mut script = CLAIM.prepare_invoke();
            script.key(place(&id)).arg(owner.as_bytes().as_slice()).arg(millis(HOLD));
            if let Some(found) = shared.ask::<Option<Vec<u8>>>(&script).await {
                let lease = |()| Lease { id, owner, place: Place::Shared(shared.clone()), held: true };
                return match found.as_deref() {
                    None => Claim::Yours(lease(())),
                    Some([b'a', answer @ ..]) => Claim::Answered(Bytes::copy_from_slice(answer)),
                    Some(_) => Claim::AtWork,
                };
            }
        }
        match self.memory.claim(id, Instant::now()) {
            None => {
                Claim::Yours(Lease { id, owner, place: Place::Memory(Arc::clone(&self.memory)), held: true })
            }
            Some(Entry::Answer(answer)) => Claim::Answered(answer),
            Some(Entry::AtWork) => Claim::AtWork,
        }
    }
}

/// A key taken: settled with an answer, or free again when dropped.
pub struct Lease {
    id: Id,
    owner: Uuid,
    place: Place,
    held: bool,
}

enum Place {
    Memory(Arc<Memory>),
    Shared(Shared),
}

impl Lease {
    /// Does `work`, renewing the hold on the key all the while.
    pub async fn held_while<T>(&self, work: impl Future<Output = T>) -> T {
        let Place::Shared(shared) = &self.place else { return work.await };
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(HOLD / 3) => {
                    let mut script = RENEW.prepare_invoke();
                    script.key(place(&self.id)).arg(self.owner.as_bytes().as_slice()).arg(millis(HOLD));
                    // Should Redis be away, the next renewal or the answer itself makes up for it.
                    let _ = shared.ask::<i64>(&script).await;
                }
            }
        }
    }

    /// Keeps the answer.
    pub async fn settle(mut self, answer: Bytes) {
        self.held = false;
        match &self.place {
            Place::Memory(memory) => memory.settle(self.id, answer, Instant::now()),
            Place::Shared(shared) => {
                let mut script = SETTLE.prepare_invoke();
                script.key(place(&self.id)).arg(self.owner.as_bytes().as_slice());
                script.arg(answer.as_ref()).arg(millis(LIFE));
                let _ = shared.ask::<i64>(&script).await;
            }
        }
    }

    /// Frees the key: the call can be made anew.
    pub async fn give_up(mut self) {
        self.held = false;
        match &self.place {
            Place::Memory(memory) => memory.free(&self.id),
            Place::Shared(shared) => free(shared, self.id, self.owner).await,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.held {
            return;
        }
        match &self.place {
            Place::Memory(memory) => memory.free(&self.id),
            Place::Shared(shared) => {
                let (shared, id, owner) = (shared.clone(), self.id, self.owner);
                // Only sooner than the end of the hold, so nobody needs to wait for it.
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(async move { free(&shared, id, owner).await });
                }
            }
        }
    }
}

async fn free(shared: &Shared, id: Id, owner: Uuid) {
    let mut script = FREE.prepare_invoke();
    script.key(place(&id)).arg(owner.as_bytes().as_slice());
    let _ = shared.ask::<i64>(&script).await;
}

fn place(id: &Id) -> Vec<u8> {
    [b"biometry:answer:".as_slice(), id].concat()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What is there, else the caller's mark: `w` and the owner, later `a` and the answer.
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
/// Also when the hold has run out, as long as nobody else has the key: the work is done.
static SETTLE: LazyLock<Script> = LazyLock::new(|| {
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
    /// Answers in the order they expire, which is the order they came.
    order: VecDeque<(Instant, Id)>,
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Entry {
    AtWork,
    Answer(Bytes),
}

impl Memory {
    /// What has the key; none when it is the caller's now.
    fn claim(&self, id: Id, now: Instant) -> Option<Entry> {
        let mut known = self.lock();
        known.forget(now);
        let found = known.entries.get(&id).cloned();
        if found.is_none() {
            known.entries.insert(id, Entry::AtWork);
        }
        found
    }

    fn settle(&self, id: Id, answer: Bytes, now: Instant) {
        let mut known = self.lock();
        known.bytes += answer.len() + ENTRY;
        known.entries.insert(id, Entry::Answer(answer));
        known.order.push_back((now + LIFE, id));
        known.forget(now);
    }

    fn free(&self, id: &Id) {
        self.lock().entries.remove(id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Drops what has expired and what is too much.
    fn forget(&mut self, now: Instant) {
        while let Some((until, id)) = self.order.front() {
            if *until > now && self.bytes <= MAX_BYTES {
                return;
            }
            if let Some(Entry::Answer(answer)) = self.entries.remove(id) {
                self.bytes -= answer.len() + ENTRY;
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
        let answers = Answers::new(None);
        let Claim::Yours(lease) = answers.claim(id(1)).await else { panic!("free") };
        assert!(matches!(answers.claim(id(1)).await, Claim::AtWork));
        assert!(matches!(answers.claim(id(2)).await, Claim::Yours(_)), "another key is another matter");
        lease.settle(Bytes::from_static(b"answer")).await;
        assert!(matches!(answers.claim(id(1)).await, Claim::Answered(answer) if answer == "answer"));
    }

    #[tokio::test]
    async fn a_call_that_vanishes_frees_its_key() {
        let answers = Answers::new(None);
        drop(answers.claim(id(1)).await);
        assert!(matches!(answers.claim(id(1)).await, Claim::Yours(_)));
    }

    #[test]
    fn an_answer_lives_a_day_and_memory_is_bounded() {
        let memory = Memory::default();
        let start = Instant::now();
        assert_eq!(memory.claim(id(1), start), None);
        memory.settle(id(1), Bytes::from_static(b"x"), start);
        assert!(memory.claim(id(1), start + LIFE - Duration::from_millis(1)).is_some());
        assert_eq!(memory.claim(id(1), start + LIFE), None);

        let large = Bytes::from(vec![0; 8 * 1024 * 1024]);
        for n in 2..20 {
            memory.settle(id(n), large.clone(), start);
        }
        assert!(memory.lock().bytes <= MAX_BYTES);
        assert_eq!(memory.claim(id(2), start), None, "the oldest went");
        assert!(memory.claim(id(19), start).is_some());
        assert_eq!(memory.claim(id(1), start), Some(Entry::AtWork), "what is at work stays");
    }
}
