//! Scoring rules: stored in versions, read, assigned.

use proto::projects as wire;

use crate::{
    api_key::{ApiKeyId, Name, ProjectId, ScoresId},
    error::Error,
    service::{Projects, page_size},
    store::{NewRules, RulesRow},
};

impl Projects {
    pub(crate) async fn put_rules(
        &self,
        request: wire::PutScoringRulesRequest,
    ) -> Result<wire::ScoringRules, Error> {
        let request = self.with_restored_rules(request).await?;
        scoring::Rules::parse(&request.rules_json)?;
        let name = Name::parse("name", &request.name)?;
        let project_id = ProjectId::parse(&request.project_id)?;
        if !self.store.project_exists(&project_id).await? {
            return Err(Error::NoSuchProject);
        }
        let scores_id = match &request.scores_id {
            None => ScoresId::generate(),
            Some(id) => self.known_rules(&project_id, id).await?,
        };
        let rules = NewRules {
            scores_id: &scores_id,
            project_id: &project_id,
            name: &name,
            json: &request.rules_json,
            project_default: request.project_default,
            restored_version: request.restore_version,
        };
        let version = self.store.put_rules(&rules, self.store.now_ms()).await?.ok_or(Error::NoSuchRules)?;
        let stored = self.store.find_rules(&project_id, &scores_id, version).await?;
        Ok(stored.ok_or(Error::NoSuchRules)?.into())
    }

    /// Returns the request with the content of the version it restores, and the name the rule set has.
    async fn with_restored_rules(
        &self,
        request: wire::PutScoringRulesRequest,
    ) -> Result<wire::PutScoringRulesRequest, Error> {
        if request.restore_version == 0 {
            return Ok(request);
        }
        let scores_id = request.scores_id.as_deref().unwrap_or_default();
        let (project, id) = rules_ids(&request.project_id, scores_id)?;
        let found = self.store.find_rules(&project, &id, request.restore_version).await?;
        let found = found.ok_or(Error::NoSuchRules)?;
        if found.version == found.latest_version {
            return Err(Error::Invalid("version is the newest one already".into()));
        }
        Ok(wire::PutScoringRulesRequest { rules_json: found.rules_json, name: found.name, ..request })
    }

    pub(crate) async fn find_rules(
        &self,
        request: &wire::GetScoringRulesRequest,
    ) -> Result<wire::ScoringRules, Error> {
        if request.shadow {
            let project = ProjectId::parse(&request.project_id).map_err(|_| Error::NoSuchRules)?;
            let found = self.store.find_shadow_rules(&project).await?;
            return Ok(found.ok_or(Error::NoShadowRules)?.into());
        }
        let (project, id) = rules_ids(&request.project_id, &request.scores_id)?;
        let found = self.store.find_rules(&project, &id, request.version).await?;
        Ok(found.ok_or(Error::NoSuchRules)?.into())
    }

    pub(crate) async fn list_rules(
        &self,
        request: &wire::ListScoringRulesRequest,
    ) -> Result<wire::ListScoringRulesResponse, Error> {
        let project = ProjectId::parse(&request.project_id)?;
        let before = match request.cursor.as_str() {
            "" => None,
            id => Some(
                ScoresId::parse(id)
                    .map_err(|_| Error::Invalid("cursor is not one a list answered".into()))?,
            ),
        };
        let size = page_size(request.page_size);
        let mut rows = self.store.list_rules(&project, before.as_ref(), size + 1).await?;
        let more = rows.len() > size as usize;
        rows.truncate(size as usize);
        let next_cursor = rows.last().filter(|_| more).map(|last| last.scores_id.clone()).unwrap_or_default();
        let listed = |row| wire::ScoringRules { rules_json: String::new(), ..wire::ScoringRules::from(row) };
        Ok(wire::ListScoringRulesResponse { rules: rows.into_iter().map(listed).collect(), next_cursor })
    }

    pub(crate) async fn list_rules_versions(
        &self,
        request: &wire::ListScoringRulesVersionsRequest,
    ) -> Result<wire::ListScoringRulesVersionsResponse, Error> {
        let (project, id) = rules_ids(&request.project_id, &request.scores_id)?;
        if !self.store.rules_exist(&project, &id).await? {
            return Err(Error::NoSuchRules);
        }
        let size = page_size(request.page_size);
        let versions = self.store.list_rules_versions(&id, request.before, size).await?;
        let wire =
            |(version, created_at_ms)| wire::ScoringRulesVersion { version: count(version), created_at_ms };
        Ok(wire::ListScoringRulesVersionsResponse { versions: versions.into_iter().map(wire).collect() })
    }

    /// Returns the rules that were assigned before.
    pub(crate) async fn assign_rules(
        &self,
        request: &wire::AssignScoringRulesRequest,
    ) -> Result<Option<String>, Error> {
        let project = ProjectId::parse(&request.project_id)?;
        let rules = match &request.scores_id {
            Some(id) => Some(self.known_rules(&project, id).await?),
            None => None,
        };
        let rules = rules.as_ref();
        match (&request.api_key_id, request.shadow) {
            (Some(_), true) => Err(Error::Invalid("shadow rules are of a project, not of a key".into())),
            (None, true) => {
                self.refuse_own_rules_as_shadow(&project, rules).await?;
                self.store.assign_shadow(&project, rules).await?.ok_or(Error::NoSuchProject)
            }
            (None, false) => self.store.assign_to_project(&project, rules).await?.ok_or(Error::NoSuchProject),
            (Some(key), false) => {
                let key = ApiKeyId::parse(key)?;
                let replaced = self.store.assign_to_key(&project, &key, rules, self.store.now_ms()).await?;
                replaced.ok_or(Error::NoSuchKey)
            }
        }
    }

    /// The project's own rules beside themselves would report nothing.
    async fn refuse_own_rules_as_shadow(
        &self,
        project: &ProjectId,
        rules: Option<&ScoresId>,
    ) -> Result<(), Error> {
        let own = self.store.project_rules(project).await?;
        match (own, rules) {
            (Some(own), Some(rules)) if own.scores_id == rules.as_str() => {
                Err(Error::Invalid("scores_id is the project's own rules already".into()))
            }
            _ => Ok(()),
        }
    }

    async fn known_rules(&self, project: &ProjectId, id: &str) -> Result<ScoresId, Error> {
        let id = ScoresId::parse(id)?;
        if self.store.rules_exist(project, &id).await? { Ok(id) } else { Err(Error::NoSuchRules) }
    }
}

/// Parses both ids of a rule set; another tenant's, an unknown one and malformed ids are all unknown.
fn rules_ids(project: &str, id: &str) -> Result<(ProjectId, ScoresId), Error> {
    Ok((ProjectId::parse(project).map_err(|_| Error::NoSuchRules)?, ScoresId::parse(id)?))
}

fn count(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}

impl From<RulesRow> for wire::ScoringRules {
    fn from(row: RulesRow) -> Self {
        Self {
            scores_id: row.scores_id,
            project_id: row.project_id,
            version: count(row.version),
            rules_json: row.rules_json,
            name: row.name,
            created_at_ms: row.created_at,
            latest_version: count(row.latest_version),
            project_default: row.project_default != 0,
            is_shadow: row.is_shadow != 0,
        }
    }
}
