//! Any bytes as the body of an upload.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::form(bytes));
