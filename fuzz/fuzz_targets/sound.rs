//! Any bytes as a recording.
#![no_main]

// The decoders of sound panic on some damaged files, which `media::decode_audio` catches. libFuzzer's hook would end the process
// before; without it only a panic that leaves the call does.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |bytes: &[u8]| fuzzing::sound(bytes));
