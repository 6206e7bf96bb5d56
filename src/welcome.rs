//! Prints addresses and next steps once `biometry serve` is ready. The first line is for programs.

use std::{fmt::Write as _, io::Write as _, net::SocketAddr, path::Path};

use models::Pack;

/// The content of the lines.
pub struct Started<'a> {
    pub address: SocketAddr,
    pub public_url: Option<&'a str>,
    pub data_dir: &'a Path,
    /// The model pack of this process; `None`: the models are remote.
    pub models: Option<Option<&'a Path>>,
}

/// Prints the lines. The parent process may stop reading after the first one, which is not an error.
pub fn print(started: &Started<'_>) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text(started).as_bytes()).and_then(|()| out.flush());
}

fn text(started: &Started<'_>) -> String {
    let here = format!("http://{}", reachable(started.address));
    let url = started.public_url.map_or(here.as_str(), |url| url.trim_end_matches('/'));
    let mut text = format!("\nBiometry {}\n\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<10} {value}");
    };
    line("API", url);
    line("Dashboard", &format!("{url}/dashboard"));
    line("Docs", &format!("{url}/docs"));
    line("Models", &models(started.models));
    line("Data", &started.data_dir.display().to_string());
    if started.public_url.is_none() && !started.address.ip().is_loopback() {
        line(
            "Warning",
            "this address is plain HTTP: put a proxy with TLS before it and set gateway.public_url",
        );
    }
    text.push_str(
        "\nFirst time here? In another terminal:\n\
         \x20 biometry bootstrap                        makes a project and an API key\n\
         \x20 biometry owner --email YOU@EXAMPLE.ORG    makes your link to the dashboard\n\n",
    );
    text
}

/// Returns an address for browsers: a server on every interface is also on this one.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], address.port())) } else { address }
}

fn models(dir: Option<Option<&Path>>) -> String {
    match dir.map(Pack::open) {
        None => "run in another process".to_owned(),
        Some(Ok(pack)) => format!("pack {} in {}", pack.manifest().version, pack.dir().display()),
        Some(Err(error)) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_welcome_text_lists_addresses_and_next_steps() {
        let started = |address: &str, public_url| {
            text(&Started {
                address: address.parse().unwrap(),
                public_url,
                data_dir: Path::new("data"),
                models: None,
            })
        };
        let local = started("127.0.0.1:8080", None);
        for part in
            ["http://127.0.0.1:8080/dashboard", "http://127.0.0.1:8080/docs", "biometry owner --email"]
        {
            assert!(local.contains(part), "{local}");
        }
        assert!(!local.contains("Warning") && !local.contains('\u{1b}'), "{local}");
        let open = started("0.0.0.0:8080", None);
        assert!(open.contains("http://127.0.0.1:8080/docs") && open.contains("plain HTTP"), "{open}");
        assert!(
            started("0.0.0.0:8080", Some("https://id.example.org/"))
                .contains("https://id.example.org/dashboard")
        );
    }
}
