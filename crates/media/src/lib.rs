//! crate media.
