//! Whether something covers the mouth or the eyes of an aligned face: a mask, a scarf, a hand, dark glasses.
//!
//! An uncovered mouth has the dark line between its lips, eyes have lids and pupils; covers have less structure, and
//! often another colour than the skin beside the nose. Both probabilities are logistic in the same few measures, with
//! the weights of `cover.json`: fitted on 400 photographs and five kinds of drawn covers (docs/ACCURACY.md).

use std::{ops::Range, sync::LazyLock};

use serde::Deserialize;

use crate::align::{ALIGNED, AlignedFace};

type Region = (Range<usize>, Range<usize>);

/// Columns and rows of the aligned crop.
const MOUTH: Region = (40..73, 84..103);
const MOUTH_EDGES: Region = (40..73, 82..105);
const MOUTH_ROWS: Region = (44..68, 80..108);
const EYES: [Region; 2] = [(27..49, 42..60), (63..85, 42..60)];
const UNDER_EYES: [Region; 2] = [(24..40, 66..80), (72..88, 66..80)];
const CHEEKS: [Region; 2] = [(24..36, 76..92), (76..88, 76..92)];
/// Skin that neither masks nor glasses cover: the bridge of the nose and below the eyes.
const SKIN: [Region; 3] = [(50..62, 44..64), (26..46, 62..70), (66..86, 62..70)];

/// The probability that mouth and eyes are covered, 0-1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cover {
    pub mouth: f32,
    pub eyes: f32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Weights {
    mouth: Part,
    eyes: Part,
}

/// Log odds for each unit of a measure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    bias: f32,
    log_mouth_grad: f32,
    log_eye_grad: f32,
    log_eye_gx: f32,
    mouth_rows: f32,
    mouth_chroma: f32,
    cheek_chroma: f32,
    mouth_luma: f32,
    mouth_luma2: f32,
    eye_luma: f32,
    eye_luma2: f32,
    eye_p10: f32,
}

static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    serde_json::from_str(include_str!("cover.json")).expect("the embedded weights are checked by a test")
});

/// The measures of a crop.
#[derive(Debug)]
struct Measures {
    log_mouth_grad: f32,
    log_eye_grad: f32,
    log_eye_gx: f32,
    mouth_rows: f32,
    mouth_chroma: f32,
    cheek_chroma: f32,
    mouth_luma: f32,
    eye_luma: f32,
    eye_p10: f32,
}

/// Measures an aligned face.
pub(crate) fn cover(face: &AlignedFace) -> Cover {
    let measures = measure(face);
    Cover { mouth: WEIGHTS.mouth.probability(&measures), eyes: WEIGHTS.eyes.probability(&measures) }
}

impl Part {
    fn probability(&self, m: &Measures) -> f32 {
        let log_odds = self.bias
            + self.log_mouth_grad * m.log_mouth_grad
            + self.log_eye_grad * m.log_eye_grad
            + self.log_eye_gx * m.log_eye_gx
            + self.mouth_rows * m.mouth_rows
            + self.mouth_chroma * m.mouth_chroma
            + self.cheek_chroma * m.cheek_chroma
            + self.mouth_luma * m.mouth_luma
            + self.mouth_luma2 * m.mouth_luma * m.mouth_luma
            + self.eye_luma * m.eye_luma
            + self.eye_luma2 * m.eye_luma * m.eye_luma
            + self.eye_p10 * m.eye_p10;
        1.0 / (1.0 + (-log_odds).exp())
    }
}

/// Luma and the two colour differences of ITU-R BT.601.
struct Planes {
    luma: Vec<f32>,
    blue: Vec<f32>,
    red: Vec<f32>,
}

impl Planes {
    fn of(face: &AlignedFace) -> Self {
        let luma = face.luma();
        let plane = ALIGNED * ALIGNED;
        let less_luma = |channel: usize| -> Vec<f32> {
            face.planes[channel * plane..].iter().zip(&luma).map(|(v, y)| v - y).collect()
        };
        let blue = less_luma(2).into_iter().map(|v| 0.564 * v).collect();
        let red = less_luma(0).into_iter().map(|v| 0.713 * v).collect();
        Self { luma, blue, red }
    }
}

fn measure(face: &AlignedFace) -> Measures {
    let planes = Planes::of(face);
    let skin = |plane: &[f32]| quantile(values(plane, &SKIN), 0.5);
    let (skin_luma, skin_blue, skin_red) = (skin(&planes.luma), skin(&planes.blue), skin(&planes.red));
    let light = skin_luma.max(20.0);
    let chroma = |region: &Region| {
        let of = std::slice::from_ref(region);
        let (blue, red) = (values(&planes.blue, of), values(&planes.red, of));
        let off = blue.iter().zip(&red).map(|(b, r)| (b - skin_blue).hypot(r - skin_red)).collect();
        quantile(off, 0.5) / (light / 100.0) / 10.0
    };
    let log_ratio = |value: f32, reference: f32| ((value + 5.0) / (reference + 5.0)).max(1e-3).ln();
    let eyes = values(&planes.luma, &EYES);
    let under_eyes = quantile(values(&planes.luma, &UNDER_EYES), 0.5);
    let least = |step: usize| {
        let [one, other] = EYES.map(|eye| gradient(&planes.luma, &eye, step));
        one.min(other) / light
    };
    Measures {
        log_mouth_grad: (gradient(&planes.luma, &MOUTH_EDGES, ALIGNED) / light + 0.003).ln(),
        log_eye_grad: (least(ALIGNED) + 0.003).ln(),
        log_eye_gx: (least(1) + 0.003).ln(),
        mouth_rows: row_range(&planes.luma, &MOUTH_ROWS) / light,
        mouth_chroma: chroma(&MOUTH),
        cheek_chroma: chroma(&CHEEKS[0]).min(chroma(&CHEEKS[1])),
        mouth_luma: log_ratio(quantile(values(&planes.luma, std::slice::from_ref(&MOUTH)), 0.5), skin_luma),
        eye_luma: log_ratio(quantile(eyes.clone(), 0.5), under_eyes),
        eye_p10: log_ratio(quantile(eyes, 0.1), skin_luma),
    }
}

fn places(region: &Region) -> impl Iterator<Item = usize> {
    let (columns, rows) = region.clone();
    rows.flat_map(move |y| columns.clone().map(move |x| y * ALIGNED + x))
}

fn values(plane: &[f32], regions: &[Region]) -> Vec<f32> {
    regions.iter().flat_map(places).map(|i| plane.get(i).copied().unwrap_or_default()).collect()
}

fn quantile(mut values: Vec<f32>, share: f32) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(((values.len().max(1) - 1) as f32 * share).round() as usize).copied().unwrap_or_default()
}

/// Returns the mean difference of pixels `step` apart.
fn gradient(plane: &[f32], region: &Region, step: usize) -> f32 {
    let at = |i: usize| plane.get(i).copied().unwrap_or_default();
    let (sum, count) = places(region)
        .fold((0.0, 0.0f32), |(sum, count), i| (sum + (at(i + step) - at(i)).abs(), count + 1.0));
    sum / count.max(1.0)
}

/// Returns the range from the darkest to the brightest row.
fn row_range(plane: &[f32], region: &Region) -> f32 {
    let (columns, rows) = region.clone();
    let mean = |y: usize| {
        let row = plane.get(y * ALIGNED + columns.start..y * ALIGNED + columns.end).unwrap_or_default();
        row.iter().sum::<f32>() / row.len().max(1) as f32
    };
    let (low, high) = rows.map(mean).fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
    high - low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_crop_has_probabilities() {
        for value in [0.0, 128.0, 255.0] {
            let Cover { mouth, eyes } = cover(&AlignedFace { planes: vec![value; 3 * ALIGNED * ALIGNED] });
            assert!((0.0..=1.0).contains(&mouth) && (0.0..=1.0).contains(&eyes), "{mouth} {eyes}");
        }
    }

    #[test]
    fn a_face_of_one_colour_has_neither_eyes_nor_mouth() {
        let flat = cover(&AlignedFace { planes: vec![150.0; 3 * ALIGNED * ALIGNED] });
        assert!(flat.mouth > 0.9, "{flat:?}");
    }
}
