//! Tamper evidence of tables, and the master keys that their values are under.
//!
//! [`open_ring`] is called at each start, before anything is read or written: a process with another key would find
//! nobody, and write rows that the right key cannot verify. [`RowMacs`] authenticate the rows that grant something.
//! [`start_anchoring`] notes where ledgers end outside of their databases. [`rewrap_columns`] and [`Endorser`] bring what is
//! under an earlier master key under the present one. A service implements [`MasterKeys`] for it.
//! [`tree`] makes signed Merkle trees of ledgers.

mod anchor;
mod canary;
mod endorsement;
mod operator;
mod rewrap;
mod ring;
mod rows;
pub mod tree;
mod usage;

pub use anchor::{Anchor, AnchorConfig, AnchorError, Ends, noted_checkpoints, noted_heads, start_anchoring};
pub use canary::Error;
pub use endorsement::Endorser;
pub use operator::{MasterKeys, Opened, distrust_master_key, key_usage, open, rewrap};
pub use rewrap::{Rewrap, rewrap_columns};
pub use ring::{Tables, distrust_unused_key, forget_unused_keys, keep_keys, open_ring};
pub use rows::{MASTER_KEY_OF_ROWS, RowMacs, TamperedRow};
pub use usage::{KeyUsage, SealedColumn, Sealing, bound_to_key, count_column, count_key_usage, key_names};
