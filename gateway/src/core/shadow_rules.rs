//! Shadow rules: candidate rules of a project that decide beside those in force, without effect.
//!
//! Their decision is recorded with the evidence of a call and shown to nobody else. A call never fails on their account.

use proto::projects::Authorization;
use scoring::{DocumentEvidence, Evidence, Rules, RulesVersion, ShadowDecision};

use crate::core::caller::Caller;

/// The newest version of a project's shadow rules.
#[derive(Clone, Debug)]
pub struct ShadowRules {
    version: RulesVersion,
    json: String,
}

impl ShadowRules {
    pub fn from_authorization(granted: &Authorization) -> Option<Self> {
        let json = granted.shadow_rules_json.clone()?;
        let scores_id = granted.shadow_scores_id.clone();
        Some(Self { version: RulesVersion { scores_id, version: granted.shadow_version }, json })
    }

    /// Rules that cannot be read are logged and decide nothing.
    fn parse(&self) -> Option<Rules> {
        Rules::parse(&self.json)
            .inspect_err(|error| {
                let RulesVersion { scores_id, version } = &self.version;
                tracing::warn!(%error, scores.id = scores_id, version, "shadow rules cannot be read");
            })
            .ok()
    }
}

/// Returns the decision of the shadow rules on a video; none for a test key, whose findings are made up.
pub(super) fn decide_video(caller: &Caller, found: &Evidence) -> Option<ShadowDecision> {
    let (version, rules) = applicable(caller)?;
    let decision = scoring::decide(&rules.with_replays(caller.replay_rule()).for_video(), found);
    Some(ShadowDecision::new(version, decision))
}

/// The same on a document.
pub(super) fn decide_document(caller: &Caller, document: &DocumentEvidence) -> Option<ShadowDecision> {
    let (version, rules) = applicable(caller)?;
    Some(ShadowDecision::new(version, scoring::decide_document(&rules.documents, document)))
}

fn applicable(caller: &Caller) -> Option<(RulesVersion, Rules)> {
    let shadow = caller.shadow_rules.as_ref().filter(|_| !caller.is_test)?;
    Some((shadow.version.clone(), shadow.parse()?))
}
