//! Webhooks: from a record to a customer's server.

mod delivery;
mod endpoints;
mod patience;
mod resilience;

use std::{sync::Arc, time::Duration};

use proto::transactions::{
    CreateWebhookRequest, Delivery, DeliveryStatus, ListDeliveriesRequest, Transaction, Webhook,
    WebhookRequest, WebhookScope, webhooks_client::WebhooksClient,
};
use proto::transactions::{RecordTransactionRequest, transactions_client::TransactionsClient};
use rpc::Transport;
use svc_transactions::{Clock, Config, WebhooksConfig};
use tempfile::TempDir;

use crate::{MASTER_KEY, new_id, video};

/// A running service that may deliver to this machine, with quick retries.
pub fn quick() -> WebhooksConfig {
    WebhooksConfig {
        allow_private: true,
        allow_http: true,
        max_retries: 5,
        initial_delay_ms: 20,
        max_delay_ms: 100,
        timeout_ms: 500,
        lease_ms: 1000,
        poll_ms: 10,
        ..WebhooksConfig::default()
    }
}

/// A project with a key, and its client of the service.
#[derive(Clone)]
pub struct Customer {
    pub client: TransactionsClient<Transport>,
    pub hooks: WebhooksClient<Transport>,
    pub scope: WebhookScope,
    _folder: Arc<TempDir>,
}

impl Customer {
    pub async fn new(db: db::Config, webhooks: WebhooksConfig) -> Self {
        let scope = WebhookScope { project_id: new_id(), api_key_id: Some(new_id()) };
        Self::of(scope, db, webhooks).await
    }

    /// The same customer at another process of the service.
    pub async fn of(scope: WebhookScope, db: db::Config, webhooks: WebhooksConfig) -> Self {
        Self::at(scope, db, webhooks, Arc::new(boot::now_ms)).await
    }

    /// The same with another clock.
    pub async fn at(scope: WebhookScope, db: db::Config, webhooks: WebhooksConfig, clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = blob::KeyConfig { secret: Some(MASTER_KEY.into()), ..blob::KeyConfig::default() };
        let mut config = Config { db, keys, webhooks, ..Config::embedded(folder.path()) };
        config.samples.folder_is_shared = true;
        let routes = svc_transactions::routes_at(config, clock).await.expect("the service starts");
        let transport = rpc::local(routes, Duration::from_secs(60));
        let client = TransactionsClient::new(transport.clone());
        Self { client, hooks: WebhooksClient::new(transport), scope, _folder: Arc::new(folder) }
    }

    pub fn create_request(&self, url: &str, events: &[&str]) -> CreateWebhookRequest {
        CreateWebhookRequest {
            project_id: self.scope.project_id.clone(),
            api_key_id: self.scope.api_key_id.clone().unwrap(),
            url: url.into(),
            events: events.iter().map(|&event| event.into()).collect(),
            headers: vec![],
        }
    }

    /// A new endpoint and its secret.
    pub async fn webhook(&self, url: &str, events: &[&str]) -> (Webhook, String) {
        let made = self.hooks.clone().create_webhook(self.create_request(url, events)).await.unwrap();
        let made = made.into_inner();
        (made.webhook.unwrap(), made.secret)
    }

    pub fn named(&self, id: &str) -> WebhookRequest {
        WebhookRequest { scope: Some(self.scope.clone()), id: id.into() }
    }

    pub async fn get(&self, id: &str) -> Webhook {
        self.hooks.clone().get_webhook(self.named(id)).await.unwrap().into_inner()
    }

    /// A record of this customer.
    pub fn call(&self, kind: &str) -> Transaction {
        Transaction {
            kind: kind.into(),
            api_key_id: self.scope.api_key_id.clone().unwrap(),
            ..video(&self.scope.project_id)
        }
    }

    /// Records it and returns its id.
    pub async fn record(&self, kind: &str) -> String {
        let call = self.call(kind);
        let id = call.id.clone();
        self.write(call).await;
        id
    }

    pub async fn write(&self, call: Transaction) {
        let request = RecordTransactionRequest { transaction: Some(call) };
        self.client.clone().record_transaction(request).await.unwrap();
    }

    pub async fn deliveries(&self, id: &str, dead_letters: bool) -> Vec<Delivery> {
        let request = ListDeliveriesRequest {
            scope: Some(self.scope.clone()),
            webhook_id: Some(id.into()),
            dead_letters,
            page_size: 200,
            cursor: String::new(),
        };
        self.hooks.clone().list_deliveries(request).await.unwrap().into_inner().deliveries
    }

    /// Waits until the only delivery of an endpoint has this status and returns it.
    pub async fn until(&self, id: &str, status: DeliveryStatus) -> Delivery {
        eventually(async || {
            let deliveries = self.deliveries(id, false).await;
            deliveries.into_iter().find(|delivery| delivery.status() == status)
        })
        .await
    }
}

/// Polls until there is a result.
pub async fn eventually<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(90), asking).await.expect("what was waited for never came")
}
