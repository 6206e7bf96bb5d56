//! The result of a check, as returned by the call and sent to the webhook.

use boot::timestamp::rfc3339;
use scoring::Verdict;
use serde::Serialize;
use utoipa::ToSchema;

use crate::core::{identity_check::IdentityOutcome, samples::KeptFile};

/// Lowest overall score of each level of confidence.
const HIGH: u8 = 85;
const MEDIUM: u8 = 60;

#[derive(Debug, Serialize, ToSchema)]
pub struct Submitted {
    success: bool,
    /// The id of the check and of its transaction.
    check_id: String,
    result: CheckResult,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckResult {
    session_id: String,
    timestamp: String,
    files: Files,
    face_comparison: FaceComparisonResult,
    verification_assessment: Assessment,
    /// `verified`, `rejected` or `review`.
    #[schema(example = "verified")]
    status: &'static str,
    #[serde(rename = "user_identifier")]
    user_identifier: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Files {
    selfie_video: FileLink,
    id_photo: FileLink,
}

/// Null without storage consent, because nothing is stored.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileLink {
    /// Opens the file without a key until the file is deleted, after seven days.
    url: Option<String>,
    file_name: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FaceComparisonResult {
    is_identical: bool,
    /// The probability that both show the same person.
    #[schema(example = 0.85)]
    confidence: f64,
    /// The same probability, from 0 to 100.
    #[schema(example = 85)]
    similarity_score: u8,
    #[schema(example = "face_embedding")]
    method: &'static str,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    /// 0 to 100: the lowest of the liveness, face and document scores.
    #[schema(example = 85)]
    overall_score: u8,
    #[schema(example = "verified")]
    verification_status: &'static str,
    /// `high` from 85 on, `medium` from 60 on, else `low`.
    #[schema(example = "high")]
    confidence_level: &'static str,
    summary: &'static str,
    risk_factors: Vec<String>,
}

/// The body that is sent to the webhook.
#[derive(Debug, Serialize)]
pub struct Notification {
    check_id: String,
    user_identifier: String,
    verification_result: NotifiedResult,
    selfie_video_url: Option<String>,
    id_photo_url: Option<String>,
    completed_at: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NotifiedResult {
    session_id: String,
    timestamp: String,
    status: &'static str,
    face_comparison: FaceComparisonResult,
    verification_assessment: Assessment,
}

impl Submitted {
    /// Builds the answer to a submission. `base` is the prefix of links.
    pub fn new(check_id: &str, user_identifier: String, outcome: &IdentityOutcome, base: &str) -> Self {
        let status = status(outcome.verdict);
        let overall_score = whole(outcome.score);
        let file = |kept: &Option<KeptFile>, kind: &str| FileLink {
            url: kept.as_ref().map(|kept| format!("{base}{}", kept.path())),
            file_name: kept.as_ref().map(|kept| file_name(check_id, kind, kept)),
        };
        let result = CheckResult {
            session_id: check_id.to_owned(),
            timestamp: rfc3339(boot::now_ms()),
            files: Files {
                selfie_video: file(&outcome.video, "selfie"),
                id_photo: file(&outcome.photo, "id"),
            },
            face_comparison: FaceComparisonResult {
                is_identical: outcome.is_identical,
                confidence: (outcome.probability * 1e4).round() / 1e4,
                similarity_score: whole(100.0 * outcome.probability),
                method: "face_embedding",
            },
            verification_assessment: Assessment {
                overall_score,
                verification_status: status,
                confidence_level: confidence_level(overall_score),
                summary: summary(outcome.verdict),
                risk_factors: outcome.risks.clone(),
            },
            status,
            user_identifier,
        };
        Self { success: true, check_id: check_id.to_owned(), result }
    }

    pub fn notification(&self) -> Notification {
        let result = &self.result;
        Notification {
            check_id: self.check_id.clone(),
            user_identifier: result.user_identifier.clone(),
            verification_result: NotifiedResult {
                session_id: result.session_id.clone(),
                timestamp: result.timestamp.clone(),
                status: result.status,
                face_comparison: result.face_comparison.clone(),
                verification_assessment: result.verification_assessment.clone(),
            },
            selfie_video_url: result.files.selfie_video.url.clone(),
            id_photo_url: result.files.id_photo.url.clone(),
            completed_at: result.timestamp.clone(),
        }
    }
}

const fn status(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "verified",
        Verdict::Refer => "review",
        Verdict::Fail => "rejected",
    }
}

const fn summary(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "Verification completed successfully",
        Verdict::Refer => "Verification needs a review",
        Verdict::Fail => "Verification failed",
    }
}

const fn confidence_level(score: u8) -> &'static str {
    match score {
        HIGH.. => "high",
        MEDIUM.. => "medium",
        _ => "low",
    }
}

/// Returns the score rounded to a whole number from 0 to 100.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn whole(score: f64) -> u8 {
    score.clamp(0.0, 100.0).round() as u8
}

fn file_name(check_id: &str, kind: &str, kept: &KeptFile) -> String {
    let extension = match kept.content_type() {
        "video/quicktime" => "mov",
        "video/x-matroska" => "mkv",
        "video/x-msvideo" => "avi",
        "image/jpeg" => "jpg",
        other => other.rsplit_once('/').map_or("bin", |(_, kind)| kind),
    };
    let extension = if extension == "octet-stream" { "bin" } else { extension };
    format!("{check_id}_{kind}_{}.{extension}", kept.created_at_ms())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_confidence_follow_the_score() {
        let levels = [0, 59, 60, 84, 85, 100].map(confidence_level);
        assert_eq!(levels, ["low", "low", "medium", "medium", "high", "high"]);
        assert_eq!([-1.0, 84.6, 300.0].map(whole), [0, 85, 100]);
    }
}
