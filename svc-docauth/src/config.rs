//! Nothing is configurable before documents are read; the section exists so that deployments need not change then.

use std::path::Path;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {}

impl Config {
    /// The same in every folder.
    pub fn embedded(_data_dir: &Path) -> Self {
        Self {}
    }
}
