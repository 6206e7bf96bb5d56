//! The state of the HTTP side, shared by all handlers and middleware.

use std::sync::Arc;

use anyhow::Context;
use shares::FairPool;

use crate::{
    config::Config,
    core::{Core, services::Peers},
    http::{geo::GeoIp, rate_limit::RateLimits, redis_state::SharedState},
};

/// The handles every handler works with; clones share them.
#[derive(Clone)]
pub struct Gateway(Arc<Handles>);

struct Handles {
    core: Core,
    upload_places: FairPool,
    rate_limits: RateLimits,
    geo: GeoIp,
    config: Config,
}

impl Gateway {
    pub fn new(config: Config, services: Peers) -> anyhow::Result<Self> {
        let shared =
            config.redis_url.as_ref().map(SharedState::open).transpose().context("gateway.redis_url")?;
        Ok(Self(Arc::new(Handles {
            upload_places: FairPool::new(config.max_uploads),
            rate_limits: RateLimits::new(&config.rate_limit, shared)?,
            geo: GeoIp::open(&config)?,
            core: Core::start(&config, services),
            config,
        })))
    }

    pub fn core(&self) -> &Core {
        &self.0.core
    }

    /// Shared fairly by project.
    pub fn upload_places(&self) -> &FairPool {
        &self.0.upload_places
    }

    pub fn rate_limits(&self) -> &RateLimits {
        &self.0.rate_limits
    }

    pub fn geo(&self) -> &GeoIp {
        &self.0.geo
    }

    pub fn config(&self) -> &Config {
        &self.0.config
    }
}
