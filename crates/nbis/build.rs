//! Compiles NIST's C sources.

use std::{env, fs, io, path::Path};

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
    let mut build = cc::Build::new();
    // Under libFuzzer (`fuzz/run`) the address sanitizer looks at the C code as well.
    if env::var_os("CARGO_CFG_FUZZING").is_some() {
        build.flag("-fsanitize=address").flag("-g");
    }
    build
        .files(sources)
        .include(root.join("include"))
        .define("NOVERBOSE", None)
        // The vendored sources stay unchanged.
        .warnings(false)
        .flag_if_supported("-w")
        .compile(name);
    Ok(())
}
