//! Records: complete, unique, visible to their project only, encrypted in the database, durable when acknowledged.

use futures::future::join_all;
use proto::transactions::{Flag, RecordTransactionRequest, Transaction};
use secrecy::ExposeSecret;
use tonic::Code;

use crate::{Service, new_id, on_each_database, video};

#[tokio::test]
async fn a_record_reads_back_as_it_was_written() {
    on_each_database(async |service: Service| {
        let full = video("p1");
        let bare = Transaction {
            id: new_id(),
            project_id: "p1".into(),
            api_key_id: "k1".into(),
            kind: "session_start".into(),
            ..Transaction::default()
        };
        for transaction in [full, bare] {
            service.record(transaction.clone()).await.unwrap();
            assert_eq!(service.get("p1", &transaction.id).await.unwrap(), transaction);
        }
    })
    .await;
}

/// Descriptive fields never prevent a record.
#[tokio::test]
async fn descriptive_headers_are_stored_as_far_as_they_are_valid() {
    on_each_database(async |service: Service| {
        let transaction = Transaction {
            error: Some(format!("no\0such\n{}", "x".repeat(1000))),
            client_app: Some("\t".into()),
            // Recording sets no flag: only a reviewer does.
            flag: Flag::Ok.into(),
            ..video("p1")
        };
        service.record(transaction.clone()).await.unwrap();
        let kept = service.get("p1", &transaction.id).await.unwrap();
        assert_eq!((kept.flag(), kept.client_app.as_ref()), (Flag::Unspecified, None));
        assert_eq!(kept.error.unwrap(), format!("no such {}", "x".repeat(504)));
    })
    .await;
}

#[tokio::test]
async fn another_projects_record_is_an_unknown_record() {
    on_each_database(async |service: Service| {
        let theirs = video("theirs");
        service.record(theirs.clone()).await.unwrap();
        for (project, id) in
            [("mine", theirs.id.as_str()), ("theirs", &new_id()), ("theirs", "nonsense"), ("", "")]
        {
            let refused = service.get(project, id).await.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (Code::NotFound, "transaction not found"));
        }
    })
    .await;
}

#[tokio::test]
async fn an_id_is_taken_once_and_the_first_record_stays() {
    on_each_database(async |service: Service| {
        let first = video("p1");
        service.record(first.clone()).await.unwrap();
        let second = Transaction { project_id: "p2".into(), id: first.id.to_uppercase(), ..video("p2") };
        assert_eq!(service.record(second).await.unwrap_err().code(), Code::AlreadyExists);
        assert_eq!(service.get("p1", &first.id).await.unwrap(), first);
        assert_eq!(service.get("p2", &first.id).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn concurrent_calls_each_get_their_own_result() {
    on_each_database(async |service: Service| {
        // Every id twice in a row, so mostly in one batch: the first is recorded, the second is rejected.
        let transactions: Vec<Transaction> = (0..300).map(|_| video("p1")).collect();
        let twice = transactions.iter().flat_map(|first| {
            [first.clone(), Transaction { tags: vec!["second".into(), "kiosk".into()], ..first.clone() }]
        });
        let answers = join_all(twice.map(|transaction| service.record(transaction))).await;
        for pair in answers.chunks(2) {
            assert!(pair[0].is_ok(), "{pair:?}");
            assert_eq!(pair[1].as_ref().unwrap_err().code(), Code::AlreadyExists);
        }
        for transaction in &transactions {
            let kept = service.get("p1", &transaction.id).await.unwrap();
            // So many videos at once are reported by the fraud rules.
            assert_eq!(&Transaction { fraud: Vec::new(), ..kept }, transaction);
        }
    })
    .await;
}

#[tokio::test]
async fn a_recorded_transaction_is_visible_to_another_process() {
    on_each_database(async |service: Service| {
        let transaction = video("p1");
        service.record(transaction.clone()).await.unwrap();
        // A second process, with a connection of its own, sees what is committed and nothing else.
        let second = service.second().await;
        assert_eq!(second.get("p1", &transaction.id).await.unwrap(), transaction);
    })
    .await;
}

#[tokio::test]
async fn beyond_the_queue_a_call_is_refused_at_once_and_the_others_are_recorded() {
    on_each_database(async |service: Service| {
        let transactions: Vec<Transaction> = (0..3000).map(|_| video("p1")).collect();
        // Held by this one thread until all have called: no commit can make room in between.
        let answers =
            join_all(transactions.iter().map(|transaction| service.record(transaction.clone()))).await;
        let mut recorded = 0;
        for (transaction, answer) in transactions.iter().zip(answers) {
            match answer {
                Ok(()) => recorded += usize::from(service.get("p1", &transaction.id).await.is_ok()),
                Err(refused) => {
                    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
                    assert_eq!(service.get("p1", &transaction.id).await.unwrap_err().code(), Code::NotFound);
                }
            }
        }
        assert!((1000..3000).contains(&recorded), "{recorded} were recorded");
    })
    .await;
}

/// Breaks a transaction, given a JSON object too big for any field.
type Change = fn(&mut Transaction, &str);

#[tokio::test]
async fn a_value_over_its_limit_is_rejected_by_name_and_not_stored() {
    on_each_database(async |service: Service| {
        let big = format!("{{\"a\":\"{}\"}}", "x".repeat(64 * 1024));
        let broken: [(Change, &str); 11] = [
            (|t, _| t.id = "17".into(), "id is not a UUID"),
            (|t, _| t.project_id.clear(), "project_id must not be empty or hold control characters"),
            (|t, _| t.kind = "Process Video".into(), "kind must be 1 to 64 of a-z, 0-9, _ and ."),
            (|t, _| t.verdict = 99, "verdict must be pass, fail or refer"),
            (|t, _| t.score = Some(100.5), "score must lie within 0 and 100"),
            (|t, _| t.http_status = 70_000, "http_status is not an HTTP status"),
            (|t, big| t.device_info_json = Some(big.into()), "device_info_json is larger than 65536 bytes"),
            (|t, big| t.geo_json = Some(big.into()), "geo_json is larger than 8192 bytes"),
            (|t, _| t.services_json = Some("[]".into()), "services_json is not a JSON object"),
            (|t, _| t.tags = vec!["a\0b".into()], "tags must not be empty or hold control characters"),
            (|t, _| t.user_fullname = Some("x".repeat(513)), "user_fullname is longer than 512 characters"),
        ];
        for (change, reason) in broken {
            let mut transaction = video("p1");
            let id = transaction.id.clone();
            change(&mut transaction, &big);
            let refused = service.record(transaction).await.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, reason));
            assert_eq!(service.get("p1", &id).await.unwrap_err().code(), Code::NotFound);
        }
        let empty =
            service.client.clone().record_transaction(RecordTransactionRequest { transaction: None }).await;
        assert_eq!(empty.unwrap_err().message(), "transaction is required");
    })
    .await;
}

/// Reads the file itself: it must contain no person, device or location.
#[tokio::test]
async fn the_database_names_no_person_device_or_place() {
    let folder = tempfile::tempdir().unwrap();
    let config = db::Config::sqlite(&folder.path().join("transactions.db"));
    let path = config.url.expose_secret().trim_start_matches("sqlite://").to_owned();
    let service = Service::open(config).await;
    let transaction = video("p1");
    service.record(transaction.clone()).await.unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
    let holds = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(holds(&transaction.id), "the row is there");
    for personal in ["Lovelace", "SN-4711", "Vienna", "not understood"] {
        assert!(!holds(personal), "{personal} can be read");
    }
}
