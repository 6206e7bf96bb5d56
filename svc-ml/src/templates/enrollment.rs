//! Stores enrollments: reads, decides by the rules, writes unless a concurrent call was faster.

use blob::DataKey;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Templates, template_context};
use crate::{
    candidate::Candidate,
    error::Error,
    gallery::Modality,
    store::{Change, EnrollmentRow, RefusalLimit, Subject, TemplateRow},
    template_update::{
        Biometric, EnrollmentOutcome, Permissions, TemplateUpdate, Weighted, update, update_from_video,
    },
};

/// How often an enrollment is decided again because a concurrent one of the same subject was faster.
const ATTEMPTS: usize = 16;
/// The weight of a template without stored enrollments, from an older version of this service.
const LEGACY_QUALITY: f64 = 0.5;
/// The weight of a sample of a passed video.
const VIDEO_QUALITY: f64 = 1.0;
/// Refusals as another person, within [`REFUSAL_WINDOW_MS`], that lock a subject's templates, and the duration of the
/// lock.
const MAX_REFUSALS: i64 = 5;
const REFUSAL_WINDOW_MS: i64 = 60 * 60 * 1000;
const LOCK_MS: i64 = 60 * 60 * 1000;

/// The subject, transaction and time of an enrollment.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a> {
    pub project: &'a str,
    pub user: &'a str,
    pub transaction: &'a str,
    pub now_ms: i64,
}

/// The templates that a candidate made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enrolled {
    pub face: bool,
    pub voice: bool,
}

/// The result of an enrollment, and the samples of the template.
#[derive(Debug)]
pub struct Added<V> {
    pub outcome: EnrollmentOutcome,
    /// All stored samples of the subject in this modality.
    pub kept: Vec<Weighted<V>>,
}

/// Stored samples of one modality of a subject, by the current model.
struct Known<V: Biometric> {
    /// With their ids; the template of an older version of this service is not an enrollment and has none.
    enrollments: Vec<(Option<String>, Weighted<V>)>,
    template: Option<V::Template>,
    /// Of other models: deleted by the next enrollment.
    outdated: Vec<String>,
}

impl Templates {
    /// Makes the templates of `candidate` that the user lacks for the current models, and lets a live face strengthen
    /// an existing template; returns the templates made.
    ///
    /// # Errors
    /// When the database or the system's randomness fails; [`Error::Erased`].
    pub async fn enroll(&self, whose: Whose<'_>, candidate: &Candidate) -> Result<Enrolled, Error> {
        let face = candidate.face.as_ref().map(|b| face::Embedding::from_bytes(b)).transpose()?;
        let voice = candidate.voice.as_ref().map(|b| voice::Voiceprint::from_bytes(b)).transpose()?;
        Ok(Enrolled {
            face: match face {
                Some(face) => self.enroll_from_video(whose, face, candidate.is_live).await?,
                None => false,
            },
            voice: match voice {
                Some(voice) => self.enroll_from_video(whose, voice, candidate.is_live).await?,
                None => false,
            },
        })
    }

    async fn enroll_from_video<V: Biometric>(
        &self,
        whose: Whose<'_>,
        vector: V,
        is_live: bool,
    ) -> Result<bool, Error> {
        let new = Weighted { vector, quality: VIDEO_QUALITY, is_live };
        let decide =
            |known: &[Weighted<V>], template: Option<&V::Template>| update_from_video(known, template, &new);
        let done = self.change(whose, &new, false, decide).await?;
        Ok(done.is_some_and(|done| done.outcome == EnrollmentOutcome::Enrolled))
    }

    /// Adds one picture or recording by the rules of [`crate::template_update`]. Refusals as another person are
    /// counted, and too many lock the subject's templates for a time; a replacement ignores the lock.
    ///
    /// # Errors
    /// When the database or the system's randomness fails; [`Error::Erased`].
    pub async fn add<V: Biometric>(
        &self,
        whose: Whose<'_>,
        new: &Weighted<V>,
        may: Permissions,
    ) -> Result<Added<V>, Error> {
        let decide =
            |known: &[Weighted<V>], template: Option<&V::Template>| Some(update(known, template, new, may));
        self.change(whose, new, may.replace, decide).await?.ok_or(Error::Malformed)
    }

    /// Reads, decides, writes; again after a concurrent enrollment of the subject. `None`: `decide` changes nothing.
    async fn change<V: Biometric>(
        &self,
        whose: Whose<'_>,
        new: &Weighted<V>,
        ignores_lock: bool,
        decide: impl Fn(&[Weighted<V>], Option<&V::Template>) -> Option<TemplateUpdate<V>>,
    ) -> Result<Option<Added<V>>, Error> {
        let first = self.find_or_add(whose.project, whose.user, whose.now_ms).await?.id;
        for _ in 0..ATTEMPTS {
            // A subject erased during its enrollment stays erased.
            let subject = self.find(whose.project, whose.user).await?.filter(|s| s.id == first);
            let subject = subject.ok_or(Error::Erased)?;
            if subject.locked_until > whose.now_ms && !ignores_lock {
                return Ok(Some(Added { outcome: EnrollmentOutcome::Locked, kept: Vec::new() }));
            }
            let key = self.key(whose.project, &subject.id, &subject.wrapped_key)?;
            let known = self.known::<V>(&subject, &key).await?;
            let samples: Vec<_> = known.enrollments.iter().map(|(_, sample)| sample.clone()).collect();
            let Some(update) = decide(&samples, known.template.as_ref()) else { return Ok(None) };
            let mut kept: Vec<_> = update.keep.iter().filter_map(|i| samples.get(*i).cloned()).collect();
            kept.extend(update.keeps_new.then(|| new.clone()));
            let outcome = update.outcome;
            let is_done = match outcome {
                EnrollmentOutcome::Unchanged => true,
                EnrollmentOutcome::AnotherPerson => {
                    self.count_refusal(&subject.id, whose.now_ms).await?;
                    true
                }
                _ => self.store.apply(&self.written(whose, subject, &key, &known, new, &update)?).await?,
            };
            if is_done {
                return Ok(Some(Added { outcome, kept }));
            }
        }
        Err(intake::Error::Overloaded.into())
    }

    pub(super) async fn count_refusal(&self, subject_id: &str, now_ms: i64) -> Result<(), Error> {
        let limit = RefusalLimit {
            most: MAX_REFUSALS,
            since_ms: now_ms - REFUSAL_WINDOW_MS,
            locked_until_ms: now_ms + LOCK_MS,
        };
        self.store.count_refusal(subject_id, now_ms, limit).await
    }

    async fn known<V: Biometric>(&self, subject: &Subject, key: &DataKey) -> Result<Known<V>, Error> {
        let can_compare = |model: &str| self.models.can_compare(V::MODALITY, model);
        let open = |sealed: &[u8], context: &[u8]| key.open(context, sealed);
        let mut known = Known { enrollments: Vec::new(), template: None, outdated: Vec::new() };
        let template = self.store.template(&subject.id, V::MODALITY.as_str()).await?;
        if let Some(row) = template.filter(|row| can_compare(&row.model)) {
            let bytes = open(&row.sealed, &template_context(&subject.id, V::MODALITY, &row.model))?;
            known.template = Some(V::template_from_bytes(&bytes)?);
        }
        for row in self.store.enrollments(&subject.id, V::MODALITY.as_str()).await? {
            if can_compare(&row.model) {
                let bytes = open(&row.sealed, &enrollment_context(&row.id, V::MODALITY, &row.model))?;
                let vector = V::from_bytes(&bytes)?;
                let is_live = row.live != 0;
                known.enrollments.push((Some(row.id), Weighted { vector, quality: row.quality, is_live }));
            } else {
                known.outdated.push(row.id);
            }
        }
        if let (Some(template), true) = (&known.template, known.enrollments.is_empty()) {
            let vector = V::of_template(template);
            let legacy = Weighted { vector, quality: LEGACY_QUALITY, is_live: false };
            known.enrollments.push((None, legacy));
        }
        Ok(known)
    }

    /// Converts an update to rows.
    fn written<V: Biometric>(
        &self,
        whose: Whose<'_>,
        subject: Subject,
        key: &DataKey,
        known: &Known<V>,
        new: &Weighted<V>,
        update: &TemplateUpdate<V>,
    ) -> Result<Change, Error> {
        let row = |sample: &Weighted<V>| self.enrollment_row(whose, &subject.id, key, sample);
        let mut added = Vec::new();
        let mut dropped = known.outdated.clone();
        for (i, (id, sample)) in known.enrollments.iter().enumerate() {
            match (id, update.keep.contains(&i)) {
                (Some(id), false) => dropped.push(id.clone()),
                (None, true) => added.push(row(sample)?),
                _ => {}
            }
        }
        if update.keeps_new {
            added.push(row(new)?);
        }
        let template = update.template.as_ref().map(|t| self.template_row::<V>(whose, &subject.id, key, t));
        let template = template.transpose()?;
        let forgets_refusals = update.outcome == EnrollmentOutcome::Replaced;
        Ok(Change {
            subject,
            modality: V::MODALITY.as_str(),
            is_searched: true,
            dropped,
            added,
            template,
            forgets_refusals,
        })
    }

    fn enrollment_row<V: Biometric>(
        &self,
        whose: Whose<'_>,
        subject_id: &str,
        key: &DataKey,
        sample: &Weighted<V>,
    ) -> Result<EnrollmentRow, Error> {
        let (id, model) = (Uuid::now_v7().to_string(), self.models.of(V::MODALITY));
        let bytes: Zeroizing<Vec<u8>> = sample.vector.to_bytes();
        Ok(EnrollmentRow {
            sealed: key.seal(&enrollment_context(&id, V::MODALITY, model), &bytes)?,
            id,
            project_id: whose.project.to_owned(),
            subject_id: subject_id.to_owned(),
            modality: V::MODALITY.as_str().to_owned(),
            model: model.to_owned(),
            quality: sample.quality,
            live: sample.is_live.into(),
            transaction_id: whose.transaction.to_owned(),
            created_at: whose.now_ms,
        })
    }

    fn template_row<V: Biometric>(
        &self,
        whose: Whose<'_>,
        subject_id: &str,
        key: &DataKey,
        template: &V::Template,
    ) -> Result<TemplateRow, Error> {
        let model = self.models.of(V::MODALITY);
        Ok(TemplateRow {
            id: Uuid::now_v7().to_string(),
            project_id: whose.project.to_owned(),
            subject_id: subject_id.to_owned(),
            modality: V::MODALITY.as_str().to_owned(),
            model: model.to_owned(),
            sealed: key
                .seal(&template_context(subject_id, V::MODALITY, model), &V::template_to_bytes(template))?,
            transaction_id: whose.transaction.to_owned(),
            created_at: whose.now_ms,
        })
    }
}

fn enrollment_context(id: &str, modality: Modality, model: &str) -> Vec<u8> {
    format!("enrolment/{id}/{}/{model}", modality.as_str()).into_bytes()
}
