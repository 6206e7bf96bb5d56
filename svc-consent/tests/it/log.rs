//! The log of a project for external auditors: signed promises, checkpoints and proofs, verified by another program.

use std::{path::Path, process::Command, time::Duration};

use proto::consent::{
    Checkpoint, ConsentEntry, ConsentKind, Consistency, GetCheckpointRequest, GetConsistencyRequest,
    GetInclusionRequest, GetLogKeysRequest, Inclusion, RecordConsentRequest, get_inclusion_request::Leaf,
};
use serde_json::{Value, json};
use svc_consent::Known;
use tonic::Code;

use crate::{ADA, Client, config, journal::tamper, open};

async fn recorded(client: &mut Client, user: &str, given: bool) -> ConsentEntry {
    let request = RecordConsentRequest {
        project_id: "p1".into(),
        user_fullname: user.into(),
        kind: ConsentKind::Storage.into(),
        given,
        ..RecordConsentRequest::default()
    };
    client.record_consent(request).await.unwrap().into_inner()
}

async fn many(client: &Client, count: u32) {
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..count {
        let mut client = client.clone();
        calls.spawn(async move { recorded(&mut client, &format!("user {number}"), true).await });
    }
    assert_eq!(calls.join_all().await.len(), count as usize);
}

async fn checkpoint(client: &mut Client) -> Checkpoint {
    client.get_checkpoint(GetCheckpointRequest { project_id: "p1".into() }).await.unwrap().into_inner()
}

async fn inclusion(client: &mut Client, leaf: Leaf) -> Inclusion {
    let request = GetInclusionRequest { project_id: "p1".into(), leaf: Some(leaf) };
    client.get_inclusion(request).await.unwrap().into_inner()
}

async fn consistency(client: &mut Client, from: u64) -> Consistency {
    let request = GetConsistencyRequest { project_id: "p1".into(), from, to: None };
    client.get_consistency(request).await.unwrap().into_inner()
}

async fn keys(client: &mut Client) -> Value {
    let keys = client.get_log_keys(GetLogKeysRequest { project_id: "p1".into() }).await.unwrap().into_inner();
    json!({"keys": keys.keys.iter().map(|key| json!({"verifier": key.verifier})).collect::<Vec<_>>()})
}

fn body_of_checkpoint(checkpoint: &Checkpoint) -> Value {
    let Checkpoint { origin, size, root_hash, note } = checkpoint;
    json!({"origin": origin, "size": size, "root_hash": root_hash, "note": note})
}

fn body_of_inclusion(found: &Inclusion) -> Value {
    let checkpoint = body_of_checkpoint(found.checkpoint.as_ref().unwrap());
    json!({"index": found.index, "leaf": found.leaf, "proof": found.proof, "checkpoint": checkpoint})
}

fn body_of_consistency(found: &Consistency) -> Value {
    let checkpoint = body_of_checkpoint(found.checkpoint.as_ref().unwrap());
    json!({"from": found.from, "proof": found.proof, "checkpoint": checkpoint})
}

fn body_of_promise(promise: &str) -> Value {
    use base64::Engine;
    json!({"promise": base64::prelude::BASE64_STANDARD.encode(promise)})
}

/// Returns the output of the example program for these responses: its lines, or its error.
fn verified(bodies: &[&Value]) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/consent-log/verify.mjs");
    let mut command = Command::new("node");
    command.arg(program);
    for (at, body) in bodies.iter().enumerate() {
        let file = folder.path().join(at.to_string());
        std::fs::write(&file, body.to_string()).unwrap();
        command.arg(file);
    }
    let output = command.output().expect("node runs");
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

/// Returns the findings of verification with these notes.
async fn findings(db: &db::Config, notes: &[&str]) -> Vec<String> {
    let known = Known { heads: Vec::new(), notes: notes.iter().map(|note| (*note).to_owned()).collect() };
    let mut found = Vec::new();
    svc_consent::verify(config(db), known, |finding| found.push(finding.to_string())).await.unwrap();
    found
}

/// Restores the database to its state before the newest consent.
async fn put_back(db: &db::Config, newest_mark: i64) {
    let statements = [
        "DELETE FROM consent_entries WHERE id = (SELECT MAX(id) FROM consent_entries)".to_owned(),
        format!("DELETE FROM consent_journal WHERE project_id = 'p1' AND seq = {newest_mark}"),
        "UPDATE consent_heads SET seq = (SELECT seq FROM older WHERE project_id = 'p1'), \
         mac = (SELECT mac FROM older WHERE project_id = 'p1'), \
         seal = (SELECT seal FROM older WHERE project_id = 'p1') WHERE project_id = 'p1'"
            .to_owned(),
    ];
    tamper(db, &statements.each_ref().map(String::as_str)).await;
}

const COPY: &str = "CREATE TABLE older AS SELECT * FROM consent_heads";

#[tokio::test]
async fn proofs_are_verified_by_a_program_in_another_language() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        let first = recorded(&mut client, ADA, true).await;
        many(&client, 6).await;
        let (keys, early) = (keys(&mut client).await, checkpoint(&mut client).await);
        assert_eq!((early.size, early.origin.as_str()), (7, "biometry/consent/p1"));
        many(&client, 640).await;
        let last = recorded(&mut client, ADA, false).await;
        let one = inclusion(&mut client, Leaf::EntryId(first.id.clone())).await;
        let two = inclusion(&mut client, Leaf::EntryId(last.id.clone())).await;
        assert!(one.leaf.contains(&first.hash) && two.leaf.contains(&last.hash));
        assert_eq!((one.index, two.index), (0, 647));
        let by_number = inclusion(&mut client, Leaf::Index(300)).await;
        let grown = consistency(&mut client, early.size).await;
        let [early, one, two, three] = [
            body_of_checkpoint(&early),
            body_of_inclusion(&one),
            body_of_inclusion(&two),
            body_of_inclusion(&by_number),
        ];
        let (grown, promise) = (body_of_consistency(&grown), body_of_promise(&last.promise));
        let said = verified(&[&keys, &early, &promise, &one, &two, &three, &grown]);
        let expected = [
            "ok: checkpoint of size 7",
            "ok: promise of leaf 647",
            "ok: leaf 0 is among 648",
            "ok: leaf 647 is among 648",
            "ok: leaf 300 is among 648",
            "ok: the log of 7 grew to 648",
        ];
        assert_eq!(said.unwrap(), expected);

        let mut other = two.clone();
        other["leaf"] = one["leaf"].clone();
        assert!(verified(&[&keys, &promise, &other]).unwrap_err().contains("not the promised one"));
        assert!(verified(&[&keys, &other]).unwrap_err().contains("is not in the log"));
        let mut other = grown.clone();
        other["proof"][1] = grown["proof"][0].clone();
        assert!(verified(&[&keys, &early, &other]).unwrap_err().contains("was rewritten"));
        let mut other = early.clone();
        other["note"] = json!(early["note"].as_str().unwrap().replacen("\n7\n", "\n6\n", 1));
        assert!(verified(&[&keys, &other]).unwrap_err().contains("no known key signed"));
    })
    .await;
}

#[tokio::test]
async fn missing_log_entries_are_reported() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        let empty = client.get_checkpoint(GetCheckpointRequest { project_id: "p1".into() }).await;
        assert_eq!(empty.unwrap_err().code(), Code::NotFound);
        let entry = recorded(&mut client, ADA, true).await;
        let ask = |project: &str, leaf| GetInclusionRequest { project_id: project.into(), leaf };
        for (request, code) in [
            (ask("p1", None), Code::InvalidArgument),
            (ask("p1", Some(Leaf::EntryId("nobody's".into()))), Code::NotFound),
            (ask("p1", Some(Leaf::Index(1))), Code::NotFound),
            (ask("p2", Some(Leaf::EntryId(entry.id.clone()))), Code::NotFound),
            (ask("", Some(Leaf::Index(0))), Code::InvalidArgument),
            (ask("a b", Some(Leaf::Index(0))), Code::InvalidArgument),
        ] {
            assert_eq!(client.get_inclusion(request).await.unwrap_err().code(), code);
        }
        for (from, to) in [(0, None), (2, None), (1, Some(2)), (2, Some(1))] {
            let request = GetConsistencyRequest { project_id: "p1".into(), from, to };
            let refused = client.get_consistency(request).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{from} {to:?}");
        }
        assert!(consistency(&mut client, 1).await.proof.is_empty());
    })
    .await;
}

/// An older copy is restored before anything was noted elsewhere: the caller's promise reveals it.
#[tokio::test]
async fn a_leaf_deleted_before_a_checkpoint_breaks_its_promise() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        recorded(&mut client, ADA, true).await;
        tamper(&db, &[COPY]).await;
        let withdrawn = recorded(&mut client, ADA, false).await;
        let promise = withdrawn.promise.as_str();
        assert_eq!(findings(&db, &[promise]).await, Vec::<String>::new());
        put_back(&db, 2).await;
        assert_eq!(findings(&db, &[]).await, Vec::<String>::new(), "it is whole in itself");
        let gone = "project p1: entry 1 of the log (from 0), which a signed promise names, is missing: the log has 1 entries";
        assert_eq!(findings(&db, &[promise]).await, [gone]);

        let another = recorded(&mut client, "bob", true).await;
        let broken = "project p1: entry 1 of the log (from 0) is not the one that a signed promise names";
        assert_eq!(findings(&db, &[promise, &another.promise]).await, [broken]);
        let found = body_of_inclusion(&inclusion(&mut client, Leaf::Index(1)).await);
        let keys = keys(&mut client).await;
        verified(&[&keys, &body_of_promise(&another.promise), &found]).unwrap();
        let refused = verified(&[&keys, &body_of_promise(promise), &found]).unwrap_err();
        assert!(refused.contains("leaf 1 is not the promised one"), "{refused}");
    })
    .await;
}

/// A fork: each checkpoint is signed, and they contradict each other.
#[tokio::test]
async fn a_forked_log_is_found_by_a_checkpoint_the_service_noted_itself() {
    testkit::each_config(async |db| {
        let folder = tempfile::tempdir().unwrap();
        let file = Some(folder.path().join("anchors"));
        let anchor = ledger::AnchorConfig { file, every_seconds: 1, ..ledger::AnchorConfig::default() };
        let anchored = || svc_consent::Config { anchor: anchor.clone(), ..config(&db) };
        let running = svc_consent::routes(anchored()).await.unwrap();
        let mut client = open(&db).await;
        recorded(&mut client, ADA, true).await;
        tamper(&db, &[COPY]).await;
        recorded(&mut client, ADA, false).await;
        let shown = checkpoint(&mut client).await;
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while !ledger::noted_checkpoints(&anchor, "consent").unwrap().contains(&shown.note) {
            assert!(std::time::Instant::now() < deadline, "the checkpoint was not noted");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(running);
        put_back(&db, 2).await;
        recorded(&mut client, "bob", true).await;
        let other = checkpoint(&mut client).await;
        assert_eq!((shown.size, other.size), (2, 2));
        let keys = keys(&mut client).await;
        let bodies = [&keys, &body_of_checkpoint(&shown), &body_of_checkpoint(&other)];
        assert!(verified(&bodies).unwrap_err().contains("two logs of size 2: it was forked"));
        recorded(&mut client, "bob", false).await;
        let grown = body_of_consistency(&consistency(&mut client, 2).await);
        assert!(verified(&[&keys, &body_of_checkpoint(&shown), &grown]).unwrap_err().contains("was rewritten"));
        verified(&[&keys, &body_of_checkpoint(&other), &grown]).unwrap();

        let mut found = Vec::new();
        svc_consent::verify(anchored(), Vec::new(), |finding| found.push(finding.to_string())).await.unwrap();
        let forked = "project p1: the signed checkpoint of size 2 is of another tree: entries were changed, or the log was forked";
        assert!(found.contains(&forked.to_owned()), "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_signed_over_tampered_marks() {
    let attacks = [
        "UPDATE consent_journal SET marked_at = marked_at + 1 WHERE project_id = 'p1' AND seq = 1",
        "DELETE FROM consent_journal WHERE project_id = 'p1' AND seq = 1",
        "DELETE FROM consent_journal WHERE project_id = 'p1' AND seq = 2",
        "DELETE FROM consent_heads WHERE project_id = 'p1'",
        "UPDATE consent_heads SET seq = 1 WHERE project_id = 'p1'",
    ];
    for attack in attacks {
        testkit::each_config(async |db| {
            let mut client = open(&db).await;
            recorded(&mut client, ADA, true).await;
            recorded(&mut client, ADA, false).await;
            tamper(&db, &[attack]).await;
            let refused = client.get_checkpoint(GetCheckpointRequest { project_id: "p1".into() }).await;
            assert_eq!(refused.unwrap_err().code(), Code::Internal, "{attack}");
        })
        .await;
    }
}

/// Stored hashes only save work: a changed one is not trusted, and verification finds it.
#[tokio::test]
async fn a_changed_hash_of_the_tree_changes_no_checkpoint() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        many(&client, 300).await;
        static NONE: sqlx::migrate::Migrator = sqlx::migrate!();
        let tables = db::Db::open(&db, &NONE).await.unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        loop {
            let (count,): (i64,) = tables.fetch_one("SELECT COUNT(*) FROM log_nodes", &[]).await.unwrap();
            if count == 1 {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "the hash of 256 marks was not stored");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let before = checkpoint(&mut client).await;
        assert_eq!(findings(&db, &[&before.note]).await, Vec::<String>::new());
        tables.execute("UPDATE log_nodes SET hash = $1", db::params![&[7; 32]]).await.unwrap();
        assert_eq!(checkpoint(&mut client).await, before);
        let changed = "project p1: the stored hash 0 of the tree is not that of the log's entries";
        assert_eq!(findings(&db, &[]).await, [changed]);
        let foreign = before.note.replace("p1", "p2");
        assert!(findings(&db, &[&foreign]).await[0].contains("no key of this installation signed it"));
    })
    .await;
}

#[tokio::test]
async fn an_erased_subject_leaves_a_leaf_and_the_log_continues() {
    testkit::each_config(async |db| {
        let mut client = open(&db).await;
        let entry = recorded(&mut client, ADA, true).await;
        let before = checkpoint(&mut client).await;
        let subject = proto::subjects::Subject { project_id: "p1".into(), user_fullname: ADA.into() };
        client.erase_subject(subject).await.unwrap();
        let gone = GetInclusionRequest { project_id: "p1".into(), leaf: Some(Leaf::EntryId(entry.id)) };
        assert_eq!(client.get_inclusion(gone).await.unwrap_err().code(), Code::NotFound);
        let leaf = inclusion(&mut client, Leaf::Index(0)).await;
        assert!(leaf.leaf.contains(&entry.hash) && !leaf.leaf.contains(ADA));
        let erased = inclusion(&mut client, Leaf::Index(1)).await;
        assert!(erased.leaf.contains("\nerased\n"), "{}", erased.leaf);
        let grown = body_of_consistency(&consistency(&mut client, 1).await);
        let keys = keys(&mut client).await;
        let promise = body_of_promise(&entry.promise);
        verified(&[&keys, &body_of_checkpoint(&before), &promise, &body_of_inclusion(&leaf), &grown])
            .unwrap();
        assert_eq!(findings(&db, &[&before.note, &entry.promise]).await, Vec::<String>::new());
    })
    .await;
}
