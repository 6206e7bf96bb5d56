//! Lists: every filter alone and together, in pages, within one project.

use proto::transactions::{
    Flag, ListTransactionsRequest, ListTransactionsResponse, PutFlagRequest, Transaction, Verdict,
};
use tonic::{Code, Status};

use crate::{Service, on_each_database, video};

/// One change of a request for the list of project `p1`.
type Ask = fn(&mut ListTransactionsRequest);

async fn list(
    service: &Service,
    change: impl FnOnce(&mut ListTransactionsRequest),
) -> Result<ListTransactionsResponse, Status> {
    let mut request =
        ListTransactionsRequest { project_id: "p1".into(), ..ListTransactionsRequest::default() };
    change(&mut request);
    service.client.clone().list_transactions(request).await.map(tonic::Response::into_inner)
}

fn names(list: &[Transaction]) -> Vec<&str> {
    list.iter().filter_map(|transaction| transaction.action_trigger.as_deref()).collect()
}

/// `count` videos of `p1`, one a millisecond from 0, named 0, 1, ... by their trigger.
async fn record_videos(
    service: &Service,
    count: i64,
    vary: impl Fn(i64, &mut Transaction),
) -> Vec<Transaction> {
    let mut recorded = Vec::new();
    for at in 0..count {
        let mut transaction =
            Transaction { created_at_ms: at, action_trigger: Some(at.to_string()), ..video("p1") };
        vary(at, &mut transaction);
        service.record(transaction.clone()).await.expect("recorded");
        recorded.push(transaction);
    }
    recorded
}

#[tokio::test]
async fn each_filter_answers_what_it_asks_for_newest_first() {
    on_each_database(async |service: Service| {
        let recorded = record_videos(&service, 6, |at, transaction| {
            if at % 2 == 0 {
                transaction.user_fullname = Some("Grace Hopper".into());
                transaction.tags = vec!["kiosk".into(), "lab".into()];
            } else {
                transaction.session_id = Some("sess_2".into());
                transaction.verdict = Verdict::Pass.into();
                transaction.kind = "match_faces".into();
                transaction.api_key_id = "k2".into();
                transaction.tags = Vec::new();
            }
        })
        .await;
        let flag =
            PutFlagRequest { project_id: "p1".into(), id: recorded[3].id.clone(), flag: Flag::Ok.into() };
        service.client.clone().put_flag(flag).await.unwrap();

        let asked: [(Ask, &[&str]); 14] = [
            (|_| {}, &["5", "4", "3", "2", "1", "0"]),
            (|r| r.user_fullname = Some("Grace Hopper".into()), &["4", "2", "0"]),
            (|r| r.user_fullname = Some("grace hopper".into()), &[]),
            (|r| r.session_id = Some("sess_2".into()), &["5", "3", "1"]),
            (|r| r.verdict = Verdict::Refer.into(), &["4", "2", "0"]),
            (|r| r.kind = Some("match_faces".into()), &["5", "3", "1"]),
            (|r| r.tag = Some("lab".into()), &["4", "2", "0"]),
            (|r| r.tag = Some("la".into()), &[]),
            (|r| r.flag = Flag::Ok.into(), &["3"]),
            (|r| r.api_key_id = Some("k2".into()), &["5", "3", "1"]),
            (|r| (r.from_ms, r.until_ms) = (Some(1), Some(4)), &["3", "2", "1"]),
            (|r| (r.from_ms, r.tag) = (Some(2), Some("kiosk".into())), &["4", "2"]),
            (|r| (r.tag, r.verdict) = (Some("kiosk".into()), Verdict::Pass.into()), &[]),
            (|r| (r.kind, r.flag) = (Some("match_faces".into()), Flag::Ok.into()), &["3"]),
        ];
        for (at, (change, expected)) in asked.into_iter().enumerate() {
            let answer = list(&service, change).await.unwrap();
            assert_eq!(names(&answer.transactions), expected, "case {at}");
            assert_eq!(answer.next_cursor, "");
        }
        let whole = list(&service, |_| {}).await.unwrap();
        assert_eq!(whole.transactions[0], recorded[5], "a listed transaction is the whole record");
    })
    .await;
}

#[tokio::test]
async fn pages_follow_one_another_though_new_records_come_in() {
    on_each_database(async |service: Service| {
        // Four at each time, so that pages end within one.
        let stored = record_videos(&service, 11, |at, transaction| transaction.created_at_ms = at / 4).await;
        for tag in [None, Some("kiosk".to_owned())] {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = list(&service, |r| (r.page_size, r.cursor, r.tag) = (3, cursor, tag.clone()))
                    .await
                    .unwrap();
                assert!(page.transactions.len() == 3 || page.next_cursor.is_empty());
                seen.extend(page.transactions.into_iter().map(|transaction| transaction.id));
                cursor = page.next_cursor;
                if cursor.is_empty() {
                    break;
                }
                service.record(Transaction { tags: vec!["kiosk".into()], ..video("p1") }).await.unwrap();
            }
            // A later one in another project's list, and the newer ones of this one, are on none of these pages but
            // the first of the second round.
            let mut expected: Vec<&Transaction> = stored.iter().collect();
            expected.sort_by_key(|transaction| {
                std::cmp::Reverse((transaction.created_at_ms, transaction.id.clone()))
            });
            let old: Vec<&String> =
                seen.iter().filter(|id| stored.iter().any(|known| known.id == **id)).collect();
            assert_eq!(old, expected.iter().map(|transaction| &transaction.id).collect::<Vec<_>>());
        }
    })
    .await;
}

#[tokio::test]
async fn another_projects_records_are_on_no_list() {
    on_each_database(async |service: Service| {
        service.record(video("p2")).await.unwrap();
        let asked: [Ask; 5] = [
            |_| {},
            |r| r.tag = Some("kiosk".into()),
            |r| r.user_fullname = Some("Ada Lovelace".into()),
            |r| r.verdict = Verdict::Refer.into(),
            |r| r.session_id = Some("sess_1".into()),
        ];
        for change in asked {
            assert!(list(&service, change).await.unwrap().transactions.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn an_invalid_request_is_rejected_with_the_reason() {
    on_each_database(async |service: Service| {
        let asked: [(Ask, &str); 6] = [
            (|r| r.verdict = 99, "verdict must be pass, fail or refer"),
            (|r| r.flag = 99, "flag must be fraudulent, possibly_fraudulent or ok"),
            (|r| r.kind = Some("'; --".into()), "kind must be 1 to 64 of a-z, 0-9, _ and ."),
            (|r| r.tag = Some("a\0".into()), "tag must not be empty or hold control characters"),
            (|r| r.cursor = "17".into(), "cursor is not one a list answered"),
            (|r| r.project_id.clear(), "project_id must not be empty or hold control characters"),
        ];
        for (change, reason) in asked {
            let refused = list(&service, change).await.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, reason));
        }
    })
    .await;
}
