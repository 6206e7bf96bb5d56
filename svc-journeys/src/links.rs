//! One-time links: the holder of a link's token acts once, for one subject, with the permissions of the key that
//! created it.

use aws_lc_rs::digest;
use proto::journeys as wire;
use serde::{Deserialize, Serialize};

use crate::{
    emails::{LIFETIME_MS as CODE_LIFETIME_MS, MAX_TRIES, code, code_message},
    error::{Error, Refusal},
    id,
    sealing::{Sealed, newest},
    service::Journeys,
    store::LinkRow,
    words::{ClosedSet, LinkPurpose},
};

const MAX_LIFETIME_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// How long a used link is stored after it expired.
const REMEMBERED_MS: i64 = 24 * 60 * 60 * 1000;
/// Most codes of a link; with five attempts each, guessing stays hopeless.
const MAX_CODES: i64 = 3;
const SECRET_BYTES: usize = 32;
const MAX_TEXT: usize = 256;

/// The holder of a link; stored encrypted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub identifier: String,
    email: String,
    phone: String,
    record_id: String,
    language: String,
    grant: Grant,
}

/// The content of a link, sealed beside the columns it is searched by. Someone who can write to the database but lacks
/// the master key cannot move the columns to another key, token or time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    api_key_id: String,
    purpose: String,
    token_hash: String,
    expires_at: i64,
}

impl Journeys {
    pub(crate) async fn add_link(
        &self,
        request: wire::CreateLinkRequest,
    ) -> Result<wire::CreateLinkResponse, Error> {
        let wrong = |field: &'static str| Error::Field(field, format!("\"{field}\" is not valid"));
        let purpose = LinkPurpose::of_wire(request.purpose()).ok_or_else(|| wrong("purpose"))?;
        let asked = request.holder.unwrap_or_default();
        let mailer = (!request.mail_prefix.is_empty()).then_some(self.mailer.as_ref());
        let mailer = mailer.map(|mailer| mailer.ok_or(Refusal::EmailNotConfigured)).transpose()?;
        let (tenant, now_ms) = (&request.project_id, self.now_ms());
        self.store.delete_links_before(now_ms - REMEMBERED_MS).await?;
        let (id, token) = (id::generate(now_ms)?, secret()?);
        let grant = Grant {
            api_key_id: request.api_key_id,
            purpose: purpose.as_str().to_owned(),
            token_hash: hex::encode(hash(&token)),
            expires_at: request.expires_at_ms.min(now_ms + MAX_LIFETIME_MS),
        };
        let holder = holder(asked, grant)?;
        let Sealed { wrapped_key, sealed } = self.sealer.seal(tenant, &id, &holder)?;
        let row = LinkRow {
            id,
            project_id: tenant.clone(),
            api_key_id: holder.grant.api_key_id.clone(),
            purpose: holder.grant.purpose.clone(),
            token_hash: hash(&token),
            wrapped_key,
            sealed,
            browser_hash: None,
            needs_code: request.needs_code.into(),
            used_at: None,
            expires_at: holder.grant.expires_at,
        };
        let subjects = self.sealer.subject_hashes(tenant, &holder.identifier)?;
        self.store.add_link(&row, newest(&subjects)?, now_ms).await?;
        if let Some(mailer) = mailer {
            let (title, text) = link_message(&holder.language, &format!("{}{token}", request.mail_prefix));
            mailer.send(&holder.email, title, text).await.map_err(Error::Mail)?;
        }
        Ok(wire::CreateLinkResponse { link: Some(encode(row, holder)), token })
    }

    pub(crate) async fn open_link(
        &self,
        request: &wire::OpenLinkRequest,
    ) -> Result<wire::OpenLinkResponse, Error> {
        let row = self.store.find_link_by_token(&hash(&request.token)).await?.ok_or(Refusal::NoLink)?;
        let purpose = LinkPurpose::of_wire(request.purpose()).ok_or(Refusal::NoLink)?;
        if row.purpose != purpose.as_str() {
            return Err(Refusal::NoLink.into());
        }
        if row.used_at.is_some() {
            return Err(Refusal::LinkUsed.into());
        }
        if row.expires_at <= self.now_ms() {
            return Err(Refusal::LinkExpired.into());
        }
        self.holder(&row)?;
        let browser_secret = self.bind(&row, request).await?;
        let link = Some(self.encode_link(row)?);
        Ok(wire::OpenLinkResponse { link, browser_secret })
    }

    /// The secret of the browser that this call binds the link to; empty if it binds none.
    async fn bind(&self, row: &LinkRow, request: &wire::OpenLinkRequest) -> Result<String, Error> {
        if let Some(bound) = &row.browser_hash {
            // These are hashes of random secrets, so the duration of the comparison reveals nothing.
            let is_own = *bound == hash(&request.browser_secret);
            return if is_own { Ok(String::new()) } else { Err(Refusal::LinkOfAnotherBrowser.into()) };
        }
        if !request.binds {
            return Ok(String::new());
        }
        let secret = secret()?;
        match self.store.bind_link(&row.id, &hash(&secret)).await? {
            true => Ok(secret),
            false => Err(Refusal::LinkOfAnotherBrowser.into()),
        }
    }

    pub(crate) async fn take_link(&self, request: &wire::RecordRequest) -> Result<wire::Link, Error> {
        let row = self.link_row(request).await?;
        self.holder(&row)?;
        if !self.store.take_link(&request.project_id, &request.id, self.now_ms()).await? {
            return Err(if row.needs_code == 1 { Refusal::WrongCode } else { Refusal::LinkUsed }.into());
        }
        self.encode_link(row)
    }

    pub(crate) async fn return_link(&self, request: &wire::RecordRequest) -> Result<wire::Link, Error> {
        self.store.return_link(&request.project_id, &request.id).await?;
        self.encode_link(self.link_row(request).await?)
    }

    pub(crate) async fn mail_link_code(&self, request: &wire::RecordRequest) -> Result<wire::Link, Error> {
        let mailer = self.mailer.as_ref().ok_or(Refusal::SecurityNotSet)?;
        let row = self.link_row(request).await?;
        let (holder, code) = (self.holder(&row)?, code()?);
        let hashes = self.sealer.code_hashes(&row.id, &code)?;
        let expires_at = self.now_ms() + CODE_LIFETIME_MS;
        let (project, bounds) = (&row.project_id, (expires_at, MAX_CODES));
        if !self.store.set_link_code(project, &row.id, newest(&hashes)?, bounds).await? {
            return Err(Refusal::AttemptsExceeded.into());
        }
        let (title, text) = code_message(&holder.language, &code);
        mailer.send(&holder.email, title, text).await.map_err(Error::Mail)?;
        Ok(encode(row, holder))
    }

    pub(crate) async fn compare_link_code(
        &self,
        request: &wire::CheckLinkCodeRequest,
    ) -> Result<wire::Link, Error> {
        let (tenant, id) = (&request.project_id, &request.id);
        let named = wire::RecordRequest { project_id: tenant.clone(), id: id.clone() };
        let row = self.link_row(&named).await?;
        if !self.store.count_link_try(tenant, id, MAX_TRIES, self.now_ms()).await? {
            return Err(Refusal::CodeExpired.into());
        }
        for hash in self.sealer.code_hashes(id, &request.code)? {
            if self.store.use_link_code(tenant, id, &hash).await? {
                return self.encode_link(LinkRow { needs_code: 0, ..row });
            }
        }
        Err(Refusal::WrongCode.into())
    }

    async fn link_row(&self, request: &wire::RecordRequest) -> Result<LinkRow, Error> {
        Ok(self.store.find_link(&request.project_id, &request.id).await?.ok_or(Refusal::NoLink)?)
    }

    fn holder(&self, row: &LinkRow) -> Result<Holder, Error> {
        let sealed = Sealed { wrapped_key: row.wrapped_key.clone(), sealed: row.sealed.clone() };
        let holder: Holder = self.sealer.open(&row.project_id, &row.id, &sealed)?;
        let grant = Grant {
            api_key_id: row.api_key_id.clone(),
            purpose: row.purpose.clone(),
            token_hash: hex::encode(&row.token_hash),
            expires_at: row.expires_at,
        };
        if holder.grant != grant {
            tracing::error!(link.id = row.id, "a link was changed outside of the service and is rejected");
            return Err(Refusal::NoLink.into());
        }
        Ok(holder)
    }

    fn encode_link(&self, row: LinkRow) -> Result<wire::Link, Error> {
        let holder = self.holder(&row)?;
        Ok(encode(row, holder))
    }
}

fn encode(row: LinkRow, holder: Holder) -> wire::Link {
    wire::Link {
        id: row.id,
        project_id: row.project_id,
        api_key_id: row.api_key_id,
        holder: Some(wire::LinkHolder {
            identifier: holder.identifier,
            email: holder.email,
            phone: holder.phone,
            record_id: holder.record_id,
            language: holder.language,
        }),
        expires_at_ms: row.expires_at,
        needs_code: row.needs_code == 1,
        is_bound: row.browser_hash.is_some(),
    }
}

fn holder(wire: wire::LinkHolder, grant: Grant) -> Result<Holder, Error> {
    let texts = [
        ("identifier", &wire.identifier),
        ("email", &wire.email),
        ("phone", &wire.phone),
        ("language", &wire.language),
    ];
    for (name, text) in texts {
        if text.len() > MAX_TEXT {
            return Err(Error::Field(name, format!("\"{name}\" has more than {MAX_TEXT} bytes")));
        }
    }
    let wire::LinkHolder { identifier, email, phone, record_id, language } = wire;
    Ok(Holder { identifier, email, phone, record_id, language, grant })
}

/// Generates random text that cannot be guessed.
fn secret() -> Result<String, Error> {
    let mut bytes = [0; SECRET_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(hex::encode(bytes))
}

/// Returns the stored form of a secret. The secret is random, so a plain hash reveals nothing.
fn hash(secret: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, secret.as_bytes()).as_ref().to_vec()
}

/// Returns subject and text in English or Spanish.
fn link_message(language: &str, url: &str) -> (&'static str, String) {
    match language {
        "es" => (
            "Tu enlace de verificación",
            format!(
                "Abre este enlace para verificar tu identidad:\n\n{url}\n\nSirve una sola vez y en un solo navegador. Si no lo \
                 pediste, ignora este mensaje.\n"
            ),
        ),
        _ => (
            "Your verification link",
            format!(
                "Open this link to verify your identity:\n\n{url}\n\nIt works once and in one browser. If you did not ask for \
                 it, ignore this message.\n"
            ),
        ),
    }
}
