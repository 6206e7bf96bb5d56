//! Admission of connections: limits in total and per address, and which connection is closed above them.
//!
//! A new connection never waits. If there is no room, the connection that has waited longest for its client is
//! closed: idle, in the middle of a head, or in the body of a request without a valid credential. An authenticated
//! request, or one in progress, keeps its connection. So slow clients only displace each other.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
};

use ipnet::IpNet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::ConnectionLimits;

/// Connections beyond the limit that are served only `/healthz` and `/readyz`.
const HEALTH_RESERVE: usize = 32;

/// Addresses that are counted together: one IPv4 address, or a /64 of IPv6, which providers assign to one customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressGroup {
    V4(Ipv4Addr),
    V6(u64),
}

impl AddressGroup {
    pub fn from_address(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Between requests.
    Idle,
    /// A request's head has begun.
    Head,
    /// Waiting for the client to send more of a request's body.
    Body,
    /// The server works, or sends the response.
    Work,
}

/// One connection, as its socket, its requests and the registry see it.
#[derive(Debug)]
pub struct Connection {
    pub group: AddressGroup,
    /// Served only `/healthz` and `/readyz`.
    pub health_only: bool,
    phase: AtomicU8,
    /// Milliseconds after `began` at which the client was first waited for in this phase.
    waiting_since_ms: AtomicU64,
    began: Instant,
    authenticated: AtomicBool,
    large: AtomicBool,
    closed: CancellationToken,
}

impl Connection {
    fn new(group: AddressGroup, health_only: bool) -> Self {
        Self {
            group,
            health_only,
            phase: AtomicU8::new(Phase::Idle as u8),
            waiting_since_ms: AtomicU64::new(0),
            began: Instant::now(),
            authenticated: AtomicBool::new(false),
            large: AtomicBool::new(false),
            closed: CancellationToken::new(),
        }
    }

    /// The start of waiting for the client does not change within a request: a trickle does not reset it.
    pub fn enter(&self, phase: Phase) {
        let before = self.phase.swap(phase as u8, Ordering::Relaxed);
        if phase == Phase::Idle || (phase == Phase::Head && before == Phase::Idle as u8) {
            self.authenticated.store(false, Ordering::Relaxed);
            let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.waiting_since_ms.store(now, Ordering::Relaxed);
        }
    }

    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            2 => Phase::Body,
            _ => Phase::Work,
        }
    }

    /// Marks the current request as authenticated.
    pub fn mark_authenticated(&self) {
        self.authenticated.store(true, Ordering::Relaxed);
    }

    /// Marks the buffer as grown by a large head.
    pub fn mark_large(&self) {
        self.large.store(true, Ordering::Relaxed);
    }

    /// Whether it ends with the current request.
    pub fn ends(&self) -> bool {
        self.health_only || self.large.load(Ordering::Relaxed)
    }

    /// Completes when this connection must make room.
    pub async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Returns since when its client is waited for; `None` while it may not be closed.
    fn waiting_since(&self) -> Option<Instant> {
        let may_close = match self.phase() {
            Phase::Idle | Phase::Head => true,
            Phase::Body => !self.authenticated.load(Ordering::Relaxed),
            Phase::Work => false,
        };
        let since = std::time::Duration::from_millis(self.waiting_since_ms.load(Ordering::Relaxed));
        may_close.then(|| self.began + since)
    }
}

/// The connections of this listener; clones share them.
#[derive(Clone)]
pub struct Connections {
    limits: ConnectionLimits,
    trusted_proxies: Arc<[IpNet]>,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    total: usize,
    groups: HashMap<AddressGroup, Vec<Arc<Connection>>>,
}

/// An admitted connection; dropping it makes room for another.
pub struct Admitted {
    pub connection: Arc<Connection>,
    open: Arc<Mutex<Open>>,
}

impl Connections {
    pub fn new(limits: &ConnectionLimits, trusted_proxies: &[IpNet]) -> Self {
        Self { limits: limits.clone(), trusted_proxies: trusted_proxies.into(), open: Arc::default() }
    }

    /// Admits a connection from `address`, if necessary by closing another; `None` when all others are in use.
    pub fn admit(&self, address: IpAddr) -> Option<Admitted> {
        let address = address.to_canonical();
        let group = AddressGroup::from_address(address);
        // A proxy's connections are those of all its clients.
        let is_proxy = self.trusted_proxies.iter().any(|network| network.contains(&address));
        let mut open = lock(&self.open);
        let own = open.groups.get(&group).map_or(0, Vec::len);
        if own >= self.limits.per_address && !is_proxy && !open.close_one_of(group) {
            return None;
        }
        let is_full = open.total >= self.limits.max && !open.close_longest_waiting();
        if is_full && open.total >= self.limits.max + HEALTH_RESERVE {
            return None;
        }
        let connection = Arc::new(Connection::new(group, is_full));
        open.groups.entry(group).or_default().push(Arc::clone(&connection));
        open.total += 1;
        Some(Admitted { connection, open: Arc::clone(&self.open) })
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        lock(&self.open).total
    }
}

impl Open {
    /// Closes the longest waiting connection of a group; returns whether there was one.
    fn close_one_of(&mut self, group: AddressGroup) -> bool {
        let own = self.groups.get(&group).into_iter().flatten();
        let longest = own.filter_map(|c| Some((c.waiting_since()?, Arc::clone(c)))).min_by_key(|(at, _)| *at);
        self.close(longest.map(|(_, connection)| connection))
    }

    /// Does the same among all, in the group with the most connections that may be closed.
    fn close_longest_waiting(&mut self) -> bool {
        let may_close = |own: &&Vec<Arc<Connection>>| own.iter().any(|c| c.waiting_since().is_some());
        let largest = self.groups.iter().filter(|(_, own)| may_close(own)).max_by_key(|(_, own)| own.len());
        largest.map(|(group, _)| *group).is_some_and(|group| self.close_one_of(group))
    }

    fn close(&mut self, connection: Option<Arc<Connection>>) -> bool {
        let Some(connection) = connection else { return false };
        connection.closed.cancel();
        self.remove(&connection);
        true
    }

    /// Removes a connection from the registry, unless removed before.
    fn remove(&mut self, connection: &Arc<Connection>) {
        let Some(own) = self.groups.get_mut(&connection.group) else { return };
        let Some(at) = own.iter().position(|other| Arc::ptr_eq(other, connection)) else { return };
        own.swap_remove(at);
        self.total -= 1;
        if own.is_empty() {
            self.groups.remove(&connection.group);
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        lock(&self.open).remove(&self.connection);
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(max: usize, per_address: usize) -> Connections {
        let limits = ConnectionLimits { max, per_address, ..ConnectionLimits::default() };
        Connections::new(&limits, &["10.0.0.0/8".parse().unwrap()])
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn is_closed(admitted: &Admitted) -> bool {
        admitted.connection.closed.is_cancelled()
    }

    #[test]
    fn a_64_of_ipv6_is_one_address_and_a_mapped_ipv4_is_itself() {
        let of = |text| AddressGroup::from_address(address(text));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    #[test]
    fn an_address_that_opens_too_many_loses_the_one_that_waits_longest() {
        let connections = connections(100, 2);
        let first = connections.admit(address("192.0.2.1")).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let second = connections.admit(address("192.0.2.1")).unwrap();
        first.connection.enter(Phase::Head);
        second.connection.enter(Phase::Head);
        let other = connections.admit(address("192.0.2.2")).unwrap();
        let third = connections.admit(address("192.0.2.1")).unwrap();
        assert_eq!([&first, &second, &other, &third].map(is_closed), [true, false, false, false]);
        assert_eq!(connections.count(), 3);
        drop(first);
        assert_eq!(connections.count(), 3, "it was off the books before");
    }

    #[test]
    fn authenticated_connections_and_calls_in_progress_are_never_closed() {
        let connections = connections(100, 2);
        let working = connections.admit(address("192.0.2.1")).unwrap();
        working.connection.enter(Phase::Work);
        let sending = connections.admit(address("192.0.2.1")).unwrap();
        sending.connection.enter(Phase::Body);
        sending.connection.mark_authenticated();
        assert!(connections.admit(address("192.0.2.1")).is_none());
        sending.connection.enter(Phase::Idle);
        assert!(connections.admit(address("192.0.2.1")).is_some());
        assert!(!is_closed(&working));
    }

    #[test]
    fn a_full_server_still_answers_health_checks() {
        let connections = connections(2, 2);
        let busy: Vec<_> = ["192.0.2.1", "192.0.2.2"]
            .map(|text| {
                let admitted = connections.admit(address(text)).unwrap();
                admitted.connection.enter(Phase::Work);
                admitted
            })
            .into();
        let health = connections.admit(address("192.0.2.3")).unwrap();
        assert!(health.connection.health_only);
        busy[0].connection.enter(Phase::Idle);
        let next = connections.admit(address("192.0.2.4")).unwrap();
        assert!(!next.connection.health_only || is_closed(&health));
    }

    #[test]
    fn the_clients_of_a_trusted_proxy_do_not_count_as_one() {
        let connections = connections(100, 2);
        let admitted: Vec<_> =
            (0..50).map(|_| connections.admit(address("10.1.2.3")).expect("room")).collect();
        assert!(!admitted.iter().any(is_closed));
    }
}
