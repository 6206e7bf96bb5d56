//! Lists, files and reviews of transactions, as HTTP.

use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use proto::transactions::{Flag, ListTransactionsRequest, ReviewStatus, Transaction, Verdict};
use tower::ServiceExt;

use crate::{customer::Customer, fakes::PROJECT};

const LIST: &str = "/api-transactions/transactions";

async fn with_records(count: usize, pages: usize) -> Customer {
    let customer = Customer::new().await;
    {
        let mut state = customer.stage.set();
        state.pages = pages;
        state.records = (0..count)
            .map(|at| Transaction {
                id: at.to_string(),
                user_fullname: Some("=cmd|'/c calc'!A1".into()),
                kind: "process_video".into(),
                tags: vec!["a;b".into(), "\"quoted\"\nline".into()],
                ..Transaction::default()
            })
            .collect();
    }
    customer
}

/// The raw answer of a GET with the key.
async fn get(customer: &Customer, path: &str) -> axum::http::Response<Body> {
    let request = Request::get(path).header("authorization", format!("Bearer {}", customer.key));
    customer.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: axum::http::Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn every_filter_reaches_the_service_by_query_and_by_object() {
    let customer = with_records(2, 9).await;
    let query = "user=ada%40example.org&session_id=s&verdict=pass&kind=k&tag=t&flag=ok&api_key_id=key&fraud=velocity\
                 &has_fraud=true&review=second_review&from=2026-01-31T00:00:00Z&until=1769904000000&limit=2&cursor=c";
    let body = r#"{"user":"ada@example.org","session_id":"s","verdict":"pass","kind":"k","tag":"t","flag":"ok",
        "api_key_id":"key","fraud":"velocity","has_fraud":true,"review":"second_review","from":"2026-01-31T00:00:00Z",
        "until":1769904000000,"limit":2,"cursor":"c"}"#;
    let by_query = customer.get(&format!("{LIST}?{query}")).await;
    let by_object = customer.post(&format!("{LIST}/query"), &[], body).await;
    assert_eq!((by_query.status.as_u16(), by_object.status.as_u16()), (200, 200), "{}", by_query.body);
    let expected = ListTransactionsRequest {
        project_id: PROJECT.into(),
        from_ms: Some(1_769_817_600_000),
        until_ms: Some(1_769_904_000_000),
        user_fullname: Some("ada@example.org".into()),
        session_id: Some("s".into()),
        verdict: Verdict::Pass.into(),
        kind: Some("k".into()),
        tag: Some("t".into()),
        flag: Flag::Ok.into(),
        api_key_id: Some("key".into()),
        page_size: 2,
        cursor: "c".into(),
        fraud: Some("velocity".into()),
        has_fraud: Some(true),
        review: Some(ReviewStatus::SecondReview.into()),
    };
    assert_eq!(customer.stage.set().lists, [expected.clone(), expected]);
    assert_eq!(by_query.body["next_cursor"], "more");
    assert_eq!(by_query.body["data"][1]["id"], "1");
    assert_eq!(by_query.body["message"], "transactions found");
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_refused_under_both_error_names() {
    let customer = with_records(1, 1).await;
    for (query, sentence) in [
        ("from=tomorrow", "from must be an RFC 3339 time or milliseconds since 1970"),
        ("limit=1000", "limit must be a whole number from 1 to 200"),
        ("usr=ada", "there is no filter usr"),
        ("tag=a&tag=b", "tag is given more than once"),
    ] {
        let refused = customer.get(&format!("{LIST}?{query}")).await;
        assert_eq!(refused.error(), (400, sentence));
        assert_eq!(refused.body["message"], sentence);
        let refused = customer.get(&format!("{LIST}/export?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
    }
    let format = customer.get(&format!("{LIST}/export?format=xls")).await;
    assert_eq!(format.error(), (400, "format must be csv or ndjson"));
    let limited = customer.get(&format!("{LIST}/export?limit=5")).await;
    assert_eq!(limited.error(), (400, "an export takes neither limit nor cursor"));
    let no_object = customer.post(&format!("{LIST}/query"), &[], "[]").await;
    assert_eq!(no_object.error(), (400, "request body must be a JSON object of filters"));
    assert!(customer.stage.set().lists.is_empty());
}

#[tokio::test]
async fn an_export_is_every_page_in_one_file() {
    let customer = with_records(3, 4).await;
    let file = get(&customer, &format!("{LIST}/export?format=ndjson&kind=k")).await;
    assert_eq!(file.headers()["content-type"], "application/x-ndjson");
    assert_eq!(file.headers()["content-disposition"], "attachment; filename=\"transactions.ndjson\"");
    assert_eq!(file.headers()["cache-control"], "private, no-store");
    let text = text(file).await;
    let ids: Vec<_> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(ids, ["0", "1", "2"].repeat(4));
    let lists = customer.stage.set().lists.clone();
    assert!(lists.iter().all(|list| list.kind.as_deref() == Some("k") && list.page_size == 200));
    assert_eq!(lists.iter().filter(|list| list.cursor == "more").count(), 3);
}

#[tokio::test]
async fn no_cell_of_a_csv_is_a_formula() {
    let customer = with_records(2, 2).await;
    let file = get(&customer, &format!("{LIST}/export")).await;
    assert!(file.headers()["content-type"].to_str().unwrap().starts_with("text/csv"));
    let text = text(file).await;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let column = |name: &str| reader.headers().unwrap().iter().position(|column| column == name).unwrap();
    let mut column = column;
    let (user, tags) = (column("user_fullname"), column("tags"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4, "one heading, whatever the number of pages");
    assert_eq!(&rows[0][user], "'=cmd|'/c calc'!A1");
    let tags: Vec<String> = serde_json::from_str(&rows[0][tags]).unwrap();
    assert_eq!(tags, ["a;b", "\"quoted\"\nline"]);
}

#[tokio::test]
async fn a_disconnected_client_ends_the_reading() {
    let customer = with_records(50, usize::MAX).await;
    let file = get(&customer, &format!("{LIST}/export")).await;
    let mut body = file.into_body();
    for _ in 0..3 {
        body.frame().await.unwrap().unwrap();
    }
    // Nothing runs ahead of the client: a page is read when it is asked for.
    assert_eq!(customer.stage.set().lists.len(), 3);
    drop(body);
    assert_eq!(customer.stage.set().lists.len(), 3);
}

#[tokio::test]
async fn tags_and_flags_are_put() {
    let customer = with_records(8, 1).await;
    customer.stage.set().records.iter_mut().for_each(|record| record.project_id = PROJECT.into());
    let tagged = customer.send("PUT", &format!("{LIST}/7/tags"), &[], r#"{"tags":["a","b"]}"#).await;
    assert_eq!((tagged.status.as_u16(), tagged.body["data"]["tags"][1].as_str()), (200, Some("b")));
    let flagged = customer.send("PUT", &format!("{LIST}/7/flag?flag=fraudulent"), &[], "").await;
    assert_eq!((flagged.status.as_u16(), flagged.body["data"]["flag"].as_str()), (200, Some("fraudulent")));
    let noted: Vec<_> =
        customer.stage.set().audit.iter().map(|a| (a.action.clone(), a.target.clone())).collect();
    assert_eq!(
        noted,
        [("transaction.tags_set".into(), "7".into()), ("transaction.flag_set".into(), "7".into())]
    );
    let before = customer.stage.set().audit[0].before_json.clone().unwrap();
    assert_eq!(before, r#"{"tags":["a;b","\"quoted\"\nline"]}"#);
    for body in ["", "[]", r#"{"tags":"a"}"#, r#"{"tags":[1]}"#] {
        let refused = customer.send("PUT", &format!("{LIST}/7/tags"), &[], body).await;
        let sentence = "request body must be a JSON object with tags, a list of strings";
        assert_eq!((refused.error(), refused.body["message"].as_str()), ((400, sentence), Some(sentence)));
    }
    let refused = customer.send("PUT", &format!("{LIST}/7/flag"), &[], "").await;
    assert_eq!(refused.error(), (400, "flag must be fraudulent, possibly_fraudulent or ok"));
}
