//! Events sent to webhook endpoints, for `webhooks` of the description. The payload itself is made by svc-transactions.

use serde::Serialize;
use serde_json::Value;
use utoipa::{
    Modify, PartialSchema, ToSchema,
    openapi::{
        Ref,
        content::ContentBuilder,
        path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder},
        request_body::RequestBodyBuilder,
        response::ResponseBuilder,
        schema::{ObjectBuilder, Type},
    },
};

use super::closed_sets::Verdict;

/// One event. Deliveries are signed as Standard Webhooks says; each arrives at least once.
#[derive(Serialize, ToSchema)]
pub struct WebhookEvent {
    /// The name of the event; later versions have more.
    #[schema(example = "video.processed")]
    r#type: String,
    #[schema(example = "2026-01-31T12:00:00.123Z")]
    timestamp: String,
    data: WebhookCall,
}

/// The call an event is about; everything else of it is in its transaction.
#[derive(Serialize, ToSchema)]
pub struct WebhookCall {
    /// Of the transaction.
    id: String,
    #[schema(example = "process_video")]
    kind: String,
    project_id: String,
    api_key_id: String,
    session_id: Option<String>,
    user_fullname: Option<String>,
    created_at: String,
    verdict: Option<Verdict>,
    /// 0 to 100.
    score: Option<f64>,
    #[schema(example = json!(["face_match_passed"]))]
    decision_reasons: Vec<String>,
    rules: Option<String>,
    action_trigger: Option<String>,
    tags: Vec<String>,
    /// Of `fraud.flagged` alone: what the fraud rules found.
    #[schema(nullable = false)]
    fraud: Option<Vec<Value>>,
    /// Of `review.completed` alone: `decision`, `reason`, `reviewed_by`, `reviewed_at`.
    #[schema(nullable = false)]
    review: Option<Value>,
    /// `true` of a call with a test key.
    #[schema(nullable = false)]
    test: Option<bool>,
}

/// Event and what it tells of.
pub const EVENTS: [(&str, &str); 9] = [
    ("video.processed", "A video was judged."),
    ("enrollment.completed", "A face, voice or fingerprint was enrolled, or refused."),
    ("docauth.completed", "A document was checked."),
    ("match.completed", "A reference picture was compared."),
    ("fraud.flagged", "The fraud rules found something in a call."),
    ("review.completed", "People decided about a transaction; `data.review` says what."),
    ("consent.changed", "A consent was given or withdrawn; `decision_reasons` says which."),
    ("deepfake.completed", "A check of Biometry v2 ended; `services` says what it found."),
    ("session.completed", "A session was ended."),
];

/// Adds the section.
pub struct Webhooks;

impl Modify for Webhooks {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        for (name, schema) in [
            ("WebhookEvent", WebhookEvent::schema()),
            ("WebhookCall", WebhookCall::schema()),
            ("Verdict", Verdict::schema()),
        ] {
            components.schemas.entry(name.to_owned()).or_insert(schema);
        }
        let paths = EVENTS.iter().fold(PathsBuilder::new(), |paths, (name, description)| {
            paths.path(*name, PathItem::new(HttpMethod::Post, operation(name, description)))
        });
        api.webhooks = Some(paths.build());
    }
}

fn operation(name: &str, description: &str) -> OperationBuilder {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("WebhookEvent"))).build();
    let body = RequestBodyBuilder::new().content("application/json", content).build();
    let header = |name: &str, description: &str| {
        let text = ObjectBuilder::new().schema_type(Type::String);
        ParameterBuilder::new()
            .name(name)
            .description(Some(description))
            .parameter_in(ParameterIn::Header)
            .required(utoipa::openapi::Required::True)
            .schema(Some(text.build()))
    };
    OperationBuilder::new()
        .operation_id(Some(name.replace('.', "_")))
        .summary(Some(description))
        .tag("webhooks")
        .parameter(header("webhook-id", "the event; repeats of it have the same"))
        .parameter(header("webhook-timestamp", "seconds since 1970"))
        .parameter(header(
            "webhook-signature",
            "`v1,` and the HMAC-SHA256, base64; two while a secret is rotated",
        ))
        .request_body(Some(body))
        .response("2XX", ResponseBuilder::new().description("taken; anything else is tried again").build())
}
