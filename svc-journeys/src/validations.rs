//! Biometric validations: created, ended once, restarted.

use proto::journeys as wire;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Refusal},
    flow::check_url,
    id,
    projects::page,
    sealing::{Sealed, newest},
    service::Journeys,
    store::ValidationRow,
    words::{ClosedSet, FlowStatus, ValidationStatus, ValidationType},
};

/// Default and longest lifetime of a validation.
const LIFETIME_MS: i64 = 10 * 60 * 1000;
const LIFETIME_MAILED_MS: i64 = 24 * 60 * 60 * 1000;
const MAX_LIFETIME_MS: i64 = 30 * 24 * 60 * 60 * 1000;
const MAX_TEXT: usize = 256;

/// The request of a validation; stored encrypted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub identifier: String,
    kind: ValidationType,
    redirect_url: String,
    webhook_url: String,
    requires_second_factor: bool,
    ip_address: String,
    send_via_email: bool,
    email: String,
    language: String,
    expires_at_ms: Option<i64>,
}

impl Journeys {
    pub(crate) async fn add_validation(
        &self,
        request: wire::CreateValidationRequest,
    ) -> Result<wire::Validation, Error> {
        let tenant = &request.project_id;
        let project = self.store.find_project(tenant, &request.journey_project_id).await?;
        let project = project.ok_or(Refusal::ValidationProject)?;
        let flow = self.flow_row(tenant, &request.flow_id).await.map_err(|error| match error {
            Error::Refused(_) => Refusal::ValidationFlow.into(),
            other => other,
        })?;
        if flow.0.journey_project_id != project.id || flow.1.status != FlowStatus::Active {
            return Err(Refusal::ValidationFlow.into());
        }
        let now_ms = self.now_ms();
        let asked = asked(request.asked.unwrap_or_default(), now_ms)?;
        let needs_mail = asked.send_via_email || asked.requires_second_factor;
        if needs_mail && self.mailer.is_none() {
            return Err(Refusal::EmailNotConfigured.into());
        }
        let lifetime = if asked.send_via_email { LIFETIME_MAILED_MS } else { LIFETIME_MS };
        let id = id::generate(now_ms)?;
        let Sealed { wrapped_key, sealed } = self.sealer.seal(tenant, &id, &asked)?;
        let row = ValidationRow {
            journey_project_id: project.id,
            flow_id: flow.0.id,
            status: ValidationStatus::New.as_str().to_owned(),
            wrapped_key,
            sealed,
            expires_at: asked.expires_at_ms.unwrap_or(now_ms + lifetime).min(now_ms + MAX_LIFETIME_MS),
            completed_at: None,
            created_at: now_ms,
            updated_at: now_ms,
            id,
        };
        let hashes = self.sealer.subject_hashes(tenant, &asked.identifier)?;
        self.store.add_validation(tenant, &row, newest(&hashes)?).await?;
        self.encode_validation(tenant, row)
    }

    pub(crate) async fn validation(&self, request: &wire::RecordRequest) -> Result<wire::Validation, Error> {
        let row = self.validation_row(&request.project_id, &request.id).await?;
        self.encode_validation(&request.project_id, row)
    }

    pub(crate) async fn validations(
        &self,
        request: &wire::ListValidationsRequest,
    ) -> Result<wire::ListValidationsResponse, Error> {
        let statuses: Vec<_> = request.statuses().filter_map(ValidationStatus::of_wire).collect();
        let (tenant, of) = (&request.project_id, &request.journey_project_id);
        let page = page(request.page, request.limit);
        let (rows, total) = self.store.list_validations(tenant, of, &statuses, page, self.now_ms()).await?;
        let encode = |row| self.encode_validation(tenant, row);
        let validations = rows.into_iter().map(encode).collect::<Result<_, _>>()?;
        Ok(wire::ListValidationsResponse { validations, total })
    }

    pub(crate) async fn end_validation(
        &self,
        request: &wire::FinishValidationRequest,
    ) -> Result<wire::Validation, Error> {
        let (tenant, id) = (&request.project_id, &request.id);
        self.validation_row(tenant, id).await?;
        let status = if request.passed { ValidationStatus::Completed } else { ValidationStatus::Failed };
        if !self.store.finish_validation(tenant, id, status, self.now_ms()).await? {
            return Err(Refusal::ValidationOver.into());
        }
        self.encode_validation(tenant, self.validation_row(tenant, id).await?)
    }

    pub(crate) async fn begin_validation(
        &self,
        request: &wire::RecordRequest,
    ) -> Result<wire::Validation, Error> {
        let (tenant, id) = (&request.project_id, &request.id);
        self.store.begin_validation(tenant, id, self.now_ms()).await?;
        self.encode_validation(tenant, self.validation_row(tenant, id).await?)
    }

    pub(crate) async fn renew_validation(
        &self,
        request: &wire::RecordRequest,
    ) -> Result<wire::Validation, Error> {
        let (tenant, id, now_ms) = (&request.project_id, &request.id, self.now_ms());
        if !self.store.restart_validation(tenant, id, now_ms + LIFETIME_MS, now_ms).await? {
            return Err(Refusal::NoValidation.into());
        }
        self.encode_validation(tenant, self.validation_row(tenant, id).await?)
    }

    async fn validation_row(&self, tenant: &str, id: &str) -> Result<ValidationRow, Error> {
        Ok(self.store.find_validation(tenant, id).await?.ok_or(Refusal::NoValidation)?)
    }

    fn encode_validation(&self, tenant: &str, row: ValidationRow) -> Result<wire::Validation, Error> {
        let sealed = Sealed { wrapped_key: row.wrapped_key, sealed: row.sealed };
        let asked: Asked = self.sealer.open(tenant, &row.id, &sealed)?;
        let status = ValidationStatus::parse(&row.status).ok_or(Error::Damaged)?;
        let is_open = matches!(status, ValidationStatus::New | ValidationStatus::Pending);
        let has_expired = is_open && row.expires_at <= self.now_ms();
        let status = if has_expired { ValidationStatus::Expired } else { status };
        Ok(wire::Validation {
            id: row.id,
            journey_project_id: row.journey_project_id,
            flow_id: row.flow_id,
            status: status.wire().into(),
            asked: Some(wire::ValidationAsked {
                identifier: asked.identifier,
                r#type: asked.kind.wire().into(),
                redirect_url: asked.redirect_url,
                webhook_url: asked.webhook_url,
                requires_second_factor: asked.requires_second_factor,
                ip_address: asked.ip_address,
                send_via_email: asked.send_via_email,
                email: asked.email,
                language: asked.language,
                expires_at_ms: asked.expires_at_ms,
            }),
            created_at_ms: row.created_at,
            updated_at_ms: row.updated_at,
            completed_at_ms: row.completed_at,
            expires_at_ms: row.expires_at,
        })
    }
}

fn asked(wire: wire::ValidationAsked, now_ms: i64) -> Result<Asked, Error> {
    let wrong = |field: &'static str| Error::Field(field, format!("\"{field}\" is not valid"));
    let kind = ValidationType::of_wire(wire.r#type()).ok_or_else(|| wrong("type"))?;
    check_url("redirectUrl", &wire.redirect_url)?;
    check_url("webhookUrl", &wire.webhook_url)?;
    if wire.identifier.is_empty() || wire.identifier.len() > MAX_TEXT {
        return Err(wrong("identifier"));
    }
    if wire.ip_address.len() > MAX_TEXT {
        return Err(wrong("ipAddress"));
    }
    if !wire.email.is_empty() && (wire.email.len() > MAX_TEXT || !mail::is_address(&wire.email)) {
        return Err(wrong("email"));
    }
    if wire.expires_at_ms.is_some_and(|at| at <= now_ms) {
        return Err(wrong("expiresAt"));
    }
    Ok(Asked {
        identifier: wire.identifier,
        kind,
        redirect_url: wire.redirect_url,
        webhook_url: wire.webhook_url,
        requires_second_factor: wire.requires_second_factor,
        ip_address: wire.ip_address,
        send_via_email: wire.send_via_email,
        email: wire.email,
        language: wire.language,
        expires_at_ms: wire.expires_at_ms,
    })
}
