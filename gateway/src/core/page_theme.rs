//! The theme of a project's hosted pages.

use proto::journeys::{GetPageThemeRequest, PageTheme};
use serde_json::{Value, json};

use crate::core::{
    Core,
    audit::{AuditEvent, record_audit_event},
    caller::Caller,
    error::Error,
};

/// # Errors
/// When the journeys service does not answer.
pub async fn get_page_theme(core: &Core, caller: &Caller) -> Result<PageTheme, Error> {
    let request = GetPageThemeRequest { project_id: caller.project_id.clone() };
    Ok(core.services().journeys().get_page_theme(request).await?.into_inner())
}

/// Changes the theme by `change`, from the next page on.
///
/// # Errors
/// 400 names a field.
pub async fn change_page_theme(
    core: &Core,
    caller: &Caller,
    change: impl FnOnce(PageTheme) -> PageTheme + Send,
) -> Result<PageTheme, Error> {
    let current = get_page_theme(core, caller).await?;
    let before = Some(audited(&current));
    let stored = core.services().journeys().put_page_theme(change(current)).await?.into_inner();
    let after = Some(audited(&stored));
    let target = &caller.project_id;
    let event = AuditEvent { action: "page_theme.changed", target, before, after, ..AuditEvent::default() };
    record_audit_event(core, target, event).await?;
    Ok(stored)
}

/// Without the picture itself.
fn audited(theme: &PageTheme) -> Value {
    json!({
        "name": theme.name,
        "accent": theme.accent,
        "language": theme.language,
        "redirect_url": theme.redirect_url,
        "frame_ancestors": theme.frame_ancestors,
        "logo_bytes": theme.logo.len(),
    })
}
