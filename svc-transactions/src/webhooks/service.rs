//! Decodes a call, validates it by the rules of `endpoint.rs`, stores, encodes the response.

use std::sync::Arc;

use proto::{
    Word,
    transactions::{self as wire, WebhookStatus, webhooks_server},
};
use serde_json::json;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    endpoint::{self, DeliveryId, EndpointCipher, EndpointId, Rules, Target},
    retry,
    secret::Secrets,
    store::{
        Store,
        deliveries::{DeliveryRow, Listed},
        endpoints::{EndpointRow, Scope},
    },
};
use crate::{
    Clock,
    error::Error,
    outbox::{self, Event, Outbox},
    record,
    service::convert::to_wire,
    store::Lines,
};

/// Most endpoints of one key, and most endpoints of a list.
const MAX_OF_KEY: i64 = 20;
const MAX_LISTED: i64 = 500;
/// Characters of payloads shown: of one delivery, and of all on a page together.
const MAX_SHOWN: usize = 16 * 1024;
const PAGE_SHOWN: usize = 512 * 1024;
const DEFAULT_PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;

#[derive(Clone)]
pub struct Webhooks {
    pub store: Store,
    pub cipher: EndpointCipher,
    pub rules: Rules,
    pub retry: retry::Retry,
    pub outbox: Outbox,
    pub clock: Clock,
    pub _tasks: Arc<[AbortOnDropHandle<()>; 2]>,
}

impl Webhooks {
    async fn create_webhook(
        &self,
        request: wire::CreateWebhookRequest,
    ) -> Result<wire::WebhookWithSecret, Error> {
        let id = EndpointId::new();
        let target =
            Target { url: self.rules.url(request.url)?, headers: endpoint::headers(pairs(request.headers))? };
        let secrets = Secrets::generate()?;
        let now = (self.clock)();
        let row = EndpointRow {
            id: id.as_str().into(),
            project_id: record::text("project_id", request.project_id)?,
            api_key_id: record::text("api_key_id", request.api_key_id)?,
            events: Lines(endpoint::events(request.events)?),
            status: WebhookStatus::Active.as_word().into(),
            sealed_target: self.cipher.seal_target(id.as_str(), &target)?,
            sealed_secrets: self.cipher.seal_secrets(id.as_str(), &secrets)?,
            success_count: 0,
            failure_count: 0,
            created_at: now,
            updated_at: now,
        };
        if self.store.count_endpoints(&row.project_id, &row.api_key_id).await? >= MAX_OF_KEY {
            return Err(Error::Refused("a key may have at most 20 webhooks"));
        }
        self.store.insert_endpoint(&row).await?;
        Ok(wire::WebhookWithSecret { webhook: Some(self.describe_webhook(row)?), secret: secrets.shown() })
    }

    async fn list_webhooks(
        &self,
        request: wire::ListWebhooksRequest,
    ) -> Result<wire::ListWebhooksResponse, Error> {
        let rows = self.store.endpoints(&scope(request.scope)?, MAX_LISTED).await?;
        let webhooks = rows.into_iter().map(|row| self.describe_webhook(row)).collect::<Result<_, _>>()?;
        Ok(wire::ListWebhooksResponse { webhooks })
    }

    async fn find_endpoint(&self, scope: &Scope, id: &str) -> Result<(EndpointId, EndpointRow), Error> {
        let id = EndpointId::parse(id)?;
        let row = self.store.endpoint(scope, &id).await?.ok_or(Error::NoWebhook)?;
        Ok((id, row))
    }

    async fn update_webhook(&self, request: wire::UpdateWebhookRequest) -> Result<wire::Webhook, Error> {
        let (_, old) = self.find_endpoint(&scope(request.scope)?, &request.id).await?;
        let mut new = EndpointRow { updated_at: (self.clock)(), ..old.clone() };
        if request.url.is_some() || request.headers.is_some() {
            let mut target = self.cipher.target(&old.id, &old.sealed_target)?;
            if let Some(url) = request.url {
                target.url = self.rules.url(url)?;
            }
            if let Some(headers) = request.headers {
                target.headers = endpoint::headers(pairs(headers.headers))?;
            }
            new.sealed_target = self.cipher.seal_target(&old.id, &target)?;
        }
        if let Some(events) = request.events {
            new.events = Lines(endpoint::events(events.names)?);
        }
        match WebhookStatus::try_from(request.status) {
            Ok(WebhookStatus::Unspecified) => {}
            Ok(status @ (WebhookStatus::Active | WebhookStatus::Paused)) => {
                new.status = status.as_word().into();
            }
            _ => return Err(Error::Invalid("status must be active or paused".into())),
        }
        let new = self.replace(&old, new).await?;
        // Deliveries held during the pause are due at once.
        self.outbox.wake();
        self.describe_webhook(new)
    }

    async fn rotate_secret(&self, request: wire::WebhookRequest) -> Result<wire::WebhookWithSecret, Error> {
        let (_, old) = self.find_endpoint(&scope(request.scope)?, &request.id).await?;
        let secrets = self.cipher.secrets(&old.id, &old.sealed_secrets)?.rotated((self.clock)())?;
        let sealed_secrets = self.cipher.seal_secrets(&old.id, &secrets)?;
        let new = EndpointRow { sealed_secrets, updated_at: (self.clock)(), ..old.clone() };
        let new = self.replace(&old, new).await?;
        Ok(wire::WebhookWithSecret { webhook: Some(self.describe_webhook(new)?), secret: secrets.shown() })
    }

    async fn replace(&self, old: &EndpointRow, new: EndpointRow) -> Result<EndpointRow, Error> {
        if self.store.replace_endpoint(old, &new).await? { Ok(new) } else { Err(Error::Changed) }
    }

    async fn get_webhook(&self, request: wire::WebhookRequest) -> Result<wire::Webhook, Error> {
        let (_, row) = self.find_endpoint(&scope(request.scope)?, &request.id).await?;
        self.describe_webhook(row)
    }

    async fn delete_webhook(
        &self,
        request: wire::WebhookRequest,
    ) -> Result<wire::DeleteWebhookResponse, Error> {
        let id = EndpointId::parse(&request.id)?;
        let deleted = self.store.delete_endpoint(&scope(request.scope)?, &id).await?;
        if deleted { Ok(wire::DeleteWebhookResponse {}) } else { Err(Error::NoWebhook) }
    }

    async fn test_webhook(&self, request: wire::WebhookRequest) -> Result<wire::Delivery, Error> {
        let (id, row) = self.find_endpoint(&scope(request.scope)?, &request.id).await?;
        if row.status != WebhookStatus::Active.as_word() {
            return Err(Error::Refused("the webhook is not active; set its status to active first"));
        }
        let (name, at_ms) = ("webhook.test", (self.clock)());
        let event = Event {
            name,
            project_id: row.project_id,
            api_key_id: row.api_key_id,
            // No transaction belongs to it; its own id distinguishes one test from the next.
            transaction_id: Uuid::now_v7().to_string(),
            subject_hash: None,
            at_ms,
            payload: outbox::payload(name, at_ms, &json!({"webhook_id": row.id}))?,
            endpoints: Vec::new(),
        };
        let outgoing = self.outbox.outgoing(&row.id, &event)?;
        let delivery = DeliveryId::parse(&outgoing.id)?;
        self.store.queue(outgoing).await?;
        self.outbox.wake();
        self.describe_delivery(self.store.delivery(&id, &delivery).await?.ok_or(Error::NoDelivery)?)
    }

    async fn list_deliveries(
        &self,
        request: wire::ListDeliveriesRequest,
    ) -> Result<wire::ListDeliveriesResponse, Error> {
        let scope = scope(request.scope)?;
        let endpoint = match &request.webhook_id {
            Some(id) => Some(self.find_endpoint(&scope, id).await?.0),
            None => None,
        };
        let cursor = Some(request.cursor).filter(|cursor| !cursor.is_empty());
        let before = cursor.map(|cursor| DeliveryId::parse(&cursor)).transpose();
        let before = before.map_err(|_| Error::Invalid("cursor is not one a list answered".into()))?;
        let size = if request.page_size == 0 { DEFAULT_PAGE } else { request.page_size.min(MAX_PAGE) };
        let listed =
            Listed { scope, endpoint, dead: request.dead_letters, before, limit: i64::from(size) + 1 };
        let mut rows = self.store.deliveries(&listed).await?;
        let more = rows.len() > size as usize;
        rows.truncate(size as usize);
        let next_cursor = rows.last().filter(|_| more).map(|last| last.id.clone()).unwrap_or_default();
        // All of a page must fit one message.
        let shown = MAX_SHOWN.min(PAGE_SHOWN / rows.len().max(1));
        let deliveries =
            rows.into_iter().map(|row| self.describe_excerpt(row, shown)).collect::<Result<_, _>>()?;
        Ok(wire::ListDeliveriesResponse { deliveries, next_cursor })
    }

    async fn replay_delivery(&self, request: wire::ReplayDeliveryRequest) -> Result<wire::Delivery, Error> {
        let (endpoint, _) = self.find_endpoint(&scope(request.scope)?, &request.webhook_id).await?;
        let id = DeliveryId::parse(&request.id)?;
        let Some(replayed) = self.store.replay(&endpoint, &id, (self.clock)()).await? else {
            self.store.delivery(&endpoint, &id).await?.ok_or(Error::NoDelivery)?;
            return Err(Error::Refused("the delivery is under way already"));
        };
        self.outbox.wake();
        self.describe_delivery(replayed)
    }

    async fn replay_dead_letters(
        &self,
        request: wire::WebhookRequest,
    ) -> Result<wire::ReplayDeadLettersResponse, Error> {
        let (id, row) = self.find_endpoint(&scope(request.scope)?, &request.id).await?;
        let count = self.store.replay_dead(&row.project_id, &id, (self.clock)()).await?;
        self.outbox.wake();
        Ok(wire::ReplayDeadLettersResponse { count })
    }

    fn describe_webhook(&self, row: EndpointRow) -> Result<wire::Webhook, Error> {
        let target = self.cipher.target(&row.id, &row.sealed_target)?;
        let headers = target.headers.into_iter().map(|(name, value)| wire::WebhookHeader { name, value });
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        Ok(wire::Webhook {
            id: row.id,
            project_id: row.project_id,
            api_key_id: row.api_key_id,
            url: target.url,
            events: if row.events.0.is_empty() { vec!["*".into()] } else { row.events.0 },
            status: to_wire::<WebhookStatus>(&row.status),
            headers: headers.collect(),
            retry_config: Some(wire::RetryConfig {
                max_retries: self.retry.max_retries,
                initial_delay_ms: self.retry.initial_ms,
                max_delay_ms: self.retry.max_ms,
                backoff_multiplier: retry::MULTIPLIER.into(),
            }),
            success_count: count(row.success_count),
            failure_count: count(row.failure_count),
            created_at_ms: row.created_at,
            updated_at_ms: row.updated_at,
        })
    }

    fn describe_delivery(&self, row: DeliveryRow) -> Result<wire::Delivery, Error> {
        self.describe_excerpt(row, MAX_SHOWN)
    }

    /// Describes a delivery with at most `most` characters of its payload.
    fn describe_excerpt(&self, row: DeliveryRow, most: usize) -> Result<wire::Delivery, Error> {
        let payload = self.outbox.open(&row.id, &row.sealed)?;
        let payload = String::from_utf8_lossy(&payload);
        let request_body: String = payload.chars().take(most).collect();
        let log =
            self.cipher.log(&row.id, row.sealed_log.as_deref())?.into_iter().map(|attempt| wire::Attempt {
                at_ms: attempt.at_ms,
                duration_ms: attempt.duration_ms,
                status_code: attempt.status_code.map(u32::from),
                error: attempt.error,
                response_excerpt: attempt.response_excerpt,
            });
        Ok(wire::Delivery {
            log: log.collect(),
            request_truncated: request_body.len() < payload.len(),
            request_body,
            webhook_id: row.endpoint_id,
            transaction_id: row.transaction_id,
            event: row.event,
            status: to_wire::<wire::DeliveryStatus>(&row.status),
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            next_attempt_ms: row.due_at.filter(|_| row.claim.is_none()),
            created_at_ms: row.created_at,
            id: row.id,
        })
    }
}

fn scope(given: Option<wire::WebhookScope>) -> Result<Scope, Error> {
    let wire::WebhookScope { project_id, api_key_id } = given.unwrap_or_default();
    let api_key_id = api_key_id.map(|id| record::text("api_key_id", id)).transpose()?;
    Ok(Scope { project_id: record::text("project_id", project_id)?, api_key_id })
}

fn pairs(headers: Vec<wire::WebhookHeader>) -> impl Iterator<Item = (String, String)> {
    headers.into_iter().map(|header| (header.name, header.value))
}

/// Each RPC is the method of the same name.
macro_rules! delegate {
    ($($name:ident($request:ident) -> $response:ident),+ $(,)?) => {
        #[tonic::async_trait]
        impl webhooks_server::Webhooks for Webhooks {
            $(async fn $name(&self, request: Request<wire::$request>) -> Result<Response<wire::$response>, Status> {
                // The inherent method, which takes precedence over the trait's.
                Ok(Response::new(Webhooks::$name(self, request.into_inner()).await?))
            })+
        }
    };
}

delegate! {
    create_webhook(CreateWebhookRequest) -> WebhookWithSecret,
    list_webhooks(ListWebhooksRequest) -> ListWebhooksResponse,
    get_webhook(WebhookRequest) -> Webhook,
    update_webhook(UpdateWebhookRequest) -> Webhook,
    delete_webhook(WebhookRequest) -> DeleteWebhookResponse,
    rotate_secret(WebhookRequest) -> WebhookWithSecret,
    test_webhook(WebhookRequest) -> Delivery,
    list_deliveries(ListDeliveriesRequest) -> ListDeliveriesResponse,
    replay_delivery(ReplayDeliveryRequest) -> Delivery,
    replay_dead_letters(WebhookRequest) -> ReplayDeadLettersResponse,
}
