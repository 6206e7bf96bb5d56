//! Shadow rules beside those in force, published and rolled back.

use proto::{
    accounts::ListAuditRequest,
    projects::{AssignScoringRulesRequest, GetScoringRulesRequest, PutScoringRulesRequest},
};
use serde_json::{Value, json};
use tonic::Code;

use crate::{
    Service, on_each_database,
    rules::{LENIENT, STRICT, in_force, put},
};

fn shadow(project: &str, rules: Option<&str>) -> AssignScoringRulesRequest {
    AssignScoringRulesRequest {
        project_id: project.into(),
        scores_id: rules.map(Into::into),
        shadow: true,
        api_key_id: None,
    }
}

fn restore(project: &str, id: &str, version: u32) -> PutScoringRulesRequest {
    PutScoringRulesRequest {
        project_id: project.into(),
        scores_id: Some(id.into()),
        restore_version: version,
        ..PutScoringRulesRequest::default()
    }
}

#[tokio::test]
async fn the_newest_version_decides_beside_the_projects_rules_and_never_beside_a_keys() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let project = made.project_id.clone();
        let own = put(&mut service, &project, STRICT, |_| {}).await.unwrap().scores_id;
        let candidate = put(&mut service, &project, STRICT, |_| {}).await.unwrap().scores_id;
        let special = service.create_key(&project, |key| key.scores_id = Some(own.clone())).await.unwrap();
        let special = special.key.unwrap().id;
        let none = in_force(&mut service, &project, &made.api_key_id).await;
        assert_eq!((none.shadow_rules_json, none.shadow_version), (None, 0));

        service.client.assign_scoring_rules(shadow(&project, Some(&candidate))).await.unwrap();
        put(&mut service, &project, LENIENT, |r| r.scores_id = Some(candidate.clone())).await.unwrap();
        let plain = in_force(&mut service, &project, &made.api_key_id).await;
        assert_eq!((plain.rules_source.as_str(), plain.shadow_version), ("default", 2));
        assert_eq!(
            (plain.shadow_rules_json.as_deref(), plain.shadow_scores_id),
            (Some(LENIENT), candidate.clone())
        );
        assert_eq!(in_force(&mut service, &project, &special).await.shadow_rules_json, None);

        let query = GetScoringRulesRequest {
            project_id: project.clone(),
            shadow: true,
            ..GetScoringRulesRequest::default()
        };
        let found = service.client.get_scoring_rules(query.clone()).await.unwrap().into_inner();
        assert!(found.is_shadow && !found.project_default);
        assert_eq!((found.scores_id, found.version), (candidate.clone(), 2));
        let taken = service.client.assign_scoring_rules(shadow(&project, None)).await.unwrap().into_inner();
        assert_eq!(taken.replaced_scores_id, Some(candidate));
        let none = service.client.get_scoring_rules(query).await.unwrap_err();
        assert_eq!((none.code(), none.message()), (Code::NotFound, "the project has no shadow rules"));
    })
    .await;
}

#[tokio::test]
async fn only_other_rules_of_the_project_can_be_its_shadow_rules() {
    on_each_database(async |mut service: Service| {
        let (made, theirs) = (service.bootstrap().await, service.bootstrap().await);
        let project = made.project_id;
        let foreign = put(&mut service, &theirs.project_id, STRICT, |_| {}).await.unwrap().scores_id;
        let own = put(&mut service, &project, STRICT, |r| r.project_default = true).await.unwrap().scores_id;
        let of_a_key = AssignScoringRulesRequest {
            api_key_id: Some(made.api_key_id.clone()),
            ..shadow(&project, Some(&own))
        };
        for (change, code, sentence) in [
            (shadow(&project, Some(&foreign)), Code::NotFound, "scoring rules not found"),
            (
                shadow(&project, Some(&own)),
                Code::InvalidArgument,
                "scores_id is the project's own rules already",
            ),
            (of_a_key, Code::InvalidArgument, "shadow rules are of a project, not of a key"),
        ] {
            let refused = service.client.assign_scoring_rules(change).await.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (code, sentence));
        }
        assert_eq!(in_force(&mut service, &project, &made.api_key_id).await.shadow_rules_json, None);
    })
    .await;
}

#[tokio::test]
async fn published_rules_are_in_force_and_an_earlier_version_comes_back_as_a_new_one() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let project = made.project_id.clone();
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        let before =
            put(&mut service, &project, STRICT, |r| r.project_default = true).await.unwrap().scores_id;
        let candidate = put(&mut service, &project, STRICT, |_| {}).await.unwrap().scores_id;
        service.client.assign_scoring_rules(shadow(&project, Some(&candidate))).await.unwrap();
        let publish = AssignScoringRulesRequest { shadow: false, ..shadow(&project, Some(&candidate)) };
        let published = service.client.assign_scoring_rules(publish).await.unwrap().into_inner();
        assert_eq!(published.replaced_scores_id.as_ref(), Some(&before));
        let now = in_force(&mut service, &project, &made.api_key_id).await;
        assert_eq!((now.rules_scores_id.as_ref(), now.shadow_rules_json), (Some(&candidate), None));

        put(&mut service, &project, LENIENT, |r| {
            (r.scores_id, r.name) = (Some(candidate.clone()), "renamed".into());
        })
        .await
        .unwrap();
        let restored =
            service.client.put_scoring_rules(restore(&project, &candidate, 1)).await.unwrap().into_inner();
        assert_eq!((restored.version, restored.rules_json.as_str()), (3, STRICT));
        assert_eq!(restored.name, "renamed");
        let now = in_force(&mut service, &project, &made.api_key_id).await;
        assert_eq!((now.rules_json.as_deref(), now.rules_version), (Some(STRICT), 3));
        for (version, code) in [(3, Code::InvalidArgument), (4, Code::NotFound)] {
            let change = restore(&project, &candidate, version);
            assert_eq!(service.client.put_scoring_rules(change).await.unwrap_err().code(), code);
        }

        let list = ListAuditRequest {
            who: Some(ada),
            page_size: 200,
            action: "rules".into(),
            ..ListAuditRequest::default()
        };
        let entries = service.accounts.list_audit(list).await.unwrap().into_inner().entries;
        let after =
            |json: &Option<String>| -> Value { serde_json::from_str(json.as_ref().unwrap()).unwrap() };
        let newest: Vec<_> =
            entries.iter().take(4).map(|e| (e.action.as_str(), after(&e.after_json))).collect();
        assert_eq!(newest[0].1["restored_version"], json!(1), "{newest:?}");
        assert_eq!((newest[0].0, newest[1].0), ("rules.changed", "rules.changed"));
        assert_eq!(newest[2], ("rules.assigned", json!({"scores_id": candidate})));
        assert_eq!(newest[3], ("rules.shadow_assigned", json!({"scores_id": candidate})));
    })
    .await;
}
