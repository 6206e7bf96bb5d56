//! A date of which possibly only the year, or year and month, are known.

use std::fmt;

use time::{Date, Month};

/// A day, a month or a year. Documents of holders whose day of birth is unknown state the known parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartialDate {
    year: i32,
    month: Option<Month>,
    day: Option<u8>,
}

impl PartialDate {
    /// Returns the date, month or year for these numbers, where 0 is an unknown month or day; `None` when they are not
    /// valid.
    pub fn from_parts(year: i32, month: u8, day: u8) -> Option<Self> {
        if month == 0 {
            return (day <= 31).then_some(Self { year, month: None, day: None });
        }
        let named = Month::try_from(month).ok()?;
        if day == 0 {
            return Some(Self { year, month: Some(named), day: None });
        }
        Date::from_calendar_date(year, named, day).ok().map(Self::from)
    }

    pub fn year(self) -> i32 {
        self.year
    }

    /// Returns the day, if it is completely known.
    pub fn full(self) -> Option<Date> {
        Date::from_calendar_date(self.year, self.month?, self.day?).ok()
    }

    /// Returns the earliest possible day.
    pub fn earliest(self) -> Date {
        let (month, day) = (self.month.unwrap_or(Month::January), self.day.unwrap_or(1));
        Date::from_calendar_date(self.year, month, day).unwrap_or(Date::MIN)
    }

    /// Returns the latest possible day.
    pub fn latest(self) -> Date {
        let month = self.month.unwrap_or(Month::December);
        let day = self.day.unwrap_or_else(|| month.length(self.year));
        Date::from_calendar_date(self.year, month, day).unwrap_or(Date::MAX)
    }

    /// Returns whether `date` is a possible day.
    pub fn includes(self, date: Date) -> bool {
        (self.earliest()..=self.latest()).contains(&date)
    }
}

impl From<Date> for PartialDate {
    fn from(date: Date) -> Self {
        Self { year: date.year(), month: Some(date.month()), day: Some(date.day()) }
    }
}

/// Formats the known parts as ISO 8601: `1987-03-19`, `1987-03` or `1987`.
impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if let Some(month) = self.month {
            write!(f, "-{:02}", u8::from(month))?;
        }
        if let Some(day) = self.day {
            write!(f, "-{day:02}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    #[test]
    fn unknown_values_are_left_out() {
        let shown = |y, m, d| PartialDate::from_parts(y, m, d).map(|d| d.to_string());
        assert_eq!(shown(1987, 3, 19).as_deref(), Some("1987-03-19"));
        assert_eq!(shown(1987, 3, 0).as_deref(), Some("1987-03"));
        assert_eq!(shown(1987, 0, 0).as_deref(), Some("1987"));
        assert_eq!([shown(1987, 13, 1), shown(1987, 2, 30)], [None, None]);
    }

    #[test]
    fn a_month_includes_its_days() {
        let march = PartialDate::from_parts(1987, 3, 0).unwrap();
        assert!(march.includes(date!(1987 - 03 - 31)) && !march.includes(date!(1987 - 04 - 01)));
        assert_eq!((march.earliest(), march.latest()), (date!(1987 - 03 - 01), date!(1987 - 03 - 31)));
    }

    proptest! {
        #[test]
        fn any_numbers_cause_no_panic(year in -9999i32..9999, month in any::<u8>(), day in any::<u8>()) {
            if let Some(date) = PartialDate::from_parts(year, month, day) {
                prop_assert!(date.earliest() <= date.latest());
            }
        }
    }
}
