//! Transactions, and the group commit of SQLite.
//!
//! SQLite has one writer, and a durable commit costs a sync of the disk. So writers that arrive while another one
//! works join its database transaction, each behind a savepoint, and one commit makes the work of all durable.
//! [`Tx::commit`] returns after that commit; work dropped without it is rolled back alone.

use std::sync::{Arc, OnceLock};

use sqlx::{Postgres, Sqlite, SqlitePool};
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard},
};

use crate::{
    Db, Sql, Value,
    statement::{Connection, Row},
};

/// A transaction. Dropping it without [`Tx::commit`] rolls it back.
pub struct Tx {
    inner: Inner,
}

enum Inner {
    Pg(sqlx::Transaction<'static, Postgres>),
    Lite(Step),
}

impl Tx {
    pub(crate) async fn begin(db: &Db) -> sqlx::Result<Self> {
        let inner = match db {
            Db::Pg(pool) => Inner::Pg(pool.begin().await?),
            Db::Lite(lite) => Inner::Lite(lite.writes.begin().await?),
        };
        Ok(Self { inner })
    }

    /// Commits the transaction durably.
    ///
    /// # Errors
    /// When the database could not commit: then nothing was changed.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self.inner {
            Inner::Pg(tx) => tx.commit().await,
            Inner::Lite(step) => step.commit().await,
        }
    }

    /// Runs a statement; returns the number of rows it changed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn execute(&mut self, sql: impl Into<Sql>, params: &[Value<'_>]) -> sqlx::Result<u64> {
        self.connection()?.execute(sql.into(), params).await
    }

    /// Returns every row.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn fetch_all<T: Row>(
        &mut self,
        sql: impl Into<Sql>,
        params: &[Value<'_>],
    ) -> sqlx::Result<Vec<T>> {
        self.connection()?.fetch_all(sql.into(), params).await
    }

    /// Returns the first row, if there is one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn fetch_optional<T: Row>(
        &mut self,
        sql: impl Into<Sql>,
        params: &[Value<'_>],
    ) -> sqlx::Result<Option<T>> {
        self.connection()?.fetch_optional(sql.into(), params).await
    }

    /// Returns the first row.
    ///
    /// # Errors
    /// [`sqlx::Error::RowNotFound`] without one; those of the database.
    pub async fn fetch_one<T: Row>(&mut self, sql: impl Into<Sql>, params: &[Value<'_>]) -> sqlx::Result<T> {
        self.fetch_optional(sql, params).await?.ok_or(sqlx::Error::RowNotFound)
    }

    fn connection(&mut self) -> sqlx::Result<Connection<'_>> {
        match &mut self.inner {
            Inner::Pg(tx) => Ok(Connection::Pg(tx)),
            Inner::Lite(step) => step.connection(),
        }
    }
}

/// The write queue of one SQLite database. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Writes {
    pool: SqlitePool,
    open: Arc<Mutex<Option<Batch>>>,
}

/// The database transaction that writers share.
#[derive(Debug)]
struct Batch {
    tx: sqlx::Transaction<'static, Sqlite>,
    /// Writers that joined the batch and wait for its commit.
    members: u32,
    outcome: Outcome,
}

/// The result of a batch's commit, for each member.
type Outcome = Arc<OnceLock<Result<(), String>>>;
type Held = OwnedMutexGuard<Option<Batch>>;

impl Writes {
    pub fn new(pool: SqlitePool) -> Self {
        Self { pool, open: Arc::default() }
    }

    async fn begin(&self) -> sqlx::Result<Step> {
        let mut held = self.open.clone().lock_owned().await;
        if held.is_none() {
            let tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
            *held = Some(Batch { tx, members: 0, outcome: Outcome::default() });
        }
        let alone = held.as_ref().is_none_or(|batch| batch.members == 0);
        let step = Step { held: Some(held), writes: self.clone(), savepoint: !alone };
        if alone { Ok(step) } else { to_its_end(step.set_savepoint()).await }
    }

    /// Commits the open batch, then runs `work` while nobody writes.
    pub async fn pause<T>(&self, work: impl Future<Output = T>) -> T {
        let mut held = self.open.clone().lock_owned().await;
        commit(&mut held).await;
        work.await
    }
}

/// The work of one writer.
struct Step {
    held: Option<Held>,
    writes: Writes,
    savepoint: bool,
}

impl Step {
    fn connection(&mut self) -> sqlx::Result<Connection<'_>> {
        let batch = self.held.as_mut().and_then(|held| held.as_mut());
        // A batch that failed as a whole no longer exists.
        batch.map(|batch| Connection::Lite(&mut batch.tx)).ok_or(sqlx::Error::WorkerCrashed)
    }

    async fn run(&mut self, sql: &'static str) -> sqlx::Result<()> {
        self.connection()?.execute(sql.into(), &[]).await.map(drop)
    }

    async fn set_savepoint(mut self) -> sqlx::Result<Self> {
        self.run("SAVEPOINT step").await?;
        Ok(self)
    }

    async fn commit(self) -> sqlx::Result<()> {
        let member = if self.savepoint { to_its_end(self.release()).await? } else { self.join_batch()? };
        member.settled().await
    }

    async fn release(mut self) -> sqlx::Result<Member> {
        self.run("RELEASE step").await?;
        self.join_batch()
    }

    fn join_batch(mut self) -> sqlx::Result<Member> {
        let Some(mut held) = self.held.take() else { return Err(sqlx::Error::WorkerCrashed) };
        let Some(batch) = held.as_mut() else { return Err(sqlx::Error::WorkerCrashed) };
        batch.members += 1;
        Ok(Member { writes: self.writes.clone(), outcome: batch.outcome.clone() })
    }
}

/// Runs a savepoint statement even when the caller is dropped: otherwise it would be unknown whether the savepoint
/// exists, and undoing the step would undo the whole batch.
async fn to_its_end<T: Send + 'static>(
    statement: impl Future<Output = sqlx::Result<T>> + Send + 'static,
) -> sqlx::Result<T> {
    tokio::spawn(statement).await.map_err(|_| sqlx::Error::WorkerCrashed)?
}

impl Drop for Step {
    fn drop(&mut self) {
        if let (Some(held), Ok(runtime)) = (self.held.take(), Handle::try_current()) {
            runtime.spawn(undo(held, self.savepoint));
        }
    }
}

/// Rolls back the uncommitted step only.
async fn undo(mut held: Held, savepoint: bool) {
    let Some(batch) = held.as_mut() else { return };
    if batch.members > 0 && savepoint {
        let undone = async {
            sqlx::query("ROLLBACK TO step").execute(&mut *batch.tx).await?;
            sqlx::query("RELEASE step").execute(&mut *batch.tx).await
        };
        let Err(error) = undone.await else { return };
        // SQLite rolled back the whole transaction: the other writers' work is lost too.
        let _ = batch.outcome.set(Err(error.to_string()));
    }
    if let Some(batch) = held.take() {
        roll_back(batch.tx).await;
    }
}

/// Rolls back a transaction, even one that no longer exists: on a full disk SQLite rolls back automatically. sqlx
/// does not notice and could begin no other one on this connection, so a transaction is begun for it to end.
async fn roll_back(mut tx: sqlx::Transaction<'static, Sqlite>) {
    // Fails when the transaction still exists.
    let _ = sqlx::query("BEGIN").execute(&mut *tx).await;
    if let Err(error) = tx.rollback().await {
        tracing::error!(error = &error as &dyn std::error::Error, "SQLite could not undo a transaction");
    }
}

/// A writer whose work is done but not committed.
struct Member {
    writes: Writes,
    outcome: Outcome,
}

impl Member {
    /// Queues behind writers that arrived meanwhile; the first member to acquire the lock commits for all.
    async fn settled(self) -> sqlx::Result<()> {
        let held = self.writes.open.clone().lock_owned().await;
        // In a separate task: a dropped caller must not leave the others without a result.
        let settled = tokio::spawn(settle(held, self.outcome.clone())).await;
        settled
            .map_err(|_| sqlx::Error::WorkerCrashed)?
            .map_err(|cause| sqlx::Error::Io(std::io::Error::other(format!("the commit failed: {cause}"))))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let (None, Ok(runtime)) = (self.outcome.get(), Handle::try_current()) {
            let (open, outcome) = (self.writes.open.clone(), self.outcome.clone());
            runtime.spawn(async move { settle(open.lock_owned().await, outcome).await });
        }
    }
}

async fn settle(mut held: Held, outcome: Outcome) -> Result<(), String> {
    if outcome.get().is_none() {
        commit(&mut held).await;
    }
    outcome.get().cloned().unwrap_or_else(|| Err("its database transaction is gone".to_owned()))
}

async fn commit(held: &mut Held) {
    let Some(batch) = held.take() else { return };
    // A connection on which this fails is not reused (`connect.rs`).
    let committed = batch.tx.commit().await.map_err(|error| error.to_string());
    if let Err(cause) = &committed {
        tracing::error!(cause, writers = batch.members, "SQLite could not commit");
    }
    let _ = batch.outcome.set(committed);
}
