//! The generator itself: the same seed gives the same file, and the truth is what was drawn.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use image::ImageFormat;
use proptest::prelude::*;
use specimens::{Attack, Kind, Level, Plan, Studio, TODAY, Truth, mrz};

fn studio() -> Studio {
    Studio::open().expect("fonts and fixtures: run `make setup`")
}

fn make(seed: u64, plan: Plan) -> specimens::Specimen {
    studio().make(seed, &plan).unwrap()
}

const PASSPORT: Plan = Plan { kind: Kind::Td3, level: Level::Scan, turns: 0, attack: None };

#[test]
fn the_same_seed_gives_the_same_file_and_another_seed_another() {
    let (first, again, other) = (make(7, PASSPORT), make(7, PASSPORT), make(8, PASSPORT));
    assert_eq!(first.jpeg, again.jpeg);
    assert_eq!(first.truth, again.truth);
    assert_ne!(first.jpeg, other.jpeg);
    assert_ne!(first.truth.fields, other.truth.fields);
}

#[test]
fn a_turned_document_has_its_corners_where_the_turn_puts_them() {
    for turns in 0..4 {
        let made = make(3, Plan { turns, ..PASSPORT });
        let [top_left, top_right, ..] = made.truth.quad;
        let (dx, dy) = (top_right[0] - top_left[0], top_right[1] - top_left[1]);
        let quarter = (dy.atan2(dx) / std::f32::consts::FRAC_PI_2).round().rem_euclid(4.0);
        assert_eq!(quarter as u8, turns);
        let picture = image::load_from_memory_with_format(&made.jpeg, ImageFormat::Jpeg).unwrap();
        assert!(
            made.truth.quad.iter().all(|p| p[0] < picture.width() as f32 && p[1] < picture.height() as f32)
        );
    }
}

#[test]
fn the_zone_is_dark_where_the_truth_says_it_is() {
    let made = make(5, PASSPORT);
    let picture = image::load_from_memory(&made.jpeg).unwrap().into_luma8();
    for [a, _, c, _] in &made.truth.zone_lines {
        let (mut dark, mut all) = (0, 0);
        for y in a[1] as u32..c[1] as u32 {
            for x in a[0] as u32..c[0] as u32 {
                dark += u32::from(picture.get_pixel(x, y).0[0] < 110);
                all += 1;
            }
        }
        let share = dark as f32 / all as f32;
        assert!((0.08..0.5).contains(&share), "{share} of the line is ink");
    }
}

#[test]
fn every_attack_can_be_made_on_every_document_and_changes_it() {
    let studio = studio();
    for (i, attack) in Attack::ALL.into_iter().enumerate() {
        let kind = if attack == Attack::BarcodeOther {
            Kind::CardBack
        } else {
            [Kind::Td1, Kind::Td2, Kind::Td3][i % 3]
        };
        let plan = Plan { kind, ..PASSPORT };
        let genuine = studio.make(11, &plan).unwrap();
        let forged = studio.make(11, &Plan { attack: Some(attack), ..plan }).unwrap();
        assert_ne!(genuine.jpeg, forged.jpeg, "{attack:?}");
        assert_eq!(forged.truth.attack, Some(attack));
    }
}

#[test]
fn truth_survives_its_file() {
    let made = make(2, PASSPORT);
    let text = serde_json::to_string(&made.truth).unwrap();
    assert_eq!(serde_json::from_str::<Truth>(&text).unwrap(), made.truth);
}

/// The fields of a zone whose check digits are wrong.
fn wrong(kind: Kind, zone: &[String]) -> Vec<&'static str> {
    let wrong = |field: &&str| {
        let (line, from, length) = mrz::place(kind, field).unwrap();
        let digit = zone[line].chars().nth(from + length).unwrap();
        mrz::check_digit(&zone[line][from..from + length]) != digit
    };
    ["number", "birth", "expiry"].into_iter().filter(wrong).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn dates_are_in_order_and_check_digits_right_unless_the_attack_says_otherwise(seed in any::<u64>(), kind in 0usize..3) {
        let kind = Kind::ALL[kind];
        let truth = |attack| make(seed, Plan { kind, attack, ..PASSPORT }).truth;
        let genuine = truth(None);
        prop_assert!(genuine.fields.birth < genuine.fields.issue && genuine.fields.issue < genuine.fields.expiry);
        prop_assert!(genuine.fields.expiry > TODAY);
        prop_assert!(wrong(kind, &genuine.zone).is_empty());
        prop_assert!(truth(Some(Attack::Expired)).fields.expiry < TODAY);
        let illogical = truth(Some(Attack::Illogical)).fields;
        prop_assert!(illogical.birth > illogical.issue);
        prop_assert_eq!(wrong(kind, &truth(Some(Attack::ZoneDigits)).zone), ["birth"]);
        prop_assert_eq!(wrong(kind, &truth(Some(Attack::ZoneNumber)).zone), ["number"]);
        let remade = truth(Some(Attack::ZoneRemade)).zone;
        prop_assert!(wrong(kind, &remade).is_empty() && remade != genuine.zone);
    }
}
