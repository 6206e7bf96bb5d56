//! Probes against the project's templates.

use face::Embedding;
use voice::{Comparison, Voiceprint};

use crate::{
    calibration::FaceComparison,
    calibrations::Calibrations,
    error::Error,
    gallery::{Gallery, Nearest},
    pipeline::Findings,
    templates::Templates,
};

/// What the templates say about one modality of a video.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity<C> {
    /// 1:1 against the user; `None` when no user was named or the user has no template.
    pub user: Option<C>,
    /// The nearest of the project, whoever it is.
    pub nearest: Option<C>,
    /// Who the nearest is, when it is near enough to be the same person.
    pub name: Option<String>,
}

impl<C: Copy> Identity<C> {
    /// The comparison an answer reports: with the user, else with the nearest.
    pub fn reported(&self) -> Option<C> {
        self.user.or(self.nearest)
    }
}

/// Both modalities; `None` where there was no probe.
#[derive(Debug, Default)]
pub struct Identities {
    pub face: Option<Identity<FaceComparison>>,
    pub voice: Option<Identity<Comparison>>,
}

type Found<C> = (Option<C>, Option<Nearest<C>>);

/// Compares the probes of `findings` with the user's templates and searches the project for them; an operator's calibrations say
/// what the scores mean.
///
/// # Errors
/// When the database fails or a template is malformed.
pub async fn identify(
    templates: &Templates,
    project: &str,
    user: &str,
    findings: &Findings,
    calibrations: &Calibrations,
) -> Result<Identities, Error> {
    let face = findings.face.as_ref().and_then(|f| f.as_ref().ok()).cloned();
    let voice = findings.voice.as_ref().and_then(|v| v.as_ref().ok()).cloned();
    if face.is_none() && voice.is_none() {
        return Ok(Identities::default());
    }
    let gallery = templates.gallery(project).await?;
    let subject = if user.is_empty() { None } else { templates.subject(project, user).await? };
    let by = calibrations.clone();
    // A large gallery takes milliseconds, which the async threads do not have.
    let search = move || -> Result<_, Error> {
        let face = face.map(|probe| find_face(&gallery, &probe, subject.as_deref(), &by));
        let voice = voice.map(|probe| find_voice(&gallery, &probe, subject.as_deref(), &by)).transpose()?;
        Ok((face, voice))
    };
    let (face, voice) = tokio::task::spawn_blocking(search).await.map_err(|_| intake::Error::Crashed)??;
    Ok(Identities {
        face: match face {
            Some(found) => Some(named(templates, project, found, |c| c.matched).await?),
            None => None,
        },
        voice: match voice {
            Some(found) => Some(named(templates, project, found, |c| c.matched).await?),
            None => None,
        },
    })
}

fn find_face(
    gallery: &Gallery,
    probe: &Embedding,
    subject: Option<&str>,
    by: &Calibrations,
) -> Found<FaceComparison> {
    let user = subject.and_then(|id| gallery.compare_face(probe, id));
    let nearest = gallery.nearest_face(probe, None);
    (user.map(|c| by.face(c)), nearest.map(|n| Nearest { comparison: by.face(n.comparison), ..n }))
}

fn find_voice(
    gallery: &Gallery,
    probe: &Voiceprint,
    subject: Option<&str>,
    by: &Calibrations,
) -> Result<Found<Comparison>, Error> {
    let user = subject.map(|id| gallery.compare_voice(probe, id)).transpose()?.flatten();
    let nearest = gallery.nearest_voice(probe, None)?;
    Ok((user.map(|c| by.voice(c)), nearest.map(|n| Nearest { comparison: by.voice(n.comparison), ..n })))
}

/// Adds the name of a nearest that matches.
async fn named<C: Copy>(
    templates: &Templates,
    project: &str,
    (user, nearest): Found<C>,
    is_match: impl Fn(&C) -> bool,
) -> Result<Identity<C>, Error> {
    let name = match nearest.as_ref().filter(|n| is_match(&n.comparison)) {
        Some(nearest) => templates.name(project, &nearest.subject_id).await?,
        None => None,
    };
    Ok(Identity { user, nearest: nearest.map(|n| n.comparison), name })
}
