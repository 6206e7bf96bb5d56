//! Fingerprints: enrollment and 1:1 comparison. Only the minutiae of a picture are stored.

use futures::{FutureExt, stream::BoxStream};
use proto::ml::{
    EnrollPrintResponse, PrintHeader, PrintRequest, PrintState, VerifyPrintResponse, print_request::Part,
};
use scoring::Verdict;

use crate::core::{
    compare_pictures::unreadable,
    disclosure::Disclosure,
    error::Error,
    media::{Media, ReadFailure},
    verification::Verification,
};

/// The result of an enrollment.
#[derive(Debug)]
pub enum PrintEnrolled {
    /// Stored, or a better print of the same finger was stored before.
    Enrolled,
    /// Another finger is enrolled; it stays.
    OtherFinger,
    /// The print cannot be judged, with a reason for people.
    Refused { description: String },
}

/// The result of a comparison.
#[derive(Debug)]
pub enum PrintVerified {
    NotEnrolled,
    Refused {
        reason: String,
        description: String,
    },
    /// BOZORTH3's score, and whether it is a match.
    Judged {
        score: u32,
        matched: bool,
    },
}

impl PrintVerified {
    pub const fn is_match(&self) -> bool {
        matches!(self, Self::Judged { matched: true, .. })
    }

    /// A stable word for the transaction.
    pub fn reason(&self) -> String {
        match self {
            Self::NotEnrolled => "fingerprint_not_enrolled".to_owned(),
            Self::Refused { reason, .. } => reason.clone(),
            Self::Judged { matched: true, .. } => "fingerprint_matched".to_owned(),
            Self::Judged { matched: false, .. } => "fingerprint_not_matched".to_owned(),
        }
    }
}

impl PrintVerified {
    /// Removes the digits of the score that the caller may not see.
    pub const fn disclose(&mut self, shown: Disclosure<'_>) {
        if let Self::Judged { score, .. } = self {
            *score = shown.print_score(*score);
        }
    }
}

/// Enrolls the print of one finger.
///
/// # Errors
/// 403 without both consents; 400 for a file that is not a picture.
pub async fn enroll_print(
    mut verification: Verification<'_>,
    picture: &Media,
) -> Result<PrintEnrolled, Error> {
    verification.attest_storage().await?;
    if !verification.may_store() {
        return Err(Error::ConsentRequired);
    }
    let (messages, read_failure) = messages(&verification, picture)?;
    let mut ml = verification.core.services().ml();
    let done = read_failure.guard(ml.enroll_print(messages).boxed()).await.map_err(unreadable)?;
    let EnrollPrintResponse { reason, description, .. } = done.clone();
    let Some((outcome, word)) = enrolled_as(done.state()) else {
        verification.record.set_reasons(vec![reason]);
        return Ok(PrintEnrolled::Refused { description });
    };
    verification.record.set_reasons(vec![word.to_owned()]);
    Ok(outcome)
}

/// Returns the outcome of an accepted print, and its reason.
const fn enrolled_as(state: PrintState) -> Option<(PrintEnrolled, &'static str)> {
    match state {
        PrintState::Enrolled => Some((PrintEnrolled::Enrolled, "fingerprint_enrolled")),
        PrintState::Strengthened => Some((PrintEnrolled::Enrolled, "fingerprint_strengthened")),
        PrintState::Unchanged => Some((PrintEnrolled::Enrolled, "fingerprint_unchanged")),
        PrintState::OtherFinger => Some((PrintEnrolled::OtherFinger, "another_finger")),
        PrintState::Refused | PrintState::Unspecified => None,
    }
}

/// Compares a print with the user's.
///
/// # Errors
/// 403 without authorization consent; 400 for a file that is not a picture.
pub async fn verify_print(verification: Verification<'_>, picture: &Media) -> Result<PrintVerified, Error> {
    let verified = compare_print(&verification, picture).await?;
    let verdict = if verified.is_match() { Verdict::Pass } else { Verdict::Fail };
    verification.record.set_verdict(verdict, vec![verified.reason()]);
    Ok(verified)
}

pub(super) async fn compare_print(
    verification: &Verification<'_>,
    picture: &Media,
) -> Result<PrintVerified, Error> {
    verification.authorized()?;
    let (messages, read_failure) = messages(verification, picture)?;
    let mut ml = verification.core.services().ml();
    let seen = read_failure.guard(ml.verify_print(messages).boxed()).await.map_err(unreadable)?;
    let VerifyPrintResponse { enrolled, reason, description, score, matched } = seen;
    Ok(match (reason.is_empty(), enrolled) {
        (false, _) => PrintVerified::Refused { reason, description },
        (true, false) => PrintVerified::NotEnrolled,
        (true, true) => PrintVerified::Judged { score, matched },
    })
}

fn messages(
    verification: &Verification<'_>,
    picture: &Media,
) -> Result<(BoxStream<'static, PrintRequest>, ReadFailure), Error> {
    let header = PrintHeader {
        project_id: verification.caller.project_id.clone(),
        user_fullname: verification.user.clone().ok_or(Error::UserRequired)?,
        transaction_id: verification.record.transaction_id().to_owned(),
    };
    let header = PrintRequest { part: Some(Part::Header(header)) };
    Ok(picture.messages(header, |chunk| PrintRequest { part: Some(Part::Chunk(chunk)) }))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use scoring::catalogue;

    use super::*;

    #[test]
    fn the_catalogue_explains_every_outcome_and_nothing_else() {
        use PrintState::{Enrolled, OtherFinger, Strengthened, Unchanged};
        let states = [Enrolled, Strengthened, Unchanged, OtherFinger].into_iter();
        let enrolled = states.filter_map(|state| Some(enrolled_as(state)?.1.to_owned()));
        let judged = |matched| PrintVerified::Judged { score: 0, matched };
        let verified = [PrintVerified::NotEnrolled, judged(true), judged(false)];
        let emitted: BTreeSet<String> = enrolled.chain(verified.iter().map(PrintVerified::reason)).collect();
        // The others are those of the models service, which tests them itself.
        let refusals =
            ["no_ridges", "print_too_large", "print_too_small", "print_unclear", "too_few_minutiae"];
        let explained = catalogue::codes("fingerprint").filter(|code| !refusals.contains(code));
        assert_eq!(explained.map(str::to_owned).collect::<BTreeSet<_>>(), emitted);
    }
}
