//! `biometry calibrate`: from evaluated scores to a calibration the models service reads at start.

use std::{collections::BTreeSet, io::Write};

use anyhow::Context;
use serde::Deserialize;
use trials::{
    Trial,
    calibration::{Provenance, Record},
};

use crate::{
    cli::CalibrateArgs,
    evaluate::{Kind, Outcome, write},
};

/// The fields of an evaluation's results that are read.
#[derive(Deserialize)]
struct Evaluated {
    kind: Kind,
    date: String,
    models: String,
    items: Vec<Outcome>,
}

/// Fits and writes a calibration.
///
/// # Errors
/// When the results cannot be read, or are too few for the requested rate.
pub fn write_calibration(args: &CalibrateArgs) -> anyhow::Result<()> {
    let text =
        std::fs::read(&args.results).with_context(|| format!("cannot read {}", args.results.display()))?;
    let evaluated: Evaluated = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not what `biometry evaluate` writes", args.results.display()))?;
    let trials: Vec<Trial> = evaluated.items.iter().map(Outcome::trial).collect();
    let calibration = trials::calibration::fit(&trials, args.target_fmr)?;
    writeln!(
        std::io::stdout(),
        "{}: threshold {:.4} for an FMR of {}, FNMR {:.2} %, fitted on {} genuine and {} other trials",
        evaluated.kind.as_str(),
        calibration.threshold,
        calibration.target_fmr,
        calibration.fnmr * 100.0,
        calibration.genuine,
        calibration.others
    )?;
    let kind = evaluated.kind.as_str().to_owned();
    let provenance = provenance(args, &evaluated, &trials);
    write(&args.out, &serde_json::to_vec_pretty(&Record { kind, provenance, calibration })?)
}

fn provenance(args: &CalibrateArgs, evaluated: &Evaluated, trials: &[Trial]) -> Provenance {
    let file = args.results.file_name().unwrap_or_default().to_string_lossy();
    Provenance {
        data: args.data.clone().unwrap_or_else(|| file.clone().into_owned()),
        date: evaluated.date.clone(),
        command: format!("biometry calibrate --results {file} --target-fmr {}", args.target_fmr),
        models: evaluated.models.clone(),
        items: trials.len(),
        subjects: trials.iter().map(|t| t.subject.as_str()).collect::<BTreeSet<_>>().len(),
        not_judged: trials.iter().filter(|t| t.unjudged.is_some()).count(),
    }
}
