//! Compiles every `.proto` with protox (pure Rust, so no `protoc` to install) and keeps the descriptor set.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const SHARED: &str = "biometry/subjects/v1/subjects.proto";
const FILES: [&str; 8] = [
    "biometry/sessions/v1/sessions.proto",
    "biometry/consent/v1/consent.proto",
    "biometry/ml/v1/ml.proto",
    "biometry/docauth/v1/docauth.proto",
    "biometry/transactions/v1/transactions.proto",
    "biometry/transactions/v1/webhooks.proto",
    "biometry/projects/v1/projects.proto",
    "biometry/accounts/v1/accounts.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=biometry");
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin");
    fs::write(out, descriptors.encode_to_vec())?;
    // Media travels as `Bytes`, so a chunk is never copied between the socket and its reader.
    // A call a service does not know (yet) answers UNIMPLEMENTED, so that adding one breaks no other implementation.
    let generate = || tonic_prost_build::configure().bytes(".").generate_default_stubs(true);
    // What several packages speak of lies at one place, whose depth the generator does not know.
    generate().compile_fds(protox::compile([SHARED], ["."])?)?;
    generate().extern_path(".biometry.subjects.v1", "crate::subjects").compile_fds(descriptors)?;
    Ok(())
}
