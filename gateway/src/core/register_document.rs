//! The document of a registration: read, checked, and compared with the given names.

use std::collections::BTreeSet;

use proto::{Word, journeys as wire};
use scoring::Verdict;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::core::{
    Core,
    caller::Caller,
    check_document::{DocumentExamination, DocumentOptions, check_document},
    error::Error,
    journeys::registration_subject,
    media::Media,
    record::TransactionRecord,
    verification::{UserRequirement, Verification},
};

/// A document sent for a registration.
pub struct DocumentSent<'a> {
    pub registration_id: &'a str,
    pub picture: &'a Media,
    /// Replaces the document that was judged before.
    pub force: bool,
}

/// The result of a document.
pub struct DocumentRegistered {
    pub document: wire::RegisteredDocument,
    pub document_type: &'static str,
    pub flow_id: String,
    /// Share of the given names found in the document, 0 to 100.
    pub name_match: u32,
}

/// Reads and checks a document and records the result: VALIDATED when the rules pass it and it has the given names.
///
/// # Errors
/// 404 when the registration is over; 409 already_exists, attempts_exceeded; 400 for the picture.
pub async fn register_document(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    sent: DocumentSent<'_>,
) -> Result<DocumentRegistered, Error> {
    let DocumentSent { registration_id: id, picture, force } = sent;
    let project_id = caller.project_id.clone();
    let subject = registration_subject(id);
    record.set_user(subject.user_fullname.clone());
    let ask = wire::BeginDocumentRequest { project_id: project_id.clone(), id: id.to_owned(), force };
    let registration = core.services().journeys().begin_document(ask).await?.into_inner();
    let given = registration.personal.unwrap_or_default().full_name;
    let required = UserRequirement::Required;
    let verification = Verification::begin(core, caller, record, subject, required).await?;
    let options = DocumentOptions { validate_mrz: true, external: false, chip: Vec::new() };
    let examined = check_document(verification, picture, options).await?;
    record.note_models_ran();
    let name_match = name_match(&given, &printed_name(&examined));
    let status = match (examined.decision.verdict, name_match) {
        (Verdict::Pass, 100) => wire::DocumentStatus::Validated,
        (Verdict::Fail, _) => wire::DocumentStatus::Failed,
        _ => wire::DocumentStatus::Assessing,
    };
    let note = wire::SetDocumentRequest { project_id, id: id.to_owned(), status: status.into(), force };
    let registration = core.services().journeys().set_document(note).await?.into_inner();
    let document = registration.document.unwrap_or_default();
    let (document_type, flow_id) = (examined.document.document_type().as_word(), registration.flow_id);
    Ok(DocumentRegistered { document, document_type, flow_id, name_match })
}

fn printed_name(examined: &DocumentExamination) -> String {
    let field = |name: &str| {
        let field = examined.document.fields.iter().find(|field| field.name == name);
        field.map(|field| field.value.clone()).unwrap_or_default()
    };
    format!("{} {}", field("first_name"), field("last_name"))
}

/// Returns the share of the words of `given` that are among those of `printed`, ignoring order, case and accents.
fn name_match(given: &str, printed: &str) -> u32 {
    let (given, printed) = (words(given), words(printed));
    if given.is_empty() {
        return 0;
    }
    let found = given.intersection(&printed).count();
    u32::try_from(found * 100 / given.len()).unwrap_or_default()
}

fn words(name: &str) -> BTreeSet<String> {
    let plain: String = name.nfd().filter(|c| !is_combining_mark(*c)).collect::<String>().to_uppercase();
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_match_whatever_their_order_case_and_accents() {
        for (given, printed, percentage) in [
            ("Ada Lovelace", "ADA LOVELACE", 100),
            ("José María Núñez", "NUNEZ JOSE MARIA", 100),
            ("Ada Lovelace", "ADA KING", 50),
            ("Ada", "BOB", 0),
            ("", "ADA", 0),
        ] {
            assert_eq!(name_match(given, printed), percentage, "{given} {printed}");
        }
    }

    proptest! {
        #[test]
        fn any_two_names_are_compared(given in any::<String>(), printed in any::<String>()) {
            prop_assert!(name_match(&given, &printed) <= 100);
        }
    }
}
