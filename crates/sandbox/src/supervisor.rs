//! The process between the zygote and a worker: it observes how the worker ends, and kills it when the caller is gone.

use std::{
    fs::File,
    io::{self, PipeWriter, Write},
    os::fd::AsFd,
    time::Duration,
};

use fork::Fork;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, WaitOptions, kill_process, waitpid},
};

use crate::{wire::Job, worker};

/// How often the worker is polled.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Exited,
    /// Killed by the signal with this number.
    Signalled(u8),
}

impl End {
    pub fn to_byte(self) -> u8 {
        match self {
            Self::Exited => 0,
            Self::Signalled(signal) => signal,
        }
    }

    pub fn from_byte(byte: u8) -> Self {
        if byte == 0 { Self::Exited } else { Self::Signalled(byte) }
    }
}

/// Forks the worker, waits for it, and reports its end to `report`. The calling process must have one thread.
///
/// # Errors
/// When the system cannot create a process.
pub fn supervise_job(
    job: &Job,
    file: File,
    mut results: PipeWriter,
    mut report: PipeWriter,
) -> io::Result<()> {
    match fork::fork()? {
        Fork::Child => {
            drop(report);
            let code = i32::from(worker::run_job(job, file, &mut results).is_err());
            // Exits instead of returning: the worker must not run the zygote's destructors.
            std::process::exit(code);
        }
        Fork::Parent(pid) => {
            drop(file);
            let pid = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidData)?;
            let end = watch(pid, &results)?;
            report.write_all(&[end.to_byte()])
        }
    }
}

/// Waits for the end of `worker`, and kills it when the reader of its results is gone.
fn watch(worker: Pid, results: &PipeWriter) -> io::Result<End> {
    let interval = Timespec::try_from(LOOK_INTERVAL).map_err(|_| io::ErrorKind::InvalidInput)?;
    loop {
        if let Some((_, status)) = waitpid(Some(worker), WaitOptions::NOHANG)? {
            let signal = status.terminating_signal().and_then(|s| u8::try_from(s).ok());
            return Ok(signal.map_or(End::Exited, End::Signalled));
        }
        // The write end of a pipe reports an error when its read end is closed.
        let mut gone = [PollFd::from_borrowed_fd(results.as_fd(), PollFlags::empty())];
        if poll(&mut gone, Some(&interval)).unwrap_or(0) > 0 {
            // It may have ended already.
            let _ = kill_process(worker, Signal::KILL);
            waitpid(Some(worker), WaitOptions::empty())?;
            return Ok(End::Signalled(Signal::KILL.as_raw() as u8));
        }
    }
}
