//! Reviews: which transactions need one, claims, and decisions.

use proto::transactions::{
    CountReviewsRequest, DecideReviewRequest, GetReviewRequest, ListReviewsRequest, ListTransactionsRequest,
    PutReviewSettingsRequest, Review, ReviewCause, ReviewCounts, ReviewDecision, ReviewQueue, ReviewReason,
    ReviewSettings, ReviewStatus, Reviewer, ReviewerKind, ReviewerRequest, Transaction, Verdict,
};
use tonic::{Code, Status};

use crate::{NOW_MS, Service, erasure, new_id, on_each_database, video};

const MINUTE: i64 = 60_000;

fn person(name: &str) -> Option<Reviewer> {
    Some(Reviewer { kind: ReviewerKind::User.into(), id: name.into(), name: name.to_uppercase() })
}

async fn record(service: &Service, transaction: Transaction) -> String {
    service.record(transaction.clone()).await.expect("recorded");
    transaction.id
}

async fn queue(service: &Service, queue: ReviewQueue, by: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let request = ListReviewsRequest {
            project_id: "p1".into(),
            queue: queue.into(),
            reviewer: person(by),
            page_size: 2,
            cursor,
        };
        let page = service.reviews.clone().list_reviews(request).await.expect("a page").into_inner();
        assert!(page.items.len() <= 2);
        ids.extend(page.items.into_iter().map(|item| item.transaction.expect("one").id));
        if page.next_cursor.is_empty() {
            return ids;
        }
        cursor = page.next_cursor;
    }
}

async fn counts(service: &Service, by: &str) -> ReviewCounts {
    let request = CountReviewsRequest { project_id: "p1".into(), reviewer: person(by) };
    service.reviews.clone().count_reviews(request).await.expect("counts").into_inner()
}

async fn claim(service: &Service, id: &str, by: &str) -> Result<Review, Status> {
    let request =
        ReviewerRequest { project_id: "p1".into(), transaction_id: id.into(), reviewer: person(by) };
    service.reviews.clone().claim_review(request).await.map(tonic::Response::into_inner)
}

fn decision(id: &str, by: &str, decision: ReviewDecision) -> DecideReviewRequest {
    let reason = match decision {
        ReviewDecision::Approve => ReviewReason::IdentityConfirmed,
        ReviewDecision::Reject => ReviewReason::DifferentPerson,
        _ => ReviewReason::PoorQuality,
    };
    DecideReviewRequest {
        project_id: "p1".into(),
        transaction_id: id.into(),
        reviewer: person(by),
        decision: decision.into(),
        reason: reason.into(),
        note: "Ada's own passport".into(),
    }
}

async fn decide(service: &Service, id: &str, by: &str, what: ReviewDecision) -> Result<Review, Status> {
    let request = decision(id, by, what);
    service.reviews.clone().decide_review(request).await.map(tonic::Response::into_inner)
}

async fn get(service: &Service, project: &str, id: &str) -> Result<Review, Status> {
    let request = GetReviewRequest { project_id: project.into(), transaction_id: id.into() };
    service.reviews.clone().get_review(request).await.map(tonic::Response::into_inner)
}

async fn set(service: &Service, four_eyes: bool) {
    let settings = ReviewSettings { four_eyes, target_minutes: 60, lease_minutes: 10, updated_at_ms: None };
    let request = PutReviewSettingsRequest { project_id: "p1".into(), settings: Some(settings) };
    service.reviews.clone().put_review_settings(request).await.expect("stored");
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.unwrap_err();
    (status.code(), status.message().to_owned())
}

#[tokio::test]
async fn referred_calls_and_duplicates_are_queued_for_review_and_no_others() {
    on_each_database(async |service: Service| {
        let at = |minute: i64| NOW_MS - 200_000 + minute;
        let video = |minute| Transaction { created_at_ms: at(minute), duration_ms: 1, ..video("p1") };
        let referred = record(&service, video(1)).await;
        record(&service, Transaction { verdict: Verdict::Pass.into(), ..video(2) }).await;
        let duplicate = Transaction {
            verdict: 0,
            kind: "enroll_face".into(),
            reasons: vec!["face_enrolled".into(), "duplicate_identity".into()],
            ..video(3)
        };
        let duplicate = record(&service, duplicate).await;
        record(&service, Transaction { project_id: "p2".into(), ..video(4) }).await;
        assert_eq!(queue(&service, ReviewQueue::Unassigned, "ada").await, [&*referred, &*duplicate]);
        let review = service.get_reviewed("p1", &duplicate).await.unwrap().review.unwrap();
        assert_eq!(review.causes, [i32::from(ReviewCause::DuplicateIdentity)]);
        assert_eq!((review.status(), review.due_at_ms), (ReviewStatus::Open, at(4) + 24 * 60 * MINUTE));
    })
    .await;
}

#[tokio::test]
async fn a_hit_of_a_fraud_rule_adds_a_review_or_its_cause() {
    on_each_database(async |service: Service| {
        let call = |at: i64, verdict: Verdict, place: &str| Transaction {
            created_at_ms: NOW_MS + at,
            verdict: verdict.into(),
            session_id: None,
            geo_json: Some(place.into()),
            ..video("p1")
        };
        let vienna = r#"{"lat":48.2,"lng":16.4,"country":"AT"}"#;
        let sydney = r#"{"lat":-33.9,"lng":151.2,"country":"AU"}"#;
        record(&service, call(0, Verdict::Pass, vienna)).await;
        service.all_looked_at().await;
        let passed = record(&service, call(60_000, Verdict::Pass, sydney)).await;
        service.all_looked_at().await;
        let review = get(&service, "p1", &passed).await.unwrap();
        assert_eq!(review.causes, [i32::from(ReviewCause::Fraud)]);
        let referred = record(&service, call(120_000, Verdict::Refer, vienna)).await;
        service.all_looked_at().await;
        let causes = get(&service, "p1", &referred).await.unwrap().causes;
        assert_eq!(causes, [ReviewCause::Refer, ReviewCause::Fraud].map(i32::from));
    })
    .await;
}

#[tokio::test]
async fn a_claim_is_one_persons_until_its_lease_ends() {
    on_each_database(async |service: Service| {
        set(&service, false).await;
        let id = record(&service, video("p1")).await;
        let claimed = claim(&service, &id, "ada").await.unwrap();
        assert_eq!(claimed.claimed_by, person("ada"));
        assert_eq!(claimed.claimed_until_ms, Some(NOW_MS + 10 * MINUTE));
        let held = (Code::FailedPrecondition, "another reviewer holds this review".to_owned());
        assert_eq!(refusal(claim(&service, &id, "bob").await), held);
        assert_eq!(refusal(decide(&service, &id, "bob", ReviewDecision::Approve).await), held);
        assert!(queue(&service, ReviewQueue::Unassigned, "bob").await.is_empty());
        assert_eq!(queue(&service, ReviewQueue::Mine, "ada").await, [&*id]);
        assert!(queue(&service, ReviewQueue::Mine, "bob").await.is_empty());
        assert_eq!((counts(&service, "ada").await.mine, counts(&service, "bob").await.claimed), (1, 1));

        service.advance(10 * MINUTE);
        assert_eq!(queue(&service, ReviewQueue::Unassigned, "bob").await, [&*id]);
        assert_eq!(claim(&service, &id, "bob").await.unwrap().claimed_by, person("bob"));

        let request = |by| ReviewerRequest {
            project_id: "p1".into(),
            transaction_id: id.clone(),
            reviewer: person(by),
        };
        let foreign = service.reviews.clone().release_review(request("ada")).await;
        assert_eq!(refusal(foreign), (Code::FailedPrecondition, "this review is not yours".into()));
        let released = service.reviews.clone().release_review(request("bob")).await.unwrap().into_inner();
        assert_eq!(released.claimed_by, None);
        assert_eq!(queue(&service, ReviewQueue::Unassigned, "ada").await, [id]);
    })
    .await;
}

#[tokio::test]
async fn a_decision_is_final_in_the_record_and_sends_an_event() {
    on_each_database(async |service: Service| {
        let call = Transaction { api_key_id: "key_1".into(), ..video("p1") };
        service.subscribe_endpoint("p1", "key_1").await;
        let id = record(&service, call.clone()).await;
        service.advance(MINUTE);
        decide(&service, &id, "ada", ReviewDecision::Reject).await.unwrap();

        let review = service.get_reviewed("p1", &id).await.unwrap().review.unwrap();
        assert_eq!(
            (review.status(), review.reason(), review.decided_by, review.decided_at_ms),
            (ReviewStatus::Rejected, ReviewReason::DifferentPerson, person("ada"), Some(NOW_MS + MINUTE))
        );
        assert!(review.steps.is_empty(), "notes are only in the review itself");
        let steps = get(&service, "p1", &id).await.unwrap().steps;
        assert_eq!((steps.len(), steps[0].note.as_str()), (1, "Ada's own passport"));
        assert_eq!(service.queued_events("review.completed").await, [&*id]);

        let again = refusal(decide(&service, &id, "bob", ReviewDecision::Approve).await);
        assert_eq!(again, (Code::FailedPrecondition, "this review is decided".into()));
        assert!(claim(&service, &id, "bob").await.is_err());
        assert!(queue(&service, ReviewQueue::Unassigned, "ada").await.is_empty());
        assert_eq!(queue(&service, ReviewQueue::Done, "ada").await, [&*id]);
        let listed = |review: ReviewStatus| ListTransactionsRequest {
            project_id: "p1".into(),
            review: Some(review.into()),
            ..ListTransactionsRequest::default()
        };
        for (status, count) in [(ReviewStatus::Rejected, 1), (ReviewStatus::Open, 0)] {
            let list = service.client.clone().list_transactions(listed(status)).await.unwrap().into_inner();
            assert_eq!(list.transactions.len(), count, "{status:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn of_two_concurrent_reviewers_one_wins() {
    on_each_database(async |service: Service| {
        let other = service.second().await;
        for _ in 0..5 {
            let id = record(&service, video("p1")).await;
            let (approved, rejected) = tokio::join!(
                decide(&service, &id, "ada", ReviewDecision::Approve),
                decide(&other, &id, "bob", ReviewDecision::Reject)
            );
            assert!(approved.is_ok() != rejected.is_ok(), "{approved:?} {rejected:?}");
            let lost = refusal(if approved.is_ok() { rejected } else { approved.clone() });
            assert!(matches!(lost.0, Code::Aborted | Code::FailedPrecondition), "{lost:?}");
            let review = get(&service, "p1", &id).await.unwrap();
            assert_eq!(review.steps.len(), 1, "the loser leaves nothing");
        }
    })
    .await;
}

#[tokio::test]
async fn with_four_eyes_another_person_must_decide_the_same() {
    on_each_database(async |service: Service| {
        set(&service, true).await;
        let call = Transaction { api_key_id: "key_1".into(), ..video("p1") };
        service.subscribe_endpoint("p1", "key_1").await;
        let id = record(&service, call).await;
        let first = decide(&service, &id, "ada", ReviewDecision::Approve).await.unwrap();
        assert_eq!((first.status(), first.waiting), (ReviewStatus::SecondReview, true));
        assert_eq!(queue(&service, ReviewQueue::Waiting, "bob").await, [&*id]);
        assert!(service.queued_events("review.completed").await.is_empty());
        let own = refusal(decide(&service, &id, "ada", ReviewDecision::Approve).await);
        assert_eq!(own, (Code::FailedPrecondition, "the second decision must be another person's".into()));
        let key = DecideReviewRequest {
            reviewer: Some(Reviewer {
                kind: ReviewerKind::ApiKey.into(),
                id: "k".into(),
                name: String::new(),
            }),
            ..decision(&id, "", ReviewDecision::Approve)
        };
        assert!(service.reviews.clone().decide_review(key).await.is_err());

        let other = decide(&service, &id, "bob", ReviewDecision::Reject).await.unwrap();
        assert_eq!(other.status(), ReviewStatus::SecondReview, "they do not agree");
        let agreed = decide(&service, &id, "ada", ReviewDecision::Reject).await.unwrap();
        assert_eq!((agreed.status(), agreed.steps.len()), (ReviewStatus::Rejected, 3));
        assert_eq!(service.queued_events("review.completed").await, [id]);
    })
    .await;
}

#[tokio::test]
async fn a_new_capture_of_the_same_kind_ends_the_waiting_for_it() {
    on_each_database(async |service: Service| {
        let id = record(&service, video("p1")).await;
        service.all_looked_at().await;
        let asked = decide(&service, &id, "ada", ReviewDecision::NewCapture).await.unwrap();
        assert_eq!((asked.status(), asked.waiting), (ReviewStatus::NewCapture, true));
        let later = |kind: &str, user: &str| Transaction {
            kind: kind.into(),
            user_fullname: Some(user.into()),
            verdict: Verdict::Pass.into(),
            created_at_ms: NOW_MS + MINUTE,
            ..video("p1")
        };
        for other in [later("docauth_check", "Ada Lovelace"), later("process_video", "Grace Hopper")] {
            record(&service, other).await;
        }
        service.all_looked_at().await;
        assert_eq!(queue(&service, ReviewQueue::Waiting, "ada").await, [&*id]);
        record(&service, later("process_video", "Ada Lovelace")).await;
        service.all_looked_at().await;
        assert!(queue(&service, ReviewQueue::Waiting, "ada").await.is_empty());
        let done = get(&service, "p1", &id).await.unwrap();
        assert_eq!((done.status(), done.waiting), (ReviewStatus::NewCapture, false));
    })
    .await;
}

#[tokio::test]
async fn any_transaction_of_the_project_can_be_reviewed_and_no_other() {
    on_each_database(async |service: Service| {
        let passed = record(&service, Transaction { verdict: Verdict::Pass.into(), ..video("p1") }).await;
        assert_eq!(get(&service, "p1", &passed).await.unwrap_err().code(), Code::NotFound);
        let review = claim(&service, &passed, "ada").await.unwrap();
        assert_eq!(review.causes, [i32::from(ReviewCause::Requested)]);
        let undecided = Transaction { verdict: 0, kind: "session_start".into(), ..video("p1") };
        let undecided = record(&service, undecided).await;
        assert_eq!(
            refusal(claim(&service, &undecided, "ada").await),
            (Code::FailedPrecondition, "only decisions and enrollments are reviewed".into())
        );
        let theirs = record(&service, video("p2")).await;
        for id in [theirs.as_str(), &new_id(), "no id"] {
            assert_eq!(claim(&service, id, "ada").await.unwrap_err().code(), Code::NotFound);
            let refused = decide(&service, id, "ada", ReviewDecision::Approve).await.unwrap_err();
            assert_eq!(refused.code(), Code::NotFound);
            assert_eq!(get(&service, "p1", id).await.unwrap_err().code(), Code::NotFound);
        }
        assert_eq!(get(&service, "p2", &theirs).await.unwrap().status(), ReviewStatus::Open);
    })
    .await;
}

#[tokio::test]
async fn overdue_reviews_are_counted_by_the_projects_target() {
    on_each_database(async |service: Service| {
        set(&service, false).await;
        record(&service, Transaction { created_at_ms: NOW_MS, duration_ms: 0, ..video("p1") }).await;
        assert_eq!(counts(&service, "ada").await, ReviewCounts { unassigned: 1, ..Default::default() });
        service.advance(60 * MINUTE);
        let late = ReviewCounts { unassigned: 1, overdue: 1, ..Default::default() };
        assert_eq!(counts(&service, "ada").await, late);
    })
    .await;
}

#[tokio::test]
async fn an_erased_subject_leaves_the_decision_and_no_note() {
    on_each_database(async |service: Service| {
        let decided = record(&service, video("p1")).await;
        let open = record(&service, video("p1")).await;
        service.all_looked_at().await;
        decide(&service, &decided, "ada", ReviewDecision::Reject).await.unwrap();
        let sealed: Vec<(Vec<u8>,)> =
            service.tables().await.fetch_all("SELECT sealed FROM review_steps", &[]).await.unwrap();
        erasure::erase(&service, "p1").await;
        let review = get(&service, "p1", &decided).await.unwrap();
        assert_eq!(review.status(), ReviewStatus::Rejected);
        assert_eq!((review.steps.len(), review.steps[0].note.as_str()), (1, ""));
        assert_eq!(get(&service, "p1", &open).await.unwrap_err().code(), Code::NotFound);
        let Some(file) = service.database_file() else { return };
        let log = format!("{}-wal", file.display());
        let files = [std::fs::read(&file).unwrap(), std::fs::read(log).unwrap_or_default()];
        let secret = &sealed[0].0[8..32];
        assert!(!files.iter().any(|bytes| bytes.windows(secret.len()).any(|part| part == secret)));
    })
    .await;
}

#[tokio::test]
async fn a_picture_that_cannot_be_judged_waits_for_another_one_and_for_no_person() {
    on_each_database(async |service: Service| {
        let decided_by = |reasons: &str| Transaction {
            kind: "docauth_check".into(),
            verdict: Verdict::Refer.into(),
            evidence_json: Some(format!(r#"{{"decided_by":{reasons}}}"#)),
            ..video("p1")
        };
        let blurred = decided_by(r#"["picture_cannot_be_judged","nothing_decisive"]"#);
        let doubtful = decided_by(r#"["screen_recapture_failed","picture_cannot_be_judged"]"#);
        for one in [&blurred, &doubtful] {
            service.record(one.clone()).await.expect("recorded");
        }
        assert!(service.get_reviewed("p1", &blurred.id).await.unwrap().review.is_none());
        assert!(service.get_reviewed("p1", &doubtful.id).await.unwrap().review.is_some());
    })
    .await;
}
