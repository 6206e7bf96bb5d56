//! Errors of blob storage.

use std::{io, path::PathBuf};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why bytes could not be kept or read back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The value was changed, cut, reordered, or sealed for another context. Which of these is not told.
    #[error("sealed bytes are damaged or belong elsewhere")]
    Refused,
    /// Sealed under a master key this deployment does not have (any more).
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
    /// The bytes to keep stopped coming; the caller's own error is the source.
    #[error("the bytes to keep could not be read")]
    Input(#[source] Cause),
    #[error("the blob storage failed")]
    Storage(#[from] object_store::Error),
    /// The disk's last bytes are for the databases.
    #[error("the disk is almost full; media are not kept")]
    DiskAlmostFull,
    #[error("the project's quota of stored media is used up")]
    QuotaUsedUp,
    /// The system's random generator or cipher failed; nothing a caller can do.
    #[error("cryptography failed")]
    Crypto,
}
