//! The process that workers are forked from.
//!
//! It holds no secret: its environment is cleared, and its only descriptors are a control socket and those of the
//! current job. It has one thread, so that a fork copies all of its state. Loading the binary and FFmpeg's libraries
//! costs more than decoding most files; the zygote pays for it once.

use std::{
    fs::File,
    io::{self, IoSlice, IoSliceMut, PipeWriter},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd, RawFd},
        unix::process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fork::Fork;
use nix::sys::signal::{SigSet, Signal};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
    },
    process::{WaitOptions, wait},
};

use crate::{
    VERB, supervisor,
    wire::{Job, MAX_JOB_BYTES},
};

/// How often an idle zygote reaps ended supervisors.
const REAP_INTERVAL: Duration = Duration::from_secs(1);

/// A running zygote; it is killed when this is dropped.
#[derive(Debug)]
pub struct Zygote {
    process: Child,
    control: OwnedFd,
}

impl Zygote {
    /// Starts `program` as a zygote.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(program: &Path) -> io::Result<Self> {
        let kind = (AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC);
        let (control, theirs) = socketpair(kind.0, kind.1, kind.2, None)?;
        let mut command = Command::new(program);
        command.arg0("biometry").arg(VERB).env_clear().current_dir("/");
        // The dynamic linker needs it where the libraries are not in the usual directory. It is not secret.
        command.envs(std::env::var_os("LD_LIBRARY_PATH").map(|path| ("LD_LIBRARY_PATH", path)));
        // The allocator would reserve a gigabyte of address space, which a worker could then use beyond its limit.
        command.env("MIMALLOC_ARENA_RESERVE", "8MiB");
        command.stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { process: command.spawn()?, control })
    }

    /// Sends a job to the zygote.
    ///
    /// # Errors
    /// When the zygote is gone.
    pub fn send(&self, job: &Job, descriptors: [BorrowedFd<'_>; 3]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
        let body = serde_json::to_vec(job)?;
        // A zygote that does not accept jobs counts as ended.
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        sendmsg(&self.control, &[IoSlice::new(&body)], &mut ancillary, flags)?;
        Ok(())
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        // Running workers continue; they end with their callers.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the zygote. Exits the process when the service is gone.
pub fn fork_workers() -> ! {
    let code = i32::from(serve().is_err());
    std::process::exit(code);
}

fn serve() -> io::Result<()> {
    leave_signals_to_the_service()?;
    close_inherited()?;
    check_threads()?;
    loop {
        // An empty socket is not an error.
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        let control = io::stdin();
        let interval = Timespec::try_from(REAP_INTERVAL).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut ready = [PollFd::from_borrowed_fd(control.as_fd(), PollFlags::IN)];
        if poll(&mut ready, Some(&interval))? == 0 {
            continue;
        }
        let Some((job, [file, results, report])) = receive(control.as_fd())? else { return Ok(()) };
        // When the system cannot create a process, the job's pipes are closed and the service reports the error.
        if let Ok(Fork::Child) = fork::fork() {
            let code = i32::from(supervise(&job, file, results, report).is_err());
            std::process::exit(code);
        }
    }
}

/// Blocks signals that are sent to a whole process group, so that calls in progress do not lose their workers: workers
/// end with their calls, and the zygote with its service.
fn leave_signals_to_the_service() -> io::Result<()> {
    let signals: SigSet =
        [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT].into_iter().collect();
    Ok(signals.thread_block()?)
}

/// A fork copies one thread; locks held by other threads would never be released.
fn check_threads() -> io::Result<()> {
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    if threads == 1 { Ok(()) } else { Err(io::Error::other("a zygote with several threads")) }
}

fn supervise(job: &Job, file: OwnedFd, results: OwnedFd, report: OwnedFd) -> io::Result<()> {
    // A supervisor that held the control socket would hide the end of its zygote.
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    supervisor::supervise_job(job, File::from(file), PipeWriter::from(results), PipeWriter::from(report))
}

/// Receives the next job; `None` when the service is gone.
fn receive(control: BorrowedFd<'_>) -> io::Result<Option<(Job, [OwnedFd; 3])>> {
    let mut body = [0; MAX_JOB_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received =
        recvmsg(control, &mut [IoSliceMut::new(&mut body)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let descriptors: Vec<OwnedFd> = ancillary
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        })
        .flatten()
        .collect();
    let descriptors = descriptors.try_into().map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Some((serde_json::from_slice(&body[..received.bytes])?, descriptors)))
}

/// Closes descriptors that the service inherited without close-on-exec: pipes of a build tool, sockets of a supervisor.
fn close_inherited() -> io::Result<()> {
    let names =
        std::fs::read_dir("/proc/self/fd")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let open: Vec<RawFd> = names.filter_map(|name| name.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The descriptor of the directory listing is closed already.
        let _ = nix::unistd::close(descriptor);
    }
    Ok(())
}
