//! Moves the MACs of grants and the audit log to another master key.
//!
//! Only verified rows get a new MAC or an endorsement. A row is changed only if its MAC is unchanged since it was read.

use std::collections::BTreeMap;

use anyhow::bail;
use blob::{KeyId, KeyRing};
use db::{Db, Tx};
use ledger::{KeyUsage, Rewrap};

use super::{
    ApiKeyRow, SELECT_KEY, SigningKeyRow, Store, UserRow,
    grants::{API_KEYS, INVITATIONS, PROJECTS, ProjectGrant, RECOVERY_CODES, SESSIONS, SIGNING_KEYS, USERS},
    invitations::InvitationRow,
    sessions::SessionRow,
};
use crate::{
    accounts::{PASSWORD, PERSON, TOTP},
    audit::Entry,
    error::Error,
};

const KEYS: [&str; 2] = [SELECT_KEY, "WHERE state = 'active' ORDER BY id"];
const PEOPLE: &str = "SELECT id, organisation_id, email_hash, sealed, sealed_password, role, sealed_totp, pending_totp, \
    created_at, created_at AS seen_at, mac FROM users ORDER BY id";
const LINKS: &str = "SELECT id, organisation_id, user_id, sealed, role, token_hash, created_at, expires_at, made_by, mac \
    FROM invitations ORDER BY id";
const OPEN: &str = "SELECT id, user_id, token_hash, half_open, sealed, created_at, seen_at, expires_at, mac \
    FROM dashboard_sessions ORDER BY id";
/// Without a MAC a code is valid by its own hash only, until its master key is retired.
const CODES: &str = "SELECT user_id, hash, mac FROM recovery_codes WHERE mac <> '' ORDER BY user_id, hash";
const OWNED: &str = "SELECT id, organisation_id, dialects, mac FROM projects ORDER BY id";
const PAGE: i64 = 1_000;

/// A row with a MAC: its table, the key of its MAC, and its renewal.
struct Maced {
    table: &'static str,
    key: Option<KeyId>,
    renew: Renew,
}

/// The statement's parameters differ by table.
enum Renew {
    Mac { id: String, old: String, new: String },
    User(Box<UserRow>),
    Invitation(Box<InvitationRow>),
    Code { user: String, hash: String, new: String },
}

impl Store {
    /// Counts the MACs of rows, of audit entries and of the log's head by their trusted key; `None`: it does not
    /// verify.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_keys(&self) -> Result<Vec<KeyUsage>, Error> {
        let mut tables: BTreeMap<&str, BTreeMap<Option<KeyId>, u64>> = BTreeMap::new();
        for row in self.maced_rows().await? {
            *tables.entry(row.table).or_default().entry(row.key).or_default() += 1;
        }
        let (mut entries, mut before) = (BTreeMap::new(), (0, String::new()));
        loop {
            let page = self.audit_page(before.0, PAGE).await?;
            for entry in &page {
                *entries.entry(self.next_entry(&mut before, entry)?).or_default() += 1;
            }
            if page.is_empty() {
                break;
            }
        }
        let head = self.audit_head().await?.filter(|head| head.seq > 0);
        let head = head.map(|head| self.log.sealed_by(&head)).transpose()?;
        let macs = tables.into_iter().flat_map(|(table, keys)| KeyUsage::of(&format!("{table}.mac"), keys));
        let mut usage: Vec<_> = macs.collect();
        usage.extend(KeyUsage::of("audit_entries.mac", entries));
        usage.extend(KeyUsage::of("audit_head.seal", head.map(|key| (key, 1))));
        Ok(usage)
    }

    /// Renews the MACs of rows, and reseals the columns they cover.
    ///
    /// # Errors
    /// When the database fails, or something does not open.
    pub async fn rewrap_rows(&self, ring: &KeyRing, rewrap: &mut Rewrap<'_>) -> Result<(), Error> {
        let active = ring.key_ids()[0];
        let rows = self.maced_rows().await?.into_iter();
        // Tampered rows are rejected as before.
        let rows: Vec<_> = rows.filter(|row| row.key.is_some_and(|key| key != active)).collect();
        let mut done = 0;
        for batch in rows.chunks(rewrap.batch.max(1) as usize) {
            let mut tx = self.db.begin().await?;
            for row in batch {
                done += self.renew(&mut tx, ring, row).await?;
            }
            tx.commit().await?;
            (rewrap.report)("MACs of rows", done);
        }
        Ok(())
    }

    async fn maced_rows(&self) -> Result<Vec<Maced>, Error> {
        let mut rows = Vec::new();
        let mut add = |table, id: &str, columns: &[db::Value<'_>], old: &str| -> Result<(), Error> {
            let key = self.rows.key_of(table, columns, old);
            let new = self.rows.make_mac(table, columns)?;
            let renew = Renew::Mac { id: id.to_owned(), old: old.to_owned(), new };
            rows.push(Maced { table, key, renew });
            Ok(())
        };
        for key in self.db.fetch_all::<ApiKeyRow>(KEYS, &[]).await? {
            add(API_KEYS, &key.id, &key.grant().columns(), &key.mac)?;
        }
        for key in self.signing_keys().await? {
            add(SIGNING_KEYS, &key.kid, &SigningKeyRow::columns(&key), &key.mac)?;
        }
        for project in self.db.fetch_all::<ProjectGrant>(OWNED, &[]).await? {
            add(PROJECTS, &project.id, &project.columns(), &project.mac)?;
        }
        for session in self.db.fetch_all::<SessionRow>(OPEN, &[]).await? {
            add(SESSIONS, &session.id, &session.columns(), &session.mac)?;
        }
        for user in self.db.fetch_all::<UserRow>(PEOPLE, &[]).await? {
            let key = self.rows.key_of(USERS, &user.columns(), &user.mac);
            rows.push(Maced { table: USERS, key, renew: Renew::User(Box::new(user)) });
        }
        for link in self.db.fetch_all::<InvitationRow>(LINKS, &[]).await? {
            let key = self.rows.key_of(INVITATIONS, &link.columns(), &link.mac);
            rows.push(Maced { table: INVITATIONS, key, renew: Renew::Invitation(Box::new(link)) });
        }
        for (user, hash, mac) in self.db.fetch_all::<(String, String, String)>(CODES, &[]).await? {
            let columns = db::params![&user, &hash];
            let key = self.rows.key_of(RECOVERY_CODES, columns, &mac);
            let new = self.rows.make_mac(RECOVERY_CODES, columns)?;
            rows.push(Maced { table: RECOVERY_CODES, key, renew: Renew::Code { user, hash, new } });
        }
        Ok(rows)
    }

    async fn renew(&self, tx: &mut Tx, ring: &KeyRing, row: &Maced) -> Result<u64, Error> {
        const KEY: &str = "UPDATE api_keys SET mac = $3 WHERE id = $1 AND mac = $2";
        const PROJECT: &str = "UPDATE projects SET mac = $3 WHERE id = $1 AND mac = $2";
        const SIGNER: &str = "UPDATE signing_keys SET mac = $3 WHERE kid = $1 AND mac = $2";
        const SESSION: &str = "UPDATE dashboard_sessions SET mac = $3 WHERE id = $1 AND mac = $2";
        const USER: &str =
            "UPDATE users SET sealed_password = $3, sealed_totp = $4, mac = $5 WHERE id = $1 AND mac = $2";
        const LINK: &str = "UPDATE invitations SET sealed = $3, mac = $4 WHERE id = $1 AND mac = $2";
        const CODE: &str = "UPDATE recovery_codes SET mac = $3 WHERE user_id = $1 AND hash = $2";
        let done = match &row.renew {
            Renew::Mac { id, old, new } => {
                let sql = match row.table {
                    API_KEYS => KEY,
                    SIGNING_KEYS => SIGNER,
                    PROJECTS => PROJECT,
                    _ => SESSION,
                };
                tx.execute(sql, db::params![id, old, new]).await?
            }
            Renew::User(user) => {
                let id = user.id.as_bytes();
                let anew = |purpose, sealed: &Vec<u8>| -> Result<Vec<u8>, Error> {
                    Ok(ring.reseal(purpose, id, sealed)?.unwrap_or_else(|| sealed.clone()))
                };
                let password = anew(PASSWORD, &user.sealed_password)?;
                let totp = user.sealed_totp.as_ref().map(|totp| anew(TOTP, totp)).transpose()?;
                let renewed =
                    UserRow { sealed_password: password, sealed_totp: totp, ..user.as_ref().clone() };
                let (r, mac) = (&renewed, self.user_mac(&renewed)?);
                let set = db::params![&r.id, &user.mac, &r.sealed_password, &r.sealed_totp, &mac];
                tx.execute(USER, set).await?
            }
            Renew::Invitation(link) => {
                let sealed = ring.reseal(PERSON, link.id.as_bytes(), &link.sealed)?;
                let sealed = sealed.unwrap_or_else(|| link.sealed.clone());
                let renewed = InvitationRow { sealed, ..link.as_ref().clone() };
                let mac = self.invitation_mac(&renewed)?;
                tx.execute(LINK, db::params![&link.id, &link.mac, &renewed.sealed, &mac]).await?
            }
            Renew::Code { user, hash, new } => tx.execute(CODE, db::params![user, hash, new]).await?,
        };
        Ok(done)
    }

    /// Endorses every entry of the audit log that is not valid by the key `active`, adds a layer to its content, and
    /// reseals the head. The triggers that reject changes are lifted within each transaction only.
    ///
    /// # Errors
    /// When the database fails, or the log does not verify.
    pub async fn endorse_audit(&self, active: &KeyId, rewrap: &mut Rewrap<'_>) -> anyhow::Result<()> {
        const ENDORSE: &str =
            "UPDATE audit_entries SET sealed = $3, endorsement = $4 WHERE seq = $1 AND mac = $2";
        const SEAL: &str = "UPDATE audit_head SET seal = $3 WHERE seq = $1 AND mac = $2";
        let (mut before, mut done) = ((0, String::new()), 0);
        loop {
            let page = self.audit_page(before.0, rewrap.batch.max(1).into()).await?;
            if page.is_empty() {
                break;
            }
            let mut endorsed = Vec::new();
            for entry in &page {
                let Some(key) = self.next_entry(&mut before, entry)? else {
                    bail!(
                        "entry {} of the audit log does not verify: see `biometry audit verify`",
                        entry.seq
                    );
                };
                if key != *active {
                    endorsed.push((entry, self.log.endorse(entry)?));
                }
            }
            if endorsed.is_empty() {
                continue;
            }
            let mut tx = self.db.begin().await?;
            lift_guard(&self.db, &mut tx).await?;
            for (entry, (sealed, endorsement)) in &endorsed {
                done += tx.execute(ENDORSE, db::params![entry.seq, &entry.mac, sealed, endorsement]).await?;
            }
            restore_guard(&self.db, &mut tx).await?;
            tx.commit().await?;
            (rewrap.report)("audit_entries.endorsement", done);
        }
        let Some(head) = self.audit_head().await?.filter(|head| head.seq > 0) else { return Ok(()) };
        match self.log.sealed_by(&head)? {
            None => bail!("the head of the audit log is not sealed: see `biometry audit verify`"),
            Some(key) if key == *active => {}
            Some(_) => {
                // A head that changed meanwhile has a new seal.
                let seal = self.log.seal(&head)?;
                self.db.execute(SEAL, db::params![head.seq, &head.mac, &seal]).await?;
            }
        }
        Ok(())
    }

    /// Returns the trusted key by which `entry` follows, if it does, and advances `before` to it.
    fn next_entry(&self, before: &mut (i64, String), entry: &Entry) -> Result<Option<KeyId>, Error> {
        let key = match entry.seq == before.0 + 1 {
            true => self.log.vouched_by((before.0, &before.1), entry)?,
            false => None,
        };
        *before = (entry.seq, entry.mac.clone());
        Ok(key)
    }
}

async fn lift_guard(db: &Db, tx: &mut Tx) -> Result<(), Error> {
    match db {
        Db::Lite(_) => tx.execute("DROP TRIGGER IF EXISTS audit_entries_no_update", &[]).await?,
        Db::Pg(_) => {
            tx.execute("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_no_change", &[]).await?
        }
    };
    Ok(())
}

async fn restore_guard(db: &Db, tx: &mut Tx) -> Result<(), Error> {
    match db {
        Db::Lite(_) => tx.execute(super::audit::LITE_NO_UPDATE, &[]).await?,
        Db::Pg(_) => {
            tx.execute("ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_no_change", &[]).await?
        }
    };
    Ok(())
}
