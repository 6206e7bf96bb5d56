//! Configuration of a service's database.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

/// Where a service keeps its tables.
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
    /// SQLite only: a commit is on disk before it answers, so not even a power cut loses it. PostgreSQL does so anyway.
    #[serde(default)]
    pub durable: bool,
    /// Whether a start brings the tables up to date.
    #[serde(default)]
    pub migrate: Migrate,
}

/// Whether a start brings the tables up to date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Migrate {
    /// At each start.
    #[default]
    Auto,
    /// `biometry migrate` does; a start with tables older than the program fails.
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

    /// Whether several processes may use it: PostgreSQL.
    pub fn may_have_replicas(&self) -> bool {
        !self.url.expose_secret().starts_with("sqlite:")
    }

    /// The same, with every commit synced to disk.
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

/// The configuration is serialised only into the merge of its own sources, never into an output.
fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}
