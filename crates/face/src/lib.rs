//! crate face.
