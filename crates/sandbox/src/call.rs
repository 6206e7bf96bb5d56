//! The service's side: one file, one worker, and its results as they arrive.

use std::{
    fs::File,
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::fd::{AsFd, AsRawFd},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use fingerprint::{Comparison, Print, Template};
use media::{Decoded, FPS, Frame, Limits, Still};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{
    Error, MediaFile,
    supervisor::End,
    wire::{Done, HEADER_BYTES, Job, Tag, read_sound, read_still},
    zygote::Zygote,
};

/// Bytes that a worker may be ahead of its reader: two frames of 640x480, the largest pipe an unprivileged process can
/// have.
const PIPE_BYTES: usize = 1 << 20;
/// How often the caller is checked while a worker is silent.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// How long the first worker may take to start.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// Decodes files in separate processes. Clones share one zygote, which is started with the first file.
#[derive(Clone, Debug)]
pub struct Sandbox(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    program: PathBuf,
    zygote: Mutex<Option<Zygote>>,
    has_warned: AtomicBool,
}

impl Sandbox {
    /// Uses `program` for workers, or else this process's own binary; it must call [`crate::run_if_worker`].
    pub fn of(program: Option<&Path>) -> Self {
        // Refers to the file itself, even after a newer version has replaced it at this path.
        let program = program.unwrap_or(Path::new("/proc/self/exe"));
        Self(Arc::new(Shared {
            program: program.to_owned(),
            zygote: Mutex::new(None),
            has_warned: AtomicBool::new(false),
        }))
    }

    /// Starts a worker that decodes nothing, to check that workers can be started.
    ///
    /// # Errors
    /// [`Error::Start`], [`Error::Killed`], [`Error::Crashed`].
    pub fn probe(&self) -> Result<(), Error> {
        let file = MediaFile::new(File::open("/dev/null").map_err(Error::Start)?).map_err(Error::Start)?;
        let started = Instant::now();
        let always = || if started.elapsed() < PROBE_TIMEOUT { Ok(()) } else { Err(Error::Killed) };
        let mut call = self.call(Job::Probe, &file, &always)?;
        while call.message(&mut Vec::new(), &always)? != Tag::Done {}
        Ok(())
    }

    /// Decodes a video. `on_frame` gets every frame of the 25 fps clock in order; `check` is called regularly to find
    /// out whether the caller still waits. An error of either ends the worker at once.
    ///
    /// # Errors
    /// Those of `on_frame` and `check`; those of the file; [`Error::Crashed`], [`Error::Killed`] or [`Error::Start`]
    /// when the worker failed.
    pub fn decode_video<E: From<Error>>(
        &self,
        file: &MediaFile,
        limits: &Limits,
        check: impl Fn() -> Result<(), E>,
        mut on_frame: impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<Decoded, E> {
        let mut call = self.call(Job::Video(*limits), file, &check)?;
        let max_frames = ((limits.duration_s + 2.0) * f64::from(FPS)) as usize;
        let (mut body, mut held, mut index, mut audio) = (Vec::new(), Vec::new(), 0, None);
        loop {
            let tag = call.message(&mut body, &check)?;
            match tag {
                Tag::Frame | Tag::Repeat if index < max_frames => {
                    if tag == Tag::Frame {
                        std::mem::swap(&mut body, &mut held);
                    }
                    let frame = Frame::read_from(&held, index, tag == Tag::Repeat).ok_or(Error::Crashed)?;
                    on_frame(&frame)?;
                    index += 1;
                }
                Tag::Sound => audio = Some(read_sound(&body).ok_or(Error::Crashed)?),
                Tag::Done => {
                    let Done::Video { info, unread_sound } = done(&body)? else {
                        return Err(Error::Crashed.into());
                    };
                    return Ok(Decoded { info, audio, unread_sound: unread_sound.map(|name| plain(&name)) });
                }
                _ => return Err(Error::Crashed.into()),
            }
        }
    }

    /// Decodes the audio of a file like [`media::decode_audio`].
    ///
    /// # Errors
    /// As [`Self::decode_video`].
    pub fn decode_sound<E: From<Error>>(
        &self,
        file: &MediaFile,
        limits: &Limits,
        check: impl Fn() -> Result<(), E>,
    ) -> Result<Vec<f32>, E> {
        let mut call = self.call(Job::Sound(*limits), file, &check)?;
        let mut sound = None;
        loop {
            let mut body = Vec::new();
            match call.message(&mut body, &check)? {
                Tag::Sound => sound = Some(read_sound(&body).ok_or(Error::Crashed)?),
                Tag::Done => {
                    done(&body)?;
                    return Ok(sound.ok_or(Error::Crashed)?);
                }
                _ => return Err(Error::Crashed.into()),
            }
        }
    }

    /// Decodes a picture like [`Still::decode`].
    ///
    /// # Errors
    /// As [`Self::decode_video`].
    pub fn decode_still<E: From<Error>>(
        &self,
        file: &MediaFile,
        check: impl Fn() -> Result<(), E>,
    ) -> Result<Still, E> {
        let mut call = self.call(Job::Still, file, &check)?;
        let mut still = None;
        loop {
            let mut body = Vec::new();
            match call.message(&mut body, &check)? {
                Tag::Still => still = Some(read_still(body).ok_or(Error::Crashed)?),
                Tag::Done => {
                    done(&body)?;
                    return Ok(still.ok_or(Error::Crashed)?);
                }
                _ => return Err(Error::Crashed.into()),
            }
        }
    }

    /// The print that a picture shows, as [`Print::from_picture`] reads it; [`fingerprint::Error::Media`] is among the outer errors.
    ///
    /// # Errors
    /// As [`Self::decode_video`].
    pub fn read_print<E: From<Error>>(
        &self,
        file: &MediaFile,
        check: impl Fn() -> Result<(), E>,
    ) -> Result<Result<Print, fingerprint::Error>, E> {
        let mut call = self.call(Job::Print, file, &check)?;
        let mut print = None;
        loop {
            let mut body = Vec::new();
            match call.message(&mut body, &check)? {
                Tag::Print => print = Some(Print::from_bytes(&body).ok_or(Error::Crashed)?),
                Tag::Done => {
                    return match done(&body)? {
                        Done::NoPrint(Some(reason)) => Ok(Err(reason.into())),
                        Done::NoPrint(None) => Ok(Err(fingerprint::Error::Failed)),
                        _ => Ok(Ok(print.ok_or(Error::Crashed)?)),
                    };
                }
                _ => return Err(Error::Crashed.into()),
            }
        }
    }

    /// Compares two fingerprints like [`Template::compare`], within the CPU limit of one file.
    ///
    /// # Errors
    /// As [`Self::decode_video`]; [`media::Error::TooMuchWork`] when it takes longer.
    pub fn compare_prints(&self, a: &Template, b: &Template) -> Result<Option<Comparison>, Error> {
        let pair = rustix::fs::memfd_create("prints", rustix::fs::MemfdFlags::CLOEXEC);
        let mut pair = File::from(pair.map_err(|errno| Error::Start(errno.into()))?);
        pair.write_all(&fingerprint::pair_to_bytes(a, b)).map_err(Error::Start)?;
        let file = MediaFile::new(pair).map_err(Error::Start)?;
        let started = Instant::now();
        let in_time = || if started.elapsed() < PROBE_TIMEOUT { Ok(()) } else { Err(Error::Killed) };
        let mut call = self.call(Job::ComparePrints, &file, &in_time)?;
        let mut body = Vec::new();
        match call.message(&mut body, &in_time)? {
            Tag::Done => match done(&body)? {
                Done::Compared(score) => Ok(Some(Comparison::of(score))),
                _ => Ok(None),
            },
            _ => Err(Error::Crashed),
        }
    }

    /// Passes a job to the zygote, or to a new one if that has ended, and waits until the worker has dropped its
    /// privileges.
    fn call<E: From<Error>>(
        &self,
        job: Job,
        file: &MediaFile,
        check: &impl Fn() -> Result<(), E>,
    ) -> Result<Call<'_>, E> {
        let started = match self.start(&job, file, check) {
            // The zygote ended before it started the job; the next attempt starts a new one.
            Err(Stopped::Worker(Error::Killed)) => self.start(&job, file, check),
            other => other,
        };
        started.map_err(|stopped| match stopped {
            Stopped::Worker(error) => error.into(),
            Stopped::Caller(error) => error,
        })
    }

    fn start<E>(
        &self,
        job: &Job,
        file: &MediaFile,
        check: &impl Fn() -> Result<(), E>,
    ) -> Result<Call<'_>, Stopped<E>> {
        let mut call = self.hand_over(job, file)?;
        let mut body = Vec::new();
        if call.message(&mut body, &|| check().map_err(Stopped::Caller))? != Tag::Ready {
            return Err(Error::Crashed.into());
        }
        call.warn_unless(body == [1]);
        Ok(call)
    }

    /// The write ends of the pipes are closed here, so that the end of the worker, which is the only other writer, is
    /// noticed.
    fn hand_over(&self, job: &Job, file: &MediaFile) -> Result<Call<'_>, Error> {
        let (results, results_end) = io::pipe().map_err(Error::Start)?;
        let (report, report_end) = io::pipe().map_err(Error::Start)?;
        // A smaller pipe is only slower.
        let _ = rustix::pipe::fcntl_setpipe_size(&results, PIPE_BYTES);
        let file = read_only(file.file()).map_err(Error::Start)?;
        self.0.send(job, &file, &results_end, &report_end).map_err(Error::Start)?;
        Ok(Call { results, report, has_warned: &self.0.has_warned })
    }
}

/// Why a call did not start: an error of the worker, or of the caller.
enum Stopped<E> {
    Worker(Error),
    Caller(E),
}

impl<E> From<Error> for Stopped<E> {
    fn from(error: Error) -> Self {
        Self::Worker(error)
    }
}

impl Shared {
    fn send(&self, job: &Job, file: &File, results: &PipeWriter, report: &PipeWriter) -> io::Result<()> {
        let descriptors = [file.as_fd(), results.as_fd(), report.as_fd()];
        let mut zygote = self.zygote.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = zygote.as_ref()
            && running.send(job, descriptors).is_ok()
        {
            return Ok(());
        }
        // The old zygote is killed before the new one starts.
        *zygote = None;
        zygote.insert(Zygote::start(&self.program)?).send(job, descriptors)
    }
}

/// Opens the same file read-only, because a worker must not change it.
fn read_only(file: &File) -> io::Result<File> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    File::open(path).or_else(|_| file.try_clone())
}

/// A running worker. Dropping it closes its pipes, and the supervisor then kills it.
struct Call<'a> {
    results: PipeReader,
    report: PipeReader,
    has_warned: &'a AtomicBool,
}

impl Call<'_> {
    /// Reads the next message, within the bound of its tag, and replaces the contents of `body`.
    fn message<E: From<Error>>(
        &mut self,
        body: &mut Vec<u8>,
        check: &impl Fn() -> Result<(), E>,
    ) -> Result<Tag, E> {
        let mut header = [0; HEADER_BYTES];
        self.fill(&mut header, check)?;
        let [tag, length @ ..] = header;
        let length = u32::from_le_bytes(length) as usize;
        let tag = Tag::from_byte(tag).filter(|tag| length <= tag.max_bytes()).ok_or(Error::Crashed)?;
        body.resize(length, 0);
        self.fill(body, check)?;
        Ok(tag)
    }

    fn fill<E: From<Error>>(
        &mut self,
        mut buffer: &mut [u8],
        check: &impl Fn() -> Result<(), E>,
    ) -> Result<(), E> {
        let interval = Timespec::try_from(CHECK_INTERVAL).map_err(|_| Error::Crashed)?;
        while !buffer.is_empty() {
            check()?;
            let mut ready = [PollFd::from_borrowed_fd(self.results.as_fd(), PollFlags::IN)];
            match poll(&mut ready, Some(&interval)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(_) => return Err(Error::Crashed.into()),
            }
            match self.results.read(buffer) {
                Ok(0) => return Err(self.failure().into()),
                Ok(read) => buffer = buffer.get_mut(read..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Error::Crashed.into()),
            }
        }
        Ok(())
    }

    /// Returns why a worker stopped.
    fn failure(&mut self) -> Error {
        let mut byte = [0];
        match self.report.read(&mut byte) {
            Ok(1) => {}
            // The supervisor was killed too.
            _ => return Error::Killed,
        }
        let end = End::from_byte(byte[0]);
        tracing::warn!(?end, "a media worker ended before its file did");
        match end {
            End::Signalled(signal) if i32::from(signal) == libc::SIGKILL => Error::Killed,
            // The CPU limit was reached, or an allocation beyond the limit failed.
            End::Signalled(signal) if [libc::SIGXCPU, libc::SIGABRT].contains(&i32::from(signal)) => {
                media::Error::TooMuchWork.into()
            }
            End::Signalled(_) | End::Exited => Error::Crashed,
        }
    }

    /// Logs once when the kernel does not filter the system calls of workers.
    fn warn_unless(&self, is_filtered: bool) {
        if !is_filtered && !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "this kernel cannot filter system calls (seccomp); media workers are restricted by resource limits only"
            );
        }
    }
}

fn done(body: &[u8]) -> Result<Done, Error> {
    match serde_json::from_slice(body) {
        Ok(Done::Refused(error)) => Err(readable(error).into()),
        Ok(done) => Ok(done),
        Err(_) => Err(Error::Crashed),
    }
}

/// Reads a refusal that can be shown to a client.
fn readable(error: media::Error) -> media::Error {
    match error {
        media::Error::UnsupportedCodec(name) => media::Error::UnsupportedCodec(plain(&name)),
        other => other,
    }
}

/// Reads the name of a codec, as reported by a process that may be compromised.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(32).collect()
}
