//! Any bytes as a file of a document's chip or of the operator's authorities.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::chip(bytes));
