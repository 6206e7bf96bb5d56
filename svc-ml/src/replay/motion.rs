//! Video fingerprints after Oostveen, Kalker and Haitsma ("Feature Extraction and a Database Strategy for Video
//! Fingerprinting", VISUAL 2002): signs of how sums over the picture change in time. Here the sums are low
//! frequencies of the whole picture's cosine transform that are even from left to right, so a mirrored picture has
//! the same ones. Static content adds nothing: two takes before one background share no marks beyond chance.

use media::{Affine, Frame, Pixels};

use super::Mark;

/// Sampled points across and down.
const SIDE: usize = 32;
/// Horizontal and vertical frequencies; horizontal ones are even.
const FREQUENCIES: [(usize, usize); SUMS] = [(0, 1), (0, 2), (2, 0), (2, 1), (0, 3), (2, 2)];
const SUMS: usize = 6;
/// Frames a sum is averaged over, and distance of the two averages that are compared.
const SMOOTH: usize = 5;
const LAG: usize = 8;
/// A mark has the differences at four times, six frames apart: 24 bits.
const TIMES: usize = 4;
const STEP: usize = 6;
const BITS: usize = SUMS * TIMES;
/// Frames that a mark depends on, from the first to the last.
const REACH: usize = SMOOTH + LAG + STEP * (TIMES - 1);
/// Median size of a mark's differences below which the picture is static, and its bits are noise.
const STILL: f32 = 0.005;
/// Bits nearest to zero, which recoding flips first: a lookup tries both values of each.
const DOUBTFUL: usize = 4;
/// Most stored marks of a recording; longer ones store fewer per second.
const MAX_STORED: usize = 500;

/// The sums of each frame of a recording.
#[derive(Default)]
pub struct Motion(Vec<[f32; SUMS]>);

impl Motion {
    pub fn see(&mut self, frame: &Frame<'_>) {
        // A file with a low frame rate repeats frames, which the smoothing absorbs.
        self.0.push(sums(&luma(frame)));
    }

    pub fn marks(&self) -> Vec<Mark> {
        let changes = changes(&self.0);
        let count = changes.len().saturating_sub(STEP * (TIMES - 1));
        let every = count.div_ceil(MAX_STORED).max(1);
        let mut marks = Vec::with_capacity(count << DOUBTFUL);
        for place in 0..count {
            let values: [f32; BITS] =
                std::array::from_fn(|bit| changes[place + STEP * (bit / SUMS)][bit % SUMS]);
            mark(&values, place, place % every == 0, &mut marks);
        }
        marks
    }
}

fn mark(values: &[f32; BITS], place: usize, is_stored: bool, marks: &mut Vec<Mark>) {
    let mut order: [usize; BITS] = std::array::from_fn(|bit| bit);
    order.sort_by(|a, b| values[*a].abs().total_cmp(&values[*b].abs()));
    let median = values[order[BITS / 2]].abs();
    if median.is_nan() || median < STILL {
        return;
    }
    let bits: u64 = (0..BITS).map(|bit| u64::from(values[bit] > 0.0) << bit).sum();
    let place = u32::try_from(place).unwrap_or(u32::MAX);
    for turned in 0u64..1 << DOUBTFUL {
        let flips: u64 = (0..DOUBTFUL).map(|i| (turned >> i & 1) << order[i]).sum();
        marks.push(Mark { place, bits: bits ^ flips, is_stored: is_stored && turned == 0 });
    }
}

/// Returns the differences between averages of the sums, from the first place where both exist.
fn changes(sums: &[[f32; SUMS]]) -> Vec<[f32; SUMS]> {
    if sums.len() < REACH {
        return Vec::new();
    }
    let mean = |window: &[[f32; SUMS]]| -> [f32; SUMS] {
        std::array::from_fn(|k| window.iter().map(|sums| sums[k]).sum::<f32>() / SMOOTH as f32)
    };
    let smooth: Vec<[f32; SUMS]> = sums.windows(SMOOTH).map(mean).collect();
    let pairs = smooth.iter().zip(&smooth[LAG..]);
    pairs.map(|(before, after)| std::array::from_fn(|k| after[k] - before[k])).collect()
}

/// Returns the brightness at each point, in display orientation.
fn luma(frame: &Frame<'_>) -> [[f32; SIDE]; SIDE] {
    let (width, height) = (frame.width() as f32 / SIDE as f32, frame.height() as f32 / SIDE as f32);
    let middle = |size: f32| (size - 1.0) / 2.0;
    let map = Affine([[width, 0.0, middle(width)], [0.0, height, middle(height)]]);
    let mut points = [[0.0; SIDE]; SIDE];
    frame.sample(&map, SIDE, SIDE, &mut |y, row| {
        for (point, ((r, g), b)) in points[y].iter_mut().zip(row.r.iter().zip(row.g).zip(row.b)) {
            *point = 0.299 * r + 0.587 * g + 0.114 * b;
        }
    });
    points
}

fn sums(points: &[[f32; SIDE]; SIDE]) -> [f32; SUMS] {
    let wave = |frequency: usize, at: usize| {
        (std::f32::consts::PI * (at as f32 + 0.5) * frequency as f32 / SIDE as f32).cos()
    };
    let waves: [[f32; SIDE]; 4] = std::array::from_fn(|f| std::array::from_fn(|at| wave(f, at)));
    std::array::from_fn(|k| {
        let (u, v) = FREQUENCIES[k];
        let row = |row: &[f32; SIDE]| row.iter().zip(&waves[u]).map(|(p, w)| p * w).sum::<f32>();
        points.iter().zip(&waves[v]).map(|(points, w)| row(points) * w).sum::<f32>() / 512.0
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A bright spot that wanders about in front of a static gradient.
    fn film(frames: usize, seed: f32, mirrored: bool) -> Motion {
        let mut motion = Motion::default();
        for frame in 0..frames {
            let t = frame as f32 / 25.0 + seed;
            let spot =
                [16.0 + 6.0 * (1.7 * t).sin() + 3.0 * (5.1 * t).cos(), 14.0 + 5.0 * (2.3 * t + seed).sin()];
            let mut points = [[0.0; SIDE]; SIDE];
            for (y, row) in points.iter_mut().enumerate() {
                for (x, point) in row.iter_mut().enumerate() {
                    let across = if mirrored { SIDE - 1 - x } else { x };
                    let [dx, dy] = [across as f32 - spot[0], y as f32 - spot[1]];
                    *point = 2.0 * across as f32 + 100.0 * (-(dx * dx + dy * dy) / 20.0).exp();
                }
            }
            motion.0.push(sums(&points));
        }
        motion
    }

    fn stored(marks: &[Mark]) -> Vec<u64> {
        marks.iter().filter(|mark| mark.is_stored).map(|mark| mark.bits).collect()
    }

    #[test]
    fn a_mirrored_film_has_the_same_marks_and_another_has_others() {
        let film_marks = film(120, 0.0, false).marks();
        let mirrored = film(120, 0.0, true).marks();
        assert_eq!(stored(&film_marks).len(), 120 - REACH + 1);
        let same = |a: &[u64], b: &[Mark]| a.iter().filter(|bits| b.iter().any(|m| m.bits == **bits)).count();
        let all = stored(&film_marks).len();
        assert!(same(&stored(&film_marks), &mirrored) * 10 >= all * 9);
        assert!(same(&stored(&film_marks), &film(120, 40.0, false).marks()) * 5 <= all);
    }

    #[test]
    fn a_static_picture_has_no_marks() {
        let mut still = Motion::default();
        for _ in 0..100 {
            still.0.push(sums(&[[77.0; SIDE]; SIDE]));
        }
        assert!(still.marks().is_empty());
        assert!(film(20, 0.0, false).marks().is_empty(), "less than a second");
        assert!(stored(&film(1500, 0.0, false).marks()).len() <= MAX_STORED);
    }

    proptest! {
        #[test]
        fn any_sums_are_read(all in prop::collection::vec(prop::array::uniform6(any::<f32>()), 0..60)) {
            let _ = Motion(all).marks();
        }
    }
}
