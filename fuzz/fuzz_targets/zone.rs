//! Any lines as a machine readable zone.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let lines: Vec<String> = text.lines().take(3).map(str::to_owned).collect();
    let _ = document::Mrz::parse_lines(&lines);
});
