//! Measured error rates of each service: false match and false non-match rates by threshold.
//!
//! The figures are those of the evaluations in this repository, each with the size and source of its data; a test
//! compares those with a machine-readable source. Thresholds are on the scale of the scoring rules, where 0.5 is the
//! service's own threshold; only the listed points were measured.

use std::sync::LazyLock;

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{core::caller::Caller, http::envelope::Envelope};

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("measured.json")).expect("the embedded table is checked by a test")
});

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The service, by its name in scoring rules.
    #[schema(example = "voice_recognition")]
    service: String,
    /// The data; null when nothing was measured.
    measured_on: Option<String>,
    /// The place of the figures in the product's repository.
    provenance: Option<String>,
    /// Whether the people were unknown to training and calibration.
    held_out: bool,
    /// Number of genuine trials, and of trials by impostors or attacks.
    genuine: u64,
    others: u64,
    /// The measured points, without interpolation, by rising threshold from 0 to 1. The row of 0.5 is the service's own
    /// threshold. `biometry evaluate` and `tests/accuracy/measured.py` produce them.
    points: Vec<Point>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// On the scale of the scoring rules.
    threshold: f64,
    /// Share of impostors or attacks that pass.
    fmr: f64,
    /// None of `others` passed, so `fmr` is the upper bound with 95 % confidence (three in `others`).
    fmr_is_bound: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fmr_low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fmr_high: Option<f64>,
    /// Share of genuine people rejected, with its 95 % interval.
    fnmr: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fnmr_low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fnmr_high: Option<f64>,
}

/// Measured error rates by service, to help choose a threshold. They apply to the named data; measure your own data
/// with `biometry evaluate`.
#[utoipa::path(get, path = "/api-projects/calibration", tag = "projects", responses((status = 200, body = Envelope<Vec<Table>>)))]
pub async fn list_measured_tables(_: Caller) -> Json<Envelope<&'static [Table]>> {
    Json(Envelope::new("measured tables found", TABLES.as_slice()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use scoring::Service;
    use serde_json::Value;

    use super::*;

    fn of(service: &str) -> impl Iterator<Item = &'static Table> {
        TABLES.iter().filter(move |table| table.service == service)
    }

    /// The service's own threshold.
    fn shipped(table: &Table) -> Option<&Point> {
        table.points.iter().find(|point| point.threshold == 0.5)
    }

    fn close(a: f64, b: &Value) -> bool {
        (a - b.as_f64().unwrap()).abs() < 1e-4
    }

    #[test]
    fn every_service_has_a_table_even_if_it_says_that_nothing_was_measured() {
        let named: BTreeSet<&str> = TABLES.iter().map(|table| table.service.as_str()).collect();
        // Detection of a reused recording has no score to compare with a threshold.
        let all: Vec<String> = Service::ALL
            .iter()
            .filter(|s| **s != Service::MediaReplay)
            .map(|s| serde_json::to_value(s).unwrap().as_str().unwrap().to_owned())
            .collect();
        assert_eq!(named, all.iter().map(String::as_str).collect());
        for table in TABLES.iter() {
            assert_eq!(table.points.is_empty(), table.measured_on.is_none(), "{table:?}");
            assert_eq!(
                table.measured_on.is_some(),
                table.provenance.is_some() && table.others > 0,
                "{table:?}"
            );
            for pair in table.points.windows(2) {
                // An upper bound is weaker than a count, and may be above it.
                let falls =
                    (pair[0].fmr >= pair[1].fmr || pair[1].fmr_is_bound) && pair[0].fnmr <= pair[1].fnmr;
                assert!(pair[0].threshold < pair[1].threshold && falls, "{table:?}");
            }
            assert!(table.points.is_empty() || shipped(table).is_some(), "{table:?}");
            for point in &table.points {
                let rates = [point.fmr, point.fnmr, point.threshold];
                assert!(rates.iter().all(|rate| (0.0..=1.0).contains(rate)), "{table:?}");
                assert!(
                    !point.fmr_is_bound || (point.fmr * table.others as f64 - 3.0).abs() < 0.02,
                    "{table:?}"
                );
            }
        }
    }

    #[test]
    fn liveness_is_as_its_training_wrote_it() {
        let figures: Value =
            serde_json::from_str(include_str!("../../../../training/liveness/figures.json")).unwrap();
        let table = of("face_liveness").next().unwrap();
        let points = figures["points"].as_array().unwrap();
        assert_eq!(points.len(), table.points.len());
        for (source, point) in points.iter().zip(&table.points) {
            let share = |count: &Value, of: u64| count.as_u64().unwrap() as f64 / of as f64;
            assert_eq!(point.threshold, source["threshold"].as_f64().unwrap());
            assert!((point.fnmr - share(&source["live_refused"], table.genuine)).abs() < 1e-3);
            let accepted = share(&source["attacks_accepted"], table.others);
            assert_eq!(point.fmr_is_bound, accepted == 0.0);
            assert!(point.fmr_is_bound || (point.fmr - accepted).abs() < 1e-3);
        }
    }

    #[test]
    fn voices_and_speakers_are_as_their_evaluations_wrote_them() {
        let voice: Value =
            serde_json::from_str(include_str!("../../../../crates/voice/src/calibration.json")).unwrap();
        for (table, name) in of("voice_recognition").zip(["wide", "narrow", "mixed"]) {
            let source = &voice[name]["held_out"];
            assert_eq!(
                (table.genuine, table.others),
                (source["same_pairs"].as_u64().unwrap(), source["other_pairs"].as_u64().unwrap())
            );
            let point = shipped(table).unwrap();
            assert!(close(point.fnmr, &source["fnmr_at_threshold"]));
            assert_eq!(point.fmr_is_bound, source["fmr_at_threshold"] == 0.0);
        }
        let lips: Value =
            serde_json::from_str(include_str!("../../../../training/weights/figures.json")).unwrap();
        let folds = lips.as_object().unwrap().values().filter(|fold| fold["active speaker"].is_object());
        let folds: Vec<_> = folds.map(|fold| &fold["active speaker"]).collect();
        assert_eq!(folds.len(), of("active_speaker").count());
        for table in of("active_speaker") {
            let same = |fold: &&&Value| {
                fold["bpcer"]["n"] == table.genuine
                    && close(shipped(table).unwrap().fnmr, &fold["bpcer"]["value"])
                    && close(shipped(table).unwrap().fmr, &fold["apcer"]["another clip"]["value"])
            };
            assert!(folds.iter().any(|fold| same(&fold)), "{table:?}");
        }
    }
}
