//! One time of day for all processes of a database: PostgreSQL's. Leases and expiries that one process writes and
//! another reads must not depend on the clock of either machine.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::task::AbortHandle;

use crate::{Config, Db, Error};

/// How often the database's time is read. In between, the monotonic clock counts.
const REFRESH_INTERVAL: Duration = Duration::from_secs(30);

/// Returns milliseconds UTC by the clock of PostgreSQL; with SQLite, which one process uses, by `local`.
///
/// # Errors
/// When the database cannot be opened.
pub async fn shared_clock(
    config: &Config,
    local: fn() -> i64,
) -> Result<Arc<dyn Fn() -> i64 + Send + Sync>, Error> {
    if !config.may_have_replicas() {
        return Ok(Arc::new(local));
    }
    let db = Db::connect(&Config { max_connections: 1, ..config.clone() }).await?;
    let first = read_time(&db).await.map_err(Error::Open)?;
    let reading = Arc::new(Mutex::new(first));
    let refreshing = tokio::spawn(refresh(db, Arc::clone(&reading)));
    let clock = SharedClock { reading, refreshing: refreshing.abort_handle() };
    Ok(Arc::new(move || clock.now_ms()))
}

struct SharedClock {
    reading: Arc<Mutex<Reading>>,
    refreshing: AbortHandle,
}

/// The database's time at an instant of this process.
#[derive(Clone, Copy)]
struct Reading {
    at: Instant,
    database_ms: i64,
}

impl SharedClock {
    fn now_ms(&self) -> i64 {
        let reading = *self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let since_ms = i64::try_from(reading.at.elapsed().as_millis()).unwrap_or(i64::MAX);
        reading.database_ms.saturating_add(since_ms)
    }
}

impl Drop for SharedClock {
    fn drop(&mut self) {
        self.refreshing.abort();
    }
}

async fn refresh(db: Db, reading: Arc<Mutex<Reading>>) {
    loop {
        tokio::time::sleep(REFRESH_INTERVAL).await;
        match read_time(&db).await {
            Ok(read) => *reading.lock().unwrap_or_else(PoisonError::into_inner) = read,
            // The monotonic clock continues meanwhile.
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot read the time of the database"
                );
            }
        }
    }
}

async fn read_time(db: &Db) -> sqlx::Result<Reading> {
    const SQL: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
    let asked = Instant::now();
    let (database_ms,): (i64,) = db.fetch_one(SQL, &[]).await?;
    // The time was read about halfway through the round trip.
    Ok(Reading { at: asked + asked.elapsed() / 2, database_ms })
}
