//! Compares probes with the project's templates.

use proto::ml::RecognitionStatus;
use scoring::{MIN_CLAIM_PROBABILITY, clamp_to_decision};
use voice::Comparison;

use crate::{
    calibration::FaceComparison,
    calibrations::Calibrations,
    error::Error,
    pipeline::Findings,
    templates::{Probe, Templates},
};

/// The result for one modality of a video.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity<C> {
    /// 1:1 with the user; `None` when no user was named or the user has no template.
    pub user: Option<C>,
    /// The nearest template of the project, of any user.
    pub nearest: Option<C>,
    /// The name of the nearest, if near enough to be the same person.
    pub name: Option<String>,
}

impl<C> Default for Identity<C> {
    fn default() -> Self {
        Self { user: None, nearest: None, name: None }
    }
}

impl<C: Copy> Identity<C> {
    /// Returns the reported comparison: with the user, otherwise with the nearest.
    pub fn reported(&self) -> Option<C> {
        self.user.or(self.nearest)
    }

    /// Returns the evidence of a decision; `judged` returns the probability of a comparison, and whether it is a
    /// match. A user without a template cannot be compared, but a sample that clearly matches another user counts
    /// against them.
    pub fn evidence(&self, user: &str, judged: impl Fn(C) -> (f64, bool)) -> Option<f64> {
        if let Some(own) = self.user {
            let (probability, is_match) = judged(own);
            return Some(clamp_to_decision(probability, is_match));
        }
        let other = self.name.as_ref().filter(|name| !name.is_empty() && *name != user).and(self.nearest)?;
        (judged(other).0 >= MIN_CLAIM_PROBABILITY).then_some(0.0)
    }
}

/// The result of a recognition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The user, or a subject of the project when no user was named.
    Recognised,
    NotRecognised,
    NotEnrolled,
}

impl Standing {
    pub fn of(user_matched: Option<bool>, is_known: bool, has_user: bool) -> Self {
        match user_matched {
            Some(true) => Self::Recognised,
            Some(false) => Self::NotRecognised,
            None if has_user => Self::NotEnrolled,
            None if is_known => Self::Recognised,
            None => Self::NotRecognised,
        }
    }

    pub fn status(self) -> RecognitionStatus {
        match self {
            Self::Recognised => RecognitionStatus::Identified,
            Self::NotRecognised => RecognitionStatus::NotIdentified,
            Self::NotEnrolled => RecognitionStatus::NotEnrolled,
        }
    }

    pub fn sentence(self, what: &str) -> String {
        match self {
            Self::Recognised => format!("the {what} is recognised"),
            Self::NotRecognised => format!("the {what} is not recognised"),
            Self::NotEnrolled => format!("not enrolled: the user has no {what} template"),
        }
    }
}

/// Both modalities; empty without a probe.
#[derive(Debug, Default)]
pub struct Identities {
    pub face: Identity<FaceComparison>,
    pub voice: Identity<Comparison>,
}

/// Compares the probes of `findings` with the user's templates and searches the project; an operator's calibrations
/// apply.
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
            Some(probe) => of.identity(probe, |c| calibrations.face(c), |c| c.matched).await?,
            None => Identity::default(),
        },
        voice: match voice {
            Some(probe) => of.identity(probe, |c| calibrations.voice(c), |c| c.matched).await?,
            None => Identity::default(),
        },
    })
}

/// The user (optional) and project that a probe is compared with.
struct Whom<'a> {
    templates: &'a Templates,
    project: &'a str,
    user: &'a str,
}

impl Whom<'_> {
    /// Compares a probe; a matching nearest subject is named.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_recognised_by_the_own_template_alone() {
        assert_eq!(Standing::of(Some(true), false, true), Standing::Recognised);
        assert_eq!(
            Standing::of(Some(false), true, true),
            Standing::NotRecognised,
            "it is somebody else of the project"
        );
        assert_eq!(Standing::of(None, true, true), Standing::NotEnrolled);
        assert_eq!(Standing::of(None, true, false), Standing::Recognised);
        assert_eq!(Standing::of(None, false, false), Standing::NotRecognised);
    }

    #[test]
    fn a_yes_and_a_no_lie_on_either_side_of_the_middle() {
        let own = |probability, is_match| {
            let identity = Identity { user: Some((probability, is_match)), nearest: None, name: None };
            identity.evidence("ada", |judged| judged)
        };
        assert_eq!(own(0.3, true), Some(0.5));
        assert_eq!(own(0.9, false), Some(0.499));
        assert_eq!(own(0.97, true), Some(0.97));
    }

    #[test]
    fn a_sample_of_another_user_speaks_against_one_without_a_template() {
        let of = |probability, name: Option<&str>| {
            let name = name.map(str::to_owned);
            let identity = Identity { user: None, nearest: Some((probability, true)), name };
            identity.evidence("bob", |judged| judged)
        };
        assert_eq!(of(0.97, None), None);
        assert_eq!(of(0.5, Some("ada")), None);
        assert_eq!(of(0.97, Some("bob")), None);
        assert_eq!(of(0.97, Some("ada")), Some(0.0));
    }
}
