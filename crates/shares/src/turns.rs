//! Turns at work of which little may run at once, taken fairly by several owners.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// Turns of which so many are held at once, and one by each owner: who waits, waits behind one call of each other owner
/// at most, however many these have.
#[derive(Debug)]
pub struct FairTurns {
    all: Arc<Semaphore>,
    /// Owners of whom no call holds or awaits a turn are removed at the next one.
    queues: Mutex<HashMap<String, Weak<Queue<()>>>>,
}

/// A turn; the next one's when it is dropped.
#[derive(Debug)]
pub struct Turn {
    _one_of_all: OwnedSemaphorePermit,
    _only_of_owner: OwnedMutexGuard<()>,
}

impl FairTurns {
    pub fn new(at_once: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(at_once)), queues: Mutex::default() }
    }

    /// Waits for a turn of `owner`; calls of one owner get theirs in the order they came. `None` never happens, as the
    /// semaphore is never closed.
    pub async fn take(&self, owner: &str) -> Option<Turn> {
        let only_of_owner = self.queue(owner).lock_owned().await;
        let one_of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Turn { _one_of_all: one_of_all, _only_of_owner: only_of_owner })
    }

    fn queue(&self, owner: &str) -> Arc<Queue<()>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(owner).and_then(Weak::upgrade) {
            return queue;
        }
        queues.retain(|_, queue| queue.strong_count() > 0);
        let queue = Arc::default();
        queues.insert(owner.to_owned(), Arc::downgrade(&queue));
        queue
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures::{FutureExt, future::BoxFuture, poll};

    use super::*;

    async fn is_waiting(call: &mut BoxFuture<'_, Option<Turn>>) -> bool {
        matches!(poll!(call), Poll::Pending)
    }

    #[tokio::test]
    async fn a_greedy_owner_holds_one_turn_and_another_gets_the_next() {
        let turns = FairTurns::new(2);
        let first = turns.take("greedy").now_or_never().flatten().expect("nobody else is there");
        let mut waiting: Vec<_> = (0..50).map(|_| turns.take("greedy").boxed()).collect();
        for call in &mut waiting {
            assert!(is_waiting(call).await);
        }
        let other = turns.take("other").now_or_never().flatten();
        assert!(other.is_some(), "does not wait behind the fifty");
        // Two are held: a third owner is the next of all, before the fifty.
        let mut third = turns.take("third").boxed();
        assert!(is_waiting(&mut third).await);
        drop(other);
        let third = third.now_or_never().flatten();
        assert!(third.is_some());
        drop((first, third));
        for call in waiting {
            assert!(call.await.is_some(), "each comes in its order");
        }
    }

    #[tokio::test]
    async fn owners_that_wait_for_nothing_are_not_remembered() {
        let turns = FairTurns::new(2);
        for owner in 0..100 {
            assert!(turns.take(&owner.to_string()).await.is_some());
        }
        // A call that is dropped while it waits leaves nothing either.
        let held = turns.take("held").await;
        let mut dropped = turns.take("held").boxed();
        assert!(is_waiting(&mut dropped).await);
        drop((dropped, held));
        assert!(turns.take("last").await.is_some());
        assert_eq!(turns.queues.lock().unwrap().len(), 1);
    }
}
