//! The theme of the pages that this server shows for a tenant.

use proto::journeys as wire;

use crate::{error::Error, flow::check_url, service::Journeys, store::PageThemeRow};

const MAX_NAME: usize = 80;
const MAX_LOGO_BYTES: usize = 100 * 1024;
const MAX_ANCESTORS: usize = 10;
const LANGUAGES: [&str; 4] = ["", "en", "es", "de"];

impl Journeys {
    pub(crate) async fn page_theme(&self, tenant: &str) -> Result<wire::PageTheme, Error> {
        match self.store.find_page_theme(tenant).await? {
            Some(row) => encode(row),
            None => Ok(wire::PageTheme { project_id: tenant.to_owned(), ..wire::PageTheme::default() }),
        }
    }

    pub(crate) async fn set_page_theme(&self, theme: wire::PageTheme) -> Result<wire::PageTheme, Error> {
        check(&theme)?;
        let row = PageThemeRow {
            frame_ancestors: serde_json::to_string(&theme.frame_ancestors).map_err(|_| Error::Damaged)?,
            logo_type: logo_type(&theme.logo)?.to_owned(),
            project_id: theme.project_id,
            name: theme.name,
            accent: theme.accent,
            language: theme.language,
            redirect_url: theme.redirect_url,
            logo: theme.logo.to_vec(),
            updated_at: self.now_ms(),
        };
        self.store.put_page_theme(&row).await?;
        encode(row)
    }
}

fn encode(row: PageThemeRow) -> Result<wire::PageTheme, Error> {
    Ok(wire::PageTheme {
        frame_ancestors: serde_json::from_str(&row.frame_ancestors).map_err(|_| Error::Damaged)?,
        project_id: row.project_id,
        name: row.name,
        accent: row.accent,
        language: row.language,
        redirect_url: row.redirect_url,
        logo: row.logo.into(),
        logo_type: row.logo_type,
        updated_at_ms: Some(row.updated_at),
    })
}

fn check(theme: &wire::PageTheme) -> Result<(), Error> {
    let wrong = |name: &'static str, why: &str| Err(Error::Field(name, why.to_owned()));
    if theme.name.chars().count() > MAX_NAME || theme.name.chars().any(char::is_control) {
        return wrong("name", "must have at most 80 characters");
    }
    if !theme.accent.is_empty() && !is_colour(&theme.accent) {
        return wrong("accent", "must be #rrggbb");
    }
    if !LANGUAGES.contains(&theme.language.as_str()) {
        return wrong("language", "must be one of en, es, de");
    }
    check_url("redirect_url", &theme.redirect_url)?;
    if theme.frame_ancestors.len() > MAX_ANCESTORS {
        return wrong("frame_ancestors", "has more than 10 origins");
    }
    if !theme.frame_ancestors.iter().all(|origin| is_origin(origin)) {
        return wrong("frame_ancestors", "holds https://host[:port] each");
    }
    if theme.logo.len() > MAX_LOGO_BYTES {
        return wrong("logo", "must have at most 100 KiB");
    }
    Ok(())
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The value becomes part of a header, so other characters are rejected.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").unwrap_or_default();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-.:".contains(&b);
    !host.is_empty() && host.len() <= 253 && host.bytes().all(plain)
}

/// Detects the format by the first bytes; formats that can contain scripts are rejected.
fn logo_type(logo: &[u8]) -> Result<&'static str, Error> {
    match logo {
        [] => Ok(""),
        [0x89, b'P', b'N', b'G', ..] => Ok("image/png"),
        [0xff, 0xd8, 0xff, ..] => Ok("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok("image/webp"),
        _ => Err(Error::Field("logo", "must be png, jpeg or webp".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_colour_and_an_origin_gets_into_styles_and_headers() {
        assert!(is_colour("#0a5Cff") && !is_colour("#fff") && !is_colour("red") && !is_colour("#0a5cf;"));
        assert!(is_origin("https://a.example:8443") && is_origin("https://a-b.example"));
        for wrong in
            ["https://", "http://a.example", "https://a.example/", "https://a; script-src *", "*", ""]
        {
            assert!(!is_origin(wrong), "{wrong}");
        }
        assert_eq!(logo_type(b"\x89PNG\r\n").unwrap(), "image/png");
        assert!(logo_type(b"<svg onload='alert(1)'/>").is_err());
    }
}
