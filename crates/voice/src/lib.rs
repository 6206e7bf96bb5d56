//! crate voice.
