//! Samples: kept with both consents alone, read back through links.

use axum::{body::Body, http::Request};
use gateway::Config;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::customer::{ADA, Customer, Form};

async fn video(customer: &Customer) -> String {
    let answer = customer.video(&[("x-user-fullname", ADA)], Form::video()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.header("x-request-id").unwrap().to_owned()
}

#[tokio::test]
async fn a_video_is_kept_only_with_both_consents() {
    let customer = Customer::new().await;
    for (authorization, storage, kept) in
        [(false, false, 0), (true, false, 0), (false, true, 0), (true, true, 1)]
    {
        customer.consents(ADA, authorization, storage);
        let id = video(&customer).await;
        let samples = customer.stage.set().samples.clone();
        assert_eq!(samples.len(), kept, "{authorization} {storage}");
        if let [(header, bytes)] = &samples[..] {
            assert_eq!((header.transaction_id.as_str(), header.name.as_str()), (id.as_str(), "video"));
            assert_eq!(header.user_fullname, ADA);
            assert_eq!(bytes, b"the bytes of a video");
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_video_is_not_stored() {
    let customer = Customer::new().await;
    customer.consents(ADA, true, true);
    customer.stage.set().seen = Some(Err(tonic::Status::invalid_argument("the file is no video")));
    let refused = customer.video(&[("x-user-fullname", ADA)], Form::video()).await;
    assert_eq!(refused.status, 400);
    assert!(customer.stage.set().samples.is_empty());
}

#[tokio::test]
async fn a_sample_that_cannot_be_kept_costs_the_call_nothing() {
    let customer = Customer::new().await;
    customer.consents(ADA, true, true);
    customer.stage.set().refuse_samples = true;
    video(&customer).await;
}

#[tokio::test]
async fn a_link_opens_the_sample_without_a_key() {
    let config = Config { public_url: Some("https://api.example.org".into()), ..Config::default() };
    let customer = Customer::with(config).await;
    customer.consents(ADA, true, true);
    let id = video(&customer).await;
    let found = customer.get(&format!("/api-transactions/transactions/{id}/samples")).await;
    let link = &found.body["data"][0];
    assert_eq!((link["name"].as_str(), link["size"].as_u64()), (Some("video"), Some(20)), "{}", found.body);
    assert_eq!(link["url_expires_at"], "2026-02-01T00:00:00Z");
    let url = link["url"].as_str().unwrap().strip_prefix("https://api.example.org").unwrap();

    let request = Request::get(url).body(Body::empty()).unwrap();
    let (parts, body) = customer.app.clone().oneshot(request).await.unwrap().into_parts();
    assert_eq!(parts.status, 200);
    for (name, value) in [
        ("content-type", "video/mp4"),
        ("content-length", "20"),
        ("content-disposition", "attachment; filename=\"video.mp4\""),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-store"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(parts.headers[name], value);
    }
    assert_eq!(body.collect().await.unwrap().to_bytes(), "the bytes of a video");
}

#[tokio::test]
async fn any_other_link_is_an_unknown_one() {
    let customer = Customer::new().await;
    customer.consents(ADA, true, true);
    video(&customer).await;
    for query in [
        "",
        "?expires=1769904000000",
        "?signature=right",
        "?expires=1769904000001&signature=right",
        "?expires=1769904000000&signature=wrong",
        "?expires=soon&signature=right",
        "?expires=99999999999999999999&signature=right",
    ] {
        let request =
            Request::get(format!("/api-transactions/samples/0199{query}")).body(Body::empty()).unwrap();
        let refused = customer.raw(request).await;
        assert_eq!(refused.error(), (404, "sample not found"), "{query}");
        assert_eq!(refused.body["message"], "sample not found");
    }
}
