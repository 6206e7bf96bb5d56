//! Comparisons with one subject (1:1) and searches of a project (1:N).
//!
//! The gallery proposes, the stored templates decide: each candidate is read, opened and compared, the likeliest
//! first, until no other can be nearer. So a score is exact for every kind of gallery, and a template deleted from
//! the database is not returned even if the gallery still has it.

use std::collections::HashSet;

use face::{Embedding, Similarity};
use tokio::task::spawn_blocking;
use uuid::Uuid;
use voice::{Comparison, Voiceprint};

use super::{Templates, galleries::template_id, template_context};
use crate::{
    calibration::{FaceComparison, compare_faces},
    error::Error,
    face_template::FaceTemplate,
    gallery::{Candidate, Gallery, Modality},
    open_set::identified,
    store::{GalleryRow, LOOKED_UP},
    voice_template::voice_from_bytes,
};

/// Candidates requested from the gallery at first, and at most.
const FIRST_CANDIDATES: usize = 32;
const MAX_CANDIDATES: usize = 512;

/// The nearest subject of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest<C> {
    pub subject_id: String,
    /// The transaction its template was last changed in.
    pub transaction_id: String,
    pub comparison: C,
}

/// A sample that is compared with templates.
pub trait Probe: Clone + Send + Sync + 'static {
    const MODALITY: Modality;
    /// The similarity of a probe and a template.
    type Score: Copy + Send + Sync;
    /// The judged similarity.
    type Comparison: Copy + Send;

    fn candidates(&self, gallery: &Gallery, count: usize) -> Result<Vec<Candidate>, Error>;

    fn compare(&self, template: &[u8]) -> Result<Self::Score, Error>;

    /// Returns the lead of the score over its own threshold. Scores with different thresholds are comparable only by it.
    fn lead(score: Self::Score) -> f64;

    /// Judges a comparison with one subject.
    fn judge(score: Self::Score) -> Self::Comparison;

    /// Judges the comparison with the nearest of `candidates`.
    fn judge_nearest(score: Self::Score, candidates: usize) -> Self::Comparison;
}

impl Probe for Embedding {
    const MODALITY: Modality = Modality::Face;
    type Score = Similarity;
    type Comparison = FaceComparison;

    fn candidates(&self, gallery: &Gallery, count: usize) -> Result<Vec<Candidate>, Error> {
        gallery.faces_near(self, count)
    }

    fn compare(&self, template: &[u8]) -> Result<Similarity, Error> {
        Ok(FaceTemplate::from_bytes(template)?.compare(self))
    }

    fn lead(score: Similarity) -> f64 {
        score.log_odds(1)
    }

    fn judge(score: Similarity) -> FaceComparison {
        compare_faces(score, 1)
    }

    fn judge_nearest(score: Similarity, candidates: usize) -> FaceComparison {
        compare_faces(score, candidates)
    }
}

impl Probe for Voiceprint {
    const MODALITY: Modality = Modality::Voice;
    type Score = Comparison;
    type Comparison = Comparison;

    fn candidates(&self, gallery: &Gallery, count: usize) -> Result<Vec<Candidate>, Error> {
        gallery.voices_near(self, count)
    }

    fn compare(&self, template: &[u8]) -> Result<Comparison, Error> {
        Ok(voice::compare_voices(self, &voice_from_bytes(template)?))
    }

    fn lead(score: Comparison) -> f64 {
        f64::from(score.score - score.threshold)
    }

    fn judge(score: Comparison) -> Comparison {
        score
    }

    fn judge_nearest(score: Comparison, candidates: usize) -> Comparison {
        identified(score, candidates)
    }
}

/// The nearest found so far.
struct Best<S> {
    row: GalleryRow,
    score: S,
}

impl Templates {
    /// Compares `probe` with the template of `user` (1:1), which needs no gallery; `None` when there is none.
    ///
    /// # Errors
    /// When the database fails or the template cannot be read.
    pub async fn compare<P: Probe>(
        &self,
        project: &str,
        user: &str,
        probe: &P,
    ) -> Result<Option<P::Comparison>, Error> {
        let Some(subject) = self.find(project, user).await? else { return Ok(None) };
        let Some(row) = self.store.template(&subject.id, P::MODALITY.as_str()).await? else {
            return Ok(None);
        };
        if !self.models.can_compare(P::MODALITY, &row.model) {
            return Ok(None);
        }
        let key = self.key(project, &subject.id, &subject.wrapped_key)?;
        let template = key.open(&template_context(&subject.id, P::MODALITY, &row.model), &row.sealed)?;
        Ok(Some(P::judge(probe.compare(&template)?)))
    }

    /// Finds the nearest subject of the project (1:N, open set: the comparison says whether it is near enough to be
    /// the same person); the subject `except` is excluded.
    ///
    /// # Errors
    /// When the database fails or a template cannot be read.
    pub async fn nearest<P: Probe>(
        &self,
        project: &str,
        probe: &P,
        except: Option<&str>,
    ) -> Result<Option<Nearest<P::Comparison>>, Error> {
        let excepted = match except {
            Some(subject) => self.store.template(subject, P::MODALITY.as_str()).await?,
            None => None,
        };
        let excepted = excepted.map(|row| template_id(&row.id)).transpose()?;
        let mut best: Option<Best<P::Score>> = None;
        let (mut read, mut count) = (HashSet::new(), FIRST_CANDIDATES);
        let others = loop {
            let (found, others) = self.candidates(project, probe, excepted, count).await?;
            let is_nearest = |best: &Option<Best<P::Score>>, candidate: &Candidate| {
                best.as_ref().is_some_and(|best| P::lead(best.score) >= candidate.bound)
            };
            let new: Vec<_> = found.iter().filter(|c| read.insert(c.template_id)).collect();
            for some in new.chunks(LOOKED_UP) {
                if some.first().is_some_and(|candidate| is_nearest(&best, candidate)) {
                    break;
                }
                self.compare_some(project, probe, except, some, &mut best).await?;
            }
            let is_settled = found.last().is_none_or(|last| is_nearest(&best, last));
            if is_settled || found.len() < count || count >= MAX_CANDIDATES {
                break others;
            }
            count *= 4;
        };
        Ok(best.map(|best| Nearest {
            subject_id: best.row.subject_id,
            transaction_id: best.row.transaction_id,
            comparison: P::judge_nearest(best.score, others),
        }))
    }

    /// Returns candidates, and the number of templates besides the excepted one.
    async fn candidates<P: Probe>(
        &self,
        project: &str,
        probe: &P,
        excepted: Option<Uuid>,
        count: usize,
    ) -> Result<(Vec<Candidate>, usize), Error> {
        let (held, probe) = (self.gallery(project).await?, probe.clone());
        // A large gallery takes milliseconds, too long for the async threads.
        let search = move || {
            let gallery = held.read();
            let is_there = excepted.is_some_and(|id| gallery.contains(id));
            let others = gallery.len(P::MODALITY) - usize::from(is_there);
            Ok((probe.candidates(&gallery, count)?, others))
        };
        spawn_blocking(search).await.map_err(|_| intake::Error::Crashed)?
    }

    async fn compare_some<P: Probe>(
        &self,
        project: &str,
        probe: &P,
        except: Option<&str>,
        some: &[&Candidate],
        best: &mut Option<Best<P::Score>>,
    ) -> Result<(), Error> {
        let ids: Vec<String> = some.iter().map(|candidate| candidate.template_id.to_string()).collect();
        for row in self.store.templates_by_id(project, &ids).await? {
            if Some(row.subject_id.as_str()) == except {
                continue;
            }
            let Some(template) = self.open(project, &row)? else { continue };
            let score = probe.compare(&template)?;
            if best.as_ref().is_none_or(|best| P::lead(score) > P::lead(best.score)) {
                *best = Some(Best { row, score });
            }
        }
        Ok(())
    }

    /// Returns how many templates of a modality are searched.
    #[cfg(test)]
    pub(super) async fn count(&self, project: &str, modality: Modality) -> usize {
        self.gallery(project).await.unwrap().read().len(modality)
    }
}
