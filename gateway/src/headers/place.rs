//! `X-Geo-Location`: where a client says it is.

use crate::{error::Error, geo::Place};

const MAX: usize = 4 * 1024;
const MAX_NAME: usize = 128;

/// A [`Place`] as JSON, of which only what is known is kept.
pub fn location(text: &str) -> Result<String, Error> {
    let shape =
        || Error::invalid("X-Geo-Location header is not JSON with lat, lng and optional country, city, ip");
    if text.len() > MAX {
        return Err(Error::invalid("X-Geo-Location header is larger than 4 KiB"));
    }
    // A place also reads from a JSON list; the documented header is an object.
    let mut place: Place = match text.starts_with('{') {
        true => serde_json::from_str(text).map_err(|_| shape())?,
        false => return Err(shape()),
    };
    let (Some(lat), Some(lng)) = (place.lat, place.lng) else { return Err(shape()) };
    if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lng) {
        return Err(Error::invalid("X-Geo-Location header is outside -90..90 and -180..180 degrees"));
    }
    place.country = named(place.country)?.map(|country| match country.len() {
        2 => country.to_ascii_uppercase(),
        _ => country,
    });
    place.city = named(place.city)?;
    place.ip = named(place.ip)?;
    if place.ip.as_ref().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
        return Err(Error::invalid("ip of X-Geo-Location header is not an IP address"));
    }
    serde_json::to_string(&place).map_err(|_| shape())
}

/// A name within the place: trimmed, empty is none.
fn named(text: Option<String>) -> Result<Option<String>, Error> {
    let Some(text) = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.len() > MAX_NAME || text.chars().any(char::is_control) {
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
        location(text).unwrap_err().to_string()
    }

    #[test]
    fn a_place_is_on_the_globe_and_keeps_only_what_is_known() {
        let sent = r#"{"lat":48.2,"lng":16.4,"country":"AT","city":"Wien","extra":{"a":1}}"#;
        let read = location(sent).unwrap();
        assert_eq!(read, r#"{"lat":48.2,"lng":16.4,"country":"AT","city":"Wien","source":"device"}"#);
        let sent = r#"{"lat":-90,"lng":180.0,"country":" at ","city":" ","ip":"2001:db8::1","source":"ip"}"#;
        let read = location(sent).unwrap();
        assert_eq!(read, r#"{"lat":-90.0,"lng":180.0,"country":"AT","ip":"2001:db8::1","source":"device"}"#);
        let read = location(r#"{"lat":1,"lng":2,"city":"Žďár","country":"Česko"}"#);
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
    fn a_place_names_nothing_that_is_no_name() {
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
        fn any_place_on_the_globe_is_accepted(lat in -90.0..=90.0f64, lng in -180.0..=180.0f64) {
            let sent = serde_json::json!({"lat": lat, "lng": lng}).to_string();
            let read = location(&sent).unwrap();
            let read: serde_json::Value = serde_json::from_str(&read).unwrap();
            prop_assert!((read["lat"].as_f64().unwrap() - lat).abs() < 1e-9);
        }
    }
}
