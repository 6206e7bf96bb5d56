//! Erasure: nothing remains that could be found by the name, and the ledger still verifies.

use blob::{KeyRing, Purpose};
use proto::{
    consent::{ConsentKind, ConsentState},
    subjects::{Kept, Project, Remains, Subject},
};
use tonic::Code;

use crate::{ADA, Client, MASTER_KEY, journal::findings, of, open, record, state, stored};

fn subject(user: &str) -> Subject {
    Subject { project_id: "p1".into(), user_fullname: user.into() }
}

fn entries(count: u64) -> Remains {
    Remains { kept: vec![Kept { kind: "consent_entry".into(), count }] }
}

async fn erase(client: &mut Client, user: &str) -> Remains {
    client.erase_subject(subject(user)).await.unwrap().into_inner()
}

async fn find(client: &mut Client, user: &str) -> Remains {
    client.find_subject(subject(user)).await.unwrap().into_inner()
}

#[tokio::test]
async fn an_erased_subject_is_a_new_one() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        for given in [true, false, true] {
            record(&mut client, ADA, ConsentKind::Authorization, given).await.unwrap();
        }
        record(&mut client, "bob", ConsentKind::Storage, true).await.unwrap();
        assert_eq!(find(&mut client, ADA).await, entries(3));

        assert_eq!(erase(&mut client, ADA).await, entries(3));
        assert_eq!(find(&mut client, ADA).await, Remains::default());
        assert_eq!(erase(&mut client, ADA).await, Remains::default(), "a second call finds nothing");
        assert_eq!(state(&mut client, "p1", ADA).await, ConsentState::default());
        assert_eq!(client.get_history(of("p1", ADA)).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(findings(&db).await, Vec::<String>::new());

        record(&mut client, ADA, ConsentKind::Storage, true).await.unwrap();
        let storage_alone = ConsentState { storage: true, storage_recorded: true, ..ConsentState::default() };
        assert_eq!(state(&mut client, "p1", ADA).await, storage_alone);
        assert!(state(&mut client, "p1", "bob").await.storage, "nobody else is touched");
        assert_eq!(erase(&mut client, ADA).await, entries(1));
        assert_eq!(findings(&db).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn an_erased_project_has_no_subjects_and_the_ledger_verifies() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        // More subjects than one batch.
        for number in 0..120 {
            record(&mut client, &format!("user {number}"), ConsentKind::Storage, true).await.unwrap();
        }
        record(&mut client, "user 0", ConsentKind::Authorization, true).await.unwrap();
        let project = |id: &str| Project { project_id: id.into() };
        let other = client.erase_project(project("p2")).await.unwrap().into_inner();
        assert_eq!(other, Remains::default());
        let mut gone = 0;
        loop {
            let step = client.erase_project(project("p1")).await.unwrap().into_inner();
            let Some(kept) = step.kept.first() else { break };
            gone += kept.count;
        }
        assert_eq!(gone, 121);
        assert_eq!(state(&mut client, "p1", "user 7").await, ConsentState::default());
        assert_eq!(findings(&db).await, Vec::<String>::new());
        let journal = client.erase_project(project("")).await.unwrap_err();
        assert_eq!(journal.code(), Code::InvalidArgument);
    })
    .await;
}

#[tokio::test]
async fn a_subject_never_heard_of_leaves_no_mark() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        assert_eq!(erase(&mut client, ADA).await, Remains::default());
        assert_eq!(dump(&db).await, "[]");
    })
    .await;
}

/// A holder of the master key and a name could recompute the keyed hash of the entries.
#[tokio::test]
async fn nothing_is_left_that_a_name_leads_to() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        record(&mut client, ADA, ConsentKind::Storage, true).await.unwrap();
        let before = stored(&db).await.remove(0);
        let keys = blob::KeyConfig { secret: Some(MASTER_KEY.into()), ..blob::KeyConfig::default() };
        let found_by = KeyRing::open(&keys)
            .unwrap()
            .fingerprints(Purpose("find the consents of a subject"), format!("p1\0{ADA}").as_bytes())
            .unwrap();
        assert_eq!(before.subject, hex::encode(found_by[0]), "the hash the test looks for is the right one");

        erase(&mut client, ADA).await;
        let left = dump(&db).await;
        for gone in [ADA, &before.subject, &before.id, &before.transaction_id, "sess_1", "k1"] {
            assert!(!left.contains(&format!("\"{gone}\"")), "{gone} is in {left}");
        }
        assert!(left.contains(&before.hash), "the mark keeps the hash over what was destroyed");
        if let Some(file) = file_of(&db) {
            for suffix in ["", "-wal"] {
                let bytes = std::fs::read(format!("{file}{suffix}")).unwrap_or_default();
                for gone in [before.subject.as_bytes(), before.id.as_bytes(), &before.sealed] {
                    assert!(
                        !bytes.windows(gone.len()).any(|part| part == gone),
                        "{suffix} holds what was erased"
                    );
                }
            }
        }
    })
    .await;
}

fn file_of(db: &db::Config) -> Option<String> {
    use secrecy::ExposeSecret;
    db.url.expose_secret().strip_prefix("sqlite://").map(str::to_owned)
}

/// Every row of every table of the ledger, as text.
async fn dump(db: &db::Config) -> String {
    static NONE: sqlx::migrate::Migrator = sqlx::migrate!();
    let open = db::Db::open(db, &NONE).await.unwrap();
    type Mark = (String, i64, String, String, i64, String, i64, String);
    let marks: Vec<Mark> = open.fetch_all("SELECT * FROM consent_journal", &[]).await.unwrap();
    let heads: Vec<(String, i64, String, String)> =
        open.fetch_all("SELECT * FROM consent_heads", &[]).await.unwrap();
    assert_eq!(heads.is_empty(), marks.is_empty());
    if marks.is_empty() && stored(db).await.is_empty() {
        return "[]".to_owned();
    }
    format!("{:?} {marks:?} {heads:?}", stored(db).await)
}
