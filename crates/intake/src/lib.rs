//! Admission control, upload spooling and the worker pool.
//!
//! A caller requests a permit and is answered at once ([`Workers::admit`]); with one, its bytes are written to a
//! nameless file ([`spool`]), which the next free worker processes ([`Workers::run_job`]).
//!
//! Invariants: a caller without a permit is rejected before a byte is read, so memory and disk stay bounded under
//! overload; no file is left behind; a panic affects only its own call. This crate knows no service.

mod error;
mod observe;
mod queue;
mod spool;
mod workers;

pub use error::Error;
pub use observe::report_load;
pub use spool::{Bounds, Spool, spool};
pub use workers::{Failure, Place, Watch, Workers};
