//! The API's description, served at `/openapi.json` and readable at `/docs`.

mod refusals;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        ObjectBuilder, Type,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
        security::{
            ApiKey as SecurityApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement,
            SecurityScheme,
        },
    },
};

use refusals::Refusals;

use crate::{
    accounts::{self, deletion, invitations, projects, second_factor, sign_in, users},
    api_keys, consent, docauth, enroll, headers, health, live, match_faces, measured, operations,
    process_video, retention, rules, samples, sessions, sim_swap, subjects, transactions, try_it,
    webhooks::{self, deliveries},
    what_if,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Biometry", description = "Identity verification: sessions, consent, video, transactions. Every answer carries `X-Request-Id`, which is also the id of the call's transaction. Errors are `{\"error\": \"<text>\"}`."),
    paths(
        sessions::start, sessions::end,
        consent::authorization, consent::storage, consent::get, consent::export::list, consent::export::export,
        sim_swap::get, sim_swap::put, sim_swap::delete,
        process_video::process_video, enroll::face, enroll::voice, match_faces::match_faces, docauth::check,
        transactions::list, transactions::query, transactions::export::export,
        transactions::get, transactions::put_tags, transactions::put_flag, transactions::related::related,
        transactions::stats::stats, live::live,
        api_keys::create, api_keys::list, api_keys::get, api_keys::update, api_keys::revoke, api_keys::public_keys,
        rules::create, rules::list, rules::get, rules::update, rules::version, rules::validate, rules::schema,
        rules::default, rules::assign, what_if::what_if,
        samples::list, samples::open,
        subjects::found::get, subjects::erase, subjects::receipt, measured::tables, try_it::try_it,
        operations::operations, retention::get, retention::put,
        webhooks::create, webhooks::list, webhooks::get, webhooks::update, webhooks::delete, webhooks::rotate,
        deliveries::test, deliveries::list, deliveries::replay, deliveries::dead_letters,
        deliveries::all_dead_letters, deliveries::replay_dead_letters,
        sign_in::sign_in, second_factor::finish, sign_in::sign_out, sign_in::me, sign_in::password,
        sign_in::sessions, sign_in::end_session,
        second_factor::begin, second_factor::confirm, second_factor::disable, second_factor::renew,
        invitations::list, invitations::invite, invitations::accept, invitations::revoke,
        users::list, users::set_role, users::remove, accounts::audit::list,
        deletion::delete, deletion::get,
        projects::list, projects::create, projects::get, projects::update,
        health::live, health::ready,
    ),
    modifiers(&ApiKey, &CallHeaders, &Refusals),
)]
struct Description;

/// The whole description.
pub fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// All routes but the ones marked otherwise need a key.
struct ApiKey;

impl Modify for ApiKey {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
        let cookie = ApiKeyValue::with_description(
            accounts::COOKIE,
            "a session of the dashboard; what changes something also needs `X-CSRF-Token` of `GET /api-auth/me`, and routes \
             of a project `X-Project-ID`. Routes that take an API key take a session too, as far as the role goes",
        );
        let cookie = SecurityScheme::ApiKey(SecurityApiKey::Cookie(cookie));
        components.add_security_scheme("dashboard", cookie);
        api.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("api_key", [])]);
    }
}

/// The product's own headers, on every route that leaves a transaction.
struct CallHeaders;

impl Modify for CallHeaders {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut api.paths.paths {
            let recorded = path.starts_with("/api-gateway") || path.starts_with("/api-consent");
            if recorded && path != "/api-gateway/operations" && !path.starts_with("/api-gateway/webhooks") {
                operations(item).for_each(|operation| {
                    operation.parameters.get_or_insert_default().extend(parameters().map(Into::into));
                });
            }
            if let Some(post) = item.post.as_mut().filter(|post| post.security.is_none()) {
                post.parameters.get_or_insert_default().push(header("idempotency-key").into());
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

fn parameters() -> impl Iterator<Item = Parameter> {
    headers::ACCEPTED.into_iter().map(|name| header(name.as_str()))
}

/// A header of requests: what it says and the form it has.
fn header(name: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let (description, schema) = match name {
        "x-user-fullname" => {
            ("whom the call is about; an identifier", text.min_length(Some(1)).max_length(Some(256)))
        }
        "x-session-id" => ("the session", text.max_length(Some(128))),
        "x-request-user-provided-id" => ("an older name of X-Session-ID", text.max_length(Some(128))),
        "x-device-info" => {
            ("a JSON object about the device, at most 64 KiB", text.pattern(Some(r"^\{.*\}$")))
        }
        "x-geo-location" => {
            ("JSON with lat, lng and optional country, city, ip", text.pattern(Some(r"^\{.*\}$")))
        }
        "x-request-tags" => {
            ("at most 32 words of at most 64 characters, comma separated", text.max_length(Some(2111)))
        }
        "x-use-prefilled-video" | "x-inhouse-docauth" | "x-inhouse-mrz" => {
            ("true or false", text.enum_values(Some(["true", "false"])))
        }
        "idempotency-key" => (
            "makes the call safe to repeat: a string of 1 to 255 printable ASCII characters",
            text.pattern(Some(r#"^"?[!#-+\--:<-\[\]-~]{1,255}"?$"#)),
        ),
        _ => ("kept with the transaction", text.max_length(Some(128))),
    };
    ParameterBuilder::new()
        .name(name)
        .description(Some(description))
        .parameter_in(ParameterIn::Header)
        .schema(Some(schema.build()))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described_and_needs_a_key_unless_it_says_otherwise() {
        let described = serde_json::to_value(description()).unwrap();
        let paths: Vec<_> = described["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        let routed: std::collections::BTreeSet<_> = crate::routes::PATHS.iter().copied().collect();
        assert_eq!(paths.iter().copied().collect::<std::collections::BTreeSet<_>>(), routed);
        assert_eq!(described["security"][0]["api_key"], serde_json::json!([]));
        assert_eq!(described["paths"]["/healthz"]["get"]["security"], serde_json::json!([{}]));
    }

    #[test]
    fn every_route_names_its_refusals_with_their_body() {
        let described = serde_json::to_value(description()).unwrap();
        for (path, item) in described["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if operation.get("security").is_some() {
                    continue;
                }
                let responses = operation["responses"].as_object().unwrap();
                for status in ["400", "401", "403", "404", "429", "500", "503"] {
                    assert!(responses.contains_key(status), "{method} {path}: {status}");
                }
                for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
                    let body = &response["content"]["application/json"]["schema"];
                    assert!(!body.is_null(), "{method} {path}: {status} has no body");
                }
            }
        }
        assert_eq!(described["components"]["schemas"]["Refusal"]["required"], serde_json::json!(["error"]));
    }
}
