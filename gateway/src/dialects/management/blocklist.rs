//! `/api-transactions/blocklist`: faces, devices, addresses and documents that a project blocks.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use boot::timestamp::rfc3339;
use proto::transactions as wire;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reviews::data::ReviewerData;
use crate::{
    core::{
        caller::Caller,
        error::Error,
        fraud::{self, NewBlocked},
    },
    http::{envelope::Envelope, json, state::Gateway},
};

/// The kind of a block list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockedKind {
    Device,
    Address,
    Document,
    Face,
}

impl BlockedKind {
    const fn to_wire(self) -> wire::LinkKind {
        match self {
            Self::Device => wire::LinkKind::Device,
            Self::Address => wire::LinkKind::Address,
            Self::Document => wire::LinkKind::Document,
            Self::Face => wire::LinkKind::Face,
        }
    }

    fn from_wire(kind: wire::LinkKind) -> Option<Self> {
        [Self::Device, Self::Address, Self::Document, Self::Face]
            .into_iter()
            .find(|one| one.to_wire() == kind)
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// device, address, document or face; absent: all
    #[param(inline)]
    kind: Option<BlockedKind>,
}

/// The entry to block: the value that a call had, or a given value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBlockedEntry {
    kind: BlockedKind,
    /// A call with the value to block. A face can only be blocked this way: it is the enrolled face of the call's user.
    #[serde(default)]
    transaction_id: String,
    /// An IP address, the id of a device, or the number of a document.
    #[serde(default)]
    #[schema(max_length = 200)]
    value: String,
    /// For a document's number: the issuer, as three letters.
    #[serde(default)]
    country: String,
    /// At most 500 characters. Stored encrypted.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BlockedEntry {
    id: String,
    kind: Option<BlockedKind>,
    /// The part of the value that may be shown: for a document its country and the last characters of its number. Empty
    /// for faces, and without the permission `identify`.
    label: String,
    /// Empty without the permission `identify`.
    note: String,
    created_by: Option<ReviewerData>,
    created_at: String,
    /// The call that the entry was made from; null when it was made from a value.
    transaction_id: Option<String>,
}

/// Lists the entries of the project's block lists, newest first; at most 1000.
#[utoipa::path(get, path = "/api-transactions/blocklist", tag = "fraud", params(Which),
    responses((status = 200, body = Envelope<Vec<BlockedEntry>>), (status = 400, description = "no such list")))]
pub async fn list_blocked(
    State(gateway): State<Gateway>,
    caller: Caller,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Envelope<Vec<BlockedEntry>>>, Error> {
    let Query(Which { kind }) =
        which.map_err(|_| Error::invalid("kind must be device, address, document or face"))?;
    let listed = fraud::list_blocked(gateway.core(), &caller, kind.map(BlockedKind::to_wire)).await?;
    Ok(Json(Envelope::new("block lists found", listed.into_iter().map(BlockedEntry::from).collect())))
}

/// Adds an entry to a block list. From then on the fraud rule `blocklisted` finds calls with the value. Only a keyed
/// hash of the value is stored; the same value again returns the existing entry. An entry made from a call is erased
/// with the call's user, and an entry of a face with the user who enrolled it.
#[utoipa::path(post, path = "/api-transactions/blocklist", tag = "fraud",
    request_body(content = NewBlockedEntry, example = json!({"kind": "address", "value": "203.0.113.7", "note": "ticket 12"})),
    responses((status = 200, body = Envelope<BlockedEntry>), (status = 400, description = "a value that is none of its kind"),
              (status = 404, description = "unknown transaction"), (status = 409, description = "the call has nothing of the kind")))]
pub async fn add_blocked(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Envelope<BlockedEntry>>, Error> {
    let NewBlockedEntry { kind, transaction_id, value, country, note } = json::parse_object(body)?;
    if transaction_id.is_empty() == value.trim().is_empty() {
        return Err(Error::invalid("request body: transaction_id or value is required, one of them"));
    }
    let new = NewBlocked { kind: kind.to_wire(), transaction_id, value, country, note };
    let added = fraud::add_blocked(gateway.core(), &caller, new).await?;
    Ok(Json(Envelope::new("blocked", added.into())))
}

/// Removes an entry from its block list.
#[utoipa::path(delete, path = "/api-transactions/blocklist/{id}", tag = "fraud",
    params(("id" = String, Path, description = "the id of the entry")),
    responses((status = 200, body = Envelope<BlockedEntry>), (status = 404, description = "unknown")))]
pub async fn remove_blocked(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<BlockedEntry>>, Error> {
    let Path(id) = id?;
    let removed = fraud::remove_blocked(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope::new("unblocked", removed.into())))
}

impl From<wire::Blocked> for BlockedEntry {
    fn from(wire: wire::Blocked) -> Self {
        Self {
            kind: BlockedKind::from_wire(wire.kind()),
            id: wire.id,
            label: wire.label,
            note: wire.note,
            created_by: wire.by.map(ReviewerData::from),
            created_at: rfc3339(wire.created_at_ms),
            transaction_id: Some(wire.transaction_id).filter(|id| !id.is_empty()),
        }
    }
}
