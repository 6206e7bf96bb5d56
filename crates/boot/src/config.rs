//! Configuration: defaults, then a TOML file, then the environment (`BIOMETRY_SECTION__FIELD`).

use std::path::Path;

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Serialize, de::DeserializeOwned};

/// Why the configuration cannot be used; the text names the field and where it came from.
#[derive(Debug, thiserror::Error)]
#[error("configuration: {0}")]
pub struct ConfigError(#[from] Box<figment::Error>);

/// Reads a configuration over `defaults`. A later source wins: `defaults`, `file`, `BIOMETRY_*`.
///
/// # Errors
/// When a source does not parse, or names a field the configuration does not have.
pub fn load<C: Serialize + DeserializeOwned>(defaults: C, file: Option<&Path>) -> Result<C, ConfigError> {
    let mut sources = Figment::from(Serialized::defaults(defaults));
    if let Some(file) = file {
        sources = sources.merge(Toml::file_exact(file));
    }
    // Variables that only tools read share the prefix; they are no configuration of a service.
    let env = Env::prefixed("BIOMETRY_").ignore(&["config", "models", "data_dir"]).split("__");
    sources.merge(env).extract().map_err(|error| ConfigError(Box::new(error)))
}
