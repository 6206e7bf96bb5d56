//! Lists of transactions: filters, page size and cursor.

use proto::transactions::ListTransactionsRequest;

use crate::{
    error::Error,
    record::{Flag, TransactionId, Verdict, parse_word, text},
    reviews::{self, Status},
    service::convert,
};

const DEFAULT_PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;

/// Filters of a list; a field without a value matches all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub project_id: String,
    pub from_ms: Option<i64>,
    pub until_ms: Option<i64>,
    pub user_fullname: Option<String>,
    pub session_id: Option<String>,
    pub verdict: Option<Verdict>,
    pub kind: Option<String>,
    pub tag: Option<String>,
    pub flag: Option<Flag>,
    pub api_key_id: Option<String>,
    /// A fraud rule with a hit.
    pub fraud: Option<String>,
    /// Whether any rule has a hit.
    pub has_fraud: Option<bool>,
    /// The state of its review.
    pub review: Option<Status>,
}

/// The last transaction of a page; the next page starts after it. Rows added meanwhile are newer, so no row is
/// skipped or repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    pub created_at_ms: i64,
    pub id: TransactionId,
}

impl Cursor {
    pub fn parse(given: &str) -> Result<Self, Error> {
        let parts = given
            .split_once('.')
            .and_then(|(at, id)| Some((at.parse().ok()?, TransactionId::parse(id).ok()?)));
        let (created_at_ms, id) =
            parts.ok_or_else(|| Error::Invalid("cursor is not one a list answered".into()))?;
        Ok(Self { created_at_ms, id })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.created_at_ms, self.id.as_str())
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    pub filter: Filter,
    pub after: Option<Cursor>,
    /// Rows, 1 to 200.
    pub size: u32,
}

impl TryFrom<ListTransactionsRequest> for Page {
    type Error = Error;

    fn try_from(wire: ListTransactionsRequest) -> Result<Self, Error> {
        let line = |field, value: Option<String>| value.map(|value| text(field, value)).transpose();
        let review = wire.review.map(reviews::status_from_wire).transpose()?;
        let filter = Filter {
            review,
            project_id: text("project_id", wire.project_id)?,
            from_ms: wire.from_ms,
            until_ms: wire.until_ms,
            user_fullname: line("user_fullname", wire.user_fullname)?,
            session_id: line("session_id", wire.session_id)?,
            verdict: convert::verdict(wire.verdict)?,
            kind: wire.kind.map(|kind| parse_word("kind", kind)).transpose()?,
            tag: line("tag", wire.tag)?,
            flag: convert::flag(wire.flag)?,
            api_key_id: line("api_key_id", wire.api_key_id)?,
            fraud: wire.fraud.map(|rule| parse_word("fraud", rule)).transpose()?,
            has_fraud: wire.has_fraud,
        };
        let after = Some(wire.cursor).filter(|cursor| !cursor.is_empty());
        let size = if wire.page_size == 0 { DEFAULT_PAGE } else { wire.page_size.min(MAX_PAGE) };
        Ok(Self { filter, after: after.as_deref().map(Cursor::parse).transpose()?, size })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(at in any::<i64>(), id in any::<u128>()) {
            let id = TransactionId::parse(&uuid::Uuid::from_u128(id).to_string()).unwrap();
            let cursor = Cursor { created_at_ms: at, id };
            prop_assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), cursor);
        }

        #[test]
        fn no_text_breaks_the_cursor(given in ".{0,60}") {
            if let Ok(cursor) = Cursor::parse(&given) {
                prop_assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), cursor);
            }
        }
    }

    #[test]
    fn a_page_has_a_size_and_an_end() {
        let asked =
            |page_size| ListTransactionsRequest { project_id: "p".into(), page_size, ..Default::default() };
        let size = |page_size| Page::try_from(asked(page_size)).unwrap().size;
        assert_eq!([size(0), size(1), size(200), size(u32::MAX)], [50, 1, 200, 200]);
    }
}
