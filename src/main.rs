//! The all-in-one binary and CLI.
fn main() {}
