//! Databases for tests: every test against an empty SQLite file and an empty PostgreSQL schema. A dev-dependency only.
//!
//! - [`each_config`] runs a test for each database with a [`db::Config`], as a service is configured;
//! - [`each_db`] does the same with an open pool and migrations applied, as a store receives it;
//! - [`Operator`] is a mobile operator that offers the CAMARA SIM Swap API, and [`mmdb`] writes a geolocation database;
//! - [`MailServer`] stores the mail it receives;
//! - [`Receiver`] is a customer's server that receives webhooks;
//! - [`postgres`] is the server alone: [`Postgres::url`], and [`Postgres::config`] for an empty schema of its own;
//! - [`Prometheus`] scrapes processes under test;
//! - [`Redis`] is a server for one test, which can stop it;
//! - [`S3`] stores objects, and [`Balancer`] balances several gateways;
//! - [`SyncWatch`] records which files the process syncs to disk;
//! - [`wait_until`] waits for a condition, with a limit.
//!
//! ```no_run
//! # async fn example(migrations: &sqlx::migrate::Migrator) {
//! testkit::each_db(migrations, async |db| {
//!     // test code that uses `db`
//! })
//! .await;
//! # }
//! ```
//!
//! The server is Debian's `postgresql`, started once for each test binary at the first call, on a Unix socket in a
//! temporary folder. A guard process stops it however the test process ends (a panic, a kill): it waits for the end of
//! a pipe that only the test process holds. Without PostgreSQL installed the tests FAIL.

mod balancer;
mod guard;
mod mail;
mod mmdb;
mod operator;
mod ports;
mod postgres;
mod prometheus;
mod receiver;
mod redis;
mod s3;
mod syncs;
mod wait;

use std::sync::atomic::{AtomicU32, Ordering};

use db::Db;
use sqlx::migrate::Migrator;

pub use balancer::Balancer;
pub use mail::{Mail, MailServer};
pub use mmdb::{Place, mmdb};
pub use operator::{Known, Operator, Play};
pub use postgres::{Postgres, postgres};
pub use prometheus::Prometheus;
pub use receiver::{Hook, Receiver};
pub use redis::Redis;
pub use s3::S3;
pub use syncs::SyncWatch;
pub use wait::wait_until;

/// Runs `test` with the configuration of an empty SQLite file, then with that of an empty PostgreSQL schema.
pub async fn each_config(mut test: impl AsyncFnMut(db::Config)) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    eprintln!("on SQLite");
    test(db::Config::sqlite(&folder.path().join("test.db"))).await;
    eprintln!("on PostgreSQL");
    test(postgres().config(&unique_schema())).await;
}

/// Runs `test` with an open pool and `migrations` applied, on SQLite, then on PostgreSQL.
pub async fn each_db(migrations: &Migrator, mut test: impl AsyncFnMut(Db)) {
    each_config(async |config| {
        let db = Db::open(&config, migrations).await.expect("the migrations run");
        test(db.clone()).await;
        db.close().await;
    })
    .await;
}

/// Returns a schema name that no other test of this binary uses.
pub fn unique_schema() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
