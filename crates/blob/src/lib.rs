//! Blob storage: bytes encrypted under keys of this deployment, in a local folder or in S3, until they expire.
//!
//! [`KeyRing`] holds the master keys, which never leave it. It wraps a random [`DataKey`] for each blob or subject
//! ([envelope encryption]: erasing the wrapped key erases the data sealed under it), seals short-lived values for one
//! purpose, and makes keyed fingerprints to look names up by. [`Store`] stores streams: each blob is split into
//! chunks, each authenticated with its number and whether it is the last, so a read returns exactly the written bytes
//! or an error.
//!
//! Invariants: every sealed value is bound to its context (another tenant, id or purpose is rejected); a failed write
//! leaves nothing behind; ids are validated before they become a path; keys are wiped from memory when dropped.
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
