//! The tables of endpoints and of deliveries.

pub mod deliveries;
pub mod endpoints;

use db::Db;

#[derive(Clone, Debug)]
pub struct Store {
    pub db: Db,
}
