//! `biometry models`: verifies the model pack and lists its files.

use std::io::Write;

use models::Pack;

use crate::cli::ModelsArgs;

/// Verifies every checksum, then lists name, version, licence and source.
pub fn list_models(args: &ModelsArgs) -> anyhow::Result<()> {
    let pack = Pack::open(args.models_dir.as_deref())?;
    pack.verify()?;
    let mut out = std::io::stdout();
    let manifest = pack.manifest();
    writeln!(
        out,
        "model pack {} in {}: {} files, all checksums right\n",
        manifest.version,
        pack.dir().display(),
        manifest.files.len()
    )?;
    for entry in &manifest.files {
        writeln!(out, "{:20} {:14} {:22} {}", entry.name, entry.version, entry.licence, entry.source)?;
    }
    Ok(())
}
