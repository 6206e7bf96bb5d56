//! API keys over the wire: create, list, change.

use proto::projects as wire;

use crate::{
    api_key::{
        ApiKey, ApiKeyId, Cursor, Name, ProjectId, ResponseFormat, ScoresId, SelectedServices, State, expiry,
    },
    dialects::KeyDialects,
    error::Error,
    project::rate_limit,
    scope::Scopes,
    service::{Grant, Projects, page_size},
};

impl Projects {
    pub(crate) async fn create(
        &self,
        request: &wire::CreateApiKeyRequest,
    ) -> Result<wire::CreateApiKeyResponse, Error> {
        let project_id = ProjectId::parse(&request.project_id)?;
        let chosen = self.store.project_choices(&project_id).await?.ok_or(Error::NoSuchProject)?;
        let services = match request.selected_services.as_slice() {
            [] => &chosen.services()?,
            asked => asked,
        };
        let format = match request.response_format.as_str() {
            "" => &chosen.response_format,
            asked => asked,
        };
        let grant = Grant {
            name: Name::parse("name", &request.name)?,
            selected_services: SelectedServices::parse(services)?,
            scores_id: request.scores_id.as_deref().map(ScoresId::parse).transpose()?,
            scopes: Scopes::of_new_key(&request.scopes, request.can_mint)?,
            response_format: ResponseFormat::parse(format)?,
            rate_limit_per_minute: rate_limit(request.rate_limit_per_minute)?,
            expires_at_ms: expiry(request.expires_at_ms.unwrap_or(0), self.store.now_ms())?,
            dialects: KeyDialects::parse(&request.dialects)?,
            is_test: request.is_test,
        };
        grant.scopes.check_grantable(granted(request.may_grant.as_ref()))?;
        if grant.is_test {
            grant.scopes.check_test()?;
        }
        if let Some(scores_id) = &grant.scores_id
            && !self.store.rules_exist(&project_id, scores_id).await?
        {
            return Err(Error::NoSuchRules);
        }
        let (key, jwt) = self.prepare(project_id, grant).await?;
        self.store.insert_api_key(&key).await?;
        Ok(wire::CreateApiKeyResponse { jwt, key: Some(self.describe_key(key)) })
    }

    pub(crate) async fn update(&self, request: &wire::UpdateApiKeyRequest) -> Result<wire::ApiKey, Error> {
        let (project, id) = key_ids(&request.project_id, &request.api_key_id)?;
        let now_ms = self.store.now_ms();
        let named = |field, error: Error| Error::field(field, error.to_string());
        let change = |mut key: ApiKey| {
            // Changing a key requires the scopes to create it, before and after the change.
            key.scopes.check_grantable(granted(request.may_grant.as_ref()))?;
            if key.state.at(now_ms, key.expires_at_ms) == State::Expired {
                return Err(Error::KeyExpired);
            }
            if let Some(name) = &request.name {
                key.name = Name::parse("name", name).map_err(|e| named("name", e))?;
            }
            if let Some(chosen) = &request.selected_services {
                key.selected_services =
                    SelectedServices::parse(&chosen.names).map_err(|e| named("selected_services", e))?;
            }
            if let Some(scopes) = &request.scopes {
                key.scopes = Scopes::parse(&scopes.names)?;
                key.scopes.check_grantable(granted(request.may_grant.as_ref()))?;
                if key.is_test {
                    key.scopes.check_test()?;
                }
            }
            if let Some(format) = &request.response_format {
                key.response_format =
                    ResponseFormat::parse(format).map_err(|e| named("response_format", e))?;
            }
            if let Some(limit) = request.rate_limit_per_minute {
                key.rate_limit_per_minute = rate_limit(limit)?;
            }
            if let Some(end) = request.expires_at_ms {
                key.expires_at_ms = expiry(end, now_ms)?;
            }
            if let Some(chosen) = &request.dialects {
                key.dialects = KeyDialects::parse(&chosen.names)?;
            }
            Ok(key)
        };
        let key = self.store.change_api_key(&project, &id, now_ms, change).await?;
        key.map(|key| self.describe_key(key)).ok_or(Error::NoSuchKey)
    }

    pub(crate) async fn list(
        &self,
        request: &wire::ListApiKeysRequest,
    ) -> Result<wire::ListApiKeysResponse, Error> {
        let project = ProjectId::parse(&request.project_id)?;
        let after =
            Some(&request.cursor).filter(|cursor| !cursor.is_empty()).map(|cursor| Cursor::parse(cursor));
        let size = page_size(request.page_size);
        let mut keys = self.store.list_api_keys(&project, after.transpose()?.as_ref(), size + 1).await?;
        let more = keys.len() > size as usize;
        keys.truncate(size as usize);
        let cursor =
            |last: &ApiKey| Cursor { created_at_ms: last.created_at_ms, id: last.id.clone() }.to_string();
        let next_cursor = keys.last().filter(|_| more).map(cursor).unwrap_or_default();
        Ok(wire::ListApiKeysResponse {
            keys: keys.into_iter().map(|key| self.describe_key(key)).collect(),
            next_cursor,
        })
    }

    /// The key as it is now.
    pub(crate) fn describe_key(&self, key: ApiKey) -> wire::ApiKey {
        wire::ApiKey {
            id: key.id.as_str().into(),
            project_id: key.project_id.as_str().into(),
            name: key.name.as_str().into(),
            state: key.state.at(self.store.now_ms(), key.expires_at_ms).into(),
            selected_services: key.selected_services.into_names(),
            scores_id: key.scores_id.as_ref().map(|id| id.as_str().into()),
            can_mint: key.scopes.can_mint(),
            scopes: key.scopes.into_names(),
            response_format: key.response_format.as_str().into(),
            created_at_ms: key.created_at_ms,
            updated_at_ms: key.updated_at_ms,
            last_used_at_ms: key.last_used_at_ms,
            rate_limit_per_minute: key.rate_limit_per_minute,
            expires_at_ms: key.expires_at_ms,
            dialects: key.dialects.into_names(),
            is_test: key.is_test,
        }
    }
}

/// Returns the scopes a caller may grant to a key.
pub fn granted(scopes: Option<&wire::Scopes>) -> Option<&[String]> {
    scopes.map(|scopes| scopes.names.as_slice())
}

/// Parses both ids of a key; another tenant's key, an unknown one and malformed ids are all unknown.
pub fn key_ids(project: &str, id: &str) -> Result<(ProjectId, ApiKeyId), Error> {
    Ok((ProjectId::parse(project).map_err(|_| Error::NoSuchKey)?, ApiKeyId::parse(id)?))
}

impl From<State> for i32 {
    fn from(state: State) -> Self {
        match state {
            State::Active => wire::ApiKeyState::Active.into(),
            State::Revoked => wire::ApiKeyState::Revoked.into(),
            State::Expired => wire::ApiKeyState::Expired.into(),
        }
    }
}
