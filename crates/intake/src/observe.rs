//! The load of the workers, as metrics. Without a recorder the macros do nothing.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use crate::Workers;

const PERIOD: Duration = Duration::from_secs(1);

/// Reports the load of `workers` as gauges labelled `pool`, until they are dropped.
pub fn report_load<E: Send + Sync + 'static>(pool: &'static str, workers: &Arc<Workers<E>>) {
    let workers = Arc::downgrade(workers);
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(PERIOD);
        while let Some(load) = upgrade(&workers) {
            show(pool, load);
            ticks.tick().await;
        }
    });
}

fn upgrade<E: 'static>(workers: &Weak<Workers<E>>) -> Option<[usize; 3]> {
    workers.upgrade().map(|workers| workers.load())
}

fn show(pool: &'static str, [admitted, threads, capacity]: [usize; 3]) {
    let gauges = [
        ("biometry_workers_admitted", admitted),
        ("biometry_workers_queued", admitted.saturating_sub(threads)),
        ("biometry_workers_busy", admitted.min(threads)),
        ("biometry_workers_threads", threads),
        ("biometry_workers_capacity", capacity),
    ];
    for (name, value) in gauges {
        metrics::gauge!(name, "pool" => pool).set(u32::try_from(value).unwrap_or(u32::MAX));
    }
}
