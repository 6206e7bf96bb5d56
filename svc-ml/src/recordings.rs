//! Detection of recordings that were used before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    error::Error,
    replay::{Keys, Kind, Marks, Row, Span, same_recordings},
    store::{EarlierRecording, NewRecording, StoredMark},
    templates::{Templates, name_hashes},
};

/// The origin of a recording: user, session and call.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    pub project: &'a str,
    /// Other projects whose recordings are compared.
    pub others: &'a [String],
    /// Empty: the call is a session of its own.
    pub session: &'a str,
    pub transaction: &'a str,
    /// Empty: no user was named.
    pub user: &'a str,
    pub now_ms: i64,
}

/// What a recording was recognised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trace {
    Bytes,
    Picture,
    Sound,
}

impl From<Kind> for Trace {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Sound => Self::Sound,
            Kind::Picture => Self::Picture,
        }
    }
}

/// A recording that was used in another session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// What both have in common.
    pub by: Vec<Trace>,
    /// The call it was used in; `None`: one of another project, which is not named.
    pub transaction: Option<String>,
    /// Whether it was used for the same user.
    pub is_same_user: bool,
}

impl Templates {
    /// Stores the fingerprint `marks` and returns whether the recording was used before, in another session of the
    /// project or of one of `others`. Of two concurrent calls with one recording the first to be stored is not a
    /// replay, and the other is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register_recording(
        &self,
        origin: Origin<'_>,
        marks: &Marks,
    ) -> Result<Option<Replay>, Error> {
        let keys = Keys::of(self.ring(), origin.project)?;
        let names = match origin.user {
            "" => Vec::new(),
            user => name_hashes(self.ring(), origin.project, user)?,
        };
        let own_session = format!("call {}", origin.transaction);
        let session = if origin.session.is_empty() { &own_session } else { origin.session };
        let bytes_hash = keys.bytes(&marks.sha256).next().unwrap_or_default();
        let spans: BTreeMap<Kind, Span> = Kind::ALL.map(|kind| (kind, marks.span(kind))).into();
        let new = NewRecording {
            project_id: origin.project,
            session_id: session,
            transaction_id: origin.transaction,
            subject_hash: names.first().map(String::as_str),
            bytes_hash: &bytes_hash,
            spans: spans.clone(),
            created_at: origin.now_ms,
            marks: stored(&keys, marks),
        };
        let seq = self.store.add_recording(&new).await?;
        let mut found = Vec::new();
        for project in std::iter::once(origin.project).chain(origin.others.iter().map(String::as_str)) {
            let keys = Keys::of(self.ring(), project)?;
            found.extend(self.find_earlier(&keys, marks, &spans, (seq, session)).await?);
        }
        Ok(replay(found, origin.project, &names))
    }

    /// Deletes a batch of the project's recordings from before `before_ms`, and returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_recordings(&self, project: &str, before_ms: i64) -> Result<u64, Error> {
        self.store.delete_recordings(project, before_ms).await
    }

    /// Returns earlier recordings of other sessions that are the same, of the candidates under `keys`.
    async fn find_earlier(
        &self,
        keys: &Keys,
        marks: &Marks,
        spans: &BTreeMap<Kind, Span>,
        (seq, session): (i64, &str),
    ) -> Result<Vec<(EarlierRecording, Trace)>, Error> {
        let mut found = Vec::new();
        for hash in keys.bytes(&marks.sha256) {
            found.extend(self.store.same_bytes(&hash, seq, session).await?.map(|row| (row, Trace::Bytes)));
        }
        let mut looked_up: HashMap<i64, Vec<(Kind, u32)>> = HashMap::new();
        for (kind, mark) in marks.of.iter().flat_map(|(kind, marks)| marks.iter().map(move |m| (*kind, m))) {
            for hash in keys.mark(kind, mark) {
                looked_up.entry(hash).or_default().push((kind, mark.place));
            }
        }
        let hashes: Vec<i64> = looked_up.keys().copied().collect();
        let mut rows = Vec::new();
        for mark in self.store.find_marks(&hashes).await?.into_iter().filter(|mark| mark.seq < seq) {
            let stored_place = u32::try_from(mark.place).unwrap_or(0);
            let places = looked_up.get(&mark.hash).map(Vec::as_slice).unwrap_or_default();
            let same_kind = places.iter().filter(|(kind, _)| kind.number() == mark.kind);
            rows.extend(same_kind.map(|(kind, place)| Row {
                seq: mark.seq,
                kind: *kind,
                stored_place,
                place: *place,
            }));
        }
        let candidates: BTreeSet<i64> = rows.iter().map(|row| row.seq).collect();
        let mut earlier = BTreeMap::new();
        for candidate in candidates.into_iter().filter(|c| has_some(&rows, *c)) {
            if let Some(row) = self.store.earlier_recording(candidate, seq, session).await? {
                earlier.insert(candidate, row);
            }
        }
        let stored = earlier.iter().flat_map(|(seq, row)| row.spans().map(|(kind, s)| ((*seq, kind), s)));
        for (same, kinds) in same_recordings(&rows, spans, &stored.collect()) {
            let row = earlier.get(&same).into_iter().flat_map(|row| kinds.iter().map(move |k| (row, k)));
            found.extend(row.map(|(row, kind)| (row.clone(), Trace::from(*kind))));
        }
        Ok(found)
    }
}

/// Fewer common marks than this never decide, whatever the bounds; most recordings have none.
const WORTH_READING: usize = 4;

fn has_some(rows: &[Row], seq: i64) -> bool {
    rows.iter().filter(|row| row.seq == seq).take(WORTH_READING).count() == WORTH_READING
}

fn stored(keys: &Keys, marks: &Marks) -> Vec<StoredMark> {
    let all = marks.of.iter().flat_map(|(kind, marks)| marks.iter().map(move |mark| (*kind, mark)));
    all.filter(|(_, mark)| mark.is_stored)
        .filter_map(|(kind, mark)| {
            Some(StoredMark { hash: keys.mark(kind, mark).next()?, kind, place: mark.place })
        })
        .collect()
}

/// Returns the report on the recordings found: the first of the project's own, otherwise only that there is one.
fn replay(mut found: Vec<(EarlierRecording, Trace)>, project: &str, names: &[String]) -> Option<Replay> {
    found.sort_by_key(|(row, _)| (row.project_id != project, row.seq));
    let (first, _) = found.first()?;
    let by: BTreeSet<Trace> = found.iter().map(|(_, by)| *by).collect();
    let is_same_user = found.iter().all(|(row, _)| {
        row.project_id == project && row.subject_hash.as_ref().is_some_and(|hash| names.contains(hash))
    });
    let transaction = (first.project_id == project).then(|| first.transaction_id.clone());
    Some(Replay { by: by.into_iter().collect(), transaction, is_same_user })
}

#[cfg(test)]
mod tests;
