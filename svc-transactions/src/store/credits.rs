//! Credit plans and their entries. The balance changes in the database transaction of the entry that says why.

use db::Tx;

use super::Store;
use crate::error::Error;

/// A plan as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PlanRow {
    pub is_prepaid: i64,
    pub balance: i64,
    pub prices: String,
    pub updated_at: i64,
}

/// An entry as stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct CreditRow {
    pub id: String,
    pub category: String,
    pub status: String,
    pub amount: i64,
    pub description: String,
    pub transaction_id: String,
    pub created_at: i64,
}

const COLUMNS: &str = "id, category, status, amount, description, transaction_id, created_at";

const BALANCE: &str = "UPDATE credit_plans SET balance = balance + $2 WHERE project_id = $1";

impl Store {
    pub async fn find_plan(&self, project: &str) -> Result<Option<PlanRow>, Error> {
        const SQL: &str =
            "SELECT is_prepaid, balance, prices, updated_at FROM credit_plans WHERE project_id = $1";
        Ok(self.db.fetch_optional(SQL, db::params![project]).await?)
    }

    /// Sets what the project chose; the balance stays.
    pub async fn put_plan(
        &self,
        project: &str,
        is_prepaid: bool,
        prices: &str,
        now_ms: i64,
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO credit_plans (project_id, is_prepaid, balance, prices, updated_at) \
            VALUES ($1, $2, 0, $3, $4) ON CONFLICT (project_id) DO UPDATE \
            SET is_prepaid = $2, prices = $3, updated_at = $4";
        self.db.execute(SQL, db::params![project, i64::from(is_prepaid), prices, now_ms]).await?;
        Ok(())
    }

    /// Adds an entry and its amount to the balance.
    pub async fn add_credits(&self, project: &str, row: &CreditRow) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO credit_plans AS known (project_id, is_prepaid, balance, prices, updated_at) \
            VALUES ($1, 0, $2, '{}', $3) ON CONFLICT (project_id) DO UPDATE SET balance = known.balance + $2";
        let mut tx = self.db.begin().await?;
        tx.execute(SQL, db::params![project, row.amount, row.created_at]).await?;
        add_entry(&mut tx, project, row).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes the amount out of the balance and notes it as pending; false when there is not enough. What was reserved before
    /// `abandoned_before` and never settled is given back first.
    pub async fn reserve_credits(
        &self,
        project: &str,
        row: &CreditRow,
        abandoned_before: i64,
    ) -> Result<bool, Error> {
        const ABANDONED: &str = "DELETE FROM credit_entries WHERE project_id = $1 AND status = 'pending' \
            AND created_at < $2 RETURNING amount";
        const TAKE: &str =
            "UPDATE credit_plans SET balance = balance - $2 WHERE project_id = $1 AND balance >= $2";
        let mut tx = self.db.begin().await?;
        let abandoned: Vec<(i64,)> = tx.fetch_all(ABANDONED, db::params![project, abandoned_before]).await?;
        let given_back: i64 = abandoned.iter().map(|(amount,)| amount).sum();
        if given_back > 0 {
            tx.execute(BALANCE, db::params![project, given_back]).await?;
        }
        let taken = tx.execute(TAKE, db::params![project, row.amount]).await? == 1;
        // Reserved already by the same call: nothing of this one counts.
        if taken && !add_entry(&mut tx, project, row).await? {
            return Ok(true);
        }
        tx.commit().await?;
        Ok(taken)
    }

    /// Makes a reservation final; false when there is none.
    pub async fn charge_credits(&self, project: &str, transaction: &str) -> Result<bool, Error> {
        const SQL: &str = "UPDATE credit_entries SET status = 'approved' \
            WHERE project_id = $1 AND transaction_id = $2 AND status = 'pending'";
        Ok(self.db.execute(SQL, db::params![project, transaction]).await? == 1)
    }

    /// Gives a reservation back; false when there is none.
    pub async fn return_credits(&self, project: &str, transaction: &str) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM credit_entries \
            WHERE project_id = $1 AND transaction_id = $2 AND status = 'pending' RETURNING amount";
        let mut tx = self.db.begin().await?;
        let returned: Option<(i64,)> = tx.fetch_optional(SQL, db::params![project, transaction]).await?;
        if let Some((amount,)) = returned {
            tx.execute(BALANCE, db::params![project, amount]).await?;
        }
        tx.commit().await?;
        Ok(returned.is_some())
    }

    /// Notes a postpaid call; false when it was noted before.
    pub async fn count_usage(&self, project: &str, row: &CreditRow) -> Result<bool, Error> {
        let mut tx = self.db.begin().await?;
        let is_new = add_entry(&mut tx, project, row).await?;
        tx.commit().await?;
        Ok(is_new)
    }

    pub async fn credits(
        &self,
        project: &str,
        limit: u32,
        offset: i64,
    ) -> Result<(Vec<CreditRow>, u64), Error> {
        const SQL: [&str; 3] = [
            "SELECT ",
            COLUMNS,
            " FROM credit_entries WHERE project_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3",
        ];
        const COUNT: &str = "SELECT COUNT(*) FROM credit_entries WHERE project_id = $1";
        let rows = self.db.fetch_all(SQL, db::params![project, limit, offset]).await?;
        let (total,): (i64,) = self.db.fetch_one(COUNT, db::params![project]).await?;
        Ok((rows, total.unsigned_abs()))
    }

    pub async fn credit(&self, project: &str, id: &str) -> Result<Option<CreditRow>, Error> {
        const SQL: [&str; 3] = ["SELECT ", COLUMNS, " FROM credit_entries WHERE project_id = $1 AND id = $2"];
        Ok(self.db.fetch_optional(SQL, db::params![project, id]).await?)
    }

    /// Deletes the plan and up to `most` entries of a project; answers how many entries there were.
    pub async fn delete_some_credits(&self, project: &str, most: u32) -> Result<u64, Error> {
        const PLAN: &str = "DELETE FROM credit_plans WHERE project_id = $1";
        const ENTRIES: &str = "DELETE FROM credit_entries WHERE id IN \
            (SELECT id FROM credit_entries WHERE project_id = $1 LIMIT $2)";
        self.db.execute(PLAN, db::params![project]).await?;
        Ok(self.db.execute(ENTRIES, db::params![project, most]).await?)
    }
}

/// Adds an entry; false when its transaction has one.
async fn add_entry(tx: &mut Tx, project: &str, row: &CreditRow) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO credit_entries (project_id, id, category, status, amount, description, transaction_id, \
        created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (project_id, transaction_id) DO NOTHING";
    let params = db::params![
        project,
        &row.id,
        &row.category,
        &row.status,
        row.amount,
        &row.description,
        &row.transaction_id,
        row.created_at
    ];
    Ok(tx.execute(SQL, params).await? == 1)
}
