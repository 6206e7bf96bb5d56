//! The location of a call by its address, if its client sends none.
//!
//! The address is the peer's. Behind proxies it is the right-most one of `X-Forwarded-For` that is not a trusted
//! proxy, and only when the peer is one (`gateway.trusted_proxies`): clients may forge entries further left.
//! `Forwarded` is not read, because a proxy that sets one of the two headers passes the other one on unchanged.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
};

use anyhow::Context;
use axum::extract::{ConnectInfo, Request};
use http::{Extensions, HeaderMap};
use ipnet::IpNet;
use maxminddb::{Reader, geoip2};
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// A location as recorded with a call.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GeoLocation {
    /// Degrees, -90 to 90 and -180 to 180; both or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lng: Option<f64>,
    /// ISO 3166-1 alpha-2, upper case, where the source knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Always set here.
    #[serde(default, skip_deserializing)]
    pub source: Source,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Sent by the client.
    #[default]
    Device,
    /// Looked up by address.
    Ip,
}

/// The GeoIP database, if there is one, and the trusted proxies.
pub struct GeoIp {
    database: Option<Reader<Vec<u8>>>,
    proxies: Vec<IpNet>,
}

impl GeoIp {
    /// Reads the database into memory.
    ///
    /// # Errors
    /// When the file is missing or is not a MaxMind DB.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let open = |file: &Path| {
            Reader::open_readfile(file).with_context(|| format!("gateway.geoip_file {}", file.display()))
        };
        let database = config.geoip_file.as_deref().map(open).transpose()?;
        Ok(Self { database, proxies: config.trusted_proxies.clone() })
    }

    /// Returns the location of the address of `request`, as JSON; `None` without a database or for an unknown address.
    pub fn locate(&self, request: &Request) -> Option<String> {
        let database = self.database.as_ref()?;
        let address = self.client(peer(request.extensions())?, request.headers())?;
        serde_json::to_string(&find(database, address)?).ok()
    }

    /// Returns the client's address; `None` when unknown.
    pub fn client_address(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        self.client(peer(extensions)?, headers)
    }

    /// Returns the client's own address; `None` when a proxy sent something else than addresses.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if !self.is_proxy(peer) {
            return Some(peer);
        }
        let mut nearest = peer;
        // A header line added by a later proxy is after the others.
        let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        for line in lines.into_iter().rev() {
            for entry in line.to_str().ok()?.rsplit(',').filter(|entry| !entry.trim().is_empty()) {
                nearest = address(entry)?;
                if !self.is_proxy(nearest) {
                    return Some(nearest);
                }
            }
        }
        Some(nearest)
    }

    fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|net| net.contains(&address))
    }
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

/// Parses an entry as proxies write it: an address, with or without a port; IPv6 in brackets or bare.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    let read = bare.parse().or_else(|_| entry.parse::<SocketAddr>().map(|address| address.ip()));
    read.ok().map(|address: IpAddr| address.to_canonical())
}

fn find(database: &Reader<Vec<u8>>, address: IpAddr) -> Option<GeoLocation> {
    let found: geoip2::City = database.lookup(address).ok()?.decode().ok()??;
    let (lat, lng) = match (found.location.latitude, found.location.longitude) {
        (Some(lat), Some(lng)) => (Some(lat), Some(lng)),
        _ => (None, None),
    };
    let country = found.country.iso_code.map(str::to_ascii_uppercase);
    let city = found.city.names.english.map(str::to_owned);
    let known = lat.is_some() || country.is_some() || city.is_some();
    known.then_some(GeoLocation { lat, lng, country, city, ip: None, source: Source::Ip })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn geo(proxies: &[&str]) -> GeoIp {
        GeoIp { database: None, proxies: proxies.iter().map(|net| net.parse().unwrap()).collect() }
    }

    fn client(geo: &GeoIp, peer: &str, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        geo.client(peer.parse().unwrap(), &headers).map(|address| address.to_string())
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_what_it_added() {
        let geo = geo(&["10.0.0.0/8", "fd00::/8"]);
        let table: [(&str, &[&str], Option<&str>); 16] = [
            ("203.0.113.7", &[], Some("203.0.113.7")),
            ("203.0.113.7", &["198.51.100.1"], Some("203.0.113.7")),
            ("10.0.0.1", &["198.51.100.1"], Some("198.51.100.1")),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1"], Some("198.51.100.1")),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.9.9.9"], Some("198.51.100.1")),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.1"], Some("198.51.100.1")),
            ("10.0.0.1", &["198.51.100.1", "10.2.2.2"], Some("198.51.100.1")),
            ("10.0.0.1", &["198.51.100.1:443"], Some("198.51.100.1")),
            ("10.0.0.1", &["[2001:db8::1]:443"], Some("2001:db8::1")),
            ("10.0.0.1", &["2001:db8::1"], Some("2001:db8::1")),
            ("10.0.0.1", &["::ffff:198.51.100.1"], Some("198.51.100.1")),
            ("::ffff:10.0.0.1", &["198.51.100.1"], Some("198.51.100.1")),
            ("fd00::1", &["198.51.100.1"], Some("198.51.100.1")),
            ("10.0.0.1", &["198.51.100.1, unknown"], None),
            ("10.0.0.1", &["198.51.100.1, ,"], Some("198.51.100.1")),
            ("10.0.0.1", &[], Some("10.0.0.1")),
        ];
        for (peer, lines, expected) in table {
            assert_eq!(client(&geo, peer, lines).as_deref(), expected, "{peer} {lines:?}");
        }
    }

    fn database() -> Reader<Vec<u8>> {
        let place = |network, country, city, position| testkit::Place { network, country, city, position };
        let file = testkit::mmdb(&[
            place("198.51.100.0/24", "AT", "Vienna", Some((48.2, 16.4))),
            place("203.0.113.0/25", "de", "", None),
            place("2001:db8::/32", "NZ", "Wellington", Some((-41.3, 174.8))),
        ]);
        Reader::from_source(file).unwrap()
    }

    #[test]
    fn an_address_has_the_place_of_its_network() {
        let database = database();
        let json = |address: &str| {
            find(&database, address.parse().unwrap()).map(|place| serde_json::to_string(&place).unwrap())
        };
        let vienna = r#"{"lat":48.2,"lng":16.4,"country":"AT","city":"Vienna","source":"ip"}"#;
        assert_eq!(json("198.51.100.200").as_deref(), Some(vienna));
        assert_eq!(json("203.0.113.1").as_deref(), Some(r#"{"country":"DE","city":"","source":"ip"}"#));
        assert!(json("2001:db8:ffff::1").unwrap().contains("Wellington"));
        for unknown in ["203.0.113.128", "127.0.0.1", "::1", "2001:db9::1"] {
            assert_eq!(json(unknown), None, "{unknown}");
        }
    }

    proptest! {
        #[test]
        fn no_client_behind_a_proxy_chooses_its_own_address(said in "\\PC{0,30}", real in any::<u32>()) {
            let real = IpAddr::from(std::net::Ipv4Addr::from_bits(real));
            prop_assume!(!real.to_string().starts_with("10."));
            let mut headers = HeaderMap::new();
            let Ok(line) = format!("{said}, {real}").parse() else { return Ok(()) };
            headers.append("x-forwarded-for", line);
            let seen = geo(&["10.0.0.0/8"]).client([10, 0, 0, 1].into(), &headers);
            // A line with non-ASCII characters cannot be read, and then the client is unknown.
            prop_assert!(seen.is_none() || seen == Some(real));
        }
    }
}
