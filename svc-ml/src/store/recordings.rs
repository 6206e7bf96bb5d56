//! Judged recordings, and their keyed marks.

use std::{collections::BTreeMap, fmt::Write};

use db::{Tx, Value};
use sqlx::AssertSqlSafe;

use super::Store;
use crate::{
    error::Error,
    replay::{Kind, Span},
};

/// Marks per lookup statement.
const LOOKED_UP_AT_ONCE: usize = 512;
/// Most rows of one lookup.
const MAX_FOUND: usize = 20_000;
/// Marks per insert statement, largest first: few statement texts, each prepared once.
const WRITTEN_AT_ONCE: [usize; 4] = [256, 64, 16, 1];
/// Recordings per deletion batch.
const DELETED_AT_ONCE: u32 = 200;

/// A recording to store; `seq` is assigned by the insert.
#[derive(Clone, Debug)]
pub struct NewRecording<'a> {
    pub project_id: &'a str,
    pub session_id: &'a str,
    pub transaction_id: &'a str,
    pub subject_hash: Option<&'a str>,
    pub bytes_hash: &'a str,
    pub spans: BTreeMap<Kind, Span>,
    pub created_at: i64,
    pub marks: Vec<StoredMark>,
}

#[derive(Clone, Copy, Debug)]
pub struct StoredMark {
    pub hash: i64,
    pub kind: Kind,
    pub place: u32,
}

/// A stored mark found by a lookup.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct FoundMark {
    pub hash: i64,
    pub seq: i64,
    pub kind: i64,
    pub place: i64,
}

/// A recording of another session.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EarlierRecording {
    pub seq: i64,
    pub project_id: String,
    pub transaction_id: String,
    pub subject_hash: Option<String>,
    pub sound_marks: i64,
    pub sound_first: i64,
    pub sound_last: i64,
    pub picture_marks: i64,
    pub picture_first: i64,
    pub picture_last: i64,
}

impl EarlierRecording {
    pub fn spans(&self) -> [(Kind, Span); 2] {
        let span = |stored: i64, first: i64, last: i64| {
            let [stored, first, last] = [stored, first, last].map(|n| u32::try_from(n).unwrap_or(0));
            Span { stored, first, last }
        };
        [
            (Kind::Sound, span(self.sound_marks, self.sound_first, self.sound_last)),
            (Kind::Picture, span(self.picture_marks, self.picture_first, self.picture_last)),
        ]
    }
}

/// The columns of an [`EarlierRecording`].
const SELECT_EARLIER: &str = "SELECT seq, project_id, transaction_id, subject_hash, sound_marks, sound_first, \
     sound_last, picture_marks, picture_first, picture_last FROM recordings ";

impl Store {
    /// Stores a recording and returns its number. Numbers are in the order in which recordings become visible to
    /// others.
    pub async fn add_recording(&self, new: &NewRecording<'_>) -> Result<i64, Error> {
        const NUMBER: &str = "UPDATE recording_numbers SET last = last + 1 WHERE one = 1 RETURNING last";
        const ADD: &str = "INSERT INTO recordings (seq, project_id, session_id, transaction_id, subject_hash, \
            bytes_hash, sound_marks, sound_first, sound_last, picture_marks, picture_first, picture_last, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
        let span = |kind| new.spans.get(&kind).copied().unwrap_or_default();
        let (sound, picture) = (span(Kind::Sound), span(Kind::Picture));
        let mut tx = self.db.begin().await?;
        let (seq,): (i64,) = tx.fetch_one(NUMBER, &[]).await?;
        let add = db::params![
            seq,
            new.project_id,
            new.session_id,
            new.transaction_id,
            new.subject_hash,
            new.bytes_hash,
            sound.stored,
            sound.first,
            sound.last,
            picture.stored,
            picture.first,
            picture.last,
            new.created_at,
        ];
        tx.execute(ADD, add).await?;
        add_marks(&mut tx, seq, &new.marks).await?;
        tx.commit().await?;
        Ok(seq)
    }

    /// Returns the stored marks with one of these hashes.
    pub async fn find_marks(&self, hashes: &[i64]) -> Result<Vec<FoundMark>, Error> {
        let sql = format!(
            "SELECT hash, seq, kind, place FROM recording_marks WHERE hash IN ({}) LIMIT {MAX_FOUND}",
            numbered(1, LOOKED_UP_AT_ONCE)
        );
        let mut found = Vec::new();
        for some in hashes.chunks(LOOKED_UP_AT_ONCE) {
            // The last batch is padded with repetitions, so that one statement text is enough.
            let last = some.last().copied().unwrap_or_default();
            let all = some.iter().copied().chain(std::iter::repeat(last)).take(LOOKED_UP_AT_ONCE);
            let params: Vec<Value<'_>> = all.map(Value::from).collect();
            let rows: Vec<FoundMark> = self.db.fetch_all(AssertSqlSafe(sql.clone()), &params).await?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Returns the recording `seq`, if it is earlier than `before` and of another session.
    pub async fn earlier_recording(
        &self,
        seq: i64,
        before: i64,
        session: &str,
    ) -> Result<Option<EarlierRecording>, Error> {
        const SQL: [&str; 2] = [SELECT_EARLIER, "WHERE seq = $1 AND seq < $2 AND session_id <> $3"];
        Ok(self.db.fetch_optional(SQL, db::params![seq, before, session]).await?)
    }

    /// Returns the first recording of the same bytes that is earlier than `before` and of another session.
    pub async fn same_bytes(
        &self,
        bytes_hash: &str,
        before: i64,
        session: &str,
    ) -> Result<Option<EarlierRecording>, Error> {
        const SQL: [&str; 2] =
            [SELECT_EARLIER, "WHERE bytes_hash = $1 AND seq < $2 AND session_id <> $3 ORDER BY seq LIMIT 1"];
        Ok(self.db.fetch_optional(SQL, db::params![bytes_hash, before, session]).await?)
    }

    /// Counts the recordings of a user with one of these hashes.
    pub async fn count_recordings(&self, project: &str, subject_hashes: &[String]) -> Result<u64, Error> {
        const SQL: &str = "SELECT COUNT(*) FROM recordings WHERE project_id = $1 AND subject_hash = $2";
        let mut all = 0;
        for hash in subject_hashes {
            let (count,): (i64,) = self.db.fetch_one(SQL, db::params![project, hash]).await?;
            all += count.unsigned_abs();
        }
        Ok(all)
    }

    /// Deletes the recordings of a user, and returns their number and the values that must be in no file.
    pub async fn erase_recordings(
        &self,
        project: &str,
        subject_hashes: &[String],
    ) -> Result<(u64, Vec<Vec<u8>>), Error> {
        const SQL: &str =
            "DELETE FROM recordings WHERE project_id = $1 AND subject_hash = $2 RETURNING bytes_hash";
        const OTHERS: &str = "SELECT COUNT(*) FROM recordings WHERE project_id = $1 AND bytes_hash = $2";
        let (mut count, mut secrets) = (0, Vec::new());
        for hash in subject_hashes {
            let mut tx = self.db.begin().await?;
            let gone: Vec<(String,)> = tx.fetch_all(SQL, db::params![project, hash]).await?;
            tx.commit().await?;
            count += gone.len() as u64;
            for (bytes,) in gone {
                // If the same file was sent for another user too, its hash does not identify this user.
                let (others,): (i64,) = self.db.fetch_one(OTHERS, db::params![project, &bytes]).await?;
                secrets.extend((others == 0).then(|| bytes.into_bytes()));
            }
        }
        Ok((count, secrets))
    }

    /// Deletes a batch of the project's recordings from before `before_ms`, and returns how many.
    pub async fn delete_recordings(&self, project: &str, before_ms: i64) -> Result<u64, Error> {
        const SQL: &str = "DELETE FROM recordings WHERE seq IN (SELECT seq FROM recordings WHERE project_id = $1 \
            AND created_at < $2 ORDER BY created_at LIMIT $3)";
        Ok(self.db.execute(SQL, db::params![project, before_ms, DELETED_AT_ONCE]).await?)
    }
}

/// Whether recordings may remain after a deletion of `count`.
pub const fn may_be_more(count: u64) -> bool {
    count == DELETED_AT_ONCE as u64
}

async fn add_marks(tx: &mut Tx, seq: i64, marks: &[StoredMark]) -> Result<(), Error> {
    let mut rest = marks;
    for size in WRITTEN_AT_ONCE {
        let rows: Vec<String> = (0..size).map(|row| format!("({})", numbered(4 * row + 1, 4))).collect();
        let sql = format!("INSERT INTO recording_marks (hash, seq, kind, place) VALUES {}", rows.join(", "));
        while let Some((some, later)) = rest.split_at_checked(size) {
            let params: Vec<Value<'_>> = some
                .iter()
                .flat_map(|mark| [mark.hash, seq, mark.kind.number(), mark.place.into()].map(Value::from))
                .collect();
            tx.execute(AssertSqlSafe(sql.clone()), &params).await?;
            rest = later;
        }
    }
    Ok(())
}

/// Returns `$first, ...`, `count` of them.
fn numbered(first: usize, count: usize) -> String {
    let mut list = String::new();
    for number in first..first + count {
        let comma = if list.is_empty() { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(list, "{comma}${number}");
    }
    list
}
