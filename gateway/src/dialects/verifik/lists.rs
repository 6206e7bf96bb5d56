//! Pages of lists: `page`, `limit`, `where_<field>`, `in_<field>[]`.

use super::flows::value;
use crate::core::{error::Error, journeys::PageAsked};

/// The parameters of a list; filters that a route does not support are rejected, not ignored.
pub struct ListAsked {
    pub page: PageAsked,
    pub project: String,
    pub flow: String,
    pub statuses: Vec<String>,
}

impl ListAsked {
    /// # Errors
    /// 409 for a number out of range or an unknown filter.
    pub fn parse(
        pairs: &[(String, String)],
        (limit_name, default_limit): (&str, u32),
    ) -> Result<Self, Error> {
        let mut asked = Self {
            page: PageAsked { number: 1, limit: default_limit },
            project: String::new(),
            flow: String::new(),
            statuses: Vec::new(),
        };
        for (name, value) in pairs {
            match name.as_str() {
                "page" => asked.page.number = number("page", value, u32::MAX)?,
                name if name == limit_name => asked.page.limit = number("limit", value, 100)?,
                "where_project" => asked.project.clone_from(value),
                "where_projectFlow" => asked.flow.clone_from(value),
                "in_status[]" | "in_status" | "where_status" => {
                    asked.statuses.extend(value.split(',').map(str::to_owned));
                }
                // Relations are always returned as ids; requests to populate them are ignored.
                "populates[]" | "populates" => {}
                _ => return Err(Error::invalid("an unknown filter or parameter of the list")),
            }
        }
        Ok(asked)
    }

    /// Returns the requested statuses as wire values.
    ///
    /// # Errors
    /// 409 for a word that `table` does not have.
    pub fn status_values<T: Copy + Into<i32>>(&self, table: &[(&'static str, T)]) -> Result<Vec<i32>, Error> {
        let status = |name: &String| value(table, name).map(Into::into);
        let known = self.statuses.iter().map(status).collect::<Option<_>>();
        known.ok_or_else(|| Error::field("in_status", "\"in_status\" has an unknown status"))
    }
}

fn number(name: &'static str, text: &str, most: u32) -> Result<u32, Error> {
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| Error::field(name, &format!("\"{name}\" must be a number from 1 to {most}")))
}

/// Returns the number of pages for a total.
pub fn pages(total: u64, limit: u32) -> u64 {
    total.div_ceil(limit.max(1).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<ListAsked, String> {
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        ListAsked::parse(&pairs, ("limit", 10)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_accepts_known_filters_only() {
        let asked = parse(&[("page", "2"), ("in_status[]", "STARTED"), ("in_status[]", "FAILED")]).unwrap();
        assert_eq!((asked.page.number, asked.page.limit), (2, 10));
        assert_eq!(asked.statuses, ["STARTED", "FAILED"]);
        for bad in [("page", "0"), ("limit", "101"), ("limit", "x"), ("where_email", "a")] {
            assert!(parse(&[bad]).is_err(), "{bad:?}");
        }
        assert_eq!((pages(0, 10), pages(11, 10)), (0, 2));
    }
}
