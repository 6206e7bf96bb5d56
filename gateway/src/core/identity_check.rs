//! Compares a selfie video with an identity document: liveness, face match, and document checks.

use std::collections::BTreeSet;

use futures::FutureExt;
use proto::{
    ml::{AnalyzeVideoHeader, AnalyzeVideoResponse, MatchFacesHeader, MatchFacesResponse},
    transactions::SampleLink,
};
use scoring::{Decision, Service, Verdict};
use serde::Serialize;

use crate::core::{
    analyze_video::send_video,
    check_document::{DocumentExamination, DocumentOptions, DocumentRecord, examine_document},
    error::{Error, Refusal},
    evidence,
    match_reference::{MatchInput, VideoSource, decide_reference, match_evidence, send_match},
    media::Media,
    report::{FaceMatchReport, ServiceReports},
    samples::{KeptFile, ensure_sample_room, keep_sample},
    verification::Verification,
};

/// Retention of the files of a check, if the user allows it: seven days.
const KEEP_SECONDS: u32 = 7 * 24 * 3600;

pub struct IdentityInput<'a> {
    pub video: &'a Media,
    pub photo: &'a Media,
    /// For the tenant's own records; stored with the transaction.
    pub contact: Contact,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

pub struct IdentityOutcome {
    /// The worst of the three.
    pub verdict: Verdict,
    /// 0 to 100, the lowest of the three.
    pub score: f64,
    /// Whether both show the same person, and the probability.
    pub is_identical: bool,
    pub probability: f64,
    /// Stable words that speak against the person.
    pub risks: Vec<String>,
    /// The stored files; none without storage consent.
    pub video: Option<KeptFile>,
    pub photo: Option<KeptFile>,
}

/// Checks the identity of a user.
///
/// # Errors
/// 403 without authorization consent; 400 for files that cannot be read; 503 when the models are busy.
pub async fn check_identity(
    mut verification: Verification<'_>,
    input: IdentityInput<'_>,
) -> Result<IdentityOutcome, Error> {
    verification.authorized()?;
    ensure_sample_room(&verification, verification.may_come_to_store()).await?;
    let options = DocumentOptions { validate_mrz: true, external: false, chip: Vec::new() };
    let (liveness, faces, document) = tokio::try_join!(
        judge_liveness(&verification, input.video).boxed(),
        compare_faces(&verification, &input).boxed(),
        examine_document(&verification, input.photo, options).boxed(),
    )?;
    let found = Found::new(&verification, &liveness, &faces, &document)?;

    // Only readable files are stored.
    verification.attest_storage().await?;
    let video = keep_sample(&verification, "selfie_video", input.video, KEEP_SECONDS).await?;
    let photo = keep_sample(&verification, "id_photo", input.photo, KEEP_SECONDS).await?;
    verification.record.set_verdict(found.verdict, found.risks.clone());
    verification.record.set_score(found.score);
    verification.record.set_services(&IdentityRecord {
        services: ServiceReports::new(&liveness),
        face_match: FaceMatchReport::from(&faces),
        document: DocumentRecord::from(&document),
        contact: &input.contact,
    });
    Ok(IdentityOutcome {
        verdict: found.verdict,
        score: found.score,
        is_identical: faces.matched,
        probability: faces.probability,
        risks: found.risks,
        video,
        photo,
    })
}

/// The results of the three checks.
struct Found {
    verdict: Verdict,
    score: f64,
    risks: Vec<String>,
}

impl Found {
    fn new(
        verification: &Verification<'_>,
        liveness: &AnalyzeVideoResponse,
        faces: &MatchFacesResponse,
        document: &DocumentExamination,
    ) -> Result<Self, Error> {
        let services = BTreeSet::from([Service::FaceLiveness]);
        let rules = verification.caller.narrowed_to(services).default_rules();
        let live = scoring::decide(&rules, &evidence::video_evidence(liveness));
        let same = decide_reference(verification.caller, &match_evidence(faces, true), false)?;
        let parts = [of(&live), of(&same), of(&document.decision)];
        let worst = parts.iter().map(|(verdict, ..)| *verdict).max_by_key(|verdict| badness(*verdict));
        let score = parts.iter().map(|(_, score, _)| *score).fold(100.0, f64::min);
        let risks = parts.into_iter().flat_map(|(_, _, reasons)| reasons).filter(is_risk).cloned();
        Ok(Self { verdict: worst.unwrap_or(Verdict::Refer), score, risks: risks.collect() })
    }
}

fn of<C>(decision: &Decision<C>) -> (Verdict, f64, &[String]) {
    (decision.verdict, decision.score, &decision.reasons)
}

const fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Refer => 1,
        Verdict::Fail => 2,
    }
}

/// A check that was not made is neutral.
fn is_risk(reason: &&String) -> bool {
    !reason.ends_with("_passed") && !reason.ends_with("_not_checked")
}

#[derive(Serialize)]
struct IdentityRecord<'a> {
    #[serde(flatten)]
    services: ServiceReports,
    #[serde(rename = "Face Match")]
    face_match: FaceMatchReport,
    document: DocumentRecord,
    contact: &'a Contact,
}

async fn judge_liveness(
    verification: &Verification<'_>,
    video: &Media,
) -> Result<AnalyzeVideoResponse, Error> {
    let header = AnalyzeVideoHeader {
        project_id: verification.caller.project_id.clone(),
        user_fullname: verification.user.clone().unwrap_or_default(),
        services: vec![evidence::ml_service(Service::FaceLiveness).into()],
        origin: verification.recording_origin(),
        ..AnalyzeVideoHeader::default()
    };
    send_video(verification, video, header).await.map_err(unreadable)
}

async fn compare_faces(
    verification: &Verification<'_>,
    input: &IdentityInput<'_>,
) -> Result<MatchFacesResponse, Error> {
    let header = MatchFacesHeader {
        project_id: verification.caller.project_id.clone(),
        detect_only: false,
        origin: None,
    };
    let input = MatchInput { picture: input.photo, video: VideoSource::Sent(input.video) };
    let (seen, _) = send_match(verification, &input, header).await.map_err(unreadable)?;
    Ok(seen)
}

fn unreadable(error: Error) -> Error {
    match error {
        Error::Refused(Refusal::Invalid, message) => {
            Error::worded(Refusal::Invalid, "unreadable_media", message)
        }
        other => other,
    }
}

/// Builds the link of a stored file, which needs no key.
impl KeptFile {
    pub fn path(&self) -> String {
        let SampleLink { sample, expires_ms, signature } = &self.link;
        let id = sample.as_ref().map(|sample| sample.id.as_str()).unwrap_or_default();
        // Neither an id nor a signature has a character that needs escaping.
        format!("/api-transactions/samples/{id}?expires={expires_ms}&signature={signature}")
    }

    pub fn content_type(&self) -> &str {
        self.link.sample.as_ref().map(|sample| sample.content_type.as_str()).unwrap_or_default()
    }

    pub fn created_at_ms(&self) -> i64 {
        self.link.sample.as_ref().map_or(0, |sample| sample.created_at_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_verdict_wins() {
        let mut all = [Verdict::Refer, Verdict::Fail, Verdict::Pass];
        all.sort_by_key(|verdict| badness(*verdict));
        assert_eq!(all, [Verdict::Pass, Verdict::Refer, Verdict::Fail]);
        assert!(is_risk(&&"liveness_failed".to_owned()) && !is_risk(&&"liveness_passed".to_owned()));
    }
}
