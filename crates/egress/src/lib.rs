//! Outbound calls to addresses that a tenant chose: webhooks and mobile operators.
//!
//! Such an address may name a host that only this server can reach. So only public unicast addresses are called,
//! unless the operator of this server allows more; resolved addresses are judged at connection time, so DNS rebinding
//! gains nothing. Redirects are not followed, proxies of the environment not used, responses read up to a limit.
//!
//! Knows no service; `svc-sessions` (SIM swap) calls through it, `svc-transactions` (webhooks) uses its address check.

mod address;
mod client;

pub use address::is_public;
pub use client::{Client, Config, Error, Timeouts, read_body};
