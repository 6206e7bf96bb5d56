//! Every target for some seconds, so that each run of the tests tries it; more with `make fuzz`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use fuzzing::{Mutations, TARGETS, corpus};

/// How long each target is tried.
const TARGET_TIME: Duration = Duration::from_secs(8);
/// At least so many files for each target, however slow the machine.
const MIN_FILES: usize = 1_000;
/// How many targets are tried side by side.
const THREADS: usize = 2;

#[test]
fn no_target_panics_on_its_corpus_and_mutations_of_it() {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((name, target)) = TARGETS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    try_target(name, *target);
                }
            });
        }
    });
}

#[expect(clippy::print_stdout, reason = "the figures of a run")]
fn try_target(name: &str, target: fuzzing::Target) {
    let seeds = corpus(name).expect("its corpus");
    assert!(seeds.len() > 3, "{name} has no corpus");
    let (until, mut tried) = (Instant::now() + TARGET_TIME, 0);
    for bytes in Mutations::of(seeds, 2026) {
        let survived = catch_unwind(AssertUnwindSafe(|| target(&bytes)));
        assert!(survived.is_ok(), "{name} panicked on {bytes:02x?}");
        tried += 1;
        if tried >= MIN_FILES && Instant::now() > until {
            break;
        }
    }
    println!("{name}: {tried} files");
}

#[test]
fn the_corpora_reach_the_code_behind_the_parsers() {
    let pages = corpus("decode").unwrap();
    assert!(pages.iter().filter(|bytes| document::Page::decode(bytes).is_ok()).count() > 5);
    let limits = media::Limits::default();
    let open = |name: &str, opens: fn(&[u8], &media::Limits) -> bool| {
        let files = corpus(name).unwrap();
        assert!(files.iter().all(|bytes| opens(bytes, &limits)), "{name}: a seed is not read");
    };
    open("demux", |bytes, limits| {
        let source = std::io::Cursor::new(bytes.to_vec());
        media::decode(source, limits, |_| Ok::<_, media::Error>(())).is_ok()
    });
    open("sound", |bytes, limits| media::decode_audio(std::io::Cursor::new(bytes.to_vec()), limits).is_ok());
    open("still", |bytes, _| media::Still::decode(bytes).is_ok());
    let prints = corpus("print").unwrap();
    assert!(prints.iter().any(|bytes| fingerprint::Print::from_bytes(bytes).is_some()));
    assert!(prints.iter().any(|bytes| fingerprint::Template::from_bytes(bytes).is_ok()));
    let score = |print: fingerprint::Print| print.compare(&print).unwrap().score;
    let of_minutiae =
        prints.iter().filter_map(|bytes| fingerprint::Print::from_bytes(bytes)).map(score).max();
    let of_pixels = prints
        .iter()
        .filter_map(|bytes| fingerprint::Print::try_pixels(bytes, 120, bytes.len() as u32 / 120).ok());
    assert!(of_minutiae.max(of_pixels.max()).unwrap() > 0, "minutiae are compared");
    let zones = corpus("zone").unwrap();
    let is_zone = |bytes: &&Vec<u8>| {
        let lines: Vec<_> = String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect();
        document::Mrz::parse_lines(&lines).is_some_and(|zone| zone.all_digits_right())
    };
    assert!(zones.iter().filter(is_zone).count() > 2);
    let rules = corpus("rules").unwrap();
    let is_rules = |bytes: &&Vec<u8>| {
        let text = String::from_utf8_lossy(bytes);
        scoring::Rules::parse(text.lines().next().unwrap_or_default()).is_ok()
    };
    assert!(rules.iter().filter(is_rules).count() > 1);
    let chips = corpus("chip").unwrap();
    let is_object =
        |bytes: &&Vec<u8>| emrtd::SecurityObject::parse(bytes).is_ok_and(|o| o.verify_signature().unwrap());
    assert!(chips.iter().filter(is_object).count() > 2);
    assert!(chips.iter().filter(|bytes| emrtd::read_portrait(bytes).is_ok()).count() > 1);
    let forms = corpus("form").unwrap();
    assert!(forms.iter().filter(|bytes| gateway::fuzzing::form(bytes).len() > 1).count() > 2);
    let headers = corpus("headers").unwrap();
    assert!(headers.iter().filter(|bytes| gateway::fuzzing::headers(bytes).is_some()).count() > 2);
    let tokens = corpus("token").unwrap();
    let ours = |bytes: &&Vec<u8>| gateway::fuzzing::token(bytes, &fuzzing::TOKEN_KEY).is_some();
    assert_eq!(tokens.iter().filter(ours).count(), 1);
}

#[test]
fn equal_seeds_make_equal_files() {
    let files = |start| Mutations::of(corpus("zone").unwrap(), start).take(200).collect::<Vec<_>>();
    assert_eq!(files(1), files(1));
    assert_ne!(files(1), files(2));
}
