//! Validates webhook addresses: public ones, and those an operator allowed.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::Config;

const fn v4(a: u8, b: u8, c: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), length)
}

/// Private networks, which `allow_private` opens.
const PRIVATE_V4: [Ipv4Net; 5] =
    [v4(10, 0, 0, 8), v4(172, 16, 0, 12), v4(192, 168, 0, 16), v4(100, 64, 0, 10), v4(127, 0, 0, 8)];

/// Unique local addresses; loopback is one address and checked separately.
const PRIVATE_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7);

/// The address rule and resolver: the client can connect only to the addresses it returns.
#[derive(Clone, Debug)]
pub struct Addresses {
    private: bool,
    networks: Arc<[IpNet]>,
}

/// A name without an allowed address.
#[derive(Debug, thiserror::Error)]
#[error("the address is not public")]
pub struct NotAllowed;

impl Addresses {
    pub fn new(config: &Config) -> Self {
        Self { private: config.allow_private, networks: config.allow_networks.clone().into() }
    }

    /// Whether webhooks may be sent to `address`.
    pub fn allow(&self, address: IpAddr) -> bool {
        // ::ffff:10.0.0.1 reaches 10.0.0.1.
        let address = address.to_canonical();
        if self.networks.iter().any(|network| network.contains(&address)) {
            return true;
        }
        egress::is_public(address) || (self.private && is_private(address))
    }

    /// Whether `url` may be called, as far as possible without resolving its host: the parser has normalised every
    /// spelling of an address (octal, hexadecimal, one number).
    pub fn allow_host(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => self.allow(address.into()),
            Some(Host::Ipv6(address)) => self.allow(address.into()),
            Some(Host::Domain(name)) => {
                let name = name.trim_end_matches('.');
                // Reserved for this machine (RFC 6761), so there is nothing to resolve.
                let here = name == "localhost" || name.ends_with(".localhost");
                !name.is_empty() && (!here || self.allow(Ipv4Addr::LOCALHOST.into()))
            }
            None => false,
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => PRIVATE_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => PRIVATE_V6.contains(&address) || address.is_loopback(),
    }
}

impl Resolve for Addresses {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| rule.allow(address.ip())).collect();
            if allowed.is_empty() {
                return Err(NotAllowed.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(change: impl FnOnce(&mut Config)) -> Addresses {
        let mut config = Config::default();
        change(&mut config);
        Addresses::new(&config)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    const PRIVATE: [&str; 14] = [
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "fc00::1",
        "fdff::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
    ];
    const NEVER: [&str; 26] = [
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
    ];
    const PUBLIC: [&str; 10] = [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "2606:4700::1111",
        "2001:4860:4860::8888",
        "::ffff:1.1.1.1",
    ];

    #[test]
    fn only_public_addresses_unless_configured() {
        let (default, private) = (rule(|_| {}), rule(|c| c.allow_private = true));
        for address in PUBLIC {
            assert!(default.allow(ip(address)) && private.allow(ip(address)), "{address}");
        }
        for address in PRIVATE {
            assert!(!default.allow(ip(address)) && private.allow(ip(address)), "{address}");
        }
        for address in NEVER {
            assert!(!default.allow(ip(address)) && !private.allow(ip(address)), "{address}");
        }
    }

    #[test]
    fn a_network_that_was_named_is_open_and_no_other() {
        let rule = rule(|c| {
            c.allow_networks = vec!["10.1.0.0/16".parse().unwrap(), "169.254.10.0/24".parse().unwrap()];
        });
        assert!(
            rule.allow(ip("10.1.2.3")) && rule.allow(ip("::ffff:10.1.2.3")) && rule.allow(ip("169.254.10.9"))
        );
        assert!(
            !rule.allow(ip("10.2.0.1")) && !rule.allow(ip("169.254.169.254")) && !rule.allow(ip("127.0.0.1"))
        );
    }

    #[test]
    fn no_spelling_of_an_address_gets_past() {
        let spelled = [
            "127.0.0.1",
            "127.1",
            "0177.0.0.1",
            "0x7f.1",
            "2130706433",
            "0x7f000001",
            "017700000001",
            "127.0.0.1.",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[0:0:0:0:0:0:0:1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "①②⑦.0.0.1",
            "0xa9fea9fe",
            "169.254.169.254",
            "[64:ff9b::169.254.169.254]",
            "%31%32%37.0.0.1",
        ];
        for host in spelled {
            let url = Url::parse(&format!("https://{host}/hook")).unwrap();
            assert!(!rule(|_| {}).allow_host(&url), "{host}");
        }
        assert!(rule(|_| {}).allow_host(&Url::parse("https://hooks.example.org/a").unwrap()));
        assert!(rule(|c| c.allow_private = true).allow_host(&Url::parse("https://localhost/a").unwrap()));
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_does_not_resolve() {
        let name: Name = "localhost".parse().unwrap();
        let refused = rule(|_| {}).resolve(name).await.err().expect("loopback is refused");
        assert!(refused.is::<NotAllowed>(), "{refused}");
        let name: Name = "localhost".parse().unwrap();
        assert!(rule(|c| c.allow_private = true).resolve(name).await.unwrap().next().is_some());
    }

    proptest! {
        /// The standard library's own definitions, where it has them.
        #[test]
        fn what_the_standard_library_calls_private_is_never_public(bits in any::<u32>(), wide in any::<u128>()) {
            let default = Addresses::new(&Config::default());
            let four = Ipv4Addr::from_bits(bits);
            if four.is_private() || four.is_loopback() || four.is_link_local() || four.is_multicast()
                || four.is_broadcast() || four.is_unspecified() || four.is_documentation() {
                prop_assert!(!default.allow(four.into()));
                prop_assert!(!default.allow(four.to_ipv6_mapped().into()));
            }
            let six = Ipv6Addr::from_bits(wide);
            if six.is_unique_local() || six.is_unicast_link_local() || six.is_multicast() || six.is_loopback() {
                prop_assert!(!default.allow(six.into()));
            }
        }
    }
}
