//! Deletion of an organisation by its owner.

use proto::accounts as wire;
use serde_json::json;
use uuid::Uuid;

use super::{Accounts, change, organisation};
use crate::{
    audit::Change,
    deletion::{Destroyed, Receipt, lines},
    error::Error,
    signing::{self, Kind},
    store::DeletionRow,
};

/// Deletions per list.
const AT_ONCE: u32 = 20;

impl Accounts {
    /// Begins the deletion, after which the organisation cannot be changed.
    pub(super) async fn delete_organisation(
        &self,
        request: wire::DeleteOrganisationRequest,
    ) -> Result<wire::Deletion, Error> {
        let owner = self.find_caller(request.who.as_ref()).await?;
        if !owner.role().may_delete_organisation() {
            return Err(Error::AboveOwnRole);
        }
        let name = self.store.organisation_name(&organisation(&owner)?).await?;
        if name.ok_or(Error::NoSuchOrganisation)? != request.name.trim() {
            return Err(Error::field("name", "this is not the name of the organisation"));
        }
        self.confirm_password(&owner, "password", &request.password).await?;
        if owner.sealed_totp.is_some() {
            self.confirm_code(&owner, &request.code).await?;
        }
        let change = change(&owner.organisation_id, "organisation.deletion_begun", &owner.organisation_id);
        // Not version 7, whose ids can be guessed from the time.
        let row = self.store.begin_deletion(&owner, &Uuid::new_v4().to_string(), change).await?;
        tracing::warn!(organisation.id = row.organisation_id, "an organisation is being deleted");
        deletion(row, Vec::new())
    }

    pub(super) async fn get_deletion(
        &self,
        request: wire::GetDeletionRequest,
    ) -> Result<wire::Deletion, Error> {
        deletion(self.find_deletion(&request.id).await?, Vec::new())
    }

    async fn find_deletion(&self, id: &str) -> Result<DeletionRow, Error> {
        // Text that is not an id may not even be storable, so it is checked before the query.
        let id = Uuid::try_parse(id).map_err(|_| Error::NoSuchDeletion)?.to_string();
        self.store.find_deletion(&id).await?.ok_or(Error::NoSuchDeletion)
    }

    pub(super) async fn list_deletions(
        &self,
        _: wire::ListDeletionsRequest,
    ) -> Result<wire::ListDeletionsResponse, Error> {
        let mut deletions = Vec::new();
        for row in self.store.open_deletions(AT_ONCE).await? {
            let projects = self.store.projects_of(&row.organisation_id).await?;
            deletions.push(deletion(row, projects)?);
        }
        Ok(wire::ListDeletionsResponse { deletions })
    }

    /// Records what was destroyed; when nothing is left, removes the organisation and signs the receipt.
    pub(super) async fn advance_deletion(
        &self,
        request: wire::AdvanceDeletionRequest,
    ) -> Result<wire::Deletion, Error> {
        let line = |d: wire::Destroyed| Destroyed::parse(d.service, d.kind, d.count);
        let destroyed: Vec<Destroyed> = request.destroyed.into_iter().map(line).collect::<Result<_, _>>()?;
        let id = self.find_deletion(&request.id).await?.id;
        if !destroyed.is_empty() {
            self.store.note_destroyed(&id, &destroyed).await?;
        }
        let mut row = self.find_deletion(&id).await?;
        if request.nothing_is_left && row.deleted_at.is_none() {
            self.remove_organisation(&mut row).await?;
        }
        deletion(row, Vec::new())
    }

    async fn remove_organisation(&self, row: &mut DeletionRow) -> Result<(), Error> {
        let now = self.store.now_ms();
        let signer = self.store.current_signing_key().await?.ok_or(Error::SigningKey("there is none"))?;
        let receipt = Receipt::new(row, now)?;
        let signature = signing::sign(&self.ring, &signer, Kind::DeletionReceipt, &receipt)?;
        (row.deleted_at, row.signature) = (Some(now), Some(signature));
        let after = json!({"projects": row.projects, "destroyed": lines(&row.destroyed_json)?});
        let change = Change {
            after: Some(after),
            ..change(&row.organisation_id, "organisation.deleted", &row.organisation_id)
        };
        self.store.finish_deletion(row, change).await?;
        // Of two concurrent calls that finish, one's receipt is stored.
        *row = self.find_deletion(&row.id).await?;
        tracing::warn!(organisation.id = row.organisation_id, "an organisation is deleted");
        Ok(())
    }
}

fn deletion(row: DeletionRow, project_ids: Vec<String>) -> Result<wire::Deletion, Error> {
    let line = |d: Destroyed| wire::Destroyed { service: d.service, kind: d.kind, count: d.count };
    Ok(wire::Deletion {
        destroyed: lines(&row.destroyed_json)?.into_iter().map(line).collect(),
        id: row.id,
        organisation_id: row.organisation_id,
        begun_at_ms: row.begun_at,
        deleted_at_ms: row.deleted_at,
        projects: u32::try_from(row.projects).unwrap_or(0),
        signature: row.signature.unwrap_or_default(),
        project_ids,
    })
}
