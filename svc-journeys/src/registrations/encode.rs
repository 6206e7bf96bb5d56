//! Encodes registrations for the wire.

use proto::journeys as wire;

use super::passed;
use crate::{
    error::Error,
    service::Journeys,
    store::RegistrationRow,
    words::{ClosedSet, DocumentStatus, Step},
};

impl Journeys {
    /// Encodes a registration with the current collection of its project; empty when the collection was deleted.
    pub(super) async fn encoded(
        &self,
        tenant: &str,
        row: RegistrationRow,
    ) -> Result<wire::Registration, Error> {
        let project = self.project_row(tenant, &row.journey_project_id).await?;
        let collection = self.store.find_collection(tenant, &project.collection_id).await?;
        self.encode(tenant, row, collection.map(|collection| collection.id).unwrap_or_default())
    }

    pub(super) fn encode(
        &self,
        tenant: &str,
        row: RegistrationRow,
        collection_id: String,
    ) -> Result<wire::Registration, Error> {
        let personal = self.personal(tenant, &row)?;
        let status = self.status(&row)?;
        let passed_steps = passed(&row).into_iter().map(|step| step.wire().into()).collect();
        let document = DocumentStatus::parse(&row.document_status).map(|status| wire::RegisteredDocument {
            id: row.document_id.clone(),
            status: status.wire().into(),
        });
        let current_step = Step::parse(&row.current_step).map_or(wire::Step::Unspecified, Step::wire);
        Ok(wire::Registration {
            id: row.id,
            journey_project_id: row.journey_project_id,
            flow_id: row.flow_id,
            status: status.wire().into(),
            personal: Some(wire::PersonalDetails {
                email: personal.email,
                phone: personal.phone,
                country_code: personal.country_code,
                full_name: personal.full_name,
                first_name: personal.first_name,
                last_name: personal.last_name,
            }),
            current_step: current_step.into(),
            language: row.language,
            information_validation_id: row.information_validation_id,
            biometric_validation_id: row.biometric_validation_id,
            person_id: row.person_id,
            collection_id,
            passed_steps,
            created_at_ms: row.created_at,
            updated_at_ms: row.updated_at,
            document,
        })
    }
}
