//! Ports for servers that cannot choose a free port and report it.

use std::net::TcpListener;

/// Returns `count` ports of the loopback address that no process listens on.
///
/// # Panics
/// When no port is free.
pub fn free_ports(count: usize) -> Vec<String> {
    let bind = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    // Bound at the same time, so that they differ.
    let listeners: Vec<_> = (0..count).map(|_| bind()).collect();
    let port = |listener: &TcpListener| listener.local_addr().expect("an address").port().to_string();
    listeners.iter().map(port).collect()
}
