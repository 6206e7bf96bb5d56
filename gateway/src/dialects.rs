//! The HTTP APIs. A dialect translates: it parses a request, calls one operation of [`crate::core`], and renders the
//! outcome or the error in its own shape. It decides nothing and calls no service.

pub mod biometry_v1;
pub mod biometry_v2;
pub mod dashboard;
pub mod idv;
pub mod management;
pub mod neuroid;
pub mod reference;
pub mod verifik;
pub mod web_sdk;
