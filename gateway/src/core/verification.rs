//! Resolves session, user and consents before every call about a user.

use proto::{
    consent::{ConsentKind, ConsentState},
    ml::RecordingOrigin,
};

use crate::core::{
    Core,
    caller::Caller,
    consent::{self, Authorized},
    dialect::ConsentMode,
    error::Error,
    record::TransactionRecord,
    sessions,
    test_mode::Script,
};

/// The session and the user a request names.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    pub session_id: Option<String>,
    pub user_fullname: Option<String>,
    /// Consents ticked by a person who tries the product; they apply instead of the recorded ones.
    pub ticked: Option<ConsentState>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserRequirement {
    Required,
    /// Without a user nobody is recognised and nothing is stored.
    Optional,
}

/// Where nothing but consents has bound the session yet, it and they become those of the user a call names.
///
/// # Errors
/// As [`Verification::begin`].
pub async fn take_consents_of_session(
    core: &Core,
    caller: &Caller,
    record: &TransactionRecord,
    subject: &Subject,
) -> Result<(), Error> {
    let (Some(session_id), Some(user)) = (&subject.session_id, &subject.user_fullname) else {
        return Ok(());
    };
    // A session token is for one user from the beginning.
    caller.settle_session(&mut Some(session_id.clone()), &mut Some(user.clone()))?;
    match sessions::rename_user(core, caller, session_id, user).await? {
        None => Ok(()),
        Some(former) => {
            consent::copy_consents_of_session(core, caller, record, session_id, (former, user)).await
        }
    }
}

/// A call about a user: the session is locked to them, and their consents are known. The operations on media require
/// one of these, so none can skip the lock, the consents or the record.
pub struct Verification<'a> {
    pub(super) core: &'a Core,
    pub(super) caller: &'a Caller,
    pub(super) record: &'a mut TransactionRecord,
    pub(super) session_id: Option<String>,
    pub(super) user: Option<String>,
    pub(super) consents: ConsentState,
    /// Whether consents were ticked with the call and are not recorded yet.
    are_ticked: bool,
}

impl<'a> Verification<'a> {
    /// Resolves the user (the one named, else the session's), locks the session and reads the consents.
    ///
    /// # Errors
    /// 400 when a user is required and none is known; 403 for what a session token is not for; 403, 404 or 409 when the session is another user's, unknown or
    /// ended; when a service does not answer.
    pub async fn begin(
        core: &'a Core,
        caller: &'a Caller,
        record: &'a mut TransactionRecord,
        subject: Subject,
        requirement: UserRequirement,
    ) -> Result<Self, Error> {
        let Subject { mut session_id, mut user_fullname, ticked } = subject;
        caller.settle_session(&mut session_id, &mut user_fullname)?;
        record.set_session(session_id.clone());
        let user = match (user_fullname, &session_id) {
            (Some(user), _) => Some(user),
            (None, Some(session_id)) => sessions::bound_user(core, caller, session_id).await?,
            (None, None) => None,
        };
        record.set_user(user.clone());
        if user.is_none() && requirement == UserRequirement::Required {
            return Err(Error::UserRequired);
        }
        let bind = async {
            match (&session_id, &user) {
                (Some(session_id), Some(user)) => sessions::bind_user(core, caller, session_id, user).await,
                _ => Ok(()),
            }
        };
        let consents = async {
            match ticked {
                Some(ticked) => Ok(ticked),
                // Test users do not exist, so they are not in the ledger.
                None if caller.is_test => Ok(Script::of(user.as_deref()).consents()),
                None => consent::consent_state(core, caller, user.as_deref()).await,
            }
        };
        let (mut consents, ()) = tokio::try_join!(consents, bind)?;
        if let Some(user) = &user {
            consent::attest(core, caller, record, user, ConsentKind::Authorization, &mut consents).await?;
        }
        Ok(Self { core, caller, record, session_id, user, consents, are_ticked: ticked.is_some() })
    }

    /// Records consents ticked with the call, where they differ from the current ones: once the call is known to run,
    /// and before anything is stored that depends on them.
    pub(super) async fn record_ticked_consents(&mut self) -> Result<(), Error> {
        let Some(user) = self.user.as_deref().filter(|_| self.are_ticked) else { return Ok(()) };
        consent::record_ticked_consents(self.core, self.caller, self.record, user, self.consents).await
    }

    /// Proof that the user may be compared.
    ///
    /// # Errors
    /// 403 without authorization consent.
    pub(super) fn authorized(&self) -> Result<Authorized, Error> {
        Authorized::by_consent(&self.consents)
    }

    /// Records, if the project attests consents, that this call stores data of the user.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub(super) async fn attest_storage(&mut self) -> Result<(), Error> {
        let Some(user) = &self.user else { return Ok(()) };
        let (kind, consents) = (ConsentKind::Storage, &mut self.consents);
        consent::attest(self.core, self.caller, self.record, user, kind, consents).await
    }

    /// Returns the origin of a recording, to detect its reuse. `None` for dashboard users: they try their project,
    /// often with one recording, and verify nobody.
    pub(super) fn recording_origin(&self) -> Option<RecordingOrigin> {
        (!self.caller.is_dashboard_user()).then(|| RecordingOrigin {
            transaction_id: self.record.transaction_id().to_owned(),
            session_id: self.session_id.clone().unwrap_or_default(),
            other_projects: self.caller.replay_projects.clone(),
            user_fullname: self.user.clone().unwrap_or_default(),
        })
    }

    /// Whether this call may store media of its user, now or after recording an attested consent.
    pub(super) fn may_come_to_store(&self) -> bool {
        let is_attested =
            self.caller.consent_mode() == ConsentMode::Attested && !self.consents.storage_recorded;
        self.consents.authorization && (self.consents.storage || is_attested)
    }

    /// Returns the script of a test call; `None`: it is live, and the models decide.
    pub(super) fn script(&self) -> Option<Script> {
        self.caller.is_test.then(|| Script::of(self.user.as_deref()))
    }

    /// Whether the user has consented to recognition and to storage of templates and media.
    pub(super) fn may_store(&self) -> bool {
        self.consents.authorization && self.consents.storage
    }
}
