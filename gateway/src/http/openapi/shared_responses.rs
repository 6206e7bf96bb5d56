//! The responses every route shares, described once: errors, and the headers of any response. A handler describes only its
//! own; a status it names without a body gets the error body here.

use serde::Serialize;
use utoipa::{
    Modify, ToSchema,
    openapi::{
        HttpMethod, Ref, RefOr,
        content::ContentBuilder,
        header::HeaderBuilder,
        path::Operation,
        response::{Response, ResponseBuilder},
        schema::{ObjectBuilder, Schema, Type},
    },
};

use super::takes_api_key;

/// An error.
#[derive(Serialize, ToSchema)]
pub struct ErrorResponse {
    /// What is wrong, and what to do about it.
    #[schema(example = "X-User-Fullname header is required")]
    error: String,
    /// The same as `error`.
    #[schema(example = "X-User-Fullname header is required")]
    message: String,
    /// Stable; branch on it. `/docs/errors` explains each.
    #[schema(example = "user_required")]
    code: String,
    /// The header, field or parameter it is about.
    #[schema(nullable = false, example = "X-User-Fullname")]
    param: Option<String>,
    /// What to do.
    #[schema(nullable = false, example = "send X-User-Fullname, or X-Session-ID of theirs")]
    hint: Option<String>,
    /// Where the code is explained, relative to the base URL.
    #[schema(nullable = false, example = "/docs/errors#user_required")]
    doc_url: Option<String>,
    /// The id to report; the same as `X-Request-Id`.
    request_id: String,
    /// Wrong inputs of a form and what is wrong with each.
    #[schema(nullable = false, value_type = Option<Object>)]
    fields: Option<std::collections::BTreeMap<String, String>>,
}

/// The description of an audience's error body.
#[derive(Clone, Copy)]
pub struct ErrorSchema {
    pub name: &'static str,
    pub schema: fn() -> RefOr<Schema>,
}

impl ErrorSchema {
    /// That of this server's own API.
    pub const OWN: Self =
        Self { name: "ErrorResponse", schema: <ErrorResponse as utoipa::PartialSchema>::schema };
}

/// Errors of any call with a key.
const ALWAYS: [(&str, &str); 9] = [
    ("400", "a header, field or parameter is missing or malformed"),
    ("401", "no API key, or one that is not valid"),
    ("403", "the key is revoked or may not do this, or the session is another user's"),
    ("404", "unknown, or of another project"),
    ("429", "the key's rate limit is exceeded; Retry-After says for how long"),
    ("431", "the request's headers are too large"),
    ("500", "a fault of this server; the log has its cause under request_id"),
    ("503", "the server is busy or a service is unavailable; Retry-After says when to retry"),
    (
        "507",
        "the server, or the project's quota, has no room for what the call stores; nothing of it is stored",
    ),
];
/// Errors of a call with a body.
const WITH_BODY: [(&str, &str); 2] =
    [("408", "the request was not sent in time"), ("413", "the request body is too large")];
/// Errors of a POST.
const POST: [(&str, &str); 2] = [
    ("409", "the state of what is named forbids it, or a call with this Idempotency-Key is in progress"),
    ("422", "the Idempotency-Key was used with another request"),
];
const FORM: [(&str, &str); 1] = [("415", "the content type is not multipart/form-data")];

/// Adds them to every operation, with the error body of an audience.
pub struct SharedResponses(pub ErrorSchema);

impl Modify for SharedResponses {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        components.schemas.insert(self.0.name.to_owned(), (self.0.schema)());
        for item in api.paths.paths.values_mut() {
            let operations = [
                (HttpMethod::Get, &mut item.get),
                (HttpMethod::Post, &mut item.post),
                (HttpMethod::Put, &mut item.put),
                (HttpMethod::Patch, &mut item.patch),
                (HttpMethod::Delete, &mut item.delete),
            ];
            for (method, operation) in operations {
                if let Some(operation) = operation {
                    describe(&method, operation, self.0.name);
                }
            }
        }
    }
}

fn describe(method: &HttpMethod, operation: &mut Operation, error: &str) {
    let open = !takes_api_key(operation);
    let (post, put) = (*method == HttpMethod::Post, matches!(method, HttpMethod::Put | HttpMethod::Patch));
    let form = operation.request_body.as_ref().is_some_and(
        |body| matches!(body, RefOr::T(body) if body.content.contains_key("multipart/form-data")),
    );
    let groups: [(bool, &[(&str, &str)]); 4] =
        [(!open, &ALWAYS), (post || put, &WITH_BODY), (post, &POST), (form, &FORM)];
    for (status, description) in groups.into_iter().filter(|(meets, _)| *meets).flat_map(|(_, group)| group) {
        operation
            .responses
            .responses
            .entry((*status).to_owned())
            .or_insert_with(|| ResponseBuilder::new().description(*description).build().into());
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            complete(status, response, error, (open, post));
        }
    }
}

/// Adds the error body where none is named, a description, which the specification requires, and the headers.
fn complete(status: &str, response: &mut Response, error: &str, (open, post): (bool, bool)) {
    let is_error = status.starts_with('4') || status.starts_with('5');
    if is_error && response.content.is_empty() {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(error))).build();
        response.content.insert("application/json".to_owned(), body.into());
    }
    if response.description.is_empty() {
        response.description = success_description(status).to_owned();
    }
    let mut header = |name: &str, description: &str, kind: Type| {
        let schema = ObjectBuilder::new().schema_type(kind).build();
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build();
        response.headers.entry(name.to_owned()).or_insert_with(|| header.into());
    };
    header("X-Request-Id", "the id of this call and of its transaction", Type::String);
    if !open {
        header(
            "RateLimit-Policy",
            "the key's limit, where one is set: `\"key\";q=<requests>;w=<seconds>`",
            Type::String,
        );
        header("RateLimit", "what remains of it: `\"key\";r=<requests>;t=<seconds>`", Type::String);
    }
    if post && !open {
        header("Idempotency-Replayed", "true: an earlier response, replayed", Type::String);
    }
    if status == "429" || status == "503" {
        header("Retry-After", "seconds", Type::Integer);
    }
}

fn success_description(status: &str) -> &'static str {
    match status {
        "201" => "created",
        "202" => "accepted; the result comes later",
        _ => "success",
    }
}
