//! Any text as scoring rules and what a document gave.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::rules(bytes));
