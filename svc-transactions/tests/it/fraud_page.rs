//! What suspicious calls have in common, and the block lists.

use proto::{
    subjects::Subject,
    transactions::{
        AddBlockedRequest, Blocked, CheckBlockedRequest, DocumentNumber, FraudGraph, FraudGraphRequest,
        FraudSummary, FraudSummaryRequest, LinkKind, ListBlockedRequest, RemoveBlockedRequest, Reviewer,
        ReviewerKind, Transaction, Verdict,
    },
};
use tonic::{Code, Status};

use crate::{NOW_MS, Service, new_id, on_each_database, video};

const HOUR_MS: i64 = 3_600_000;
const ADDRESS: &str = "203.0.113.77";

/// A video under a name, by one device and address, with the face of `face`.
fn call(at_ms: i64, user: &str, face: &str, enrolled: bool) -> Transaction {
    let own = user == face;
    let services = serde_json::json!({"Face Recognition": {"enrolled": enrolled, "matched": own,
        "instances": [{"search": {"searchName": face, "probability": 0.98}}]}});
    Transaction {
        created_at_ms: NOW_MS + at_ms,
        user_fullname: Some(user.into()),
        session_id: None,
        verdict: if own { Verdict::Pass } else { Verdict::Fail }.into(),
        reasons: vec![if own { "face_match_passed" } else { "face_match_failed" }.into()],
        services_json: Some(services.to_string()),
        device_info_json: Some(format!(r#"{{"deviceId":"device of {user}"}}"#)),
        geo_json: Some(r#"{"lat":48.2,"lng":16.4,"country":"AT"}"#.into()),
        client_address: ADDRESS.into(),
        ..video("p1")
    }
}

async fn record(service: &Service, transaction: Transaction) -> String {
    service.record(transaction.clone()).await.expect("recorded");
    service.all_looked_at().await;
    transaction.id
}

async fn rules(service: &Service, id: &str) -> Vec<String> {
    service.get("p1", id).await.expect("a record").fraud.into_iter().map(|hit| hit.rule).collect()
}

async fn summary(service: &Service) -> FraudSummary {
    let request = FraudSummaryRequest {
        project_id: "p1".into(),
        from_ms: NOW_MS,
        until_ms: NOW_MS + 4 * HOUR_MS,
        bucket_ms: HOUR_MS,
    };
    service.fraud.clone().summarise_fraud(request).await.expect("a summary").into_inner()
}

async fn graph(service: &Service, project: &str, id: &str) -> Result<FraudGraph, Status> {
    let request = FraudGraphRequest { project_id: project.into(), transaction_id: id.into() };
    service.fraud.clone().get_fraud_graph(request).await.map(tonic::Response::into_inner)
}

fn blocking(kind: LinkKind) -> AddBlockedRequest {
    AddBlockedRequest {
        project_id: "p1".into(),
        kind: kind.into(),
        note: "seen in ticket 12".into(),
        by: Some(Reviewer { kind: ReviewerKind::User.into(), id: "u1".into(), name: "Farid".into() }),
        ..AddBlockedRequest::default()
    }
}

async fn block(service: &Service, request: AddBlockedRequest) -> Result<Blocked, Status> {
    service.fraud.clone().add_blocked(request).await.map(tonic::Response::into_inner)
}

async fn listed(service: &Service, project: &str) -> Vec<Blocked> {
    let request = ListBlockedRequest { project_id: project.into(), kind: None };
    service.fraud.clone().list_blocked(request).await.expect("a list").into_inner().entries
}

#[tokio::test]
async fn a_known_face_under_a_new_name_is_a_finding_with_whose_it_is() {
    on_each_database(async |service: Service| {
        let own = record(&service, call(0, "Ada", "Ada", true)).await;
        assert!(rules(&service, &own).await.is_empty());
        let new_name = record(&service, call(HOUR_MS, "Eve", "Ada", false)).await;
        assert_eq!(rules(&service, &new_name).await, ["known_face_new_name"]);
        let that_name = record(&service, call(2 * HOUR_MS, "Bob", "Ada", true)).await;
        assert_eq!(rules(&service, &that_name).await, ["another_users_face"]);

        let summary = summary(&service).await;
        let found: Vec<_> = summary
            .findings
            .iter()
            .map(|one| (one.rule.as_str(), one.user_fullname.as_str(), one.other.as_str()))
            .collect();
        assert_eq!(found, [("another_users_face", "Bob", "Ada"), ("known_face_new_name", "Eve", "Ada")]);
        let cluster = &summary.clusters[0];
        let mut users = cluster.users.clone();
        users.sort();
        assert_eq!(
            (cluster.owner.as_str(), cluster.user_count, users),
            ("Ada", 2, vec!["Bob".into(), "Eve".into()])
        );
        let signals = |at: usize, name: &str| summary.buckets[at].signals.get(name).copied();
        assert_eq!((signals(0, "face_match_failed"), signals(1, "known_face_new_name")), (None, Some(1)));
        assert_eq!((summary.buckets[2].calls, signals(2, "face_match_failed")), (1, Some(1)));
        let value =
            |kind: LinkKind| summary.values.iter().find(|value| value.kind() == kind).expect("a value");
        let address = value(LinkKind::Address);
        assert_eq!((address.label.as_str(), address.calls, address.users), (ADDRESS, 2, 2));
        assert_eq!((value(LinkKind::Country).label.as_str(), value(LinkKind::Device).calls), ("AT", 1));
        assert_eq!(value(LinkKind::Face).label, "Ada");
    })
    .await;
}

#[tokio::test]
async fn the_owners_own_call_is_not_blamed_and_does_not_teach_the_attackers_device() {
    on_each_database(async |service: Service| {
        record(&service, call(0, "Ada", "Ada", true)).await;
        let in_sydney = Some(r#"{"lat":-33.9,"lng":151.2,"country":"AU"}"#.to_owned());
        let thief = Some(r#"{"deviceId":"of the thief"}"#.to_owned());
        let attack = Transaction {
            user_fullname: Some("Ada".into()),
            geo_json: in_sydney.clone(),
            device_info_json: thief.clone(),
            services_json: None,
            ..call(60_000, "Ada", "nobody", true)
        };
        let attack = record(&service, attack).await;
        let found = rules(&service, &attack).await;
        assert_eq!(found, ["device_switch", "impossible_travel", "new_device_and_country"]);
        let own = record(&service, call(120_000, "Ada", "Ada", true)).await;
        assert!(rules(&service, &own).await.is_empty(), "{:?}", rules(&service, &own).await);
        // The device and the country are still new.
        let again = Transaction {
            geo_json: in_sydney,
            device_info_json: thief,
            services_json: None,
            ..call(30 * HOUR_MS, "Ada", "nobody", true)
        };
        let again = record(&service, again).await;
        assert_eq!(rules(&service, &again).await, ["new_device_and_country"]);
    })
    .await;
}

#[tokio::test]
async fn blocked_values_are_found_in_the_next_call_in_any_notation() {
    on_each_database(async |service: Service| {
        let first = record(&service, call(0, "Ada", "Ada", true)).await;
        let by_call = AddBlockedRequest { transaction_id: first.clone(), ..blocking(LinkKind::Device) };
        let entry = block(&service, by_call.clone()).await.expect("an entry");
        assert_eq!((entry.label.as_str(), entry.note.as_str()), ("device of Ada", "seen in ticket 12"));
        assert_eq!(entry.by.as_ref().map(|by| by.name.as_str()), Some("Farid"));
        assert_eq!(block(&service, by_call).await.expect("an entry").id, entry.id, "an entry is there once");
        let typed = |kind, value: &str, country: &str| AddBlockedRequest {
            value: value.into(),
            country: country.into(),
            ..blocking(kind)
        };
        block(&service, typed(LinkKind::Address, "198.51.100.4", "")).await.expect("an entry");
        block(&service, typed(LinkKind::Document, "ab 123-456", "swe")).await.expect("an entry");
        block(&service, AddBlockedRequest { transaction_id: first, ..blocking(LinkKind::Face) })
            .await
            .expect("an entry");

        let all = Transaction {
            client_address: "198.51.100.4".into(),
            document_number: Some(DocumentNumber { country: "SWE".into(), number: "AB123456".into() }),
            ..call(2 * HOUR_MS, "Ada", "Ada", true)
        };
        let found = record(&service, all.clone()).await;
        let hit = service.get("p1", &found).await.unwrap().fraud.remove(0);
        assert_eq!(hit.rule, "blocklisted");
        let evidence: serde_json::Value = serde_json::from_str(&hit.evidence_json).unwrap();
        assert_eq!(evidence["lists"], serde_json::json!(["address", "device", "document", "face"]));
        let check = CheckBlockedRequest {
            project_id: "p1".into(),
            client_address: "::ffff:198.51.100.4".into(),
            faces: vec!["Ada".into(), "Bob".into()],
            ..CheckBlockedRequest::default()
        };
        let mut lists = service.fraud.clone().check_blocked(check).await.unwrap().into_inner().blocked;
        lists.sort_unstable();
        assert_eq!(lists, [LinkKind::Address as i32, LinkKind::Face as i32]);

        assert!(listed(&service, "p2").await.is_empty());
        assert_eq!(remove(&service, "p2", &entry.id).await.unwrap_err().code(), Code::NotFound);
        for entry in listed(&service, "p1").await {
            remove(&service, "p1", &entry.id).await.expect("removed");
        }
        let after =
            record(&service, Transaction { id: new_id(), created_at_ms: NOW_MS + 3 * HOUR_MS, ..all }).await;
        assert!(rules(&service, &after).await.is_empty());
    })
    .await;
}

async fn remove(service: &Service, project: &str, id: &str) -> Result<(), Status> {
    let request = RemoveBlockedRequest { project_id: project.into(), id: id.into() };
    service.fraud.clone().remove_blocked(request).await.map(drop)
}

#[tokio::test]
async fn invalid_block_list_entries_are_rejected_with_the_reason() {
    on_each_database(async |service: Service| {
        let bare =
            record(&service, Transaction { device_info_json: None, services_json: None, ..video("p1") })
                .await;
        let of = |kind, transaction_id: &str, value: &str| AddBlockedRequest {
            transaction_id: transaction_id.into(),
            value: value.into(),
            ..blocking(kind)
        };
        for (request, why) in [
            (of(LinkKind::Country, &bare, ""), "kind must be device, address, document or face"),
            (of(LinkKind::Device, &bare, ""), "this call named no device"),
            (of(LinkKind::Face, &bare, ""), "this call shows no enrolled face"),
            (of(LinkKind::Face, "", "Ada"), "a face is blocked by a transaction that shows it"),
            (of(LinkKind::Address, "", "not one"), "value must be an IP address"),
            (of(LinkKind::Document, "", "12"), "value must have at least five letters and digits"),
            (of(LinkKind::Device, "", ""), "value must have 1 to 200 characters"),
            (of(LinkKind::Device, &new_id(), ""), "transaction not found"),
            (
                AddBlockedRequest { note: "x".repeat(501), ..of(LinkKind::Device, "", "d") },
                "note must have at most 500 characters",
            ),
        ] {
            assert_eq!(block(&service, request).await.unwrap_err().message(), why);
        }
        assert!(listed(&service, "p1").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_graph_joins_users_by_what_they_share() {
    on_each_database(async |service: Service| {
        let ada = record(&service, call(0, "Ada", "Ada", true)).await;
        let shared = Some(r#"{"deviceId":"device of Ada"}"#.to_owned());
        record(&service, Transaction { device_info_json: shared, ..call(HOUR_MS, "Eve", "Ada", false) })
            .await;
        let stranger =
            Transaction { client_address: "192.0.2.1".into(), ..call(2 * HOUR_MS, "Zoe", "Zoe", true) };
        record(&service, stranger).await;

        let found = graph(&service, "p1", &ada).await.expect("a graph");
        let mut labels: Vec<_> = found.nodes.iter().map(|node| (node.kind(), node.label.as_str())).collect();
        labels.sort();
        assert_eq!(
            labels,
            [
                (LinkKind::Device, "device of Ada"),
                (LinkKind::Address, ADDRESS),
                (LinkKind::Face, "Ada"),
                (LinkKind::User, "Ada"),
                (LinkKind::User, "Eve"),
            ]
        );
        assert_eq!((found.edges.len(), found.complete), (6, true));
        assert_eq!(found.nodes.iter().filter(|node| node.is_start).count(), 4);
        assert_eq!(graph(&service, "p2", &ada).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn an_erased_subject_is_in_no_link_and_no_block_list() {
    on_each_database(async |service: Service| {
        let own = record(&service, call(0, "Ada", "Ada", true)).await;
        let eve = record(&service, call(HOUR_MS, "Eve", "Ada", false)).await;
        let of = |kind, id: &String| AddBlockedRequest { transaction_id: id.clone(), ..blocking(kind) };
        block(&service, of(LinkKind::Address, &own)).await.expect("an entry");
        // Ada's face, blocked by a call under another name.
        block(&service, of(LinkKind::Face, &eve)).await.expect("an entry");
        block(&service, of(LinkKind::Device, &eve)).await.expect("an entry");
        let ada = Subject { project_id: "p1".into(), user_fullname: "Ada".into() };
        let erased = service.client.clone().erase_subject(ada.clone()).await.unwrap().into_inner().kept;
        assert!(erased.iter().any(|kept| kept.kind == "blocklist_entry" && kept.count == 2), "{erased:?}");
        let left = listed(&service, "p1").await;
        assert_eq!(left.iter().map(|entry| entry.label.as_str()).collect::<Vec<_>>(), ["device of Eve"]);
        let summary = summary(&service).await;
        assert!(summary.clusters.is_empty());
        let found = &summary.findings[0];
        assert_eq!((found.user_fullname.as_str(), found.other.as_str()), ("Eve", ""));
        assert!(!format!("{summary:?}").contains("Ada"));
        let nodes = graph(&service, "p1", &own).await.expect("a graph").nodes;
        assert!(nodes.is_empty(), "{nodes:?}");
        let kept = service.client.clone().find_subject(ada).await.unwrap().into_inner().kept;
        assert!(kept.is_empty(), "{kept:?}");
    })
    .await;
}

/// Addresses, numbers and ids are stored only as keyed hashes and sealed.
#[tokio::test]
async fn no_table_holds_what_is_blocked_in_the_clear() {
    on_each_database(async |service: Service| {
        let Some(file) = service.database_file() else { return };
        let document = DocumentNumber { country: "SWE".into(), number: "AB123456".into() };
        let shown = Transaction { document_number: Some(document), ..call(0, "Ada", "Ada", true) };
        let id = record(&service, shown).await;
        for kind in [LinkKind::Address, LinkKind::Document, LinkKind::Device] {
            block(&service, AddBlockedRequest { transaction_id: id.clone(), ..blocking(kind) })
                .await
                .expect("an entry");
        }
        let log = format!("{}-wal", file.display());
        let files = [std::fs::read(&file).unwrap(), std::fs::read(log).unwrap_or_default()].concat();
        assert!(files.windows(9).any(|part| part == b"blocklist"), "the file was read");
        for secret in [ADDRESS, "AB123456", "device of Ada", "ticket 12", "Farid"] {
            assert!(!files.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
        }
    })
    .await;
}
