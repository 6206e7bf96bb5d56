//! Parameters of statements: four kinds, each of which may be NULL.

/// A parameter of a statement. NULLs keep their type, as PostgreSQL requires.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Text(Option<&'a str>),
    BigInt(Option<i64>),
    Double(Option<f64>),
    Bytes(Option<&'a [u8]>),
}

/// Lists the parameters of a statement: `db.execute(SQL, db::params![id, now_ms]).await?`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::Value::from($value)),*]
    };
}

/// A text that not every database can hold.
#[derive(Debug, thiserror::Error)]
#[error("{}", crate::HOLDS_NUL)]
pub(crate) struct HoldsNul;

/// Refuses texts with NUL, which PostgreSQL cannot hold: before a statement is sent, and on SQLite alike.
pub(crate) fn check(params: &[Value<'_>]) -> sqlx::Result<()> {
    let holds_nul = |value: &Value<'_>| matches!(value, Value::Text(Some(text)) if text.contains('\0'));
    if params.iter().any(holds_nul) {
        return Err(sqlx::Error::Encode(HoldsNul.into()));
    }
    Ok(())
}

macro_rules! from {
    ($($type:ty => |$value:ident| $made:expr;)*) => {
        $(impl<'a> From<$type> for Value<'a> {
            fn from($value: $type) -> Self {
                $made
            }
        })*
    };
}

from! {
    &'a str => |text| Self::Text(Some(text));
    &'a String => |text| Self::Text(Some(text));
    Option<&'a str> => |text| Self::Text(text);
    &'a Option<String> => |text| Self::Text(text.as_deref());
    i64 => |number| Self::BigInt(Some(number));
    u32 => |number| Self::BigInt(Some(number.into()));
    bool => |flag| Self::BigInt(Some(flag.into()));
    Option<i64> => |number| Self::BigInt(number);
    f64 => |number| Self::Double(Some(number));
    Option<f64> => |number| Self::Double(number);
    &'a [u8] => |bytes| Self::Bytes(Some(bytes));
    &'a Vec<u8> => |bytes| Self::Bytes(Some(bytes));
    Option<&'a [u8]> => |bytes| Self::Bytes(bytes);
    &'a Option<Vec<u8>> => |bytes| Self::Bytes(bytes.as_deref());
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(Some(bytes))
    }
}
