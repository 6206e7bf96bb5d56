//! `X-Geo-Location`: a client's own location.

use crate::{core::error::Error, http::geo::GeoLocation};

const MAX_BYTES: usize = 4 * 1024;
const MAX_NAME_BYTES: usize = 128;

/// Parses the header and returns a [`GeoLocation`] as JSON; unknown fields are dropped.
pub fn parse_geo_location(text: &str) -> Result<String, Error> {
    let shape =
        || Error::invalid("X-Geo-Location header is not JSON with lat, lng and optional country, city, ip");
    if text.len() > MAX_BYTES {
        return Err(Error::invalid("X-Geo-Location header is larger than 4 KiB"));
    }
    // The struct also parses from a JSON list; the documented header is an object.
    let mut location: GeoLocation = match text.starts_with('{') {
        true => serde_json::from_str(text).map_err(|_| shape())?,
        false => return Err(shape()),
    };
    let (Some(lat), Some(lng)) = (location.lat, location.lng) else { return Err(shape()) };
    if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lng) {
        return Err(Error::invalid("X-Geo-Location header is outside -90..90 and -180..180 degrees"));
    }
    location.country = named(location.country)?.map(|country| match country.len() {
        2 => country.to_ascii_uppercase(),
        _ => country,
    });
    location.city = named(location.city)?;
    location.ip = named(location.ip)?;
    if location.ip.as_ref().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
        return Err(Error::invalid("ip of X-Geo-Location header is not an IP address"));
    }
    serde_json::to_string(&location).map_err(|_| shape())
}

/// A name within the location: trimmed, empty is absent.
fn named(text: Option<String>) -> Result<Option<String>, Error> {
    let Some(text) = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
        return Err(Error::invalid(
            "a name in X-Geo-Location header is longer than 128 bytes or not printable",
        ));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> String {
        parse_geo_location(text).unwrap_err().to_string()
    }

    #[test]
    fn a_location_is_on_the_globe_and_keeps_only_what_is_known() {
        let sent = r#"{"lat":48.2,"lng":16.4,"country":"AT","city":"Wien","extra":{"a":1}}"#;
        let read = parse_geo_location(sent).unwrap();
        assert_eq!(read, r#"{"lat":48.2,"lng":16.4,"country":"AT","city":"Wien","source":"device"}"#);
        let sent = r#"{"lat":-90,"lng":180.0,"country":" at ","city":" ","ip":"2001:db8::1","source":"ip"}"#;
        let read = parse_geo_location(sent).unwrap();
        assert_eq!(read, r#"{"lat":-90.0,"lng":180.0,"country":"AT","ip":"2001:db8::1","source":"device"}"#);
        let read = parse_geo_location(r#"{"lat":1,"lng":2,"city":"Žďár","country":"Česko"}"#);
        assert!(read.unwrap().contains("Žďár"));
        for bad in [
            r#"{"lat":91,"lng":0}"#,
            r#"{"lat":0,"lng":-181}"#,
            r#"{"lat":"1","lng":0}"#,
            r#"{"lng":0}"#,
            r#"{"lat":0}"#,
            r#"{"lat":null,"lng":null}"#,
            r#"{"lat":NaN,"lng":0}"#,
            r#"{"lat":1e999,"lng":0}"#,
            r#"{"lat":-1e999,"lng":0}"#,
            r#"{"lat":true,"lng":0}"#,
            r#"{"lat":0,"lng":0,"country":1}"#,
            "[48.2,16.4]",
            "[]",
            "null",
        ] {
            assert!(refused(bad).starts_with("X-Geo-Location header"), "{bad}");
        }
    }

    #[test]
    fn a_location_names_nothing_that_is_no_name() {
        let long = "x".repeat(129);
        for (field, value, words) in [
            ("country", long.as_str(), "longer than 128 bytes"),
            ("city", "a\\u000d\\u000ab", "not printable"),
            ("city", "a\\u0000", "not printable"),
            ("ip", "unknown", "not an IP address"),
            ("ip", "999.1.1.1", "not an IP address"),
        ] {
            let sent = format!("{{\"lat\":1,\"lng\":2,\"{field}\":\"{value}\"}}");
            let refused = refused(&sent);
            assert!(refused.contains(words) && !refused.contains(value), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn any_location_on_the_globe_is_accepted(lat in -90.0..=90.0f64, lng in -180.0..=180.0f64) {
            let sent = serde_json::json!({"lat": lat, "lng": lng}).to_string();
            let read = parse_geo_location(&sent).unwrap();
            let read: serde_json::Value = serde_json::from_str(&read).unwrap();
            prop_assert!((read["lat"].as_f64().unwrap() - lat).abs() < 1e-9);
        }
    }
}
