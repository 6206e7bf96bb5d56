//! svc-transactions: see docs/ARCHITECTURE.md.
