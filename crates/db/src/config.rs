//! Configuration of a service's database.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// The database of a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `sqlite:///path/file.db`, `sqlite::memory:`, or `postgres://user:password@host/database`.
    #[serde(serialize_with = "expose")]
    pub url: SecretString,
    /// PostgreSQL schema; each service has its own. Ignored for SQLite.
    #[serde(default = "default_schema")]
    pub schema: String,
    #[serde(default = "default_connections")]
    pub max_connections: u32,
    /// SQLite only: syncs every commit to disk, so that a power cut loses none. PostgreSQL always does.
    #[serde(default)]
    pub durable: bool,
    /// Whether a start applies missing migrations.
    #[serde(default)]
    pub migrate: Migrate,
}

/// Whether a start applies missing migrations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Migrate {
    /// Applies missing migrations at each start.
    #[default]
    Auto,
    /// `biometry migrate` applies them; a start with missing migrations fails.
    Never,
}

impl Config {
    /// A SQLite file, created when missing.
    pub fn sqlite(file: &Path) -> Self {
        Self::url(&format!("sqlite://{}", file.display()), "public")
    }

    /// Any URL, with the service's own schema.
    pub fn url(url: &str, schema: &str) -> Self {
        Self {
            url: url.into(),
            schema: schema.into(),
            max_connections: default_connections(),
            durable: false,
            migrate: Migrate::Auto,
        }
    }

    /// Whether several processes may use it: true for PostgreSQL.
    pub fn may_have_replicas(&self) -> bool {
        !self.url.expose_secret().starts_with("sqlite:")
    }

    /// Returns the same configuration with every commit synced to disk.
    pub fn durable(self) -> Self {
        Self { durable: true, ..self }
    }
}

fn default_schema() -> String {
    "public".into()
}

fn default_connections() -> u32 {
    4
}

/// Serializes a secret of the configuration, only to merge its sources; never into an output.
fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}
