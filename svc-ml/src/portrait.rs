//! Quality checks of a picture for an enrollment: each measure against its limit; the fault ranked first in the table
//! of reasons is reported.
//!
//! docs/ACCURACY.md documents the origin of the limits.

use face::{Portrait, Portraits};

use crate::judged::Unjudged;

/// One measure of quality against its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    pub property: &'static str,
    pub value: f64,
    pub limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

impl Measure {
    pub fn at_least(property: &'static str, value: f32, limit: f32) -> Self {
        Self { property, value: f64::from(value), limit: Limit::AtLeast(f64::from(limit)) }
    }

    pub fn at_most(property: &'static str, value: f32, limit: f32) -> Self {
        Self { property, value: f64::from(value), limit: Limit::AtMost(f64::from(limit)) }
    }

    /// Whether the value is within the limit; NaN never is.
    pub fn passed(&self) -> bool {
        match self.limit {
            Limit::AtLeast(limit) => self.value >= limit,
            Limit::AtMost(limit) => self.value <= limit,
        }
    }
}

/// Limits of a picture. A document's portrait is a print of a photo: small, rastered, anywhere on the page.
struct Limits {
    eye_distance: f32,
    off_centre: Option<f32>,
    covered: Option<f32>,
    dark: f32,
    bright: f32,
    contrast: f32,
    sharpness: f32,
    yaw: f32,
    pitch: f32,
    roll: f32,
    several: bool,
}

const SELFIE: Limits = Limits {
    eye_distance: 40.0,
    off_centre: Some(0.5),
    covered: Some(0.82),
    dark: 0.25,
    bright: 0.2,
    contrast: 8.0,
    sharpness: 40.0,
    yaw: 30.0,
    pitch: 25.0,
    roll: 25.0,
    several: false,
};

const DOCUMENT: Limits = Limits {
    eye_distance: 24.0,
    off_centre: None,
    // Prints are too soft to detect covers.
    covered: None,
    contrast: 6.0,
    sharpness: 20.0,
    several: true,
    ..SELFIE
};

impl Limits {
    fn of(is_document: bool) -> &'static Self {
        if is_document { &DOCUMENT } else { &SELFIE }
    }
}

/// Checks the measures, and returns the reported fault.
pub fn check_portrait(found: &Portraits, is_document: bool) -> (Vec<Measure>, Result<&Portrait, Unjudged>) {
    let limits = Limits::of(is_document);
    let mut measures = vec![Measure::at_least("face_count", found.faces as f32, 1.0)];
    if !limits.several {
        measures.push(Measure::at_most("face_count", found.faces as f32, 1.0));
    }
    let Some(portrait) = &found.main else { return (measures, Err(no_face())) };
    measures.extend(of_portrait(portrait, limits));
    let failed = measures.iter().filter(|m| !m.passed()).map(|m| fault(m.property, portrait));
    let fault = Unjudged::first(failed);
    (measures, fault.map_or(Ok(portrait), Err))
}

fn of_portrait(p: &Portrait, limits: &Limits) -> Vec<Measure> {
    let mut measures = vec![Measure::at_least("eye_distance_px", p.eye_distance, limits.eye_distance)];
    measures.extend(limits.off_centre.map(|limit| Measure::at_most("off_centre", p.off_centre, limit)));
    // A face out of focus shows neither lips nor lids, so covers cannot be detected.
    let covered = limits.covered.filter(|_| p.sharpness >= limits.sharpness);
    for (property, value) in [("mouth_covered", p.cover.mouth), ("eyes_covered", p.cover.eyes)] {
        measures.extend(covered.map(|limit| Measure::at_most(property, value, limit)));
    }
    measures.extend([
        Measure::at_most("dark_share", p.dark, limits.dark),
        Measure::at_most("bright_share", p.bright, limits.bright),
        Measure::at_least("contrast", p.contrast, limits.contrast),
        Measure::at_least("sharpness", p.sharpness, limits.sharpness),
        Measure::at_most("yaw_degrees", p.pose.yaw.abs(), limits.yaw),
        Measure::at_most("pitch_degrees", p.pose.pitch.abs(), limits.pitch),
        Measure::at_most("roll_degrees", p.pose.roll.abs(), limits.roll),
    ]);
    measures
}

pub fn no_face() -> Unjudged {
    Unjudged::refused("no_face", "no face found")
}

pub fn more_than_one_face() -> Unjudged {
    Unjudged::refused("more_than_one_face", "more than one face found")
}

pub fn too_small() -> Unjudged {
    Unjudged::refused("face_too_small", "the face is too small; come closer")
}

/// Below this, low contrast or sharpness is due to little light. Faces of every skin colour reach it in a lit room.
const DIM: f32 = 80.0;

/// Returns the reason of a failed measure, which says what the person can do. Little light makes a picture flat and
/// soft, so it is reported before these.
fn fault(property: &str, portrait: &Portrait) -> Unjudged {
    match property {
        "contrast" | "sharpness" if portrait.light < DIM => fault("dark_share", portrait),
        "mouth_covered" => covered("something covers the mouth; take it off"),
        "eyes_covered" => covered("something covers the eyes; take it off"),
        "face_count" => more_than_one_face(),
        "eye_distance_px" => too_small(),
        "off_centre" => Unjudged::refused("face_not_centred", "the face is not centred"),
        "dark_share" => Unjudged::refused("face_too_dark", "the face is too dark; find more light"),
        "bright_share" => Unjudged::refused("face_too_bright", "the face is too bright; avoid direct light"),
        "contrast" => {
            Unjudged::refused("face_low_contrast", "the face has too little contrast; light it evenly")
        }
        "sharpness" => Unjudged::refused("face_not_sharp", "the face is not sharp; hold still and focus"),
        _ => Unjudged::refused("face_turned", "the face is turned away; look straight into the camera"),
    }
}

fn covered(description: &str) -> Unjudged {
    Unjudged::refused("face_covered", description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use face::{AlignedFace, Cover, Detection, Pose, Rect, Turn};
    use proptest::prelude::*;

    fn good() -> Portrait {
        Portrait {
            face: Detection { rect: Rect::default(), points: [[0.0; 2]; 5], score: 0.9 },
            crop: AlignedFace { planes: Vec::new() },
            eye_distance: 80.0,
            sharpness: 300.0,
            dark: 0.01,
            bright: 0.0,
            light: 160.0,
            contrast: 30.0,
            cover: Cover::default(),
            pose: Pose::default(),
            off_centre: 0.1,
            visible: 1.0,
            overall: 0.95,
        }
    }

    fn one(portrait: Portrait) -> Portraits {
        Portraits { turn: Turn::None, faces: 1, main: Some(portrait) }
    }

    fn fault_of(found: &Portraits, is_document: bool) -> &'static str {
        check_portrait(found, is_document).1.map_or_else(|fault| fault.error, |_| "")
    }

    #[test]
    fn each_fault_has_a_word_of_its_own_and_a_good_face_has_none() {
        let turned = |yaw, pitch, roll| Pose { yaw, pitch, roll };
        let cases = [
            (Portraits { turn: Turn::None, faces: 0, main: None }, "no_face"),
            (Portraits { turn: Turn::None, faces: 2, main: Some(good()) }, "more_than_one_face"),
            (one(Portrait { eye_distance: 30.0, ..good() }), "face_too_small"),
            (one(Portrait { off_centre: 0.6, ..good() }), "face_not_centred"),
            (one(Portrait { dark: 0.5, ..good() }), "face_too_dark"),
            (one(Portrait { bright: 0.5, ..good() }), "face_too_bright"),
            (one(Portrait { cover: Cover { mouth: 0.9, eyes: 0.1 }, ..good() }), "face_covered"),
            (one(Portrait { cover: Cover { mouth: 0.1, eyes: 0.9 }, dark: 0.5, ..good() }), "face_covered"),
            (one(Portrait { contrast: 3.0, ..good() }), "face_low_contrast"),
            (one(Portrait { contrast: 3.0, light: 40.0, ..good() }), "face_too_dark"),
            (one(Portrait { sharpness: 10.0, light: 40.0, ..good() }), "face_too_dark"),
            (one(Portrait { sharpness: 10.0, ..good() }), "face_not_sharp"),
            (one(Portrait { pose: turned(-45.0, 0.0, 0.0), ..good() }), "face_turned"),
            (one(Portrait { pose: turned(0.0, 40.0, 0.0), ..good() }), "face_turned"),
            (one(Portrait { pose: turned(0.0, 0.0, 40.0), ..good() }), "face_turned"),
            (one(Portrait { sharpness: f32::NAN, ..good() }), "face_not_sharp"),
            (one(good()), ""),
        ];
        for (found, error) in cases {
            assert_eq!(fault_of(&found, false), error, "{found:?}");
        }
    }

    #[test]
    fn a_document_may_be_small_soft_off_centre_and_show_its_portrait_twice() {
        let print = Portrait { eye_distance: 28.0, sharpness: 25.0, off_centre: 0.8, ..good() };
        assert_eq!(fault_of(&Portraits { turn: Turn::None, faces: 2, main: Some(print) }, true), "");
        assert_eq!(fault_of(&Portraits { turn: Turn::None, faces: 0, main: None }, true), "no_face");
        assert_eq!(fault_of(&one(Portrait { dark: 0.9, ..good() }), true), "face_too_dark");
    }

    proptest! {
        #[test]
        fn enrolled_samples_passed_every_measure_and_refused_ones_failed_one(
            eye_distance in 0f32..200.0, sharpness in 0f32..200.0, dark in 0f32..1.0, yaw in -90f32..90.0, faces in 1usize..4,
            is_document in any::<bool>(),
        ) {
            let pose = Pose { yaw, ..Pose::default() };
            let found = Portraits { turn: Turn::None, faces, main: Some(Portrait { eye_distance, sharpness, dark, pose, ..good() }) };
            let (measures, verdict) = check_portrait(&found, is_document);
            prop_assert_eq!(verdict.is_ok(), measures.iter().all(Measure::passed));
        }

        #[test]
        fn pictures_accepted_as_selfies_are_accepted_as_documents(
            eye_distance in 0f32..100.0, sharpness in 0f32..100.0, contrast in 0f32..20.0, off_centre in 0f32..1.0,
        ) {
            let found = one(Portrait { eye_distance, sharpness, contrast, off_centre, ..good() });
            prop_assert!(check_portrait(&found, false).1.is_err() || check_portrait(&found, true).1.is_ok());
        }
    }
}
