//! Prints the fields read from pictures of documents: `read_documents FILE...`.
#![expect(clippy::print_stdout, reason = "a command for the terminal")]

use std::time::Instant;

use document::Engine;
use models::{Pack, Runtime};
use time::{Date, macros::date};

/// A day on which some of the published specimens are valid.
const TODAY: Date = date!(2026 - 01 - 01);

fn main() -> anyhow::Result<()> {
    let mut engine = Engine::load(&Runtime::load(&Pack::open(None)?)?)?;
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file)?;
        let started = Instant::now();
        let report = engine.inspect(&bytes, TODAY);
        let took = started.elapsed().as_millis();
        match report {
            Err(error) => println!("{file}: {error}"),
            Ok(report) => {
                println!(
                    "{file}: {took} ms, {} {} lines, turned {}",
                    report.kind.as_str(),
                    report.lines,
                    report.turned
                );
                for (name, field) in &report.fields {
                    println!(
                        "    {:.2} {:?} {} {}",
                        field.confidence,
                        field.source,
                        name.as_str(),
                        field.value
                    );
                }
                for check in &report.checks {
                    println!("    {:?} {} {}", check.outcome, check.name, check.evidence);
                }
                report.mrz.iter().flat_map(|m| &m.lines).for_each(|l| println!("  {l}"));
            }
        }
    }
    Ok(())
}
