//! Sealed chunks of a stored object, changed anywhere.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::chunks(bytes));
