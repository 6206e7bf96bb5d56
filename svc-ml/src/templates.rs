//! Subjects and their templates.
//!
//! A subject has a data key wrapped under the master key; name and templates are sealed under the data key. The
//! vectors of a project's templates are decrypted once and stay in memory as its gallery (`galleries`), which follows
//! the change log of the database. A search (`search`) gets candidates from the gallery, and decides by the stored
//! templates.

use blob::{DataKey, KeyRing, Purpose};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    error::Error,
    gallery::Modality,
    store::{GalleryRow, Store, Subject},
};

mod enrollment;
mod erasure;
mod galleries;
mod prints;
mod search;

pub use enrollment::Whose;
pub use galleries::Galleries;
pub use prints::PrintOutcome;
pub use search::{Nearest, Probe};

pub const NAME: Purpose = Purpose("find a subject by name");

/// Subjects and templates of every project. Clones share them.
#[derive(Clone)]
pub struct Templates {
    pub(crate) store: Store,
    ring: KeyRing,
    models: Models,
    galleries: Galleries,
    /// Where prints are compared; `None`: in this process.
    print_workers: Option<sandbox::Sandbox>,
}

/// Name and version of the models whose templates can be compared.
#[derive(Clone, Debug)]
pub struct Models {
    /// Both face networks, which make templates.
    pub face: String,
    /// The first of them: templates of older versions have only its vectors.
    pub sface: String,
    pub voice: String,
}

impl Models {
    /// Returns both as one id.
    pub fn id(&self) -> String {
        format!("{} {}", self.face, self.voice)
    }

    fn of(&self, modality: Modality) -> &str {
        match modality {
            Modality::Face => &self.face,
            Modality::Voice => &self.voice,
        }
    }

    /// Whether vectors of `model` can be compared with current ones.
    fn can_compare(&self, modality: Modality, model: &str) -> bool {
        model == self.of(modality) || modality == Modality::Face && model == self.sface
    }
}

/// A template, or the enrollments towards one.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub modality: Modality,
    pub model: String,
    /// Made by the current model, so that it can be compared.
    pub is_current: bool,
    pub is_usable: bool,
    pub changed_at: i64,
    /// Number of enrollments in its mean.
    pub samples: u32,
}

impl Templates {
    pub fn new(store: Store, ring: KeyRing, models: Models, galleries: Galleries) -> Self {
        Self { store, ring, models, galleries, print_workers: None }
    }

    /// The same, with prints compared in media workers.
    pub fn comparing_prints_in(self, workers: sandbox::Sandbox) -> Self {
        Self { print_workers: Some(workers), ..self }
    }

    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    pub fn models(&self) -> &Models {
        &self.models
    }

    /// Returns the id of the subject called `user`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subject(&self, project: &str, user: &str) -> Result<Option<String>, Error> {
        Ok(self.find(project, user).await?.map(|subject| subject.id))
    }

    /// Returns the name of a subject; `None` when it was erased meanwhile.
    ///
    /// # Errors
    /// When the database fails or the name cannot be decrypted.
    pub async fn name(&self, project: &str, subject_id: &str) -> Result<Option<String>, Error> {
        let Some(subject) = self.store.subject_by_id(project, subject_id).await? else { return Ok(None) };
        let key = self.key(project, &subject.id, &subject.wrapped_key)?;
        let name = key.open(&name_context(&subject.id), &subject.name_sealed)?;
        String::from_utf8(name.to_vec()).map(Some).map_err(|_| Error::Malformed)
    }

    /// Returns the templates of a user, without their content.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enrolled(&self, project: &str, user: &str) -> Result<Vec<Known>, Error> {
        let mut known = Vec::new();
        for subject in self.find_all(project, user).await? {
            for modality in [Modality::Face, Modality::Voice] {
                let template = self.store.template(&subject.id, modality.as_str()).await?;
                let enrollments = self.store.enrollments(&subject.id, modality.as_str()).await?;
                let newest = enrollments.last().map(|e| (&e.model, e.created_at));
                let Some((model, changed_at)) =
                    template.as_ref().map(|t| (&t.model, t.created_at)).or(newest)
                else {
                    continue;
                };
                known.push(Known {
                    modality,
                    is_current: self.models.can_compare(modality, model),
                    model: model.clone(),
                    changed_at,
                    // The template of a video's candidate has one sample.
                    samples: u32::try_from(enrollments.len())
                        .unwrap_or(u32::MAX)
                        .max(template.is_some().into()),
                    is_usable: template.is_some(),
                });
            }
        }
        Ok(known)
    }

    async fn find(&self, project: &str, user: &str) -> Result<Option<Subject>, Error> {
        for hash in name_hashes(&self.ring, project, user)? {
            if let Some(subject) = self.store.subject(project, &hash).await? {
                return Ok(Some(subject));
            }
        }
        Ok(None)
    }

    /// Returns every subject of that name: a rotation of the master key can have created two.
    async fn find_all(&self, project: &str, user: &str) -> Result<Vec<Subject>, Error> {
        let mut all: Vec<Subject> = Vec::new();
        for hash in name_hashes(&self.ring, project, user)? {
            all.extend(self.store.subject(project, &hash).await?);
        }
        Ok(all)
    }

    async fn find_or_add(&self, project: &str, user: &str, now_ms: i64) -> Result<Subject, Error> {
        if let Some(subject) = self.find(project, user).await? {
            return Ok(subject);
        }
        let hashes = name_hashes(&self.ring, project, user)?;
        let (id, key) = (Uuid::now_v7().to_string(), DataKey::generate()?);
        let subject = Subject {
            project_id: project.to_owned(),
            name_hash: hashes.into_iter().next().unwrap_or_default(),
            name_sealed: key.seal(&name_context(&id), user.as_bytes())?,
            wrapped_key: self.ring.wrap_key(&key_context(project, &id), &key)?,
            created_at: now_ms,
            enrollments: 0,
            locked_until: 0,
            id,
        };
        if self.store.add_subject(&subject).await? {
            return Ok(subject);
        }
        // Another call was faster; its key is used.
        self.find(project, user).await?.ok_or(Error::Malformed)
    }

    fn key(&self, project: &str, subject_id: &str, wrapped: &[u8]) -> Result<DataKey, Error> {
        Ok(self.ring.unwrap_key(&key_context(project, subject_id), wrapped)?)
    }

    /// Opens a template; `None` when it cannot be compared with the current models.
    fn open(&self, project: &str, row: &GalleryRow) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let Some(modality) = Modality::parse(&row.modality) else { return Ok(None) };
        if !self.models.can_compare(modality, &row.model) {
            return Ok(None);
        }
        let key = self.key(project, &row.subject_id, &row.wrapped_key)?;
        Ok(Some(key.open(&template_context(&row.subject_id, modality, &row.model), &row.sealed)?))
    }
}

/// Returns the lookup hashes of a subject: the active master key's first, then those of retired ones.
pub fn name_hashes(ring: &KeyRing, project: &str, user: &str) -> Result<Vec<String>, blob::Error> {
    let hashes = ring.fingerprints(NAME, name_key(project, user).as_bytes())?;
    Ok(hashes.into_iter().map(hex::encode).collect())
}

/// The hash covers project and name, so equal names of two projects have different hashes.
fn name_key(project: &str, user: &str) -> String {
    format!("{project}\0{user}")
}

pub fn key_context(project: &str, subject_id: &str) -> Vec<u8> {
    format!("subject/{subject_id}/{project}").into_bytes()
}

pub fn name_context(subject_id: &str) -> Vec<u8> {
    format!("name/{subject_id}").into_bytes()
}

fn template_context(subject_id: &str, modality: Modality, model: &str) -> Vec<u8> {
    format!("template/{subject_id}/{}/{model}", modality.as_str()).into_bytes()
}

#[cfg(test)]
mod enrollment_tests;
#[cfg(test)]
mod gallery_tests;
#[cfg(test)]
mod print_tests;
#[cfg(test)]
mod tests;
