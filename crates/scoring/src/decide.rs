//! From findings to a verdict.

use serde::{Deserialize, Serialize};

use crate::{
    CannotJudge, DocumentCondition, Evidence, Finding, Missing, Mode, NOTHING_TO_JUDGE, NotEnrolled, Rules,
    Service, ServiceRule, documents::PICTURE_CANNOT_BE_JUDGED, evidence::NOT_A_NUMBER,
};

/// A refer scores from here; what fails scores below.
pub const REFER_FROM: f64 = 50.0;
/// A pass scores from here; what is referred scores below.
pub const PASS_FROM: f64 = 75.0;
/// How much of the score of a fail or refer is the lowest of what decided.
const DECIDING_SHARE: f64 = 0.8;
/// Scores have two decimals: the distance from the end of a band to the next one.
const STEP: f64 = 0.01;

/// The reason of a recording that was used before.
const MEDIA_REPLAYED: &str = "media_replayed";

/// The outcome of a decision, from worst to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Fail,
    /// A person shall look at it.
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

/// How a finding stands against its rule; the last part of its reason.
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

/// One rule and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub service: Service,
    /// Stable word, `<subject>_<outcome>`: `face_match_passed`.
    pub reason: String,
    pub outcome: Outcome,
    /// [`Mode::Off`] never appears.
    pub mode: Mode,
    /// The score the service gave, 0..=1; none when it did not judge.
    pub score: Option<f64>,
    /// Lowest score that passes.
    pub pass: f64,
    /// Lowest score that refers.
    pub refer: f64,
    /// Why the service could not judge, in its own word.
    pub error: Option<String>,
}

/// The decision and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision<C = Condition> {
    pub verdict: Verdict,
    /// 0..=100 with two decimals, always in the band of the verdict.
    pub score: f64,
    /// One stable word for each condition, in their order; `nothing_decisive` when no required one speaks for a pass
    /// although none speaks against it.
    pub reasons: Vec<String>,
    /// Every service that is not off; every check of a document.
    pub conditions: Vec<C>,
    /// The required ones that made it a fail, or would have alone.
    pub failed_conditions: Vec<C>,
    /// The required ones that made it a refer, or would have alone.
    pub failed_refer_conditions: Vec<C>,
}

/// The reason of a decision that no required condition speaks for.
pub(crate) const NOTHING_DECISIVE: &str = "nothing_decisive";

impl<C> Decision<C> {
    /// The reasons that kept the verdict from being a better one: those of the conditions that made it, else the reasons
    /// that stand for no condition. Empty for a pass.
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
    /// The reasons that kept the verdict from being a better one, in the order of the conditions.
    pub fn decided_by(&self) -> Vec<String> {
        self.decided_by_reasons(|condition| condition.reason.clone(), &[NOTHING_DECISIVE])
    }
}

impl Decision<DocumentCondition> {
    /// The reasons that kept the verdict from being a better one.
    pub fn decided_by(&self) -> Vec<String> {
        self.decided_by_reasons(DocumentCondition::reason, &[PICTURE_CANNOT_BE_JUDGED, NOTHING_DECISIVE])
    }
}

/// Judges `evidence` by `rules`.
///
/// Verdict: the worst of the required services; without one that passed, at best a refer.
///
/// Score: each judged score is put on one scale (its `refer` threshold at [`REFER_FROM`], its `pass` threshold at
/// [`PASS_FROM`], straight lines between). Of a pass it is the weighted mean of all services that are not off, held within
/// its band. Of a fail and of a refer it says how close the call came to the next better verdict: the lowest of what
/// decided counts [`DECIDING_SHARE`], the rest is that mean. What decided without a score counts as the lower end of the band.
pub fn decide(rules: &Rules, evidence: &Evidence) -> Decision {
    // A neutral service that did not run has nothing to report, nor has a recording that was not used before.
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
    // Without any required service that speaks there is nothing a pass could rest on.
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

/// What a condition does to the verdict; none when it has no say.
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
    let closeness =
        |c: &Condition| c.score.map_or(low, |score| on_scale(score, c.pass, c.refer).clamp(low, high));
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

/// `score` (0..=1) on the scale of the decision (0..=100); rises with `score` whatever the thresholds.
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
