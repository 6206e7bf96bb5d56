//! Which master keys the rows of a table were sealed under.

use blob::KeyRing;
use db::Db;
use sqlx::AssertSqlSafe;

/// A column of values sealed or wrapped under a master key.
#[derive(Clone, Copy, Debug)]
pub struct SealedColumn {
    pub table: &'static str,
    pub column: &'static str,
}

/// How many values of a column were sealed under one master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    pub column: String,
    /// Hex.
    pub key_id: String,
    pub rows: i64,
}

/// Counts the values of each column by the master key they were sealed under.
///
/// # Errors
/// When the database fails.
pub async fn count_key_usage(db: &Db, columns: &[SealedColumn]) -> sqlx::Result<Vec<KeyUsage>> {
    let mut usage = Vec::new();
    for SealedColumn { table, column } in columns {
        // Every sealed value begins with the id of its key. Both names are constants of the services.
        let sql = format!(
            "SELECT substr({column}, 1, 8) AS key_id, COUNT(*) FROM {table} \
             WHERE {column} IS NOT NULL AND length({column}) > 8 GROUP BY 1 ORDER BY 1"
        );
        let rows: Vec<(Vec<u8>, i64)> = db.fetch_all(AssertSqlSafe(sql), &[]).await?;
        usage.extend(rows.into_iter().map(|(key_id, rows)| KeyUsage {
            column: format!("{table}.{column}"),
            key_id: hex::encode(key_id),
            rows,
        }));
    }
    Ok(usage)
}

/// The ids of the ring's keys, hex, that of the sealing key first.
pub fn key_names(ring: &KeyRing) -> Vec<String> {
    ring.key_ids().into_iter().map(hex::encode).collect()
}
