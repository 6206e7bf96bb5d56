//! Endpoints of urls that calls name themselves. Such an endpoint is made by the first call that names its url, has no events
//! of its own, and is listed, paused, deleted and given a new secret like any other.

use aws_lc_rs::digest;
use blob::KeyRing;
use db::Db;
use uuid::Builder;

use super::{
    Config,
    address::Addresses,
    endpoint::{EndpointCipher, EndpointId, Rules, Target},
    secret::Secrets,
    store::{Store, endpoints::EndpointRow},
};
use crate::{Clock, error::Error, store::Lines};

/// What the endpoints have as their one event. It is none that happens.
pub const DIRECT: &str = "verifik.direct";
/// Endpoints of one key; a call that names a further url is not reported there.
const MAX_OF_KEY: i64 = 100;

#[derive(Clone)]
pub struct DirectEndpoints {
    store: Store,
    cipher: EndpointCipher,
    rules: Rules,
    clock: Clock,
}

impl DirectEndpoints {
    pub fn new(config: &Config, db: Db, ring: KeyRing, clock: Clock) -> Self {
        let rules = Rules { addresses: Addresses::new(config), allow_http: config.allow_http };
        Self { store: Store { db }, cipher: EndpointCipher::new(ring), rules, clock }
    }

    /// The endpoint of a url, made unless it is there. `None`: nothing may be sent there, or the key has too many.
    pub async fn endpoint(
        &self,
        project: &str,
        api_key: &str,
        url: &str,
    ) -> Result<Option<EndpointId>, Error> {
        let Ok(url) = self.rules.url(url.to_owned()) else {
            tracing::warn!(project.id = project, "a call names a webhook url that nothing is sent to");
            return Ok(None);
        };
        let id = id_of(project, api_key, &url)?;
        if self.store.has_endpoint(project, &id).await? {
            return Ok(Some(id));
        }
        if self.store.count_direct_endpoints(project, api_key).await? >= MAX_OF_KEY {
            tracing::warn!(project.id = project, "a key's calls name more webhook urls than are kept");
            return Ok(None);
        }
        let (target, now) = (Target { url, headers: Vec::new() }, (self.clock)());
        let row = EndpointRow {
            id: id.as_str().into(),
            project_id: project.to_owned(),
            api_key_id: api_key.to_owned(),
            events: Lines(vec![DIRECT.to_owned()]),
            status: "active".into(),
            sealed_target: self.cipher.seal_target(id.as_str(), &target)?,
            sealed_secrets: self.cipher.seal_secrets(id.as_str(), &Secrets::generate()?)?,
            success_count: 0,
            failure_count: 0,
            created_at: now,
            updated_at: now,
        };
        self.store.ensure_endpoint(&row).await?;
        Ok(Some(id))
    }
}

/// The same for the same url, so that two at once make one endpoint.
fn id_of(project: &str, api_key: &str, url: &str) -> Result<EndpointId, Error> {
    let text = serde_json::to_vec(&[project, api_key, url])?;
    let hash = digest::digest(&digest::SHA256, &text);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    EndpointId::parse(&format!("wh_{}", Builder::from_random_bytes(bytes).into_uuid()))
}
