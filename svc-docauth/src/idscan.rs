//! IDScan.net's DIVE API, version 4: `POST {url}/api/v4/verify` with the secret key as bearer token, the picture as
//! base64 in JSON; fields and results are named as in the vendor's published manual.

use std::{fs::File, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use document::{Check, Field, FieldName, Fields, Kind, Report, Source};
use intake::Place;
use reqwest::{Client, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use time::{Date, Month};
use tokio::sync::Semaphore;

use crate::{
    config::Config,
    error::Error,
    provider::{Checked, LargeFileLimit, Provider, whole},
};

/// Largest response read, bytes.
const MOST: usize = 4 * 1024 * 1024;
/// The vendor's number for an identity card or driving licence; it detects other documents itself.
const IDENTITY_DOCUMENT: u8 = 1;
/// Concurrent calls to the vendor: each holds its picture in memory.
const AT_ONCE: usize = 4;

/// A client of the vendor.
pub struct IdScan {
    client: Client,
    url: String,
    key: SecretString,
    confidence: f64,
    large_files: Arc<LargeFileLimit>,
    turns: Semaphore,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    document: Option<Document>,
    #[serde(default)]
    document_verification_result: Option<Verification>,
    #[serde(default)]
    anti_spoofing_verification_result: Option<AntiSpoofing>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Document {
    abbr3_country: Option<String>,
    country: Option<String>,
    state: Option<String>,
    dob: Option<String>,
    expires: Option<String>,
    issued: Option<String>,
    family_name: Option<String>,
    first_name: Option<String>,
    middle_name: Option<String>,
    gender: Option<String>,
    id: Option<String>,
    id_type: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Verification {
    is_document_expired: Option<bool>,
    is_invalidated: Option<bool>,
    document_confidence: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AntiSpoofing {
    is_data_fields_tampered: Option<bool>,
}

impl IdScan {
    /// Returns the client of a configuration with a key, otherwise `None`.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn from_config(config: &Config, large_files: Arc<LargeFileLimit>) -> anyhow::Result<Option<Self>> {
        let Some(key) = config.idscan_key.clone() else { return Ok(None) };
        let client = Client::builder()
            .timeout(Duration::from_secs(config.idscan_timeout_s.into()))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let url = format!("{}/api/v4/verify", config.idscan_url.trim_end_matches('/'));
        let (confidence, turns) = (config.idscan_confidence, Semaphore::new(AT_ONCE));
        Ok(Some(Self { client, url, key, confidence, large_files, turns }))
    }

    async fn ask(&self, body: String) -> Result<Answer, Error> {
        let failed = |error: reqwest::Error| Error::Provider(error.without_url().to_string());
        let request = self.client.post(&self.url).bearer_auth(self.key.expose_secret());
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        let mut answer = request.send().await.map_err(failed)?;
        if !answer.status().is_success() {
            return Err(Error::Provider(format!("it answered {}", answer.status().as_u16())));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > MOST {
                return Err(Error::Provider("its answer is too long".into()));
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&bytes)
            .map_err(|_| Error::Provider("its answer is not what it documents".into()))
    }
}

#[tonic::async_trait]
impl Provider for IdScan {
    async fn check(&self, place: Place, mut file: File, today: Date) -> Result<Checked, Error> {
        let _alone = self.large_files.enter(&file).await?;
        let _turn = self.turns.acquire().await.map_err(|_| intake::Error::Crashed)?;
        let reading = tokio::task::spawn_blocking(move || request_body(&whole(&mut file)?));
        let answer = self.ask(reading.await.map_err(|_| intake::Error::Crashed)??).await?;
        drop(place);
        Ok(Checked {
            report: report(answer, self.confidence, today),
            provider: "idscan",
            cpu: Duration::ZERO,
        })
    }
}

/// Writes the JSON of a request into one buffer: a picture of 50 MB takes 67 MB.
fn request_body(picture: &[u8]) -> Result<String, Error> {
    if !is_picture(picture) {
        return Err(document::Error::NotPicture.into());
    }
    const SETTINGS: &str =
        r#"{"isOCREnabled":true,"isDocTypeChangeEnabled":true,"isFaceMatchEnabled":false}"#;
    let start = format!(
        r#"{{"documentType":{IDENTITY_DOCUMENT},"overriddenSettings":{SETTINGS},"frontImageBase64":""#
    );
    let mut body = String::with_capacity(start.len() + picture.len().div_ceil(3) * 4 + 2);
    body.push_str(&start);
    STANDARD.encode_string(picture, &mut body);
    body.push_str("\"}");
    Ok(body)
}

/// Whether it is a JPEG or PNG: nothing else is sent to the vendor.
fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff]) || bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}

fn report(answer: Answer, confidence: f64, today: Date) -> Report {
    let document = answer.document.unwrap_or_default();
    let verification = answer.document_verification_result.unwrap_or_default();
    let spoofing = answer.anti_spoofing_verification_result.unwrap_or_default();
    let expiry = document.expires.as_deref().and_then(date);
    let mut checks = vec![match verification.document_confidence {
        Some(reached) => Check::gating(
            "external_provider",
            reached >= confidence && verification.is_invalidated != Some(true),
            format!("the provider's confidence is {reached:.0} of 100, {confidence:.0} is asked for"),
        ),
        None => Check::not_checked("external_provider", false, "the provider gave no confidence"),
    }];
    checks.push(match (expiry, verification.is_document_expired) {
        (Some(date), said) => Check::gating(
            "not_expired",
            date >= today && said != Some(true),
            format!("{} days from expiry", (date - today).whole_days()),
        ),
        (None, Some(expired)) => Check::gating("not_expired", !expired, "as the provider says"),
        (None, None) => Check::not_checked("not_expired", false, "the provider gave no date of expiry"),
    });
    if let Some(tampered) = spoofing.is_data_fields_tampered {
        checks.push(Check::gating("external_data_tampering", !tampered, "as the provider says"));
    }
    Report { kind: kind(document.id_type.as_deref()), fields: fields(document), checks, ..Report::default() }
}

fn fields(document: Document) -> Fields {
    let day = |text: Option<String>| text.as_deref().and_then(date).map(|d| d.to_string());
    let country = document.abbr3_country.or(document.country);
    let given =
        [document.first_name, document.middle_name].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let sex = document.gender.map(|g| match g.to_uppercase().chars().next() {
        Some('M') => "M".to_owned(),
        Some('F') => "F".to_owned(),
        _ => "X".to_owned(),
    });
    let all = [
        (FieldName::CountryCode, country),
        (FieldName::IssuingState, document.state),
        (FieldName::LastName, document.family_name),
        (FieldName::FirstName, Some(given)),
        (FieldName::Sex, sex),
        (FieldName::BirthDate, day(document.dob)),
        (FieldName::IssueDate, day(document.issued)),
        (FieldName::ExpiryDate, day(document.expires)),
        (FieldName::DocumentNumber, document.id),
    ];
    let read = all.into_iter().filter_map(|(name, value)| Some((name, value?.trim().to_uppercase())));
    read.filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, Field { value, source: Source::Provider, confidence: 1.0 }))
        .collect()
}

fn kind(id_type: Option<&str>) -> Kind {
    let text = id_type.unwrap_or_default().to_lowercase();
    if text.contains("passport") {
        Kind::Passport
    } else if text.contains("driv") {
        Kind::DrivingLicence
    } else if text.contains("visa") {
        Kind::Visa
    } else if text.contains("id") {
        Kind::IdentityCard
    } else {
        Kind::Unknown
    }
}

/// Parses YYYY-MM-DD (with or without a time) or MM/DD/YYYY, which the vendor uses.
fn date(text: &str) -> Option<Date> {
    let text = text.split('T').next()?.trim();
    let mut parts = text.split(['-', '/']).map(str::parse::<i32>);
    let (a, b, c) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let (year, month, day) = if a > 31 { (a, b, c) } else { (c, a, b) };
    Date::from_calendar_date(year, Month::try_from(u8::try_from(month).ok()?).ok()?, u8::try_from(day).ok()?)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use document::Outcome;
    use serde_json::json;
    use time::macros::date;

    #[test]
    fn a_request_is_json_in_a_buffer_of_its_size() {
        let body = request_body(b"\xff\xd8\xff picture").unwrap();
        assert!(body.capacity() <= body.len() + 2);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let settings =
            json!({ "isOCREnabled": true, "isDocTypeChangeEnabled": true, "isFaceMatchEnabled": false });
        let whole = json!({ "documentType": 1, "frontImageBase64": "/9j/IHBpY3R1cmU=", "overriddenSettings": settings });
        assert_eq!(body, whole);
    }

    fn judged(confidence: f64, expires: &str) -> Report {
        let answer = json!({
            "document": { "firstName": "Ana", "familyName": "Silva", "dob": "02/01/1990", "expires": expires, "id": "X1", "idType": "Drivers License" },
            "documentVerificationResult": { "documentConfidence": confidence, "isDocumentExpired": false },
        });
        report(serde_json::from_value(answer).unwrap(), 70.0, date!(2026 - 06 - 01))
    }

    #[test]
    fn the_vendors_fields_are_taken_over() {
        let report = judged(90.0, "2030-02-01T00:00:00Z");
        assert_eq!(report.kind, Kind::DrivingLicence);
        assert_eq!(report.value(FieldName::LastName), "SILVA");
        assert_eq!(report.value(FieldName::BirthDate), "1990-02-01");
        assert!(report.checks.iter().all(|c| c.outcome == Outcome::Passed));
    }

    #[test]
    fn a_low_confidence_or_a_past_date_fails_despite_other_results() {
        let failed = |report: Report| {
            report.checks.into_iter().filter(Check::gates).map(|c| c.name).collect::<Vec<_>>()
        };
        assert_eq!(failed(judged(40.0, "2030-02-01")), ["external_provider"]);
        assert_eq!(failed(judged(90.0, "05/31/2026")), ["not_expired"]);
        let silent = report(serde_json::from_str("{}").unwrap(), 70.0, date!(2026 - 06 - 01));
        assert!(silent.checks.iter().all(|c| c.outcome == Outcome::NotChecked));
    }
}
