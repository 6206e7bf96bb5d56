//! What a service can tell about tables that somebody else wrote to.
//!
//! [`check_master_key`] is called at each start, before anything is read or written: a process with another key would find
//! nobody, and write rows that the right key cannot verify. [`RowMacs`] authenticate the rows that grant something.
//! [`start_anchoring`] notes where ledgers end outside of their databases.

mod anchor;
mod canary;
mod rows;
mod usage;

pub use anchor::{Anchor, AnchorConfig, AnchorError, noted_heads, start_anchoring};
pub use canary::{Error, check_master_key};
pub use rows::{RowMacs, TamperedRow};
pub use usage::{KeyUsage, SealedColumn, count_key_usage, key_names};
