//! Changing an API key.

use super::{ApiKeyRow, SELECT_KEY, Store, described, services_json};
use crate::{
    api_key::{ApiKey, ApiKeyId, ProjectId, State},
    audit::Change,
    error::Error,
};

impl Store {
    /// Applies `change` to the key and returns it; `None` when it is unknown. Read and write are one transaction, so
    /// concurrent changes both apply.
    ///
    /// # Errors
    /// [`Error::KeyOver`] for a revoked key. [`Error::LastMinter`] when the project would be left, now or later,
    /// without an active key that can mint and had one that does not expire.
    pub async fn change_api_key(
        &self,
        project: &ProjectId,
        id: &ApiKeyId,
        now_ms: i64,
        change: impl Fn(ApiKey) -> Result<ApiKey, Error>,
    ) -> Result<Option<ApiKey>, Error> {
        const FIND: [&str; 2] = [SELECT_KEY, "WHERE id = $1 AND project_id = $2"];
        const SET: &str = "UPDATE api_keys SET name = $2, selected_services = $3, response_format = $4, \
                           rate_limit_per_minute = $5, expires_at = $6, updated_at = $7, mac = $8, scopes = $9, \
                           can_mint = $10, dialects = $11 WHERE id = $1";
        const STAYING: &str = "SELECT COUNT(*) FROM api_keys WHERE project_id = $1 AND state = 'active' AND can_mint = 1 \
                               AND expires_at IS NULL";
        let Some(entry) = self.change_in(project, "key.changed", id.as_str()).await? else { return Ok(None) };
        let (mut tx, head) = self.begin_audited().await?;
        let found = tx.fetch_optional::<ApiKeyRow>(FIND, db::params![id.as_str(), project.as_str()]).await?;
        let Some(row) = found else { return Ok(None) };
        self.check_key_row(&row)?;
        let before = ApiKey::try_from(row)?;
        if before.state == State::Revoked {
            return Err(Error::KeyOver);
        }
        let (staying,): (i64,) = tx.fetch_one(STAYING, db::params![project.as_str()]).await?;
        let key = ApiKey { updated_at_ms: now_ms, ..change(before.clone())? };
        let (services, scopes) = (services_json(&key.selected_services), key.scopes.to_json());
        let dialects = key.dialects.to_json();
        let mac = self.key_mac(&key)?;
        let set = db::params![
            id.as_str(),
            key.name.as_str(),
            &services,
            key.response_format.as_str(),
            key.rate_limit_per_minute,
            key.expires_at_ms,
            now_ms,
            &mac,
            &scopes,
            key.scopes.can_mint(),
            &dialects,
        ];
        tx.execute(SET, set).await?;
        let (left,): (i64,) = tx.fetch_one(STAYING, db::params![project.as_str()]).await?;
        if staying > 0 && left == 0 {
            return Err(Error::LastMinter);
        }
        let entry = Change { before: Some(described(&before)), after: Some(described(&key)), ..entry };
        self.commit_audited(tx, &head, &entry).await?;
        Ok(Some(key))
    }
}
