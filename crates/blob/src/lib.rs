//! crate blob.
