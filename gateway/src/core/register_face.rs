//! The face of a registration or validation: judged, searched, enrolled.

use futures::FutureExt;
use proto::{
    journeys as wire,
    ml::{EnrollHeader, EnrollRequest, EnrollmentState, enroll_request::Part},
};
use scoring::Verdict;

use crate::core::{
    Core,
    caller::Caller,
    error::{Error, Refusal},
    evidence,
    journeys::{get_flow, get_validation, registration_subject},
    judge_still::{SeenStill, StillJudged, StillQuestion, judge_still},
    media::Media,
    record::TransactionRecord,
    verification::{Subject, UserRequirement, Verification},
};

/// A face sent for a registration.
pub struct FaceSent<'a> {
    pub registration_id: &'a str,
    pub picture: &'a Media,
    /// Continues when there is a person already: the registration's own is enrolled again, another one is linked.
    pub force: bool,
}

/// Why a face did not set the person of a registration.
#[derive(Clone, Debug, PartialEq)]
pub enum FaceRefused {
    /// The stable word for why the picture cannot be used.
    Unusable(String),
    /// The insufficient liveness.
    NotLive(f64),
}

/// Judges a face, searches it in the collection, enrolls it and sets the registration's person. The order of checks:
/// the collection, the registration's own person, the picture, liveness, the search. Insufficient liveness uses up an
/// attempt and stores nothing.
///
/// # Errors
/// 403 without consent; 404 when the registration is over; 409 by its word.
pub async fn register_face(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    sent: FaceSent<'_>,
) -> Result<Result<wire::Registration, FaceRefused>, Error> {
    let FaceSent { registration_id: id, picture, force } = sent;
    let project_id = caller.project_id.clone();
    let subject = registration_subject(id);
    record.set_user(subject.user_fullname.clone());
    let ask = wire::BeginFaceRequest { project_id: project_id.clone(), id: id.to_owned(), force };
    let task = core.services().journeys().begin_face(ask).await?.into_inner();
    let settings = task.flow.and_then(|flow| flow.settings).unwrap_or_default();
    let collection = task.collection.map(|collection| collection.id).unwrap_or_default();
    let required = UserRequirement::Required;
    let mut verification = Verification::begin(core, caller, record, subject, required).await?;
    let question =
        StillQuestion { user: verification.user.clone(), search_from: Some(settings.search_min_score) };
    let seen = match judge_still(core, caller, verification.authorized()?, picture, question).await? {
        StillJudged::Seen(seen) => seen,
        StillJudged::Unusable(word) => {
            verification.record.set_reasons(vec![word.clone()]);
            return Ok(Err(FaceRefused::Unusable(word)));
        }
    };
    verification.record.note_models_ran();
    // Counted before its result is shown, so that the number of results never exceeds the limit.
    let attempt = wire::RecordRequest { project_id: project_id.clone(), id: id.to_owned() };
    core.services().journeys().count_face_attempt(attempt).await?;
    verification.record.set_score(seen.liveness * 100.0);
    if seen.liveness <= settings.liveness_min_score {
        verification.record.set_verdict(Verdict::Fail, vec!["liveness_failed".to_owned()]);
        return Ok(Err(FaceRefused::NotLive(seen.liveness)));
    }
    let known = known_person(core, caller, &collection, &seen).await?;
    if known.is_some() && !force {
        verification.record.set_verdict(Verdict::Fail, vec!["person_already_set".to_owned()]);
        return Err(person_already_set());
    }
    let existing_person_id = match known {
        Some(person_id) => person_id,
        None => {
            if let Some(word) = enroll(&mut verification, picture, force).await? {
                return Ok(Err(FaceRefused::Unusable(word)));
            }
            String::new()
        }
    };
    let link = wire::SetPersonRequest { project_id, id: id.to_owned(), existing_person_id, force };
    let registration = core.services().journeys().set_person(link).await?.into_inner();
    verification.record.set_verdict(Verdict::Pass, vec!["face_registered".to_owned()]);
    Ok(Ok(registration))
}

/// Returns the person of the collection with this face, if another one.
async fn known_person(
    core: &Core,
    caller: &Caller,
    collection_id: &str,
    seen: &SeenStill,
) -> Result<Option<String>, Error> {
    let Some((subject, _)) = &seen.nearest else { return Ok(None) };
    let ask = wire::FindPersonRequest {
        project_id: caller.project_id.clone(),
        collection_id: collection_id.to_owned(),
        subject: subject.clone(),
    };
    let found = core.services().journeys().find_person(ask).await?.into_inner();
    Ok(found.person.map(|person| person.id))
}

fn person_already_set() -> Error {
    Error::worded(Refusal::Conflict, "person_already_set", "person_already_set")
}

/// Makes the template; returns the stable word for why it cannot be made.
async fn enroll(
    verification: &mut Verification<'_>,
    picture: &Media,
    replace: bool,
) -> Result<Option<String>, Error> {
    verification.attest_storage().await?;
    if !verification.may_store() {
        return Err(Error::ConsentRequired);
    }
    let header = EnrollHeader {
        project_id: verification.caller.project_id.clone(),
        user_fullname: verification.user.clone().ok_or(Error::UserRequired)?,
        transaction_id: verification.record.transaction_id().to_owned(),
        replace,
        // It was judged live.
        may_strengthen: true,
        ..EnrollHeader::default()
    };
    let header = EnrollRequest { part: Some(Part::Header(header)) };
    let (messages, read_failure) =
        picture.messages(header, |chunk| EnrollRequest { part: Some(Part::Chunk(chunk)) });
    let mut ml = verification.core.services().ml();
    let done = read_failure.guard(ml.enroll_face(messages).boxed()).await?;
    let refused = done.state() == EnrollmentState::Refused;
    let word = evidence::failure(done.outcome.as_ref()).unwrap_or("face_refused");
    match (refused, word) {
        (false, _) => Ok(None),
        // Of two concurrent calls, the other one's face is enrolled.
        (true, "another_person") => Err(person_already_set()),
        (true, word) => {
            verification.record.set_reasons(vec![word.to_owned()]);
            Ok(Some(word.to_owned()))
        }
    }
}

/// The result of a validation.
pub struct ValidationJudged {
    pub validation: wire::Validation,
    pub liveness: f64,
    /// The probability that it is the person of the identifier, if enrolled.
    pub identity: Option<(f64, bool)>,
}

/// Why a validation has no result, or a negative one.
pub enum ValidationRefused {
    Unusable,
    NotLive,
    AnotherPerson,
}

/// Judges the face of a validation and ends it: liveness, and the identifier's face if enrolled. A login must match.
///
/// # Errors
/// 403 without consent; 404; 409 when the validation has ended or expired.
pub async fn judge_validation(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    (id, picture): (&str, &Media),
) -> Result<Result<ValidationJudged, ValidationRefused>, Error> {
    let validation = get_validation(core, caller, id).await?;
    let asked = validation.asked.clone().unwrap_or_default();
    let is_open =
        matches!(validation.status(), wire::ValidationStatus::New | wire::ValidationStatus::Pending);
    if !is_open {
        let word = "biometricValidation_has_ended";
        return Err(Error::worded(Refusal::Conflict, word, word));
    }
    let settings = get_flow(core, caller, &validation.flow_id).await?.settings.unwrap_or_default();
    let subject = Subject { user_fullname: Some(asked.identifier.clone()), ..Subject::default() };
    let required = UserRequirement::Required;
    let verification = Verification::begin(core, caller, record, subject, required).await?;
    let question = StillQuestion { user: verification.user.clone(), search_from: None };
    let seen = match judge_still(core, caller, verification.authorized()?, picture, question).await? {
        StillJudged::Seen(seen) => seen,
        StillJudged::Unusable(word) => {
            verification.record.set_reasons(vec![word]);
            return Ok(Err(ValidationRefused::Unusable));
        }
    };
    verification.record.note_models_ran();
    let is_live = seen.liveness > settings.liveness_min_score;
    let is_login = asked.r#type() == wire::ValidationType::Login;
    let is_same = seen.own.map_or(!is_login, |(_, matched)| matched);
    verification.record.set_score(seen.liveness * 100.0);
    let passed = is_live && is_same;
    let (verdict, reason) = match (is_live, is_same) {
        (true, true) => (Verdict::Pass, "face_validated"),
        (true, false) => (Verdict::Fail, "another_person"),
        (false, _) => (Verdict::Fail, "liveness_failed"),
    };
    verification.record.set_verdict(verdict, vec![reason.to_owned()]);
    let finish =
        wire::FinishValidationRequest { project_id: caller.project_id.clone(), id: id.to_owned(), passed };
    let validation = core.services().journeys().finish_validation(finish).await?.into_inner();
    Ok(match (is_live, is_same) {
        (true, true) => Ok(ValidationJudged { validation, liveness: seen.liveness, identity: seen.own }),
        (true, false) => Err(ValidationRefused::AnotherPerson),
        (false, _) => Err(ValidationRefused::NotLive),
    })
}
