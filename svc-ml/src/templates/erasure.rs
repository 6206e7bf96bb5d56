//! What is kept of a subject, and its end.

use std::sync::PoisonError;

use super::Templates;
use crate::{error::Error, store::Counts};

/// Subjects of one step.
const SUBJECTS_AT_ONCE: u32 = 200;

impl Templates {
    /// What there is of the subject called `user`; all zero when nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remains(&self, project: &str, user: &str) -> Result<Counts, Error> {
        let mut all = Counts::default();
        for subject in self.find_all(project, user).await? {
            all = all.plus(self.store.count(&subject.id).await?);
        }
        Ok(all)
    }

    /// Destroys it: templates, what they are made of, the name and the key all of it lies under. Every process that has
    /// the project's gallery in memory sees by its revision that it has changed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase(&self, project: &str, user: &str) -> Result<Counts, Error> {
        let mut gone = Counts::default();
        for subject in self.find_all(project, user).await? {
            gone = gone.plus(self.store.erase(project, &subject.id).await?);
        }
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).galleries.remove(project);
        Ok(gone)
    }

    /// Destroys what there is of the next subjects of a project; all zero when none is left.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase_project(&self, project: &str) -> Result<Counts, Error> {
        let mut gone = Counts::default();
        for subject in self.store.some_subjects(project, SUBJECTS_AT_ONCE).await? {
            gone = gone.plus(self.store.erase(project, &subject).await?);
        }
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).galleries.remove(project);
        Ok(gone)
    }
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            face_templates: self.face_templates + other.face_templates,
            voice_templates: self.voice_templates + other.voice_templates,
            face_enrolments: self.face_enrolments + other.face_enrolments,
            voice_enrolments: self.voice_enrolments + other.voice_enrolments,
            subjects: self.subjects + other.subjects,
        }
    }
}
