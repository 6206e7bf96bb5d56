//! `biometry calibrate`: from evaluated scores to a calibration the models service uses.

use std::io::Write;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use trials::{Trial, calibration::Calibration};

use crate::{
    cli::CalibrateArgs,
    evaluate::{Kind, Outcome, write},
};

/// What of the results of an evaluation is read.
#[derive(Deserialize)]
struct Evaluated {
    kind: Kind,
    items: Vec<Outcome>,
}

/// The file that is written.
#[derive(Serialize)]
struct Written {
    kind: Kind,
    #[serde(flatten)]
    calibration: Calibration,
}

/// Fits and writes.
///
/// # Errors
/// When the results cannot be read, or are too few for what is asked.
pub fn run(args: &CalibrateArgs) -> anyhow::Result<()> {
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
    write(&args.out, &serde_json::to_vec_pretty(&Written { kind: evaluated.kind, calibration })?)
}
