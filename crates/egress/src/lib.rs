//! Outbound calls to addresses that a tenant chose: webhooks and mobile operators.
//!
//! Such an address may name anything, also what only this server can reach. So a call goes to public unicast addresses
//! alone, unless the operator of this server allows more; the addresses a name resolves to are judged as they are
//! connected to, so that a name which changes its mind between check and call gains nothing. Redirects are not followed,
//! proxies of the environment not used, answers read up to a bound.
//!
//! Knows no service; `svc-sessions` (SIM swap) calls through it, `svc-transactions` (webhooks) asks it what is public.

mod address;
mod client;

pub use address::is_public;
pub use client::{Client, Config, Error, Timeouts, read_body};
