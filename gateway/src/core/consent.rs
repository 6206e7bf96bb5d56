//! Consent: recorded in the ledger per user of the caller's project, and read for every verification.

use futures::{Stream, TryStreamExt};
use proto::consent::{
    ConsentHistory, ConsentKind, ConsentState, ExportConsentsRequest, ExportedConsent, GetConsentRequest,
    RecordConsentRequest,
};
use serde_json::json;

use crate::core::{
    Core,
    audit::{AuditEvent, record_audit_event},
    caller::Caller,
    dialect::ConsentMode,
    error::Error,
    record::{CallContext, TransactionRecord},
    sessions,
    user_name::is_reserved,
};

/// A user's decision about one kind of consent.
#[derive(Clone, Debug)]
pub struct ConsentDecision {
    pub kind: ConsentKind,
    pub user_fullname: String,
    pub is_consent_given: bool,
}

/// Records a consent, given or withdrawn. In a session it locks the session's user, and another user is rejected. A
/// dashboard user can only withdraw. Returns the log's signed promise; empty for a test key, whose consents are in no
/// log.
///
/// # Errors
/// 403 for a consent given at the dashboard or another user's session; when the ledger does not respond.
pub async fn record_consent(
    core: &Core,
    caller: &Caller,
    context: &CallContext,
    record: &mut TransactionRecord,
    decision: ConsentDecision,
) -> Result<String, Error> {
    if decision.is_consent_given && caller.is_dashboard_user() {
        return Err(Error::ConsentIsPersonal);
    }
    if is_reserved(&decision.user_fullname) && !caller.is_dashboard_user() {
        return Err(Error::invalid("identifiers that begin with try-it: are reserved for the dashboard"));
    }
    record.set_user(Some(decision.user_fullname.clone()));
    if let Some(session_id) = &context.session_id {
        sessions::bind_by_consent(core, caller, session_id, &decision.user_fullname).await?;
    }
    append_consent(core, caller, context, record, decision).await
}

/// Records consents ticked by a user at the dashboard, as far as they differ from the current ones.
///
/// # Errors
/// When the ledger does not answer.
pub async fn record_ticked_consents(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    user_fullname: &str,
    ticked: ConsentState,
) -> Result<(), Error> {
    let current = consent_state(core, caller, Some(user_fullname)).await?;
    for (kind, was_given, is_consent_given) in [
        (ConsentKind::Authorization, current.authorization, ticked.authorization),
        (ConsentKind::Storage, current.storage, ticked.storage),
    ] {
        if was_given != is_consent_given {
            let user_fullname = user_fullname.to_owned();
            let decision = ConsentDecision { kind, user_fullname, is_consent_given };
            append_consent(core, caller, &CallContext::default(), record, decision).await?;
        }
    }
    Ok(())
}

/// Records consents ticked on a page of this server, unless given already.
///
/// # Errors
/// When the ledger does not answer.
pub async fn record_consent_of_page(
    core: &Core,
    caller: &Caller,
    record: &TransactionRecord,
    user_fullname: &str,
) -> Result<(), Error> {
    if consent_state(core, caller, Some(user_fullname)).await?.authorization {
        return Ok(());
    }
    let given = consent_given(caller, record, user_fullname, ConsentKind::Authorization);
    let request = RecordConsentRequest { basis: "person".to_owned(), ..given };
    core.services().consent().record_consent(request).await?;
    Ok(())
}

async fn append_consent(
    core: &Core,
    caller: &Caller,
    context: &CallContext,
    record: &mut TransactionRecord,
    decision: ConsentDecision,
) -> Result<String, Error> {
    if caller.is_test {
        // Only consents of people are in the ledger.
        record.set_reasons(vec![reason(decision.kind, decision.is_consent_given).to_owned()]);
        return Ok(String::new());
    }
    let request = RecordConsentRequest {
        given: decision.is_consent_given,
        session_id: context.session_id.clone(),
        device_info_json: context.device_info_json.clone(),
        ..consent_given(caller, record, &decision.user_fullname, decision.kind)
    };
    let promise = core.services().consent().record_consent(request).await?.into_inner().promise;
    if !decision.is_consent_given {
        let after = Some(json!({"kind": decision.kind.as_str_name()}));
        let subject = &decision.user_fullname;
        let event = AuditEvent { action: "consent.withdrawn", subject, after, ..AuditEvent::default() };
        record_audit_event(core, &caller.project_id, event).await?;
    }
    record.set_reasons(vec![reason(decision.kind, decision.is_consent_given).to_owned()]);
    Ok(promise)
}

/// Returns the decision as a reason, for the transaction and its webhooks.
const fn reason(kind: ConsentKind, is_given: bool) -> &'static str {
    match (kind, is_given) {
        (ConsentKind::Storage, true) => "storage_consent_given",
        (ConsentKind::Storage, false) => "storage_consent_withdrawn",
        (_, true) => "authorization_consent_given",
        (_, false) => "authorization_consent_withdrawn",
    }
}

/// Proof that a person may be compared: a user consented, or the project declares that it holds consents.
#[derive(Clone, Copy)]
pub struct Authorized(());

impl Authorized {
    /// For people identified by their pictures only.
    ///
    /// # Errors
    /// 403 unless the project declares that it holds consents.
    pub fn by_attestation(caller: &Caller) -> Result<Self, Error> {
        match caller.consent_mode() {
            ConsentMode::Attested => Ok(Self(())),
            ConsentMode::Ledger => Err(Error::ConsentRequired),
        }
    }

    /// # Errors
    /// 403 without authorization consent.
    pub fn by_consent(consents: &ConsentState) -> Result<Self, Error> {
        if consents.authorization { Ok(Self(())) } else { Err(Error::ConsentRequired) }
    }
}

/// Records that the project declares to hold a user's consent, if the project attests and no consent of this kind was
/// ever recorded: a withdrawal stays in force.
///
/// # Errors
/// When the ledger does not answer.
pub async fn attest(
    core: &Core,
    caller: &Caller,
    record: &TransactionRecord,
    user: &str,
    kind: ConsentKind,
    consents: &mut ConsentState,
) -> Result<(), Error> {
    let (given, recorded) = match kind {
        ConsentKind::Storage => (&mut consents.storage, &mut consents.storage_recorded),
        _ => (&mut consents.authorization, &mut consents.authorization_recorded),
    };
    if *recorded || *given || caller.consent_mode() != ConsentMode::Attested {
        return Ok(());
    }
    let basis = "attested".to_owned();
    let request = RecordConsentRequest { basis, ..consent_given(caller, record, user, kind) };
    core.services().consent().record_consent(request).await?;
    (*given, *recorded) = (true, true);
    Ok(())
}

/// Gives a user the consents that were given in the session under the name it had before, citing the session; what was ever
/// recorded of the user themselves stays.
///
/// # Errors
/// When the ledger does not answer.
pub async fn copy_consents_of_session(
    core: &Core,
    caller: &Caller,
    record: &TransactionRecord,
    session_id: &str,
    (former, user): (String, &str),
) -> Result<(), Error> {
    let request = GetConsentRequest { project_id: caller.project_id.clone(), user_fullname: former };
    let history = core.services().consent().get_history(request).await?.into_inner();
    let own = consent_state(core, caller, Some(user)).await?;
    let now = history.state.unwrap_or_default();
    for (kind, is_given, recorded) in [
        (ConsentKind::Authorization, now.authorization, own.authorization_recorded),
        (ConsentKind::Storage, now.storage, own.storage_recorded),
    ] {
        let given_here = history.entries.iter().rev().find(|entry| entry.kind() == kind);
        let given_here = given_here.is_some_and(|entry| entry.session_id.as_deref() == Some(session_id));
        if recorded || !is_given || !given_here {
            continue;
        }
        let request = RecordConsentRequest {
            session_id: Some(session_id.to_owned()),
            basis: session_id.to_owned(),
            ..consent_given(caller, record, user, kind)
        };
        core.services().consent().record_consent(request).await?;
    }
    Ok(())
}

/// Returns the request that records a consent as given in this call, without a session, a device or a basis.
pub(super) fn consent_given(
    caller: &Caller,
    record: &TransactionRecord,
    user: &str,
    kind: ConsentKind,
) -> RecordConsentRequest {
    RecordConsentRequest {
        project_id: caller.project_id.clone(),
        user_fullname: user.to_owned(),
        kind: kind.into(),
        given: true,
        api_key_id: caller.id.clone(),
        transaction_id: record.transaction_id().to_owned(),
        ..RecordConsentRequest::default()
    }
}

/// Returns the user's current consents; none without a user.
///
/// # Errors
/// When the ledger does not answer.
pub async fn consent_state(core: &Core, caller: &Caller, user: Option<&str>) -> Result<ConsentState, Error> {
    let Some(user) = user else { return Ok(ConsentState::default()) };
    let request = GetConsentRequest { project_id: caller.project_id.clone(), user_fullname: user.to_owned() };
    Ok(core.services().consent().get_consent(request).await?.into_inner())
}

/// Returns a user's current consents and their history, oldest first.
///
/// # Errors
/// 404 when nothing is recorded.
pub async fn consent_history(
    core: &Core,
    caller: &Caller,
    record: &mut TransactionRecord,
    user_fullname: String,
) -> Result<ConsentHistory, Error> {
    record.set_user(Some(user_fullname.clone()));
    let request = GetConsentRequest { project_id: caller.project_id.clone(), user_fullname };
    Ok(core.services().consent().get_history(request).await?.into_inner())
}

/// The consents recorded in the caller's project after an entry, oldest first; `limit` 0 means all.
///
/// # Errors
/// When the ledger does not answer.
pub async fn recorded_consents(
    core: &Core,
    caller: &Caller,
    after_id: Option<String>,
    limit: u32,
) -> Result<impl Stream<Item = Result<ExportedConsent, Error>> + Send + Unpin + use<>, Error> {
    let request = ExportConsentsRequest { project_id: caller.project_id.clone(), after_id, limit };
    let entries = core.services().consent().export_consents(request).await?.into_inner();
    Ok(entries.map_err(Error::from))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use scoring::catalogue;

    use super::*;

    #[test]
    fn the_catalogue_explains_every_decision_and_nothing_else() {
        let kinds = [ConsentKind::Authorization, ConsentKind::Storage];
        let emitted = kinds.into_iter().flat_map(|kind| [reason(kind, true), reason(kind, false)]);
        assert_eq!(catalogue::codes("consent").collect::<BTreeSet<_>>(), emitted.collect());
    }
}
