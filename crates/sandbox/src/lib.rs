//! Decodes untrusted media in processes without secrets.
//!
//! A service never decodes a caller's file itself. [`Sandbox`] starts the service's own binary again as a *zygote*
//! (subcommand `media-worker`): its environment is cleared, and it has no key, no database and no socket. For each file
//! the zygote forks a *supervisor*, and that a *worker*, which receives the file and a pipe as descriptors, drops
//! everything else (memory, CPU time, descriptors, system calls: `lockdown`), decodes, and exits. Frames, audio and
//! pixels come back over the pipe as bounded, typed messages (`wire`), which are validated like any other input.
//!
//! Invariants: a worker decodes one file and never sees another; a worker that crashes, is killed or reaches a limit
//! affects only its own call; when the caller is gone or late, the worker is killed within a tenth of a second,
//! whatever it is doing.
//!
//! Callers: `svc-ml` and `svc-docauth`; each of their binaries calls [`run_if_worker`] before anything else.

mod call;
mod error;
mod lockdown;
mod media_file;
mod supervisor;
mod wire;
mod worker;
mod zygote;

pub use call::Sandbox;
pub use error::Error;
pub use media_file::MediaFile;

/// The subcommand that starts a binary as a zygote.
const VERB: &str = "media-worker";

/// Runs the zygote and does not return if this process was started as one. Must be called before any thread is started.
pub fn run_if_worker() {
    if std::env::args_os().nth(1).is_some_and(|verb| verb == VERB) {
        zygote::fork_workers();
    }
}
