//! The process that workers are forked from.
//!
//! It holds no secret: its environment is cleared, and of descriptors it has a control socket and whatever one job hands it. It
//! has one thread, so that a fork is a copy of all there is. Loading the binary and FFmpeg's libraries costs more than
//! most files; it is paid once.

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

/// How often ended supervisors are taken off the system's list while there is nothing to do.
const REAP_INTERVAL: Duration = Duration::from_secs(1);

/// A running zygote, ended with this.
#[derive(Debug)]
pub struct Zygote {
    process: Child,
    control: OwnedFd,
}

impl Zygote {
    /// Starts `program` as one.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(program: &Path) -> io::Result<Self> {
        let kind = (AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC);
        let (control, theirs) = socketpair(kind.0, kind.1, kind.2, None)?;
        let mut command = Command::new(program);
        command.arg0("biometry").arg(VERB).env_clear().current_dir("/");
        // The dynamic linker's, where the libraries are not in the usual place. No secret, as nothing here is.
        command.envs(std::env::var_os("LD_LIBRARY_PATH").map(|path| ("LD_LIBRARY_PATH", path)));
        // The allocator would set a gigabyte of addresses aside, which a worker could then use beyond its limit.
        command.env("MIMALLOC_ARENA_RESERVE", "8MiB");
        command.stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { process: command.spawn()?, control })
    }

    /// Hands a job over.
    ///
    /// # Errors
    /// When the zygote is gone.
    pub fn send(&self, job: &Job, descriptors: [BorrowedFd<'_>; 3]) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
        let body = serde_json::to_vec(job)?;
        // One that does not take its jobs is as good as gone.
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        sendmsg(&self.control, &[IoSlice::new(&body)], &mut ancillary, flags)?;
        Ok(())
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        // Workers under way go on; they end with their callers.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The life of a zygote. Ends the process when the service is gone.
pub fn fork_workers() -> ! {
    let code = i32::from(serve().is_err());
    std::process::exit(code);
}

fn serve() -> io::Result<()> {
    leave_signals_to_the_service()?;
    close_inherited()?;
    check_threads()?;
    loop {
        // Nothing to take is no fault.
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        let control = io::stdin();
        let interval = Timespec::try_from(REAP_INTERVAL).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut ready = [PollFd::from_borrowed_fd(control.as_fd(), PollFlags::IN)];
        if poll(&mut ready, Some(&interval))? == 0 {
            continue;
        }
        let Some((job, [file, results, report])) = receive(control.as_fd())? else { return Ok(()) };
        // Where the system has no process to give, the job's pipes are closed, and the service says so.
        if let Ok(Fork::Child) = fork::fork() {
            let code = i32::from(supervise(&job, file, results, report).is_err());
            std::process::exit(code);
        }
    }
}

/// What ends a service, sent to all of its processes at once, leaves the calls under way their workers: those end with
/// their calls, and the zygote with its service.
fn leave_signals_to_the_service() -> io::Result<()> {
    let signals: SigSet =
        [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT].into_iter().collect();
    Ok(signals.thread_block()?)
}

/// A fork copies one thread; what others held would be held for ever.
fn check_threads() -> io::Result<()> {
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    if threads == 1 { Ok(()) } else { Err(io::Error::other("a zygote with several threads")) }
}

fn supervise(job: &Job, file: OwnedFd, results: OwnedFd, report: OwnedFd) -> io::Result<()> {
    // A supervisor that held the control socket would hide the end of its zygote.
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    supervisor::supervise_job(job, File::from(file), PipeWriter::from(results), PipeWriter::from(report))
}

/// The next job; `None` when the service is gone.
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

/// Closes what the service itself inherited and did not mark to be closed: a build tool's pipes, a supervisor's sockets.
fn close_inherited() -> io::Result<()> {
    let names =
        std::fs::read_dir("/proc/self/fd")?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let open: Vec<RawFd> = names.filter_map(|name| name.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The listing's own is closed already.
        let _ = nix::unistd::close(descriptor);
    }
    Ok(())
}
