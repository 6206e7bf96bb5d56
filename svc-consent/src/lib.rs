//! svc-consent: see docs/ARCHITECTURE.md.
