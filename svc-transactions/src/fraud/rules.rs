//! The rules, as functions of observations.

use serde_json::{Value, json};

use super::{
    Hit, Rule, Scene, Seen,
    observation::{Identity, Observation, Place},
};

/// Faster than any traveller (an airliner's cruise).
pub const MAX_KMH: f64 = 900.0;
/// Nearer positions may be the same place: the location of an address is this inaccurate (MaxMind states 50 to 100 km
/// for cities in many countries).
pub const MIN_KM: f64 = 100.0;
/// Least time between two positions: clocks and the order of calls are no more precise.
const MIN_MS: i64 = 1000;
pub const SWITCH_MS: i64 = 5 * 60 * 1000;
pub const VELOCITY_MS: i64 = 2 * 60 * 1000;
pub const VELOCITY_VIDEOS: usize = 5;
pub const ANOTHER_PERSON_MS: i64 = 60 * 60 * 1000;
pub const ANOTHER_PERSON_REFUSALS: usize = 3;
/// Mean radius of the earth (IUGG).
const EARTH_KM: f64 = 6371.0088;

/// Returns the hits of a transaction, each rule at most once.
pub fn hits(scene: &Scene) -> Vec<Hit> {
    let scene = &without_strangers(scene);
    let found = [
        (Rule::ImpossibleTravel, impossible_travel(scene)),
        (Rule::DeviceSwitch, device_switch(scene)),
        (Rule::Emulator, emulator(scene)),
        (Rule::SessionCountryChange, session_country_change(scene)),
        (Rule::Velocity, velocity(scene)),
        (Rule::NewDeviceAndCountry, new_device_and_country(scene)),
        (Rule::RepeatedAnotherPerson, repeated_another_person(scene)),
        (Rule::KnownFaceNewName, known_face(scene, false)),
        (Rule::AnotherUsersFace, known_face(scene, true)),
        (Rule::Blocklisted, blocklisted(scene)),
    ];
    found.into_iter().filter_map(|(rule, evidence)| Some(Hit { rule, evidence: evidence? })).collect()
}

/// Returns the scene of a call in which the user was recognised, without calls that showed another person: an
/// attacker's calls under a name do not count against its owner.
fn without_strangers(scene: &Scene) -> Scene {
    let mut scene = scene.clone();
    if scene.now.identity == Identity::Confirmed {
        let sides =
            [&mut scene.before, &mut scene.after, &mut scene.session_before, &mut scene.session_after];
        for side in sides {
            side.retain(|other| other.identity != Identity::Refuted);
        }
    }
    scene
}

/// Great-circle distance in km (haversine).
pub fn distance_km(a: Place, b: Place) -> f64 {
    let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let h = half(b.lat - a.lat) + lat_a.cos() * lat_b.cos() * half(b.lng - a.lng);
    2.0 * EARTH_KM * h.clamp(0.0, 1.0).sqrt().asin()
}

/// Returns the nearest in time with the property `pick`: the last before, and the first after.
fn neighbours<'a, T>(
    before: &'a [Observation],
    after: &'a [Observation],
    pick: impl Fn(&'a Observation) -> Option<T>,
) -> impl Iterator<Item = (&'a Observation, T)> {
    let last = before.iter().rev().find_map(|other| Some((other, pick(other)?)));
    let first = after.iter().find_map(|other| Some((other, pick(other)?)));
    last.into_iter().chain(first)
}

/// Two positions farther apart than anybody travels in the time between.
fn impossible_travel(scene: &Scene) -> Option<Value> {
    let here = scene.now.place?;
    neighbours(&scene.before, &scene.after, |other| other.place).find_map(|(other, there)| {
        let km = distance_km(here, there);
        let hours = (scene.now.at_ms - other.at_ms).abs().max(MIN_MS) as f64 / 3_600_000.0;
        let kmh = km / hours;
        (km >= MIN_KM && kmh > MAX_KMH).then(|| {
            json!({
                "km": round(km),
                "hours": round(hours),
                "km_per_hour": round(kmh),
                "from": { "transaction_id": other.id, "lat": there.lat, "lng": there.lng, "country": country(other) },
                "to": { "transaction_id": scene.now.id, "lat": here.lat, "lng": here.lng, "country": country(&scene.now) },
            })
        })
    })
}

/// Another device than shortly before.
fn device_switch(scene: &Scene) -> Option<Value> {
    let device = scene.now.device.as_deref()?;
    let other_device = |other: &'_ Observation| other.device.clone();
    neighbours(&scene.before, &scene.after, other_device).find_map(|(other, other_device)| {
        let apart_ms = (scene.now.at_ms - other.at_ms).abs();
        (apart_ms <= SWITCH_MS && other_device != device).then(|| {
            json!({
                "seconds": round(apart_ms as f64 / 1000.0),
                "device": device,
                "other_device": other_device,
                "transaction_id": scene.now.id,
                "other_transaction_id": other.id,
            })
        })
    })
}

/// An emulated device.
fn emulator(scene: &Scene) -> Option<Value> {
    let mark = scene.now.emulator.as_deref()?;
    Some(json!({ "mark": mark, "transaction_id": scene.now.id }))
}

/// A session that continues in another country.
fn session_country_change(scene: &Scene) -> Option<Value> {
    let here = scene.now.country.as_ref()?;
    let place = |other: &'_ Observation| other.country.clone();
    neighbours(&scene.session_before, &scene.session_after, place).find_map(|(other, there)| {
        here.differs(&there).then(|| {
            json!({
                "country": here.as_str(),
                "other_country": there.as_str(),
                "transaction_id": scene.now.id,
                "other_transaction_id": other.id,
            })
        })
    })
}

/// More videos within two minutes than retries explain.
fn velocity(scene: &Scene) -> Option<Value> {
    if !scene.now.is_video {
        return None;
    }
    let all = scene.before.iter().chain([&scene.now]).chain(&scene.after);
    let videos: Vec<_> = all.filter(|other| other.is_video).collect();
    // Every window that ends with a video from this one on.
    videos.iter().filter(|last| last.at_ms >= scene.now.at_ms).find_map(|last| {
        let within = |video: &&&Observation| (0..=VELOCITY_MS).contains(&(last.at_ms - video.at_ms));
        let window: Vec<_> = videos.iter().filter(within).collect();
        let holds_now = window.iter().any(|video| video.id == scene.now.id);
        (holds_now && window.len() > VELOCITY_VIDEOS).then(|| {
            let ids: Vec<_> = window.iter().map(|video| &video.id).collect();
            json!({ "videos": window.len(), "seconds": VELOCITY_MS / 1000, "transaction_ids": ids })
        })
    })
}

/// A device and a country that are both new for a user with a history.
fn new_device_and_country(scene: &Scene) -> Option<Value> {
    let (device, country) = (scene.now.device.as_deref()?, scene.now.country.as_ref()?);
    let new = scene.history.device == Seen::Others && scene.history.country == Seen::Others;
    new.then(|| json!({ "device": device, "country": country.as_str(), "transaction_id": scene.now.id }))
}

/// Several enrollments of other people within an hour.
fn repeated_another_person(scene: &Scene) -> Option<Value> {
    if !scene.now.is_another_person {
        return None;
    }
    let within = |other: &&Observation| (scene.now.at_ms - other.at_ms).abs() <= ANOTHER_PERSON_MS;
    let all = scene.before.iter().chain([&scene.now]).chain(&scene.after);
    let refused: Vec<_> = all.filter(|other| other.is_another_person).filter(within).collect();
    (refused.len() >= ANOTHER_PERSON_REFUSALS).then(|| {
        let ids: Vec<_> = refused.iter().map(|other| &other.id).collect();
        json!({ "refusals": refused.len(), "seconds": ANOTHER_PERSON_MS / 1000, "transaction_ids": ids })
    })
}

/// A face enrolled by another user. The other user is a link of the transaction: evidence has no name of another subject.
fn known_face(scene: &Scene, user_is_enrolled: bool) -> Option<Value> {
    let (_, probability) = scene.now.face.other.as_ref()?;
    (scene.now.face.user_is_enrolled == user_is_enrolled)
        .then(|| json!({ "probability": round(*probability), "transaction_id": scene.now.id }))
}

fn blocklisted(scene: &Scene) -> Option<Value> {
    let kinds = &scene.blocked;
    (!kinds.is_empty()).then(|| json!({ "lists": kinds, "transaction_id": scene.now.id }))
}

fn country(observation: &Observation) -> Option<&str> {
    observation.country.as_ref().map(super::observation::Country::as_str)
}

/// Rounds to a readable number of digits.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
