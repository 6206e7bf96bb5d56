//! The persons of registrations.

use proto::journeys as wire;

use super::subject;
use crate::{
    error::{Error, Refusal},
    id,
    sealing::{Sealed, newest},
    service::Journeys,
    store::{PersonRow, RegistrationRow},
};

impl Journeys {
    pub(crate) async fn link_person(
        &self,
        request: &wire::SetPersonRequest,
    ) -> Result<wire::Registration, Error> {
        let tenant = &request.project_id;
        let (row, _) = self.open_registration(tenant, &request.id).await?;
        if !row.person_id.is_empty() && !request.force {
            return Err(Refusal::PersonAlreadySet.into());
        }
        let project = self.project_row(tenant, &row.journey_project_id).await?;
        let collection = self.store.find_collection(tenant, &project.collection_id).await?;
        let collection = collection.ok_or(Refusal::CollectionNotSet)?.id;
        let now_ms = self.now_ms();
        let validation_id = id::generate(now_ms)?;
        let (new, person_id) = if request.existing_person_id.is_empty() {
            self.own_person(tenant, &row, &collection, now_ms).await?
        } else if self.store.has_person(tenant, &collection, &request.existing_person_id).await? {
            (None, request.existing_person_id.clone())
        } else {
            return Err(Refusal::PersonAlreadySet.into());
        };
        let new = new.as_ref().map(|(person, hash)| (person, hash.as_slice()));
        if !self.store.set_person(tenant, &row, new, &person_id, (&validation_id, now_ms)).await? {
            return Err(Refusal::PersonAlreadySet.into());
        }
        self.encoded(tenant, self.registration_row(tenant, &request.id).await?).await
    }

    /// Returns the id of the registration's own person, and the new row to store, if the person is not known yet.
    async fn own_person(
        &self,
        tenant: &str,
        row: &RegistrationRow,
        collection: &str,
        now_ms: i64,
    ) -> Result<(Option<(PersonRow, Vec<u8>)>, String), Error> {
        let subject = subject(&row.id);
        if let Some(known) = self.store.find_person(tenant, collection, &subject).await? {
            return Ok((None, known.id));
        }
        let id = id::generate(now_ms)?;
        let Sealed { wrapped_key, sealed } =
            self.sealer.seal(tenant, &id, &self.personal(tenant, row)?.full_name)?;
        let hashes = self.sealer.subject_hashes(tenant, &subject)?;
        let person = PersonRow {
            id: id.clone(),
            collection_id: collection.to_owned(),
            subject,
            wrapped_key,
            sealed,
            created_at: now_ms,
        };
        Ok((Some((person, newest(&hashes)?.clone())), id))
    }

    pub(crate) async fn person_of(
        &self,
        request: &wire::FindPersonRequest,
    ) -> Result<wire::FindPersonResponse, Error> {
        let tenant = &request.project_id;
        let found = self.store.find_person(tenant, &request.collection_id, &request.subject).await?;
        let Some(row) = found else { return Ok(wire::FindPersonResponse { person: None }) };
        Ok(wire::FindPersonResponse { person: Some(self.encode_person(tenant, row)?) })
    }

    pub(crate) async fn person(&self, request: &wire::RecordRequest) -> Result<wire::Person, Error> {
        let tenant = &request.project_id;
        let row = self.store.find_person_by_id(tenant, &request.id).await?.ok_or(Refusal::NoPerson)?;
        self.encode_person(tenant, row)
    }

    fn encode_person(&self, tenant: &str, row: PersonRow) -> Result<wire::Person, Error> {
        let sealed = Sealed { wrapped_key: row.wrapped_key, sealed: row.sealed };
        let name = self.sealer.open(tenant, &row.id, &sealed)?;
        let (collection_id, subject, created_at_ms) = (row.collection_id, row.subject, row.created_at);
        Ok(wire::Person { id: row.id, collection_id, subject, name, created_at_ms })
    }
}
