//! svc-docauth: see docs/ARCHITECTURE.md.
