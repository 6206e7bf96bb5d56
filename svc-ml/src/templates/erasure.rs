//! Stored data of a subject, and their erasure.

use super::{Templates, name_hashes};
use crate::{error::Error, store::Counts};

/// Subjects per batch.
const SUBJECTS_AT_ONCE: u32 = 200;

impl Templates {
    /// Counts the stored data of the subject called `user`; all zero when there are none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remains(&self, project: &str, user: &str) -> Result<Counts, Error> {
        let mut all = Counts::default();
        for subject in self.find_all(project, user).await? {
            all = all.plus(self.store.count_records(&subject.id).await?);
        }
        all.recordings =
            self.store.count_recordings(project, &name_hashes(&self.ring, project, user)?).await?;
        Ok(all)
    }

    /// Destroys templates, samples, the name and the wrapping key. From then on no search returns the subject, on any
    /// replica, because results are read from the database.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase(&self, project: &str, user: &str) -> Result<Counts, Error> {
        let subjects = self.find_all(project, user).await?.into_iter().map(|subject| subject.id);
        // An interrupted call may have deleted the rows and not cleaned the files.
        let hashes = name_hashes(&self.ring, project, user)?;
        let (recordings, mut secrets) = self.store.erase_recordings(project, &hashes).await?;
        secrets.extend(hashes.into_iter().map(String::into_bytes));
        let gone = self.erase_all(project, subjects.collect(), secrets).await?;
        Ok(Counts { recordings, ..gone })
    }

    /// Destroys the data of the next subjects of a project; all zero when none is left.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase_project(&self, project: &str) -> Result<Counts, Error> {
        let subjects = self.store.some_subjects(project, SUBJECTS_AT_ONCE).await?;
        let recordings = self.store.delete_recordings(project, i64::MAX).await?;
        if subjects.is_empty() {
            self.store.delete_changes(project).await?;
            self.galleries.close(project);
        }
        let gone = self.erase_all(project, subjects, Vec::new()).await?;
        Ok(Counts { recordings, ..gone })
    }

    /// When this returns, no file of the database contains `secrets` or the subjects' values.
    async fn erase_all(
        &self,
        project: &str,
        subjects: Vec<String>,
        mut secrets: Vec<Vec<u8>>,
    ) -> Result<Counts, Error> {
        let mut gone = Counts::default();
        for subject in subjects {
            secrets.extend(self.store.secrets(project, &subject).await?);
            gone = gone.plus(self.store.erase(project, &subject).await?);
        }
        self.overwrite_removed(project).await;
        self.store.purge(secrets).await?;
        Ok(gone)
    }
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            face_templates: self.face_templates + other.face_templates,
            voice_templates: self.voice_templates + other.voice_templates,
            face_enrollments: self.face_enrollments + other.face_enrollments,
            voice_enrollments: self.voice_enrollments + other.voice_enrollments,
            fingerprint_templates: self.fingerprint_templates + other.fingerprint_templates,
            subjects: self.subjects + other.subjects,
            recordings: self.recordings + other.recordings,
        }
    }
}
