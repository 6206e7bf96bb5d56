//! The status of a service without space to store something, and its decoding by the caller.

use std::{error::Error, fmt, io};

use tonic::{Code, Status, metadata::MetadataValue};

/// The metadata key of errors with a stable word.
const WORD: &str = "x-word";

/// The exhausted limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageLimit {
    /// The disk, or the share of it that may be used.
    Full,
    /// The quota of one project.
    QuotaUsedUp,
}

impl StorageLimit {
    /// Returns the stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Full => "storage_full",
            Self::QuotaUsedUp => "storage_quota_used_up",
        }
    }

    /// Returns the status.
    pub fn status(self) -> Status {
        let mut status = Status::resource_exhausted(self.to_string());
        status.metadata_mut().insert(WORD, MetadataValue::from_static(self.word()));
        status
    }

    /// Returns the limit of a status.
    pub fn of(status: &Status) -> Option<Self> {
        let word = status.metadata().get(WORD).filter(|_| status.code() == Code::ResourceExhausted)?;
        [Self::Full, Self::QuotaUsedUp].into_iter().find(|limit| word.as_bytes() == limit.word().as_bytes())
    }
}

impl fmt::Display for StorageLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the server's storage is full",
            Self::QuotaUsedUp => "the project's quota of stored media is used up",
        })
    }
}

/// Whether a full disk, or an exhausted quota of the file system, is the cause of an error.
pub fn is_storage_full(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    let is_full = |error: &io::Error| matches!(error.kind(), StorageFull | QuotaExceeded);
    error.downcast_ref().is_some_and(is_full) || error.source().is_some_and(is_storage_full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_read_back_from_its_status_and_from_no_other() {
        for limit in [StorageLimit::Full, StorageLimit::QuotaUsedUp] {
            assert_eq!(StorageLimit::of(&limit.status()), Some(limit));
        }
        assert_eq!(StorageLimit::of(&Status::resource_exhausted("too many at once")), None);
        let mut other = StorageLimit::Full.status();
        other.metadata_mut().insert(WORD, MetadataValue::from_static("another_word"));
        assert_eq!(StorageLimit::of(&other), None);
    }

    #[derive(Debug, thiserror::Error)]
    #[error("could not be stored")]
    struct Wrapped(#[source] io::Error);

    #[test]
    fn a_full_disk_is_found_beneath_other_errors() {
        // ENOSPC, EDQUOT, EIO.
        for (code, is_full) in [(28, true), (122, true), (5, false)] {
            assert_eq!(is_storage_full(&Wrapped(io::Error::from_raw_os_error(code))), is_full, "{code}");
        }
    }
}
