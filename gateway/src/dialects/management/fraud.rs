//! `/api-transactions/fraud` and the links of a transaction.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
};
use boot::timestamp::rfc3339;
use proto::transactions as wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    reviews::data::{WireEnum, wire_enum},
    transactions::stats::Span,
};
use crate::{
    core::{caller::Caller, error::Error, fraud},
    http::{envelope::Envelope, state::Gateway},
};

wire_enum! {
    /// A kind of value that several calls can share. `face`: the enrolled face of a user.
    LinkKind as LinkKind for wire::LinkKind { Device, Address, Country, Document, Face, User }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FraudSummary {
    /// All buckets of the period in order, including empty ones.
    buckets: Vec<FraudBucket>,
    /// For each kind the ten values with the most suspicious calls, most calls first.
    values: Vec<FraudValue>,
    /// Enrolled faces that were used under other names, most names first.
    clusters: Vec<FaceCluster>,
    /// Calls that showed another user's face, newest first.
    findings: Vec<FraudFinding>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FraudBucket {
    /// The beginning of the bucket, UTC.
    #[schema(example = "2026-01-31T12:00:00Z")]
    at: String,
    /// Suspicious calls: those with a finding of a fraud rule.
    calls: u64,
    /// Number of calls by fraud rule, and by decision reason that indicates an attack.
    #[schema(value_type = Object, example = json!({"impossible_travel": 2, "liveness_failed": 1}))]
    signals: BTreeMap<String, u64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FraudValue {
    kind: Option<LinkKind>,
    /// For a document its country and the last characters of its number; for a face the user who enrolled it. Empty
    /// without the permission `identify`, except for devices, countries and users.
    #[schema(example = "203.0.113.7")]
    label: String,
    calls: u64,
    users: u64,
    last_at: String,
    /// One of the calls.
    transaction_id: String,
    /// Whether the value is on a block list.
    blocked: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FaceCluster {
    /// The user who enrolled the face; empty without the permission `identify`, and when no longer known.
    owner: String,
    /// At most ten of the other names; empty without the permission `identify`.
    users: Vec<String>,
    user_count: u64,
    calls: u64,
    last_at: String,
    transaction_id: String,
    blocked: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct FraudFinding {
    transaction_id: String,
    /// `known_face_new_name`: the user had no enrolled face. `another_users_face`: the user had another enrolled face.
    #[schema(example = "known_face_new_name")]
    rule: String,
    user: String,
    /// The user whose face it is; empty without the permission `identify`.
    other: String,
    at: String,
}

/// Returns the values that suspicious calls share, by hour or day (UTC).
#[utoipa::path(get, path = "/api-transactions/fraud", tag = "fraud", params(Span),
    responses((status = 200, body = Envelope<FraudSummary>), (status = 400, description = "a time or bucket that makes no sense, or more than 400 buckets")))]
pub async fn get_fraud_summary(
    State(gateway): State<Gateway>,
    caller: Caller,
    span: Result<Query<Span>, QueryRejection>,
) -> Result<Json<Envelope<FraudSummary>>, Error> {
    let summary = fraud::summarise_fraud(gateway.core(), &caller, Span::parse(span)?).await?;
    Ok(Json(Envelope::new("fraud summarised", summary.into())))
}

/// A user or a value.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkNode {
    /// Identifies the node within this response.
    key: String,
    kind: Option<LinkKind>,
    /// Empty when the caller may not see it.
    label: String,
    /// One of its calls.
    transaction_id: String,
    blocked: bool,
    /// Whether the transaction itself has this value.
    is_start: bool,
}

/// The number of a user's calls with a value.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkEdge {
    from: String,
    to: String,
    calls: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TransactionLinks {
    nodes: Vec<LinkNode>,
    edges: Vec<LinkEdge>,
    /// False when the graph was truncated.
    complete: bool,
}

/// Returns the users connected with a transaction through devices, addresses, documents and faces: at most 60 nodes, up
/// to four steps away.
#[utoipa::path(get, path = "/api-transactions/transactions/{id}/links", tag = "fraud",
    params(("id" = String, Path, description = "the X-Request-Id of the call")),
    responses((status = 200, body = Envelope<TransactionLinks>), (status = 404, description = "unknown")))]
pub async fn get_transaction_links(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<TransactionLinks>>, Error> {
    let Path(id) = id?;
    let graph = fraud::transaction_links(gateway.core(), &caller, id).await?;
    Ok(Json(Envelope::new("links found", graph.into())))
}

impl From<wire::FraudSummary> for FraudSummary {
    fn from(wire: wire::FraudSummary) -> Self {
        Self {
            buckets: wire.buckets.into_iter().map(FraudBucket::from).collect(),
            values: wire.values.into_iter().map(FraudValue::from).collect(),
            clusters: wire.clusters.into_iter().map(FaceCluster::from).collect(),
            findings: wire.findings.into_iter().map(FraudFinding::from).collect(),
        }
    }
}

impl From<wire::FraudBucket> for FraudBucket {
    fn from(wire: wire::FraudBucket) -> Self {
        Self { at: rfc3339(wire.at_ms), calls: wire.calls, signals: wire.signals.into_iter().collect() }
    }
}

impl From<wire::FraudValue> for FraudValue {
    fn from(wire: wire::FraudValue) -> Self {
        Self {
            kind: LinkKind::from_wire(wire.kind()),
            label: wire.label,
            calls: wire.calls,
            users: wire.users,
            last_at: rfc3339(wire.last_at_ms),
            transaction_id: wire.transaction_id,
            blocked: wire.blocked,
        }
    }
}

impl From<wire::FaceCluster> for FaceCluster {
    fn from(wire: wire::FaceCluster) -> Self {
        Self {
            owner: wire.owner,
            users: wire.users,
            user_count: wire.user_count,
            calls: wire.calls,
            last_at: rfc3339(wire.last_at_ms),
            transaction_id: wire.transaction_id,
            blocked: wire.blocked,
        }
    }
}

impl From<wire::FraudFinding> for FraudFinding {
    fn from(wire: wire::FraudFinding) -> Self {
        Self {
            transaction_id: wire.transaction_id,
            rule: wire.rule,
            user: wire.user_fullname,
            other: wire.other,
            at: rfc3339(wire.at_ms),
        }
    }
}

impl From<wire::FraudGraph> for TransactionLinks {
    fn from(wire: wire::FraudGraph) -> Self {
        let node = |node: wire::FraudNode| LinkNode {
            kind: LinkKind::from_wire(node.kind()),
            key: node.key,
            label: node.label,
            transaction_id: node.transaction_id,
            blocked: node.blocked,
            is_start: node.is_start,
        };
        let edge = |edge: wire::FraudEdge| LinkEdge { from: edge.from, to: edge.to, calls: edge.calls };
        Self {
            nodes: wire.nodes.into_iter().map(node).collect(),
            edges: wire.edges.into_iter().map(edge).collect(),
            complete: wire.complete,
        }
    }
}
