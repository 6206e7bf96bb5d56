//! Group commit: one task per project writes, and entries that arrive during a commit share the next database
//! transaction.
//!
//! The entries of a project follow the head of its journal, so they are written in sequence; a commit costs far more
//! than an entry. Without load a call waits for its own commit only; under load one transaction locks the head once
//! for many entries. Every caller gets its result after the commit of its entry.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Semaphore, oneshot};

use crate::{
    entry::Entry,
    error::Error,
    journal::Seals,
    store::{Store, Written},
};

/// Entries per commit: bounds how long it holds the head.
pub const BATCH: usize = 128;
/// Waiting entries of a project; further calls are rejected at once, so that memory stays bounded.
const QUEUE: usize = 4096;

type Waiting = HashMap<String, VecDeque<Job>>;

/// The handle of the writing tasks. A task ends when no entry of its project waits.
#[derive(Clone)]
pub struct Writer {
    store: Store,
    seals: Seals,
    /// The projects with a writing task, each with its waiting entries.
    waiting: Arc<Mutex<Waiting>>,
    /// Projects that write at a time: the other connections are left to readers.
    connections: Arc<Semaphore>,
}

struct Job {
    entry: Entry,
    answer: oneshot::Sender<Result<Written, Error>>,
}

impl Writer {
    /// Creates the writer. `connections`: the size of the database pool, half of which writes.
    pub fn new(store: Store, seals: Seals, connections: u32) -> Self {
        let writing = (connections / 2).max(1) as usize;
        Self { store, seals, waiting: Arc::default(), connections: Arc::new(Semaphore::new(writing)) }
    }

    /// Returns the entry with its number, hash, chain and mark once it is durable. It is written even if the caller
    /// is dropped.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too many wait, [`Error::NoRoom`] when the database has no room, [`Error::NotRecorded`] when it
    /// fails otherwise.
    pub async fn append(&self, entry: Entry) -> Result<Written, Error> {
        let (answer, answered) = oneshot::channel();
        let project = entry.project_id.clone();
        if self.enqueue(&project, Job { entry, answer })? {
            // Not joined: the caller of each entry waits for its result.
            tokio::spawn(self.clone().write(project));
        }
        answered.await.map_err(|_| Error::NotRecorded)?
    }

    /// Queues a job; true when no task writes for the project yet.
    fn enqueue(&self, project: &str, job: Job) -> Result<bool, Error> {
        let mut waiting = self.lock();
        let is_new = !waiting.contains_key(project);
        let queue = waiting.entry(project.to_owned()).or_default();
        if queue.len() >= QUEUE {
            return Err(Error::Overloaded);
        }
        queue.push_back(job);
        Ok(is_new)
    }

    async fn write(self, project: String) {
        let leaving = Leaving { waiting: self.waiting.clone(), project };
        loop {
            let place = self.connections.acquire().await;
            let batch = self.next_batch(&leaving.project);
            if batch.is_empty() {
                return;
            }
            self.commit(batch).await;
            drop(place);
        }
    }

    /// Returns the next batch; without waiting entries the project's task ends.
    fn next_batch(&self, project: &str) -> Vec<Job> {
        let mut waiting = self.lock();
        let Some(queue) = waiting.get_mut(project) else { return Vec::new() };
        let batch: Vec<_> = queue.drain(..queue.len().min(BATCH)).collect();
        if batch.is_empty() {
            waiting.remove(project);
        }
        batch
    }

    async fn commit(&self, batch: Vec<Job>) {
        let entries: Vec<Entry> = batch.iter().map(|job| job.entry.clone()).collect();
        match self.store.append(&entries, &self.seals).await {
            Ok(written) => {
                for (job, written) in batch.into_iter().zip(written) {
                    // The caller may have been dropped; its entry is recorded all the same.
                    let _ = job.answer.send(Ok(written));
                }
            }
            Err(error) if batch.len() == 1 => {
                let unwritten = |job: Job| _ = job.answer.send(Err(Error::not_recorded(&error)));
                batch.into_iter().for_each(unwritten);
                tracing::error!(error = &error as &dyn std::error::Error, "a consent could not be recorded");
            }
            Err(error) => self.one_by_one(batch, &error).await,
        }
    }

    /// Writes each entry of a failed batch alone: an invalid entry must not fail the others.
    async fn one_by_one(&self, batch: Vec<Job>, cause: &Error) {
        tracing::error!(error = cause as &dyn std::error::Error, "consents could not be recorded together");
        for job in batch {
            let written = self.store.append(std::slice::from_ref(&job.entry), &self.seals).await;
            let written = written.map(|mut written| written.pop().ok_or(Error::NotRecorded));
            let _ = job.answer.send(written.unwrap_or_else(Err));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes the project however its task ends: waiting callers get an error, and the next call starts another task.
struct Leaving {
    waiting: Arc<Mutex<Waiting>>,
    project: String,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.project);
        }
    }
}
