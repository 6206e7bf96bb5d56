//! Who is enrolled, and who it is.
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
    candidate::Candidate,
    error::Error,
    gallery::{Gallery, Modality},
    store::{GalleryRow, Revision, Store, Subject, TemplateRow},
};

const NAME: Purpose = Purpose("find a subject by name");
/// Galleries kept in memory; the least lately used goes first.
const GALLERIES: usize = 64;

/// Subjects and templates of every project. Cloning shares them.
#[derive(Clone)]
pub struct Templates {
    store: Store,
    ring: KeyRing,
    models: Models,
    cache: Arc<Mutex<Cache>>,
}

/// Name and version of the models whose templates can be compared.
#[derive(Clone, Debug)]
pub struct Models {
    pub face: String,
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
}

#[derive(Default)]
struct Cache {
    galleries: HashMap<String, Cached>,
    clock: u64,
}

struct Cached {
    revision: Revision,
    gallery: Arc<Gallery>,
    used: u64,
}

/// Which templates an enrolment made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enrolled {
    pub face: bool,
    pub voice: bool,
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
        if let Some(gallery) = self.cached(project, &revision) {
            return Ok(gallery);
        }
        let rows = self.store.gallery(project).await?;
        let (this, of) = (self.clone(), project.to_owned());
        let opened = tokio::task::spawn_blocking(move || this.decrypt(&of, &rows)).await;
        let gallery = Arc::new(opened.map_err(|_| Error::Crashed)??);
        self.keep(project, revision, &gallery);
        Ok(gallery)
    }

    /// Keeps what of `candidate` the user has no template of; a template that is there stays as it is.
    ///
    /// # Errors
    /// When the database or the system's randomness fails.
    pub async fn enrol(
        &self,
        project: &str,
        user: &str,
        candidate: &Candidate,
        transaction: &str,
        now_ms: i64,
    ) -> Result<Enrolled, Error> {
        let subject = self.find_or_add(project, user, now_ms).await?;
        let key = self.key(project, &subject.id, &subject.wrapped_key)?;
        let mut enrolled = Enrolled::default();
        for (modality, bytes, done) in [
            (Modality::Face, &candidate.face, &mut enrolled.face),
            (Modality::Voice, &candidate.voice, &mut enrolled.voice),
        ] {
            let Some(bytes) = bytes else { continue };
            let model = self.models.of(modality);
            let row = TemplateRow {
                id: Uuid::now_v7().to_string(),
                project_id: project.to_owned(),
                subject_id: subject.id.clone(),
                modality: modality.as_str().to_owned(),
                model: model.to_owned(),
                sealed: key.seal(&template_context(&subject.id, modality, model), bytes)?,
                transaction_id: transaction.to_owned(),
                created_at: now_ms,
            };
            *done = self.store.add_template(&row).await?;
        }
        Ok(enrolled)
    }

    async fn find(&self, project: &str, user: &str) -> Result<Option<Subject>, Error> {
        for hash in self.ring.fingerprints(NAME, name_key(project, user).as_bytes())? {
            if let Some(subject) = self.store.subject(project, &hex::encode(hash)).await? {
                return Ok(Some(subject));
            }
        }
        Ok(None)
    }

    async fn find_or_add(&self, project: &str, user: &str, now_ms: i64) -> Result<Subject, Error> {
        if let Some(subject) = self.find(project, user).await? {
            return Ok(subject);
        }
        let hashes = self.ring.fingerprints(NAME, name_key(project, user).as_bytes())?;
        let (id, key) = (Uuid::now_v7().to_string(), DataKey::generate()?);
        let subject = Subject {
            project_id: project.to_owned(),
            name_hash: hashes.first().map(hex::encode).unwrap_or_default(),
            name_sealed: key.seal(&name_context(&id), user.as_bytes())?,
            wrapped_key: self.ring.wrap_key(&key_context(project, &id), &key)?,
            created_at: now_ms,
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
            if row.model != self.models.of(modality) {
                continue;
            }
            let key = self.key(project, &row.subject_id, &row.wrapped_key)?;
            let bytes = key.open(&template_context(&row.subject_id, modality, &row.model), &row.sealed)?;
            gallery.add(modality, &row.subject_id, bytes);
        }
        Ok(gallery)
    }

    fn cached(&self, project: &str, revision: &Revision) -> Option<Arc<Gallery>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.clock += 1;
        let now = cache.clock;
        let known = cache.galleries.get_mut(project).filter(|c| c.revision == *revision)?;
        known.used = now;
        Some(known.gallery.clone())
    }

    fn keep(&self, project: &str, revision: Revision, gallery: &Arc<Gallery>) {
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
mod tests {
    use super::*;
    use blob::KeyConfig;
    use db::Db;
    use sqlx::query;
    use zeroize::Zeroizing;

    const NOW: i64 = 1_700_000_000_000;

    fn ring(byte: &str) -> KeyRing {
        let secret = Some(byte.repeat(32).into());
        KeyRing::open(&KeyConfig { secret, ..KeyConfig::default() }).unwrap()
    }

    fn templates(db: &Db) -> Templates {
        let models = Models { face: "f 1".into(), voice: "v 1".into() };
        Templates::new(Store::new(db.clone()), ring("07"), models)
    }

    /// A face template that no other byte pattern looks like.
    fn face(value: f32) -> Zeroizing<Vec<u8>> {
        Zeroizing::new((0..128).flat_map(|i| (value + i as f32).to_le_bytes()).collect())
    }

    fn candidate(value: f32) -> Candidate {
        Candidate { face: Some(face(value)), voice: None }
    }

    async fn dump(db: &Db) -> Vec<u8> {
        let subjects: Vec<(String, Vec<u8>, Vec<u8>)> =
            db::on!(db, |pool| sqlx::query_as("SELECT name_hash, name_sealed, wrapped_key FROM subjects")
                .fetch_all(pool)
                .await
                .unwrap());
        let sealed: Vec<(Vec<u8>,)> =
            db::on!(db, |pool| sqlx::query_as("SELECT sealed FROM templates").fetch_all(pool).await.unwrap());
        let subjects =
            subjects.into_iter().flat_map(|(hash, name, key)| [hash.into_bytes(), name, key].concat());
        subjects.chain(sealed.into_iter().flat_map(|(s,)| s)).collect()
    }

    #[tokio::test]
    async fn templates_are_found_by_their_project_and_lie_encrypted() {
        testkit::each_db(&crate::MIGRATIONS, async |db| {
            let templates = templates(&db);
            let done = templates.enrol("p", "Ada Lovelace", &candidate(0.5), "tx", NOW).await.unwrap();
            assert_eq!(done, Enrolled { face: true, voice: false });
            let subject = templates.subject("p", "Ada Lovelace").await.unwrap().unwrap();
            assert_eq!(templates.name("p", &subject).await.unwrap().unwrap(), "Ada Lovelace");
            assert_eq!(
                templates.gallery("p").await.unwrap().bytes(Modality::Face, &subject).unwrap(),
                &*face(0.5)
            );
            assert!(templates.subject("q", "Ada Lovelace").await.unwrap().is_none());
            assert!(templates.name("q", &subject).await.unwrap().is_none());
            assert_eq!(templates.gallery("q").await.unwrap().len(Modality::Face), 0);
            let kept = dump(&db).await;
            assert!(kept.len() > 512);
            for plain in [b"Lovelace".as_slice(), &face(0.5)[..16]] {
                assert!(!kept.windows(plain.len()).any(|w| w == plain));
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_template_is_never_replaced_and_a_missing_one_is_added() {
        testkit::each_db(&crate::MIGRATIONS, async |db| {
            let templates = templates(&db);
            templates.enrol("p", "a", &candidate(0.5), "tx", NOW).await.unwrap();
            let both = Candidate { face: Some(face(0.9)), voice: Some(vec![1; 8].into()) };
            let done = templates.enrol("p", "a", &both, "tx", NOW).await.unwrap();
            assert_eq!(done, Enrolled { face: false, voice: true });
            let subject = templates.subject("p", "a").await.unwrap().unwrap();
            let gallery = templates.gallery("p").await.unwrap();
            assert_eq!(gallery.bytes(Modality::Face, &subject).unwrap(), &*face(0.5));
            assert_eq!(gallery.bytes(Modality::Voice, &subject).unwrap(), [1; 8]);
        })
        .await;
    }

    #[tokio::test]
    async fn another_process_is_seen_at_the_next_call() {
        testkit::each_db(&crate::MIGRATIONS, async |db| {
            let (here, there) = (templates(&db), templates(&db));
            assert_eq!(here.gallery("p").await.unwrap().len(Modality::Face), 0);
            there.enrol("p", "a", &candidate(0.5), "tx", NOW).await.unwrap();
            let gallery = here.gallery("p").await.unwrap();
            assert_eq!(gallery.len(Modality::Face), 1);
            assert!(Arc::ptr_eq(&gallery, &here.gallery("p").await.unwrap()), "unchanged is not read again");
            there.enrol("p", "b", &candidate(0.7), "tx", NOW).await.unwrap();
            assert_eq!(here.gallery("p").await.unwrap().len(Modality::Face), 2);
            db::on!(&db, |pool| query("DELETE FROM subjects").execute(pool).await.map(drop)).unwrap();
            assert_eq!(
                here.gallery("p").await.unwrap().len(Modality::Face),
                0,
                "templates go with their subject"
            );
        })
        .await;
    }

    #[tokio::test]
    async fn callers_that_enrol_one_user_at_once_make_one_subject() {
        testkit::each_db(&crate::MIGRATIONS, async |db| {
            let templates = templates(&db);
            let enrol = |value| {
                let templates = templates.clone();
                async move { templates.enrol("p", "a", &candidate(value), "tx", NOW).await.unwrap().face }
            };
            let made = futures::future::join_all((0..8u8).map(f32::from).map(enrol)).await;
            assert_eq!(made.into_iter().filter(|m| *m).count(), 1);
            assert_eq!(templates.gallery("p").await.unwrap().len(Modality::Face), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn without_the_subjects_key_or_the_master_key_templates_are_unreadable() {
        testkit::each_db(&crate::MIGRATIONS, async |db| {
            let templates = templates(&db);
            templates.enrol("p", "a", &candidate(0.5), "tx", NOW).await.unwrap();
            let stranger = Templates::new(Store::new(db.clone()), ring("08"), templates.models().clone());
            assert!(matches!(stranger.gallery("p").await, Err(Error::Sealed(blob::Error::UnknownKey))));
            let erase = "UPDATE subjects SET wrapped_key = $1";
            db::on!(&db, |pool| query(erase).bind(vec![0u8; 8]).execute(pool).await.map(drop)).unwrap();
            let afterwards = Templates::new(Store::new(db.clone()), ring("07"), templates.models().clone());
            assert!(matches!(afterwards.gallery("p").await, Err(Error::Sealed(_))));
        })
        .await;
    }

    #[tokio::test]
    async fn templates_of_another_model_are_not_compared() {
        testkit::each_db(&crate::MIGRATIONS, async |db| {
            let old = templates(&db);
            old.enrol("p", "a", &candidate(0.5), "tx", NOW).await.unwrap();
            let models = Models { face: "f 2".into(), ..old.models().clone() };
            let new = Templates::new(Store::new(db.clone()), ring("07"), models);
            assert_eq!(new.gallery("p").await.unwrap().len(Modality::Face), 0);
        })
        .await;
    }
}
