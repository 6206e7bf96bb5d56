//! Scoring rules: checked, versioned, and which of them are in force for a key.

use proto::projects::{
    AssignScoringRulesRequest, Authorization, AuthorizeApiKeyRequest, GetScoringRulesRequest,
    ListScoringRulesRequest, ListScoringRulesVersionsRequest, PutScoringRulesRequest, ScoringRules,
};
use tonic::{Code, Status};

use crate::{Service, on_each_database};

pub const STRICT: &str =
    r#"{"version":1,"services":{"face_recognition":{"mode":"required","pass":0.9,"refer":0.8}}}"#;
pub const LENIENT: &str = r#"{"version":1,"services":{"face_recognition":{"mode":"required","pass":0.5}}}"#;

pub async fn put(
    service: &mut Service,
    project: &str,
    rules: &str,
    change: impl FnOnce(&mut PutScoringRulesRequest),
) -> Result<ScoringRules, Status> {
    let mut request = PutScoringRulesRequest {
        project_id: project.into(),
        name: "rules".into(),
        rules_json: rules.into(),
        ..PutScoringRulesRequest::default()
    };
    change(&mut request);
    service.client.put_scoring_rules(request).await.map(tonic::Response::into_inner)
}

pub async fn in_force(service: &mut Service, project: &str, key: &str) -> Authorization {
    let request = AuthorizeApiKeyRequest { api_key_id: key.into(), project_id: project.into() };
    service.client.authorize_api_key(request).await.expect("the key is known").into_inner()
}

#[tokio::test]
async fn the_keys_rules_come_before_the_projects_and_those_before_the_defaults() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let own = put(&mut service, &made.project_id, STRICT, |_| {}).await.unwrap();
        let special = service
            .create_key(&made.project_id, |k| k.scores_id = Some(own.scores_id.clone()))
            .await
            .unwrap();
        let special = special.key.unwrap();
        assert_eq!(special.scores_id.as_ref(), Some(&own.scores_id));
        assert_eq!(in_force(&mut service, &made.project_id, &made.api_key_id).await.rules_source, "default");

        put(&mut service, &made.project_id, LENIENT, |r| r.project_default = true).await.unwrap();
        let plain = in_force(&mut service, &made.project_id, &made.api_key_id).await;
        assert_eq!((plain.rules_source.as_str(), plain.rules_json.as_deref()), ("project", Some(LENIENT)));
        let special = in_force(&mut service, &made.project_id, &special.id).await;
        assert_eq!((special.rules_source, special.rules_json.as_deref()), (own.scores_id, Some(STRICT)));
    })
    .await;
}

#[tokio::test]
async fn a_new_version_is_in_force_at_the_next_call() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let first = put(&mut service, &made.project_id, STRICT, |r| r.project_default = true).await.unwrap();
        assert_eq!(first.version, 1);
        let id = first.scores_id.clone();
        let second = put(&mut service, &made.project_id, LENIENT, |r| r.scores_id = Some(id)).await.unwrap();
        assert_eq!((second.version, second.scores_id), (2, first.scores_id));
        let now = in_force(&mut service, &made.project_id, &made.api_key_id).await;
        assert_eq!((now.rules_source.as_str(), now.rules_json.as_deref()), ("project", Some(LENIENT)));
    })
    .await;
}

#[tokio::test]
async fn rules_that_do_not_parse_are_refused_with_the_reason() {
    on_each_database(async |mut service: Service| {
        let project = service.bootstrap().await.project_id;
        for bad in [
            "",
            "{",
            "[]",
            r#"{"version":99,"services":{}}"#,
            r#"{"version":1,"services":{"gait":{"mode":"required"}}}"#,
        ] {
            let refused = put(&mut service, &project, bad, |_| {}).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{bad}");
            assert!(refused.message().starts_with("scoring rules "), "{}", refused.message());
        }
    })
    .await;
}

#[tokio::test]
async fn another_projects_rules_are_unknown_rules() {
    on_each_database(async |mut service: Service| {
        let (mine, theirs) = (service.bootstrap().await, service.bootstrap().await);
        let rules = put(&mut service, &theirs.project_id, STRICT, |_| {}).await.unwrap();
        let id = rules.scores_id.clone();
        let key = service.create_key(&mine.project_id, |k| k.scores_id = Some(id)).await.unwrap_err();
        let id = rules.scores_id.clone();
        let version =
            put(&mut service, &mine.project_id, LENIENT, |r| r.scores_id = Some(id)).await.unwrap_err();
        for refused in [key, version] {
            assert_eq!((refused.code(), refused.message()), (Code::NotFound, "scoring rules not found"));
        }
        let nowhere = put(&mut service, &uuid::Uuid::now_v7().to_string(), STRICT, |_| {}).await.unwrap_err();
        assert_eq!((nowhere.code(), nowhere.message()), (Code::NotFound, "no such project"));
    })
    .await;
}

fn version(project: &str, id: &str, version: u32) -> GetScoringRulesRequest {
    GetScoringRulesRequest { project_id: project.into(), scores_id: id.into(), version, shadow: false }
}

#[tokio::test]
async fn every_version_stays_readable() {
    on_each_database(async |mut service: Service| {
        let project = service.bootstrap().await.project_id;
        let first = put(&mut service, &project, STRICT, |_| {}).await.unwrap();
        let id = first.scores_id.clone();
        for _ in 0..3 {
            put(&mut service, &project, LENIENT, |r| {
                (r.scores_id, r.name) = (Some(id.clone()), "renamed".into());
            })
            .await
            .unwrap();
        }
        let read = service.client.get_scoring_rules(version(&project, &id, 1)).await.unwrap().into_inner();
        assert_eq!((read.rules_json.as_str(), read.version, read.latest_version), (STRICT, 1, 4));
        let newest = service.client.get_scoring_rules(version(&project, &id, 0)).await.unwrap().into_inner();
        assert_eq!(
            (newest.rules_json.as_str(), newest.version, newest.name.as_str()),
            (LENIENT, 4, "renamed")
        );
        assert!(!newest.project_default);
        let none = service.client.get_scoring_rules(version(&project, &id, 5)).await.unwrap_err();
        assert_eq!((none.code(), none.message()), (Code::NotFound, "scoring rules not found"));

        let page = |before| ListScoringRulesVersionsRequest {
            project_id: project.clone(),
            scores_id: id.clone(),
            page_size: 3,
            before,
        };
        let mut numbers = Vec::new();
        for before in [0, 2] {
            let page = service.client.list_scoring_rules_versions(page(before)).await.unwrap().into_inner();
            numbers.extend(page.versions.into_iter().map(|v| v.version));
        }
        assert_eq!(numbers, [4, 3, 2, 1]);
    })
    .await;
}

#[tokio::test]
async fn rule_sets_are_listed_newest_first_and_only_the_projects_own() {
    on_each_database(async |mut service: Service| {
        let (mine, theirs) = (service.bootstrap().await, service.bootstrap().await);
        put(&mut service, &theirs.project_id, STRICT, |_| {}).await.unwrap();
        let mut made = Vec::new();
        for default in [false, true, false] {
            let rules = put(&mut service, &mine.project_id, STRICT, |r| r.project_default = default).await;
            made.push(rules.unwrap().scores_id);
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let project_id = mine.project_id.clone();
            let page = ListScoringRulesRequest { project_id, page_size: 2, cursor };
            let page = service.client.list_scoring_rules(page).await.unwrap().into_inner();
            seen.extend(page.rules);
            cursor = page.next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        made.reverse();
        assert_eq!(seen.iter().map(|rules| rules.scores_id.clone()).collect::<Vec<_>>(), made);
        assert_eq!(seen.iter().map(|r| r.project_default).collect::<Vec<_>>(), [false, true, false]);
        assert!(seen.iter().all(|rules| rules.rules_json.is_empty()));
    })
    .await;
}

#[tokio::test]
async fn rules_are_assigned_and_taken_away_again() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let project = made.project_id.clone();
        let strict = put(&mut service, &project, STRICT, |_| {}).await.unwrap().scores_id;
        let lenient = put(&mut service, &project, LENIENT, |_| {}).await.unwrap().scores_id;
        let assign = |key: Option<&str>, rules: Option<&str>| AssignScoringRulesRequest {
            project_id: project.clone(),
            api_key_id: key.map(Into::into),
            scores_id: rules.map(Into::into),
            shadow: false,
        };
        let key = Some(made.api_key_id.as_str());
        for (change, source, version) in [
            (assign(None, Some(&lenient)), "project", 1),
            (assign(key, Some(&strict)), strict.as_str(), 1),
            (assign(None, None), strict.as_str(), 1),
            (assign(key, None), "default", 0),
        ] {
            service.client.assign_scoring_rules(change).await.unwrap();
            let now = in_force(&mut service, &project, &made.api_key_id).await;
            assert_eq!((now.rules_source.as_str(), now.rules_version), (source, version));
        }

        let theirs = service.bootstrap().await;
        let foreign = put(&mut service, &theirs.project_id, STRICT, |_| {}).await.unwrap().scores_id;
        let unknown_rules = service.client.assign_scoring_rules(assign(None, Some(&foreign))).await;
        let unknown_key = service.client.assign_scoring_rules(assign(Some(&theirs.api_key_id), None)).await;
        assert_eq!(unknown_rules.unwrap_err().message(), "scoring rules not found");
        assert_eq!(unknown_key.unwrap_err().message(), "api key not found");
    })
    .await;
}
