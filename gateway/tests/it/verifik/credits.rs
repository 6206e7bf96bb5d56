//! Credits: reserved, charged, given back.

use super::*;

const LIVENESS: &str = "/v2/face-recognition/liveness";

impl World {
    async fn prepaid(&self, credits: u32) {
        let plan = self.client("PUT", "/api-projects/credits", &json!({"prepaid": true})).await;
        assert_eq!(plan.body["data"]["prepaid"], true, "{}", plan.body);
        let added = self.post("/api-projects/credits/purchases", &json!({"amount": credits})).await;
        assert_eq!(added.body["data"]["balance"], credits, "{}", added.body);
    }

    async fn balance(&self) -> Value {
        self.client("GET", "/api-projects/credits", &Value::Null).await.body["data"]["balance"].clone()
    }
}

#[tokio::test]
async fn case_16_one_credit_pays_for_one_of_two_calls() {
    let world = World::new("attested").await;
    world.prepaid(1).await;
    let body = face();
    let (one, other) = tokio::join!(world.post(LIVENESS, &body), world.post(LIVENESS, &body));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 402], "{} {}", one.body, other.body);
    let refused = if one.status == 402 { &one } else { &other };
    let exhausted = json!({"code": "PaymentRequired", "message": "402:insufficient_credits"});
    assert_eq!(refused.body, exhausted);
    assert_eq!(world.balance().await, 0);
    let list = world.client("GET", "/v2/credits", &Value::Null).await;
    assert_eq!(
        (&list.body["success"], &list.body["pagination"]["total"], &list.body["data"][0]["status"]),
        (&true.into(), &json!(1), &"approved".into()),
        "{}",
        list.body
    );
    let entry = &list.body["data"][0];
    assert_eq!(
        (&entry["category"], &entry["description"], &entry["client"], &entry["amount"]),
        (&"usage".into(), &"verifik.liveness".into(), &PROJECT.into(), &json!(1))
    );
    let path = format!("/v2/credits/{}", entry["_id"].as_str().unwrap());
    assert_eq!(world.client("GET", &path, &Value::Null).await.body["data"], *entry);
    let refused = world.client("GET", "/v2/credits?where_email=a", &Value::Null).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (409, &"MissingParameter".into()));
}

#[tokio::test]
async fn case_16_calls_that_judged_nothing_are_given_back() {
    let world = World::new("attested").await;
    let of = world.registered().await;
    world.prepaid(3).await;
    let bad = world.post(LIVENESS, &json!({"image": "abc", "os": "IOS"})).await;
    assert_eq!((bad.status.as_u16(), world.balance().await), (412, json!(3)));
    world.customer.stage.set().still =
        JudgeStillResponse { outcome: outcome(422, "no_face"), ..JudgeStillResponse::default() };
    let faceless = world.post(LIVENESS, &face()).await;
    assert_eq!((faceless.status.as_u16(), world.balance().await), (409, json!(3)), "{}", faceless.body);
    world.customer.stage.set().still = still(0.459);
    let failed = world.face(&of, &face()).await;
    assert_eq!(failed.body["code"], "liveness_failed", "{}", failed.body);
    assert_eq!(world.balance().await, 2, "the models judged it");
    world.customer.stage.set().still = still(0.97);
    world.customer.stage.set().enroll_fails = Some(tonic::Status::internal("broken"));
    let broken = world.face(&of, &face()).await;
    assert_eq!((broken.status.as_u16(), world.balance().await), (500, json!(2)), "{}", broken.body);
    world.customer.stage.set().enroll_fails = None;
    assert_eq!(world.face(&of, &face()).await.status, 200);
    assert_eq!(world.balance().await, 1);
}

#[tokio::test]
async fn case_16_a_postpaid_project_is_counted_and_never_refused() {
    let world = World::new("attested").await;
    for _ in 0..2 {
        assert_eq!(world.post(LIVENESS, &face()).await.status, 200);
    }
    world.post(LIVENESS, &json!({})).await;
    let list = world.client("GET", "/v2/credits", &Value::Null).await;
    let statuses: Vec<_> =
        list.body["data"].as_array().unwrap().iter().map(|of| of["status"].clone()).collect();
    assert_eq!(statuses, ["postPaid", "postPaid"]);
}
