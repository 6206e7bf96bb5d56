//! svc-ml: see docs/ARCHITECTURE.md.
