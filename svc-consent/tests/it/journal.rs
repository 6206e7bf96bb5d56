//! Tampering with the database; verification says what and where.

use proto::{consent::ConsentKind, subjects::Subject};
use sqlx::AssertSqlSafe;
use svc_consent::{Finding, KnownHead};

use crate::{ADA, Client, config, open, record};

/// Returns the findings of verification, as text.
pub async fn findings(db: &db::Config) -> Vec<String> {
    verify(db, Vec::new()).await.0
}

async fn verify(db: &db::Config, known: Vec<KnownHead>) -> (Vec<String>, svc_consent::Audit) {
    let mut found = Vec::new();
    let audit = svc_consent::verify(config(db), known, |finding: &Finding| found.push(finding.to_string()));
    let audit = audit.await.expect("the ledger can be read");
    assert_eq!(audit.findings, found.len() as u64);
    (found, audit)
}

pub async fn tamper(db: &db::Config, statements: &[&str]) {
    static NONE: sqlx::migrate::Migrator = sqlx::migrate!();
    let open = db::Db::open(db, &NONE).await.unwrap();
    for text in statements {
        let sql = AssertSqlSafe((*text).to_owned());
        let rows = open.execute(sql, &[]).await.unwrap();
        assert!(rows > 0 || text.starts_with("CREATE"), "{text} changed nothing");
    }
}

/// Ada with three entries, Bob with one, in one project; Ada erased and recorded again in another.
pub async fn ledger(db: &db::Config) -> Client {
    let mut client = open(db).await;
    for given in [true, false] {
        record(&mut client, ADA, ConsentKind::Storage, given).await.unwrap();
    }
    record(&mut client, "bob", ConsentKind::Storage, true).await.unwrap();
    record(&mut client, "erased", ConsentKind::Storage, true).await.unwrap();
    let erased = Subject { project_id: "p1".into(), user_fullname: "erased".into() };
    client.erase_subject(erased).await.unwrap();
    record(&mut client, ADA, ConsentKind::Authorization, true).await.unwrap();
    client
}

#[tokio::test]
async fn an_untouched_ledger_holds() {
    testkit::each_config(async |db| {
        let _service = ledger(&db).await;
        let (found, audit) = verify(&db, Vec::new()).await;
        assert_eq!(found, Vec::<String>::new());
        assert_eq!((audit.entries, audit.marks, audit.erased_chains), (4, 7, 1));
        let mut ends: Vec<_> = audit.heads.iter().map(|h| (h.project_id.as_str(), h.seq)).collect();
        ends.sort_unstable();
        assert_eq!(ends, [("", 1), ("p1", 6)]);
    })
    .await;
}

const NEWEST: &str = "(SELECT MAX(id) FROM consent_entries)";
const LAST_MARK: &str = "DELETE FROM consent_journal WHERE project_id = 'p1' AND seq = 6";

#[tokio::test]
async fn any_change_of_the_database_is_detected() {
    let newest = format!("DELETE FROM consent_entries WHERE id = {NEWEST}");
    let table: [(&str, &[&str], &[&str]); 13] = [
        (
            "an entry changed",
            &["UPDATE consent_entries SET given = 1 - given WHERE seq = 2"],
            &["does not follow"],
        ),
        (
            "an entry given to another subject",
            &["UPDATE consent_entries SET subject = 'somebody' WHERE seq = 3"],
            &["does not follow"],
        ),
        ("the end of a chain cut off", &[&newest], &["is missing or was changed"]),
        (
            "a whole chain removed",
            &[
                "DELETE FROM consent_entries WHERE subject = (SELECT subject FROM consent_entries WHERE seq = 3)",
            ],
            &["is missing", "is missing", "is missing"],
        ),
        (
            "an entry and its mark removed",
            &[
                "DELETE FROM consent_entries WHERE subject NOT IN (SELECT subject FROM consent_entries WHERE seq = 2)",
                "DELETE FROM consent_journal WHERE project_id = 'p1' AND seq = 3",
            ],
            &["misses a mark before number 4"],
        ),
        (
            "a mark changed",
            &["UPDATE consent_journal SET marked_at = marked_at + 1 WHERE project_id = 'p1' AND seq = 2"],
            &["mark 2 of the journal was changed"],
        ),
        (
            "the end of chain and journal cut off",
            &[&newest, LAST_MARK],
            &["the journal ends at number 5, its head says 6"],
        ),
        (
            "the same, and the head moved back",
            &[
                &newest,
                LAST_MARK,
                "UPDATE consent_heads SET seq = 5, mac = (SELECT mac FROM consent_journal WHERE project_id = 'p1' AND seq = 5) WHERE project_id = 'p1'",
            ],
            &["head is not sealed by this master key"],
        ),
        (
            "a head removed",
            &["DELETE FROM consent_heads WHERE project_id = 'p1'"],
            &["the journal has no head"],
        ),
        (
            "a project removed",
            &[
                "DELETE FROM consent_entries",
                "DELETE FROM consent_journal WHERE project_id = 'p1'",
                "DELETE FROM consent_heads WHERE project_id = 'p1'",
            ],
            &["its journal is gone"],
        ),
        (
            "a project removed, and the journal of projects",
            &["DELETE FROM consent_journal", "DELETE FROM consent_heads"],
            &["has no mark", "has no mark", "has no mark", "has no mark"],
        ),
        (
            "an erasure forged",
            &[
                "INSERT INTO consent_journal (project_id, seq, event, chain, chain_seq, chain_hash, marked_at, mac) \
                 SELECT project_id, 7, 'erased', chain, chain_seq, chain_hash, marked_at, mac \
                 FROM consent_journal WHERE project_id = 'p1' AND seq = 6",
                "DELETE FROM consent_entries WHERE chain = (SELECT chain FROM consent_journal WHERE event = 'erased' AND seq = 7)",
                "UPDATE consent_heads SET seq = 7 WHERE project_id = 'p1'",
            ],
            &["head is not sealed", "mark 7 of the journal was changed"],
        ),
        (
            "an erased entry put back",
            &[
                "UPDATE consent_entries SET chain = (SELECT chain FROM consent_journal WHERE event = 'erased') \
                 WHERE seq = 1 AND chain = (SELECT chain FROM consent_journal WHERE project_id = 'p1' AND seq = 3)",
            ],
            &["is missing", "has no mark", "is there though its chain was erased"],
        ),
    ];
    for (what, statements, expected) in table {
        testkit::each_config(async |db| {
            let _service = ledger(&db).await;
            tamper(&db, statements).await;
            let found = findings(&db).await;
            assert_eq!(found.len(), expected.len(), "{what}: {found:#?}");
            for (finding, words) in found.iter().zip(expected) {
                assert!(finding.contains(words), "{what}: {finding} instead of {words}");
            }
        })
        .await;
    }
}

/// Writes after a head was moved back must not make it valid again.
#[tokio::test]
async fn a_later_consent_does_not_heal_what_was_cut_off() {
    testkit::each_config(async |db| {
        let mut client = ledger(&db).await;
        let back = "UPDATE consent_heads SET seq = 5, mac = (SELECT mac FROM consent_journal \
            WHERE project_id = 'p1' AND seq = 5) WHERE project_id = 'p1'";
        tamper(&db, &[&format!("DELETE FROM consent_entries WHERE id = {NEWEST}"), LAST_MARK, back]).await;
        record(&mut client, ADA, ConsentKind::Authorization, true).await.unwrap();
        let found = findings(&db).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(
            found[0].contains("mark 6 of the journal was changed, or marks after 5 were removed"),
            "{found:#?}"
        );
    })
    .await;
}

/// A restored older copy is consistent; only a head noted elsewhere reveals it.
#[tokio::test]
async fn an_older_copy_is_detected_with_a_noted_head() {
    testkit::each_config(async |db| {
        let mut client = ledger(&db).await;
        tamper(&db, &["CREATE TABLE older AS SELECT * FROM consent_heads"]).await;
        let noted = verify(&db, Vec::new()).await.1.heads;
        record(&mut client, "bob", ConsentKind::Storage, false).await.unwrap();
        let newer = verify(&db, noted).await;
        assert_eq!(newer.0, Vec::<String>::new(), "a ledger only grows");

        tamper(
            &db,
            &[
                &format!("DELETE FROM consent_entries WHERE id = {NEWEST}"),
                "DELETE FROM consent_journal WHERE project_id = 'p1' AND seq = 7",
                "UPDATE consent_heads SET seq = 6, mac = (SELECT mac FROM older WHERE project_id = 'p1'), \
                 seal = (SELECT seal FROM older WHERE project_id = 'p1') WHERE project_id = 'p1'",
            ],
        )
        .await;
        assert_eq!(findings(&db).await, Vec::<String>::new());
        let printed = newer.1.heads.iter().map(|head| head.to_string().parse().unwrap()).collect();
        let (found, _) = verify(&db, printed).await;
        assert_eq!(found, ["project p1: the head noted earlier, number 7, is not in the journal"]);
        assert!("p1:x:00".parse::<KnownHead>().is_err() && "p1".parse::<KnownHead>().is_err());
    })
    .await;
}

/// The service notes its heads periodically; verification requires every one of them.
#[tokio::test]
async fn heads_are_anchored_and_an_older_copy_lacks_one() {
    testkit::each_config(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let file = Some(folder.path().join("anchors"));
        let anchor = ledger::AnchorConfig { file, every_seconds: 1, ..ledger::AnchorConfig::default() };
        let config = || svc_consent::Config { anchor: anchor.clone(), ..crate::config(&db) };
        let _client = ledger(&db).await;
        let running = svc_consent::routes(config()).await.unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(90);
        let mut heads =
            verify(&db, Vec::new()).await.1.heads.iter().map(ToString::to_string).collect::<Vec<_>>();
        heads.sort();
        let noted = || {
            let mut noted = ledger::noted_heads(&anchor, "consent").unwrap();
            noted.sort();
            noted
        };
        while noted() != heads {
            assert!(std::time::Instant::now() < deadline, "{:?}", noted());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        drop(running);
        let mut found = Vec::new();
        svc_consent::verify(config(), Vec::new(), |finding| found.push(finding.to_string())).await.unwrap();
        assert_eq!(found, Vec::<String>::new());

        tamper(&db, &["UPDATE consent_journal SET mac = '00' WHERE project_id = 'p1' AND seq = 6"]).await;
        let mut found = Vec::new();
        svc_consent::verify(config(), Vec::new(), |finding| found.push(finding.to_string())).await.unwrap();
        let unknown = "project p1: the head noted earlier, number 6, is not in the journal".to_owned();
        assert!(found.contains(&unknown), "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn the_wrong_master_key_verifies_nothing() {
    testkit::each_config(async |db| {
        let _service = ledger(&db).await;
        let mut other = config(&db);
        other.keys.secret = Some("08".repeat(32).into());
        let refused = svc_consent::verify(other, Vec::new(), |_| ()).await.unwrap_err();
        let refused = format!("{refused:#}");
        assert!(refused.contains("is not the one these tables were written under"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn a_ledger_of_two_master_keys_holds() {
    testkit::each_config(async |db| {
        let _service = ledger(&db).await;
        let mut rotated = config(&db);
        rotated.keys.retired = vec![crate::MASTER_KEY.into()];
        rotated.keys.secret = Some("08".repeat(32).into());
        let routes = svc_consent::routes(rotated.clone()).await.unwrap();
        let mut client = Client::new(rpc::local(routes, std::time::Duration::from_secs(60)));
        record(&mut client, ADA, ConsentKind::Storage, true).await.unwrap();
        record(&mut client, "new", ConsentKind::Storage, true).await.unwrap();
        let audit = svc_consent::verify(rotated, Vec::new(), |finding| panic!("{finding}")).await.unwrap();
        assert_eq!((audit.entries, audit.marks), (6, 9));
    })
    .await;
}

/// Verification finds it later; meanwhile no call may act on it.
#[tokio::test]
async fn no_consent_is_decided_from_rows_without_a_valid_mark() {
    let newest = format!("DELETE FROM consent_entries WHERE id = {NEWEST}");
    let attacks: [(&str, &[&str]); 6] = [
        ("a withdrawal flipped", &["UPDATE consent_entries SET given = 1 WHERE seq = 2"]),
        ("the newest entry removed", &[&newest]),
        ("entry and mark removed", &[&newest, LAST_MARK]),
        (
            "entry and mark removed, the head moved back",
            &[
                &newest,
                LAST_MARK,
                "UPDATE consent_heads SET seq = 5, mac = (SELECT mac FROM consent_journal WHERE project_id = 'p1' AND seq = 5) WHERE project_id = 'p1'",
            ],
        ),
        (
            "an entry without a mark added",
            &[
                "INSERT INTO consent_entries (id, project_id, subject, seq, kind, given, recorded_at, api_key_id, \
                 transaction_id, sealed, hash, chain) SELECT 'zzz', project_id, subject, 4, 'storage', 1, recorded_at, \
                 api_key_id, transaction_id, sealed, hash, chain FROM consent_entries WHERE seq = 3",
            ],
        ),
        ("a mark changed", &["UPDATE consent_journal SET marked_at = marked_at + 1 WHERE chain_seq = 2"]),
    ];
    for (attack, statements) in attacks {
        testkit::each_config(async |db| {
            let mut client = ledger(&db).await;
            let before = crate::state(&mut client, "p1", ADA).await;
            assert_eq!((before.authorization, before.storage), (true, false));
            tamper(&db, statements).await;
            let refused = client.get_consent(crate::of("p1", ADA)).await;
            assert_eq!(refused.map_err(|s| s.code()).unwrap_err(), tonic::Code::Internal, "{attack}");
        })
        .await;
    }
}

/// Concurrent writes are not tampering.
#[tokio::test]
async fn consent_is_read_while_it_is_written() {
    testkit::each_config(async |db| {
        let mut client = ledger(&db).await;
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..20 {
            let mut client = client.clone();
            writers
                .spawn(async move { record(&mut client, ADA, ConsentKind::Storage, number % 2 == 0).await });
        }
        while !writers.is_empty() {
            client.get_consent(crate::of("p1", ADA)).await.expect("a state");
            if let Some(done) = writers.try_join_next() {
                done.unwrap().unwrap();
            }
        }
    })
    .await;
}
