//! Where a call comes from, as it is recorded.

use std::net::SocketAddr;

use axum::{body::Body, extract::ConnectInfo, http::Request};
use gateway::Config;
use serde_json::{Value, json};
use testkit::{Place, mmdb};

use crate::customer::Customer;

/// A gateway that knows where 198.51.100.0/24 is and believes the proxies of 10.0.0.0/8.
async fn customer() -> (Customer, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("places.mmdb");
    let vienna =
        Place { network: "198.51.100.0/24", country: "AT", city: "Vienna", position: Some((48.2, 16.4)) };
    std::fs::write(&file, mmdb(&[vienna])).unwrap();
    let config = Config {
        geoip_file: Some(file),
        trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
        ..Config::default()
    };
    (Customer::with(config).await, folder)
}

/// The place recorded for a session started from `peer`.
async fn recorded(customer: &Customer, peer: &str, headers: &[(&str, &str)]) -> Value {
    let mut request = Request::post("/api-gateway/sessions/start")
        .header("authorization", format!("Bearer {}", customer.key));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
    assert_eq!(customer.raw(request).await.status, 200);
    customer.last_record().geo_json.map_or(Value::Null, |json| serde_json::from_str(&json).unwrap())
}

#[tokio::test]
async fn a_call_without_a_location_is_located_by_its_address() {
    let (customer, _folder) = customer().await;
    let vienna = json!({"lat": 48.2, "lng": 16.4, "country": "AT", "city": "Vienna", "source": "ip"});
    assert_eq!(recorded(&customer, "198.51.100.7:1000", &[]).await, vienna);
    assert_eq!(recorded(&customer, "203.0.113.1:1000", &[]).await, Value::Null);
    let proxied = [("x-forwarded-for", "1.1.1.1, 198.51.100.7")];
    assert_eq!(recorded(&customer, "10.0.0.1:1000", &proxied).await, vienna);
    let forged = [("x-forwarded-for", "198.51.100.7")];
    assert_eq!(recorded(&customer, "203.0.113.1:1000", &forged).await, Value::Null);
}

#[tokio::test]
async fn the_location_of_the_device_takes_precedence_over_its_address() {
    let (customer, _folder) = customer().await;
    let said = [("x-geo-location", r#"{"lat":-36.8,"lng":174.7,"country":"nz"}"#)];
    let place = recorded(&customer, "198.51.100.7:1000", &said).await;
    assert_eq!(place, json!({"lat": -36.8, "lng": 174.7, "country": "NZ", "source": "device"}));
}

#[tokio::test]
async fn without_a_database_a_call_has_no_place_and_a_wrong_one_stops_the_start() {
    let customer = Customer::new().await;
    assert_eq!(recorded(&customer, "198.51.100.7:1000", &[]).await, Value::Null);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("places.mmdb");
    for content in [None, Some("no database")] {
        if let Some(content) = content {
            std::fs::write(&file, content).unwrap();
        }
        let config = Config { geoip_file: Some(file.clone()), ..Config::default() };
        let refused = gateway::app(config, customer.stage.peers()).await.unwrap_err();
        assert!(format!("{refused:#}").starts_with("gateway.geoip_file "), "{refused:#}");
    }
}
