//! Group commit: one task writes, and rows that arrive during a commit share the next database transaction.
//!
//! A commit costs far more than a row, and SQLite has one writer anyway. Without load a call waits for its own commit
//! only; under load the batches grow. Every caller gets its result after the commit of its row.

use tokio::sync::{mpsc, oneshot};

use crate::{
    error::Error,
    store::{Entry, Store},
};

/// Waiting rows; further calls are rejected at once, so that memory stays bounded.
const QUEUE: usize = 1024;
/// Rows per commit: bounds how long it holds the database.
const BATCH: usize = 128;

/// The handle of the writing task; the task ends when the last handle is dropped and the queue is empty.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
}

#[derive(Debug)]
struct Job {
    entry: Entry,
    answer: oneshot::Sender<Result<(), Error>>,
}

impl Writer {
    /// Starts the task. Not joined: the caller of each row waits for its result.
    pub fn start(store: Store) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(write(store, jobs));
        Self { queue }
    }

    /// Returns once the row is durable.
    ///
    /// # Errors
    /// [`Error::Taken`] for a known id, [`Error::Overloaded`] when too many wait, [`Error::NoRoom`] when the database has no
    /// room, [`Error::NotRecorded`] when it fails otherwise.
    pub async fn record(&self, entry: Entry) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Job { entry, answer }).map_err(|_| Error::Overloaded)?;
        answered.await.map_err(|_| Error::NotRecorded)?
    }
}

async fn write(store: Store, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    while jobs.recv_many(&mut batch, BATCH).await > 0 {
        let entries: Vec<&Entry> = batch.iter().map(|job| &job.entry).collect();
        match store.insert(&entries).await {
            Ok(inserted) => {
                for (job, new) in batch.drain(..).zip(inserted) {
                    // The caller may have been dropped; its row is recorded all the same.
                    let _ = job.answer.send(if new { Ok(()) } else { Err(Error::Taken) });
                }
            }
            Err(error) => one_by_one(&store, batch.drain(..), &error).await,
        }
    }
}

/// Writes each row of a failed batch alone: an invalid row must not fail the others.
async fn one_by_one(store: &Store, jobs: impl Iterator<Item = Job>, cause: &Error) {
    tracing::error!(error = cause as &dyn std::error::Error, "cannot record transactions in one batch");
    for job in jobs {
        let answer = match store.insert(&[&job.entry]).await {
            Ok(inserted) if inserted == [true] => Ok(()),
            Ok(_) => Err(Error::Taken),
            Err(error) => Err(Error::not_recorded(&error)),
        };
        let _ = job.answer.send(answer);
    }
}
