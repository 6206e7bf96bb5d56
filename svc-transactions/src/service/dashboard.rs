//! Calls of the dashboard: statistics, recent calls, related transactions.

use std::collections::{BTreeMap, HashSet};

use proto::transactions as wire;

use super::Transactions;
use crate::{
    error::Error,
    list::{Filter, Page},
    names::Search,
    record::{TransactionId, text},
    seal,
    stats::{self, Span},
    store::Row,
};

const MAX_KNOWN: usize = 5000;
const MAX_RECENT: u32 = 200;
/// Subjects per search.
const MAX_FOUND: u32 = 20;
/// Related transactions of one kind.
const RELATED: u32 = 20;
/// Encrypted bytes of all related transactions together.
const RELATED_BYTES: usize = 2 * 1024 * 1024;

impl Transactions {
    pub(super) async fn count(&self, request: wire::StatsRequest) -> Result<wire::StatsResponse, Error> {
        let span = Span::try_from(request)?;
        let (counted, reasoned) =
            futures::try_join!(self.store.count_alike(&span), self.store.count_reasons(&span))?;
        stats::sum(&span, &counted, &reasoned)
    }

    pub(super) async fn lately(&self, request: wire::RecentRequest) -> Result<wire::RecentResponse, Error> {
        let wire::RecentRequest { project_id, since_ms, known, after_id, limit } = request;
        let project = text("project_id", project_id)?;
        if known.len() > MAX_KNOWN {
            return Err(Error::Invalid(format!("known may hold at most {MAX_KNOWN} ids")));
        }
        let after = match after_id {
            None => (i64::MIN, String::new()),
            Some(id) => match self.ended(&project, &id).await? {
                Some(at) => (at, id),
                None => return Ok(wire::RecentResponse::default()),
            },
        };
        let mut ids = self.store.ended_since(&project, since_ms, (after.0, &after.1)).await?;
        let known: HashSet<String> = known.into_iter().collect();
        ids.retain(|id| !known.contains(id));
        let shown = ids.len().min(limit.min(MAX_RECENT) as usize);
        let mut rows = self.store.rows(&project, &ids[..shown]).await?;
        rows.reverse();
        Ok(wire::RecentResponse { ids, transactions: self.read_all(rows).await? })
    }

    /// Returns subjects whose names begin with a text, the latest first.
    pub(super) async fn search_subjects(
        &self,
        request: wire::SearchSubjectsRequest,
    ) -> Result<wire::SearchSubjectsResponse, Error> {
        let project = text("project_id", request.project_id)?;
        let search = Search::parse(&text("prefix", request.prefix)?)?;
        let most = if request.limit == 0 { MAX_FOUND } else { request.limit.min(MAX_FOUND) };
        let hashes = search.hashes(&self.ring, &project)?;
        let found = self.store.find_names(&project, &hashes, most).await?;
        let mut subjects = Vec::with_capacity(found.len());
        for one in found {
            let id = TransactionId::parse(&one.transaction_id)?;
            let Some(row) = self.store.find_transaction(&project, &id).await? else { continue };
            let personal = seal::open(&self.ring, &project, &id, &row.sealed)?;
            let name = personal.user_fullname.filter(|name| search.matches(name));
            subjects.extend(
                name.map(|user_fullname| wire::FoundSubject { user_fullname, last_at_ms: one.last_at }),
            );
        }
        Ok(wire::SearchSubjectsResponse { subjects })
    }

    /// Returns when a call ended, if it belongs to the project.
    async fn ended(&self, project: &str, id: &str) -> Result<Option<i64>, Error> {
        let Ok(id) = TransactionId::parse(id) else { return Ok(None) };
        let row = self.store.find_transaction(project, &id).await?;
        Ok(row.map(|row| row.created_at + row.duration_ms))
    }

    pub(super) async fn relatives(
        &self,
        request: &wire::GetTransactionRequest,
    ) -> Result<wire::RelatedResponse, Error> {
        let id = TransactionId::parse(&request.id).map_err(|_| Error::NotFound)?;
        let row = self.store.find_transaction(&request.project_id, &id).await?.ok_or(Error::NotFound)?;
        let mut found: BTreeMap<(i64, String), (Row, Vec<i32>)> = BTreeMap::new();
        let kinds = [
            (wire::Relation::Session, self.of_session(&row).await?),
            (wire::Relation::User, self.of_user(&row, &id).await?),
            (wire::Relation::Device, self.store.of_same_device(&row, RELATED + 1).await?),
        ];
        for (by, rows) in kinds {
            for other in rows.into_iter().filter(|other| other.id != row.id) {
                let key = (other.created_at, other.id.clone());
                found.entry(key).or_insert_with(|| (other, Vec::new())).1.push(by.into());
            }
        }
        let mut size = 0;
        let fits = |(row, _): &(Row, Vec<i32>)| {
            size += row.sealed.len();
            size <= RELATED_BYTES
        };
        let (rows, by): (Vec<Row>, Vec<_>) = found.into_values().rev().take_while(fits).unzip();
        let related = self
            .read_all(rows)
            .await?
            .into_iter()
            .zip(by)
            .map(|(transaction, by)| wire::RelatedTransaction { transaction: Some(transaction), by });
        Ok(wire::RelatedResponse { related: related.collect() })
    }

    async fn of_session(&self, row: &Row) -> Result<Vec<Row>, Error> {
        if row.session_id.is_none() {
            return Ok(Vec::new());
        }
        let filter = Filter { session_id: row.session_id.clone(), ..of_project(row) };
        Ok(self.store.list_transactions(&Page { filter, after: None, size: RELATED + 1 }, &[]).await?.rows)
    }

    async fn of_user(&self, row: &Row, id: &TransactionId) -> Result<Vec<Row>, Error> {
        if row.subject_hash.is_none() {
            return Ok(Vec::new());
        }
        let personal = seal::open(&self.ring, &row.project_id, id, &row.sealed)?;
        let Some(user) = personal.user_fullname else { return Ok(Vec::new()) };
        let subjects = seal::subject_hashes(&self.ring, &row.project_id, &user)?;
        let page = Page { filter: of_project(row), after: None, size: RELATED + 1 };
        Ok(self.store.list_transactions(&page, &subjects).await?.rows)
    }
}

fn of_project(row: &Row) -> Filter {
    Filter { project_id: row.project_id.clone(), ..Filter::default() }
}
