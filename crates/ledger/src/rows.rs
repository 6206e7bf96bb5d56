//! MACs of rows that grant access.
//!
//! An attacker who can write to a database but has no master key must not be able to create an API key, an owner or a
//! session. Each such row has an HMAC, under a key derived for this purpose, over its table and the granting columns;
//! readers check it. It does not detect an older copy of a whole row that was restored: the logs do.

use blob::{KeyId, KeyRing, Mac, Purpose};
use db::Value;

/// The purpose of the MAC keys. Kept when a master key is retired, so that genuine rows under it are distinguished
/// from forged ones.
pub const MASTER_KEY_OF_ROWS: Purpose = Purpose("authenticate rows that grant something");

/// A row that the service did not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {id} of {table} was changed outside of the service")]
pub struct TamperedRow {
    pub table: &'static str,
    pub id: String,
}

/// Makes and checks the MACs of rows. Clones share the keys.
#[derive(Clone, Debug)]
pub struct RowMacs(KeyRing);

impl RowMacs {
    pub fn new(ring: KeyRing) -> Self {
        Self(ring)
    }

    /// Returns the MAC of a row, hex, under the active master key.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn make_mac(&self, table: &'static str, columns: &[Value<'_>]) -> Result<String, blob::Error> {
        let macs = self.all(table, columns)?;
        Ok(macs.first().map(|mac| hex::encode(mac.tag)).unwrap_or_default())
    }

    /// Checks that a row with this `mac` was written by a holder of one of the ring's keys; logs a failure.
    ///
    /// # Errors
    /// [`TamperedRow`] when it was not.
    pub fn check_mac(
        &self,
        table: &'static str,
        id: &str,
        columns: &[Value<'_>],
        mac: &str,
    ) -> Result<(), TamperedRow> {
        match self.maker(table, columns, mac) {
            Some(Mac { is_trusted: true, .. }) => return Ok(()),
            Some(Mac { key_id, .. }) => {
                let key = hex::encode(key_id);
                tracing::error!(table, row.id = id, key, "a row under a distrusted master key is rejected");
            }
            None => {
                tracing::error!(
                    table,
                    row.id = id,
                    "a row was changed outside of the service and is rejected"
                );
            }
        }
        Err(TamperedRow { table, id: id.to_owned() })
    }

    /// Returns the trusted key that made `mac` for this row, if any.
    pub fn key_of(&self, table: &'static str, columns: &[Value<'_>], mac: &str) -> Option<KeyId> {
        self.maker(table, columns, mac).filter(|made| made.is_trusted).map(|made| made.key_id)
    }

    fn maker(&self, table: &str, columns: &[Value<'_>], mac: &str) -> Option<Mac> {
        self.all(table, columns).ok()?.into_iter().find(|made| hex::encode(made.tag) == mac)
    }

    fn all(&self, table: &str, columns: &[Value<'_>]) -> Result<Vec<Mac>, blob::Error> {
        self.0.macs(MASTER_KEY_OF_ROWS, &encode(table, columns))
    }
}

/// Kind, presence and length precede each value, so that no two rows share an encoding.
fn encode(table: &str, columns: &[Value<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    append(&mut bytes, b't', Some(table.as_bytes()));
    for column in columns {
        match column {
            Value::Text(text) => append(&mut bytes, b't', text.map(str::as_bytes)),
            Value::BigInt(number) => {
                append(&mut bytes, b'i', number.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
            }
            Value::Double(number) => {
                append(&mut bytes, b'd', number.map(f64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
            }
            Value::Bytes(value) => append(&mut bytes, b'b', *value),
        }
    }
    bytes
}

fn append(bytes: &mut Vec<u8>, kind: u8, value: Option<&[u8]>) {
    bytes.push(kind);
    bytes.push(value.is_some().into());
    if let Some(value) = value {
        bytes.extend((value.len() as u64).to_be_bytes());
        bytes.extend_from_slice(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_differ_do_not_share_an_encoding() {
        let (none, nobody): (Option<&str>, Option<&[u8]>) = (None, None);
        let rows: [(&str, &[Value<'_>]); 9] = [
            ("t", db::params!["ab", "c"]),
            ("t", db::params!["a", "bc"]),
            ("t", db::params!["abc"]),
            ("u", db::params!["abc"]),
            ("t", db::params![b"abc".as_slice()]),
            ("t", db::params![none]),
            ("t", db::params![nobody]),
            ("t", db::params![""]),
            ("t", db::params![1_i64]),
        ];
        let encoded: std::collections::HashSet<_> =
            rows.iter().map(|(table, columns)| encode(table, columns)).collect();
        assert_eq!(encoded.len(), rows.len());
    }
}
