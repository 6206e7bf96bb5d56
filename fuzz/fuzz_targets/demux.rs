//! Any bytes as a video.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzing::demux(bytes));
