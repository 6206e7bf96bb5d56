//! Webhook endpoints and their deliveries. A key manages its own endpoints, a caller with [`Permission::WebhooksAll`] those of every
//! key of its project; any other is reported as not found. Every change is audited.

use proto::{
    Word,
    projects::GetApiKeyRequest,
    transactions::{
        CreateWebhookRequest, Delivery, ListDeliveriesRequest, ListDeliveriesResponse, ListWebhooksRequest,
        ReplayDeliveryRequest, UpdateWebhookRequest, Webhook, WebhookHeader, WebhookRequest, WebhookScope,
        WebhookStatus, WebhookWithSecret, update_webhook_request as update,
    },
};
use serde_json::json;

use crate::core::{
    Core,
    audit::{AuditEvent, record_audit_event},
    caller::Caller,
    error::{Error, Refusal},
    permissions::Permission,
};

/// The mask of header values, which also keeps them in a change.
pub const HIDDEN: &str = "***";

pub struct NewWebhook {
    /// The key whose events are sent; none: the caller.
    pub api_key_id: Option<String>,
    pub url: String,
    pub events: Vec<String>,
    pub headers: Vec<WebhookHeader>,
}

/// `None` and an unspecified status: unchanged.
pub struct WebhookChange {
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub headers: Option<Vec<WebhookHeader>>,
    pub status: WebhookStatus,
}

/// # Errors
/// 400 for invalid values, 404 for a key the caller may not manage, 409 for too many endpoints.
pub async fn create_webhook(
    core: &Core,
    caller: &Caller,
    webhook: NewWebhook,
) -> Result<WebhookWithSecret, Error> {
    let request = CreateWebhookRequest {
        project_id: caller.project_id.clone(),
        api_key_id: owner(core, caller, webhook.api_key_id).await?,
        url: webhook.url,
        events: webhook.events,
        headers: webhook.headers,
    };
    let created = core.services().webhooks().create_webhook(request).await?.into_inner();
    audit_webhook(core, caller, "webhook.created", secret_of(&created)?, true).await?;
    Ok(created)
}

/// The key a new endpoint belongs to.
async fn owner(core: &Core, caller: &Caller, api_key_id: Option<String>) -> Result<String, Error> {
    match api_key_id {
        None if caller.is_dashboard_user() => {
            Err(Error::field("api_key_id", "choose the key whose events are sent"))
        }
        None => Ok(caller.id.clone()),
        Some(id) if id == caller.id => Ok(id),
        Some(id) if caller.may(Permission::WebhooksAll) => {
            let request = GetApiKeyRequest { project_id: caller.project_id.clone(), api_key_id: id };
            Ok(core.services().projects().get_api_key(request).await?.into_inner().id)
        }
        Some(_) => Err(Error::Refused(Refusal::NotFound, "api key not found".to_owned())),
    }
}

/// # Errors
/// When the transactions service does not answer.
pub async fn list_webhooks(core: &Core, caller: &Caller) -> Result<Vec<Webhook>, Error> {
    let request = ListWebhooksRequest { scope: Some(scope(caller)) };
    Ok(core.services().webhooks().list_webhooks(request).await?.into_inner().webhooks)
}

/// # Errors
/// 404 when it is unknown.
pub async fn get_webhook(core: &Core, caller: &Caller, id: String) -> Result<Webhook, Error> {
    Ok(core.services().webhooks().get_webhook(named(caller, id)).await?.into_inner())
}

/// # Errors
/// 400 for what is not accepted, 404 when it is unknown, 409 when another call changed it meanwhile.
pub async fn update_webhook(
    core: &Core,
    caller: &Caller,
    id: String,
    mut change: WebhookChange,
) -> Result<Webhook, Error> {
    if change.headers.iter().flatten().any(|header| header.value == HIDDEN) {
        keep_hidden_values(core, caller, &id, change.headers.iter_mut().flatten()).await?;
    }
    let request = UpdateWebhookRequest {
        scope: Some(scope(caller)),
        id,
        url: change.url,
        events: change.events.map(|names| update::Events { names }),
        headers: change.headers.map(|headers| update::Headers { headers }),
        status: change.status.into(),
    };
    let updated = core.services().webhooks().update_webhook(request).await?.into_inner();
    audit_webhook(core, caller, "webhook.changed", &updated, true).await?;
    Ok(updated)
}

/// Replaces masked values by the stored ones.
async fn keep_hidden_values(
    core: &Core,
    caller: &Caller,
    id: &str,
    headers: impl Iterator<Item = &mut WebhookHeader>,
) -> Result<(), Error> {
    let current = get_webhook(core, caller, id.to_owned()).await?.headers;
    for header in headers.filter(|header| header.value == HIDDEN) {
        let known = current.iter().find(|known| known.name.eq_ignore_ascii_case(&header.name));
        let known = known.ok_or_else(|| {
            Error::field("headers", "*** keeps the value of a header the endpoint has; this one is new")
        })?;
        header.value.clone_from(&known.value);
    }
    Ok(())
}

/// # Errors
/// 404 when it is unknown.
pub async fn delete_webhook(core: &Core, caller: &Caller, id: String) -> Result<(), Error> {
    core.services().webhooks().delete_webhook(named(caller, id.clone())).await?;
    let event = AuditEvent { action: "webhook.removed", target: &id, ..AuditEvent::default() };
    record_audit_event(core, &caller.project_id, event).await
}

/// # Errors
/// 404 when it is unknown, 409 when another call changed it meanwhile.
pub async fn rotate_webhook_secret(
    core: &Core,
    caller: &Caller,
    id: String,
) -> Result<WebhookWithSecret, Error> {
    let rotated = core.services().webhooks().rotate_secret(named(caller, id)).await?.into_inner();
    audit_webhook(core, caller, "webhook.secret_rotated", secret_of(&rotated)?, false).await?;
    Ok(rotated)
}

/// Queues a `webhook.test` event.
///
/// # Errors
/// 404 when the endpoint is unknown, 409 when it is not active.
pub async fn test_webhook(core: &Core, caller: &Caller, id: String) -> Result<Delivery, Error> {
    Ok(core.services().webhooks().test_webhook(named(caller, id)).await?.into_inner())
}

/// A page of the deliveries, or of the dead letters, of one endpoint or of all the caller may see.
///
/// # Errors
/// 404 when the endpoint is unknown.
pub async fn list_deliveries(
    core: &Core,
    caller: &Caller,
    webhook_id: Option<String>,
    dead_letters: bool,
    cursor: String,
    page_size: u32,
) -> Result<ListDeliveriesResponse, Error> {
    let scope = Some(scope(caller));
    let request = ListDeliveriesRequest { scope, webhook_id, dead_letters, page_size, cursor };
    Ok(core.services().webhooks().list_deliveries(request).await?.into_inner())
}

/// # Errors
/// 404 when it is unknown, 409 when it is in progress.
pub async fn replay_delivery(
    core: &Core,
    caller: &Caller,
    webhook_id: String,
    id: String,
) -> Result<Delivery, Error> {
    let request = ReplayDeliveryRequest { scope: Some(scope(caller)), webhook_id, id };
    Ok(core.services().webhooks().replay_delivery(request).await?.into_inner())
}

/// Queues every dead letter of an endpoint again; returns how many.
///
/// # Errors
/// 404 when the endpoint is unknown.
pub async fn replay_dead_letters(core: &Core, caller: &Caller, id: String) -> Result<u64, Error> {
    Ok(core.services().webhooks().replay_dead_letters(named(caller, id)).await?.into_inner().count)
}

/// The endpoints the caller may see.
fn scope(caller: &Caller) -> WebhookScope {
    let api_key_id = (!caller.may(Permission::WebhooksAll)).then(|| caller.id.clone());
    WebhookScope { project_id: caller.project_id.clone(), api_key_id }
}

fn named(caller: &Caller, id: String) -> WebhookRequest {
    WebhookRequest { scope: Some(scope(caller)), id }
}

fn secret_of(webhook: &WebhookWithSecret) -> Result<&Webhook, Error> {
    webhook.webhook.as_ref().ok_or_else(|| Error::internal(&"a secret without its webhook"))
}

/// Headers may contain the endpoint's credentials: only their names are logged.
async fn audit_webhook(
    core: &Core,
    caller: &Caller,
    action: &'static str,
    webhook: &Webhook,
    with_state: bool,
) -> Result<(), Error> {
    let state = || {
        let mut headers: Vec<&String> = webhook.headers.iter().map(|header| &header.name).collect();
        headers.sort();
        json!({"url": webhook.url, "events": webhook.events, "status": webhook.status().as_word(),
               "headers": headers, "api_key_id": webhook.api_key_id})
    };
    let after = with_state.then(state);
    let event = AuditEvent { action, target: &webhook.id, after, ..AuditEvent::default() };
    record_audit_event(core, &caller.project_id, event).await
}
