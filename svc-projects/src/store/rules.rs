//! Rule sets, their versions and their assignments.

use serde_json::json;

use super::{ApiKeyRow, SELECT_KEY, Store};
use crate::{
    api_key::{ApiKey, ApiKeyId, Name, ProjectId, ScoresId, State},
    audit::Change,
    error::Error,
};

/// One version of a rule set, already validated.
pub struct NewRules<'a> {
    pub scores_id: &'a ScoresId,
    pub project_id: &'a ProjectId,
    pub name: &'a Name,
    pub json: &'a str,
    pub project_default: bool,
    /// The earlier version whose content this is; 0: none.
    pub restored_version: u32,
}

/// A stored version of a rule set.
#[derive(Debug, sqlx::FromRow)]
pub struct RulesRow {
    pub scores_id: String,
    pub project_id: String,
    pub name: String,
    pub version: i64,
    pub latest_version: i64,
    pub rules_json: String,
    /// When this version was stored.
    pub created_at: i64,
    /// 1: the project's own rules.
    pub project_default: i64,
    /// 1: the project's shadow rules.
    pub is_shadow: i64,
}

/// The project's own rules; published shadow rules are no longer beside them.
const ASSIGN: &str = "UPDATE projects SET scores_id = $2, shadow_scores_id = \
                      CASE WHEN shadow_scores_id = $2 THEN NULL ELSE shadow_scores_id END WHERE id = $1";

impl Store {
    pub async fn rules_exist(&self, project: &ProjectId, id: &ScoresId) -> Result<bool, Error> {
        const SQL: &str = "SELECT 1 FROM scoring_rules WHERE scores_id = $1 AND project_id = $2";
        let found: Option<(i32,)> =
            self.db.fetch_optional(SQL, db::params![id.as_str(), project.as_str()]).await?;
        Ok(found.is_some())
    }

    /// Stores the next version of a rule set and returns its number; `None` when the id belongs to another project.
    pub async fn put_rules(&self, rules: &NewRules<'_>, now_ms: i64) -> Result<Option<u32>, Error> {
        const PUT: &str = "INSERT INTO scoring_rules \
                           (scores_id, project_id, name, version, rules_json, created_at, updated_at) \
                           VALUES ($1, $2, $3, 1, $4, $5, $5) \
                           ON CONFLICT (scores_id) DO UPDATE SET name = excluded.name, \
                           rules_json = excluded.rules_json, version = scoring_rules.version + 1, \
                           updated_at = excluded.updated_at \
                           WHERE scoring_rules.project_id = excluded.project_id RETURNING version";
        const KEEP: &str = "INSERT INTO scoring_rule_versions (scores_id, version, rules_json, created_at) VALUES ($1, $2, $3, $4)";
        const NAME: &str = "SELECT name FROM scoring_rules WHERE scores_id = $1 AND project_id = $2";
        let (project, id) = (rules.project_id.as_str(), rules.scores_id.as_str());
        let Some(change) = self.change_in(rules.project_id, "rules.changed", id).await? else {
            return Ok(None);
        };
        let (mut tx, head) = self.begin_audited().await?;
        let named: Option<(String,)> = tx.fetch_optional(NAME, db::params![id, project]).await?;
        let put = db::params![id, project, rules.name.as_str(), rules.json, now_ms];
        let Some((version,)) = tx.fetch_optional::<(i64,)>(PUT, put).await? else { return Ok(None) };
        tx.execute(KEEP, db::params![id, version, rules.json, now_ms]).await?;
        if rules.project_default {
            tx.execute(ASSIGN, db::params![project, id]).await?;
        }
        let before = named.map(|(name,)| json!({"name": name, "version": version - 1}));
        let mut after = json!({"name": rules.name.as_str(), "version": version, "project_default": rules.project_default});
        if rules.restored_version > 0 {
            after["restored_version"] = json!(rules.restored_version);
        }
        let change = Change { before, after: Some(after), ..change };
        self.commit_audited(tx, &head, &change).await?;
        Ok(u32::try_from(version).ok())
    }

    /// Returns one version of a rule set; 0 means the newest.
    pub async fn find_rules(
        &self,
        project: &ProjectId,
        id: &ScoresId,
        version: u32,
    ) -> Result<Option<RulesRow>, Error> {
        const SQL: &str = "SELECT r.scores_id, r.project_id, r.name, v.version, r.version AS latest_version, \
                           v.rules_json, v.created_at, \
                           CAST(CASE WHEN p.scores_id = r.scores_id THEN 1 ELSE 0 END AS BIGINT) AS project_default, \
                           CAST(CASE WHEN p.shadow_scores_id = r.scores_id THEN 1 ELSE 0 END AS BIGINT) AS is_shadow \
                           FROM scoring_rules r JOIN projects p ON p.id = r.project_id \
                           JOIN scoring_rule_versions v ON v.scores_id = r.scores_id \
                           AND v.version = CASE WHEN $3 = 0 THEN r.version ELSE $3 END \
                           WHERE r.scores_id = $1 AND r.project_id = $2";
        Ok(self.db.fetch_optional(SQL, db::params![id.as_str(), project.as_str(), version]).await?)
    }

    /// Returns up to `limit` rule sets of a project, newest first, created before the one in `before`.
    pub async fn list_rules(
        &self,
        project: &ProjectId,
        before: Option<&ScoresId>,
        limit: u32,
    ) -> Result<Vec<RulesRow>, Error> {
        const SQL: &str = "SELECT r.scores_id, r.project_id, r.name, r.version, r.version AS latest_version, \
                           r.rules_json, r.updated_at AS created_at, \
                           CAST(CASE WHEN p.scores_id = r.scores_id THEN 1 ELSE 0 END AS BIGINT) AS project_default, \
                           CAST(CASE WHEN p.shadow_scores_id = r.scores_id THEN 1 ELSE 0 END AS BIGINT) AS is_shadow \
                           FROM scoring_rules r JOIN projects p ON p.id = r.project_id \
                           WHERE r.project_id = $1 AND r.scores_id < $2 ORDER BY r.scores_id DESC LIMIT $3";
        // Sorts after every id: ids have only 0-9 and a-f.
        let before = before.map_or("z", ScoresId::as_str);
        Ok(self.db.fetch_all(SQL, db::params![project.as_str(), before, limit]).await?)
    }

    /// Returns up to `limit` versions below `before` (0: all) with their creation times, newest first.
    pub async fn list_rules_versions(
        &self,
        id: &ScoresId,
        before: u32,
        limit: u32,
    ) -> Result<Vec<(i64, i64)>, Error> {
        const SQL: &str = "SELECT version, created_at FROM scoring_rule_versions \
                           WHERE scores_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3";
        let before = if before == 0 { i64::MAX } else { i64::from(before) };
        Ok(self.db.fetch_all(SQL, db::params![id.as_str(), before, limit]).await?)
    }

    /// Returns the newest version of the project's shadow rules.
    pub async fn find_shadow_rules(&self, project: &ProjectId) -> Result<Option<RulesRow>, Error> {
        const SQL: &str = "SELECT shadow_scores_id FROM projects WHERE id = $1";
        let found: Option<(Option<String>,)> =
            self.db.fetch_optional(SQL, db::params![project.as_str()]).await?;
        match found.and_then(|(id,)| id) {
            Some(id) => self.find_rules(project, &ScoresId::parse(&id)?, 0).await,
            None => Ok(None),
        }
    }

    /// Assigns `rules` to the project and returns those it had; `None` when there is no such project.
    pub async fn assign_to_project(
        &self,
        project: &ProjectId,
        rules: Option<&ScoresId>,
    ) -> Result<Option<Option<String>>, Error> {
        const BEFORE: &str = "SELECT scores_id FROM projects WHERE id = $1";
        self.assign(project, rules, ("rules.assigned", BEFORE, ASSIGN)).await
    }

    /// The same for rules that decide beside the project's own.
    pub async fn assign_shadow(
        &self,
        project: &ProjectId,
        rules: Option<&ScoresId>,
    ) -> Result<Option<Option<String>>, Error> {
        const BEFORE: &str = "SELECT shadow_scores_id FROM projects WHERE id = $1";
        const SQL: &str = "UPDATE projects SET shadow_scores_id = $2 WHERE id = $1";
        self.assign(project, rules, ("rules.shadow_assigned", BEFORE, SQL)).await
    }

    async fn assign(
        &self,
        project: &ProjectId,
        rules: Option<&ScoresId>,
        (action, select, update): (&str, &'static str, &'static str),
    ) -> Result<Option<Option<String>>, Error> {
        let Some(change) = self.change_in(project, action, project.as_str()).await? else { return Ok(None) };
        let (mut tx, head) = self.begin_audited().await?;
        let before: Option<(Option<String>,)> =
            tx.fetch_optional(select, db::params![project.as_str()]).await?;
        let Some((before,)) = before else { return Ok(None) };
        tx.execute(update, db::params![project.as_str(), rules.map(ScoresId::as_str)]).await?;
        self.commit_audited(tx, &head, &assigned(&change, before.as_deref(), rules)).await?;
        Ok(Some(before))
    }

    /// Assigns `rules` to a key and returns those it had; `None` when the project has no such key.
    pub async fn assign_to_key(
        &self,
        project: &ProjectId,
        key: &ApiKeyId,
        rules: Option<&ScoresId>,
        now_ms: i64,
    ) -> Result<Option<Option<String>>, Error> {
        const FIND: [&str; 2] = [SELECT_KEY, "WHERE id = $1 AND project_id = $2"];
        const SET: &str =
            "UPDATE api_keys SET scores_id = $2, updated_at = $3, mac = $4, scopes = $5 WHERE id = $1";
        let change = self.change_in(project, "rules.assigned", key.as_str()).await?;
        let Some(change) = change else { return Ok(None) };
        let (mut tx, head) = self.begin_audited().await?;
        let found = tx.fetch_optional::<ApiKeyRow>(FIND, db::params![key.as_str(), project.as_str()]).await?;
        let Some(row) = found else { return Ok(None) };
        self.check_key_row(&row)?;
        let before = row.scores_id.clone();
        let changed = ApiKey { scores_id: rules.cloned(), ..ApiKey::try_from(row)? };
        // A revoked key has no MAC, so that it cannot be made active again.
        let mac = if changed.state == State::Revoked { String::new() } else { self.key_mac(&changed)? };
        let scopes = changed.scopes.to_json();
        let set = db::params![key.as_str(), rules.map(ScoresId::as_str), now_ms, &mac, &scopes];
        tx.execute(SET, set).await?;
        self.commit_audited(tx, &head, &assigned(&change, before.as_deref(), rules)).await?;
        Ok(Some(before))
    }
}

/// Returns the audit description of assigned rules.
fn assigned(change: &Change, before: Option<&str>, rules: Option<&ScoresId>) -> Change {
    let (before, after) = (json!({"scores_id": before}), json!({"scores_id": rules.map(ScoresId::as_str)}));
    Change { before: Some(before), after: Some(after), ..change.clone() }
}
