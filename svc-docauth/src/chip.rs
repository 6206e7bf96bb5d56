//! The chip of a travel document, read by the caller's app: passive authentication, DG1 against the picture, DG2's
//! face for the comparison with the live one.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context;
use document::{Check, Report, chip_fields, compare_chip};
use emrtd::{
    Authentication, ChipFiles, IssuerStatus, TrustStore, authenticate, read_mrz, read_portrait, trim_group,
};
use proto::docauth::ChipFile;
use time::Date;

use crate::error::Error;

/// Most bytes of a file, and of a chip's files together; portraits have some 20 kB.
const MAX_FILE_BYTES: usize = 1024 * 1024;
const MAX_BYTES: usize = 2 * MAX_FILE_BYTES;
/// The number of data groups a chip may have.
const GROUPS: std::ops::RangeInclusive<u8> = 1..=16;
const SECURITY_OBJECT: &str = "SOD";

/// Loads the operator's authorities: one file, or every file of a folder.
///
/// # Errors
/// A file cannot be read, or there is no certificate of an authority.
pub fn load_authorities(path: Option<&Path>) -> anyhow::Result<TrustStore> {
    let mut store = TrustStore::default();
    let Some(path) = path else { return Ok(store) };
    let cannot = || format!("docauth.chip_authorities: {} cannot be read", path.display());
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).with_context(cannot)?;
        files = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .with_context(cannot)?;
        files.retain(|file| file.is_file());
        files.sort();
    }
    let (mut lists, mut unreadable) = (0, 0);
    for file in files {
        let bytes = std::fs::read(&file).with_context(cannot)?;
        let added = store.add_file(&bytes);
        let added =
            added.with_context(|| format!("docauth.chip_authorities: {} cannot be used", file.display()))?;
        lists += added.revocation_lists;
        unreadable += added.unreadable;
    }
    anyhow::ensure!(!store.is_empty(), "docauth.chip_authorities: no certificate in {}", path.display());
    let authorities = store.len();
    tracing::info!(authorities, revocation_lists = lists, unreadable, "authorities of chips loaded");
    Ok(store)
}

/// The received files of a chip.
#[derive(Debug, Default)]
pub struct Received {
    security_object: Option<Vec<u8>>,
    groups: BTreeMap<u8, Vec<u8>>,
    bytes: usize,
}

impl Received {
    /// # Errors
    /// The name is unknown or a duplicate, the file has another type than its name, or it is too large.
    pub fn add(&mut self, file: &ChipFile) -> Result<(), Error> {
        self.bytes += file.content.len();
        if file.content.len() > MAX_FILE_BYTES || self.bytes > MAX_BYTES {
            return Err(Error::Invalid("a file of the chip may have 1 MB, all of them 2 MB"));
        }
        let previous = match group_number(&file.name) {
            Some(number) => self.groups.insert(number, trim_group(number, &file.content)?.to_vec()),
            None if file.name == SECURITY_OBJECT => self.security_object.replace(file.content.to_vec()),
            None => return Err(Error::Invalid("a chip's files are named SOD and DG1 to DG16")),
        };
        if previous.is_some() { Err(Error::Invalid("a file of the chip came twice")) } else { Ok(()) }
    }

    /// Authenticates the chip; `None` without files.
    ///
    /// # Errors
    /// The security object is missing or malformed, or DG1 has no MRZ.
    pub fn authenticate(self, trust: &TrustStore, today: Date) -> Result<Option<Chip>, Error> {
        let Some(security_object) = self.security_object else {
            let is_empty = self.groups.is_empty();
            return if is_empty {
                Ok(None)
            } else {
                Err(Error::Invalid("data groups of a chip need its file SOD"))
            };
        };
        let zone = self.groups.get(&1).map(|group| read_mrz(group)).transpose()?;
        let files = ChipFiles { security_object, groups: self.groups };
        let found = match authenticate(&files, trust, today) {
            Err(emrtd::Error::Unsupported(algorithm)) => Err(algorithm),
            found => Ok(found?),
        };
        Ok(Some(Chip { portrait: files.groups.get(&2).cloned(), zone, found }))
    }
}

fn group_number(name: &str) -> Option<u8> {
    name.strip_prefix("DG")?.parse().ok().filter(|number| GROUPS.contains(number))
}

/// A chip with authenticated files.
#[derive(Debug)]
pub struct Chip {
    zone: Option<Vec<String>>,
    /// DG2.
    portrait: Option<Vec<u8>>,
    /// The result, or the unsupported algorithm.
    found: Result<Authentication, String>,
}

impl Chip {
    /// Adds the chip's fields and checks to a report. The portrait is decoded only if a trusted state signed it.
    pub fn examine(&self, report: &mut Report, today: Date) {
        let found = match &self.found {
            Ok(found) => found,
            Err(algorithm) => {
                let why = format!("the chip is signed with an algorithm that is not supported: {algorithm}");
                let names = ["chip_signature", "chip_data", "chip_issuer", "chip_mrz"];
                report.checks.extend(names.map(|name| Check::not_checked(name, false, why.clone())));
                return;
            }
        };
        let is_unchanged = found.is_signed && found.groups.values().all(|right| *right);
        let is_authentic = is_unchanged && matches!(found.issuer, IssuerStatus::Trusted(_));
        let portrait = self.portrait.as_ref().filter(|_| is_authentic).map(|group| read_portrait(group));
        report.checks.extend([signature(found), data(found), issuer(&found.issuer)]);
        let fields = self.zone.as_ref().map(|zone| chip_fields(zone, today));
        let zone = match fields {
            Some(Some(fields)) => compare_chip(report, &fields, is_authentic),
            Some(None) => Check::not_checked("chip_mrz", false, "the zone in DG1 has no known form"),
            None => Check::not_checked("chip_mrz", false, "DG1 was not sent"),
        };
        report.checks.push(zone);
        match portrait {
            Some(Ok(portrait)) => report.chip_portrait = Some(portrait.jpeg),
            Some(Err(error)) => tracing::warn!(%error, "the portrait of an authentic chip cannot be used"),
            None => {}
        }
    }
}

fn signature(found: &Authentication) -> Check {
    let evidence = if found.is_signed {
        "the security object is signed with the certificate in it"
    } else {
        "the signature of the security object is wrong"
    };
    Check::gating("chip_signature", found.is_signed, evidence)
}

fn data(found: &Authentication) -> Check {
    const NAME: &str = "chip_data";
    let named = |right: bool| {
        let groups = found.groups.iter().filter(|(_, is)| **is == right);
        groups.map(|(number, _)| format!("DG{number}")).collect::<Vec<_>>().join(", ")
    };
    let changed = named(false);
    if found.groups.is_empty() {
        Check::not_checked(NAME, false, "no data group was sent")
    } else if changed.is_empty() {
        Check::gating(NAME, true, format!("as they were signed: {}", named(true)))
    } else {
        Check::gating(NAME, false, format!("not as they were signed: {changed}"))
    }
}

fn issuer(status: &IssuerStatus) -> Check {
    const NAME: &str = "chip_issuer";
    let refused = |evidence: &str| Check::gating(NAME, false, evidence);
    match status {
        IssuerStatus::Trusted(country) => {
            let of = country.as_deref().map(|code| format!(" of {code}")).unwrap_or_default();
            Check::gating(NAME, true, format!("issued by an authority{of} in the operator's list"))
        }
        IssuerStatus::NoAuthorities => {
            Check::not_checked(NAME, false, "this server has no list of issuing authorities")
        }
        IssuerStatus::Unknown => {
            refused("unknown issuer: no authority in the operator's list issued the signer's certificate")
        }
        IssuerStatus::Revoked => {
            refused("revoked issuer: its authority has revoked the signer's certificate")
        }
        IssuerStatus::SignerOutOfDate => {
            refused("expired issuer: the signer's certificate is not valid on this day")
        }
        IssuerStatus::AuthorityOutOfDate => {
            refused("expired issuer: the authority was not valid when it issued the signer's certificate")
        }
    }
}
