//! Retention periods of a project.

use proto::projects as wire;

use crate::{error::Error, store::RetentionRow};

/// Longest period, ten years.
const MAX_DAYS: u32 = 3650;

/// Periods in days, 0 to 3650; 0 keeps nothing beyond the next sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// Stored media of transactions; never longer than the transactions themselves.
    pub samples: u32,
    pub transactions: u32,
}

impl Default for Days {
    fn default() -> Self {
        Self { samples: 30, transactions: 365 }
    }
}

impl Days {
    pub fn parse(samples: u32, transactions: u32) -> Result<Self, Error> {
        for (field, days) in [("samples_days", samples), ("transactions_days", transactions)] {
            if days > MAX_DAYS {
                return Err(Error::Invalid(format!("{field} must be 0 to {MAX_DAYS}")));
            }
        }
        if samples > transactions {
            return Err(Error::Invalid(
                "samples_days must not be above transactions_days: a sample goes with its transaction".into(),
            ));
        }
        Ok(Self { samples, transactions })
    }
}

impl From<RetentionRow> for wire::Retention {
    fn from(row: RetentionRow) -> Self {
        let defaults = Days::default();
        // A value that does not fit was not written by this service; the shorter default is safer.
        let days = |kept: Option<i64>, default| kept.and_then(|d| u32::try_from(d).ok()).unwrap_or(default);
        Self {
            samples_days: days(row.samples_days, defaults.samples),
            transactions_days: days(row.transactions_days, defaults.transactions),
            project_id: row.project_id,
            updated_at_ms: row.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_bounds_and_an_order() {
        assert_eq!(Days::parse(0, 0).unwrap(), Days { samples: 0, transactions: 0 });
        assert!(Days::parse(3650, 3650).is_ok());
        let refused = |samples, transactions| Days::parse(samples, transactions).unwrap_err().to_string();
        assert_eq!(refused(0, 3651), "transactions_days must be 0 to 3650");
        assert!(refused(31, 30).starts_with("samples_days must not be above transactions_days"));
        let Days { samples, transactions } = Days::default();
        assert!(Days::parse(samples, transactions).is_ok());
    }
}
