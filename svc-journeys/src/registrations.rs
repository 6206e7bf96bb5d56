//! Registrations: created, advanced, linked to a person.

mod encode;
mod persons;

use proto::journeys as wire;

use crate::{
    error::{Error, Refusal},
    flow::FlowSettings,
    id,
    projects::{encode_collection, encode_flow, page},
    registration::{Personal, Progress},
    sealing::{Sealed, newest},
    service::Journeys,
    store::{Change, RegistrationFilter, RegistrationRow},
    words::{ClosedSet, DocumentStatus, FlowStatus, RegistrationStatus, Step},
};

const MAX_TEXT: usize = 256;
/// Prefix of registration ids in the namespace of users.
const SUBJECT: &str = "registration:";

/// Returns the user name under which a registration's consents, template and transactions are stored.
pub fn subject(id: &str) -> String {
    format!("{SUBJECT}{id}")
}

impl Journeys {
    pub(crate) async fn register(
        &self,
        request: wire::CreateRegistrationRequest,
    ) -> Result<wire::Registration, Error> {
        let tenant = &request.project_id;
        let project = self.project_row(tenant, &request.journey_project_id).await?;
        let (flow, settings) = self.flow_row(tenant, &request.flow_id).await?;
        if flow.journey_project_id != project.id || settings.status != FlowStatus::Active {
            return Err(Refusal::NoFlow.into());
        }
        let personal = personal(request.personal.unwrap_or_default())?;
        let taken =
            if personal.email.is_empty() { Refusal::PhoneRegistered } else { Refusal::EmailRegistered };
        let addresses = self.sealer.address_hashes(&project.id, &personal.address())?;
        for hash in &addresses {
            if self.store.has_address(&project.id, hash).await? {
                return Err(taken.into());
            }
        }
        let now_ms = self.now_ms();
        let id = id::generate(now_ms)?;
        let Sealed { wrapped_key, sealed } = self.sealer.seal(tenant, &id, &personal)?;
        let row = RegistrationRow {
            journey_project_id: project.id,
            flow_id: flow.id,
            status: RegistrationStatus::Started.as_str().to_owned(),
            current_step: String::new(),
            passed_steps: String::new(),
            language: if request.language.is_empty() { "en".to_owned() } else { request.language },
            wrapped_key,
            sealed,
            information_validation_id: id::generate(now_ms)?,
            biometric_validation_id: String::new(),
            person_id: String::new(),
            face_attempts: 0,
            document_id: String::new(),
            document_status: String::new(),
            document_attempts: 0,
            created_at: now_ms,
            updated_at: now_ms,
            id,
        };
        let subjects = self.sealer.subject_hashes(tenant, &subject(&row.id))?;
        // Of two concurrent registrations with one address the database accepts one.
        if !self.store.add_registration(tenant, &row, newest(&addresses)?, newest(&subjects)?).await? {
            return Err(taken.into());
        }
        self.encode(tenant, row, project.collection_id)
    }

    pub(crate) async fn registration(
        &self,
        request: &wire::RecordRequest,
    ) -> Result<wire::Registration, Error> {
        let row = self.registration_row(&request.project_id, &request.id).await?;
        self.encoded(&request.project_id, row).await
    }

    pub(crate) async fn registrations(
        &self,
        request: wire::ListRegistrationsRequest,
    ) -> Result<wire::ListRegistrationsResponse, Error> {
        let statuses = request.statuses().filter_map(RegistrationStatus::of_wire).collect();
        let page = page(request.page, request.limit);
        let filter = RegistrationFilter {
            journey_project_id: request.journey_project_id,
            flow_id: request.flow_id,
            statuses,
        };
        let tenant = &request.project_id;
        let (rows, total) = self.store.list_registrations(tenant, &filter, page, self.now_ms()).await?;
        let mut registrations = Vec::with_capacity(rows.len());
        for row in rows {
            registrations.push(self.encoded(tenant, row).await?);
        }
        Ok(wire::ListRegistrationsResponse { registrations, total })
    }

    pub(crate) async fn advance(
        &self,
        request: &wire::AdvanceRegistrationRequest,
    ) -> Result<wire::Registration, Error> {
        let tenant = &request.project_id;
        let row = self.registration_row(tenant, &request.id).await?;
        let (_, flow) = self.flow_row(tenant, &row.flow_id).await?;
        let claimed = RegistrationStatus::of_wire(request.claimed());
        let progress = self.progress(tenant, &row).await?;
        let progress = if request.settles {
            let status = claimed.ok_or_else(|| missing("status"))?;
            Progress { status, ..progress }
        } else {
            let step = Step::of_wire(request.step()).ok_or_else(|| missing("step"))?;
            progress.take(&flow, step, claimed)?
        };
        let passed: Vec<&str> = progress.passed.iter().map(|step| step.as_str()).collect();
        let change = Change {
            status: progress.status,
            current_step: progress.current.map_or("", Step::as_str),
            passed_steps: &passed.join(","),
            now_ms: self.now_ms(),
        };
        // A concurrent step changed the registration: the caller reads its current state.
        if !self.store.change_registration(tenant, &row, &change).await? {
            return Err(Refusal::RegistrationOver.into());
        }
        self.encoded(tenant, self.registration_row(tenant, &request.id).await?).await
    }

    async fn progress(&self, tenant: &str, row: &RegistrationRow) -> Result<Progress, Error> {
        Ok(Progress {
            status: self.status(row)?,
            current: Step::parse(&row.current_step),
            passed: passed(row),
            has_person: !row.person_id.is_empty(),
            has_document: row.document_status == DocumentStatus::Validated.as_str(),
            email_validated: self.store.has_validated_email(tenant, &row.id).await?,
        })
    }

    pub(crate) async fn face_task(&self, request: &wire::BeginFaceRequest) -> Result<wire::FaceTask, Error> {
        let tenant = &request.project_id;
        let (row, settings) = self.open_registration(tenant, &request.id).await?;
        let project = self.project_row(tenant, &row.journey_project_id).await?;
        let collection = self.store.find_collection(tenant, &project.collection_id).await?;
        let collection = collection.ok_or(Refusal::CollectionNotSet)?;
        if !row.person_id.is_empty() && !request.force {
            return Err(Refusal::PersonAlreadySet.into());
        }
        if row.face_attempts >= settings.liveness_attempt_limit.into() {
            return Err(Refusal::AttemptsExceeded.into());
        }
        let (flow, _) = self.flow_row(tenant, &row.flow_id).await?;
        Ok(wire::FaceTask {
            flow: Some(encode_flow(flow, settings)?),
            registration: Some(self.encode(tenant, row, collection.id.clone())?),
            collection: Some(encode_collection(collection)),
        })
    }

    pub(crate) async fn count_attempt(
        &self,
        request: &wire::RecordRequest,
    ) -> Result<wire::Registration, Error> {
        let (tenant, id) = (&request.project_id, &request.id);
        let (_, flow) = self.open_registration(tenant, id).await?;
        if !self.store.count_face_attempt(tenant, id, flow.liveness_attempt_limit).await? {
            return Err(Refusal::AttemptsExceeded.into());
        }
        self.encoded(tenant, self.registration_row(tenant, id).await?).await
    }

    pub(crate) async fn document_task(
        &self,
        request: &wire::BeginDocumentRequest,
    ) -> Result<wire::Registration, Error> {
        let tenant = &request.project_id;
        let (row, flow) = self.open_registration(tenant, &request.id).await?;
        let failed = DocumentStatus::Failed.as_str();
        if !request.force && !row.document_status.is_empty() && row.document_status != failed {
            return Err(Refusal::DocumentExists.into());
        }
        if row.document_attempts >= flow.document_attempt_limit.into() {
            return Err(Refusal::AttemptsExceeded.into());
        }
        self.encoded(tenant, row).await
    }

    pub(crate) async fn note_document(
        &self,
        request: &wire::SetDocumentRequest,
    ) -> Result<wire::Registration, Error> {
        let tenant = &request.project_id;
        let (row, flow) = self.open_registration(tenant, &request.id).await?;
        let status = DocumentStatus::of_wire(request.status()).ok_or_else(|| missing("status"))?;
        let now_ms = self.now_ms();
        let document = (&*id::generate(now_ms)?, status.as_str());
        if !self.store.set_document(tenant, &row, document, flow.document_attempt_limit, now_ms).await? {
            return Err(Refusal::AttemptsExceeded.into());
        }
        self.encoded(tenant, self.registration_row(tenant, &request.id).await?).await
    }

    pub(crate) async fn registration_row(&self, tenant: &str, id: &str) -> Result<RegistrationRow, Error> {
        if !id::is_id(id) {
            return Err(Refusal::NoRegistration.into());
        }
        Ok(self.store.find_registration(tenant, id).await?.ok_or(Refusal::NoRegistration)?)
    }

    /// Returns a registration that accepts steps; any other is reported as not found.
    async fn open_registration(
        &self,
        tenant: &str,
        id: &str,
    ) -> Result<(RegistrationRow, FlowSettings), Error> {
        let row = self.registration_row(tenant, id).await?;
        if !self.status(&row)?.is_open() {
            return Err(Refusal::NoRegistration.into());
        }
        let (_, settings) = self.flow_row(tenant, &row.flow_id).await?;
        Ok((row, settings))
    }

    fn status(&self, row: &RegistrationRow) -> Result<RegistrationStatus, Error> {
        let status = RegistrationStatus::parse(&row.status).ok_or(Error::Damaged)?;
        Ok(status.at(row.updated_at, self.now_ms()))
    }

    pub(crate) fn personal(&self, tenant: &str, row: &RegistrationRow) -> Result<Personal, Error> {
        let sealed = Sealed { wrapped_key: row.wrapped_key.clone(), sealed: row.sealed.clone() };
        self.sealer.open(tenant, &row.id, &sealed)
    }
}

fn passed(row: &RegistrationRow) -> Vec<Step> {
    row.passed_steps.split(',').filter_map(Step::parse).collect()
}

fn missing(field: &'static str) -> Error {
    Error::Field(field, format!("\"{field}\" is required"))
}

/// Validates the personal part of a registration: at least one address, and a country code with a plus sign.
fn personal(wire: wire::PersonalDetails) -> Result<Personal, Error> {
    let wrong = |field: &'static str| Error::Field(field, format!("\"{field}\" is not valid"));
    let is_number = |text: &str| (1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !wire.email.is_empty() && (wire.email.len() > MAX_TEXT || !mail::is_address(&wire.email)) {
        return Err(wrong("email"));
    }
    if !wire.phone.is_empty() && !is_number(&wire.phone) {
        return Err(wrong("phone"));
    }
    if !wire.phone.is_empty() && !wire.country_code.strip_prefix('+').is_some_and(is_number) {
        return Err(wrong("countryCode"));
    }
    for (field, text) in
        [("fullName", &wire.full_name), ("firstName", &wire.first_name), ("lastName", &wire.last_name)]
    {
        if text.len() > MAX_TEXT || text.chars().any(char::is_control) {
            return Err(wrong(field));
        }
    }
    if wire.email.is_empty() && wire.phone.is_empty() {
        return Err(Error::Field("email", "Needs an email or a phone at least".to_owned()));
    }
    Ok(Personal {
        email: wire.email,
        phone: wire.phone,
        country_code: wire.country_code,
        full_name: wire.full_name,
        first_name: wire.first_name,
        last_name: wire.last_name,
    })
}
