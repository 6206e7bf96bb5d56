//! Enrolments on their way to the database: read, decided by the rules, written unless somebody was faster.

use blob::DataKey;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Templates, template_context};
use crate::{
    candidate::Candidate,
    error::Error,
    gallery::Modality,
    store::{Change, EnrolmentRow, Subject, TemplateRow},
    strengthen::{Biometric, Plan, Standing, Weighted, adopt, plan},
};

/// How often an enrolment is decided anew because another one of the same subject was faster.
const ATTEMPTS: usize = 16;
/// The weight of a template whose enrolments are not kept: it came from an older version of this service.
const LEGACY_QUALITY: f64 = 0.5;
/// The weight of what a passing video gave.
const VIDEO_QUALITY: f64 = 1.0;

/// Whose enrolment, in which transaction, when.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a> {
    pub project: &'a str,
    pub user: &'a str,
    pub transaction: &'a str,
    pub now_ms: i64,
}

/// Which templates a candidate made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enrolled {
    pub face: bool,
    pub voice: bool,
}

/// What an enrolment did, and what the template is made of now.
#[derive(Debug)]
pub struct Added<V> {
    pub standing: Standing,
    /// All that is kept of the subject in this modality.
    pub kept: Vec<Weighted<V>>,
}

/// What is kept of one modality of a subject, by the current model.
struct Known<V> {
    /// With their ids; none has the template of an older version of this service, which is no enrolment.
    enrolments: Vec<(Option<String>, Weighted<V>)>,
    template: Option<V>,
    /// Of other models: these go with the next enrolment.
    outdated: Vec<String>,
}

impl Templates {
    /// Makes templates of what of `candidate` the user has none of by the current models; a template that is there stays
    /// as it is.
    ///
    /// # Errors
    /// When the database or the system's randomness fails; [`Error::Erased`].
    pub async fn enrol(&self, whose: Whose<'_>, candidate: &Candidate) -> Result<Enrolled, Error> {
        let face = candidate.face.as_ref().map(|b| face::Embedding::from_bytes(b)).transpose()?;
        let voice = candidate.voice.as_ref().map(|b| voice::Voiceprint::from_bytes(b)).transpose()?;
        Ok(Enrolled {
            face: match face {
                Some(face) => self.adopt(whose, face).await?,
                None => false,
            },
            voice: match voice {
                Some(voice) => self.adopt(whose, voice).await?,
                None => false,
            },
        })
    }

    async fn adopt<V: Biometric>(&self, whose: Whose<'_>, vector: V) -> Result<bool, Error> {
        let new = Weighted { vector, quality: VIDEO_QUALITY };
        let decide = |known: &[Weighted<V>], template: Option<&V>| {
            if template.is_some() { None } else { Some(adopt(known, &new)) }
        };
        Ok(self.change(whose, &new, decide).await?.is_some())
    }

    /// Adds one picture or recording by the rules of [`crate::strengthen`].
    ///
    /// # Errors
    /// When the database or the system's randomness fails; [`Error::Erased`].
    pub async fn add<V: Biometric>(
        &self,
        whose: Whose<'_>,
        new: &Weighted<V>,
        replace: bool,
    ) -> Result<Added<V>, Error> {
        let decide = |known: &[Weighted<V>], template: Option<&V>| Some(plan(known, template, new, replace));
        self.change(whose, new, decide).await?.ok_or(Error::Malformed)
    }

    /// Reads, decides, writes; again when another enrolment of the subject came between. None: `decide` wants nothing.
    async fn change<V: Biometric>(
        &self,
        whose: Whose<'_>,
        new: &Weighted<V>,
        decide: impl Fn(&[Weighted<V>], Option<&V>) -> Option<Plan<V>>,
    ) -> Result<Option<Added<V>>, Error> {
        let first = self.find_or_add(whose.project, whose.user, whose.now_ms).await?.id;
        for _ in 0..ATTEMPTS {
            // Who was erased while being enrolled stays erased.
            let subject = self.find(whose.project, whose.user).await?.filter(|s| s.id == first);
            let subject = subject.ok_or(Error::Erased)?;
            let key = self.key(whose.project, &subject.id, &subject.wrapped_key)?;
            let known = self.known::<V>(&subject, &key).await?;
            let samples: Vec<_> = known.enrolments.iter().map(|(_, sample)| sample.clone()).collect();
            let Some(plan) = decide(&samples, known.template.as_ref()) else { return Ok(None) };
            let mut kept: Vec<_> = plan.keep.iter().filter_map(|i| samples.get(*i).cloned()).collect();
            kept.extend(plan.keeps_new.then(|| new.clone()));
            let standing = plan.standing;
            if standing == Standing::AnotherPerson
                || self.store.apply(&self.written(whose, subject, &key, &known, new, &plan)?).await?
            {
                return Ok(Some(Added { standing, kept }));
            }
        }
        Err(intake::Error::Overloaded.into())
    }

    async fn known<V: Biometric>(&self, subject: &Subject, key: &DataKey) -> Result<Known<V>, Error> {
        let model = self.models.of(V::MODALITY);
        let open = |sealed: &[u8], context: &[u8]| V::from_bytes(&key.open(context, sealed)?);
        let mut known = Known { enrolments: Vec::new(), template: None, outdated: Vec::new() };
        let template = self.store.template(&subject.id, V::MODALITY.as_str()).await?;
        if let Some(row) = template.filter(|row| row.model == model) {
            known.template = Some(open(&row.sealed, &template_context(&subject.id, V::MODALITY, model))?);
        }
        for row in self.store.enrolments(&subject.id, V::MODALITY.as_str()).await? {
            if row.model == model {
                let vector = open(&row.sealed, &enrolment_context(&row.id, V::MODALITY, model))?;
                known.enrolments.push((Some(row.id), Weighted { vector, quality: row.quality }));
            } else {
                known.outdated.push(row.id);
            }
        }
        if let (Some(template), true) = (&known.template, known.enrolments.is_empty()) {
            let legacy = Weighted { vector: template.clone(), quality: LEGACY_QUALITY };
            known.enrolments.push((None, legacy));
        }
        Ok(known)
    }

    /// A plan as rows.
    fn written<V: Biometric>(
        &self,
        whose: Whose<'_>,
        subject: Subject,
        key: &DataKey,
        known: &Known<V>,
        new: &Weighted<V>,
        plan: &Plan<V>,
    ) -> Result<Change, Error> {
        let row = |sample: &Weighted<V>| self.enrolment_row(whose, &subject.id, key, sample);
        let mut added = Vec::new();
        let mut dropped = known.outdated.clone();
        for (i, (id, sample)) in known.enrolments.iter().enumerate() {
            match (id, plan.keep.contains(&i)) {
                (Some(id), false) => dropped.push(id.clone()),
                (None, true) => added.push(row(sample)?),
                _ => {}
            }
        }
        if plan.keeps_new {
            added.push(row(new)?);
        }
        let template = plan.template.as_ref().map(|t| self.template_row(whose, &subject.id, key, t));
        let template = template.transpose()?;
        Ok(Change { subject, modality: V::MODALITY.as_str(), dropped, added, template })
    }

    fn enrolment_row<V: Biometric>(
        &self,
        whose: Whose<'_>,
        subject_id: &str,
        key: &DataKey,
        sample: &Weighted<V>,
    ) -> Result<EnrolmentRow, Error> {
        let (id, model) = (Uuid::now_v7().to_string(), self.models.of(V::MODALITY));
        let bytes: Zeroizing<Vec<u8>> = sample.vector.to_bytes();
        Ok(EnrolmentRow {
            sealed: key.seal(&enrolment_context(&id, V::MODALITY, model), &bytes)?,
            id,
            project_id: whose.project.to_owned(),
            subject_id: subject_id.to_owned(),
            modality: V::MODALITY.as_str().to_owned(),
            model: model.to_owned(),
            quality: sample.quality,
            transaction_id: whose.transaction.to_owned(),
            created_at: whose.now_ms,
        })
    }

    fn template_row<V: Biometric>(
        &self,
        whose: Whose<'_>,
        subject_id: &str,
        key: &DataKey,
        template: &V,
    ) -> Result<TemplateRow, Error> {
        let model = self.models.of(V::MODALITY);
        Ok(TemplateRow {
            id: Uuid::now_v7().to_string(),
            project_id: whose.project.to_owned(),
            subject_id: subject_id.to_owned(),
            modality: V::MODALITY.as_str().to_owned(),
            model: model.to_owned(),
            sealed: key.seal(&template_context(subject_id, V::MODALITY, model), &template.to_bytes())?,
            transaction_id: whose.transaction.to_owned(),
            created_at: whose.now_ms,
        })
    }
}

fn enrolment_context(id: &str, modality: Modality, model: &str) -> Vec<u8> {
    format!("enrolment/{id}/{}/{model}", modality.as_str()).into_bytes()
}
