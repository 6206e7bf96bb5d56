//! Writes a small geolocation database in the MaxMind DB format 2.0 (<https://maxmind.github.io/MaxMind-DB/>).

use std::net::IpAddr;

/// The location of a network.
#[derive(Clone, Copy)]
pub struct Place {
    /// `203.0.113.0/24`
    pub network: &'static str,
    pub country: &'static str,
    pub city: &'static str,
    /// Latitude and longitude; `None` when only the country is known.
    pub position: Option<(f64, f64)>,
}

const SEPARATOR: usize = 16;

/// Returns a City database of `places`, for IPv4 and IPv6.
///
/// # Panics
/// When a network is malformed, or two overlap.
pub fn mmdb(places: &[Place]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut nodes: Vec<[Record; 2]> = vec![[Record::Nothing; 2]];
    for place in places {
        let at = data.len();
        data.extend(record(place));
        insert(&mut nodes, &bits(place.network), at);
    }
    let mut file = Vec::new();
    let count = nodes.len();
    for record in nodes.iter().flatten() {
        let value = match record {
            Record::Nothing => count,
            Record::Node(node) => *node,
            Record::Data(at) => count + SEPARATOR + at,
        };
        file.extend(u32::try_from(value).expect("a small database").to_be_bytes());
    }
    file.extend([0; SEPARATOR]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    file.extend(metadata(count));
    file
}

#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    Data(usize),
}

/// Returns the bits of a network's prefix; IPv4 is in ::/96.
fn bits(network: &str) -> Vec<bool> {
    let (address, length) = network.split_once('/').expect("a network has a length");
    let length: usize = length.parse().expect("a length is a number");
    let (bits, length) = match address.parse().expect("a network has an address") {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 96 + length),
        IpAddr::V6(v6) => (v6.to_bits(), length),
    };
    (0..length).map(|n| bits >> (127 - n) & 1 == 1).collect()
}

fn insert(nodes: &mut Vec<[Record; 2]>, bits: &[bool], data: usize) {
    let mut at = 0;
    let (last, path) = bits.split_last().expect("a network is not everything");
    for bit in path {
        at = match nodes[at][usize::from(*bit)] {
            Record::Node(next) => next,
            Record::Nothing => {
                nodes.push([Record::Nothing; 2]);
                let next = nodes.len() - 1;
                nodes[at][usize::from(*bit)] = Record::Node(next);
                next
            }
            Record::Data(_) => panic!("networks overlap"),
        };
    }
    nodes[at][usize::from(*last)] = Record::Data(data);
}

fn record(place: &Place) -> Vec<u8> {
    let mut pairs = vec![
        ("country", map(&[("iso_code", text(place.country))])),
        ("city", map(&[("names", map(&[("en", text(place.city))]))])),
    ];
    if let Some((latitude, longitude)) = place.position {
        pairs.push(("location", map(&[("latitude", double(latitude)), ("longitude", double(longitude))])));
    }
    map(&pairs)
}

fn metadata(nodes: usize) -> Vec<u8> {
    let number = |kind: u8, value: u32| [vec![kind << 5 | 4], value.to_be_bytes().to_vec()].concat();
    let short = |value: u16| [vec![5 << 5 | 2], value.to_be_bytes().to_vec()].concat();
    map(&[
        ("node_count", number(6, u32::try_from(nodes).expect("a small database"))),
        ("record_size", short(32)),
        ("ip_version", short(6)),
        ("database_type", text("Test-City")),
        // Arrays and 64-bit numbers are extended types: their type follows in a separate byte.
        ("languages", [vec![1, 4], text("en")].concat()),
        ("binary_format_major_version", short(2)),
        ("binary_format_minor_version", short(0)),
        ("build_epoch", [vec![4, 2], 1_700_000_000_u32.to_be_bytes().to_vec()].concat()),
        ("description", map(&[("en", text("made by a test"))])),
    ])
}

fn sized(kind: u8, size: usize) -> Vec<u8> {
    match u8::try_from(size) {
        Ok(size) if size < 29 => vec![kind << 5 | size],
        Ok(size) => vec![kind << 5 | 29, size - 29],
        Err(_) => panic!("longer than a test needs"),
    }
}

fn text(text: &str) -> Vec<u8> {
    [sized(2, text.len()), text.as_bytes().to_vec()].concat()
}

fn double(value: f64) -> Vec<u8> {
    [sized(3, 8), value.to_be_bytes().to_vec()].concat()
}

fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entries = pairs.iter().flat_map(|(key, value)| [text(key), value.clone()].concat());
    sized(7, pairs.len()).into_iter().chain(entries).collect()
}
