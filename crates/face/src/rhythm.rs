//! Replay loops: whether a face repeats its motion, in a clip that is looped or played back and forth.
//! Nobody repeats a second of mouth and lid motion to the pixel. For each lag the motion is compared with itself; the
//! residual over the variance is about 1 for unrelated motion, and only the mesh's noise for repeated frames.

/// Fewest matching frames on the 25 fps clock: 0.8 s.
const FEWEST: usize = 20;
/// Played backwards, a syllable looks similar; a second and a half does not.
const FEWEST_MIRRORED: usize = 19;
/// Shorter lags are within one movement.
const SHORTEST: usize = 8;
/// Longest gap between two vectors in frames; interpolation beyond it would be a guess.
const COARSEST: usize = 4;
/// Longest examined stretch, in frames: the work grows with its square.
const LONGEST: usize = 500;

/// Returns the smallest difference, 0 to about 1, of the motion to itself at any lag, and mirrored at any time;
/// `None` for a clip that is too short. `motion` has vectors of equal length with their frame indices, in order.
pub fn repetition(motion: &[(usize, Vec<f32>)]) -> Option<f32> {
    let frames = motion.last()?.0 - motion.first()?.0;
    if frames > COARSEST * motion.len() {
        return None;
    }
    let even = every_frame(motion);
    let n = even.len();
    let again = (SHORTEST..n.saturating_sub(FEWEST).max(SHORTEST))
        .map(|lag| difference((0..n - lag).map(|t| (&*even[t], &*even[t + lag]))));
    let back = (FEWEST_MIRRORED..n.saturating_sub(FEWEST_MIRRORED).max(FEWEST_MIRRORED)).map(|turn| {
        let most = turn.min(n - 1 - turn);
        difference((1..=most).map(|d| (&*even[turn - d], &*even[turn + d])))
    });
    again.chain(back).reduce(f32::min)
}

/// Interpolates one vector per frame: the mesh is taken on every second one.
fn every_frame(motion: &[(usize, Vec<f32>)]) -> Vec<Vec<f32>> {
    let mut even: Vec<Vec<f32>> = Vec::new();
    for pair in motion.windows(2) {
        let [(from, a), (to, b)] = pair else { continue };
        let steps = to.saturating_sub(*from).max(1);
        for k in 0..steps {
            let share = k as f32 / steps as f32;
            even.push(a.iter().zip(b).map(|(a, b)| a + share * (b - a)).collect());
        }
        if even.len() >= LONGEST {
            break;
        }
    }
    even
}

/// Returns the squared difference of pairs relative to the variance of all of them.
fn difference<'a>(pairs: impl Iterator<Item = (&'a [f32], &'a [f32])> + Clone) -> f32 {
    let length = pairs.clone().next().map_or(0, |(a, _)| a.len());
    let mut mean = vec![0.0; length];
    let mut count = 0.0f32;
    for (a, b) in pairs.clone() {
        mean.iter_mut().zip(a).zip(b).for_each(|((m, a), b)| *m += a + b);
        count += 2.0;
    }
    mean.iter_mut().for_each(|m| *m /= count.max(1.0));
    let (mut apart, mut spread) = (0.0f32, 0.0f32);
    for (a, b) in pairs {
        for ((m, a), b) in mean.iter().zip(a).zip(b) {
            apart += (a - b) * (a - b);
            spread += (a - m) * (a - m) + (b - m) * (b - m);
        }
    }
    if spread > 0.0 { apart / spread } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns motion that does not repeat within the clip, in four coordinates.
    fn wander(t: usize) -> Vec<f32> {
        let t = t as f32 / 25.0;
        [1.7f32, 2.9, 4.1, 5.3].map(|f| (f * t + 0.7 * f * (0.9 * t).sin()).sin()).to_vec()
    }

    fn clip(of: impl Fn(usize) -> usize, noise: f32) -> Vec<(usize, Vec<f32>)> {
        let shaken = |t: usize| {
            let mut v = wander(of(t));
            v.iter_mut().enumerate().for_each(|(i, v)| *v += noise * ((t * 7 + i * 3) as f32 * 1.3).sin());
            v
        };
        (0..90).step_by(2).map(|t| (t, shaken(t))).collect()
    }

    #[test]
    fn a_loop_is_found_at_even_and_odd_lengths_and_there_and_back() {
        let live = repetition(&clip(|t| t, 0.05)).unwrap();
        for (name, length) in [("even", 30), ("odd", 23)] {
            let looped = repetition(&clip(|t| t % length, 0.05)).unwrap();
            assert!(looped < 0.3 * live, "{name}: {looped}, not looped {live}");
        }
        let back = repetition(&clip(|t| if t < 45 { t } else { 90 - t }, 0.05)).unwrap();
        assert!(back < 0.3 * live, "{back}, not mirrored {live}");
    }

    #[test]
    fn a_face_that_does_nothing_repeats_nothing_but_noise_and_a_short_clip_says_nothing() {
        assert_eq!(repetition(&clip(|_| 0, 0.0)), Some(1.0));
        assert_eq!(repetition(&clip(|t| t, 0.05)[..8]), None);
        assert_eq!(repetition(&[]), None);
    }
}
