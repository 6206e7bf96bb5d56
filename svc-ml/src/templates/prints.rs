//! The fingerprint of a subject: one, of the best print sent so far, sealed under the subject's key.

use std::sync::LazyLock;

use fingerprint::{Comparison, Template};
use shares::FairTurns;
use uuid::Uuid;

use super::{Templates, Whose};
use crate::{
    error::Error,
    store::{Change, Subject, TemplateRow},
};

const MODALITY: &str = "fingerprint";
/// The extraction and comparison model.
const MODEL: &str = "mindtct-bozorth3 1";
/// Comparisons at a time, one of each project: each may take a processor for as long as its limit of CPU time allows.
static TURNS: LazyLock<FairTurns> = LazyLock::new(|| FairTurns::new(2));
/// How often an enrollment is decided again because a concurrent one of the same subject was faster.
const ATTEMPTS: usize = 16;

/// The result of an enrollment of a print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrintOutcome {
    Enrolled,
    /// The same finger, and a better print than the earlier one.
    Strengthened,
    Unchanged,
    /// Another finger is enrolled.
    OtherFinger,
    /// Too many other fingers were sent.
    Locked,
}

impl Templates {
    /// Compares `probe` with the user's print; `None` when there is none.
    ///
    /// # Errors
    /// When the database fails or the comparison does.
    pub async fn compare_print(
        &self,
        project: &str,
        user: &str,
        probe: &Template,
    ) -> Result<Option<Comparison>, Error> {
        let Some(subject) = self.find(project, user).await? else { return Ok(None) };
        match self.print(project, &subject).await? {
            Some(known) => Ok(Some(self.compare_templates(project, known, probe.clone()).await?)),
            None => Ok(None),
        }
    }

    /// Stores `new` as the user's print, if there is none or it is a better one of the same finger.
    ///
    /// # Errors
    /// When the database fails or the comparison does; [`Error::Erased`].
    pub async fn enroll_print(&self, whose: Whose<'_>, new: &Template) -> Result<PrintOutcome, Error> {
        let first = self.find_or_add(whose.project, whose.user, whose.now_ms).await?.id;
        for _ in 0..ATTEMPTS {
            // A subject erased during its enrollment stays erased.
            let subject = self.find(whose.project, whose.user).await?.filter(|s| s.id == first);
            let subject = subject.ok_or(Error::Erased)?;
            if subject.locked_until > whose.now_ms {
                return Ok(PrintOutcome::Locked);
            }
            let known = self.print(whose.project, &subject).await?;
            let outcome = self.decide(whose.project, known, new).await?;
            let is_done = match outcome {
                PrintOutcome::Enrolled | PrintOutcome::Strengthened => {
                    self.store.apply(&self.print_change(whose, subject, new)?).await?
                }
                PrintOutcome::OtherFinger => {
                    self.count_refusal(&subject.id, whose.now_ms).await?;
                    true
                }
                PrintOutcome::Unchanged | PrintOutcome::Locked => true,
            };
            if is_done {
                return Ok(outcome);
            }
        }
        Err(intake::Error::Overloaded.into())
    }

    async fn decide(
        &self,
        project: &str,
        known: Option<Template>,
        new: &Template,
    ) -> Result<PrintOutcome, Error> {
        let Some(known) = known else { return Ok(PrintOutcome::Enrolled) };
        let is_better = new.strength() > known.strength();
        Ok(match self.compare_templates(project, known, new.clone()).await?.matched {
            false => PrintOutcome::OtherFinger,
            true if is_better => PrintOutcome::Strengthened,
            true => PrintOutcome::Unchanged,
        })
    }

    /// In a media worker: genuine prints take milliseconds, but minutiae can be laid out so that comparing them takes minutes.
    async fn compare_templates(
        &self,
        project: &str,
        known: Template,
        probe: Template,
    ) -> Result<Comparison, Error> {
        let _turn = TURNS.take(project).await.ok_or(intake::Error::Crashed)?;
        let workers = self.print_workers.clone();
        let compare = move || match workers {
            Some(workers) => workers.compare_prints(&known, &probe)?.ok_or(Error::Print),
            None => known.compare(&probe).map_err(|_| Error::Print),
        };
        tokio::task::spawn_blocking(compare).await.map_err(|_| intake::Error::Crashed)?
    }

    async fn print(&self, project: &str, subject: &Subject) -> Result<Option<Template>, Error> {
        let Some(row) = self.store.template(&subject.id, MODALITY).await? else { return Ok(None) };
        let key = self.key(project, &subject.id, &subject.wrapped_key)?;
        let bytes = key.open(&context(&subject.id, &row.model), &row.sealed)?;
        Template::from_bytes(&bytes).map(Some).map_err(|_| Error::Malformed)
    }

    fn print_change(&self, whose: Whose<'_>, subject: Subject, new: &Template) -> Result<Change, Error> {
        let key = self.key(whose.project, &subject.id, &subject.wrapped_key)?;
        let template = TemplateRow {
            id: Uuid::now_v7().to_string(),
            project_id: whose.project.to_owned(),
            subject_id: subject.id.clone(),
            modality: MODALITY.to_owned(),
            model: MODEL.to_owned(),
            sealed: key.seal(&context(&subject.id, MODEL), &new.to_bytes())?,
            transaction_id: whose.transaction.to_owned(),
            created_at: whose.now_ms,
        };
        Ok(Change {
            subject,
            modality: MODALITY,
            is_searched: false,
            dropped: Vec::new(),
            added: Vec::new(),
            template: Some(template),
            forgets_refusals: false,
        })
    }
}

fn context(subject_id: &str, model: &str) -> Vec<u8> {
    format!("template/{subject_id}/{MODALITY}/{model}").into_bytes()
}
