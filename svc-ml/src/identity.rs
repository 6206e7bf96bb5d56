//! Probes against the project's templates.

use voice::Comparison;

use crate::{
    calibration::FaceComparison,
    calibrations::Calibrations,
    error::Error,
    pipeline::Findings,
    templates::{Probe, Templates},
};

/// What the templates say about one modality of a video.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity<C> {
    /// 1:1 against the user; `None` when no user was named or the user has no template.
    pub user: Option<C>,
    /// The nearest template of the project, of any user.
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

/// Compares the probes of `findings` with the user's templates and searches the project for them; an operator's calibrations
/// say what the scores mean.
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
    let of = Whom { templates, project, user };
    let face = findings.face.as_ref().and_then(|f| f.as_ref().ok());
    let voice = findings.voice.as_ref().and_then(|v| v.as_ref().ok());
    Ok(Identities {
        face: match face {
            Some(probe) => Some(of.identity(probe, |c| calibrations.face(c), |c| c.matched).await?),
            None => None,
        },
        voice: match voice {
            Some(probe) => Some(of.identity(probe, |c| calibrations.voice(c), |c| c.matched).await?),
            None => None,
        },
    })
}

/// Whom a probe is compared with: a user, who may be nobody, and a project.
struct Whom<'a> {
    templates: &'a Templates,
    project: &'a str,
    user: &'a str,
}

impl Whom<'_> {
    /// Compares a probe; a nearest that matches is named.
    async fn identity<P: Probe>(
        &self,
        probe: &P,
        calibrated: impl Fn(P::Comparison) -> P::Comparison,
        is_match: impl Fn(&P::Comparison) -> bool,
    ) -> Result<Identity<P::Comparison>, Error> {
        let Self { templates, project, user } = self;
        let user = if user.is_empty() { None } else { templates.compare(project, user, probe).await? };
        let nearest = templates.nearest(project, probe, None).await?;
        let comparison = nearest.as_ref().map(|nearest| calibrated(nearest.comparison));
        let name = match nearest.filter(|_| comparison.as_ref().is_some_and(is_match)) {
            Some(nearest) => templates.name(project, &nearest.subject_id).await?,
            None => None,
        };
        Ok(Identity { user: user.map(calibrated), nearest: comparison, name })
    }
}
