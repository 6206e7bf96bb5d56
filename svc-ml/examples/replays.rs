//! Measures the similarity of recordings: reads a manifest of `name<TAB>source<TAB>file` lines, compares every file
//! with the original of every source (named like the source), and prints
//! `name<TAB>source<TAB>original<TAB>sound<TAB>picture`: multiples of the bound for equal recordings.
//! `tests/accuracy/replays.py` makes the manifest and reads the output.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::{collections::BTreeMap, fs::File};

use svc_ml::replay::{Kind, Marks};

fn main() -> anyhow::Result<()> {
    let manifest = std::env::args().nth(1).ok_or_else(|| anyhow::anyhow!("the manifest is missing"))?;
    let mut recordings = Vec::new();
    for line in std::fs::read_to_string(manifest)?.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, source, file] = fields[..] else { anyhow::bail!("not a line of a manifest: {line}") };
        match Marks::of_file(File::open(file)?, &media::Limits::default()) {
            Ok(marks) => recordings.push((name.to_owned(), source.to_owned(), marks)),
            Err(error) => println!("# {file}: {error}"),
        }
    }
    let originals: BTreeMap<&String, &Marks> = recordings
        .iter()
        .filter(|(name, source, _)| name == source)
        .map(|(name, _, marks)| (name, marks))
        .collect();
    for (name, source, marks) in &recordings {
        for (original, stored) in &originals {
            if *original == name {
                continue;
            }
            let alike = marks.likeness(stored);
            let of = |kind| alike.get(&kind).copied().unwrap_or(0.0);
            println!("{name}\t{source}\t{original}\t{:.3}\t{:.3}", of(Kind::Sound), of(Kind::Picture));
        }
    }
    Ok(())
}
