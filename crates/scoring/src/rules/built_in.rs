//! The rules in force where a project writes none.

use std::collections::BTreeSet;

use super::{Missing, Mode, Rules, ServiceRule, VERSION};
use crate::{DocumentRules, Service};

/// Lowest score of the active speaker that refers in the built-in rules: most genuine people whose recording is too
/// poor to pass score above it, and most wrong sounds below (docs/ACCURACY.md).
const SPEAKER_REFER: f64 = 0.1;

/// Returns the rules of a key when neither it nor its project has any: selected services are required, lip reading is
/// advisory (the spoken phrase decides), the rest is off. Selecting lip reading includes the spoken phrase, and
/// liveness includes media authenticity, which is advisory.
pub fn default_for(selected: &BTreeSet<Service>) -> Rules {
    let rule = |service: Service| match service {
        Service::MediaReplay => replay_rule(),
        _ if !selected.contains(&service.selected_by()) => ServiceRule::new(Mode::Off),
        Service::VisualSpeech => ServiceRule::new(Mode::Advisory),
        Service::MediaAuthenticity => authenticity_rule(),
        Service::ActiveSpeaker => ServiceRule { refer: SPEAKER_REFER, ..ServiceRule::new(Mode::Required) },
        _ => ServiceRule::new(Mode::Required),
    };
    let services = Service::ALL.into_iter().map(|service| (service, rule(service))).collect();
    Rules { version: VERSION, services, documents: DocumentRules::default() }
}

/// Returns the built-in rules for a project to copy: those of [`default_for`], and the rule of reference pictures,
/// which have their own call. A copy decides like the built-in rules.
pub fn built_in_for(selected: &BTreeSet<Service>) -> Rules {
    let mut rules = default_for(selected);
    let reference = Rules::default_for_reference().services.remove(&Service::ReferenceMatch);
    rules.services.extend(reference.map(|rule| (Service::ReferenceMatch, rule)));
    rules
}

/// Returns the rule for replays: a replayed recording fails; a new one changes nothing.
pub(super) fn replay_rule() -> ServiceRule {
    ServiceRule { missing: Missing::Neutral, weight: 0.0, ..ServiceRule::new(Mode::Required) }
}

impl ServiceRule {
    /// Returns the rule for replays of a project's setting: `fail`, `refer`, `report` or `off`. Any other word is
    /// `fail`.
    pub fn of_replays(word: &str) -> Self {
        match word {
            "refer" => Self { refer: 0.0, ..replay_rule() },
            "report" => Self { mode: Mode::Advisory, ..replay_rule() },
            "off" => Self { mode: Mode::Off, ..replay_rule() },
            _ => replay_rule(),
        }
    }
}

/// Advisory until more is measured. With each source left out (training/authenticity) 1 of 36 clips of real people
/// and 3 of 50 of GRID are rejected; 0 of 11 lip-synced fakes and 11 of 15 others pass. Not listed when it did not
/// run.
fn authenticity_rule() -> ServiceRule {
    ServiceRule { missing: Missing::Neutral, ..ServiceRule::new(Mode::Advisory) }
}
