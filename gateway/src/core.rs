//! Typed operations: what the product does, whatever API asks for it.
//!
//! An operation takes a [`caller::Caller`] and a typed input and returns a typed outcome; it knows neither HTTP nor JSON
//! bodies. Only this layer calls services. What must hold for every call about a user holds here, by type:
//! [`verification::Verification::begin`] settles the session and its one user and reads the consents, and the operations
//! on media take nothing else; what a call leaves behind is a [`record::TransactionRecord`], which they fill.

pub mod accounts;
pub mod analyze_video;
pub mod answers;
pub mod api_keys;
pub mod audit;
pub mod authentication;
pub mod caller;
pub mod challenge;
pub mod check_document;
pub mod compare_faces;
pub mod compare_pictures;
pub mod consent;
pub mod consent_log;
pub mod consent_texts;
pub mod credits;
pub mod data_holders;
pub mod deepfake;
pub mod dialect;
pub mod disclosure;
pub mod enroll;
pub mod error;
pub mod error_code;
pub mod evidence;
pub mod fraud;
pub mod health;
pub mod identity_check;
pub mod journeys;
pub mod judge_still;
pub mod links;
mod live_face;
pub mod live_transactions;
pub mod match_reference;
pub mod media;
pub mod operations;
pub mod organisation_purge;
pub mod origins;
pub mod page_theme;
pub mod permissions;
pub mod prints;
pub mod project_settings;
pub mod quotas;
pub mod record;
pub mod register_document;
pub mod register_face;
pub mod report;
pub mod retention;
pub mod reviews;
pub mod samples;
pub mod scoring_rules;
pub mod search_faces;
pub mod services;
pub mod sessions;
pub mod shadow_rules;
pub mod subjects;
mod test_mode;
pub mod transactions;
pub mod user_name;
pub mod verification;
pub mod verify_holder;
pub mod webhooks;

use std::sync::Arc;

use authentication::TokenVerifier;
use caller::Caller;
use data_holders::SubjectDataServices;
use deepfake::DeepfakeRunner;
use error::Error;
use health::Readiness;
use live_transactions::LiveTransactions;
use organisation_purge::OrganisationPurger;
use quotas::DailyCalls;
use services::Peers;
use sessions::WarmUp;
use tokio_util::task::AbortOnDropHandle;

use crate::config::{Config, DuplicateIdentity};

/// What every operation works with; clones share it.
#[derive(Clone)]
pub struct Core(Arc<Inner>);

struct Inner {
    services: Peers,
    tokens: TokenVerifier,
    warm_up: WarmUp,
    live: LiveTransactions,
    readiness: Readiness,
    daily_calls: DailyCalls,
    duplicate_identity: DuplicateIdentity,
    session_token_seconds: u32,
    organisation_purger: OrganisationPurger,
    deepfake_runner: DeepfakeRunner,
    /// Ends with the last handle.
    _retention_sweeper: AbortOnDropHandle<()>,
}

impl Core {
    /// Starts the background tasks as well: the retention sweep, the purge of deleted organisations, the checks of videos that wait, the probes of services.
    pub fn start(config: &Config, services: Peers) -> Self {
        Self(Arc::new(Inner {
            tokens: TokenVerifier::default(),
            warm_up: WarmUp::default(),
            live: LiveTransactions::default(),
            readiness: Readiness::start(&services),
            daily_calls: DailyCalls::new(config.calls_per_day),
            duplicate_identity: config.duplicate_identity,
            session_token_seconds: config.session_token_seconds,
            organisation_purger: OrganisationPurger::start(config, &services),
            deepfake_runner: DeepfakeRunner::start(&services),
            _retention_sweeper: retention::start_sweeper(config, &services),
            services,
        }))
    }

    pub(crate) fn services(&self) -> &Peers {
        &self.0.services
    }

    pub(crate) fn live(&self) -> &LiveTransactions {
        &self.0.live
    }

    pub fn daily_calls(&self) -> &DailyCalls {
        &self.0.daily_calls
    }

    pub fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    pub(crate) fn holders(&self) -> SubjectDataServices {
        SubjectDataServices::new(&self.0.services)
    }

    pub(crate) fn organisation_purger(&self) -> &OrganisationPurger {
        &self.0.organisation_purger
    }

    fn deepfake_runner(&self) -> &DeepfakeRunner {
        &self.0.deepfake_runner
    }

    fn warm_up(&self) -> &WarmUp {
        &self.0.warm_up
    }

    fn session_token_seconds(&self) -> u32 {
        self.0.session_token_seconds
    }

    fn duplicate_identity(&self) -> DuplicateIdentity {
        self.0.duplicate_identity
    }

    /// The caller an API key or a session token belongs to.
    ///
    /// # Errors
    /// 401 for a token or key that is not valid, 403 for a key that is not active.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, Error> {
        authentication::authenticate_token(&self.0.services, &self.0.tokens, token).await
    }
}
