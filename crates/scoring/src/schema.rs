//! The published form of the rules.

use serde_json::{Value, json};

use crate::{Service, VERSION};

/// JSON Schema (draft 2020-12) of [`crate::Rules`]. What it cannot say, [`crate::Rules::validate`] checks:
/// `refer` is not above `pass`, and something is required.
pub fn schema() -> Value {
    let unit = |default: f64, text: &str| json!({"type": "number", "minimum": 0, "maximum": 1, "default": default, "description": text});
    let choice =
        |words: &[&str], text: &str| json!({"enum": words, "default": words[0], "description": text});
    let rule = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["mode"],
        "properties": {
            "mode": {"enum": ["required", "advisory", "off"]},
            "pass": unit(0.5, "lowest score that passes"),
            "refer": unit(0.4, "lowest score that a person shall look at; not above pass"),
            "weight": {"type": "number", "minimum": 0, "maximum": 100, "default": 1.0, "description": "share of the overall score"},
            "not_enrolled": choice(&["neutral", "refer", "fail"], "the user has no template"),
            "cannot_judge": choice(&["fail", "refer"], "the service could not judge"),
            "missing": choice(&["refer", "fail"], "the service did not run"),
        },
    });
    let services: serde_json::Map<String, Value> = Service::ALL
        .iter()
        .filter_map(|s| Some((serde_json::to_value(s).ok()?.as_str()?.to_owned(), rule.clone())))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scoring rules",
        "type": "object",
        "additionalProperties": false,
        "required": ["version", "services"],
        "properties": {
            "version": {"const": VERSION},
            "services": {"type": "object", "additionalProperties": false, "properties": services},
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Mode, Rules, ServiceRule, default_for};

    fn keys(value: &Value) -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_schema_names_what_rules_are_written_with() {
        let schema = schema();
        let rules = serde_json::to_value(default_for(&Service::ALL.into_iter().collect())).unwrap();
        assert_eq!(keys(&schema["properties"]), keys(&rules));
        assert_eq!(keys(&schema["properties"]["services"]["properties"]), keys(&rules["services"]));
        let rule = &schema["properties"]["services"]["properties"]["face_recognition"];
        assert_eq!(keys(&rule["properties"]), keys(&rules["services"]["face_recognition"]));
    }

    #[test]
    fn the_defaults_of_the_schema_are_the_ones_in_force() {
        let rule = &schema()["properties"]["services"]["properties"]["face_recognition"]["properties"];
        let in_force = serde_json::to_value(ServiceRule::new(Mode::Required)).unwrap();
        for field in keys(rule).iter().filter(|f| *f != "mode") {
            assert_eq!(rule[field]["default"], in_force[field], "{field}");
        }
    }

    #[test]
    fn every_word_of_the_schema_is_understood() {
        let rule = &schema()["properties"]["services"]["properties"]["face_recognition"]["properties"];
        for field in ["not_enrolled", "cannot_judge", "missing"] {
            for word in rule[field]["enum"].as_array().unwrap() {
                let rules = json!({"version": 1, "services": {"face_recognition": {"mode": "required", field: word}}});
                Rules::parse(&rules.to_string()).unwrap();
            }
        }
    }
}
