//! The JSON Schema of the rules.

use serde_json::{Value, json};

use crate::{DOCUMENT_CHECKS, DocumentType, Service, VERSION};

/// Returns the JSON Schema (draft 2020-12) of [`crate::Rules`]. [`crate::Rules::validate`] checks what it cannot
/// express: `refer` is not above `pass`, and something is required.
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
            "refer": unit(0.4, "lowest score that is referred to a person; not above pass"),
            "weight": {"type": "number", "minimum": 0, "maximum": 100, "default": 1.0, "description": "share of the overall score"},
            "not_enrolled": choice(&["neutral", "refer", "fail"], "the user has no template"),
            "cannot_judge": choice(&["by_reason", "refer", "fail"], "the service could not judge; by_reason: refer, but fail where there is no face or no sound"),
            "missing": choice(&["refer", "fail", "neutral"], "the service did not run; neutral: the others decide"),
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
            "documents": documents(),
        },
    })
}

/// Returns the schema of document rules.
fn documents() -> Value {
    let modes = json!({"enum": ["required", "gating", "advisory", "off"],
        "description": "required: failed fails, not made refers; gating: failed fails; absent: the default of the check. Checks that no rules can disable are required or gating: wrong check digits and expired documents never pass"});
    let checks: serde_json::Map<String, Value> =
        DOCUMENT_CHECKS.iter().map(|name| ((*name).to_owned(), modes.clone())).collect();
    let unit = |default: f64, text: &str| json!({"type": "number", "minimum": 0, "maximum": 1, "default": default, "description": text});
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "rules for documents",
        "properties": {
            "checks": {"type": "object", "additionalProperties": false, "properties": checks, "default": {}},
            "countries": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]{3}$"}, "default": [], "description": "accepted issuing states; none: all"},
            "types": {"type": "array", "items": {"enum": DocumentType::ALL}, "default": [], "description": "accepted types; none: all"},
            "expired": {"enum": ["fail", "refer"], "default": "fail", "description": "the document has expired; it never passes"},
            "doubts": {"type": "integer", "minimum": 1, "maximum": 20, "default": 2, "description": "number of failed advisory checks from which the document is referred to a person"},
            "live_face": {
                "type": "object",
                "additionalProperties": false,
                "description": "portrait_live_face: the probability that the portrait shows the person of the session's last video",
                "properties": {
                    "pass": unit(0.5, "lowest probability that passes"),
                    "refer": unit(0.05, "lowest probability that is referred to a person; not above pass"),
                },
            },
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
    fn the_document_rules_are_in_the_schema_with_their_defaults() {
        let schema = &schema()["properties"]["documents"]["properties"];
        let in_force = serde_json::to_value(crate::DocumentRules::default()).unwrap();
        assert_eq!(keys(schema), keys(&in_force));
        for field in ["checks", "countries", "types", "expired", "doubts"] {
            assert_eq!(schema[field]["default"], in_force[field], "{field}");
        }
        for field in ["pass", "refer"] {
            assert_eq!(
                schema["live_face"]["properties"][field]["default"], in_force["live_face"][field],
                "{field}"
            );
        }
        for word in schema["checks"]["properties"]["mrz_font"]["enum"].as_array().unwrap() {
            let rules = json!({"version": 1, "services": {"face_recognition": {"mode": "required"}},
                "documents": {"checks": {"mrz_font": word}, "types": DocumentType::ALL}});
            Rules::parse(&rules.to_string()).unwrap();
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
