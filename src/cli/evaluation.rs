//! Arguments of the commands about models, evaluations and calibrations.

use std::path::PathBuf;

use clap::Args;

use crate::evaluate;

#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Folder of the model pack. Default: the usual folders
    #[arg(long, env = "BIOMETRY_MODELS")]
    pub models_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = r#"A line of the manifest (paths are relative to it):
  {"id":"1","probe":"ada-2.mp4","reference":"ada-1.jpg","subject":"ada","label":"genuine"}
Labels genuine, live, bona_fide and expected are to be accepted, all others refused; "attack" names the species,
"group" the group to compare, "phrase" what was to be said, "said" what was said if it was something else."#)]
pub struct EvaluateArgs {
    #[arg(long, value_enum)]
    pub kind: evaluate::Kind,
    /// JSON Lines, one item per line
    #[arg(long)]
    pub manifest: PathBuf,
    /// Output file: {"kind","items","summary"}
    #[arg(long)]
    pub out: PathBuf,
    /// Output file of the detection error trade-off plot, SVG
    #[arg(long)]
    pub det: Option<PathBuf>,
    /// Compare the error rates of the items' groups ("group" of the manifest) at the shipped threshold
    #[arg(long)]
    pub group: bool,
    /// Files judged at a time. Default: one per core
    #[arg(long)]
    pub threads: Option<usize>,
    /// Folder of the model pack. Default: the usual folders
    #[arg(long, env = "BIOMETRY_MODELS")]
    pub models_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// Output file of `biometry evaluate`
    #[arg(long)]
    pub results: PathBuf,
    /// False match rate (attacks: APCER) of the threshold, 0 to 1
    #[arg(long, default_value_t = 0.01)]
    pub target_fmr: f64,
    /// Description of the data, for the calibration's provenance. Default: the name of the results
    #[arg(long)]
    pub data: Option<String>,
    /// Output file; `serve` reads every *.json of the folder `ml.calibrations`
    #[arg(long)]
    pub out: PathBuf,
}
