//! Proofs over the audit log, and logs that contradict a signed checkpoint.

use super::*;

#[tokio::test]
async fn an_entry_is_proved_to_its_organisation_and_to_no_other() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let ada = Some(service.owner(&made.organisation_id, "ada@example.org").await);
        let other = service.bootstrap().await;
        let eve = Some(service.owner(&other.organisation_id, "eve@example.org").await);
        let accounts = &mut service.accounts;
        let early = GetAuditCheckpointRequest { who: ada.clone() };
        let early = accounts.get_audit_checkpoint(early).await.unwrap().into_inner();
        let list = ListAuditRequest { who: ada.clone(), page_size: 200, ..ListAuditRequest::default() };
        let entries = accounts.list_audit(list).await.unwrap().into_inner().entries;
        for entry in &entries {
            let request = GetAuditInclusionRequest { who: ada.clone(), id: entry.id };
            let found = accounts.get_audit_inclusion(request).await.unwrap().into_inner();
            assert!(!found.leaf.contains(&entry.target) && !found.leaf.contains(&entry.action));
            let head = found.checkpoint.unwrap();
            let (leaf, root) = (record_hash(found.leaf.as_bytes()), hash(&head.root_hash));
            check_record(
                &found.proof.iter().map(|part| hash(part)).collect(),
                head.size,
                root,
                found.index,
                leaf,
            )
            .unwrap();
            let request = GetAuditInclusionRequest { who: eve.clone(), id: entry.id };
            assert_eq!(accounts.get_audit_inclusion(request).await.unwrap_err().code(), Code::NotFound);
        }
        assert!(entries.len() >= 4);
        let request = GetAuditConsistencyRequest { who: ada.clone(), from: 2, to: Some(early.size) };
        let found = accounts.get_audit_consistency(request).await.unwrap().into_inner();
        let two = GetAuditConsistencyRequest { who: ada.clone(), from: 1, to: Some(2) };
        let two = accounts.get_audit_consistency(two).await.unwrap().into_inner().checkpoint.unwrap();
        let proof = found.proof.iter().map(|part| hash(part)).collect();
        check_tree(&proof, early.size, hash(&early.root_hash), 2, hash(&two.root_hash)).unwrap();
        for (from, to) in [(0, None), (early.size + 1, None), (2, Some(1))] {
            let request = GetAuditConsistencyRequest { who: ada.clone(), from, to };
            assert_eq!(
                accounts.get_audit_consistency(request).await.unwrap_err().code(),
                Code::InvalidArgument
            );
        }
        let keys = GetAuditLogKeysRequest { who: ada.clone() };
        let keys = accounts.get_audit_log_keys(keys).await.unwrap().into_inner().keys;
        assert!(keys.len() == 1 && keys[0].signing && keys[0].verifier.starts_with("biometry/audit+"));

        disarm(&service).await;
        attack(&service, "UPDATE audit_entries SET action = 'key.made' WHERE seq = 1").await.unwrap();
        let request = GetAuditCheckpointRequest { who: ada };
        let refused = service.accounts.get_audit_checkpoint(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::Internal, "nothing is signed over what somebody else wrote");
    })
    .await;
}

fn hash(text: &str) -> Hash {
    Hash::parse_hash(text).unwrap()
}

/// An older copy that goes on is whole in itself, and is not the log that somebody has a signed checkpoint of.
#[tokio::test]
async fn a_forked_log_does_not_match_a_signed_checkpoint() {
    on_each_database(async |mut service: Service| {
        service.bootstrap().await;
        attack(&service, "CREATE TABLE older AS SELECT seq, mac, seal FROM audit_head").await.unwrap();
        service.bootstrap().await;
        let shown = verify(&service, &[]).await.0.checkpoint;
        let note = |note: &str| Known { ends: Vec::new(), notes: vec![note.to_owned()] };
        let verify_note = async |service: &Service, known: Known| {
            let mut findings = Vec::new();
            verify_audit(service.config(), known, |finding| findings.push(finding)).await.unwrap();
            findings
        };
        assert_eq!(verify_note(&service, note(&shown)).await, []);
        disarm(&service).await;
        let back = "DELETE FROM audit_entries WHERE seq > 1; UPDATE audit_head SET seq = (SELECT seq FROM older), \
            mac = (SELECT mac FROM older), seal = (SELECT seal FROM older);";
        attack(&service, back).await.unwrap();
        service.bootstrap().await;
        assert_eq!(verify(&service, &[]).await.1, []);
        let forked = Finding::Tree(TreeFinding::Forked { size: 2 });
        assert_eq!(verify_note(&service, note(&shown)).await, [forked]);
        let unsigned = Finding::Note { number: 1, error: NoteError::Unsigned };
        let changed = shown.replacen("\n2\n", "\n3\n", 1);
        assert_eq!(verify_note(&service, note(&changed)).await, [unsigned]);
    })
    .await;
}

#[tokio::test]
async fn a_restored_older_log_is_detected_with_a_noted_head() {
    on_each_database(async |mut service: Service| {
        service.bootstrap().await;
        let early = verify(&service, &[]).await.0.end;
        service.bootstrap().await;
        let late = verify(&service, &[]).await.0.end;
        assert_eq!(verify(&service, &[early, late.clone()]).await.1, []);
        let never = KnownEnd { seq: late.seq, mac: "0".repeat(64) };
        assert_eq!(verify(&service, &[never]).await.1, [Finding::Unknown(late.seq)]);
    })
    .await;
}
