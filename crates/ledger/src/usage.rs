//! Counts the values of a table by master key.

use std::collections::BTreeMap;

use blob::{KeyId, KeyRing, Purpose};
use db::Db;
use sqlx::AssertSqlSafe;

/// A column of values sealed or wrapped under a master key.
#[derive(Clone, Copy, Debug)]
pub struct SealedColumn {
    pub table: &'static str,
    pub column: &'static str,
    /// One or two columns or expressions of TEXT that identify a row.
    pub key: &'static [&'static str],
    /// Another column or expression of TEXT for the context.
    pub also: Option<&'static str>,
    pub sealing: Sealing,
    /// Returns the context of a value, from the columns of the key (empty: there is no second) and `also`.
    pub context: fn(&str, &str, &str) -> Vec<u8>,
}

/// How the values of a column were sealed.
#[derive(Clone, Copy, Debug)]
pub enum Sealing {
    Sealed(Purpose),
    /// A wrapped data key.
    Wrapped,
    /// Sealed permanently, because it was hashed: another master key adds a layer.
    Layered(Purpose),
}

/// The context of values that are bound to the first column of the key only.
pub fn bound_to_key(key: &str, _: &str, _: &str) -> Vec<u8> {
    key.as_bytes().to_vec()
}

/// The number of values of a column under one master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    pub column: String,
    /// Hex; empty: no known key.
    pub key_id: String,
    pub rows: i64,
}

impl KeyUsage {
    /// The counts of a column.
    pub fn of(column: &str, counts: impl IntoIterator<Item = (Option<KeyId>, u64)>) -> Vec<Self> {
        let usage = |(key, rows): (Option<KeyId>, u64)| Self {
            column: column.to_owned(),
            key_id: key.map(hex::encode).unwrap_or_default(),
            rows: i64::try_from(rows).unwrap_or(i64::MAX),
        };
        counts.into_iter().map(usage).collect()
    }
}

/// Counts the values of each column by master key.
///
/// # Errors
/// When the database fails.
pub async fn count_key_usage(
    db: &Db,
    ring: &KeyRing,
    columns: &[SealedColumn],
) -> sqlx::Result<Vec<KeyUsage>> {
    let mut usage = Vec::new();
    for SealedColumn { table, column, .. } in columns {
        usage.extend(count_column(db, ring, table, column).await?);
    }
    Ok(usage)
}

/// Like [`count_key_usage`], for one column. Both names are constants of the services.
///
/// # Errors
/// When the database fails.
pub async fn count_column(
    db: &Db,
    ring: &KeyRing,
    table: &'static str,
    column: &'static str,
) -> sqlx::Result<Vec<KeyUsage>> {
    // Every sealed value begins with the id of its key.
    let sql = format!(
        "SELECT substr({column}, 1, 8) AS key_id, COUNT(*) FROM {table} \
         WHERE {column} IS NOT NULL AND length({column}) > 8 GROUP BY 1 ORDER BY 1"
    );
    let rows: Vec<(Vec<u8>, i64)> = db.fetch_all(AssertSqlSafe(sql), &[]).await?;
    let mut keys: BTreeMap<Option<KeyId>, u64> = BTreeMap::new();
    for (prefix, rows) in rows {
        let key = prefix.as_slice().try_into().ok().map(|prefix| ring.master_of(prefix));
        *keys.entry(key).or_default() += u64::try_from(rows).unwrap_or_default();
    }
    Ok(KeyUsage::of(&format!("{table}.{column}"), keys))
}

/// Returns the ids of the ring's keys, hex, the active one first.
pub fn key_names(ring: &KeyRing) -> Vec<String> {
    ring.key_ids().into_iter().map(hex::encode).collect()
}
