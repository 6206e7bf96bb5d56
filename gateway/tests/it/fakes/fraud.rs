//! The fraud page of the transactions service, played.

use proto::transactions::{
    self as wire, Blocked, FraudGraph, FraudNode, FraudSummary, FraudValue, LinkKind, fraud_server,
};
use tonic::{Request, Response, Status};

use super::Stage;

fn value(kind: LinkKind, label: &str) -> FraudValue {
    FraudValue { kind: kind.into(), label: label.into(), calls: 2, ..FraudValue::default() }
}

fn node(key: &str, kind: LinkKind, label: &str, is_start: bool) -> FraudNode {
    FraudNode { key: key.into(), kind: kind.into(), label: label.into(), is_start, ..FraudNode::default() }
}

#[tonic::async_trait]
impl fraud_server::Fraud for Stage {
    async fn summarise_fraud(
        &self,
        request: Request<wire::FraudSummaryRequest>,
    ) -> Result<Response<FraudSummary>, Status> {
        let request = request.into_inner();
        let bucket = wire::FraudBucket {
            at_ms: request.from_ms,
            calls: 2,
            signals: [("velocity".to_owned(), 2)].into(),
        };
        let cluster = wire::FaceCluster {
            owner: "Ada".into(),
            users: vec!["Eve".into()],
            user_count: 1,
            ..wire::FaceCluster::default()
        };
        let finding = wire::FraudFinding {
            rule: "known_face_new_name".into(),
            user_fullname: "Eve".into(),
            other: "Ada".into(),
            ..wire::FraudFinding::default()
        };
        self.set().fraud_spans.push(request);
        Ok(Response::new(FraudSummary {
            buckets: vec![bucket],
            values: vec![value(LinkKind::Address, "203.0.113.7"), value(LinkKind::Device, "d1")],
            clusters: vec![cluster],
            findings: vec![finding],
        }))
    }

    async fn get_fraud_graph(
        &self,
        _: Request<wire::FraudGraphRequest>,
    ) -> Result<Response<FraudGraph>, Status> {
        let nodes = vec![
            node("0", LinkKind::User, "Eve", true),
            node("1", LinkKind::User, "Ada", false),
            node("2", LinkKind::Device, "d1", true),
        ];
        let edge = |from: &str| wire::FraudEdge { from: from.into(), to: "2".into(), calls: 1 };
        Ok(Response::new(FraudGraph { nodes, edges: vec![edge("0"), edge("1")], complete: true }))
    }

    async fn add_blocked(
        &self,
        request: Request<wire::AddBlockedRequest>,
    ) -> Result<Response<Blocked>, Status> {
        let request = request.into_inner();
        let blocked = Blocked {
            id: "b1".into(),
            kind: request.kind,
            label: request.value.clone(),
            note: request.note.clone(),
            by: request.by.clone(),
            transaction_id: request.transaction_id.clone(),
            ..Blocked::default()
        };
        self.set().blocked.push(request);
        Ok(Response::new(blocked))
    }

    async fn list_blocked(
        &self,
        request: Request<wire::ListBlockedRequest>,
    ) -> Result<Response<wire::ListBlockedResponse>, Status> {
        let kind = request.into_inner().kind.unwrap_or(LinkKind::Address.into());
        let entry = Blocked {
            id: "b1".into(),
            kind,
            label: "203.0.113.7".into(),
            note: "ticket 12".into(),
            ..Blocked::default()
        };
        Ok(Response::new(wire::ListBlockedResponse { entries: vec![entry] }))
    }

    async fn remove_blocked(
        &self,
        request: Request<wire::RemoveBlockedRequest>,
    ) -> Result<Response<Blocked>, Status> {
        let id = request.into_inner().id;
        if id != "b1" {
            return Err(Status::not_found("this entry is not in the block list"));
        }
        Ok(Response::new(Blocked { id, kind: LinkKind::Address.into(), ..Blocked::default() }))
    }
}
