//! svc-sessions: see docs/ARCHITECTURE.md.
