//! `/api-projects/page-theme`: the theme of the pages that this server shows for a project.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use boot::timestamp::rfc3339;
use proto::journeys::PageTheme;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    core::{caller::Caller, error::Error, page_theme},
    http::{envelope::Envelope, json, state::Gateway},
};

/// Largest body: the largest logo in base64 and the other fields.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// Changes of a theme; absent fields do not change.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PageThemeChange {
    /// Name of the company, at most 80 characters.
    #[schema(example = "Example Bank")]
    name: Option<String>,
    /// The colour of buttons, `#rrggbb`. Empty: the default.
    #[schema(example = "#0a5cff")]
    accent: Option<String>,
    /// `en`, `es` or `de`. Empty: the browser's.
    #[schema(example = "en")]
    language: Option<String>,
    /// The https URL to which the person is redirected at the end, with `check_id` and `status` in the query. Empty:
    /// none.
    #[schema(example = "https://example.org/welcome")]
    redirect_url: Option<String>,
    /// Origins that may embed the page in a frame, `https://host[:port]` each.
    #[schema(example = json!(["https://app.example.org"]))]
    frame_ancestors: Option<Vec<String>>,
    /// A data URI: png, jpeg or webp, at most 100 KiB. Empty: none.
    logo: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PageThemeData {
    name: String,
    accent: String,
    language: String,
    redirect_url: String,
    frame_ancestors: Vec<String>,
    /// A data URI, or empty.
    logo: String,
    /// Null while the defaults are in force.
    updated_at: Option<String>,
}

/// Returns the theme of the project's pages.
#[utoipa::path(get, path = "/api-projects/page-theme", tag = "projects",
    responses((status = 200, body = Envelope<PageThemeData>)))]
pub async fn get_page_theme(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Envelope<PageThemeData>>, Error> {
    let theme = page_theme::get_page_theme(gateway.core(), &caller).await?;
    Ok(Json(Envelope::new("page theme found", theme.into())))
}

/// Changes the theme of the project's pages.
#[utoipa::path(put, path = "/api-projects/page-theme", tag = "projects", request_body = PageThemeChange,
    responses((status = 200, body = Envelope<PageThemeData>), (status = 400, description = "what is wrong with which field")))]
pub async fn put_page_theme(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<PageThemeData>>, Error> {
    let change: PageThemeChange = json::parse_change(body, &[])?;
    let logo = change.logo.as_deref().map(decode_logo).transpose()?;
    let apply = |theme: PageTheme| PageTheme {
        name: change.name.unwrap_or(theme.name),
        accent: change.accent.unwrap_or(theme.accent),
        language: change.language.unwrap_or(theme.language),
        redirect_url: change.redirect_url.unwrap_or(theme.redirect_url),
        frame_ancestors: change.frame_ancestors.unwrap_or(theme.frame_ancestors),
        logo: logo.map_or(theme.logo, Into::into),
        ..PageTheme { project_id: theme.project_id, ..PageTheme::default() }
    };
    let theme = page_theme::change_page_theme(gateway.core(), &caller, apply).await?;
    Ok(Json(Envelope::new("page theme updated", theme.into())))
}

fn decode_logo(uri: &str) -> Result<Vec<u8>, Error> {
    let encoded = uri.split_once(";base64,").map_or(uri, |(_, encoded)| encoded);
    STANDARD.decode(encoded).map_err(|_| Error::field("logo", "must be a data URI in base64"))
}

/// Returns a picture as a data URI; empty when there is none.
pub fn logo_uri(theme: &PageTheme) -> String {
    match theme.logo.as_ref() {
        [] => String::new(),
        logo => format!("data:{};base64,{}", theme.logo_type, STANDARD.encode(logo)),
    }
}

impl From<PageTheme> for PageThemeData {
    fn from(theme: PageTheme) -> Self {
        Self {
            logo: logo_uri(&theme),
            name: theme.name,
            accent: theme.accent,
            language: theme.language,
            redirect_url: theme.redirect_url,
            frame_ancestors: theme.frame_ancestors,
            updated_at: theme.updated_at_ms.map(rfc3339),
        }
    }
}
