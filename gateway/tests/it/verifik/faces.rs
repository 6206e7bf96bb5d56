//! Face recognition: pictures alone.

use super::*;

#[tokio::test]
async fn pictures_are_judged_and_compared() {
    let world = World::new("attested").await;
    let live = world.post("/v2/face-recognition/liveness", &face()).await;
    assert_eq!(live.body["data"], json!({"passed": true, "min_score": 0.6, "liveness_score": 0.97}));
    let id = live.body["id"].as_str().unwrap();
    assert!(id.len() == 5 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{id}");
    let low = json!({"image": image(), "os": "IOS", "liveness_min_score": 0.5});
    let low = world.post("/v2/face-recognition/liveness", &low).await;
    assert_eq!(low.body["message"], "\"liveness_min_score\" must be greater than or equal to 0.52");
    let none = world.post("/v2/face-recognition/liveness", &json!({})).await;
    assert_eq!(none.body["message"], "\"os\" is required, \"image\" is required");

    let alike = |probability| ComparePicturesResponse {
        outcome: outcome(200, ""),
        first: outcome(200, ""),
        second: outcome(200, ""),
        matched: true,
        score: 0.7,
        probability,
        ..ComparePicturesResponse::default()
    };
    world.customer.stage.set().pictures_alike = alike(0.99);
    let body = json!({"probe": [image()], "gallery": [image(), image()], "os": "IOS"});
    let same = world.post("/v2/face-recognition/compare", &body).await;
    let result = json!({"score": 0.99, "passed": true, "compare_min_score": 0.85});
    assert_eq!(same.body["data"], json!({"score": 0.99, "result": result}), "{}", same.body);
    assert_eq!(world.customer.stage.set().compared.len(), 2, "each pair");
    let both = world.post("/v2/face-recognition/compare-live", &body).await;
    assert_eq!(both.body["data"]["liveness"]["passed"], true, "{}", both.body);
    world.customer.stage.set().pictures_alike = alike(0.5);
    let other = world.post("/v2/face-recognition/compare-with-liveness", &body).await;
    assert_eq!(
        (&other.body["data"]["liveness"], &other.body["data"]["result"]["passed"]),
        (&Value::Null, &false.into()),
        "{}",
        other.body
    );
    assert_eq!(world.customer.last_record().verdict(), Verdict::Fail);
    let four = json!({"probe": [image(), image(), image(), image()], "gallery": image()});
    let four = world.post("/v2/face-recognition/compare", &four).await;
    assert_eq!(four.body["message"], "\"probe\" must contain 1 to 3 items");
}

#[tokio::test]
async fn case_15_a_search_honours_its_collection_and_consents() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let person = world.face(&of, &face()).await.body["data"]["person"].clone();
    let subject = format!("registration:{}", of.id);
    world.customer.consents(&subject, true, true);
    world.known_as(&subject);
    let path = "/v2/face-recognition/search";
    let body = json!({"images": [image()], "min_score": 0.9});
    let found = world.post(path, &body).await;
    let expected = json!([{"id": person, "name": "Ada Lovelace", "score": 0.97, "thumbnails": []}]);
    assert_eq!(found.body["data"], expected, "{}", found.body);
    let made = world.post("/v2/face-recognition/collections", &json!({"name": "other"})).await;
    let other = json!({"images": [image()], "collection_id": made.body["data"]["code"]});
    let elsewhere = world.post(path, &other).await;
    assert_eq!(elsewhere.body["data"], json!([]), "{}", elsewhere.body);
    let unknown = json!({"images": [image()], "collection_id": "no such"});
    assert_eq!(world.post(path, &unknown).await.status, 404);

    let live = json!({"image": image(), "os": "IOS"});
    let live = world.post("/v2/face-recognition/search-live-face", &live).await;
    assert_eq!(
        (&live.body["data"]["persons"][0]["id"], &live.body["data"]["liveness_score"]),
        (&person, &json!(0.97)),
        "{}",
        live.body
    );
    let active = json!({"image": image(), "os": "IOS"});
    let active = world.post("/v2/face-recognition/search-active-user", &active).await;
    assert_eq!(active.body["data"], live.body["data"]["persons"], "{}", active.body);
    let own = FaceMatch { probability: 0.95, score: 0.8, matched: true, ..FaceMatch::default() };
    world.customer.stage.set().still = JudgeStillResponse { own: Some(own), ..still(0.2) };
    let verify = json!({"id": person, "images": image()});
    let same = world.post("/v2/face-recognition/verify", &verify).await;
    assert_eq!(same.body["data"]["match"]["score"], 0.95, "{}", same.body);
    let nobody = json!({"id": "674de8df21c72be3cc42b8a9", "images": image()});
    let nobody = world.post("/v2/face-recognition/verify", &nobody).await;
    assert_eq!(seen(&nobody), (404, &json!({"error": "Person not found", "message": "PERSON_NOT_FOUND"})));
    world.customer.consents(&subject, false, false);
    world.known_as(&subject);
    assert_eq!(world.post(path, &body).await.body["data"], json!([]), "who withdrew is not found");
    assert_eq!(world.post("/v2/face-recognition/verify", &verify).await.body["code"], "consent_required");
}

#[tokio::test]
async fn a_bound_of_the_callers_choice_tells_no_digits() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    let person = world.face(&of, &face()).await.body["data"]["person"].clone();
    world.customer.consents(&format!("registration:{}", of.id), true, true);
    let own = FaceMatch { probability: 0.955, score: 0.8, matched: true, ..FaceMatch::default() };
    world.customer.stage.set().still = JudgeStillResponse { own: Some(own), ..still(0.97) };
    let matches = async |min_score: f64| {
        let body = json!({"id": person, "images": image(), "min_score": min_score});
        let answer = world.post("/v2/face-recognition/verify", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["data"]["match"].is_object()
    };
    assert!(matches(0.953).await, "with similarity.read");
    let capture = world.customer.stage.set().keys[KEY].scopes.clone();
    let capture: Vec<_> = capture.iter().map(String::as_str).filter(|of| *of != "similarity.read").collect();
    world.customer.stage.give_scopes(&capture);
    assert!(matches(0.95).await && !matches(0.953).await && !matches(0.96).await);
}
