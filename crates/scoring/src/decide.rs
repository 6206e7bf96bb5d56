//! From findings to a verdict.

use serde::{Deserialize, Serialize};

use crate::{
    CannotJudge, DocumentCondition, Evidence, Finding, Missing, Mode, NOTHING_TO_JUDGE, NotEnrolled, Rules,
    Service, ServiceRule, documents::PICTURE_CANNOT_BE_JUDGED, evidence::NOT_A_NUMBER,
};

/// Lowest score of a refer; a fail is below.
pub const REFER_FROM: f64 = 50.0;
/// Lowest score of a pass; a refer is below.
pub const PASS_FROM: f64 = 75.0;
/// Weight of the lowest deciding score in the score of a fail or refer.
const DECIDING_SHARE: f64 = 0.8;
/// Scores have two decimals: the distance between two bands.
const STEP: f64 = 0.01;

/// The reason of a recording that was used before.
const MEDIA_REPLAYED: &str = "media_replayed";

/// The outcome of a decision, from worst to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Fail,
    /// Needs human review.
    Refer,
    Pass,
}

impl Verdict {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Refer => "refer",
            Self::Pass => "pass",
        }
    }

    /// Lowest and highest score.
    const fn band(self) -> (f64, f64) {
        match self {
            Self::Fail => (0.0, REFER_FROM - STEP),
            Self::Refer => (REFER_FROM, PASS_FROM - STEP),
            Self::Pass => (PASS_FROM, 100.0),
        }
    }
}

/// The result of a finding under its rule; the last part of its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    /// Between the thresholds.
    Referred,
    Failed,
    NotEnrolled,
    Missing,
    NotJudged,
}

impl Outcome {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Referred => "referred",
            Self::Failed => "failed",
            Self::NotEnrolled => "not_enrolled",
            Self::Missing => "missing",
            Self::NotJudged => "not_judged",
        }
    }
}

/// One rule and its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub service: Service,
    /// Stable word, `<subject>_<outcome>`: `face_match_passed`.
    pub reason: String,
    pub outcome: Outcome,
    /// [`Mode::Off`] never appears.
    pub mode: Mode,
    /// The service's score, 0..=1; `None` when it did not judge.
    pub score: Option<f64>,
    /// Lowest score that passes.
    pub pass: f64,
    /// Lowest score that refers.
    pub refer: f64,
    /// Why the service could not judge, its stable word.
    pub error: Option<String>,
}

/// The decision and its conditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision<C = Condition> {
    pub verdict: Verdict,
    /// 0..=100 with two decimals, always within the band of the verdict.
    pub score: f64,
    /// One stable word per condition, in their order; `nothing_decisive` when no required one speaks for a pass and
    /// none against it.
    pub reasons: Vec<String>,
    /// Every service that is not off; every check of a document.
    pub conditions: Vec<C>,
    /// The required conditions that cause a fail, alone or together.
    pub failed_conditions: Vec<C>,
    /// The required conditions that cause a refer, alone or together.
    pub failed_refer_conditions: Vec<C>,
}

/// The reason of a decision without any required condition that speaks for it.
pub(crate) const NOTHING_DECISIVE: &str = "nothing_decisive";

impl<C> Decision<C> {
    /// Returns the reasons that prevented a better verdict: those of the deciding conditions, otherwise the reasons
    /// without a condition. Empty for a pass.
    fn decided_by_reasons(&self, reason: impl Fn(&C) -> String, others: &[&str]) -> Vec<String> {
        let made = match self.verdict {
            Verdict::Pass => &[][..],
            Verdict::Fail => &self.failed_conditions,
            Verdict::Refer => &self.failed_refer_conditions,
        };
        let of_none = self.reasons.iter().filter(|reason| others.contains(&reason.as_str())).cloned();
        match self.verdict {
            Verdict::Refer => made.iter().map(reason).chain(of_none).collect(),
            _ => made.iter().map(reason).collect(),
        }
    }
}

impl Decision {
    /// Returns the reasons that prevented a better verdict, in the order of the conditions.
    pub fn decided_by(&self) -> Vec<String> {
        self.decided_by_reasons(|condition| condition.reason.clone(), &[NOTHING_DECISIVE])
    }
}

impl Decision<DocumentCondition> {
    /// Returns the reasons that prevented a better verdict.
    pub fn decided_by(&self) -> Vec<String> {
        self.decided_by_reasons(DocumentCondition::reason, &[PICTURE_CANNOT_BE_JUDGED, NOTHING_DECISIVE])
    }
}

/// Decides `evidence` by `rules`.
///
/// Verdict: the worst of the required services; if none passed, at best a refer.
///
/// Score: each judged score is mapped to one scale (its `refer` threshold to [`REFER_FROM`], its `pass` threshold to
/// [`PASS_FROM`], linear between). For a pass it is the weighted mean of all services that are not off, clamped to
/// its band. For a fail or refer it shows the distance to the next better verdict: the lowest deciding score has the
/// weight [`DECIDING_SHARE`], that mean the rest. A deciding condition without a score counts as the lower end of the
/// band.
pub fn decide(rules: &Rules, evidence: &Evidence) -> Decision {
    // A neutral service that did not run has nothing to report, nor has a recording without an earlier use.
    let is_absent = |service: &Service, rule: &ServiceRule| {
        let is_neutral = rule.missing == Missing::Neutral || *service == Service::MediaReplay;
        is_neutral && !evidence.contains_key(service)
    };
    let is_active = |service, rule: &ServiceRule| rule.mode != Mode::Off && !is_absent(service, rule);
    let active = || rules.services.iter().filter(|(service, rule)| is_active(service, rule));
    let conditions: Vec<_> =
        active().map(|(service, rule)| condition(*service, rule, evidence.get(service))).collect();
    let effects: Vec<_> = active().zip(&conditions).map(|((_, rule), c)| effect(rule, c)).collect();
    let worst = effects.iter().flatten().min().copied();
    // Without any required service there is no basis for a pass.
    let verdict = worst.unwrap_or(Verdict::Refer);
    let with = |wanted| {
        conditions.iter().zip(&effects).filter(move |(_, e)| **e == Some(wanted)).map(|(c, _)| c.clone())
    };
    let mut reasons: Vec<_> = conditions.iter().map(|c| c.reason.clone()).collect();
    if worst.is_none() {
        reasons.push(NOTHING_DECISIVE.into());
    }
    Decision {
        verdict,
        score: score(rules, &conditions, &effects, verdict),
        reasons,
        failed_conditions: with(Verdict::Fail).collect(),
        failed_refer_conditions: with(Verdict::Refer).collect(),
        conditions,
    }
}

fn condition(service: Service, rule: &ServiceRule, finding: Option<&Finding>) -> Condition {
    let score = match finding {
        Some(Finding::Judged { score }) if score.is_finite() => Some(score.clamp(0.0, 1.0)),
        _ => None,
    };
    let outcome = match (finding, score) {
        (_, Some(score)) if score >= rule.pass => Outcome::Passed,
        (_, Some(score)) if score >= rule.refer => Outcome::Referred,
        (_, Some(_)) => Outcome::Failed,
        (None, _) => Outcome::Missing,
        (Some(Finding::NotEnrolled), _) => Outcome::NotEnrolled,
        (Some(_), None) => Outcome::NotJudged,
    };
    let error = match finding {
        Some(Finding::CouldNotJudge { error }) => Some(error.clone()),
        Some(Finding::Judged { .. }) if score.is_none() => Some(NOT_A_NUMBER.into()),
        _ => None,
    };
    let reason = match (service, outcome) {
        (Service::MediaReplay, Outcome::Failed | Outcome::Referred) => MEDIA_REPLAYED.to_owned(),
        _ => format!("{}_{}", service.subject(), outcome.as_str()),
    };
    Condition { service, reason, outcome, mode: rule.mode, score, pass: rule.pass, refer: rule.refer, error }
}

/// Returns the verdict of a condition; `None` when it does not decide.
fn effect(rule: &ServiceRule, condition: &Condition) -> Option<Verdict> {
    if rule.mode != Mode::Required {
        return None;
    }
    match condition.outcome {
        // That a recording is new speaks for nobody.
        Outcome::Passed if condition.service == Service::MediaReplay => None,
        Outcome::Passed => Some(Verdict::Pass),
        Outcome::Referred => Some(Verdict::Refer),
        Outcome::Failed => Some(Verdict::Fail),
        Outcome::NotEnrolled => match rule.not_enrolled {
            NotEnrolled::Neutral => None,
            NotEnrolled::Refer => Some(Verdict::Refer),
            NotEnrolled::Fail => Some(Verdict::Fail),
        },
        Outcome::NotJudged => Some(match rule.cannot_judge {
            CannotJudge::ByReason if has_nothing_to_judge(condition) => Verdict::Fail,
            CannotJudge::ByReason | CannotJudge::Refer => Verdict::Refer,
            CannotJudge::Fail => Verdict::Fail,
        }),
        Outcome::Missing => match rule.missing {
            Missing::Neutral => None,
            Missing::Refer => Some(Verdict::Refer),
            Missing::Fail => Some(Verdict::Fail),
        },
    }
}

fn has_nothing_to_judge(condition: &Condition) -> bool {
    condition.error.as_deref().is_some_and(|error| NOTHING_TO_JUDGE.contains(&error))
}

fn score(rules: &Rules, conditions: &[Condition], effects: &[Option<Verdict>], verdict: Verdict) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (condition, score) in conditions.iter().filter_map(|c| Some((c, c.score?))) {
        let weight = rules.services[&condition.service].weight;
        sum += weight * on_scale(score, condition.pass, condition.refer);
        weights += weight;
    }
    let mean = if weights > 0.0 { sum / weights } else { 0.0 };
    let (low, high) = verdict.band();
    let mean = mean.clamp(low, high);
    let closeness = |c: &Condition| {
        let closeness = c.score.map_or(low, |score| on_scale(score, c.pass, c.refer).clamp(low, high));
        // Once it passes it decides nothing and the mean is the score: before that it must not be above.
        if c.service == Service::MediaReplay { closeness.min(mean) } else { closeness }
    };
    let deciding = conditions.iter().zip(effects).filter(|(_, effect)| **effect == Some(verdict));
    let closest = match verdict {
        Verdict::Pass => mean,
        Verdict::Fail | Verdict::Refer => {
            deciding.map(|(condition, _)| closeness(condition)).min_by(f64::total_cmp).unwrap_or(mean)
        }
    };
    let score = DECIDING_SHARE * closest + (1.0 - DECIDING_SHARE) * mean;
    ((score * 100.0).round() / 100.0).clamp(low, high)
}

/// Maps `score` (0..=1) to the scale of the decision (0..=100); monotonic for any thresholds.
fn on_scale(score: f64, pass: f64, refer: f64) -> f64 {
    let between =
        |low: f64, high: f64| if high > low { ((score - low) / (high - low)).min(1.0) } else { 1.0 };
    if score >= pass {
        PASS_FROM + (100.0 - PASS_FROM) * between(pass, 1.0)
    } else if score >= refer {
        REFER_FROM + (PASS_FROM - REFER_FROM) * between(refer, pass)
    } else {
        REFER_FROM * between(0.0, refer)
    }
}
