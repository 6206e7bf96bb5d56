//! Identifies a face among the persons of a project. Nothing is stored.

use proto::journeys as wire;
use scoring::Verdict;

use crate::core::{
    Core,
    caller::Caller,
    consent::{Authorized, consent_state},
    disclosure::Disclosure,
    error::Error,
    judge_still::{SeenStill, StillJudged, StillQuestion, judge_still},
    media::Media,
    record::TransactionRecord,
};

/// An identified person, with the probability.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPerson {
    pub id: String,
    pub name: String,
    pub probability: f64,
}

/// The result of a search.
#[derive(Clone, Debug)]
pub struct SearchOutcome {
    /// The least liveness of the pictures.
    pub liveness: f64,
    pub found: Option<FoundPerson>,
}

/// The scope of a search.
pub struct Search<'a> {
    pub pictures: &'a [Media],
    pub min_probability: f64,
    /// The code of a collection; `None`: any of the project.
    pub collection: Option<&'a str>,
}

/// Searches the face of pictures among the persons of the project with authorization consent. The inner error is the
/// stable word for why a picture cannot be judged.
///
/// # Errors
/// 403 unless the project declares that it holds consents; 404 for an unknown collection; 400 for a file that is no
/// picture.
pub async fn search_persons(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    search: Search<'_>,
) -> Result<Result<SearchOutcome, String>, Error> {
    let authorized = Authorized::by_attestation(caller)?;
    let project_id = caller.project_id.clone();
    let collection_id = match search.collection {
        None => String::new(),
        Some(code) => {
            let named = wire::RecordRequest { project_id: project_id.clone(), id: code.to_owned() };
            core.services().journeys().get_collection(named).await?.into_inner().id
        }
    };
    let (mut liveness, mut nearest) = (1.0_f64, None::<(String, f64)>);
    for picture in search.pictures {
        let question = StillQuestion { user: None, search_from: Some(search.min_probability) };
        match judge_still(core, caller, authorized, picture, question).await? {
            StillJudged::Unusable(word) => {
                record.set_reasons(vec![word.clone()]);
                return Ok(Err(word));
            }
            StillJudged::Seen(SeenStill { liveness: of_one, nearest: of_this, .. }) => {
                record.note_models_ran();
                liveness = liveness.min(of_one);
                let known = nearest.as_ref().map_or(0.0, |(_, probability)| *probability);
                nearest = of_this.filter(|(_, probability)| *probability > known).or(nearest);
            }
        }
    }
    let shown = Disclosure::new(caller, None);
    let found = match nearest.filter(|(_, found)| shown.reaches(*found, search.min_probability)) {
        Some((subject, probability)) => person(core, caller, (&collection_id, &subject), probability).await?,
        None => None,
    };
    let reason = if found.is_some() { "person_found" } else { "person_not_found" };
    record.set_reasons(vec![reason.to_owned()]);
    Ok(Ok(SearchOutcome { liveness, found }))
}

async fn person(
    core: &Core,
    caller: &Caller,
    (collection_id, subject): (&str, &str),
    probability: f64,
) -> Result<Option<FoundPerson>, Error> {
    // Persons who withdrew consent are not returned.
    if !consent_state(core, caller, Some(subject)).await?.authorization {
        return Ok(None);
    }
    let ask = wire::FindPersonRequest {
        project_id: caller.project_id.clone(),
        collection_id: collection_id.to_owned(),
        subject: subject.to_owned(),
    };
    let found = core.services().journeys().find_person(ask).await?.into_inner().person;
    Ok(found.map(|person| FoundPerson { id: person.id, name: person.name, probability }))
}

/// Compares pictures with a person: the best of them counts.
///
/// # Errors
/// 403 without consent; 404 PERSON_NOT_FOUND; 400 for a file that is no picture.
pub async fn verify_person(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    (id, pictures, min_probability): (&str, &[Media], f64),
) -> Result<Result<Option<FoundPerson>, String>, Error> {
    let named = wire::RecordRequest { project_id: caller.project_id.clone(), id: id.to_owned() };
    let person = core.services().journeys().get_person(named).await?.into_inner();
    record.set_user(Some(person.subject.clone()));
    let consents = consent_state(core, caller, Some(&person.subject)).await?;
    let authorized = Authorized::by_consent(&consents)?;
    let mut best = 0.0_f64;
    for picture in pictures {
        let question = StillQuestion { user: Some(person.subject.clone()), search_from: None };
        match judge_still(core, caller, authorized, picture, question).await? {
            StillJudged::Unusable(word) => {
                record.set_reasons(vec![word.clone()]);
                return Ok(Err(word));
            }
            StillJudged::Seen(seen) => {
                record.note_models_ran();
                best = best.max(seen.own.map_or(0.0, |(probability, _)| probability));
            }
        }
    }
    let is_same = Disclosure::new(caller, None).reaches(best, min_probability);
    let (verdict, reason) =
        if is_same { (Verdict::Pass, "face_matched") } else { (Verdict::Fail, "face_not_matched") };
    record.set_verdict(verdict, vec![reason.to_owned()]);
    Ok(Ok(is_same.then_some(FoundPerson { id: person.id, name: person.name, probability: best })))
}
