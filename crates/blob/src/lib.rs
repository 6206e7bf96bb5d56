//! Blob storage: bytes encrypted under keys of this deployment, in a local folder or in S3, until they expire.
//!
//! [`KeyRing`] holds the master keys and nothing else ever sees them. It wraps a random [`DataKey`] for each blob or
//! subject ([envelope encryption]: erasing the wrapped key erases what it sealed), seals short-lived values for one
//! purpose, and makes keyed fingerprints to look names up by. [`Store`] keeps streams: each blob is cut into chunks,
//! each authenticated with its number and whether it is the last, so what is read back is what was written or an error.
//!
//! Invariants: every sealed value is bound to its context (another tenant, id or purpose is refused); nothing is left
//! behind by a write that failed; ids are checked before they become a path; keys are wiped from memory when dropped.
//!
//! Callers: `svc-sessions` (the last video of a session), `svc-ml` (templates, candidates).
//!
//! [envelope encryption]: https://docs.aws.amazon.com/wellarchitected/latest/financial-services-industry-lens/use-envelope-encryption-with-customer-master-keys.html

mod chunks;
mod config;
mod error;
#[cfg(test)]
mod full_disk;
#[doc(hidden)]
pub mod fuzzing;
mod id;
mod keys;
mod rewrap;
mod seal;
mod store;
mod usage;

pub use config::{Config, KeyConfig, Limits, S3};
pub use error::Error;
pub use id::{BlobId, Tenant};
pub use keys::{KeptKey, KeyId, KeyRing, Mac, Purpose, SigningKey};
pub use seal::DataKey;
pub use store::Store;
