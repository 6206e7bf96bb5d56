//! Settings of a project, as plain values.

use serde_json::json;

use crate::error::Error;

/// Most origins of a project, and the longest of them.
const MAX_ORIGINS: usize = 50;
const MAX_ORIGIN: usize = 255;
/// Largest rate limit of a project, calls per minute.
const MAX_PER_MINUTE: u32 = 60_000_000;

/// Web origins a project's keys may be used from: `https://host[:port]` each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    pub fn parse(given: &[String]) -> Result<Self, Error> {
        let refused = |why: String| Error::field("cors_origins", why);
        if given.len() > MAX_ORIGINS {
            return Err(refused(format!("a project has at most {MAX_ORIGINS} origins")));
        }
        let mut origins = Vec::new();
        for text in given {
            let origin = origin(text).ok_or_else(|| {
                refused("an origin is written https://host or https://host:port, without a path".into())
            })?;
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        Ok(Self(origins))
    }

    pub fn to_json(&self) -> String {
        json!(self.0).to_string()
    }
}

/// Normalises an origin as browsers send it: lower case, no default port, no path.
pub fn origin(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://").filter(|_| text.len() <= MAX_ORIGIN)?;
    let default = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let rest = rest.strip_suffix(default).unwrap_or(rest);
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let literal = host
        .strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .is_some_and(|h| h.parse::<std::net::Ipv6Addr>().is_ok());
    let fits = literal || (!host.is_empty() && host.chars().all(name));
    let port_fits =
        port.is_none_or(|port| port.parse::<u16>().is_ok_and(|n| n > 0) && !port.starts_with('+'));
    (fits && port_fits).then(|| format!("{scheme}://{rest}"))
}

/// Validates calls per minute; 0: the installation's limit.
pub fn rate_limit(per_minute: u32) -> Result<u32, Error> {
    if per_minute > MAX_PER_MINUTE {
        return Err(Error::field(
            "rate_limit_per_minute",
            format!("at most {MAX_PER_MINUTE} calls a minute"),
        ));
    }
    Ok(per_minute)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_origin_has_the_spelling_browsers_send() {
        for (given, kept) in [
            ("https://App.Example.org", "https://app.example.org"),
            ("https://app.example.org:443", "https://app.example.org"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ] {
            assert_eq!(origin(given).as_deref(), Some(kept));
        }
        for bad in [
            "",
            "*",
            "null",
            "app.example.org",
            "https://",
            "https://a/b",
            "https://a/",
            "ftp://a",
            "https://a:0",
            "https://a:x",
            "https://a b",
            "https://u@a",
            "https://a?b",
            "https://[::1",
        ] {
            assert_eq!(origin(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_stored_origin_is_in_normal_form(text in "(https?://)?[a-z.:/0-9\\[\\]@ -]{0,40}") {
            if let Some(kept) = origin(&text) {
                prop_assert_eq!(origin(&kept), Some(kept.clone()));
                prop_assert!(!kept[8..].contains('/'));
            }
        }
    }
}
