//! Links to pages of this server: the holder of a link's token acts once, with the permissions of the key that
//! created it.

use proto::journeys as wire;

use crate::core::{Core, authentication::authorize_key, caller::Caller, error::Error};

/// An opened link, and its caller.
pub struct OpenedLink {
    pub link: wire::Link,
    /// The key that created it; still to enter its API.
    pub caller: Caller,
    /// The secret that a newly bound browser must present from now on.
    pub browser_secret: Option<String>,
}

/// The request of a link.
pub struct LinkAsked {
    pub purpose: wire::LinkPurpose,
    pub holder: wire::LinkHolder,
    pub expires_at_ms: i64,
    /// It is mailed to the holder's address, after this text.
    pub mail_prefix: Option<String>,
    pub needs_code: bool,
}

/// Creates a link; returns its token, which no later response contains.
///
/// # Errors
/// 400 names a field; 409 `email_not_configured` without a mail server.
pub async fn create_link(core: &Core, caller: &Caller, asked: LinkAsked) -> Result<String, Error> {
    let request = wire::CreateLinkRequest {
        project_id: caller.project_id.clone(),
        api_key_id: caller.id.clone(),
        purpose: asked.purpose.into(),
        holder: Some(asked.holder),
        expires_at_ms: asked.expires_at_ms,
        mail_prefix: asked.mail_prefix.unwrap_or_default(),
        needs_code: asked.needs_code,
    };
    Ok(core.services().journeys().create_link(request).await?.into_inner().token)
}

/// Opens a link by its token.
///
/// # Errors
/// 404 `link_not_found`, 409 `link_is_used` and `link_has_expired`, 403 `link_of_another_browser`; 401 and 403 when its key is not active any more.
pub async fn open_link(core: &Core, request: wire::OpenLinkRequest) -> Result<OpenedLink, Error> {
    let opened = core.services().journeys().open_link(request).await?.into_inner();
    let link = opened.link.unwrap_or_default();
    let caller = authorize_key(core.services(), link.api_key_id.clone(), link.project_id.clone()).await?;
    let browser_secret = (!opened.browser_secret.is_empty()).then_some(opened.browser_secret);
    Ok(OpenedLink { link, caller, browser_secret })
}

fn named(link: &wire::Link) -> wire::RecordRequest {
    wire::RecordRequest { project_id: link.project_id.clone(), id: link.id.clone() }
}

/// Mails a code to the holder of a link.
///
/// # Errors
/// 409 `attempts_exceeded` after the third one; 503 when the mail server does not take it.
pub async fn send_link_code(core: &Core, link: &wire::Link) -> Result<(), Error> {
    core.services().journeys().send_link_code(named(link)).await?;
    Ok(())
}

/// Compares a code with the one that was mailed.
///
/// # Errors
/// 403 `otp_does_not_match`; 409 `emailValidation_has_expired` also after five wrong ones.
pub async fn check_link_code(core: &Core, link: &wire::Link, code: String) -> Result<(), Error> {
    let wire::RecordRequest { project_id, id } = named(link);
    core.services().journeys().check_link_code(wire::CheckLinkCodeRequest { project_id, id, code }).await?;
    Ok(())
}

/// A link that was used up for a call. Dropped before [`spend`](Self::spend), it becomes usable again: the call had
/// no result.
pub struct TakenLink {
    core: Core,
    /// `None`: it is spent.
    named: Option<wire::RecordRequest>,
}

impl TakenLink {
    /// Uses a link up; of concurrent calls one succeeds.
    ///
    /// # Errors
    /// 409 `link_is_used`; 403 `otp_does_not_match` before its code was compared.
    pub async fn take(core: &Core, link: &wire::Link) -> Result<Self, Error> {
        let named = named(link);
        core.services().journeys().take_link(named.clone()).await?;
        Ok(Self { core: core.clone(), named: Some(named) })
    }

    pub fn spend(mut self) {
        self.named = None;
    }
}

impl Drop for TakenLink {
    fn drop(&mut self) {
        let Some(named) = self.named.take() else { return };
        let core = self.core.clone();
        // Also when the client disconnected. A failure costs the person a new link, and nothing else.
        tokio::spawn(async move {
            if let Err(status) = core.services().journeys().return_link(named).await {
                tracing::warn!(code = ?status.code(), "a link stays used");
            }
        });
    }
}
