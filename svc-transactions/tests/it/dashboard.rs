//! Statistics, recent calls and related transactions: each within one project.

use proto::{
    subjects::Subject,
    transactions::{
        GetTransactionRequest, RecentRequest, RecentResponse, RelatedResponse, Relation,
        SearchSubjectsRequest, StatsRequest, StatsResponse, Transaction, Verdict,
    },
};
use tonic::{Code, Status};

use crate::{Service, new_id, on_each_database, video};

const HOUR: i64 = 3_600_000;

async fn stats(
    service: &Service,
    project: &str,
    from_ms: i64,
    until_ms: i64,
) -> Result<StatsResponse, Status> {
    let request = StatsRequest { project_id: project.into(), from_ms, until_ms, bucket_ms: HOUR };
    service.client.clone().stats(request).await.map(tonic::Response::into_inner)
}

fn decided(project: &str, at: i64, verdict: Verdict, duration_ms: u32, reasons: &[&str]) -> Transaction {
    Transaction {
        created_at_ms: at,
        verdict: verdict.into(),
        duration_ms,
        reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        ..video(project)
    }
}

#[tokio::test]
async fn a_span_is_counted_hour_by_hour() {
    on_each_database(async |service: Service| {
        for (at, verdict, took, reasons) in [
            (HOUR, Verdict::Pass, 100, &["a_passed"][..]),
            (HOUR + 1, Verdict::Pass, 120, &["a_passed", "b_failed"]),
            (2 * HOUR - 1, Verdict::Fail, 7000, &["b_failed"]),
            (3 * HOUR, Verdict::Refer, 1000, &["a_passed"]),
        ] {
            service.record(decided("p1", at, verdict, took, reasons)).await.unwrap();
        }
        let failed =
            Transaction { verdict: 0, http_status: 503, ..decided("p1", HOUR, Verdict::Pass, 90_000, &[]) };
        service.record(failed).await.unwrap();
        service.record(decided("p2", HOUR, Verdict::Fail, 5, &["of_another_project"])).await.unwrap();

        let answer = stats(&service, "p1", HOUR + 5, 4 * HOUR).await.unwrap();
        let counts: Vec<_> = answer
            .buckets
            .iter()
            .map(|b| (b.at_ms / HOUR, b.total, b.pass, b.fail, b.refer, b.errors))
            .collect();
        assert_eq!(counts, [(1, 4, 2, 1, 0, 1), (2, 0, 0, 0, 0, 0), (3, 1, 0, 0, 1, 0)]);
        let first = &answer.buckets[0];
        assert_eq!(first.p50_ms, Some(120.0), "of the decided ones");
        assert!((first.p95_ms.unwrap() - 7000.0).abs() < 7000.0 * 0.025, "{:?}", first.p95_ms);
        assert_eq!((first.reasons["a_passed"], first.reasons["b_failed"], first.reasons.len()), (2, 2, 2));
        assert_eq!(answer.buckets[1].p50_ms, None);
        assert!(answer.reasons_complete);
        let too_long = stats(&service, "p1", 0, 401 * HOUR).await.unwrap_err();
        assert_eq!(too_long.code(), Code::InvalidArgument);
    })
    .await;
}

async fn recent(service: &Service, change: impl FnOnce(&mut RecentRequest)) -> RecentResponse {
    let mut request = RecentRequest { project_id: "p1".into(), limit: 10, ..RecentRequest::default() };
    change(&mut request);
    service.client.clone().recent(request).await.unwrap().into_inner()
}

fn ids(answer: &RecentResponse) -> Vec<String> {
    answer.transactions.iter().map(|t| t.id.clone()).collect()
}

#[tokio::test]
async fn recent_calls_are_listed_in_the_order_they_ended() {
    on_each_database(async |service: Service| {
        // The first began before the second and was recorded after it.
        let long = decided("p1", 1000, Verdict::Pass, 9000, &[]);
        let short = decided("p1", 2000, Verdict::Pass, 10, &[]);
        let last = decided("p1", 11_000, Verdict::Pass, 10, &[]);
        for transaction in [&short, &long, &last, &decided("p2", 3000, Verdict::Pass, 1, &[])] {
            service.record(transaction.clone()).await.unwrap();
        }
        let all = [short.id.clone(), long.id.clone(), last.id.clone()];
        let every = recent(&service, |_| {}).await;
        assert_eq!(ids(&every), all);
        assert_eq!(every.ids.len(), 3);
        assert_eq!(ids(&recent(&service, |r| r.after_id = Some(short.id.clone())).await), all[1..]);
        assert_eq!(ids(&recent(&service, |r| r.since_ms = 10_000).await), all[1..]);
        assert_eq!(
            ids(&recent(&service, |r| r.known = vec![long.id.clone()]).await),
            [&all[0], &all[2]].map(Clone::clone)
        );
        assert_eq!(ids(&recent(&service, |r| r.limit = 1).await), all[2..], "the newest");
        let alone = recent(&service, |r| r.limit = 0).await;
        assert_eq!((alone.ids.len(), alone.transactions.len()), (3, 0));
        for nothing in [new_id(), "no id".into()] {
            assert!(recent(&service, |r| r.after_id = Some(nothing)).await.ids.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn another_projects_transaction_is_no_place_to_go_on_from() {
    on_each_database(async |service: Service| {
        let theirs = decided("p2", 1000, Verdict::Pass, 1, &[]);
        service.record(theirs.clone()).await.unwrap();
        service.record(decided("p1", 2000, Verdict::Pass, 1, &[])).await.unwrap();
        assert!(recent(&service, |r| r.after_id = Some(theirs.id)).await.ids.is_empty());
    })
    .await;
}

async fn related(service: &Service, project: &str, id: &str) -> Result<RelatedResponse, Status> {
    let request = GetTransactionRequest { project_id: project.into(), id: id.into() };
    service.client.clone().related(request).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn of_the_same_session_user_and_device() {
    on_each_database(async |service: Service| {
        let device = |id: &str| Some(format!(r#"{{"deviceId":"{id}","os":"test"}}"#));
        let one = |at, session: &str, user: &str, on: &str| Transaction {
            created_at_ms: at,
            session_id: Some(session.into()),
            user_fullname: Some(user.into()),
            device_info_json: device(on),
            ..video("p1")
        };
        let this = one(5, "s1", "ada", "d1");
        let others = [
            one(1, "s1", "bob", "d2"),
            one(2, "s2", "ada", "d1"),
            one(3, "s3", "eve", "d1"),
            // Nothing in common; the same model is not the same device.
            one(4, "s4", "joe", "d3"),
            Transaction { project_id: "p2".into(), ..one(6, "s1", "ada", "d1") },
        ];
        for transaction in others.iter().chain([&this]) {
            service.record(transaction.clone()).await.unwrap();
        }
        service.all_looked_at().await;

        let found = related(&service, "p1", &this.id).await.unwrap().related;
        let found: Vec<_> = found.into_iter().map(|r| (r.transaction.unwrap().id, r.by)).collect();
        let by = |relations: &[Relation]| {
            relations.iter().map(|relation| (*relation).into()).collect::<Vec<i32>>()
        };
        assert_eq!(
            found,
            [
                (others[2].id.clone(), by(&[Relation::Device])),
                (others[1].id.clone(), by(&[Relation::User, Relation::Device])),
                (others[0].id.clone(), by(&[Relation::Session])),
            ]
        );
        for (project, id) in [("p2", this.id.as_str()), ("p1", &new_id()), ("p1", "no id")] {
            assert_eq!(related(&service, project, id).await.unwrap_err().code(), Code::NotFound);
        }

        // An erased subject has no related transactions.
        let eve = Subject { project_id: "p1".into(), user_fullname: "eve".into() };
        service.client.clone().erase_subject(eve).await.unwrap();
        let left = related(&service, "p1", &this.id).await.unwrap().related;
        assert_eq!(left.len(), 2);
    })
    .await;
}

async fn search(service: &Service, project: &str, prefix: &str) -> Result<Vec<String>, Status> {
    let request = SearchSubjectsRequest { project_id: project.into(), prefix: prefix.into(), limit: 0 };
    let found = service.client.clone().search_subjects(request).await?.into_inner().subjects;
    Ok(found.into_iter().map(|subject| subject.user_fullname).collect())
}

#[tokio::test]
async fn subjects_are_found_by_the_beginning_of_their_name_until_they_are_erased() {
    on_each_database(async |service: Service| {
        let at = |at_ms: i64, user: &str| Transaction {
            created_at_ms: at_ms,
            user_fullname: Some(user.into()),
            ..video("p1")
        };
        for transaction in
            [at(1, "Elena.Petrova"), at(2, "elena.ivanova"), at(3, "Elena.Petrova"), at(4, "bob")]
        {
            service.record(transaction).await.unwrap();
        }
        service.record(Transaction { project_id: "p2".into(), ..at(5, "elena.other") }).await.unwrap();
        service.all_looked_at().await;
        assert_eq!(search(&service, "p1", "ELENA").await.unwrap(), ["Elena.Petrova", "elena.ivanova"]);
        assert_eq!(search(&service, "p1", "petro").await.unwrap(), ["Elena.Petrova"]);
        assert!(search(&service, "p1", "lena").await.unwrap().is_empty());
        assert_eq!(search(&service, "p1", "el").await.unwrap_err().code(), Code::InvalidArgument);

        let petrova = Subject { project_id: "p1".into(), user_fullname: "Elena.Petrova".into() };
        service.client.clone().erase_subject(petrova).await.unwrap();
        assert_eq!(search(&service, "p1", "elena").await.unwrap(), ["elena.ivanova"]);
        let left: Vec<(i64,)> = service
            .tables()
            .await
            .fetch_all("SELECT COUNT(*) FROM subject_names WHERE project_id = 'p1'", &[])
            .await
            .unwrap();
        assert_eq!(left[0].0, 2, "ivanova and bob");
    })
    .await;
}
