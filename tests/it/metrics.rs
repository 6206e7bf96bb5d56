//! Metrics for operators: the dashboard's queries on a real Prometheus that scrapes a deployment under load.

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;
use testkit::Prometheus;
use tokio::time::{Instant, sleep};

use crate::{
    both_modes,
    project::{ADA, Project, SPEECH, answer},
    world::{World, root},
};

both_modes!(every_query_of_the_dashboard_finds_data);

/// Prometheus scrapes each second; a rate needs two scrapes of a series.
const LIMIT: Duration = Duration::from_secs(150);

async fn every_query_of_the_dashboard_finds_data(world: &'static World) {
    let prometheus = Prometheus::scrape(&world.metrics());
    let project = Project::new(world);
    let mut silent = queries();
    let until = Instant::now() + LIMIT;
    while !silent.is_empty() {
        assert!(Instant::now() < until, "these queries found nothing: {silent:#?}");
        work(&project).await;
        let mut left = BTreeSet::new();
        for query in silent {
            if !finds_data(&prometheus, &query).await {
                left.insert(query);
            }
        }
        silent = left;
    }
}

/// Makes a call of each kind on the dashboard, including one that fails.
async fn work(project: &Project) {
    project.both_consents(ADA).await;
    let seen = answer(project.video(ADA, "still.mp4", SPEECH)).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    assert_eq!(project.get("/api-transactions/transactions/unknown").await.status, 404);
    sleep(Duration::from_secs(1)).await;
}

/// Returns the expressions of the panels, with Grafana's variables filled in.
fn queries() -> BTreeSet<String> {
    let file = std::fs::read_to_string(root().join("setup/grafana/biometry.json")).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&file).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let expressions = targets.map(|target| target["expr"].as_str().expect("an expression"));
    expressions.map(|query| query.replace("$job", ".*").replace("$__rate_interval", "1m")).collect()
}

async fn finds_data(prometheus: &Prometheus, query: &str) -> bool {
    let url = format!("{}/api/v1/query", prometheus.url());
    let url = reqwest::Url::parse_with_params(&url, [("query", query)]).expect("a URL");
    let found: Value = reqwest::get(url).await.expect("Prometheus answers").json().await.expect("JSON");
    assert_eq!(found["status"], "success", "{query}: {found}");
    let samples = found["data"]["result"].as_array().expect("samples");
    // A mean without samples is NaN, which displays nothing.
    samples.iter().any(|sample| sample["value"][1] != "NaN")
}

#[test]
fn every_alert_has_a_section_in_the_runbooks() {
    let rules = std::fs::read_to_string(root().join("setup/prometheus/alerts.yml")).expect("the rules");
    let runbooks = std::fs::read_to_string(root().join("docs/RUNBOOKS.md")).expect("the runbooks");
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(!alerts.is_empty());
    for alert in alerts {
        assert!(runbooks.contains(&format!("## {alert}\n")), "{alert} has no section");
        assert!(rules.contains(&format!("docs/RUNBOOKS.md#{}", alert.to_lowercase())), "{alert} links none");
    }
}
