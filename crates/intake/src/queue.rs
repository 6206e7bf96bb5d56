//! Jobs that wait for a worker, round-robin by owner.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

pub struct Queue<J> {
    waiting: Mutex<Waiting<J>>,
    changed: Condvar,
}

struct Waiting<J> {
    jobs: HashMap<Arc<str>, VecDeque<J>>,
    /// Owners with jobs, each once, in round-robin order.
    turns: VecDeque<Arc<str>>,
    closed: bool,
}

impl<J> Default for Queue<J> {
    fn default() -> Self {
        let waiting = Waiting { jobs: HashMap::new(), turns: VecDeque::new(), closed: false };
        Self { waiting: Mutex::new(waiting), changed: Condvar::new() }
    }
}

impl<J> Queue<J> {
    pub fn push(&self, owner: Arc<str>, job: J) {
        let mut waiting = self.lock();
        let jobs = waiting.jobs.entry(Arc::clone(&owner)).or_default();
        jobs.push_back(job);
        if jobs.len() == 1 {
            waiting.turns.push_back(owner);
        }
        self.changed.notify_one();
    }

    /// Waits for the next job; `None` once the queue is closed and empty.
    pub fn next_job(&self) -> Option<J> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.take() {
                return Some(job);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Closes the queue: no more jobs are added.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<J>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Waiting<J> {
    fn take(&mut self) -> Option<J> {
        let owner = self.turns.pop_front()?;
        let jobs = self.jobs.get_mut(&owner)?;
        let job = jobs.pop_front();
        if jobs.is_empty() {
            self.jobs.remove(&owner);
        } else {
            self.turns.push_back(owner);
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_take_turns_and_each_keeps_its_order() {
        let queue = Queue::default();
        let push = |owner: &str, jobs: &[u32]| {
            jobs.iter().for_each(|job| queue.push(owner.into(), *job));
        };
        push("greedy", &[1, 2, 3, 4]);
        push("neighbour", &[10, 11]);
        let mut order: Vec<u32> = (0..3).filter_map(|_| queue.next_job()).collect();
        push("third", &[20]);
        queue.close();
        order.extend(std::iter::from_fn(|| queue.next_job()));
        assert_eq!(order, [1, 10, 2, 11, 3, 20, 4]);
        assert!(queue.lock().jobs.is_empty());
    }

    #[test]
    fn a_worker_waits_until_there_is_a_job_or_the_end() {
        let queue = Arc::new(Queue::default());
        let worker = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || (queue.next_job(), queue.next_job())
        });
        queue.push("p".into(), 7);
        queue.close();
        assert_eq!(worker.join().unwrap(), (Some(7), None));
    }
}
