//! The links of a transaction: users, and the devices, addresses, documents and faces that connect them.

use std::collections::{BTreeMap, VecDeque};

use proto::transactions as wire;

use crate::{
    blocklist::kind_to_wire, error::Error, links::Kind, record::TransactionId, service::Transactions,
    store::Neighbour,
};

/// Most nodes of a graph, neighbours of a node, and steps from the start: larger graphs are not readable.
const MAX_NODES: usize = 60;
const NEIGHBOURS: i64 = 12;
const MAX_STEPS: u32 = 4;

/// A user or a value: its kind (`user`, or the value's) and its hash.
type Key = (String, Vec<u8>);

#[derive(Default)]
struct Graph {
    /// Each with its newest call, and its steps from the start.
    nodes: BTreeMap<Key, (String, u32)>,
    edges: BTreeMap<(Key, Key), u64>,
    is_cut: bool,
}

impl Graph {
    /// Adds a neighbour; returns whether it is new.
    fn connect(&mut self, from: &Key, to: &Neighbour, steps: u32) -> bool {
        let key = (to.kind.clone(), to.hash.clone());
        let is_new = !self.nodes.contains_key(&key);
        if is_new && self.nodes.len() >= MAX_NODES {
            self.is_cut = true;
            return false;
        }
        if is_new {
            self.nodes.insert(key.clone(), (to.id.clone(), steps));
        }
        let edge = if *from < key { (from.clone(), key) } else { (key, from.clone()) };
        self.edges.insert(edge, to.calls.unsigned_abs());
        is_new
    }
}

impl Transactions {
    pub(super) async fn fraud_graph(
        &self,
        request: &wire::FraudGraphRequest,
    ) -> Result<wire::FraudGraph, Error> {
        let project = &request.project_id;
        let id = TransactionId::parse(&request.transaction_id).map_err(|_| Error::NotFound)?;
        let row = self.store.find_transaction(project, &id).await?.ok_or(Error::NotFound)?;
        let mut graph = Graph::default();
        let mut starts: Vec<Key> =
            row.subject_hash.iter().map(|hash| ("user".into(), hash.clone())).collect();
        for link in self.store.stored_links(id.as_str()).await? {
            let hash = link.hashes.into_iter().next().filter(|_| link.kind != Kind::Country);
            starts.extend(hash.map(|hash| (link.kind.as_str().to_owned(), hash)));
        }
        let mut waiting: VecDeque<Key> = starts.iter().cloned().collect();
        graph.nodes.extend(starts.iter().map(|key| (key.clone(), (row.id.clone(), 0))));
        while let Some(key) = waiting.pop_front() {
            let steps = graph.nodes.get(&key).map_or(0, |(_, steps)| *steps);
            if steps >= MAX_STEPS {
                continue;
            }
            let found = match key.0.as_str() {
                "user" => self.store.values_of(project, &key.1, NEIGHBOURS).await?,
                kind => self.store.users_of(project, kind, &key.1, NEIGHBOURS).await?,
            };
            graph.is_cut |= i64::try_from(found.len()).is_ok_and(|found| found == NEIGHBOURS);
            for neighbour in found {
                if graph.connect(&key, &neighbour, steps + 1) {
                    waiting.push_back((neighbour.kind, neighbour.hash));
                }
            }
        }
        self.render(project, graph, &starts).await
    }

    async fn render(&self, project: &str, graph: Graph, starts: &[Key]) -> Result<wire::FraudGraph, Error> {
        let subjects = graph.nodes.keys().filter(|(kind, _)| kind == "user" || kind == "face");
        let names = self.names_of(project, subjects.map(|(_, hash)| hash.clone()).collect()).await?;
        let mut values = Vec::new();
        for (kind, hash) in graph.nodes.keys().filter(|(kind, _)| kind != "user") {
            values.push((Kind::from_stored(kind)?, hash.clone()));
        }
        let blocked = self.store.blocked_among(project, &values).await?;
        let numbers: BTreeMap<&Key, String> =
            graph.nodes.keys().enumerate().map(|(at, key)| (key, at.to_string())).collect();
        let mut nodes = Vec::with_capacity(graph.nodes.len());
        for (key, (id, _)) in &graph.nodes {
            let kind = if key.0 == "user" { None } else { Some(Kind::from_stored(&key.0)?) };
            let label = match kind {
                None | Some(Kind::Face) => names.get(&key.1).cloned().unwrap_or_default(),
                Some(kind) => self.label(project, id, kind).await?,
            };
            nodes.push(wire::FraudNode {
                key: numbers[key].clone(),
                kind: kind.map_or(wire::LinkKind::User, kind_to_wire).into(),
                label,
                transaction_id: id.clone(),
                blocked: kind.is_some_and(|kind| blocked.contains(&(kind, key.1.clone()))),
                is_start: starts.contains(key),
            });
        }
        let edges = graph.edges.iter().map(|((from, to), calls)| wire::FraudEdge {
            from: numbers[from].clone(),
            to: numbers[to].clone(),
            calls: *calls,
        });
        Ok(wire::FraudGraph { edges: edges.collect(), nodes, complete: !graph.is_cut })
    }
}
