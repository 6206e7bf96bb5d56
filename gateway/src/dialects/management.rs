//! Management of a project by its keys and by dashboard users: keys, rules, webhooks, transactions, subjects, retention.

mod api_keys;
mod blocklist;
mod credits;
mod fraud;
mod health;
mod live;
mod measured;
mod page_theme;
mod reasons;
mod retention;
mod reviews;
mod samples;
mod scoring_rules;
mod shadow_rules;
mod sim_swap;
mod subjects;
mod transactions;
mod video_settings;
mod webhooks;
mod what_if;

use utoipa_axum::routes;

use crate::{
    core::permissions::Permission as P,
    http::route::{
        Access::{Project, Public},
        Route, route,
    },
};

/// `/api-projects` and `/api-transactions`.
pub fn routes() -> Vec<Route> {
    let mut routes = transaction_routes();
    routes.extend(review_routes());
    routes.extend(fraud_routes());
    routes.extend(project_routes());
    routes.extend(rules_routes());
    routes
}

fn transaction_routes() -> Vec<Route> {
    let (read, write) = (Project(P::TransactionsRead), Project(P::TransactionsWrite));
    vec![
        route(read, routes!(transactions::list_transactions)),
        route(read, routes!(transactions::query_transactions)).only_reads(),
        route(read, routes!(transactions::export::export_transactions)),
        route(read, routes!(transactions::get_transaction)),
        route(read, routes!(transactions::related::list_related_transactions)),
        route(read, routes!(transactions::stats::get_transaction_stats)),
        route(read, routes!(live::stream_transactions)),
        route(write, routes!(transactions::put_transaction_tags)),
        route(write, routes!(transactions::put_transaction_flag)),
        route(Project(P::SamplesRead), routes!(samples::list_samples)),
        // The link is signed.
        route(Public, routes!(samples::open_sample)),
    ]
}

fn review_routes() -> Vec<Route> {
    let (read, write) = (Project(P::TransactionsRead), Project(P::TransactionsWrite));
    vec![
        route(read, routes!(reviews::list_reviews)),
        route(read, routes!(reviews::count_reviews)),
        route(read, routes!(reviews::get_review)),
        route(write, routes!(reviews::decide_review)),
        route(write, routes!(reviews::claim_review, reviews::release_review)),
        route(Project(P::ProjectsRead), routes!(reviews::settings::get_review_settings)),
        route(Project(P::ProjectsWrite), routes!(reviews::settings::put_review_settings)),
    ]
}

fn fraud_routes() -> Vec<Route> {
    let (read, write) = (Project(P::TransactionsRead), Project(P::TransactionsWrite));
    vec![
        route(read, routes!(fraud::get_fraud_summary)),
        route(read, routes!(fraud::get_transaction_links)),
        route(read, routes!(blocklist::list_blocked)),
        route(write, routes!(blocklist::add_blocked)),
        route(write, routes!(blocklist::remove_blocked)),
    ]
}

fn project_routes() -> Vec<Route> {
    vec![
        route(Project(P::KeysWrite), routes!(api_keys::create_api_key)),
        route(Project(P::KeysRead), routes!(api_keys::list_api_keys)),
        route(Project(P::KeysRead), routes!(api_keys::get_api_key)),
        route(Project(P::KeysWrite), routes!(api_keys::update_api_key, api_keys::revoke_api_key)),
        route(Public, routes!(api_keys::list_public_keys)),
        route(Public, routes!(reasons::list_reasons)),
        route(Project(P::SubjectsRead), routes!(subjects::search::list_matching_subjects)),
        route(Project(P::SubjectsRead), routes!(subjects::found::get_subject)),
        route(Project(P::SubjectsWrite), routes!(subjects::erase_subject)),
        route(Project(P::SubjectsRead), routes!(subjects::get_erasure)),
        route(Project(P::ProjectsRead), routes!(retention::get_retention)),
        route(Project(P::ProjectsWrite), routes!(retention::put_retention)),
        route(Project(P::ProjectsRead), routes!(video_settings::get_video_settings)),
        route(Project(P::ProjectsWrite), routes!(video_settings::put_video_settings)),
        route(Project(P::ProjectsRead), routes!(page_theme::get_page_theme)),
        route(Project(P::ProjectsWrite), routes!(page_theme::put_page_theme))
            .max_body_bytes(page_theme::MAX_BODY_BYTES),
        route(Project(P::ProjectsRead), routes!(credits::get_credit_plan)),
        route(Project(P::ProjectsWrite), routes!(credits::put_credit_plan)),
        route(Project(P::ProjectsWrite), routes!(credits::add_credits)),
        route(Project(P::ProjectsRead), routes!(sim_swap::get_sim_swap_operator)),
        route(
            Project(P::ProjectsWrite),
            routes!(sim_swap::put_sim_swap_operator, sim_swap::delete_sim_swap_operator),
        ),
    ]
}

fn rules_routes() -> Vec<Route> {
    let (read, write, try_) = (Project(P::RulesRead), Project(P::RulesWrite), Project(P::RulesTry));
    vec![
        route(write, routes!(scoring_rules::create_scoring_rules)),
        route(read, routes!(scoring_rules::list_scoring_rules)),
        route(Project(P::RulesSchemaRead), routes!(scoring_rules::get_scoring_rules_schema)),
        route(Project(P::RulesSchemaRead), routes!(scoring_rules::get_default_scoring_rules)),
        route(try_, routes!(scoring_rules::validate_scoring_rules)).only_reads(),
        route(try_, routes!(what_if::replay_decisions)).only_reads(),
        route(write, routes!(scoring_rules::assign_scoring_rules)),
        route(try_, routes!(shadow_rules::get_shadow_report)),
        route(write, routes!(shadow_rules::assign_shadow_rules)),
        route(write, routes!(shadow_rules::publish_scoring_rules)),
        route(write, routes!(shadow_rules::roll_back_scoring_rules)),
        route(read, routes!(scoring_rules::get_scoring_rules)),
        route(write, routes!(scoring_rules::update_scoring_rules)),
        route(read, routes!(scoring_rules::get_scoring_rules_version)),
        route(Project(P::CalibrationRead), routes!(measured::list_measured_tables)),
    ]
}

/// `/api-gateway/webhooks`.
pub fn webhook_routes() -> Vec<Route> {
    use webhooks::deliveries;
    let (read, write) = (Project(P::WebhooksRead), Project(P::WebhooksWrite));
    vec![
        route(write, routes!(webhooks::create_webhook)),
        route(read, routes!(webhooks::list_webhooks)),
        route(read, routes!(deliveries::list_all_dead_letters)),
        route(read, routes!(webhooks::get_webhook)),
        route(write, routes!(webhooks::update_webhook, webhooks::delete_webhook)),
        route(write, routes!(webhooks::rotate_webhook_secret)),
        route(write, routes!(deliveries::test_webhook)),
        route(read, routes!(deliveries::list_deliveries)),
        route(write, routes!(deliveries::replay_delivery)),
        route(read, routes!(deliveries::list_dead_letters)),
        route(write, routes!(deliveries::replay_dead_letters)),
    ]
}

/// `/healthz` and `/readyz`.
pub fn health_routes() -> Vec<Route> {
    vec![route(Public, routes!(health::get_liveness)), route(Public, routes!(health::get_readiness))]
}
