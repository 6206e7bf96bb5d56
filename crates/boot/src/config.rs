//! Configuration: defaults, then a TOML file, then the environment (`BIOMETRY_SECTION__FIELD`).

use std::path::Path;

use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Serialize, de::DeserializeOwned};

/// A configuration error; the text names the field and its source.
#[derive(Debug, thiserror::Error)]
#[error("configuration: {0}")]
pub struct ConfigError(#[from] Box<figment::Error>);

/// Loads a configuration over `defaults`. A later source wins: `defaults`, `file`, `BIOMETRY_*`.
///
/// # Errors
/// When a source does not parse, or names an unknown field.
pub fn load<C: Serialize + DeserializeOwned>(defaults: C, file: Option<&Path>) -> Result<C, ConfigError> {
    let mut sources = Figment::from(Serialized::defaults(defaults));
    if let Some(file) = file {
        sources = sources.merge(Toml::file_exact(file));
    }
    // Variables of tools share the prefix; they are not configuration of a service.
    let env = Env::prefixed("BIOMETRY_").ignore(&["config", "models", "data_dir"]).split("__");
    sources.merge(env).extract().map_err(|error| ConfigError(Box::new(error)))
}
