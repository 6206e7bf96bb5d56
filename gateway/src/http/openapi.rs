//! The API's description, served at `/openapi.json` and readable at `/docs`.

pub mod closed_sets;
mod shared_responses;
mod tags;
pub mod webhook_events;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        ObjectBuilder, OpenApi as OpenApiDocument, Server, Type,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
        security::{ApiKey as SecurityApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

pub use shared_responses::ErrorSchema;
use shared_responses::SharedResponses;

use crate::http::{cookies::SESSION_COOKIE, headers};

#[derive(OpenApi)]
#[openapi(info(
    title = "Biometry",
    description = "Identity verification: sessions, consent, video, transactions. Every response carries `X-Request-Id`, which is also the id of the call's transaction. Errors carry a stable `code`, explained at [/docs/errors](/docs/errors); the codes of decisions are explained at [/docs/reasons](/docs/reasons)."
))]
struct Description;

/// The description without routes.
pub fn description() -> OpenApiDocument {
    Description::openapi()
}

/// The description of all routes, with how callers authenticate.
pub fn completed(mut api: OpenApiDocument) -> OpenApiDocument {
    SecuritySchemes.modify(&mut api);
    IdempotencyHeader.modify(&mut api);
    webhook_events::Webhooks.modify(&mut api);
    tags::order_tags(&mut api);
    distinguish_operation_ids(&mut api);
    api.servers = Some(vec![Server::new("/")]);
    api
}

/// PUT and PATCH of one handler share its name, and clients are generated with a function for each operation id.
fn distinguish_operation_ids(api: &mut OpenApiDocument) {
    for item in api.paths.paths.values_mut() {
        if let (Some(put), Some(patch)) = (&item.put, &mut item.patch)
            && put.operation_id == patch.operation_id
        {
            patch.operation_id = patch.operation_id.take().map(|id| format!("{id}_partially"));
        }
    }
}

/// Adds what the routes of an audience have in common.
pub fn share_responses(api: &mut OpenApiDocument, errors: ErrorSchema) {
    SharedResponses(errors).modify(api);
}

/// Each route names the scope of keys and the permission of dashboard users it needs.
struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, api: &mut OpenApiDocument) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(bearer));
        let record = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").description(Some(
            "the token of one app registration or biometric validation, which the call that made it returned",
        ));
        components.add_security_scheme("record_token", SecurityScheme::Http(record.build()));
        let cookie = ApiKeyValue::with_description(
            SESSION_COOKIE,
            "a session of the dashboard; what changes something also needs `X-CSRF-Token` of `GET /api-auth/me`, and routes \
             of a project `X-Project-ID`. Routes that take an API key take a session too, as far as the role goes",
        );
        let cookie = SecurityScheme::ApiKey(SecurityApiKey::Cookie(cookie));
        components.add_security_scheme("dashboard", cookie);
    }
}

/// `Idempotency-Key`, on every POST with an API key.
struct IdempotencyHeader;

impl Modify for IdempotencyHeader {
    fn modify(&self, api: &mut OpenApiDocument) {
        let posts = api.paths.paths.values_mut().filter_map(|item| item.post.as_mut());
        for post in posts.filter(|post| takes_api_key(post)) {
            post.parameters.get_or_insert_default().push(header("idempotency-key").into());
        }
    }
}

/// Whether an operation may be called with an API key, or a token made with one.
fn takes_api_key(operation: &Operation) -> bool {
    // `SecurityRequirement` shows its names only when it is serialized.
    let requirements = serde_json::json!(operation.security);
    requirements.as_array().is_some_and(|all| {
        all.iter().any(|one| one.get("api_key").is_some() || one.get("record_token").is_some())
    })
}

pub fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// The headers of every call that leaves a transaction.
pub fn call_header_parameters() -> impl Iterator<Item = Parameter> {
    headers::ACCEPTED.into_iter().map(|name| header(name.as_str()))
}

/// A request header with its description and format.
fn header(name: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let (description, schema) = match name {
        "x-user-fullname" => {
            ("your user's identifier: whom the call is about", text.min_length(Some(1)).max_length(Some(256)))
        }
        "x-user-fullname*" => (
            "the same for a name beyond ASCII (RFC 8187), instead of X-User-Fullname",
            text.pattern(Some(r"^UTF-8'[A-Za-z-]*'([!#$&+\-.^_`|~0-9A-Za-z]|%[0-9A-Fa-f]{2}){1,768}$")),
        ),
        "x-user-fullname-encoding" => {
            ("percent: X-User-Fullname is percent-encoded UTF-8", text.enum_values(Some(["percent"])))
        }
        "x-session-id" => ("the session", text.max_length(Some(128))),
        "x-request-user-provided-id" => ("deprecated alias of X-Session-ID", text.max_length(Some(128))),
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
        _ => ("recorded with the transaction", text.max_length(Some(128))),
    };
    ParameterBuilder::new()
        .name(name)
        .description(Some(description))
        .parameter_in(ParameterIn::Header)
        .schema(Some(schema.build()))
        .build()
}
