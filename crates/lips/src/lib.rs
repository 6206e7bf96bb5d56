//! crate lips.
