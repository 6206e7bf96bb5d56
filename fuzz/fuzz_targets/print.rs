//! Any bytes as the pixels of a print of a finger, and as its minutiae.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::print(bytes));
