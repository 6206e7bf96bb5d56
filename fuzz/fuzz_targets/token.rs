//! Any text as the token of an API key.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::token(bytes));
