//! Merkle trees over logs, after RFC 6962: a holder of a hash of the log can later prove its content and that it was
//! only appended to.
//!
//! A log is numbered from 0, and a leaf is the documented text of an entry. The tree need not be stored: hashes of
//! whole groups of [`GROUP`] leaves are (`nodes.rs`), with a MAC, so that a proof reads two groups of entries and a
//! few hashes, whatever the size of the log. Appending writes only the entry. The algorithms are in the crate
//! `tlog_tiles`.
//!
//! A checkpoint is the signed size and root of a log; a promise is the signed number and hash of one leaf, made when
//! the entry is recorded (`note.rs`). [`TreeCheck`] finds mismatches.

mod check;
mod nodes;
mod note;
mod proofs;

pub use check::{TreeCheck, TreeFinding};
pub use nodes::{count_node_keys, rewrap_nodes};
pub use note::{LogKeys, LogPublicKey, NoteError, Noted};
pub use proofs::{Leaves, Tree, TreeError};
pub use tlog_tiles::{EMPTY_HASH, Hash, check_record, check_tree, record_hash};

/// Level of a stored hash in the tree.
const GROUP_LEVEL: u8 = 8;
/// Leaves below a stored hash.
pub const GROUP: u64 = 1 << GROUP_LEVEL;

/// Returns the root over `hashes`, whose number is a power of two.
fn perfect_root(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.chunks_exact(2).map(|pair| tlog_tiles::node_hash(pair[0], pair[1])).collect();
    }
    level.first().copied().unwrap_or(EMPTY_HASH)
}

#[cfg(test)]
mod tests {
    use blob::{KeyConfig, KeyRing};
    use db::Db;

    use super::*;

    static TABLES: sqlx::migrate::Migrator = sqlx::migrate!("../../svc-consent/migrations");

    /// Leaves that are numbers.
    struct Numbers;

    fn leaf(index: u64) -> Hash {
        record_hash(&index.to_be_bytes())
    }

    impl Leaves for Numbers {
        type Error = TreeError;

        async fn leaf_hashes(&self, _: &str, from: u64, to: u64) -> Result<Vec<Hash>, TreeError> {
            Ok((from..to).map(leaf).collect())
        }
    }

    fn ring(secret: &str, retired: &[&str]) -> KeyRing {
        let retired = retired.iter().map(|digits| digits.repeat(32).into()).collect();
        let config = KeyConfig { secret: Some(secret.repeat(32).into()), retired, ..KeyConfig::default() };
        KeyRing::open(&config).unwrap()
    }

    fn checked(size: u64) -> TreeCheck {
        let mut check = TreeCheck::default();
        for index in 0..size {
            assert!(check.push(leaf(index)).is_empty());
        }
        check
    }

    #[tokio::test]
    async fn proofs_hold_with_and_without_stored_hashes() {
        testkit::each_config(async |config| {
            let db = Db::open(&config, &TABLES).await.unwrap();
            let tree = Tree::new(db.clone(), ring("07", &[]));
            for stored in [false, true] {
                if stored {
                    tree.integrate("a", 1_100, &Numbers).await.unwrap();
                    tree.integrate("a", 1_500, &Numbers).await.unwrap();
                }
                for size in [1, 2, 255, 256, 257, 700, 1_024, 1_500] {
                    let root = tree.root("a", size, &Numbers).await.unwrap();
                    assert_eq!(root, checked(size).root(), "{size}");
                    for index in [0, size / 3, size - 1] {
                        let proof = tree.inclusion("a", index, size, &Numbers).await.unwrap();
                        check_record(&proof, size, root, index, leaf(index)).unwrap();
                    }
                    for from in [1, size / 2 + 1, size] {
                        let proof = tree.consistency("a", from, size, &Numbers).await.unwrap();
                        check_tree(&proof, size, root, from, checked(from).root()).unwrap();
                    }
                    assert!(tree.inclusion("a", size, size, &Numbers).await.is_err());
                    assert!(tree.consistency("a", 0, size, &Numbers).await.is_err());
                }
            }
            let (rows,): (i64,) = db.fetch_one("SELECT COUNT(*) FROM log_nodes", &[]).await.unwrap();
            assert_eq!(rows, 8, "5 groups, 2 pairs, 1 of four");
        })
        .await;
    }

    #[tokio::test]
    async fn a_changed_hash_is_computed_again_and_a_replaced_key_renews_the_macs() {
        testkit::each_config(async |config| {
            let db = Db::open(&config, &TABLES).await.unwrap();
            Tree::new(db.clone(), ring("07", &[])).integrate("a", 600, &Numbers).await.unwrap();
            let both = ring("08", &["07"]);
            let mut rewrap = crate::Rewrap { batch: 10, report: &mut |_, _| () };
            rewrap_nodes(&db, &both, &mut rewrap).await.unwrap();
            let usage = count_node_keys(&db, &ring("08", &[])).await.unwrap();
            assert_eq!((usage.len(), usage[0].rows, usage[0].key_id.is_empty()), (1, 3, false));

            let change = "UPDATE log_nodes SET hash = (SELECT hash FROM log_nodes WHERE position = 1) WHERE position = 0";
            db.execute(change, &[]).await.unwrap();
            let root = Tree::new(db.clone(), both).root("a", 600, &Numbers).await.unwrap();
            assert_eq!(root, checked(600).root());
        })
        .await;
    }

    #[test]
    fn mismatches_are_found() {
        let mut check = TreeCheck::default();
        let root = |size| checked(size).root();
        for (size, root) in [(2, root(2)), (3, root(4)), (9, root(9)), (0, leaf(0))] {
            check.expect_root(size, root);
        }
        for (index, hash) in [(0, leaf(0)), (1, leaf(9)), (7, leaf(7))] {
            check.expect_leaf(index, hash);
        }
        check.expect_node(5, leaf(1));
        let mut found: Vec<TreeFinding> = (0..5).flat_map(|index| check.push(leaf(index))).collect();
        assert_eq!((check.size(), check.root()), (5, root(5)));
        found.extend(check.finish());
        let expected = [
            TreeFinding::Broken { index: 1 },
            TreeFinding::Forked { size: 3 },
            TreeFinding::Beyond { size: 9, entries: 5 },
            TreeFinding::Gone { index: 7, entries: 5 },
            TreeFinding::Node { position: 5 },
        ];
        assert_eq!(found, expected);
    }
}
