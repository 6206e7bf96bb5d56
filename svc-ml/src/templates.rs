//! Who has a template, and who it is.
//!
//! A subject has a data key under the master key; name and templates lie under the data key. The templates of a project
//! are decrypted once and kept as its [`Gallery`], which is made anew when the database says that another process or a
//! deletion has changed them, and wiped when it is dropped.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use blob::{DataKey, KeyRing, Purpose};
use uuid::Uuid;

use crate::{
    error::Error,
    gallery::{Gallery, Modality},
    store::{GalleryRow, Store, Subject},
};

mod enrolment;
mod erasure;
mod prints;

pub use enrolment::Whose;
pub use prints::PrintOutcome;

const NAME: Purpose = Purpose("find a subject by name");
/// Galleries kept in memory; the least lately used goes first.
const GALLERIES: usize = 64;

/// Subjects and templates of every project. Cloning shares them.
#[derive(Clone)]
pub struct Templates {
    pub(crate) store: Store,
    ring: KeyRing,
    models: Models,
    cache: Arc<Mutex<Cache>>,
}

/// Name and version of the models whose templates can be compared.
#[derive(Clone, Debug)]
pub struct Models {
    /// Both networks of faces, with which templates are made.
    pub face: String,
    /// The first of them: templates of older versions hold its vectors alone, and are compared by them.
    pub sface: String,
    pub voice: String,
}

impl Models {
    /// Both in one word.
    pub fn id(&self) -> String {
        format!("{} {}", self.face, self.voice)
    }

    fn of(&self, modality: Modality) -> &str {
        match modality {
            Modality::Face => &self.face,
            Modality::Voice => &self.voice,
        }
    }

    /// Whether vectors of `model` can be compared with those made now.
    fn can_compare(&self, modality: Modality, model: &str) -> bool {
        model == self.of(modality) || modality == Modality::Face && model == self.sface
    }
}

/// A template, or what is there towards one.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub modality: Modality,
    pub model: String,
    /// Made by the model in use, so that it can be compared with.
    pub is_current: bool,
    pub is_usable: bool,
    pub changed_at: i64,
    /// Enrollments it is the mean of.
    pub samples: u32,
}

#[derive(Default)]
struct Cache {
    galleries: HashMap<String, Cached>,
    clock: u64,
}

struct Cached {
    revision: i64,
    gallery: Arc<Gallery>,
    used: u64,
}

impl Templates {
    pub fn new(store: Store, ring: KeyRing, models: Models) -> Self {
        Self { store, ring, models, cache: Arc::default() }
    }

    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    pub fn models(&self) -> &Models {
        &self.models
    }

    /// The id of the subject called `user`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subject(&self, project: &str, user: &str) -> Result<Option<String>, Error> {
        Ok(self.find(project, user).await?.map(|subject| subject.id))
    }

    /// The name of a subject; `None` when it was erased meanwhile.
    ///
    /// # Errors
    /// When the database fails or the name cannot be decrypted.
    pub async fn name(&self, project: &str, subject_id: &str) -> Result<Option<String>, Error> {
        let Some(subject) = self.store.subject_by_id(project, subject_id).await? else { return Ok(None) };
        let key = self.key(project, &subject.id, &subject.wrapped_key)?;
        let name = key.open(&name_context(&subject.id), &subject.name_sealed)?;
        String::from_utf8(name.to_vec()).map(Some).map_err(|_| Error::Malformed)
    }

    /// The decrypted templates of a project, as the database has them now.
    ///
    /// # Errors
    /// When the database fails or a template cannot be decrypted.
    pub async fn gallery(&self, project: &str) -> Result<Arc<Gallery>, Error> {
        let revision = self.store.revision(project).await?;
        if let Some(gallery) = self.cached(project, revision) {
            return Ok(gallery);
        }
        let rows = self.store.gallery(project).await?;
        let (this, of) = (self.clone(), project.to_owned());
        let opened = tokio::task::spawn_blocking(move || this.decrypt(&of, &rows)).await;
        let gallery = Arc::new(opened.map_err(|_| intake::Error::Crashed)??);
        self.keep(project, revision, &gallery);
        Ok(gallery)
    }

    /// The templates of a user, without what is in it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enrolled(&self, project: &str, user: &str) -> Result<Vec<Known>, Error> {
        let mut known = Vec::new();
        for subject in self.find_all(project, user).await? {
            for modality in [Modality::Face, Modality::Voice] {
                let template = self.store.template(&subject.id, modality.as_str()).await?;
                let enrolments = self.store.enrolments(&subject.id, modality.as_str()).await?;
                let newest = enrolments.last().map(|e| (&e.model, e.created_at));
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
                    // A template of a video's candidate is of that one alone.
                    samples: u32::try_from(enrolments.len())
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

    /// Every subject of that name: a change of the master key can have made two.
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
            enrolments: 0,
            locked_until: 0,
            id,
        };
        if self.store.add_subject(&subject).await? {
            return Ok(subject);
        }
        // Another call was faster; its key is the one that counts.
        self.find(project, user).await?.ok_or(Error::Malformed)
    }

    fn key(&self, project: &str, subject_id: &str, wrapped: &[u8]) -> Result<DataKey, Error> {
        Ok(self.ring.unwrap_key(&key_context(project, subject_id), wrapped)?)
    }

    fn decrypt(&self, project: &str, rows: &[GalleryRow]) -> Result<Gallery, Error> {
        let mut gallery = Gallery::default();
        for row in rows {
            let Some(modality) = Modality::parse(&row.modality) else { continue };
            if !self.models.can_compare(modality, &row.model) {
                continue;
            }
            let key = self.key(project, &row.subject_id, &row.wrapped_key)?;
            let bytes = key.open(&template_context(&row.subject_id, modality, &row.model), &row.sealed)?;
            gallery.add(modality, &row.subject_id, &row.transaction_id, &bytes)?;
        }
        Ok(gallery)
    }

    fn cached(&self, project: &str, revision: i64) -> Option<Arc<Gallery>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.clock += 1;
        let now = cache.clock;
        let known = cache.galleries.get_mut(project).filter(|c| c.revision == revision)?;
        known.used = now;
        Some(known.gallery.clone())
    }

    fn keep(&self, project: &str, revision: i64, gallery: &Arc<Gallery>) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let used = cache.clock;
        cache.galleries.insert(project.to_owned(), Cached { revision, gallery: gallery.clone(), used });
        if cache.galleries.len() > GALLERIES {
            let oldest =
                cache.galleries.iter().min_by_key(|(_, c)| c.used).map(|(project, _)| project.clone());
            oldest.and_then(|project| cache.galleries.remove(&project));
        }
    }
}

/// What a subject is found by: the hash of the sealing master key first, then those of retired ones.
pub fn name_hashes(ring: &KeyRing, project: &str, user: &str) -> Result<Vec<String>, blob::Error> {
    let hashes = ring.fingerprints(NAME, name_key(project, user).as_bytes())?;
    Ok(hashes.into_iter().map(hex::encode).collect())
}

/// The hash is over project and name: equal names of two projects cannot be told to be equal.
fn name_key(project: &str, user: &str) -> String {
    format!("{project}\0{user}")
}

fn key_context(project: &str, subject_id: &str) -> Vec<u8> {
    format!("subject/{subject_id}/{project}").into_bytes()
}

fn name_context(subject_id: &str) -> Vec<u8> {
    format!("name/{subject_id}").into_bytes()
}

fn template_context(subject_id: &str, modality: Modality, model: &str) -> Vec<u8> {
    format!("template/{subject_id}/{}/{model}", modality.as_str()).into_bytes()
}

#[cfg(test)]
mod print_tests;
#[cfg(test)]
mod tests;
