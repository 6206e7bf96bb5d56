//! Any lines as the headers of a request.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::headers(bytes));
