//! Webhook events of this API: `{"type": "<type of the flow>_<event>", "object"}`. They are sent to the URLs of the
//! flow and the validation, and to the key's endpoints that subscribe to `verifik.event`. They contain neither codes
//! nor tokens.

use proto::journeys as wire;
use serde::Serialize;

use super::{
    app_registrations::AppRegistration,
    biometric_validations::BiometricValidation,
    flows::{TYPES, word},
};
use crate::{
    core::{
        error::Error,
        journeys::{get_flow, get_registration, get_validation},
    },
    http::{recording::Call, state::Gateway},
};

#[derive(Serialize)]
struct Event<'a, T> {
    r#type: String,
    object: &'a T,
}

/// An event of a flow.
pub struct Happened<'a> {
    pub flow_id: &'a str,
    /// `app_registration_created`, …
    pub what: &'a str,
    /// A URL besides the flow's own; empty: none.
    pub url: &'a str,
}

/// Adds an event to the record of the call.
pub async fn report(gateway: &Gateway, call: &mut Call, happened: Happened<'_>, object: &impl Serialize) {
    let Happened { flow_id, what, url } = happened;
    // The call itself has succeeded: a flow that was deleted meanwhile reports nothing.
    let Ok(flow) = get_flow(gateway.core(), &call.caller, flow_id).await else {
        tracing::warn!(what, "an event has no flow any more and is not reported");
        return;
    };
    let settings = flow.settings.unwrap_or_default();
    let kind = word(&TYPES, &settings.r#type());
    call.record.set_event(&Event { r#type: format!("{kind}_{what}"), object });
    let mut urls: Vec<String> = [settings.webhook_url, url.to_owned()].into();
    urls.retain(|url| !url.is_empty());
    urls.dedup();
    call.record.set_event_urls(urls);
}

/// Adds an event about a registration.
pub async fn report_registration(gateway: &Gateway, call: &mut Call, of: &wire::Registration, what: &str) {
    let happened = Happened { flow_id: &of.flow_id, what, url: "" };
    let object = AppRegistration::with_step(&call.caller, of.clone());
    report(gateway, call, happened, &object).await;
}

/// Adds an event about a registration in its current state.
pub async fn report_registration_now(gateway: &Gateway, call: &mut Call, id: &str, what: &str) {
    if let Ok(registration) = get_registration(gateway.core(), &call.caller, id).await {
        report_registration(gateway, call, &registration, what).await;
    }
}

/// Adds an event about a validation.
pub async fn report_validation(gateway: &Gateway, call: &mut Call, of: &wire::Validation, what: &str) {
    let url = of.asked.as_ref().map(|asked| asked.webhook_url.clone()).unwrap_or_default();
    let happened = Happened { flow_id: &of.flow_id, what, url: &url };
    let object = BiometricValidation::new(&call.caller, of.clone());
    report(gateway, call, happened, &object).await;
}

/// Adds an event about a validation in its current state.
pub async fn report_validation_now(gateway: &Gateway, call: &mut Call, id: &str, what: &str) {
    if let Ok(validation) = get_validation(gateway.core(), &call.caller, id).await {
        report_validation(gateway, call, &validation, what).await;
    }
}

/// Returns whether an error is a refusal with this word.
pub fn is_word<T>(result: &Result<T, Error>, of: &str) -> bool {
    matches!(result, Err(Error::Worded { word, .. }) if word == of)
}
