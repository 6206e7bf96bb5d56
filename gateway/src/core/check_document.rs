//! Document authentication: the documents service reads and checks the picture, its portrait is compared with the
//! session's last video, the rules decide.

use futures::FutureExt;
use proto::{
    Word,
    docauth::{
        CheckDocumentHeader, CheckDocumentRequest, CheckDocumentResponse, CheckOutcome, ChipFile,
        DocumentCheck, DocumentField, check_document_request::Part,
    },
    transactions::DocumentNumber,
};
use scoring::{
    CheckMode, DocumentBasis, DocumentDecision, DocumentEvidence, DocumentRules, LIVE_FACE, Outcome, Rules,
    decide_document,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::core::{
    caller::Caller,
    disclosure::Disclosure,
    error::Error,
    live_face::{LiveFace, compare_live_face},
    media::{LostRetry, Media},
    record::stage_times,
    report::round4,
    samples::{ensure_sample_room, store_sample},
    shadow_rules,
    verification::Verification,
};

#[derive(Clone, Debug)]
pub struct DocumentOptions {
    /// Whether to report on the MRZ as well.
    pub validate_mrz: bool,
    /// Whether the configured external provider checks the document instead of this server.
    pub external: bool,
    /// Files that the caller's app read from the document's chip.
    pub chip: Vec<ChipFile>,
}

/// A document that has been read, checked and decided on.
pub struct DocumentExamination {
    pub document: CheckDocumentResponse,
    pub decision: DocumentDecision,
    pub(super) basis: DocumentBasis,
    live_face: LiveFace,
}

/// Checks an identity document of the verification's user.
///
/// # Errors
/// 400 for the picture, 503 when a service is full or does not respond.
pub async fn check_document(
    verification: Verification<'_>,
    picture: &Media,
    options: DocumentOptions,
) -> Result<DocumentExamination, Error> {
    ensure_sample_room(&verification, verification.may_store()).await?;
    let examined = examine_document(&verification, picture, options).await?;
    store_sample(&verification, "document", picture).await?;
    let (caller, record) = (verification.caller, verification.record);
    record.set_document(document_number(&examined.document));
    record.set_decision(&examined.decision, &caller.rules_source);
    record.set_services(&DocumentRecords { document: DocumentRecord::from(&examined) });
    record.set_evidence(&examined.basis);
    let stages = stage_times(&examined.live_face.stages);
    record.set_durations(&json!({ "cpu_ms": examined.document.cpu_ms, "stages": stages }));
    Ok(examined)
}

/// Has a picture read and checked, compares its portrait, and decides.
///
/// # Errors
/// As [`check_document`].
pub(super) async fn examine_document(
    verification: &Verification<'_>,
    picture: &Media,
    options: DocumentOptions,
) -> Result<DocumentExamination, Error> {
    let rules = document_rules(verification.caller)?;
    let mut document = read_document(verification, picture, options).await?;
    // The chip's portrait is larger than the printed one, and signed.
    let has_chip = !document.chip_portrait.is_empty();
    let portrait = if has_chip { &document.chip_portrait } else { &document.portrait };
    let live_face = compare_live_face(verification, portrait).await?;
    let evidence = document_evidence(&document, &live_face);
    let decision = decide_document(&rules, &evidence);
    let (outcome, explanation) = live_face.check_by_rule(rules.live_face);
    document.checks.push(DocumentCheck {
        name: LIVE_FACE.to_owned(),
        outcome: outcome.into(),
        advisory: rules.checks.get(LIVE_FACE).is_some_and(|mode| *mode == CheckMode::Advisory),
        evidence: if has_chip { format!("the portrait of the chip: {explanation}") } else { explanation },
    });
    let rules = verification.caller.rules_version.clone();
    let shadow = shadow_rules::decide_document(verification.caller, &evidence);
    let basis = DocumentBasis { document: evidence, rules, decided_by: decision.decided_by(), shadow };
    Ok(DocumentExamination { document, decision, basis, live_face })
}

/// Returns the key's own rules for documents, else its project's, else the built-in ones.
fn document_rules(caller: &Caller) -> Result<DocumentRules, Error> {
    match &caller.rules_json {
        Some(json) => Ok(Rules::parse(json).map_err(|error| Error::internal(&error))?.documents),
        None => Ok(DocumentRules::default()),
    }
}

async fn read_document(
    verification: &Verification<'_>,
    picture: &Media,
    options: DocumentOptions,
) -> Result<CheckDocumentResponse, Error> {
    if let Some(script) = verification.script() {
        script.begin().await?;
        return Ok(script.check_document());
    }
    let header = CheckDocumentHeader {
        project_id: verification.caller.project_id.clone(),
        transaction_id: verification.record.transaction_id().to_owned(),
        validate_mrz: options.validate_mrz,
        external: options.external,
    };
    let message = |part| CheckDocumentRequest { part: Some(part) };
    let chip = options.chip.into_iter().map(|file| message(Part::ChipFile(file)));
    let first: Vec<_> = std::iter::once(message(Part::Header(header))).chain(chip).collect();
    let chunk = |chunk| CheckDocumentRequest { part: Some(Part::Chunk(chunk)) };
    let mut docauth = verification.core.services().docauth();
    let mut retry = LostRetry::default();
    loop {
        let (messages, read_failure) = picture.messages_after(first.clone(), chunk);
        let checked = read_failure.guard(docauth.check_document(messages).boxed()).await;
        if !retry.is_due(&checked) {
            return checked;
        }
    }
}

/// Decides on a checked document by the built-in rules, without a video and without a project.
pub fn decide_document_alone(document: &CheckDocumentResponse) -> DocumentDecision {
    decide_document(&DocumentRules::default(), &document_evidence(document, &LiveFace::default()))
}

/// Returns the number that identifies the document, if it was read.
pub(super) fn document_number(document: &CheckDocumentResponse) -> Option<DocumentNumber> {
    let field = |name: &str| {
        let found = document.fields.iter().find(|field| field.name == name);
        found.map(|field| field.value.clone()).unwrap_or_default()
    };
    let number = field("document_number");
    (!number.is_empty()).then(|| DocumentNumber { country: field("country_code"), number })
}

fn document_evidence(document: &CheckDocumentResponse, live_face: &LiveFace) -> DocumentEvidence {
    let check = |check: &DocumentCheck| scoring::DocumentCheck {
        name: check.name.clone(),
        outcome: match check.outcome() {
            CheckOutcome::Passed => Outcome::Passed,
            CheckOutcome::Failed => Outcome::Failed,
            CheckOutcome::NotChecked | CheckOutcome::Unspecified => Outcome::NotJudged,
        },
        advisory: check.advisory,
    };
    let country = document.fields.iter().find(|field| field.name == "country_code");
    DocumentEvidence {
        checks: document.checks.iter().map(check).collect(),
        can_be_judged: document.cannot_judge.is_empty(),
        document_type: document.document_type().as_word().to_owned(),
        country: country.map(|field| field.value.clone()).unwrap_or_default(),
        live_face: live_face.finding.clone(),
        video_not_live: live_face.video_not_live,
    }
}

impl DocumentExamination {
    /// Whether the portrait was not compared for lack of consent.
    pub fn services_removed(&self) -> bool {
        self.live_face.lacks_consent()
    }

    /// Returns every check, including ignored ones; that of the live face has its figures.
    pub fn check_reports(&self) -> Vec<DocumentCheckReport> {
        self.document.checks.iter().map(|check| self.check_report(check)).collect()
    }

    fn check_report(&self, check: &DocumentCheck) -> DocumentCheckReport {
        let measured = self.live_face.measured.filter(|_| check.name == LIVE_FACE);
        DocumentCheckReport {
            name: check.name.clone(),
            outcome: check.outcome().to_word().unwrap_or("not_checked"),
            advisory: check.advisory,
            evidence: check.evidence.clone(),
            similarity: measured.map(|(similarity, _)| round4(similarity)),
            probability: measured.map(|(_, probability)| round4(probability)),
        }
    }
}

/// One check of a document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DocumentCheckReport {
    #[schema(example = "not_expired")]
    name: String,
    /// `passed`, `failed` or `not_checked`.
    #[schema(example = "passed")]
    outcome: &'static str,
    /// An advisory check never decides alone.
    advisory: bool,
    /// The evidence.
    evidence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    similarity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    probability: Option<f64>,
}

impl DocumentCheckReport {
    /// Reduces the report to what the caller may see.
    pub fn disclose(&mut self, shown: Disclosure<'_>) {
        self.similarity.iter_mut().for_each(|similarity| shown.similarity(similarity));
        self.probability.iter_mut().for_each(|probability| shown.probability(probability));
    }
}

/// The part of a document that the transaction stores: no printed data, only which fields were read and where.
#[derive(Serialize)]
pub(super) struct DocumentRecord {
    document_type: &'static str,
    provider: String,
    fields: Vec<FieldRecord>,
    checks: Vec<DocumentCheckReport>,
    cannot_judge: String,
    verdict: &'static str,
    score: f64,
}

/// A field that was read, without its value.
#[derive(Serialize)]
struct FieldRecord {
    name: String,
    source: &'static str,
    confidence: f64,
}

#[derive(Serialize)]
struct DocumentRecords {
    document: DocumentRecord,
}

impl From<&DocumentExamination> for DocumentRecord {
    fn from(examined: &DocumentExamination) -> Self {
        let field = |field: &DocumentField| FieldRecord {
            name: field.name.clone(),
            source: field.source().as_word(),
            confidence: round4(field.confidence),
        };
        Self {
            fields: examined.document.fields.iter().map(field).collect(),
            document_type: examined.document.document_type().as_word(),
            provider: examined.document.provider.clone(),
            checks: examined.check_reports(),
            cannot_judge: examined.document.cannot_judge.clone(),
            verdict: examined.decision.verdict.as_str(),
            score: examined.decision.score,
        }
    }
}
