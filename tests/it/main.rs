//! Whole-system tests: every scenario against the embedded process AND the split processes, over HTTP, with real media
//! and real models. `make test` prepares what they need; a missing part fails the test with the command to run.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod architecture;
mod backup;
mod bad_input;
mod chaos;
mod cli;
mod consent;
mod dialects;
mod docauth;
mod enroll;
mod enroll_voice;
mod evaluate;
mod geo;
#[path = "../../crates/media/tests/it/hostile_files.rs"]
mod hostile_files;
mod hostile_media;
mod keys;
mod load;
mod match_faces;
mod media;
mod metrics;
mod multipart;
mod operator;
mod process_tree;
mod process_video;
mod project;
mod replays;
mod replicas;
mod rules;
mod schemathesis;
mod sdk;
mod server;
mod sessions;
mod sim_swap;
mod steady;
mod storage;
mod subjects;
mod tenants;
mod traces;
mod transactions;
mod webhooks;
mod wire;
mod world;

/// Runs one scenario in both deployments: `both_modes!(name, scenario)` with `async fn scenario(world: &World)`.
macro_rules! both_modes {
    ($($scenario:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(crate::world::embedded()).await;
            })+
        }
        mod split {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(crate::world::split()).await;
            })+
        }
    };
}
pub(crate) use both_modes;
