//! The documented object of a checked document.

use base64::{Engine, engine::general_purpose::STANDARD};
use proto::{
    Word,
    docauth::{CheckDocumentResponse, CheckOutcome, DocumentCheck, DocumentField, DocumentType, MrzReading},
};
use scoring::{DocumentDecision, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

use super::responses::{DecisionReport, DocumentCondition, ScoringResult};
use crate::core::{
    caller::{Caller, ResponseFormat},
    check_document::{DocumentCheckReport, DocumentExamination},
    disclosure::Disclosure,
    error::{Error, Refusal},
    report::round4,
};

/// Explains a failed condition that is not a check of the document itself.
const NOT_ACCEPTED: &str = "the rules of the project do not accept it";

/// The fields read from a document, and its checks. Every key is present; a field that was not read is empty. In the
/// `sdk` format unknown values are absent instead of null.
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentData {
    #[schema(example = "passport")]
    document_type: &'static str,
    /// `travel`, `identity`, `driving` or empty.
    #[schema(example = "travel")]
    document_category: &'static str,
    #[schema(example = "SWE")]
    country_code: String,
    nationality_code: String,
    nationality_name: String,
    sex: String,
    first_name: String,
    father_name: String,
    last_name: String,
    #[schema(example = "2030-04-15")]
    expiry_date: String,
    #[schema(example = "AB1234567")]
    document_number: String,
    #[schema(example = "1974-08-12")]
    birth_date: String,
    issuing_state: String,
    issue_date: String,
    /// A JPEG in base64.
    portrait_photo: String,
    /// The same picture as `portrait_photo`.
    face_image_base64: String,
    /// The portrait of an authentic chip whose files were sent; a JPEG in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    chip_portrait: Option<String>,
    signature: String,
    ghost_photo: String,
    front_document_type_id: &'static str,
    /// True when the files of a signed chip were sent; otherwise unknown, because a picture does not show a chip.
    #[schema(value_type = Option<bool>)]
    contains_rfid: Option<bool>,
    /// `Passed` or `Failed`.
    #[schema(example = "Passed")]
    current_result: &'static str,
    /// Why the document did not pass.
    errors: Vec<String>,
    /// With `X-Inhouse-MRZ: true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MrzValidation>)]
    mrz_validation: Option<Option<MrzValidation>>,
    /// Why the document could not be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    cannot_judge: Option<Option<String>>,
    checks: Vec<DocumentCheckReport>,
    fields: Vec<FieldReport>,
    #[schema(example = "inhouse")]
    provider: String,
}

/// A field, its source, and the confidence.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldReport {
    #[schema(example = "last_name")]
    name: String,
    value: String,
    #[schema(example = "mrz")]
    source: &'static str,
    confidence: f64,
}

impl From<&DocumentField> for FieldReport {
    fn from(field: &DocumentField) -> Self {
        Self {
            name: field.name.clone(),
            value: field.value.clone(),
            source: field.source().as_word(),
            confidence: (field.confidence * 1000.0).round() / 1000.0,
        }
    }
}

/// The machine readable zone.
#[derive(Debug, Serialize, ToSchema)]
pub struct MrzValidation {
    has_mrz: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "TD3")]
    format: Option<String>,
    raw_mrz: String,
    check_digits_valid: bool,
    fields_match: bool,
    discrepancies: Vec<String>,
    validation_performed: bool,
}

impl From<Option<&MrzReading>> for MrzValidation {
    fn from(mrz: Option<&MrzReading>) -> Self {
        // In the notation of ICAO Doc 9303: TD3, MRV-A.
        let format = mrz.map(|mrz| mrz.format().as_word().to_ascii_uppercase().replace('_', "-"));
        let reading = mrz.cloned().unwrap_or_default();
        Self {
            has_mrz: mrz.is_some(),
            format,
            raw_mrz: reading.lines.join("\n"),
            check_digits_valid: reading.check_digits_valid,
            fields_match: reading.fields_match,
            discrepancies: reading.discrepancies,
            validation_performed: true,
        }
    }
}

impl DocumentData {
    pub fn new(examined: &DocumentExamination, caller: &Caller, validate_mrz: bool) -> Self {
        let (document, decision) = (&examined.document, &examined.decision);
        let is_sdk = caller.format == ResponseFormat::Sdk;
        let field = |name: &str| {
            let field = document.fields.iter().find(|field| field.name == name);
            field.map(|field| field.value.clone()).unwrap_or_default()
        };
        let has_chip_portrait = !document.chip_portrait.is_empty();
        let is_signed =
            |check: &DocumentCheck| check.name == "chip_signature" && check.outcome() == CheckOutcome::Passed;
        let has_chip = document.checks.iter().any(is_signed);
        let portrait = STANDARD.encode(&document.portrait);
        let mrz_validation = validate_mrz.then(|| MrzValidation::from(document.mrz.as_ref()));
        let cannot_judge = Some(document.cannot_judge.clone()).filter(|why| !why.is_empty());
        Self {
            document_type: document.document_type().as_word(),
            document_category: document_category(document.document_type()),
            country_code: field("country_code"),
            nationality_code: field("nationality_code"),
            nationality_name: field("nationality_name"),
            sex: field("sex"),
            first_name: field("first_name"),
            father_name: field("father_name"),
            last_name: field("last_name"),
            expiry_date: field("expiry_date"),
            document_number: field("document_number"),
            birth_date: field("birth_date"),
            issuing_state: field("issuing_state"),
            issue_date: field("issue_date"),
            portrait_photo: portrait.clone(),
            face_image_base64: portrait,
            chip_portrait: has_chip_portrait.then(|| STANDARD.encode(&document.chip_portrait)),
            signature: STANDARD.encode(&document.signature),
            ghost_photo: STANDARD.encode(&document.ghost_portrait),
            front_document_type_id: "",
            // The vendor's types do not allow null.
            contains_rfid: if has_chip { Some(true) } else { is_sdk.then_some(false) },
            current_result: if decision.verdict == Verdict::Pass { "Passed" } else { "Failed" },
            errors: errors(document, decision),
            mrz_validation: null_unless_sdk(mrz_validation, is_sdk),
            cannot_judge: null_unless_sdk(cannot_judge, is_sdk),
            checks: disclosed_checks(examined, caller),
            fields: document.fields.iter().map(FieldReport::from).collect(),
            provider: document.provider.clone(),
        }
    }
}

/// An unknown value is null, or absent in the `sdk` format.
fn null_unless_sdk<T>(value: Option<T>, is_sdk: bool) -> Option<Option<T>> {
    (value.is_some() || !is_sdk).then_some(value)
}

/// Returns why a document did not pass: why it could not be judged, and the checks that failed by the rules.
fn errors(document: &CheckDocumentResponse, decision: &DocumentDecision) -> Vec<String> {
    let evidence = |name: &str| document.checks.iter().find(|c| c.name == name).map(|c| c.evidence.as_str());
    let failed = decision.failed_conditions.iter();
    let failed = failed.map(|c| format!("{}: {}", c.name, evidence(&c.name).unwrap_or(NOT_ACCEPTED)));
    let cannot_judge = Some(&document.cannot_judge).filter(|why| !why.is_empty()).cloned();
    cannot_judge.into_iter().chain(failed).collect()
}

const fn document_category(document_type: DocumentType) -> &'static str {
    match document_type {
        DocumentType::Passport | DocumentType::Visa | DocumentType::TravelDocument => "travel",
        DocumentType::IdentityCard => "identity",
        DocumentType::DrivingLicence => "driving",
        DocumentType::Unspecified => "",
    }
}

/// The result of the document check in a face enrollment.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum DocumentAuth {
    Checked(Box<CheckedDocument>),
    NotChecked(UncheckedDocument),
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CheckedDocument {
    /// `checked`
    #[schema(example = "checked")]
    status: &'static str,
    #[serde(flatten)]
    data: DocumentData,
    scoring_result: ScoringResult<DocumentCondition>,
    score: f64,
    decision_reasons: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct UncheckedDocument {
    /// `not_checked`
    #[schema(example = "not_checked")]
    status: &'static str,
    description: String,
}

fn disclosed_checks(examined: &DocumentExamination, caller: &Caller) -> Vec<DocumentCheckReport> {
    let mut checks = examined.check_reports();
    checks.iter_mut().for_each(|check| check.disclose(Disclosure::new(caller, None)));
    checks
}

/// Returns the result of the document check in an enrollment. A failed check does not fail the enrollment, and is
/// reported as it is.
pub fn document_auth(
    examined: &Result<DocumentExamination, Error>,
    caller: &Caller,
    validate_mrz: bool,
) -> DocumentAuth {
    let not_checked = |description: String| {
        DocumentAuth::NotChecked(UncheckedDocument { status: "not_checked", description })
    };
    match examined {
        Ok(examined) => DocumentAuth::Checked(Box::new(CheckedDocument::new(examined, caller, validate_mrz))),
        Err(Error::Refused(Refusal::NotSupported, _)) => {
            not_checked("this server does not check documents".to_owned())
        }
        Err(error) => not_checked(error.to_string()),
    }
}

impl CheckedDocument {
    fn new(examined: &DocumentExamination, caller: &Caller, validate_mrz: bool) -> Self {
        let decision = &examined.decision;
        let is_sdk = caller.format == ResponseFormat::Sdk;
        let score = Disclosure::new(caller, None).score(decision.score);
        Self {
            status: "checked",
            data: DocumentData::new(examined, caller, validate_mrz),
            scoring_result: if is_sdk {
                ScoringResult::Verdict(decision.verdict.as_str())
            } else {
                ScoringResult::Full(DecisionReport::new(decision, caller))
            },
            score: if is_sdk { round4(score / 100.0) } else { score },
            decision_reasons: decision.reasons.clone(),
        }
    }
}
