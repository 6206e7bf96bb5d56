//! Any text as a machine readable zone.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::zone(bytes));
