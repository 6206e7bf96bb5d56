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
