//! E-mail validations: a code of six digits is mailed, compared, and used once.

use proto::journeys as wire;

use crate::{
    error::{Error, Refusal},
    id,
    registrations::subject,
    sealing::{Sealed, newest},
    service::Journeys,
    store::EmailRow,
    words::{ClosedSet, EmailValidationStatus},
};

/// How long a code is valid, and how many attempts it allows.
pub const LIFETIME_MS: i64 = 10 * 60 * 1000;
pub const MAX_TRIES: i64 = 5;
const DIGITS: u32 = 1_000_000;

/// The recipient of a code.
struct Receiver {
    registration_id: String,
    journey_project_id: String,
    flow_id: String,
    email: String,
    language: String,
    subject: String,
}

impl Journeys {
    pub(crate) async fn mail_code(
        &self,
        request: wire::SendEmailCodeRequest,
    ) -> Result<wire::EmailValidation, Error> {
        let mailer = self.mailer.as_ref().ok_or(Refusal::SecurityNotSet)?;
        let tenant = request.project_id.clone();
        let to = self.receiver(request).await?;
        if !mail::is_address(&to.email) {
            return Err(Error::Field("email", "\"email\" is not valid".to_owned()));
        }
        let now_ms = self.now_ms();
        let (id, code) = (id::generate(now_ms)?, code()?);
        let Sealed { wrapped_key, sealed } = self.sealer.seal(&tenant, &id, &to.email)?;
        let row = EmailRow {
            journey_project_id: to.journey_project_id,
            flow_id: to.flow_id,
            registration_id: to.registration_id,
            status: EmailValidationStatus::Sent.as_str().to_owned(),
            wrapped_key,
            sealed,
            code_hash: Some(newest(&self.sealer.code_hashes(&id, &code)?)?.clone()),
            expires_at: now_ms + LIFETIME_MS,
            created_at: now_ms,
            updated_at: now_ms,
            id,
        };
        let addresses = self.sealer.address_hashes(&row.journey_project_id, &to.email)?;
        let subjects = self.sealer.subject_hashes(&tenant, &to.subject)?;
        self.store.add_email(&tenant, &row, newest(&addresses)?, newest(&subjects)?).await?;
        let (title, text) = code_message(&to.language, &code);
        mailer.send(&to.email, title, text).await.map_err(Error::Mail)?;
        self.encode_email(&tenant, row)
    }

    async fn receiver(&self, request: wire::SendEmailCodeRequest) -> Result<Receiver, Error> {
        let tenant = &request.project_id;
        if request.registration_id.is_empty() {
            let project = self.project_row(tenant, &request.journey_project_id).await?;
            return Ok(Receiver {
                registration_id: String::new(),
                journey_project_id: project.id,
                flow_id: request.flow_id,
                subject: request.email.clone(),
                email: request.email,
                language: request.language,
            });
        }
        let row = self.registration_row(tenant, &request.registration_id).await?;
        let personal = self.personal(tenant, &row)?;
        Ok(Receiver {
            subject: subject(&row.id),
            registration_id: row.id,
            journey_project_id: row.journey_project_id,
            flow_id: row.flow_id,
            email: personal.email,
            language: row.language,
        })
    }

    pub(crate) async fn compare_code(
        &self,
        request: &wire::CheckEmailCodeRequest,
    ) -> Result<wire::EmailValidation, Error> {
        let tenant = &request.project_id;
        let row = self.newest_email(request).await?;
        let now_ms = self.now_ms();
        if row.code_hash.is_none() {
            return Err(Refusal::NoEmailValidation.into());
        }
        if row.expires_at <= now_ms || !self.store.count_try(tenant, &row.id, MAX_TRIES).await? {
            return Err(Refusal::CodeExpired.into());
        }
        for hash in self.sealer.code_hashes(&row.id, &request.code)? {
            // The hash is keyed, so the duration of the comparison reveals nothing about the code.
            if self.store.use_code(tenant, &row.id, &hash, now_ms).await? {
                let status = EmailValidationStatus::Validated.as_str().to_owned();
                return self.encode_email(tenant, EmailRow { status, updated_at: now_ms, ..row });
            }
        }
        Err(Refusal::WrongCode.into())
    }

    async fn newest_email(&self, request: &wire::CheckEmailCodeRequest) -> Result<EmailRow, Error> {
        let (tenant, registration) = (&request.project_id, &request.registration_id);
        for hash in self.sealer.address_hashes(&request.journey_project_id, &request.email)? {
            let found =
                self.store.find_email(tenant, registration, &request.journey_project_id, &hash).await?;
            if let Some(row) = found {
                return Ok(row);
            }
        }
        Err(Refusal::NoEmailValidation.into())
    }

    fn encode_email(&self, tenant: &str, row: EmailRow) -> Result<wire::EmailValidation, Error> {
        let sealed = Sealed { wrapped_key: row.wrapped_key, sealed: row.sealed };
        let status = EmailValidationStatus::parse(&row.status).ok_or(Error::Damaged)?;
        Ok(wire::EmailValidation {
            email: self.sealer.open(tenant, &row.id, &sealed)?,
            id: row.id,
            journey_project_id: row.journey_project_id,
            flow_id: row.flow_id,
            registration_id: row.registration_id,
            status: status.wire().into(),
            expires_at_ms: row.expires_at,
            created_at_ms: row.created_at,
            updated_at_ms: row.updated_at,
        })
    }
}

/// Returns a code of six digits. Random numbers that would make some codes likelier are skipped.
pub fn code() -> Result<String, Error> {
    let mut bytes = [0; 4];
    loop {
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::Randomness)?;
        let number = u32::from_be_bytes(bytes);
        if number < u32::MAX - u32::MAX % DIGITS {
            return Ok(format!("{:06}", number % DIGITS));
        }
    }
}

/// Returns subject and text in English or Spanish.
pub fn code_message(language: &str, code: &str) -> (&'static str, String) {
    match language {
        "es" => (
            "Tu código de verificación",
            format!(
                "Tu código de verificación es {code}. Vale durante 10 minutos.\n\nSi no lo pediste, ignora este mensaje.\n"
            ),
        ),
        _ => (
            "Your verification code",
            format!(
                "Your verification code is {code}. It is valid for 10 minutes.\n\nIf you did not ask for it, ignore this message.\n"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_six_digits_and_differ() {
        let codes: std::collections::BTreeSet<String> = (0..100).map(|_| code().unwrap()).collect();
        assert!(
            codes.len() > 90 && codes.iter().all(|c| c.len() == 6 && c.bytes().all(|b| b.is_ascii_digit()))
        );
    }
}
