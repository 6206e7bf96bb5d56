//! Tests of each rule: hits and non-hits.

use proptest::prelude::*;

use super::*;
use crate::{
    fraud::{History, observation::Country},
    links::FaceFound,
};

const VIENNA: Place = Place { lat: 48.2082, lng: 16.3738 };
const SYDNEY: Place = Place { lat: -33.8688, lng: 151.2093 };
const BRATISLAVA: Place = Place { lat: 48.1486, lng: 17.1077 };
const SECOND: i64 = 1000;
const HOUR: i64 = 3_600_000;

fn seen(id: &str, at_ms: i64) -> Observation {
    Observation { id: id.into(), at_ms, ..Observation::default() }
}

fn at(id: &str, at_ms: i64, place: Place) -> Observation {
    Observation { place: Some(place), ..seen(id, at_ms) }
}

fn on(id: &str, at_ms: i64, device: &str) -> Observation {
    Observation { device: Some(device.into()), ..seen(id, at_ms) }
}

fn within(id: &str, at_ms: i64, country: &str) -> Observation {
    Observation { country: Some(Country::Code(country.into())), ..seen(id, at_ms) }
}

fn video(id: usize, at_ms: i64) -> Observation {
    Observation { is_video: true, ..seen(&id.to_string(), at_ms) }
}

fn scene(now: Observation) -> Scene {
    Scene {
        now,
        before: Vec::new(),
        after: Vec::new(),
        session_before: Vec::new(),
        session_after: Vec::new(),
        history: History::default(),
        blocked: Vec::new(),
    }
}

fn only(scene: &Scene) -> (Rule, Value) {
    let mut hits = hits(scene);
    assert_eq!(hits.len(), 1, "{hits:?}");
    let hit = hits.remove(0);
    (hit.rule, hit.evidence)
}

#[test]
fn nobody_flies_from_vienna_to_sydney_in_two_hours() {
    let near = |expected: f64, km: f64| (km - expected).abs() < 20.0;
    assert!(near(15_990.0, distance_km(VIENNA, SYDNEY)), "{}", distance_km(VIENNA, SYDNEY));
    assert!(near(55.0, distance_km(VIENNA, BRATISLAVA)));

    let two_hours = Scene { before: vec![at("a", 0, VIENNA)], ..scene(at("b", 2 * HOUR, SYDNEY)) };
    let (rule, evidence) = only(&two_hours);
    assert_eq!(rule, Rule::ImpossibleTravel);
    assert_eq!(
        (evidence["hours"].as_f64(), evidence["from"]["transaction_id"].as_str()),
        (Some(2.0), Some("a"))
    );
    assert!(evidence["km_per_hour"].as_f64().unwrap() > 7900.0);

    let a_day = Scene { before: vec![at("a", 0, VIENNA)], ..scene(at("b", 24 * HOUR, SYDNEY)) };
    assert!(hits(&a_day).is_empty());
}

#[test]
fn a_neighbouring_town_is_no_travel_however_soon() {
    let scene = Scene { before: vec![at("a", 0, VIENNA)], ..scene(at("b", 1, BRATISLAVA)) };
    assert!(hits(&scene).is_empty());
}

#[test]
fn two_continents_at_once_are_impossible_whichever_was_recorded_first() {
    for (before, after) in [(vec![at("a", 0, VIENNA)], vec![]), (vec![], vec![at("a", 0, VIENNA)])] {
        let (rule, evidence) = only(&Scene { before, after, ..scene(at("b", 0, SYDNEY)) });
        assert_eq!(rule, Rule::ImpossibleTravel);
        assert!(evidence["km_per_hour"].as_f64().unwrap().is_finite());
    }
}

#[test]
fn the_last_place_counts_even_with_calls_in_between_that_say_none() {
    let before = vec![at("a", 0, SYDNEY), at("b", HOUR, VIENNA), seen("c", 2 * HOUR)];
    assert!(hits(&Scene { before, ..scene(at("d", 3 * HOUR, VIENNA)) }).is_empty());
    let before = vec![at("a", 0, SYDNEY), seen("c", HOUR)];
    assert_eq!(only(&Scene { before, ..scene(at("d", 2 * HOUR, VIENNA)) }).0, Rule::ImpossibleTravel);
}

#[test]
fn another_device_within_five_minutes_is_a_switch() {
    let switch =
        |apart_ms, device| Scene { before: vec![on("a", 0, "x")], ..scene(on("b", apart_ms, device)) };
    let (rule, evidence) = only(&switch(300 * SECOND, "y"));
    assert_eq!((rule, evidence["seconds"].as_f64()), (Rule::DeviceSwitch, Some(300.0)));
    assert_eq!((evidence["device"].as_str(), evidence["other_device"].as_str()), (Some("y"), Some("x")));
    assert!(hits(&switch(300 * SECOND + 1, "y")).is_empty());
    assert!(hits(&switch(SECOND, "x")).is_empty());
}

#[test]
fn a_session_that_changes_country_is_reported_with_both_countries() {
    let change =
        |country| Scene { session_before: vec![within("a", 0, "AT")], ..scene(within("b", 1, country)) };
    let (rule, evidence) = only(&change("DE"));
    assert_eq!(rule, Rule::SessionCountryChange);
    assert_eq!((evidence["country"].as_str(), evidence["other_country"].as_str()), (Some("DE"), Some("AT")));
    assert!(hits(&change("AT")).is_empty());
    // The user's other sessions may be elsewhere.
    let elsewhere = Scene { before: vec![within("a", 0, "AT")], ..scene(within("b", 1, "DE")) };
    assert!(hits(&elsewhere).is_empty());
}

#[test]
fn the_sixth_video_in_two_minutes_is_one_too_many() {
    let before = |count: usize| (0..count).map(|id| video(id, 20 * SECOND * id as i64)).collect::<Vec<_>>();
    let now = video(9, 120 * SECOND);
    assert!(hits(&Scene { before: before(4), ..scene(now.clone()) }).is_empty());
    let (rule, evidence) = only(&Scene { before: before(5), ..scene(now.clone()) });
    assert_eq!((rule, evidence["videos"].as_u64()), (Rule::Velocity, Some(6)));
    assert_eq!(evidence["transaction_ids"].as_array().unwrap().len(), 6);
    // One of them a millisecond too long ago.
    assert!(hits(&Scene { before: before(5), ..scene(video(9, 120 * SECOND + 1)) }).is_empty());
    // Calls without a video do not count.
    let others = (0..9).map(|id| seen(&id.to_string(), 0)).collect();
    assert!(hits(&Scene { before: others, ..scene(now) }).is_empty());
}

#[test]
fn a_new_device_in_a_new_country_needs_a_history() {
    let now = Observation { device: Some("d".into()), ..within("a", 0, "AT") };
    let with = |device, country| Scene { history: History { device, country }, ..scene(now.clone()) };
    assert_eq!(only(&with(Seen::Others, Seen::Others)).0, Rule::NewDeviceAndCountry);
    for (device, country) in [
        (Seen::Nothing, Seen::Nothing),
        (Seen::Others, Seen::This),
        (Seen::This, Seen::Others),
        (Seen::Others, Seen::Nothing),
    ] {
        assert!(hits(&with(device, country)).is_empty());
    }
}

#[test]
fn a_mark_of_an_emulator_is_enough() {
    let now = Observation { emulator: Some("hardware=ranchu".into()), ..seen("a", 0) };
    let (rule, evidence) = only(&scene(now));
    assert_eq!((rule, evidence["mark"].as_str()), (Rule::Emulator, Some("hardware=ranchu")));
}

fn place() -> impl Strategy<Value = Place> {
    (-90.0..=90.0f64, -180.0..=180.0f64).prop_map(|(lat, lng)| Place { lat, lng })
}

proptest! {
    #[test]
    fn distance_is_a_metric_of_the_globe(a in place(), b in place(), c in place()) {
        let half_way_round = std::f64::consts::PI * EARTH_KM + 1e-6;
        prop_assert!((0.0..=half_way_round).contains(&distance_km(a, b)));
        prop_assert!((distance_km(a, b) - distance_km(b, a)).abs() < 1e-6);
        prop_assert!(distance_km(a, c) <= distance_km(a, b) + distance_km(b, c) + 1e-6);
        prop_assert!(distance_km(a, a) < 1e-6);
    }

    #[test]
    fn travel_hits_exactly_above_the_speed_of_an_airliner(a in place(), b in place(), minutes in 1..3000i64) {
        let apart_ms = minutes * 60_000;
        let found = hits(&Scene { before: vec![at("a", 0, a)], ..scene(at("b", apart_ms, b)) });
        let km = distance_km(a, b);
        let faster = km / (minutes as f64 / 60.0) > MAX_KMH;
        prop_assert_eq!(found.len() == 1, faster && km >= MIN_KM);
    }

    #[test]
    fn a_late_record_finds_what_it_would_have_found_in_time(a in place(), b in place(), apart in 0..HOUR) {
        let in_time = hits(&Scene { before: vec![at("a", 0, a)], ..scene(at("b", apart, b)) });
        let late = hits(&Scene { after: vec![at("b", apart, b)], ..scene(at("a", 0, a)) });
        prop_assert_eq!(in_time.len(), late.len());
    }

    #[test]
    fn velocity_counts_every_video_of_the_window(times in prop::collection::vec(0..400 * SECOND, 0..20)) {
        let mut times = times;
        times.sort_unstable();
        let now = video(99, 400 * SECOND);
        let before: Vec<_> = times.iter().enumerate().map(|(id, at_ms)| video(id, *at_ms)).collect();
        let recent = times.iter().filter(|at_ms| **at_ms >= 280 * SECOND).count();
        prop_assert_eq!(!hits(&Scene { before, ..scene(now) }).is_empty(), recent + 1 > VELOCITY_VIDEOS);
    }
}

#[test]
fn three_other_people_under_one_name_within_an_hour_are_reported() {
    let refused = |id: &str, at_ms| Observation { is_another_person: true, ..seen(id, at_ms) };
    let two = Scene { before: vec![refused("a", 0)], ..scene(refused("b", SECOND)) };
    assert!(hits(&two).is_empty());
    let before = vec![refused("a", 0), seen("b", SECOND), refused("c", 2 * SECOND)];
    let (rule, evidence) = only(&Scene { before: before.clone(), ..scene(refused("d", 3 * SECOND)) });
    assert_eq!(rule, Rule::RepeatedAnotherPerson);
    assert_eq!(evidence["transaction_ids"], serde_json::json!(["a", "c", "d"]));
    assert!(hits(&Scene { before: before.clone(), ..scene(seen("d", 3 * SECOND)) }).is_empty());
    assert!(hits(&Scene { before, ..scene(refused("d", 2 * HOUR)) }).is_empty(), "an hour later");
}

#[test]
fn the_owner_of_a_name_is_not_blamed_for_what_others_do_under_it() {
    let attack = Observation { identity: Identity::Refuted, ..at("a", 0, SYDNEY) };
    let own = Observation { identity: Identity::Confirmed, ..at("b", HOUR, VIENNA) };
    assert!(hits(&Scene { before: vec![attack.clone()], ..scene(own.clone()) }).is_empty());
    assert!(hits(&Scene { after: vec![attack.clone()], ..scene(own.clone()) }).is_empty());
    // The attacker's call is compared with the owner's.
    let (rule, evidence) =
        only(&Scene { before: vec![Observation { at_ms: -HOUR, ..own.clone() }], ..scene(attack) });
    assert_eq!((rule, evidence["from"]["transaction_id"].as_str()), (Rule::ImpossibleTravel, Some("b")));
    // A user who was not recognised is compared.
    let unknown = Observation { identity: Identity::Unknown, ..own.clone() };
    let attack = Observation { identity: Identity::Refuted, ..at("a", 0, SYDNEY) };
    assert_eq!(only(&Scene { before: vec![attack], ..scene(unknown) }).0, Rule::ImpossibleTravel);
    // Two of the owner's own calls are compared as before.
    let before = vec![Observation { identity: Identity::Confirmed, ..at("a", 0, SYDNEY) }];
    assert_eq!(only(&Scene { before, ..scene(own) }).0, Rule::ImpossibleTravel);
}

#[test]
fn the_owner_is_not_one_of_too_many_where_the_others_were_strangers() {
    let attack = |id: usize| Observation { identity: Identity::Refuted, ..video(id, id as i64 * SECOND) };
    let own = Observation { identity: Identity::Confirmed, ..video(9, 9 * SECOND) };
    assert!(hits(&Scene { before: (0..6).map(attack).collect(), ..scene(own) }).is_empty());
    assert_eq!(only(&Scene { before: (0..6).map(attack).collect(), ..scene(attack(9)) }).0, Rule::Velocity);
}

#[test]
fn a_face_of_another_user_hits_different_rules_for_enrolled_and_new_names() {
    let showing = |user_is_enrolled| {
        let face =
            FaceFound { user_is_enrolled, other: Some(("bob".into(), 0.98765)), ..FaceFound::default() };
        scene(Observation { face, ..seen("a", 0) })
    };
    let (rule, evidence) = only(&showing(false));
    assert_eq!((rule, evidence["probability"].as_f64()), (Rule::KnownFaceNewName, Some(0.988)));
    assert_eq!(only(&showing(true)).0, Rule::AnotherUsersFace);
    assert!(!evidence.to_string().contains("bob"), "evidence names no other subject");
}
