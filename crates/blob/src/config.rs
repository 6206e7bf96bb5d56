//! Configuration of blob storage and keys.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeSeq};

/// The blob storage and its master keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A local folder, created when missing. Used when `s3` is not set.
    pub folder: PathBuf,
    /// Whether every replica of the service sees the same folder (a network file system). A service on PostgreSQL
    /// needs this or `s3`.
    pub folder_is_shared: bool,
    pub s3: Option<S3>,
    pub keys: KeyConfig,
    pub limits: Limits,
}

/// Storage limits. Media are rejected first, so that the databases of every tenant keep working.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Free bytes of the disk below which nothing is stored in the folder.
    pub min_free_bytes: u64,
    /// Bytes of one tenant; 0 sets no limit.
    pub max_tenant_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { min_free_bytes: 512 * 1024 * 1024, max_tenant_bytes: 50 * 1024 * 1024 * 1024 }
    }
}

impl Config {
    /// A folder and a key file below `data_dir`.
    pub fn embedded(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join("blobs"),
            folder_is_shared: false,
            s3: None,
            keys: KeyConfig::embedded(data_dir),
            limits: Limits::default(),
        }
    }

    /// Whether other replicas of the service can read the stored blobs.
    pub fn is_found_by_replicas(&self) -> bool {
        self.s3.is_some() || self.folder_is_shared
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::embedded(Path::new("data"))
    }
}

/// A bucket of S3 or of a service that speaks its protocol.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    pub bucket: String,
    /// Folder within the bucket.
    #[serde(default)]
    pub prefix: String,
    #[serde(default = "default_region")]
    pub region: String,
    /// For services other than Amazon's, e.g. `http://minio:9000`.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Without keys the machine's own role is used.
    #[serde(default)]
    pub access_key_id: Option<String>,
    #[serde(default, serialize_with = "expose")]
    pub secret_access_key: Option<SecretString>,
}

fn default_region() -> String {
    "us-east-1".into()
}

/// The master keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyConfig {
    /// 32 bytes as 64 hexadecimal digits or as base64. When not set, `file` is read.
    #[serde(serialize_with = "expose")]
    pub secret: Option<SecretString>,
    /// Holds the key in the same notation; generated on first start, readable by its owner alone.
    pub file: PathBuf,
    /// Earlier keys: they open existing data and seal nothing.
    #[serde(serialize_with = "expose_all")]
    pub retired: Vec<SecretString>,
}

impl KeyConfig {
    /// A key file below `data_dir`, the same for every service of the deployment.
    pub fn embedded(data_dir: &Path) -> Self {
        Self { secret: None, file: data_dir.join("master.key"), retired: Vec::new() }
    }
}

impl Default for KeyConfig {
    fn default() -> Self {
        Self::embedded(Path::new("data"))
    }
}

/// Serializes a secret of the configuration, only to merge its sources; never into an output.
fn expose<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

fn expose_all<S: Serializer>(secrets: &[SecretString], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(secrets.len()))?;
    secrets.iter().try_for_each(|s| list.serialize_element(s.expose_secret()))?;
    list.end()
}
