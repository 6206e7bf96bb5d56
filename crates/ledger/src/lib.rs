//! Tamper evidence of tables, and the master keys of their values.
//!
//! [`open_ring`] is called at each start, before anything is read or written: a process with another key would find
//! no subject, and write rows that the right key cannot verify. [`RowMacs`] authenticate rows that grant access.
//! [`start_anchoring`] notes the heads of ledgers outside their databases. [`rewrap_columns`] and [`Endorser`] move
//! data of an earlier master key to the active one. A service implements [`MasterKeys`] for this. [`tree`] makes
//! signed Merkle trees of ledgers.

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
