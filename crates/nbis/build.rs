//! Compiles NIST's C sources.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    compile("bozorth3", Path::new("ext/bozorth"))?;
    compile("mindtct", Path::new("ext/mindtct"))
}

fn compile(name: &str, root: &Path) -> io::Result<()> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(root.join("src/lib").join(name))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            sources.push(path);
        }
    }
    sources.sort();
    println!("cargo:rerun-if-changed={}", root.display());
    cc::Build::new()
        .files(sources)
        .include(root.join("include"))
        .define("NOVERBOSE", None)
        // The vendored sources stay unchanged.
        .warnings(false)
        .flag_if_supported("-w")
        .compile(name);
    Ok(())
}
