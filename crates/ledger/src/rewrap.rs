//! Rewraps the sealed values of tables under the active master key.
//!
//! A batch of rows is one transaction, and a value is replaced only if it is unchanged since it was read: the service
//! may run meanwhile, and an interrupted rewrap continues where it ended, because each row names its key.

use blob::KeyRing;
use db::Db;
use sqlx::AssertSqlSafe;

use crate::{SealedColumn, Sealing};

/// Options of a rewrap, and its progress report.
pub struct Rewrap<'a> {
    /// Rows per transaction.
    pub batch: u32,
    /// Called with the name of the current column and the number of rows done.
    pub report: &'a mut (dyn FnMut(&str, u64) + Send),
}

/// The first and second column of the key, the extra context, the value.
type Row = (String, String, String, Vec<u8>);

/// Rewraps every value of `columns` under the active key. Values that do not open stay unchanged.
///
/// # Errors
/// When the database fails.
pub async fn rewrap_columns(
    db: &Db,
    ring: &KeyRing,
    columns: &[SealedColumn],
    rewrap: &mut Rewrap<'_>,
) -> sqlx::Result<()> {
    for column in columns {
        let mut after = (String::new(), String::new());
        let mut done = 0;
        loop {
            let rows = next_rows(db, ring, column, &after, rewrap.batch).await?;
            let Some(last) = rows.last() else { break };
            after = (last.0.clone(), last.1.clone());
            done += replace(db, ring, column, &rows).await?;
            (rewrap.report)(&format!("{}.{}", column.table, column.column), done);
        }
    }
    Ok(())
}

async fn next_rows(
    db: &Db,
    ring: &KeyRing,
    column: &SealedColumn,
    after: &(String, String),
    batch: u32,
) -> sqlx::Result<Vec<Row>> {
    const NONE: &str = "CAST('' AS TEXT)";
    let SealedColumn { table, column: value, key, also, .. } = column;
    let (first, second) = (key[0], key.get(1).copied());
    let behind = match second {
        Some(second) => format!("({first}, {second}) > ($3, $4)"),
        None => format!("{first} > $3 AND $4 = ''"),
    };
    // The names are constants of the services.
    let sql = format!(
        "SELECT {first}, {}, {}, {value} FROM {table} WHERE {value} IS NOT NULL AND length({value}) > 8 \
         AND substr({value}, 1, 8) <> $1 AND substr({value}, 1, 8) <> $2 AND {behind} \
         ORDER BY {} LIMIT $5",
        second.unwrap_or(NONE),
        also.unwrap_or(NONE),
        key.join(", "),
    );
    let [id, layer] = ring.current_prefixes();
    let asked = db::params![id.as_slice(), layer.as_slice(), &after.0, &after.1, batch.max(1)];
    db.fetch_all(AssertSqlSafe(sql), asked).await
}

async fn replace(db: &Db, ring: &KeyRing, column: &SealedColumn, rows: &[Row]) -> sqlx::Result<u64> {
    let SealedColumn { table, column: value, key, .. } = column;
    let second = key.get(1).map_or("$4 = ''".to_owned(), |second| format!("{second} = $4"));
    let sql = format!("UPDATE {table} SET {value} = $1 WHERE {} = $3 AND {second} AND {value} = $2", key[0]);
    let mut done = 0;
    let mut tx = db.begin().await?;
    for (first, second, also, stored) in rows {
        let context = (column.context)(first, second, also);
        let anew = match column.sealing {
            Sealing::Sealed(purpose) => ring.reseal(purpose, &context, stored),
            Sealing::Wrapped => ring.rewrap_key(&context, stored),
            Sealing::Layered(purpose) => ring.add_layer(purpose, &context, stored),
        };
        match anew {
            Ok(Some(anew)) => {
                let set = db::params![&anew, stored, first, second];
                done += tx.execute(AssertSqlSafe(sql.clone()), set).await?;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(table, value, %error, "a value cannot be rewrapped"),
        }
    }
    tx.commit().await?;
    Ok(done)
}
