//! Workers as they run: real processes, real files; needs `make setup`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile;
#[path = "../../../media/tests/it/hostile_files.rs"]
mod hostile_files;
mod prints;
mod processes;

use std::{
    fs::File,
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use media::{Limits, Pixels, Still, crop_rgb};
use sandbox::{Error, MediaFile, Sandbox};

use crate::processes::{Process, wait_until};

/// The tests look at the processes of this one, so they take turns.
static ONE: Mutex<()> = Mutex::new(());

fn sandbox() -> (Sandbox, MutexGuard<'static, ()>) {
    let turn = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    (Sandbox::of(Some(Path::new(env!("CARGO_BIN_EXE_media-worker")))), turn)
}

fn fixture(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name);
    assert!(path.is_file(), "fixtures/{name} is missing; run `make setup`");
    path
}

fn open(name: &str) -> MediaFile {
    MediaFile::new(File::open(fixture(name)).unwrap()).unwrap()
}

fn spooled(bytes: &[u8]) -> MediaFile {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    MediaFile::new(file).unwrap()
}

fn always() -> Result<(), Error> {
    Ok(())
}

fn thumbnail(frame: &media::Frame<'_>) -> (usize, bool, Vec<u8>) {
    let map = media::Affine::shrink(frame.width() as f32 / 32.0);
    (frame.index, frame.is_repeat, crop_rgb(frame, &map, 32, 32))
}

#[test]
fn a_worker_gives_what_decoding_in_this_process_gives() {
    let (sandbox, _turn) = sandbox();
    for name in ["speaker_crop.mp4", "rotated.mp4", "hevc_opus.mkv", "no_audio.mp4"] {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        let decoded = sandbox.decode_video(&open(name), &Limits::default(), always, |frame| {
            theirs.push(thumbnail(frame));
            Ok::<_, Error>(())
        });
        let expected = media::decode(File::open(fixture(name)).unwrap(), &Limits::default(), |frame| {
            ours.push(thumbnail(frame));
            Ok::<_, media::Error>(())
        });
        let (decoded, expected) = (decoded.unwrap(), expected.unwrap());
        assert_eq!((theirs, decoded.info), (ours, expected.info), "{name}");
        assert_eq!(decoded.audio, expected.audio, "{name}");
    }
    let sound = sandbox.decode_sound(&open("obama_speech.wav"), &Limits::default(), always).unwrap();
    let expected = media::decode_audio(File::open(fixture("obama_speech.wav")).unwrap(), &Limits::default());
    assert_eq!(sound, expected.unwrap());
    let still = sandbox.decode_still(&open("obama.jpg"), always).unwrap();
    assert_eq!(still.rgb, Still::decode(&std::fs::read(fixture("obama.jpg")).unwrap()).unwrap().rgb);
}

#[test]
fn a_worker_reports_what_is_wrong_with_a_file_as_this_process_does() {
    let (sandbox, _turn) = sandbox();
    let refused =
        |bytes: &[u8]| sandbox.decode_sound(&spooled(bytes), &Limits::default(), always).unwrap_err();
    assert!(matches!(refused(b"hello"), Error::Media(media::Error::NotMedia)));
    assert!(matches!(refused(b""), Error::Media(media::Error::NotMedia)));
    let still = sandbox.decode_still(&spooled(b"GIF89a"), always).unwrap_err();
    assert!(matches!(still, Error::Media(media::Error::NotPicture)));
    let silent = sandbox.decode_sound(&open("no_audio.mp4"), &Limits::default(), always).unwrap_err();
    assert!(matches!(silent, Error::Media(media::Error::NoAudio)));
}

#[test]
fn a_worker_holds_no_secret_no_socket_and_cannot_get_one() {
    let (sandbox, _turn) = sandbox();
    // What a service has open: a listener and a database.
    let _listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let database = tempfile::NamedTempFile::new().unwrap();
    let mut is_looked_at = false;
    let decoded = sandbox.decode_video(&open("speaker_crop.mp4"), &Limits::default(), always, |_| {
        if std::mem::replace(&mut is_looked_at, true) {
            return Ok::<_, Error>(());
        }
        let worker = Process::worker();
        for process in [Process::zygote(), Process::supervisor(), worker] {
            let names: Vec<String> = process.environment();
            let known = ["LD_LIBRARY_PATH", "MIMALLOC_ARENA_RESERVE"];
            assert!(names.iter().all(|name| known.contains(&name.as_str())), "{names:?}");
            assert!(!process.descriptors().iter().any(|d| *d == database.path().display().to_string()));
        }
        let descriptors = worker.descriptors();
        let is_allowed =
            |d: &String| d == "/dev/null" || d.starts_with("pipe:") || d.ends_with("speaker_crop.mp4");
        assert!(descriptors.iter().all(is_allowed), "{descriptors:?}");
        assert_eq!(worker.status("Seccomp:").as_deref(), Some("2"));
        assert_eq!(worker.status("NoNewPrivs:").as_deref(), Some("1"));
        Ok(())
    });
    decoded.unwrap();
    assert!(is_looked_at);
}

#[test]
fn a_worker_that_is_killed_costs_its_own_call_alone() {
    let (sandbox, _turn) = sandbox();
    let other = sandbox.clone();
    let beside = thread::spawn(move || {
        other.decode_video(&open("small.mp4"), &Limits::default(), always, |_| Ok::<_, Error>(()))
    });
    beside.join().unwrap().unwrap();
    let mut is_killed = false;
    let killed = sandbox.decode_video(&open("speaker_crop.mp4"), &Limits::default(), always, |_| {
        if !std::mem::replace(&mut is_killed, true) {
            Process::worker().kill();
        }
        Ok::<_, Error>(())
    });
    assert!(matches!(killed, Err(Error::Killed)), "{killed:?}");
    // Without a zygote, calls under way go on, and the next one gets a new zygote.
    let mut is_orphaned = false;
    let orphaned = sandbox.decode_video(&open("speaker_crop.mp4"), &Limits::default(), always, |_| {
        if !std::mem::replace(&mut is_orphaned, true) {
            Process::zygote().kill();
        }
        Ok::<_, Error>(())
    });
    orphaned.unwrap();
    sandbox.decode_still(&open("obama.jpg"), always).unwrap();
}

#[test]
fn a_disconnected_or_late_caller_leaves_no_worker() {
    let (sandbox, _turn) = sandbox();
    let file = open("speaker_crop.mp4");
    let stopped = sandbox.decode_video(&file, &Limits::default(), always, |frame| {
        if frame.index == 3 { Err(Error::Killed) } else { Ok(()) }
    });
    assert!(stopped.is_err());
    wait_until("the worker is gone", || Process::workers().is_empty());
    // Also one that writes nothing: a picture of sixty megapixels takes a while.
    let picture = spooled(&hostile_files::png(7740, 7740));
    let started = Instant::now();
    sandbox.decode_still(&picture, always).unwrap();
    let whole = started.elapsed();
    // The fastest of several attempts: on a loaded machine any single one may be late.
    let stopped_after = |_| {
        let started = Instant::now();
        let late = || if started.elapsed() > whole / 10 { Err(Error::Killed) } else { Ok(()) };
        assert!(sandbox.decode_still(&picture, late).is_err());
        started.elapsed()
    };
    let fastest = (0..5).map(stopped_after).min().unwrap();
    assert!(fastest < whole / 2, "{fastest:?} of {whole:?}");
    wait_until("the worker is gone", || Process::workers().is_empty());
}

#[test]
fn a_stopping_service_completes_its_calls_in_progress() {
    let (sandbox, _turn) = sandbox();
    let mut is_signalled = false;
    let decoded = sandbox.decode_video(&open("speaker_crop.mp4"), &Limits::default(), always, |_| {
        if !std::mem::replace(&mut is_signalled, true) {
            for process in [Process::zygote(), Process::supervisor(), Process::worker()] {
                ["-TERM", "-INT", "-HUP"].into_iter().for_each(|signal| process.signal(signal));
            }
        }
        Ok::<_, Error>(())
    });
    decoded.unwrap();
}

/// Has the kernel answer this thread, and what it starts, as one without seccomp does.
fn deny_seccomp() {
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, SeccompCondition,
        SeccompFilter, SeccompRule,
    };
    let is_filter = SeccompCondition::new(0, Dword, Eq, libc::PR_SET_SECCOMP as u64).unwrap();
    let rules = [
        (libc::SYS_seccomp, Vec::new()),
        (libc::SYS_prctl, vec![SeccompRule::new(vec![is_filter]).unwrap()]),
    ];
    let denied = SeccompAction::Errno(libc::EINVAL as u32);
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules.into_iter().collect(), SeccompAction::Allow, denied, arch).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    seccompiler::apply_filter(&program).unwrap();
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_kernel_that_filters_no_system_calls_is_warned_of_once_and_files_are_decoded() {
    let (sandbox, _turn) = sandbox();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let decoding = thread::spawn(move || {
        deny_seccomp();
        tracing::subscriber::with_default(subscriber, || {
            sandbox.decode_still(&open("obama.jpg"), always).unwrap();
            sandbox.decode_still(&open("obama.jpg"), always).unwrap();
        });
    });
    decoding.join().unwrap();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert_eq!(log.matches("this kernel cannot filter system calls (seccomp)").count(), 1, "{log}");
}
