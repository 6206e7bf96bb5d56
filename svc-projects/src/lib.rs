//! svc-projects: see docs/ARCHITECTURE.md.
