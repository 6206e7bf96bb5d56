//! Galleries in memory: loaded once, updated from the database's change log, and bounded together.
//!
//! Each call reads the project's revision, so it sees every change committed before by any replica. Changes are read
//! by revision: one enrollment costs one row. One caller at a time reads for a project, and continues when its client
//! is gone.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed},
    },
};

use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::Templates;
use crate::{
    error::Error,
    gallery::{Gallery, MAX_COMPARED, Modality, Template},
    store::{Changes, GalleryRow},
};

/// Templates per read.
const PAGE: u32 = 1_000;
/// Revisions per read, and the number of missed revisions from which everything is read instead.
const STEP: i64 = 500;
const MAX_BEHIND: i64 = 10_000;
const NOT_READ: i64 = -1;

/// The galleries of a process. Clones share them.
#[derive(Clone, Debug)]
pub struct Galleries(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max_bytes: u64,
    projects: Mutex<HashMap<String, Arc<Held>>>,
    /// Counts uses.
    clock: AtomicU64,
    /// Templates read and decrypted for galleries.
    rows_read: AtomicU64,
}

/// One project's gallery.
#[derive(Debug)]
pub(super) struct Held {
    gallery: RwLock<Gallery>,
    /// The revision of the templates in `gallery`.
    revision: AtomicI64,
    bytes: AtomicU64,
    used: AtomicU64,
    /// Held by the caller that updates the gallery.
    turn: Arc<tokio::sync::Mutex<()>>,
    is_growing: AtomicBool,
}

impl Galleries {
    pub fn new(max_bytes: u64) -> Self {
        let shared = Shared {
            max_bytes,
            projects: Mutex::default(),
            clock: AtomicU64::default(),
            rows_read: AtomicU64::default(),
        };
        Self(Arc::new(shared))
    }

    /// Returns how many templates were read from the database and decrypted.
    #[cfg(test)]
    pub fn rows_read(&self) -> u64 {
        self.0.rows_read.load(Relaxed)
    }

    fn count_read(&self, rows: usize, by: &'static str) {
        self.0.rows_read.fetch_add(rows as u64, Relaxed);
        metrics::counter!("biometry_ml_gallery_templates_read_total", "by" => by).increment(rows as u64);
    }

    fn projects(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Held>>> {
        self.0.projects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self, project: &str) -> Arc<Held> {
        let held = self.projects().entry(project.to_owned()).or_default().clone();
        held.used.store(self.0.clock.fetch_add(1, Relaxed), Relaxed);
        held
    }

    /// Drops a project's gallery from memory.
    pub(super) fn close(&self, project: &str) {
        self.projects().remove(project);
    }

    /// Drops the least recently used galleries until the others fit; `but` stays.
    fn evict(&self, but: &Arc<Held>) {
        let mut projects = self.projects();
        let bytes = |held: &Arc<Held>| held.bytes.load(Relaxed);
        let mut total: u64 = projects.values().map(bytes).sum();
        while total > self.0.max_bytes {
            let others = projects.iter().filter(|(_, held)| !Arc::ptr_eq(held, but) && bytes(held) > 0);
            let oldest = others.min_by_key(|(_, held)| held.used.load(Relaxed));
            let Some((project, _)) = oldest.map(|(project, held)| (project.clone(), held)) else { break };
            total -= projects.remove(&project).map_or(0, |held| bytes(&held));
        }
        metrics::gauge!("biometry_ml_gallery_bytes").set(total as f64);
    }
}

impl Default for Held {
    fn default() -> Self {
        Self {
            gallery: RwLock::default(),
            revision: AtomicI64::new(NOT_READ),
            bytes: AtomicU64::default(),
            used: AtomicU64::default(),
            turn: Arc::default(),
            is_growing: AtomicBool::default(),
        }
    }
}

impl Held {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Gallery> {
        self.gallery.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Gallery> {
        self.gallery.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the gallery as current without reading.
    #[cfg(test)]
    pub(super) fn pretend_current(&self, revision: i64) {
        self.revision.store(revision, Relaxed);
    }

    fn note_bytes(&self, gallery: &Gallery) {
        self.bytes.store(gallery.bytes() as u64, Relaxed);
    }

    /// Builds sketches of outgrown spaces, while searches continue.
    fn grow(&self) -> Result<(), Error> {
        let outgrown = self.read().outgrown(MAX_COMPARED);
        for copy in outgrown {
            let grown = copy.grow()?;
            let mut gallery = self.write();
            gallery.replace(grown)?;
            self.note_bytes(&gallery);
        }
        Ok(())
    }
}

impl Templates {
    /// Returns the gallery of a project with every template committed before this call.
    ///
    /// # Errors
    /// When the database fails or a template cannot be decrypted.
    pub(super) async fn gallery(&self, project: &str) -> Result<Arc<Held>, Error> {
        let held = self.galleries.held(project);
        let wanted = self.store.revision(project).await?;
        if held.revision.load(Relaxed) == wanted {
            return Ok(held);
        }
        let turn = held.turn.clone().lock_owned().await;
        let (this, of, to) = (self.clone(), project.to_owned(), held.clone());
        // A dropped caller must not cancel the read that others wait for.
        let reading = tokio::spawn(async move {
            let read = this.bring_up_to_date(&of, &to).await;
            drop(turn);
            this.galleries.evict(&to);
            read
        });
        reading.await.map_err(|_| intake::Error::Crashed)??;
        Ok(held)
    }

    /// Overwrites removed templates in memory; if that fails, the gallery is dropped.
    pub(super) async fn overwrite_removed(&self, project: &str) {
        let is_read = self.galleries.projects().contains_key(project);
        if is_read && self.gallery(project).await.is_err() {
            self.galleries.close(project);
        }
    }

    async fn bring_up_to_date(&self, project: &str, held: &Arc<Held>) -> Result<(), Error> {
        let now = self.store.revision(project).await?;
        let mut known = held.revision.load(Relaxed);
        if known == now {
            return Ok(());
        }
        // A smaller revision than before: the database was restored.
        if known == NOT_READ || known > now || now - known > MAX_BEHIND {
            return self.read_all(project, held, now).await;
        }
        while known < now {
            let to = now.min(known + STEP);
            let changes = self.store.changes(project, known, to).await?;
            if !changes.is_complete {
                return self.read_all(project, held, now).await;
            }
            self.follow(project, held, changes).await?;
            held.revision.store(to, Relaxed);
            known = to;
        }
        self.grow_beside(held);
        Ok(())
    }

    /// Reads every template. Concurrent changes are logged after `revision`.
    async fn read_all(&self, project: &str, held: &Arc<Held>, revision: i64) -> Result<(), Error> {
        let mut gallery = Gallery::default();
        let mut after = String::new();
        loop {
            let rows = self.store.gallery_page(project, &after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after.clone_from(&last.id);
            self.galleries.count_read(rows.len(), "reload");
            let (this, project) = (self.clone(), project.to_owned());
            let add = move || -> Result<Gallery, Error> {
                gallery.add(&this.templates_of(&project, &rows)?)?;
                for copy in gallery.outgrown(MAX_COMPARED) {
                    gallery.replace(copy.grow()?)?;
                }
                Ok(gallery)
            };
            gallery = spawn_blocking(add).await.map_err(|_| intake::Error::Crashed)??;
        }
        held.note_bytes(&gallery);
        *held.write() = gallery;
        held.revision.store(revision, Relaxed);
        Ok(())
    }

    async fn follow(&self, project: &str, held: &Arc<Held>, changes: Changes) -> Result<(), Error> {
        self.galleries.count_read(changes.added.len(), "change");
        let (this, project, held) = (self.clone(), project.to_owned(), held.clone());
        let apply = move || -> Result<(), Error> {
            let added = this.templates_of(&project, &changes.added)?;
            let mut gallery = held.write();
            for id in &changes.removed {
                gallery.remove(template_id(id)?)?;
            }
            gallery.add(&added)?;
            held.note_bytes(&gallery);
            Ok(())
        };
        spawn_blocking(apply).await.map_err(|_| intake::Error::Crashed)?
    }

    fn templates_of(&self, project: &str, rows: &[GalleryRow]) -> Result<Vec<(Uuid, Template)>, Error> {
        let mut templates = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(modality) = Modality::parse(&row.modality) else { continue };
            if let Some(bytes) = self.open(project, row)? {
                templates.push((template_id(&row.id)?, Template::from_bytes(modality, &bytes)?));
            }
        }
        Ok(templates)
    }

    /// Builds sketches on a separate thread, one at a time per project.
    fn grow_beside(&self, held: &Arc<Held>) {
        if held.read().outgrown_any(MAX_COMPARED) && !held.is_growing.swap(true, Relaxed) {
            let held = held.clone();
            spawn_blocking(move || {
                if let Err(error) = held.grow() {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "cannot build the sketches of a gallery; it is searched exactly"
                    );
                }
                held.is_growing.store(false, Relaxed);
            });
        }
    }
}

pub(super) fn template_id(id: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(id).map_err(|_| Error::Malformed)
}
