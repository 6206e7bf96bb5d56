//! The services that store data of users, and the calls that find and erase it.

use proto::{
    consent::consent_client::ConsentClient,
    journeys::journeys_client::JourneysClient,
    ml::ml_client::MlClient,
    sessions::sessions_client::SessionsClient,
    subjects::{Project, Remains, Subject},
    transactions::transactions_client::TransactionsClient,
};
use rpc::Transport;
use tonic::Status;

use serde::Serialize;
use utoipa::ToSchema;

use crate::core::services::Peers;

/// A number of stored items of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DataCount {
    #[schema(example = "ml")]
    pub service: String,
    #[schema(example = "face_template")]
    pub kind: String,
    #[schema(example = 1)]
    pub count: u64,
}

/// Returns the data that `holder` stores or has erased, by kind.
pub fn data_counts(holder: DataHolder, remains: Remains) -> impl Iterator<Item = DataCount> {
    let some = remains.kept.into_iter().filter(|kept| kept.count > 0);
    some.map(move |kept| DataCount { service: holder.name().into(), kind: kept.kind, count: kept.count })
}

/// A service that stores data of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataHolder {
    Consent,
    Sessions,
    Ml,
    Journeys,
    Transactions,
}

impl DataHolder {
    /// In the order of erasure: without consent nothing new is enrolled, and the traces of calls in progress are
    /// recorded last.
    pub const ALL: [Self; 5] = [Self::Consent, Self::Sessions, Self::Ml, Self::Journeys, Self::Transactions];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Sessions => "sessions",
            Self::Ml => "ml",
            Self::Journeys => "journeys",
            Self::Transactions => "transactions",
        }
    }
}

/// The transport of each data holder.
#[derive(Clone)]
pub struct SubjectDataServices {
    pub consent: Transport,
    pub sessions: Transport,
    pub ml: Transport,
    pub journeys: Transport,
    pub transactions: Transport,
}

impl SubjectDataServices {
    pub(crate) fn new(peers: &Peers) -> Self {
        let Peers { sessions, consent, ml, journeys, transactions, .. } = peers.clone();
        Self { consent, sessions, ml, journeys, transactions }
    }

    /// Returns the data that `holder` stores of `subject`; empty when none.
    ///
    /// # Errors
    /// When it does not respond.
    pub async fn find_stored_data(&self, holder: DataHolder, subject: Subject) -> Result<Remains, Status> {
        let found = match holder {
            DataHolder::Consent => ConsentClient::new(self.consent.clone()).find_subject(subject).await,
            DataHolder::Sessions => SessionsClient::new(self.sessions.clone()).find_subject(subject).await,
            DataHolder::Ml => MlClient::new(self.ml.clone()).find_subject(subject).await,
            DataHolder::Journeys => JourneysClient::new(self.journeys.clone()).find_subject(subject).await,
            DataHolder::Transactions => {
                TransactionsClient::new(self.transactions.clone()).find_subject(subject).await
            }
        };
        found.map(tonic::Response::into_inner)
    }

    /// Erases a batch of the data that `holder` stores of a project and returns the counts; empty when nothing is left.
    ///
    /// # Errors
    /// When it does not respond; some data may be erased then.
    pub async fn erase_project(&self, holder: DataHolder, project: Project) -> Result<Remains, Status> {
        let gone = match holder {
            DataHolder::Consent => ConsentClient::new(self.consent.clone()).erase_project(project).await,
            DataHolder::Sessions => SessionsClient::new(self.sessions.clone()).erase_project(project).await,
            DataHolder::Ml => MlClient::new(self.ml.clone()).erase_project(project).await,
            DataHolder::Journeys => JourneysClient::new(self.journeys.clone()).erase_project(project).await,
            DataHolder::Transactions => {
                TransactionsClient::new(self.transactions.clone()).erase_project(project).await
            }
        };
        gone.map(tonic::Response::into_inner)
    }

    /// Erases the data that `holder` stores of `subject` and returns the counts.
    ///
    /// # Errors
    /// When it does not respond; part of the data may be erased then.
    pub async fn erase(&self, holder: DataHolder, subject: Subject) -> Result<Remains, Status> {
        let gone = match holder {
            DataHolder::Consent => ConsentClient::new(self.consent.clone()).erase_subject(subject).await,
            DataHolder::Sessions => SessionsClient::new(self.sessions.clone()).erase_subject(subject).await,
            DataHolder::Ml => MlClient::new(self.ml.clone()).erase_subject(subject).await,
            DataHolder::Journeys => JourneysClient::new(self.journeys.clone()).erase_subject(subject).await,
            DataHolder::Transactions => {
                TransactionsClient::new(self.transactions.clone()).erase_subject(subject).await
            }
        };
        gone.map(tonic::Response::into_inner)
    }
}
