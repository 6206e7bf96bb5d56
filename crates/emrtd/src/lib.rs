//! Passive authentication of the files of an eMRTD chip (ICAO Doc 9303, parts 10 to 12).
//!
//! The caller's app has read files from the chip: the security object (`SOD`) and data groups (`DG1`, `DG2`, ...).
//! The security object is a signed list of the data groups' digests. Three results are separate: whether the
//! signature matches the certificate in it, whether the data groups are the signed ones, and whether the certificate
//! was issued by an authority that the operator trusts.
//!
//! Invariants: pure functions of bytes, the clock is an argument; no result says that the chip is not a copy (that
//! takes active or chip authentication, which only the reading app can do).
//!
//! Caller: `svc-docauth`.

mod algorithm;
mod certificate;
mod data_groups;
mod error;
mod revocation;
mod security_object;
mod tlv;
mod trust;

use std::collections::BTreeMap;

use time::Date;

pub use certificate::Certificate;
pub use data_groups::{Portrait, read_mrz, read_portrait, trim_group};
pub use error::Error;
pub use security_object::SecurityObject;
pub use trust::{Added, IssuerStatus, TrustStore};

/// The files of a chip.
#[derive(Clone, Debug, Default)]
pub struct ChipFiles {
    /// `SOD`, as read from the chip or the CMS structure in it.
    pub security_object: Vec<u8>,
    /// Data groups by number, as read from the chip.
    pub groups: BTreeMap<u8, Vec<u8>>,
}

/// The result of passive authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Whether the security object is signed with the certificate in it.
    pub is_signed: bool,
    /// For each data group sent, whether the security object has its digest.
    pub groups: BTreeMap<u8, bool>,
    pub issuer: IssuerStatus,
}

/// Authenticates the files of a chip against the authorities in `trust` as of `today`.
///
/// # Errors
/// When the security object is malformed, or its signature algorithm is not supported.
pub fn authenticate(files: &ChipFiles, trust: &TrustStore, today: Date) -> Result<Authentication, Error> {
    let object = SecurityObject::parse(&files.security_object)?;
    let groups = files.groups.iter().map(|(number, bytes)| (*number, object.has_group(*number, bytes)));
    Ok(Authentication {
        is_signed: object.verify_signature()?,
        groups: groups.collect(),
        issuer: trust.status_of(object.signer(), today)?,
    })
}
