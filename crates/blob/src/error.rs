//! Errors of blob storage.

use std::{io, path::PathBuf};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Errors of storing or reading bytes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The value was changed, truncated, reordered, or sealed for another context; the error does not say which.
    #[error("sealed bytes are damaged or belong elsewhere")]
    Refused,
    /// Sealed under a master key that is not, or no longer, configured.
    #[error("sealed under an unknown master key")]
    UnknownKey,
    /// Sealed under a master key that the operator has distrusted.
    #[error("sealed under a distrusted master key")]
    DistrustedKey,
    #[error("a master key is 32 bytes, as 64 hexadecimal digits or as base64")]
    BadKey,
    #[error("the master key file {file} cannot be used")]
    KeyFile {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("not a valid id: 1 to 80 of a-z, A-Z, 0-9, '-' and '_'")]
    BadId,
    /// The input stream failed; the caller's own error is the source.
    #[error("the bytes to keep could not be read")]
    Input(#[source] Cause),
    #[error("the blob storage failed")]
    Storage(#[from] object_store::Error),
    /// The rest of the disk is reserved for the databases.
    #[error("the disk is almost full; media are not kept")]
    DiskAlmostFull,
    #[error("the project's quota of stored media is used up")]
    QuotaUsedUp,
    /// The system's random generator or cipher failed.
    #[error("cryptography failed")]
    Crypto,
}
