//! Checkpoints and proofs of the audit log over the wire, for users who may read it.

use proto::accounts as wire;

use super::Accounts;
use crate::{
    audit::tree::{Checkpoint, ORIGIN},
    error::Error,
};

impl Accounts {
    pub(super) async fn get_audit_checkpoint(
        &self,
        request: wire::GetAuditCheckpointRequest,
    ) -> Result<wire::AuditCheckpoint, Error> {
        self.find_auditor(request.who.as_ref()).await?;
        // The sign-in itself has left an entry.
        self.tree.checkpoint().await?.map(encode).ok_or(Error::NoSuchEntry)
    }

    pub(super) async fn get_audit_inclusion(
        &self,
        request: wire::GetAuditInclusionRequest,
    ) -> Result<wire::AuditInclusion, Error> {
        let organisation = self.find_auditor(request.who.as_ref()).await?;
        let found = self.tree.inclusion(&organisation, request.id).await?;
        Ok(wire::AuditInclusion {
            index: found.index,
            leaf: found.leaf,
            leaf_hash: found.leaf_hash,
            proof: found.proof,
            checkpoint: Some(encode(found.checkpoint)),
        })
    }

    pub(super) async fn get_audit_consistency(
        &self,
        request: wire::GetAuditConsistencyRequest,
    ) -> Result<wire::AuditConsistency, Error> {
        self.find_auditor(request.who.as_ref()).await?;
        let found = self.tree.consistency(request.from, request.to).await?;
        Ok(wire::AuditConsistency {
            from: found.from,
            proof: found.proof,
            checkpoint: Some(encode(found.checkpoint)),
        })
    }

    pub(super) async fn get_audit_log_keys(
        &self,
        request: wire::GetAuditLogKeysRequest,
    ) -> Result<wire::AuditLogKeys, Error> {
        self.find_auditor(request.who.as_ref()).await?;
        let key = |key: ledger::tree::LogPublicKey| wire::AuditLogKey {
            verifier: key.verifier,
            signing: key.is_signing,
            trusted: key.is_trusted,
        };
        Ok(wire::AuditLogKeys { keys: self.tree.public_keys().into_iter().map(key).collect() })
    }

    /// Returns the organisation of the caller, if it may read the audit log.
    async fn find_auditor(&self, who: Option<&wire::Who>) -> Result<String, Error> {
        let caller = self.find_caller(who).await?;
        if caller.role().may_audit() { Ok(caller.organisation_id) } else { Err(Error::AboveOwnRole) }
    }
}

fn encode(checkpoint: Checkpoint) -> wire::AuditCheckpoint {
    let Checkpoint { size, root_hash, note } = checkpoint;
    wire::AuditCheckpoint { origin: ORIGIN.to_owned(), size, root_hash, note }
}
