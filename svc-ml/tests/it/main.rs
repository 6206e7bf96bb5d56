//! The models service over its wire, on real media with the real models.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calibrations;
mod degenerate;
mod enrollment;
mod recognition;
mod refusals;
mod services;
mod world;
