//! One check of a document, and its outcome.

use serde::Serialize;

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    Failed,
    /// The picture lacks an element that the check needs; the evidence names it.
    NotChecked,
}

/// A check and its evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// A stable snake_case name.
    pub name: &'static str,
    pub outcome: Outcome,
    /// Whether it is only reported and never decides alone.
    pub advisory: bool,
    /// A sentence with the compared numbers. Never contains a name or a number of the document's holder.
    pub evidence: String,
}

impl Check {
    /// Creates a check that decides.
    pub fn gating(name: &'static str, passed: bool, evidence: impl Into<String>) -> Self {
        Self { name, outcome: outcome(passed), advisory: false, evidence: evidence.into() }
    }

    /// Creates a check that is only reported.
    pub fn advisory(name: &'static str, passed: bool, evidence: impl Into<String>) -> Self {
        Self { name, outcome: outcome(passed), advisory: true, evidence: evidence.into() }
    }

    /// Creates a check that could not be made, with the reason.
    pub fn not_checked(name: &'static str, advisory: bool, why: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::NotChecked, advisory, evidence: why.into() }
    }

    /// Returns whether it failed and decides.
    pub fn gates(&self) -> bool {
        self.outcome == Outcome::Failed && !self.advisory
    }
}

fn outcome(passed: bool) -> Outcome {
    if passed { Outcome::Passed } else { Outcome::Failed }
}
