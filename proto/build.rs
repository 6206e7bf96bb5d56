//! Compiles every `.proto` with protox (pure Rust, so no `protoc` to install) and keeps the descriptor set.

use std::{env, error::Error, fmt::Write, fs, path::PathBuf};

use prost::Message;
use prost_types::{FileDescriptorSet, method_options::IdempotencyLevel};

const SHARED: &str = "biometry/subjects/v1/subjects.proto";
const FILES: [&str; 13] = [
    "biometry/sessions/v1/sessions.proto",
    "biometry/consent/v1/consent.proto",
    "biometry/ml/v1/ml.proto",
    "biometry/docauth/v1/docauth.proto",
    "biometry/transactions/v1/transactions.proto",
    "biometry/transactions/v1/webhooks.proto",
    "biometry/transactions/v1/answers.proto",
    "biometry/transactions/v1/reviews.proto",
    "biometry/transactions/v1/fraud.proto",
    "biometry/transactions/v1/credits.proto",
    "biometry/projects/v1/projects.proto",
    "biometry/accounts/v1/accounts.proto",
    "biometry/journeys/v1/journeys.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=biometry");
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    fs::write(out.join("idempotent_methods.rs"), format!("&{:?}", idempotent_methods(&descriptors)))?;
    fs::write(out.join("words.rs"), words(&descriptors))?;
    // Media travels as `Bytes`, so a chunk is never copied between the socket and its reader.
    // A service answers UNIMPLEMENTED to a call it does not know, so adding one breaks no other implementation.
    let generate = || tonic_prost_build::configure().bytes(".").generate_default_stubs(true);
    // Messages shared by several packages are in one place, whose depth the generator does not know.
    generate().compile_fds(protox::compile([SHARED], ["."])?)?;
    generate().extern_path(".biometry.subjects.v1", "crate::subjects").compile_fds(descriptors)?;
    Ok(())
}

/// Names each value of each closed set by a word: the rest of its name in lower case. The first value is none.
fn words(descriptors: &FileDescriptorSet) -> String {
    let mut code = String::new();
    for file in &descriptors.file {
        let package = file.package().split('.').nth(1).unwrap_or_default();
        for set in &file.enum_type {
            let prefix = set.value.first().map_or("", |none| none.name().trim_end_matches("UNSPECIFIED"));
            let word = |name: &str| name.trim_start_matches(prefix).to_ascii_lowercase();
            let words: Vec<_> = set.value.iter().skip(1).map(|v| (word(v.name()), v.number())).collect();
            let name = set.name();
            writeln!(
                code,
                "impl Word for {package}::{name} {{ const WORDS: &'static [(&'static str, i32)] = &{words:?}; }}"
            )
            .expect("a String takes all of it");
        }
    }
    code
}

/// Returns the sorted paths of the methods whose `idempotency_level` allows a retry.
fn idempotent_methods(descriptors: &FileDescriptorSet) -> Vec<String> {
    let mut paths = Vec::new();
    for file in &descriptors.file {
        for service in &file.service {
            let repeatable = service.method.iter().filter(|method| {
                let level = method.options.as_ref().map(|options| options.idempotency_level());
                level.is_some_and(|level| level != IdempotencyLevel::IdempotencyUnknown)
            });
            paths.extend(repeatable.map(|m| format!("/{}.{}/{}", file.package(), service.name(), m.name())));
        }
    }
    paths.sort();
    paths
}
