//! What is kept of one subject: the sessions bound to it; and of a whole project.

use sqlx::{query, query_as};

use super::{Row, Store};
use crate::{error::Error, session::Session};

impl Store {
    /// The sessions of `project` bound to the user with `hash`, expired ones too while they are there.
    pub async fn bound_to(&self, project: &str, hash: &[u8]) -> Result<Vec<Session>, Error> {
        const SQL: &str = "SELECT id, project_id, api_key_id, user_hash, user_sealed, created_at, expires_at, \
            ended_at, video_bytes FROM sessions WHERE project_id = $1 AND user_hash = $2";
        let rows: Vec<Row> =
            db::on!(&self.db, |pool| query_as(SQL).bind(project).bind(hash).fetch_all(pool).await)?;
        rows.into_iter().map(Session::try_from).collect()
    }

    /// Ends all of them, so that no upload that is under way can leave a video any more.
    pub async fn end_bound_to(&self, project: &str, hash: &[u8], now_ms: i64) -> Result<(), Error> {
        const SQL: &str = "UPDATE sessions SET ended_at = $3 WHERE project_id = $1 AND user_hash = $2 \
            AND ended_at IS NULL";
        let _turn = self.turns.next(&self.db).await;
        db::on!(&self.db, |pool| query(SQL)
            .bind(project)
            .bind(hash)
            .bind(now_ms)
            .execute(pool)
            .await
            .map(drop))?;
        Ok(())
    }

    /// Ends up to `most` sessions of a project, whoever they are bound to, and answers them as they are then.
    pub async fn end_some_of(&self, project: &str, now_ms: i64, most: u32) -> Result<Vec<Session>, Error> {
        const SQL: &str = "UPDATE sessions SET ended_at = COALESCE(ended_at, $2) WHERE id IN \
            (SELECT id FROM sessions WHERE project_id = $1 LIMIT $3) RETURNING id, project_id, api_key_id, \
            user_hash, user_sealed, created_at, expires_at, ended_at, video_bytes";
        let _turn = self.turns.next(&self.db).await;
        let rows: Vec<Row> = db::on!(&self.db, |pool| query_as(SQL)
            .bind(project)
            .bind(now_ms)
            .bind(i64::from(most))
            .fetch_all(pool)
            .await)?;
        rows.into_iter().map(Session::try_from).collect()
    }

    /// Removes these, out of SQLite's log as well.
    pub async fn delete(&self, sessions: &[Session]) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM sessions WHERE id = $1";
        if sessions.is_empty() {
            return Ok(());
        }
        let _turn = self.turns.next(&self.db).await;
        db::on!(&self.db, |pool| async {
            let mut tx = pool.begin().await?;
            for session in sessions {
                query(SQL).bind(session.id.as_str()).execute(&mut *tx).await?;
            }
            tx.commit().await
        }
        .await)?;
        self.db.forget().await?;
        Ok(())
    }

    /// Removes all of them, out of SQLite's log as well.
    pub async fn delete_bound_to(&self, project: &str, hash: &[u8]) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM sessions WHERE project_id = $1 AND user_hash = $2";
        let _turn = self.turns.next(&self.db).await;
        db::on!(&self.db, |pool| query(SQL).bind(project).bind(hash).execute(pool).await.map(drop))?;
        self.db.forget().await?;
        Ok(())
    }
}
