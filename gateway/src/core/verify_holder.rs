//! Verifies the holder of an identity card: their print against the enrolled one, their face against the card's, then
//! the card itself. The first failed step ends it.

use proto::docauth::{CheckDocumentResponse, CheckOutcome, FieldSource};
use scoring::{Verdict, clamp_to_decision};

use crate::core::{
    check_document::{DocumentExamination, DocumentOptions, examine_document},
    compare_pictures::{FacesCompared, check_pictures, compare_pictures, unreadable},
    consent::Authorized,
    error::Error,
    media::Media,
    prints::{PrintVerified, compare_print},
    verification::Verification,
};

const NOT_EXPIRED: &str = "not_expired";

pub struct HolderInput<'a> {
    pub fingerprint: &'a Media,
    pub selfie: &'a Media,
    pub card: &'a Media,
}

/// The result of each step.
pub enum HolderOutcome {
    Verified { score: u32, cosine: f64, card: CardChecked },
    PrintRejected(PrintVerified),
    FacesRejected(FacesCompared),
    CardRejected(CardFault),
}

/// A security feature of a card that a copy of its text lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityFeature {
    /// An MRZ with correct check digits.
    Mrz,
    Barcode,
    GhostPortrait,
}

/// Why a card was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardFault {
    NoFeature,
    Expired,
    WrongCheckDigits,
    /// The project's rules for documents reject it.
    Rejected,
}

/// A card that was read.
#[derive(Debug)]
pub struct CardChecked {
    /// 0 to 1; at least one half when it is accepted.
    pub score: f64,
    pub feature: Option<SecurityFeature>,
    pub fault: Option<CardFault>,
}

impl CardChecked {
    fn new(examined: &DocumentExamination) -> Self {
        let feature = security_feature(&examined.document);
        let has_failed = |name: &str| {
            let mut checks = examined.document.checks.iter();
            checks.any(|check| check.name == name && check.outcome() == CheckOutcome::Failed)
        };
        let is_misread = examined.document.mrz.as_ref().is_some_and(|mrz| !mrz.check_digits_valid);
        let fault = if has_failed(NOT_EXPIRED) {
            Some(CardFault::Expired)
        } else if is_misread {
            Some(CardFault::WrongCheckDigits)
        } else if feature.is_none() || !examined.document.cannot_judge.is_empty() {
            Some(CardFault::NoFeature)
        } else if examined.decision.verdict == Verdict::Fail {
            Some(CardFault::Rejected)
        } else {
            None
        };
        let score = clamp_to_decision(examined.decision.score / 100.0, fault.is_none());
        Self { score, feature, fault }
    }

    /// A stable word for the transaction.
    pub const fn reason(&self) -> &'static str {
        match self.fault {
            None => "card_accepted",
            Some(CardFault::NoFeature) => "card_feature_not_detected",
            Some(CardFault::Expired) => "card_expired",
            Some(CardFault::WrongCheckDigits) => "card_check_digits_wrong",
            Some(CardFault::Rejected) => "card_rejected",
        }
    }
}

fn security_feature(document: &CheckDocumentResponse) -> Option<SecurityFeature> {
    if document.mrz.as_ref().is_some_and(|mrz| mrz.check_digits_valid) {
        return Some(SecurityFeature::Mrz);
    }
    if document.fields.iter().any(|field| field.source() == FieldSource::Barcode) {
        return Some(SecurityFeature::Barcode);
    }
    (!document.ghost_portrait.is_empty()).then_some(SecurityFeature::GhostPortrait)
}

/// Verifies the holder of a card, step by step.
///
/// # Errors
/// 400 for files that are not pictures, in any step; 403 without authorization consent.
pub async fn verify_holder(
    verification: Verification<'_>,
    input: HolderInput<'_>,
) -> Result<HolderOutcome, Error> {
    let authorized = verification.authorized()?;
    check_pictures(
        verification.core,
        &verification.caller.project_id,
        &[input.fingerprint, input.selfie, input.card],
    )
    .await?;
    let print = compare_print(&verification, input.fingerprint).await?;
    let mut reasons = vec![print.reason()];
    let outcome = match print {
        PrintVerified::Judged { score, matched: true } => {
            after_print(&verification, authorized, &input, score, &mut reasons).await?
        }
        rejected => HolderOutcome::PrintRejected(rejected),
    };
    let has_passed = matches!(outcome, HolderOutcome::Verified { .. });
    verification.record.set_verdict(if has_passed { Verdict::Pass } else { Verdict::Fail }, reasons);
    Ok(outcome)
}

async fn after_print(
    verification: &Verification<'_>,
    authorized: Authorized,
    input: &HolderInput<'_>,
    score: u32,
    reasons: &mut Vec<String>,
) -> Result<HolderOutcome, Error> {
    let (core, caller) = (verification.core, verification.caller);
    let faces = compare_pictures(core, caller, authorized, input.selfie, input.card).await?;
    reasons.push(faces.reason());
    let FacesCompared::Judged { cosine, matched: true, .. } = faces else {
        return Ok(HolderOutcome::FacesRejected(faces));
    };
    let card = examine_card(verification, input.card).await?;
    reasons.push(card.reason().to_owned());
    Ok(match card.fault {
        None => HolderOutcome::Verified { score, cosine, card },
        Some(fault) => HolderOutcome::CardRejected(fault),
    })
}

impl FacesCompared {
    /// A stable word for the transaction.
    fn reason(&self) -> String {
        match self {
            Self::Judged { matched: true, .. } => "faces_matched".to_owned(),
            Self::Judged { matched: false, .. } => "faces_not_matched".to_owned(),
            Self::NoFace { error, .. } => error.clone(),
        }
    }
}

/// Compares a selfie with the portrait of a card, for a person known only by the pictures.
///
/// # Errors
/// 403 unless the project declares that it holds consents; 400 for files that are no pictures.
pub async fn match_card_portrait(
    verification: Verification<'_>,
    selfie: &Media,
    card: &Media,
) -> Result<FacesCompared, Error> {
    let (core, caller) = (verification.core, verification.caller);
    let authorized = Authorized::by_attestation(caller)?;
    check_pictures(core, &caller.project_id, &[selfie, card]).await?;
    let faces = compare_pictures(core, caller, authorized, selfie, card).await?;
    let matched = matches!(faces, FacesCompared::Judged { matched: true, .. });
    let verdict = if matched { Verdict::Pass } else { Verdict::Fail };
    verification.record.set_verdict(verdict, vec![faces.reason()]);
    Ok(faces)
}

/// Checks the card of a person known only by it. Nothing of it is stored.
///
/// # Errors
/// 403 unless the project declares that it holds consents; 400 for a file that is no picture.
pub async fn check_card(verification: Verification<'_>, card: &Media) -> Result<CardChecked, Error> {
    Authorized::by_attestation(verification.caller)?;
    let checked = examine_card(&verification, card).await?;
    let verdict = if checked.fault.is_none() { Verdict::Pass } else { Verdict::Fail };
    verification.record.set_verdict(verdict, vec![checked.reason().to_owned()]);
    Ok(checked)
}

async fn examine_card(verification: &Verification<'_>, card: &Media) -> Result<CardChecked, Error> {
    let options = DocumentOptions { validate_mrz: true, external: false, chip: Vec::new() };
    let examined = examine_document(verification, card, options).await.map_err(unreadable)?;
    Ok(CardChecked::new(&examined))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use scoring::catalogue;

    use super::*;

    #[test]
    fn the_catalogue_explains_every_outcome_and_nothing_else() {
        use CardFault::{Expired, NoFeature, Rejected, WrongCheckDigits};
        let faults = [None, Some(NoFeature), Some(Expired), Some(WrongCheckDigits), Some(Rejected)];
        let cards = faults.map(|fault| CardChecked { score: 0.0, feature: None, fault }.reason().to_owned());
        let judged = |matched| FacesCompared::Judged { cosine: 0.0, matched, probability: 0.0 }.reason();
        let emitted: BTreeSet<String> = cards.into_iter().chain([judged(true), judged(false)]).collect();
        assert_eq!(catalogue::codes("card").map(str::to_owned).collect::<BTreeSet<_>>(), emitted);
    }
}
