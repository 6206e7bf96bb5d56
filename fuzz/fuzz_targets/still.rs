//! Any bytes as a picture of a face.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::still(bytes));
