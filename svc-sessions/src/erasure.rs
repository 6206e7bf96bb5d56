//! Erasure of a subject's sessions and their videos.

use proto::subjects::{Kept, Remains, Subject};

use crate::{
    error::Error,
    service::Sessions,
    session::{Session, UserName},
};

/// Sessions per batch.
const AT_ONCE: u32 = 200;

impl Sessions {
    /// Stored data of a subject.
    pub async fn remains(&self, subject: &Subject) -> Result<Remains, Error> {
        let mut sessions = Vec::new();
        let mut checks = 0;
        for hash in self.hashes_of(subject)? {
            sessions.extend(self.store.bound_to(&subject.project_id, &hash).await?);
            checks += self.store.count_checks(&subject.project_id, &hash).await?;
        }
        Ok(with_checks(count(&sessions), checks))
    }

    /// Ends the subject's sessions, destroys their videos, then the sessions; returns the counts. An interrupted call
    /// is completed by the next one.
    pub async fn erase(&self, subject: &Subject) -> Result<Remains, Error> {
        let mut sessions = Vec::new();
        let hashes = self.hashes_of(subject)?;
        let mut checks = 0;
        let mut sealed = Vec::new();
        for hash in &hashes {
            let project = &subject.project_id;
            sealed.extend(self.store.sealed_for(project, hash).await?);
            checks += self.store.delete_checks_of(project, hash).await?;
            let bound = self.store.bound_to(project, hash).await?;
            if bound.is_empty() {
                continue;
            }
            self.store.end_bound_to(project, hash, (self.clock)()).await?;
            // Read again: a session may have been bound, or a video stored, since; from now on neither can be.
            let bound = self.store.bound_to(project, hash).await?;
            for session in &bound {
                self.videos.delete(session).await?;
            }
            self.store.delete_bound_to(project, hash).await?;
            sessions.extend(bound);
        }
        // Also when nothing was left: an interrupted call may have deleted the rows and not cleaned the files.
        let hashes = hashes.iter().map(|hash| hash.to_vec());
        let secrets = hashes.chain(sessions.iter().flat_map(Session::secrets)).chain(sealed);
        self.store.purge(secrets.collect()).await?;
        Ok(with_checks(count(&sessions), checks))
    }

    /// Destroys the next sessions of a project with their videos, and its operator settings; returns the counts.
    pub async fn erase_project(&self, project: &str) -> Result<Remains, Error> {
        let some = self.store.end_some_of(project, (self.clock)(), AT_ONCE).await?;
        for session in &some {
            self.videos.delete(session).await?;
        }
        self.store.delete(&some).await?;
        let checks = self.store.delete_checks_of_project(project).await?;
        let mut remains = with_checks(count(&some), checks);
        if self.store.delete_sim_swap(project).await? {
            remains.kept.push(Kept { kind: "sim_swap_settings".to_owned(), count: 1 });
        }
        Ok(remains)
    }

    fn hashes_of(&self, subject: &Subject) -> Result<Vec<[u8; 32]>, Error> {
        self.subjects.hashes(&subject.project_id, &UserName::parse(&subject.user_fullname)?)
    }
}

fn with_checks(mut remains: Remains, checks: u64) -> Remains {
    if checks > 0 {
        remains.kept.push(Kept { kind: "deepfake_check".to_owned(), count: checks });
    }
    remains
}

fn count(sessions: &[Session]) -> Remains {
    let videos = sessions.iter().filter(|session| session.video_bytes.is_some()).count();
    let kinds = [("session", sessions.len()), ("session_video", videos)];
    let kept = kinds.into_iter().filter(|(_, count)| *count > 0);
    Remains { kept: kept.map(|(kind, count)| Kept { kind: kind.to_owned(), count: count as u64 }).collect() }
}
