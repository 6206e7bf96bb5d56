//! The audit log: every change leaves an entry, none can be changed or removed unseen, and it says nobody's name.

mod proofs;

use db::Db;
use ledger::tree::{Hash, NoteError, TreeFinding, check_record, check_tree, record_hash};
use proto::{
    Word,
    accounts::{
        AppendAuditRequest, AuditEntry, GetAuditCheckpointRequest, GetAuditConsistencyRequest,
        GetAuditInclusionRequest, GetAuditLogKeysRequest, ListAuditRequest, RevokeSessionRequest,
        SignOutRequest, Who,
    },
    projects::{PutRetentionRequest, PutScoringRulesRequest, RevokeApiKeyRequest},
};
use svc_projects::{Finding, Known, KnownEnd, Verified, verify_audit};
use tonic::Code;

use crate::{Service, accounts::PASSWORD, on_each_database};

async fn log(service: &mut Service, who: &Who) -> Vec<AuditEntry> {
    let request = ListAuditRequest { who: Some(who.clone()), page_size: 200, ..ListAuditRequest::default() };
    service.accounts.list_audit(request).await.unwrap().into_inner().entries
}

async fn verify(service: &Service, known: &[KnownEnd]) -> (Verified, Vec<Finding>) {
    let mut findings = Vec::new();
    let verified = verify_audit(service.config(), known, |finding| findings.push(finding)).await.unwrap();
    (verified, findings)
}

/// Writes to the database as an attacker with its password could.
async fn attack(service: &Service, sql: &'static str) -> Result<(), sqlx::Error> {
    let db = open(service).await;
    let done = db.run_script(sql).await;
    db.close().await;
    done
}

async fn open(service: &Service) -> Db {
    let mut migrations = sqlx::migrate::Migrator::DEFAULT;
    // The service's own are made already.
    migrations.set_ignore_missing(true);
    Db::open(&service.config().db, &migrations).await.unwrap()
}

/// Takes the triggers away, as only the owner of the tables can.
async fn disarm(service: &Service) {
    let lite = "DROP TRIGGER audit_entries_no_update; DROP TRIGGER audit_entries_no_delete;";
    let pg = "DROP TRIGGER audit_entries_no_change ON audit_entries; DROP TRIGGER audit_entries_no_truncate ON audit_entries;";
    let db = open(service).await;
    let sql = if matches!(db, Db::Lite(_)) { lite } else { pg };
    db.run_script(sql).await.unwrap();
}

#[tokio::test]
async fn every_change_says_who_what_before_and_after() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        let context = rpc::CallContext::new("request");
        context.act_as(&format!("user:{}", ada.user_id));
        let project_id = made.project_id.clone();
        rpc::scope(context, async {
            let key = service.create_key(&project_id, |_| {}).await.unwrap().key.unwrap();
            let revoke = RevokeApiKeyRequest {
                project_id: project_id.clone(),
                api_key_id: key.id,
                keep_one_minter: true,
                may_grant: None,
            };
            service.client.revoke_api_key(revoke.clone()).await.unwrap();
            service.client.revoke_api_key(revoke).await.unwrap();
            let put = PutScoringRulesRequest {
                project_id: project_id.clone(),
                name: "strict".into(),
                rules_json: r#"{"version":1,"services":{"face_recognition":{"mode":"required","pass":0.9}}}"#
                    .into(),
                ..PutScoringRulesRequest::default()
            };
            service.client.put_scoring_rules(put).await.unwrap();
            let days = PutRetentionRequest {
                project_id: project_id.clone(),
                samples_days: 7,
                transactions_days: 30,
            };
            service.client.put_retention(days).await.unwrap();
        })
        .await;
        let entries = log(&mut service, &ada).await;
        let actions: Vec<_> =
            entries.iter().rev().map(|e| (e.action.as_str(), e.actor_kind().as_word())).collect();
        assert_eq!(
            actions,
            [
                ("organisation.created", "operator"),
                ("user.invited", "operator"),
                ("user.joined", "user"),
                ("user.signed_in", "user"),
                ("key.created", "user"),
                ("key.revoked", "user"),
                ("rules.changed", "user"),
                ("retention.changed", "user"),
            ]
        );
        let retention = &entries[0];
        assert_eq!(
            (retention.actor_id.as_str(), retention.actor_name.as_str()),
            (ada.user_id.as_str(), "Somebody")
        );
        assert_eq!(retention.after_json.as_deref(), Some(r#"{"samples_days":7,"transactions_days":30}"#));
        assert_eq!(verify(&service, &[]).await.1, []);
    })
    .await;
}

/// What an entry after all of these says, once it is there: refusals are written in their own time.
async fn settled(service: &mut Service, who: &Who, action: &str, count: usize) -> Vec<AuditEntry> {
    loop {
        let request = ListAuditRequest {
            who: Some(who.clone()),
            page_size: 200,
            action: action.into(),
            ..ListAuditRequest::default()
        };
        let found = service.accounts.list_audit(request).await.unwrap().into_inner().entries;
        if found.len() >= count {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn sign_ins_sign_outs_and_rejections_are_logged_within_a_limit() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        let entered = service.sign_in_from("203.0.113.7", "ada@example.org", PASSWORD, "").await;
        let session = service.session(&entered.token).await.unwrap().id;
        service.accounts.sign_out(SignOutRequest { token: entered.token }).await.unwrap();
        let out = &settled(&mut service, &ada, "user.signed_out", 1).await[0];
        assert_eq!((out.actor_id.as_str(), out.target.as_str()), (ada.user_id.as_str(), session.as_str()));
        let revoke = RevokeSessionRequest { who: Some(ada.clone()), session_id: ada.session_id.clone() };
        service.accounts.revoke_session(revoke).await.unwrap();
        assert_eq!(settled(&mut service, &ada, "user.session_revoked", 1).await[0].target, ada.session_id);

        // Twelve wrong passwords from everywhere, and one of an account there is not: one entry.
        service.sign_in_from("198.51.100.1", "nobody@example.org", "a secret of theirs", "").await;
        for host in 0..12 {
            let address = format!("198.51.100.{host}");
            service.sign_in_from(&address, "ada@example.org", "a secret of theirs", "").await;
        }
        let failed = settled(&mut service, &ada, "user.sign_in_failed", 1).await;
        assert_eq!((failed.len(), failed[0].actor_kind().as_word()), (1, "anonymous"));
        assert_eq!(failed[0].target, ada.user_id);
        assert_eq!(failed[0].after_json.as_deref(), Some(r#"{"address":"198.51.100.0"}"#));
        let everything = format!("{:?}", settled(&mut service, &ada, "", 6).await);
        assert!(!everything.contains("secret of theirs") && !everything.contains("nobody@"), "{everything}");
        assert_eq!(verify(&service, &[]).await.1, []);
    })
    .await;
}

#[tokio::test]
async fn a_long_lockout_is_logged_once() {
    on_each_database(async |mut service: Service| {
        let ada = service.owner("", "ada@example.org").await;
        for _ in 0..2 {
            // As if a dozen guesses had been made and their time were over.
            service.sign_in_from("198.51.100.1", "ada@example.org", "a secret of theirs", "").await;
            attack(&service, "UPDATE sign_in_failures SET failures = 14, blocked_until = 0").await.unwrap();
            service.sign_in_from("198.51.100.1", "ada@example.org", "a secret of theirs", "").await;
            attack(&service, "UPDATE sign_in_failures SET blocked_until = 0").await.unwrap();
        }
        // Written after both: refusals are written one after another.
        let locked = settled(&mut service, &ada, "user.locked_out", 1).await;
        assert_eq!((locked.len(), locked[0].target.as_str()), (1, ada.user_id.as_str()));
        let after: serde_json::Value =
            serde_json::from_str(locked[0].after_json.as_deref().unwrap()).unwrap();
        assert!(after["seconds"].as_u64().unwrap() >= 60, "{after}");
    })
    .await;
}

#[tokio::test]
async fn the_log_is_read_by_action_and_by_a_project_of_ones_own() {
    on_each_database(async |mut service: Service| {
        let (ours, theirs) = (service.bootstrap().await, service.bootstrap().await);
        let ada = service.owner(&ours.organisation_id, "ada@example.org").await;
        service.create_key(&ours.project_id, |_| {}).await.unwrap();
        let asked = |project: &str, action: &str| ListAuditRequest {
            who: Some(ada.clone()),
            project_id: project.into(),
            action: action.into(),
            ..ListAuditRequest::default()
        };
        let actions = async |service: &mut Service, request| -> Result<Vec<String>, Code> {
            let listed = service.accounts.list_audit(request).await.map_err(|status| status.code())?;
            Ok(listed.into_inner().entries.into_iter().map(|entry| entry.action).collect())
        };
        for (action, expected) in [
            ("key.created", vec!["key.created"]),
            ("key", vec!["key.created"]),
            ("user", vec!["user.signed_in", "user.joined", "user.invited"]),
            ("use", vec![]),
            ("user.", vec![]),
        ] {
            assert_eq!(actions(&mut service, asked("", action)).await.unwrap(), expected, "{action}");
        }
        let of_project = actions(&mut service, asked(&ours.project_id, "")).await.unwrap();
        assert_eq!(of_project, ["key.created", "organisation.created"]);
        assert_eq!(actions(&mut service, asked(&theirs.project_id, "")).await, Err(Code::NotFound));
        assert_eq!(actions(&mut service, asked("", "Key' OR '1'='1")).await, Err(Code::InvalidArgument));
    })
    .await;
}

#[tokio::test]
async fn a_change_elsewhere_names_its_subject_by_a_hash() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let ada = service.owner(&made.organisation_id, "ada@example.org").await;
        let note = |project: &str| AppendAuditRequest {
            project_id: project.into(),
            action: "consent.withdrawn".into(),
            subject: "grace@example.org".into(),
            ..AppendAuditRequest::default()
        };
        service.accounts.append_audit(note(&made.project_id)).await.unwrap();
        let unknown = service.accounts.append_audit(note("nowhere")).await.unwrap_err();
        assert_eq!(unknown.code(), Code::NotFound);
        let bad = AppendAuditRequest { action: "Grace Hopper".into(), ..note(&made.project_id) };
        assert_eq!(service.accounts.append_audit(bad).await.unwrap_err().code(), Code::InvalidArgument);
        let entry = log(&mut service, &ada).await.remove(0);
        assert!(entry.target.starts_with("subject:") && entry.target.len() == 8 + 64, "{}", entry.target);
    })
    .await;
}

#[tokio::test]
async fn another_organisations_log_is_not_read() {
    on_each_database(async |mut service: Service| {
        let (ours, theirs) = (service.bootstrap().await, service.bootstrap().await);
        let ada = service.owner(&ours.organisation_id, "ada@example.org").await;
        let eve = service.owner(&theirs.organisation_id, "eve@example.org").await;
        let mine: Vec<_> = log(&mut service, &ada).await.iter().map(|e| e.id).collect();
        let other: Vec<_> = log(&mut service, &eve).await.iter().map(|e| e.id).collect();
        assert!(!mine.is_empty() && mine.iter().all(|id| !other.contains(id)));
    })
    .await;
}

#[tokio::test]
async fn the_database_refuses_to_change_or_remove_an_entry() {
    on_each_database(async |mut service: Service| {
        service.bootstrap().await;
        for sql in ["UPDATE audit_entries SET action = 'nothing'", "DELETE FROM audit_entries"] {
            let refused = attack(&service, sql).await.unwrap_err().to_string();
            assert!(refused.contains("append only"), "{refused}");
        }
        assert_eq!(verify(&service, &[]).await.1, []);
    })
    .await;
}

#[tokio::test]
async fn a_change_of_the_log_is_detected() {
    for (sql, expected) in [
        ("UPDATE audit_entries SET actor = 'user:somebody' WHERE seq = 2", vec![Finding::Changed(2)]),
        ("UPDATE audit_entries SET happened_at = 0 WHERE seq = 1", vec![Finding::Changed(1)]),
        ("DELETE FROM audit_entries WHERE seq = 2", vec![Finding::Gap(3)]),
        ("DELETE FROM audit_entries WHERE seq = 3", vec![Finding::CutOff { ends: 2, head: 3 }]),
        ("DELETE FROM audit_head", vec![Finding::Headless]),
    ] {
        on_each_database(async |mut service: Service| {
            for _ in 0..3 {
                service.bootstrap().await;
            }
            disarm(&service).await;
            attack(&service, sql).await.unwrap();
            assert_eq!(verify(&service, &[]).await.1, expected, "{sql}");
        })
        .await;
    }
}

/// Nobody has to note anything by hand: what was anchored on the way is asked for when the log is verified.
#[tokio::test]
async fn a_log_that_was_cut_behind_its_anchor_is_seen() {
    on_each_database(async |mut service: Service| {
        let folder = tempfile::tempdir().unwrap();
        let anchor = ledger::AnchorConfig {
            file: Some(folder.path().join("anchors")),
            every_seconds: 1,
            ..ledger::AnchorConfig::default()
        };
        let config = svc_projects::Config { anchor, ..service.config() };
        service.bootstrap().await;
        let early = verify(&service, &[]).await.0.end;
        service.bootstrap().await;
        let late = verify(&service, &[]).await.0.end;
        let running = svc_projects::routes(config.clone()).await.unwrap();
        let noted = || ledger::noted_heads(&config.anchor, "audit").unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(90);
        while noted() != [late.to_string()] {
            assert!(std::time::Instant::now() < deadline, "{:?}", noted());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        drop(running);
        let mut found = Vec::new();
        svc_projects::verify_audit(config.clone(), &[], |finding| found.push(finding)).await.unwrap();
        assert_eq!(found, []);

        // An attacker puts an older head back and cuts off what came after it.
        disarm(&service).await;
        assert_eq!(early.seq, 1);
        attack(&service, "DELETE FROM audit_entries WHERE seq > 1").await.unwrap();
        let head = "UPDATE audit_head SET seq = 1, mac = (SELECT mac FROM audit_entries WHERE seq = 1)";
        attack(&service, head).await.unwrap();
        let mut found = Vec::new();
        svc_projects::verify_audit(config, &[], |finding| found.push(finding)).await.unwrap();
        assert!(found.contains(&Finding::Unknown(late.seq)), "{found:?}");
        let beyond = Finding::Tree(TreeFinding::Beyond { size: 2, entries: 1 });
        assert!(found.contains(&beyond), "a signed checkpoint was noted as well: {found:?}");
    })
    .await;
}
