//! How many calls that leave rows a project may make a day (UTC): recorded ones, starts of sessions among them, and what
//! else adds or changes something by a key.
//!
//! The day's rows are counted in svc-transactions periodically and in this process in between, so several gateways may
//! together grant a little more.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::core::{Core, caller::Caller, error::Error, transactions::transaction_stats};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const COUNTED_FOR: Duration = Duration::from_secs(300);
/// Projects remembered; beyond it those of other days are forgotten.
const MAX_PROJECTS: usize = 10_000;

/// The calls of this day by project.
pub struct DailyCalls {
    /// 0: no quota.
    most: u64,
    projects: Mutex<HashMap<String, Used>>,
}

#[derive(Clone, Copy)]
struct Used {
    day: i64,
    calls: u64,
    counted_at: Instant,
}

impl DailyCalls {
    pub fn new(most: u64) -> Self {
        Self { most, projects: Mutex::default() }
    }

    /// Counts a call that will leave a row.
    ///
    /// # Errors
    /// 429 when the project's calls of the day are used up.
    pub async fn charge(&self, core: &Core, caller: &Caller) -> Result<(), Error> {
        if self.most == 0 {
            return Ok(());
        }
        let now_ms = boot::now_ms();
        let day = now_ms / DAY_MS;
        let known = self.lock().get(&caller.project_id).copied();
        let known = known.filter(|used| used.day == day);
        let calls = match known {
            Some(used) if used.counted_at.elapsed() < COUNTED_FOR => used.calls,
            _ => self.count(core, caller, day, known).await,
        };
        if calls >= self.most {
            let seconds = u64::try_from(((day + 1) * DAY_MS - now_ms) / 1000).unwrap_or_default().max(1);
            return Err(Error::QuotaUsedUp { calls: self.most, seconds });
        }
        if let Some(used) = self.lock().get_mut(&caller.project_id) {
            used.calls += 1;
        }
        Ok(())
    }

    /// The calls of the day. While they cannot be counted, those of this process are.
    async fn count(&self, core: &Core, caller: &Caller, day: i64, known: Option<Used>) -> u64 {
        let before = known.map_or(0, |used| used.calls);
        let day_ms = (day * DAY_MS, (day + 1) * DAY_MS);
        let counted = transaction_stats(core, caller.project_id.clone(), day_ms.0, day_ms.1, DAY_MS).await;
        let calls = match counted {
            Ok(stats) => stats.buckets.iter().map(|bucket| bucket.total).sum::<u64>().max(before),
            Err(error) => {
                tracing::warn!(%error, "the calls of a project could not be counted for its quota");
                before
            }
        };
        let mut projects = self.lock();
        if projects.len() >= MAX_PROJECTS {
            projects.retain(|_, used| used.day == day);
        }
        projects.insert(caller.project_id.clone(), Used { day, calls, counted_at: Instant::now() });
        calls
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Used>> {
        self.projects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
