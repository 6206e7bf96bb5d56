//! Enrollment: a face or a voice becomes a template, when its quality allows.

use futures::{FutureExt, future::OptionFuture, stream::BoxStream};
use proto::ml::{
    Duplicate, EnrollFaceResponse, EnrollHeader, EnrollRequest, EnrollVoiceResponse, Outcome, StageTime,
    enroll_request::Part,
};
use scoring::{Mode, Rules, Service};
use serde::Serialize;
use serde_json::json;

use crate::{
    config::DuplicateIdentity,
    core::{
        caller::Caller,
        check_document::{
            DocumentExamination, DocumentOptions, DocumentRecord, document_number, examine_document,
        },
        error::Error,
        media::{Media, ReadFailure},
        permissions::Permission,
        record::stage_times,
        report::{FaceEnrollmentReport, VoiceEnrollmentReport, round4},
        samples::{discard_samples, ensure_sample_room, store_sample},
        verification::Verification,
    },
};

pub struct FaceInput<'a> {
    pub picture: &'a Media,
    /// The picture shows a document: its portrait is enrolled, and the document is checked as well.
    pub document: Option<DocumentOptions>,
    /// Discard earlier templates, even of another person. Needs [`Permission::EnrollReplace`].
    pub replace: bool,
}

pub struct FaceOutcome {
    pub report: FaceEnrollmentReport,
    pub reasons: Vec<String>,
    /// Of the document in the picture, if announced. A failure of its check does not fail the enrollment.
    pub document: Option<Result<DocumentExamination, Error>>,
}

pub struct VoiceInput<'a> {
    pub recording: &'a Media,
    pub phrase: String,
    pub vocabulary: String,
    pub replace: bool,
}

pub struct VoiceOutcome {
    pub report: VoiceEnrollmentReport,
    pub reasons: Vec<String>,
}

/// Enrolls a face.
///
/// # Errors
/// 403 without both consents; 400 for a file that is not a picture.
pub async fn enroll_face(
    mut verification: Verification<'_>,
    input: FaceInput<'_>,
) -> Result<FaceOutcome, Error> {
    ensure_sample_room(&verification, verification.may_come_to_store()).await?;
    verification.attest_storage().await?;
    let header = enroll_header(&verification, input.replace)?;
    // A template cannot be undone, so the sample comes first.
    store_sample(&verification, "face", input.picture).await?;
    let header = EnrollHeader { is_document: input.document.is_some(), ..header };
    let (messages, read_failure) = enroll_messages(input.picture, header);
    // Nobody is enrolled without authorization, so the portrait may be compared too.
    let examination: OptionFuture<_> =
        input.document.map(|options| examine_document(&verification, input.picture, options)).into();
    let enrolling = async {
        if let Some(script) = verification.script() {
            return script.begin().await.map(|()| script.enroll_face());
        }
        let mut ml = verification.core.services().ml();
        read_failure.guard(ml.enroll_face(messages).boxed()).await
    };
    let (enrolled, document) = tokio::join!(enrolling, examination);
    let enrolled: EnrollFaceResponse = or_discard(&verification, enrolled).await?;

    let report = FaceEnrollmentReport::from(&enrolled);
    let reasons = reasons("face", enrolled.outcome.as_ref(), report.state, enrolled.duplicate.is_some());
    let (caller, record) = (verification.caller, verification.record);
    let examined = document.as_ref().and_then(|document| document.as_ref().ok());
    record.set_reasons(reasons.clone());
    record.set_services(&FaceEnrollmentRecord {
        enrollment: WithDuplicate::new(&report, enrolled.duplicate.as_ref()),
        document: examined.map(DocumentRecord::from),
    });
    record.set_durations(&durations(&enrolled.stages));
    if let Some(examined) = examined {
        record.set_document(document_number(&examined.document));
        record.set_evidence(&examined.basis);
        record.set_rules(&caller.rules_source);
    }
    Ok(FaceOutcome { report, reasons, document })
}

/// Enrolls a voice. Several recordings make one template.
///
/// # Errors
/// 403 without both consents; 400 for a file without sound.
pub async fn enroll_voice(
    mut verification: Verification<'_>,
    input: VoiceInput<'_>,
) -> Result<VoiceOutcome, Error> {
    ensure_sample_room(&verification, verification.may_come_to_store()).await?;
    verification.attest_storage().await?;
    let header = enroll_header(&verification, input.replace)?;
    store_sample(&verification, "voice", input.recording).await?;
    let header = EnrollHeader {
        phrase: input.phrase,
        vocabulary: input.vocabulary,
        origin: verification.recording_origin(),
        refuse_replays: fails_replays(verification.caller)?,
        ..header
    };
    let (messages, read_failure) = enroll_messages(input.recording, header);
    let enrolled = match verification.script() {
        Some(script) => script.begin().await.map(|()| script.enroll_voice()),
        None => {
            let mut ml = verification.core.services().ml();
            read_failure.guard(ml.enroll_voice(messages).boxed()).await
        }
    };
    let enrolled: EnrollVoiceResponse = or_discard(&verification, enrolled).await?;

    let report = VoiceEnrollmentReport::from(&enrolled);
    let reasons = reasons("voice", enrolled.outcome.as_ref(), report.state, enrolled.duplicate.is_some());
    let record = verification.record;
    record.set_reasons(reasons.clone());
    record.set_services(&VoiceEnrollmentRecord {
        enrollment: WithDuplicate::new(&report, enrolled.duplicate.as_ref()),
    });
    record.set_durations(&durations(&enrolled.stages));
    Ok(VoiceOutcome { report, reasons })
}

/// Returns the result of an enrollment; deletes the sample of a failed one.
async fn or_discard<T>(verification: &Verification<'_>, enrolled: Result<T, Error>) -> Result<T, Error> {
    if enrolled.is_err() {
        discard_samples(verification).await;
    }
    enrolled
}

/// Whether a recording that was used before for another user is rejected: unless the rules in force allow it.
fn fails_replays(caller: &Caller) -> Result<bool, Error> {
    let rules = match &caller.rules_json {
        Some(json) => Rules::parse(json).map_err(|error| Error::internal(&error))?,
        None => Rules::empty(),
    };
    let rules = rules.with_replays(caller.replay_rule());
    Ok(rules.services.get(&Service::MediaReplay).is_some_and(|rule| rule.mode == Mode::Required))
}

fn enroll_header(verification: &Verification<'_>, replace: bool) -> Result<EnrollHeader, Error> {
    let consents = verification.consents;
    if !verification.may_store() {
        return Err(Error::EnrollmentConsentRequired {
            authorization: consents.authorization,
            storage: consents.storage,
        });
    }
    Ok(EnrollHeader {
        project_id: verification.caller.project_id.clone(),
        user_fullname: verification.user.clone().ok_or(Error::UserRequired)?,
        transaction_id: verification.record.transaction_id().to_owned(),
        replace,
        may_strengthen: verification.caller.may(Permission::EnrollStill),
        refuse_duplicates: verification.core.duplicate_identity() == DuplicateIdentity::Refuse,
        ..EnrollHeader::default()
    })
}

fn enroll_messages(file: &Media, header: EnrollHeader) -> (BoxStream<'static, EnrollRequest>, ReadFailure) {
    let header = EnrollRequest { part: Some(Part::Header(header)) };
    file.messages(header, |chunk| EnrollRequest { part: Some(Part::Chunk(chunk)) })
}

/// Returns stable words: the outcome or the reason, and whether another user is enrolled with it.
fn reasons(kind: &str, outcome: Option<&Outcome>, state: &str, is_duplicate: bool) -> Vec<String> {
    const DUPLICATE: &str = "duplicate_identity";
    let error = outcome.map(|outcome| outcome.error.as_str()).filter(|error| !error.is_empty());
    let mut reasons = vec![error.map_or_else(|| format!("{kind}_{state}"), str::to_owned)];
    if is_duplicate && reasons[0] != DUPLICATE {
        reasons.push(DUPLICATE.to_owned());
    }
    reasons
}

fn durations(stages: &[StageTime]) -> serde_json::Value {
    json!({ "stages": stage_times(stages) })
}

#[derive(Serialize)]
struct FaceEnrollmentRecord<'a> {
    #[serde(rename = "Face Enrollment")]
    enrollment: WithDuplicate<'a, FaceEnrollmentReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<DocumentRecord>,
}

#[derive(Serialize)]
struct VoiceEnrollmentRecord<'a> {
    #[serde(rename = "Voice Enrollment")]
    enrollment: WithDuplicate<'a, VoiceEnrollmentReport>,
}

/// A report as recorded. The other subject is recorded by id only, so that an erasure leaves no name here.
#[derive(Serialize)]
struct WithDuplicate<'a, R: Serialize> {
    #[serde(flatten)]
    report: &'a R,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<DuplicateReport<'a>>,
}

#[derive(Serialize)]
struct DuplicateReport<'a> {
    subject_id: &'a str,
    transaction_id: &'a str,
    probability: f64,
}

impl<'a, R: Serialize> WithDuplicate<'a, R> {
    fn new(report: &'a R, duplicate: Option<&'a Duplicate>) -> Self {
        let duplicate = duplicate.map(|other| DuplicateReport {
            subject_id: &other.subject_id,
            transaction_id: &other.transaction_id,
            probability: round4(other.probability),
        });
        Self { report, duplicate }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proto::ml::EnrollmentState;
    use scoring::catalogue;

    use super::*;

    #[test]
    fn the_catalogue_explains_every_state_and_nothing_else() {
        use EnrollmentState::{Enrolled, Partial, Refused, Replaced, Strengthened, Unchanged};
        let face = |state: EnrollmentState| {
            FaceEnrollmentReport::from(&EnrollFaceResponse {
                state: state.into(),
                ..EnrollFaceResponse::default()
            })
        };
        let of = |kind, state: EnrollmentState| reasons(kind, None, face(state).state, false).remove(0);
        let both = [Enrolled, Strengthened, Replaced, Unchanged, Refused];
        // A face needs only one picture.
        let emitted = both.iter().flat_map(|state| [of("face", *state), of("voice", *state)]);
        let emitted: BTreeSet<String> = emitted.chain([of("voice", Partial)]).collect();
        assert_eq!(catalogue::codes("enrollment").map(str::to_owned).collect::<BTreeSet<_>>(), emitted);
    }

    #[test]
    fn a_refusal_is_its_own_reason_and_a_duplicate_is_reported_beside() {
        let outcome = |error: &str| Some(Outcome { error: error.into(), ..Outcome::default() });
        let of = |error, state, duplicate| reasons("face", outcome(error).as_ref(), state, duplicate);
        assert_eq!(of("", "enrolled", false), ["face_enrolled"]);
        assert_eq!(of("", "enrolled", true), ["face_enrolled", "duplicate_identity"]);
        assert_eq!(of("another_person", "refused", false), ["another_person"]);
        assert_eq!(of("duplicate_identity", "refused", true), ["duplicate_identity"]);
    }
}
