//! How a file comes in and has its turn.
//!
//! A caller asks for a place and is answered at once ([`Workers::admit`]); with one, its bytes go into a file without a name
//! ([`spool`]), and the file to the next free worker ([`Workers::run`]).
//!
//! Invariants: who finds no place is refused before a byte is read, so memory and disk stay flat under overload; nothing is
//! left of a file whatever happens; a panic costs the call it happened in. This crate knows no service.

mod error;
mod observe;
mod queue;
mod spool;
mod workers;

pub use error::Error;
pub use observe::report_load;
pub use spool::{Bounds, Spool, spool};
pub use workers::{Failure, Place, Watch, Workers};
