//! Any bytes as the picture of a document.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::decode(bytes));
