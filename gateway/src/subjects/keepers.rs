//! The services that keep something of a subject.

use proto::{
    consent::consent_client::ConsentClient,
    ml::ml_client::MlClient,
    sessions::sessions_client::SessionsClient,
    subjects::{Project, Remains, Subject},
    transactions::transactions_client::TransactionsClient,
};
use rpc::Transport;
use tonic::Status;

use crate::Peers;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    Consent,
    Sessions,
    Ml,
    Transactions,
}

impl Keeper {
    /// In the order they are emptied: without consent nothing new is enrolled, and what calls under way leave is
    /// recorded last.
    pub const ALL: [Self; 4] = [Self::Consent, Self::Sessions, Self::Ml, Self::Transactions];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Consent => "consent",
            Self::Sessions => "sessions",
            Self::Ml => "ml",
            Self::Transactions => "transactions",
        }
    }
}

/// How each of them is reached.
#[derive(Clone)]
pub struct Keepers {
    pub consent: Transport,
    pub sessions: Transport,
    pub ml: Transport,
    pub transactions: Transport,
}

impl Keepers {
    pub(crate) fn of(peers: &Peers) -> Self {
        let Peers { sessions, consent, ml, transactions, .. } = peers.clone();
        Self { consent, sessions, ml, transactions }
    }

    /// What `keeper` has of `subject`; empty when nothing.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn find(&self, keeper: Keeper, subject: Subject) -> Result<Remains, Status> {
        let found = match keeper {
            Keeper::Consent => ConsentClient::new(self.consent.clone()).find_subject(subject).await,
            Keeper::Sessions => SessionsClient::new(self.sessions.clone()).find_subject(subject).await,
            Keeper::Ml => MlClient::new(self.ml.clone()).find_subject(subject).await,
            Keeper::Transactions => {
                TransactionsClient::new(self.transactions.clone()).find_subject(subject).await
            }
        };
        found.map(tonic::Response::into_inner)
    }

    /// Makes `keeper` destroy a part of what it has of a project, and answers what that was; empty when nothing is left.
    ///
    /// # Errors
    /// When it does not answer; some of it may be gone then.
    pub async fn erase_project(&self, keeper: Keeper, project: Project) -> Result<Remains, Status> {
        let gone = match keeper {
            Keeper::Consent => ConsentClient::new(self.consent.clone()).erase_project(project).await,
            Keeper::Sessions => SessionsClient::new(self.sessions.clone()).erase_project(project).await,
            Keeper::Ml => MlClient::new(self.ml.clone()).erase_project(project).await,
            Keeper::Transactions => {
                TransactionsClient::new(self.transactions.clone()).erase_project(project).await
            }
        };
        gone.map(tonic::Response::into_inner)
    }

    /// Makes `keeper` destroy what it has of `subject`, and answers what that was.
    ///
    /// # Errors
    /// When it does not answer; part of it may be gone then.
    pub async fn erase(&self, keeper: Keeper, subject: Subject) -> Result<Remains, Status> {
        let gone = match keeper {
            Keeper::Consent => ConsentClient::new(self.consent.clone()).erase_subject(subject).await,
            Keeper::Sessions => SessionsClient::new(self.sessions.clone()).erase_subject(subject).await,
            Keeper::Ml => MlClient::new(self.ml.clone()).erase_subject(subject).await,
            Keeper::Transactions => {
                TransactionsClient::new(self.transactions.clone()).erase_subject(subject).await
            }
        };
        gone.map(tonic::Response::into_inner)
    }
}
