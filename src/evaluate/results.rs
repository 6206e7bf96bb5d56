//! Results of the items, as written and as printed.

use std::io::Write;

use serde::{Deserialize, Serialize};
use trials::{
    Expected, Trial,
    differential::{Differential, Share},
    draws::Interval,
    summary::{Rate, Summary},
};

use super::Kind;

/// The output of `evaluate` and input of `calibrate`.
#[derive(Debug, Serialize)]
pub struct Results {
    pub kind: Kind,
    /// YYYY-MM-DD.
    pub date: String,
    /// The checksum of the models.
    pub models: String,
    pub items: Vec<Outcome>,
    pub summary: Summary,
}

/// One item's outcome.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub id: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attack: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Higher is more genuine, live, expected.
    pub score: Option<f64>,
    /// True: accepted.
    pub decision: Option<bool>,
    /// pass, refer or fail, if rules decide; only a pass is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    pub judged: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The words read or heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    pub ms: f64,
}

impl Outcome {
    /// Converts the item for the statistics.
    pub fn trial(&self) -> Trial {
        Trial {
            expected: Expected::parse(&self.label, self.attack.as_deref()),
            score: self.score,
            accepted: self.decision,
            unjudged: self.reason.clone().filter(|_| !self.judged),
            subject: self.subject.clone().unwrap_or_else(|| self.id.clone()),
            group: self.group.clone(),
            words: None,
            first_rank: None,
        }
    }
}

/// Prints the rates.
///
/// # Errors
/// When `out` cannot be written to.
pub fn print(results: &Results, out: &mut impl Write) -> std::io::Result<()> {
    let Summary { items, judged, subjects, not_judged, .. } = &results.summary;
    writeln!(out, "{}: {items} items of {subjects} subjects, {judged} judged", results.kind.as_str())?;
    for (reason, count) in not_judged {
        writeln!(out, "  not judged, {reason}: {count}")?;
    }
    rates(&results.summary, out)?;
    if let Some(found) = &results.summary.identification {
        writeln!(out, "  searches: {} among {} each", found.searches, found.gallery)?;
        for at in &found.fnir_at_fpir {
            let fnir = percent(at.fnir, at.interval);
            writeln!(out, "  FNIR  {fnir}  at FPIR {} (score {:.4})", at.fpir, at.threshold)?;
        }
    }
    if let Some(differential) = &results.summary.differential {
        compared(differential, out)?;
    }
    for (group, summary) in &results.summary.groups {
        writeln!(out, "{group}: {} items", summary.items)?;
        rates(summary, out)?;
    }
    Ok(())
}

/// Prints the groups side by side, and their spread.
fn compared(differential: &Differential, out: &mut impl Write) -> std::io::Result<()> {
    let share = |share: Option<Share>| {
        share.map_or_else(|| "-".to_owned(), |s| format!("{} of {}", percent(s.rate, None), s.trials))
    };
    writeln!(out, "groups, at the shipped threshold: FMR; FNMR")?;
    for (group, rates) in &differential.groups {
        writeln!(out, "  {group}: {}; {}", share(rates.false_match), share(rates.false_non_match))?;
    }
    let sides = [("FMR", &differential.false_match), ("FNMR", &differential.false_non_match)];
    for (name, spread) in sides.into_iter().filter_map(|(name, spread)| Some((name, spread.as_ref()?))) {
        let times = |ratio: Option<f64>| ratio.map_or_else(|| "-".to_owned(), |r| format!("{r:.1}"));
        let (highest, lowest) = (&spread.highest, &spread.lowest);
        writeln!(
            out,
            "  {name}: highest {} ({}), lowest {} ({}), highest over lowest {}, over the mean {}",
            percent(highest.1, None),
            highest.0,
            percent(lowest.1, None),
            lowest.0,
            times(spread.ratio),
            times(spread.over_mean)
        )?;
    }
    Ok(())
}

fn rates(summary: &Summary, out: &mut impl Write) -> std::io::Result<()> {
    if let Some(eer) = &summary.eer {
        writeln!(out, "  EER   {}  at a score of {:.4}", percent(eer.rate, eer.interval), eer.threshold)?;
    }
    for at in &summary.fnmr_at_fmr {
        writeln!(
            out,
            "  FNMR  {}  at FMR {} (score {:.4})",
            percent(at.fnmr, at.interval),
            at.fmr,
            at.threshold
        )?;
    }
    if let Some(smallest) = summary.smallest_fmr {
        writeln!(out, "        no FMR below {smallest:.1e} can be estimated from so few")?;
    }
    let mut rate = |name: &str, rate: &Rate| {
        writeln!(out, "  {name}  {}  of {}", percent(rate.rate, rate.interval), rate.trials)
    };
    summary.bpcer.iter().try_for_each(|r| rate("BPCER / FNMR, shipped threshold", r))?;
    summary.apcer.iter().try_for_each(|(s, r)| rate(&format!("APCER / FMR of {s}, shipped threshold"), r))?;
    summary.wer.iter().try_for_each(|r| rate("WER", r))?;
    summary.top1.iter().try_for_each(|r| rate("top-1", r))
}

fn percent(rate: f64, interval: Option<Interval>) -> String {
    let around =
        interval.map_or_else(String::new, |i| format!(" ({:.1}-{:.1})", i.low * 100.0, i.high * 100.0));
    format!("{:.2} %{around}", rate * 100.0)
}
