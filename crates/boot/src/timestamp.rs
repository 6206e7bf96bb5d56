//! Times in the API: RFC 3339, UTC; milliseconds since 1970 internally.

use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339};

/// Formats milliseconds since 1970 as RFC 3339. Empty for a time outside the calendar.
pub fn rfc3339(ms: i64) -> String {
    time_of(ms).and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

/// Returns the UTC date; 1970-01-01 for a time outside the calendar.
pub fn date(ms: i64) -> Date {
    time_of(ms).unwrap_or(OffsetDateTime::UNIX_EPOCH).date()
}

fn time_of(ms: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok()
}

/// Parses RFC 3339 to milliseconds since 1970, rounded down.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_parsed_to_the_millisecond() {
        assert_eq!(parse_rfc3339("1970-01-01T00:00:01.2345Z"), Some(1234));
        assert_eq!(parse_rfc3339("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse_rfc3339("yesterday"), None);
        assert_eq!(date(86_400_000).to_string(), "1970-01-02");
    }

    proptest! {
        #[test]
        fn any_time_is_formatted(ms in any::<i64>()) {
            let text = rfc3339(ms);
            prop_assert!(text.is_empty() || text.ends_with('Z'));
        }

        #[test]
        fn a_formatted_time_parses_back(ms in 0..4_000_000_000_000_i64) {
            prop_assert_eq!(parse_rfc3339(&rfc3339(ms)), Some(ms));
        }
    }
}
