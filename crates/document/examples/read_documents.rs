//! Prints what is read from pictures of documents: `read_documents FILE...`.
#![expect(clippy::print_stdout, reason = "a command for the terminal")]

use std::time::Instant;

use document::{Engine, Page};
use models::{Pack, Runtime};

fn main() -> anyhow::Result<()> {
    let mut engine = Engine::load(&Runtime::load(&Pack::open(None)?)?)?;
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file)?;
        let started = Instant::now();
        let read = Page::decode(&bytes).and_then(|page| engine.read(page));
        let took = started.elapsed().as_millis();
        match read {
            Err(error) => println!("{file}: {error}"),
            Ok(read) => {
                println!("{file}: {took} ms, {} lines, turned {}", read.lines.len(), read.turned);
                for line in &read.lines {
                    println!("    {:.2} {}", line.confidence, line.text);
                }
                if let Some(mrz) = read.mrz {
                    println!("  {} {:?} {:?}", mrz.format.as_str(), mrz.check_digits, mrz.repairs);
                    mrz.lines.iter().for_each(|l| println!("  {l}"));
                }
            }
        }
    }
    Ok(())
}
