//! Connections to the services: one transport each, and the typed clients over them.

use proto::{
    accounts::accounts_client::AccountsClient,
    consent::consent_client::ConsentClient,
    docauth::doc_auth_client::DocAuthClient,
    journeys::journeys_client::JourneysClient,
    ml::ml_client::MlClient,
    projects::projects_client::ProjectsClient,
    sessions::sessions_client::SessionsClient,
    transactions::{
        answers_client::AnswersClient, credits_client::CreditsClient, fraud_client::FraudClient,
        reviews_client::ReviewsClient, transactions_client::TransactionsClient,
        webhooks_client::WebhooksClient,
    },
};
use rpc::Transport;

/// The transport of each service, local or remote.
#[derive(Clone)]
pub struct Peers {
    pub sessions: Transport,
    pub consent: Transport,
    pub ml: Transport,
    pub docauth: Transport,
    pub transactions: Transport,
    pub projects: Transport,
    pub journeys: Transport,
}

impl Peers {
    pub(crate) fn sessions(&self) -> SessionsClient<Transport> {
        SessionsClient::new(self.sessions.clone())
    }

    pub(crate) fn consent(&self) -> ConsentClient<Transport> {
        ConsentClient::new(self.consent.clone())
    }

    pub(crate) fn ml(&self) -> MlClient<Transport> {
        MlClient::new(self.ml.clone())
    }

    pub(crate) fn docauth(&self) -> DocAuthClient<Transport> {
        DocAuthClient::new(self.docauth.clone())
    }

    pub(crate) fn transactions(&self) -> TransactionsClient<Transport> {
        TransactionsClient::new(self.transactions.clone())
    }

    /// Responses of idempotent calls are in the transactions service.
    pub(crate) fn answers(&self) -> AnswersClient<Transport> {
        AnswersClient::new(self.transactions.clone()).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)
    }

    /// Credits live with the transactions that cost them.
    pub(crate) fn credits(&self) -> CreditsClient<Transport> {
        CreditsClient::new(self.transactions.clone())
    }

    /// Reviews are in the transactions service.
    pub(crate) fn reviews(&self) -> ReviewsClient<Transport> {
        ReviewsClient::new(self.transactions.clone()).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)
    }

    /// The fraud page and the block lists are in the transactions service.
    pub(crate) fn fraud(&self) -> FraudClient<Transport> {
        FraudClient::new(self.transactions.clone()).max_decoding_message_size(rpc::MAX_MESSAGE_BYTES)
    }

    /// Webhook endpoints are in the transactions service.
    pub(crate) fn webhooks(&self) -> WebhooksClient<Transport> {
        WebhooksClient::new(self.transactions.clone())
    }

    pub(crate) fn projects(&self) -> ProjectsClient<Transport> {
        ProjectsClient::new(self.projects.clone())
    }

    pub(crate) fn journeys(&self) -> JourneysClient<Transport> {
        JourneysClient::new(self.journeys.clone())
    }

    /// Dashboard users are in the projects service.
    pub(crate) fn accounts(&self) -> AccountsClient<Transport> {
        AccountsClient::new(self.projects.clone())
    }
}
