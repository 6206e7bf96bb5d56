//! Every gateway call leaves one record, which can be listed, reviewed, exported and checked for fraud.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    both_modes,
    project::{ADA, Answer, Project, answer},
    world::{World, fixture},
};

const LIST: &str = "/api-transactions/transactions";
const BOB: &str = "bob@example.org";

both_modes!(
    a_call_leaves_a_record_under_its_request_id,
    records_stay_in_their_project,
    each_filter_lists_what_it_asks_for,
    pages_neither_skip_nor_repeat_while_new_calls_come,
    a_reviewer_tags_and_flags,
    exports_hold_every_record_once,
    a_kept_video_is_opened_by_its_link_alone,
    each_fraud_rule_finds_its_case,
    six_videos_in_two_minutes_are_reported,
);

async fn a_call_leaves_a_record_under_its_request_id(world: &'static World) {
    let project = Project::new(world);
    let session = project.start_session().await;
    let call = project
        .video(ADA, "small.mp4", "one two")
        .header("X-Session-ID", &session)
        .header("X-Action-Trigger", "authentication")
        .header("X-Device-Info", r#"{"os":"test"}"#)
        .header("X-Geo-Location", r#"{"lat":48.2,"lng":16.4,"country":"AT","city":"Vienna"}"#)
        .header("X-Request-Tags", "first,second");
    let call = answer(call).await;
    let id = call.header("x-request-id").expect("every answer carries its id");

    let record = project.get(&format!("/api-transactions/transactions/{id}")).await;
    assert_eq!(record.status, 200, "{}", record.body);
    let data = &record.body["data"];
    assert_eq!(data["id"], id);
    assert_eq!(data["session_id"], session);
    assert_eq!(data["user_fullname"], ADA);
    assert_eq!(data["kind"], "process_video");
    assert_eq!(data["verdict"], call.body["scoring_result"]["status"]);
    assert_eq!(data["action_trigger"], "authentication");
    assert_eq!(data["tags"][1], "second");
    assert_eq!(data["device_info"]["os"], "test");
    assert_eq!(data["geo"]["country"], "AT");
}

async fn records_stay_in_their_project(world: &'static World) {
    let (mine, theirs) = (Project::new(world), Project::new(world));
    let started = answer(theirs.post("/api-gateway/sessions/start")).await;
    let id = started.header("x-request-id").unwrap();
    let path = format!("/api-transactions/transactions/{id}");
    assert_eq!(theirs.get(&path).await.status, 200);
    assert_eq!(mine.get(&path).await.status, 404);
}

/// Records a consent of `user`, made from `place` on `device`, and returns the id of its transaction.
async fn consent(project: &Project, user: &str, place: &str, device: &str, session: Option<&str>) -> String {
    let mut call = project
        .post("/api-consent/consent")
        .header("X-Geo-Location", place)
        .header("X-Device-Info", device)
        .json(&json!({"is_consent_given": true, "user_fullname": user}));
    if let Some(session) = session {
        call = call.header("X-Session-ID", session);
    }
    let given = answer(call).await;
    assert_eq!(given.status, 200, "{}", given.body);
    id_of(&given)
}

fn id_of(answer: &Answer) -> String {
    answer.header("x-request-id").expect("every answer carries its id").to_owned()
}

async fn start(project: &Project, tags: &str) -> String {
    id_of(
        &answer(project.post("/api-gateway/sessions/start").header("X-Request-Tags", tags.as_bytes())).await,
    )
}

async fn ids(project: &Project, query: &str) -> Vec<String> {
    let list = project.get(&format!("{LIST}?{query}")).await;
    assert_eq!(list.status, 200, "{}", list.body);
    let data = list.body["data"].as_array().expect("a list");
    data.iter().map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
}

async fn record(project: &Project, id: &str) -> Value {
    let found = project.get(&format!("{LIST}/{id}")).await;
    assert_eq!(found.status, 200, "{}", found.body);
    found.body["data"].clone()
}

async fn each_filter_lists_what_it_asks_for(world: &'static World) {
    let (project, other) = (Project::new(world), Project::new(world));
    start(&other, "mine").await;
    let session = project.start_session().await;
    let given = consent(&project, ADA, "{\"lat\":48.2,\"lng\":16.4}", "{}", Some(&session)).await;
    let tagged = start(&project, "mine,früh").await;
    let video = answer(project.video(BOB, "small.mp4", "one two")).await;
    let (verdict, video) = (video.verdict().to_owned(), id_of(&video));
    let key = record(&project, &video).await["api_key_id"].as_str().unwrap().to_owned();

    let asked = [
        (format!("user={ADA}"), vec![&given]),
        (format!("user={BOB}"), vec![&video]),
        ("user=nobody".into(), vec![]),
        (format!("session_id={session}&kind=consent"), vec![&given]),
        ("kind=process_video".into(), vec![&video]),
        (format!("verdict={verdict}"), vec![&video]),
        ("tag=mine".into(), vec![&tagged]),
        ("tag=fr%C3%BCh&kind=session_start".into(), vec![&tagged]),
        ("tag=mine&kind=consent".into(), vec![]),
        (format!("api_key_id={key}&user={ADA}"), vec![&given]),
        (format!("user={ADA}&until=1"), vec![]),
        (format!("user={ADA}&from=2020-01-01T00:00:00Z"), vec![&given]),
    ];
    for (query, expected) in asked {
        assert_eq!(ids(&project, &query).await.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    assert_eq!(ids(&project, "").await.len(), 4);
    let queried =
        answer(project.post(&format!("{LIST}/query")).json(&json!({"user": ADA, "limit": 1}))).await;
    assert_eq!(queried.body["data"][0]["id"], given);

    for (query, word) in [
        ("from=x", "from"),
        ("verdict=maybe", "verdict"),
        ("limit=0", "limit"),
        ("cursor=x", "cursor"),
        ("users=a", "users"),
    ] {
        let refused = project.get(&format!("{LIST}?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert!(refused.error().contains(word), "{query}: {}", refused.error());
        assert_eq!(refused.body["message"], refused.body["error"]);
    }
}

async fn pages_neither_skip_nor_repeat_while_new_calls_come(world: &'static World) {
    let project = Project::new(world);
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.insert(0, start(&project, "first").await);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = project.get(&format!("{LIST}?limit=2{cursor}")).await;
        seen.extend(
            page.body["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()),
        );
        start(&project, "later").await;
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, expected);
}

async fn a_reviewer_tags_and_flags(world: &'static World) {
    let (project, other) = (Project::new(world), Project::new(world));
    let id = start(&project, "before").await;
    let put = |who: &Project, path: String, body: Value| {
        let request = who.request(Method::PUT, &path).json(&body);
        async move { answer(request).await }
    };
    let tagged = put(&project, format!("{LIST}/{id}/tags"), json!({"tags": ["seen", "früh"]})).await;
    assert_eq!((tagged.status.as_u16(), &tagged.body["data"]["tags"]), (200, &json!(["seen", "früh"])));
    assert_eq!(ids(&project, "tag=seen").await, std::slice::from_ref(&id));
    assert!(ids(&project, "tag=before").await.is_empty());

    let flag = |flag: &str| format!("{LIST}/{id}/flag?flag={flag}");
    let flagged = put(&project, flag("possibly_fraudulent"), json!(null)).await;
    assert_eq!(
        (flagged.status.as_u16(), flagged.body["data"]["flag"].as_str()),
        (200, Some("possibly_fraudulent"))
    );
    assert_eq!(ids(&project, "flag=possibly_fraudulent").await, std::slice::from_ref(&id));
    assert_eq!(record(&project, &id).await["flag"], "possibly_fraudulent");

    assert_eq!(put(&project, flag("guilty"), json!(null)).await.status, 400);
    assert_eq!(put(&project, format!("{LIST}/{id}/tags"), json!({"tags": [""]})).await.status, 400);
    let too_many: Vec<_> = (0..101).map(|at| at.to_string()).collect();
    assert_eq!(put(&project, format!("{LIST}/{id}/tags"), json!({"tags": too_many})).await.status, 400);
    // The id of another tenant is reported as unknown.
    for path in [flag("ok"), format!("{LIST}/{id}/tags"), format!("{LIST}/nonsense/tags")] {
        let refused = put(&other, path, json!({"tags": ["mine"]})).await;
        assert_eq!((refused.status.as_u16(), refused.error()), (404, "transaction not found"));
    }
    assert_eq!(record(&project, &id).await["tags"], json!(["seen", "früh"]));
}

async fn exports_hold_every_record_once(world: &'static World) {
    let project = Project::new(world);
    let mut expected = Vec::new();
    // More rows than one page of the export.
    for _ in 0..230 {
        expected.insert(0, start(&project, "=1+1,plain").await);
    }
    let fetch = async |query: &str| {
        let response = project.request(Method::GET, &format!("{LIST}/export?{query}")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let disposition = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        (disposition, response.text().await.unwrap())
    };
    let (name, lines) = fetch("format=ndjson").await;
    assert_eq!(name, "attachment; filename=\"transactions.ndjson\"");
    let of_line =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(lines.lines().map(of_line).collect::<Vec<_>>(), expected);

    let (name, text) = fetch("format=csv&tag=plain").await;
    assert_eq!(name, "attachment; filename=\"transactions.csv\"");
    let rows: Vec<&str> = text.trim_end().split("\r\n").collect();
    assert!(rows[0].starts_with("\"id\",\"created_at\",\"kind\","), "{}", rows[0]);
    assert_eq!(rows.len(), 231);
    let begins = |row: &str, id: &str| row.starts_with(&format!("\"{id}\","));
    assert!(begins(rows[1], &expected[0]) && begins(rows[230], &expected[229]));
    let tags = r#""[""\u003d1\u002b1"",""plain""]""#;
    assert!(rows[1].contains(tags), "a tag must not become a formula: {}", rows[1]);
    assert_eq!(fetch("format=ndjson&tag=none").await.1, "");
}

async fn a_kept_video_is_opened_by_its_link_alone(world: &'static World) {
    let (project, other) = (Project::new(world), Project::new(world));
    let samples = |project: &Project, id: &str| {
        let request = project.request(Method::GET, &format!("{LIST}/{id}/samples"));
        async move { answer(request).await }
    };
    let unkept = id_of(&answer(project.video(ADA, "small.mp4", "one two")).await);
    assert_eq!(samples(&project, &unkept).await.body["data"], json!([]), "nothing is kept without consent");

    project.both_consents(ADA).await;
    let id = id_of(&answer(project.video(ADA, "small.mp4", "one two")).await);
    let kept = samples(&project, &id).await;
    let sample = &kept.body["data"][0];
    assert_eq!(
        (sample["name"].as_str(), sample["content_type"].as_str()),
        (Some("video"), Some("video/mp4")),
        "{}",
        kept.body
    );
    let url = format!("{}{}", world.url, sample["url"].as_str().expect("a link"));
    let anybody = reqwest::Client::new();
    let opened = anybody.get(&url).send().await.unwrap();
    assert_eq!(opened.status(), 200);
    for (name, value) in [
        ("content-type", "video/mp4"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-store"),
    ] {
        assert_eq!(opened.headers()[name], value);
    }
    assert_eq!(opened.bytes().await.unwrap(), std::fs::read(fixture("small.mp4")).unwrap());

    let (path, query) = url.split_once('?').unwrap();
    let second = id_of(&answer(project.video(ADA, "small.mp4", "one two")).await);
    let second = samples(&project, &second).await.body["data"][0]["url"].as_str().unwrap().to_owned();
    let other_path = second.split_once('?').unwrap().0;
    let (expires, signature) = query.split_once('&').unwrap();
    let forged = [
        path.to_owned(),
        format!("{path}?{expires}"),
        format!("{path}?{signature}"),
        // Of the past, and later than it was made for.
        format!("{path}?expires=1000&{signature}"),
        format!("{path}?{expires}0&{signature}"),
        format!("{path}?{query}A"),
        format!("{}{other_path}?{query}", world.url),
        format!("{}/api-transactions/samples/..%2f..%2fmaster.key?{query}", world.url),
    ];
    for url in forged {
        let refused = answer(anybody.get(&url)).await;
        assert_eq!((refused.status.as_u16(), refused.error()), (404, "sample not found"), "{url}");
    }
    for (who, id) in
        [(&other, id.as_str()), (&project, "nonsense"), (&project, "0199f0a0-0000-7000-8000-000000000001")]
    {
        let refused = samples(who, id).await;
        assert_eq!((refused.status.as_u16(), refused.error()), (404, "transaction not found"));
    }
}

/// Waits until the rules have recorded `count` signals in a transaction, and returns them.
async fn fraud(project: &Project, id: &str, count: usize) -> Vec<Value> {
    let start = Instant::now();
    loop {
        let found = record(project, id).await["fraud"].as_array().expect("a list").clone();
        if found.len() >= count {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(90), "{found:?} within a minute and a half");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn each_fraud_rule_finds_its_case(world: &'static World) {
    const VIENNA: &str = r#"{"lat":48.2,"lng":16.4,"country":"AT"}"#;
    const GRAZ: &str = r#"{"lat":47.1,"lng":15.4,"country":"DE"}"#;
    const SYDNEY: &str = r#"{"lat":-33.9,"lng":151.2,"country":"AU"}"#;
    const PHONE: &str = r#"{"deviceId":"phone-1","isPhysicalDevice":true}"#;
    const OTHER: &str = r#"{"deviceId":"phone-2"}"#;
    let project = Project::new(world);
    let rules = |found: &[Value]| -> Vec<String> {
        found.iter().map(|hit| hit["rule"].as_str().expect("a name").to_owned()).collect()
    };

    let first = consent(&project, ADA, VIENNA, PHONE, None).await;
    let flown = consent(&project, ADA, SYDNEY, PHONE, None).await;
    let found = fraud(&project, &flown, 1).await;
    assert_eq!(rules(&found), ["impossible_travel"]);
    assert!(found[0]["evidence"]["km_per_hour"].as_f64().unwrap() > 900.0);
    assert_eq!(found[0]["evidence"]["from"]["transaction_id"], first);
    assert_eq!(record(&project, &first).await["fraud"], json!([]));

    consent(&project, BOB, VIENNA, PHONE, None).await;
    let switched = consent(&project, BOB, VIENNA, OTHER, None).await;
    let found = fraud(&project, &switched, 1).await;
    assert_eq!(rules(&found), ["device_switch"]);
    assert_eq!(found[0]["evidence"]["other_device"], "phone-1");

    let emulated = consent(&project, "carol", VIENNA, r#"{"model":"sdk_gphone64_arm64"}"#, None).await;
    let found = fraud(&project, &emulated, 1).await;
    assert_eq!(
        (rules(&found), found[0]["evidence"]["mark"].as_str()),
        (vec!["emulator".into()], Some("model=sdk_gphone64_arm64"))
    );

    let session = project.start_session().await;
    consent(&project, "dave", VIENNA, PHONE, Some(&session)).await;
    let crossed = consent(&project, "dave", GRAZ, PHONE, Some(&session)).await;
    // Moments later the location is also 145 km away.
    let found = fraud(&project, &crossed, 2).await;
    assert_eq!(rules(&found), ["impossible_travel", "session_country_change"]);
    assert_eq!(found[1]["evidence"]["other_country"], "AT");

    consent(&project, "erin", r#"{"lat":0,"lng":0,"country":"AT"}"#, PHONE, None).await;
    let strange = consent(&project, "erin", r#"{"lat":0,"lng":0,"country":"AU"}"#, OTHER, None).await;
    let found = fraud(&project, &strange, 2).await;
    assert_eq!(rules(&found), ["device_switch", "new_device_and_country"]);

    assert_eq!(ids(&project, "fraud=emulator").await, std::slice::from_ref(&emulated));
    assert_eq!(ids(&project, "has_fraud=true").await, [strange, crossed, emulated, switched, flown]);
    assert!(ids(&Project::new(world), "has_fraud=true").await.is_empty());
}

async fn six_videos_in_two_minutes_are_reported(world: &'static World) {
    let project = Project::new(world);
    let mut sent = Vec::new();
    for _ in 0..6 {
        // A call without a phrase is rejected at once, and is counted too.
        let refused = answer(project.video(ADA, "small.mp4", "")).await;
        assert_eq!(refused.status, 400, "{}", refused.body);
        sent.push(id_of(&refused));
    }
    let found = fraud(&project, &sent[5], 1).await;
    assert_eq!((found.len(), found[0]["rule"].as_str()), (1, Some("velocity")));
    assert_eq!(found[0]["evidence"]["transaction_ids"], json!(sent));
    assert_eq!(record(&project, &sent[4]).await["fraud"], json!([]));
}
