//! Signed receipts of erasures.

use proto::projects as wire;

use super::Projects;
use crate::{
    api_key::ProjectId,
    erasure::Receipt,
    error::Error,
    signing::{self, Kind},
};

impl Projects {
    pub(super) async fn sign_erasure(
        &self,
        request: wire::SignErasureRequest,
    ) -> Result<wire::Erasure, Error> {
        let receipt = Receipt::new(request, self.store.now_ms())?;
        if !self.store.project_exists(&ProjectId::parse(&receipt.project_id)?).await? {
            return Err(Error::NoSuchProject);
        }
        let signer = self.signing_key().await?;
        let signature = signing::sign(&self.ring, &signer, Kind::ErasureReceipt, &receipt)?;
        let row = receipt.signed(signature)?;
        // Before the receipt, so that its promise holds for a restored backup as well.
        let (tombstones, erasure) = (self.tombstones.clone(), row.clone());
        let noted = tokio::task::spawn_blocking(move || tombstones.note_erasure(&erasure)).await;
        noted.map_err(|_| Error::NotNoted)?.map_err(|cause| {
            tracing::error!(error = &cause as &dyn std::error::Error, "cannot note an erasure");
            Error::NotNoted
        })?;
        self.store.add_erasure(&row).await?;
        row.try_into()
    }
}
