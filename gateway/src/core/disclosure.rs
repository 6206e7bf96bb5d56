//! Limits the measurements that a response discloses to a caller.
//!
//! The names of other users that a 1:N search found require [`Permission::Identify`]. Similarities, and probabilities
//! that rise with them, have all digits only with [`Permission::SimilarityRead`]: with all digits, an attacker with
//! unlimited attempts can hill-climb towards a template. Without the permission a similarity has one digit, a
//! probability two, a score none; verdicts and reasons are the same for all.

use proto::transactions::Transaction;
use serde_json::Value;

use crate::core::{caller::Caller, permissions::Permission};

/// The disclosure level of a caller for a call about `user`.
#[derive(Clone, Copy, Debug)]
pub struct Disclosure<'a> {
    user: Option<&'a str>,
    names: bool,
    digits: bool,
}

impl<'a> Disclosure<'a> {
    pub fn new(caller: &Caller, user: Option<&'a str>) -> Self {
        let (names, digits) = (caller.may(Permission::Identify), caller.may(Permission::SimilarityRead));
        Self { user, names, digits }
    }

    /// Clears the name of another user.
    pub fn name(self, name: &mut String) {
        if !self.names && self.user != Some(name.as_str()) {
            name.clear();
        }
    }

    /// Rounds a cosine.
    pub fn similarity(self, value: &mut f64) {
        self.round(value, 10.0);
    }

    pub fn probability(self, value: &mut f64) {
        self.round(value, 100.0);
    }

    /// Rounds a print score down to a multiple that divides the threshold, so that it stays on its side of it.
    pub const fn print_score(self, score: u32) -> u32 {
        const STEP: u32 = 20;
        if self.digits { score } else { score / STEP * STEP }
    }

    /// Whether a probability reaches the caller's bound: as disclosed, rounded down. Otherwise a caller could find
    /// every digit by varying the bound.
    pub fn reaches(self, probability: f64, least: f64) -> bool {
        let shown = if self.digits { probability } else { (probability * 100.0).floor() / 100.0 };
        shown >= least
    }

    /// Rounds log odds, as text.
    pub fn log_odds(self, text: &mut String) {
        if let (false, Ok(value)) = (self.digits, text.parse::<f64>()) {
            *text = format!("{value:.0}");
        }
    }

    /// Rounds a decision's score, 0 to 100, down, so that it stays in the band of its verdict.
    pub fn score(self, value: f64) -> f64 {
        if self.digits { value } else { value.floor() }
    }

    fn round(self, value: &mut f64, steps: f64) {
        if !self.digits {
            *value = (*value * steps).round() / steps;
        }
    }

    /// Reduces the services' reports of a recorded call.
    fn services(self, services: &mut Value) {
        let Some(reports) = services.as_object_mut() else { return };
        for (service, report) in reports {
            match service.as_str() {
                "Face Recognition" => self.face(report),
                "Voice Recognition" => self.voice(report),
                "Face Match" => self.fields(report, &["similarity"], &["score"]),
                _ => {}
            }
            if let Some(other) = report.get_mut("duplicate") {
                self.fields(other, &[], &["probability"]);
            }
            let checks = report.get_mut("checks").and_then(Value::as_array_mut);
            for check in checks.into_iter().flatten() {
                self.fields(check, &["similarity"], &["probability"]);
            }
            let percentages = report.get_mut("percentages").and_then(Value::as_array_mut);
            for percentage in percentages.into_iter().flatten() {
                self.number(percentage, |value| self.round(value, 1.0));
            }
        }
    }

    fn face(self, report: &mut Value) {
        self.fields(report, &["score"], &["probability"]);
        let instances = report.get_mut("instances").and_then(Value::as_array_mut);
        for search in instances.into_iter().flatten().filter_map(|instance| instance.get_mut("search")) {
            self.fields(search, &["score"], &["probability"]);
            if let Some(Value::String(name)) = search.get_mut("searchName") {
                self.name(name);
            }
        }
    }

    fn voice(self, report: &mut Value) {
        self.fields(report, &[], &["score", "imposter_prob"]);
        if let Some(Value::String(name)) = report.get_mut("id") {
            self.name(name);
        }
        if let Some(Value::String(text)) = report.get_mut("log_odds") {
            self.log_odds(text);
        }
    }

    fn fields(self, report: &mut Value, similarities: &[&str], probabilities: &[&str]) {
        for name in similarities {
            report.get_mut(*name).into_iter().for_each(|value| self.number(value, |v| self.similarity(v)));
        }
        for name in probabilities {
            report.get_mut(*name).into_iter().for_each(|value| self.number(value, |v| self.probability(v)));
        }
    }

    fn number(self, value: &mut Value, change: impl Fn(&mut f64)) {
        if let Some(mut number) = value.as_f64() {
            change(&mut number);
            *value = number.into();
        }
    }

    /// Reduces the evidence of the rules.
    fn evidence(self, evidence: &mut Value) {
        let found = evidence.get_mut("found").and_then(Value::as_object_mut);
        for finding in found.into_iter().flat_map(|found| found.values_mut()) {
            if let Some(judged) = finding.get_mut("judged") {
                self.fields(judged, &[], &["score"]);
            }
        }
        // Thresholds help an attacker as much as digits, and so does a second decision by other ones.
        if !self.digits
            && let Some(evidence) = evidence.as_object_mut()
        {
            evidence.remove("applied");
            evidence.remove("shadow");
        }
    }
}

/// Reduces a transaction to what the caller may see.
pub fn disclose_transaction(caller: &Caller, mut transaction: Transaction) -> Transaction {
    let user = transaction.user_fullname.clone();
    let shown = Disclosure::new(caller, user.as_deref());
    if shown.names && shown.digits {
        return transaction;
    }
    transaction.score = transaction.score.map(|score| shown.score(score));
    reduce(&mut transaction.services_json, |services| shown.services(services));
    reduce(&mut transaction.evidence_json, |evidence| shown.evidence(evidence));
    transaction
}

/// Text that is not JSON is not disclosed.
fn reduce(json: &mut Option<String>, change: impl Fn(&mut Value)) {
    let Some(text) = json.take() else { return };
    if let Ok(mut value) = serde_json::from_str(&text) {
        change(&mut value);
        *json = Some(value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(names: bool, digits: bool, services: &Value) -> Value {
        let mut services = services.clone();
        Disclosure { user: Some("ada"), names, digits }.services(&mut services);
        services
    }

    fn services(face: &str, voice: &str) -> Value {
        let search = json!({"searchName": face, "score": 0.6789, "probability": 0.98765});
        json!({"Face Recognition": {"score": 0.4321, "probability": 0.12345, "instances": [{"search": search}]},
               "Voice Recognition": {"id": voice, "score": 0.7654, "imposter_prob": 0.01234, "log_odds": "4.6012"},
               "Face Liveness Detection": {"score": 0.98765},
               "Face Match": {"similarity": 0.5432, "score": 0.99876, "percentages": [99.876]}})
    }

    #[test]
    fn a_bound_that_the_caller_chose_tells_no_digit_that_is_not_shown() {
        let [coarse, exact] = [false, true].map(|digits| Disclosure { user: None, names: true, digits });
        for bound in [0.971, 0.9749, 0.975] {
            assert!(!coarse.reaches(0.975, bound) && exact.reaches(0.975, bound), "{bound}");
        }
        assert!(coarse.reaches(0.975, 0.97) && !coarse.reaches(0.9699, 0.97) && !exact.reaches(0.9699, 0.97));
    }

    #[test]
    fn a_score_of_prints_stays_on_its_side_of_the_threshold() {
        let shown = Disclosure { user: None, names: true, digits: false };
        let scores = [0, 39, 40, 59, 121].map(|score| shown.print_score(score));
        assert_eq!(scores, [0, 20, 40, 40, 120]);
        assert_eq!(Disclosure { digits: true, ..shown }.print_score(39), 39);
    }

    #[test]
    fn other_names_require_the_permission_to_identify() {
        let hidden = shown(false, true, &services("bob", "bob"));
        assert_eq!(hidden, services("", ""));
        assert_eq!(
            shown(false, true, &services("ada", "ada")),
            services("ada", "ada"),
            "their own is no news"
        );
        assert_eq!(shown(true, true, &services("bob", "bob")), services("bob", "bob"));
    }

    #[test]
    fn thresholds_and_shadow_decisions_are_shown_with_the_digits() {
        let applied = json!({"found": {}, "applied": {"face_recognition": {"pass": 0.5}},
                             "shadow": {"verdict": "refer", "score": 61.23}, "decided_by": ["face_match_failed"]});
        for digits in [true, false] {
            let mut evidence = applied.clone();
            Disclosure { user: None, names: true, digits }.evidence(&mut evidence);
            assert_eq!(evidence.get("applied").is_some(), digits);
            assert_eq!(evidence.get("shadow").is_some(), digits);
            assert_eq!(evidence["decided_by"], json!(["face_match_failed"]));
        }
    }

    #[test]
    fn digits_require_the_permission_to_read_similarities() {
        let coarse = shown(true, false, &services("bob", "bob"));
        let search = json!({"searchName": "bob", "score": 0.7, "probability": 0.99});
        assert_eq!(
            coarse,
            json!({"Face Recognition": {"score": 0.4, "probability": 0.12, "instances": [{"search": search}]},
                   "Voice Recognition": {"id": "bob", "score": 0.77, "imposter_prob": 0.01, "log_odds": "5"},
                   "Face Liveness Detection": {"score": 0.98765},
                   "Face Match": {"similarity": 0.5, "score": 1.0, "percentages": [100.0]}})
        );
        let shown = Disclosure { user: None, names: true, digits: false };
        assert_eq!((shown.score(74.99), shown.score(75.0)), (74.0, 75.0), "a score stays in its band");
    }
}
