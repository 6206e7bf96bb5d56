//! `biometry evaluate`: error rates on an operator's own data, judged as when serving.

mod judges;
mod manifest;
mod results;
mod searches;

use std::{
    collections::BTreeSet,
    io::Write,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use svc_ml::judge::Opinion;
use trials::{
    Trial,
    summary::{Rate, Summary, summarise},
};

use crate::cli::EvaluateArgs;
use judges::{Judges, Verdict};
pub use manifest::Kind;
use manifest::{Item, Manifest};
pub use results::{Outcome, Results};

/// Judges every item, writes the results, prints the rates.
///
/// # Errors
/// When the manifest, one of its files or the model pack cannot be used, or the results cannot be written. A file that
/// cannot be judged is a result.
pub async fn evaluate_manifest(args: EvaluateArgs) -> anyhow::Result<()> {
    let manifest = Manifest::read(&args.manifest, args.kind)?;
    if args.group {
        manifest.check_groups()?;
    }
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    let models = args.models_dir.clone();
    let load = move || Judges::load(args.kind, models.as_deref(), threads);
    let judge = tokio::task::spawn_blocking(load).await??;
    let (done, all) = (AtomicUsize::new(0), manifest.items.len());
    let outcomes: Vec<Outcome> = stream::iter(&manifest.items)
        .map(|item| async {
            let outcome = outcome(&judge, args.kind, item).await;
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
            outcome
        })
        .buffered(threads)
        .try_collect()
        .await?;
    let trials: Vec<Trial> =
        manifest.items.iter().zip(&outcomes).map(|(i, o)| trial(args.kind, i, o)).collect();
    let mut summary = with_searches(summarise(&trials), args.kind, &manifest.items, &outcomes);
    if args.group {
        summary.differential = trials::differential::compare_groups(&summary);
    }
    let results =
        Results { kind: args.kind, date: today(), models: judge.models(), items: outcomes, summary };
    write(&args.out, &serde_json::to_vec_pretty(&results)?)?;
    results::print(&results, &mut std::io::stdout())?;
    if let Some(file) = &args.det {
        write(file, curves(args.kind, &trials).as_bytes())?;
    }
    Ok(())
}

/// Plots the detection error trade-off of each group with both sides, or of all if there is none.
fn curves(kind: Kind, trials: &[Trial]) -> String {
    let groups: BTreeSet<&str> = trials.iter().filter_map(|t| t.group.as_deref()).collect();
    let points = |trials: &[Trial]| trials::curve::Curve::new(trials).points(&vec![1.0; trials.len()]);
    let of = |group: &str| {
        let members: Vec<Trial> =
            trials.iter().filter(|t| t.group.as_deref() == Some(group)).cloned().collect();
        points(&members)
    };
    let mut curves: Vec<(&str, Vec<_>)> = groups.iter().map(|group| (*group, of(group))).collect();
    curves.retain(|(_, points)| !points.is_empty());
    if curves.is_empty() {
        curves.push((kind.as_str(), points(trials)));
    }
    let curves: Vec<_> = curves.iter().map(|(name, points)| (*name, points.as_slice())).collect();
    trials::det::svg(kind.as_str(), &curves)
}

/// YYYY-MM-DD.
fn today() -> String {
    boot::timestamp::date(boot::now_ms()).to_string()
}

/// Adds the comparisons read as searches; only recognition is searched.
fn with_searches(summary: Summary, kind: Kind, items: &[Item], outcomes: &[Outcome]) -> Summary {
    if !kind.compares() {
        return summary;
    }
    let identification = trials::identification::summarise(&searches::searches(items, outcomes));
    let top1 = identification.as_ref().map(|i| Rate {
        rate: i.rank_one,
        trials: i.searches,
        interval: i.rank_one_interval,
    });
    Summary { top1, identification, ..summary }
}

async fn outcome(judge: &Judges, kind: Kind, item: &Item) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let judged = judge.judge(kind, item).await.with_context(|| format!("item {}", item.id))?;
    let ms = started.elapsed().as_secs_f64() * 1000.0;
    let mut outcome = Outcome {
        id: item.id.clone(),
        label: item.label.clone(),
        attack: item.attack.clone(),
        subject: item.subject.clone(),
        group: item.group.clone(),
        score: None,
        decision: None,
        judged: false,
        reason: None,
        verdict: None,
        words: None,
        ms,
    };
    match judged {
        Ok(Verdict { opinion: Opinion { score, accepted, words }, verdict }) => {
            outcome.verdict = verdict.map(str::to_owned);
            (outcome.score, outcome.decision, outcome.judged) = (Some(score), Some(accepted), true);
            outcome.words = words.map(|words| words.join(" "));
        }
        Err(reason) => outcome.reason = Some(reason),
    }
    Ok(outcome)
}

/// Converts one item for the statistics.
fn trial(kind: Kind, item: &Item, outcome: &Outcome) -> Trial {
    Trial { words: manifest::word_errors(kind, item, outcome.words.as_deref()), ..outcome.trial() }
}

/// Writes atomically: a file appears only when it is complete.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Only on a terminal: a log needs no counter.
fn progress(done: usize, all: usize) {
    let mut out = std::io::stderr();
    if std::io::IsTerminal::is_terminal(&out) {
        let end = if done == all { "\n" } else { "" };
        let _ = write!(out, "\r{done} of {all}{end}").and_then(|()| out.flush());
    }
}
