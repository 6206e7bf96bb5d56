//! The fraud summary of a period.

use std::collections::HashMap;

use proto::transactions as wire;

use crate::{
    blocklist::kind_to_wire,
    error::Error,
    links::Kind,
    record::TransactionId,
    seal,
    service::Transactions,
    stats::Span,
    store::{Counted, FindingRow},
};

/// Reasons of decisions that indicate an attack rather than a bad recording.
pub const ATTACK_REASONS: [&str; 8] = [
    "liveness_failed",
    "media_authenticity_failed",
    "media_replayed",
    "active_speaker_failed",
    "face_match_failed",
    "voice_match_failed",
    "another_person",
    "duplicate_identity",
];

impl Transactions {
    pub(super) async fn summarise_fraud(
        &self,
        request: wire::FraudSummaryRequest,
    ) -> Result<wire::FraudSummary, Error> {
        let wire::FraudSummaryRequest { project_id, from_ms, until_ms, bucket_ms } = request;
        let span = Span::try_from(wire::StatsRequest { project_id, from_ms, until_ms, bucket_ms })?;
        Ok(wire::FraudSummary {
            buckets: self.fraud_buckets(&span).await?,
            values: self.fraud_values(&span).await?,
            clusters: self.face_clusters(&span).await?,
            findings: self.face_findings(&span).await?,
        })
    }

    async fn fraud_buckets(&self, span: &Span) -> Result<Vec<wire::FraudBucket>, Error> {
        let mut buckets = vec![wire::FraudBucket::default(); span.buckets()];
        for (bucket, at) in buckets.iter_mut().zip(0_i64..) {
            bucket.at_ms = span.from_ms + at * span.bucket_ms;
        }
        let mut add = |at: i64, signal: String, calls: i64| {
            let bucket = usize::try_from(at).ok().and_then(|at| buckets.get_mut(at));
            if let Some(bucket) = bucket {
                *bucket.signals.entry(signal).or_default() += calls.unsigned_abs();
            }
        };
        for hit in self.store.count_hits(span).await? {
            add(hit.bucket, hit.rule, hit.calls);
        }
        for reasoned in self.store.count_reasons(span).await? {
            let reasons: Vec<String> = serde_json::from_str(&reasoned.reasons)?;
            for reason in reasons.into_iter().filter(|reason| ATTACK_REASONS.contains(&reason.as_str())) {
                add(reasoned.bucket, reason, reasoned.calls);
            }
        }
        for (at, calls) in self.store.count_suspicious(span).await? {
            let bucket = usize::try_from(at).ok().and_then(|at| buckets.get_mut(at));
            if let Some(bucket) = bucket {
                bucket.calls = calls.unsigned_abs();
            }
        }
        Ok(buckets)
    }

    async fn fraud_values(&self, span: &Span) -> Result<Vec<wire::FraudValue>, Error> {
        let mut values = Vec::new();
        for kind in Kind::ALL {
            let counted = self.store.top_values(span, kind).await?;
            let hashes: Vec<_> = counted.iter().map(|one| (kind, one.value_hash.clone())).collect();
            let blocked = self.store.blocked_among(&span.project_id, &hashes).await?;
            let names = match kind {
                Kind::Face => self.names_of(&span.project_id, hashes_of(&counted)).await?,
                _ => HashMap::new(),
            };
            for one in counted {
                let label = match kind {
                    Kind::Face => names.get(&one.value_hash).cloned().unwrap_or_default(),
                    _ => self.label(&span.project_id, &one.id, kind).await?,
                };
                let is_blocked = blocked.iter().any(|(of, hash)| *of == kind && *hash == one.value_hash);
                values.push(value(kind_to_wire(kind), label, is_blocked, one));
            }
        }
        let users = self.store.top_users(span).await?;
        let names = self.names_of(&span.project_id, hashes_of(&users)).await?;
        values.extend(users.into_iter().map(|one| {
            let label = names.get(&one.value_hash).cloned().unwrap_or_default();
            value(wire::LinkKind::User, label, false, one)
        }));
        Ok(values)
    }

    async fn face_clusters(&self, span: &Span) -> Result<Vec<wire::FaceCluster>, Error> {
        let mut clusters = Vec::new();
        for face in self.store.face_clusters(span).await? {
            let subjects = self.store.names_of_face(span, &face.value_hash).await?;
            let asked = subjects.iter().chain([&face.value_hash]).cloned().collect();
            let names = self.names_of(&span.project_id, asked).await?;
            let hash = (Kind::Face, face.value_hash.clone());
            clusters.push(wire::FaceCluster {
                owner: names.get(&face.value_hash).cloned().unwrap_or_default(),
                users: subjects.iter().filter_map(|subject| names.get(subject).cloned()).collect(),
                user_count: face.users.unsigned_abs(),
                calls: face.calls.unsigned_abs(),
                last_at_ms: face.last_at,
                transaction_id: face.id,
                blocked: !self.store.blocked_among(&span.project_id, &[hash]).await?.is_empty(),
            });
        }
        Ok(clusters)
    }

    async fn face_findings(&self, span: &Span) -> Result<Vec<wire::FraudFinding>, Error> {
        let rows = self.store.face_findings(span).await?;
        let subjects =
            rows.iter().flat_map(|row| row.subject_hash.iter().chain(&row.face)).cloned().collect();
        let names = self.names_of(&span.project_id, subjects).await?;
        let name = |hash: &Option<Vec<u8>>| {
            hash.as_ref().and_then(|hash| names.get(hash)).cloned().unwrap_or_default()
        };
        let finding = |row: FindingRow| wire::FraudFinding {
            user_fullname: name(&row.subject_hash),
            other: name(&row.face),
            transaction_id: row.id,
            rule: row.rule,
            at_ms: row.created_at,
        };
        Ok(rows.into_iter().map(finding).collect())
    }

    /// Returns the label of a link; empty if it was erased meanwhile.
    pub(super) async fn label(&self, project: &str, id: &str, kind: Kind) -> Result<String, Error> {
        match self.store.sealed_label(id, kind).await? {
            Some(sealed) => seal::open_label(&self.ring, project, id, kind.as_str(), &sealed),
            None => Ok(String::new()),
        }
    }

    /// Returns the names of these subjects, from their newest transactions.
    pub(super) async fn names_of(
        &self,
        project: &str,
        mut asked: Vec<Vec<u8>>,
    ) -> Result<HashMap<Vec<u8>, String>, Error> {
        asked.sort_unstable();
        asked.dedup();
        let mut names = HashMap::new();
        for (subject, row) in self.store.newest_of(project, &asked).await? {
            let id = TransactionId::parse(&row.id)?;
            let personal = seal::open(&self.ring, project, &id, &row.sealed)?;
            names.extend(personal.user_fullname.map(|name| (subject, name)));
        }
        Ok(names)
    }
}

fn hashes_of(counted: &[Counted]) -> Vec<Vec<u8>> {
    counted.iter().map(|one| one.value_hash.clone()).collect()
}

fn value(kind: wire::LinkKind, label: String, blocked: bool, counted: Counted) -> wire::FraudValue {
    wire::FraudValue {
        kind: kind.into(),
        label,
        calls: counted.calls.unsigned_abs(),
        users: counted.users.unsigned_abs(),
        last_at_ms: counted.last_at,
        transaction_id: counted.id,
        blocked,
    }
}

#[cfg(test)]
mod tests {
    use super::ATTACK_REASONS;

    #[test]
    fn every_signal_is_explained() {
        for reason in ATTACK_REASONS {
            assert!(
                scoring::catalogue::reason(reason, scoring::catalogue::Language::En).is_some(),
                "{reason}"
            );
        }
    }
}
