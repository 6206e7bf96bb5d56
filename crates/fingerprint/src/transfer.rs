//! A print as the bytes that one process hands another: every field as it is, and nothing but numbers within bounds.

use nbis::{Minutia, Minutiae};

use crate::{
    Print,
    quality::{LARGEST, Quality},
    ridges::Ridges,
};

/// Share of ridges, their period, height of the picture.
const HEADER_BYTES: usize = 4 + 4 + 4;
/// Column, row, direction, reliability.
const MINUTIA_BYTES: usize = 4 + 4 + 4 + 8;
/// More than the C code finds in the largest picture.
const MAX_MINUTIAE: usize = 20_000;
/// Directions of MINDTCT.
const DIRECTIONS: i32 = 32;

impl Print {
    /// Most bytes of [`Print::to_bytes`].
    pub const MAX_BYTES: usize = HEADER_BYTES + MAX_MINUTIAE * MINUTIA_BYTES;

    /// Bytes that [`Print::from_bytes`] reads; `None` for more minutiae than any print has.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let points = self.minutiae.points();
        let mut bytes = Vec::with_capacity(HEADER_BYTES + points.len() * MINUTIA_BYTES);
        bytes.extend(self.quality.ridges.to_le_bytes());
        bytes.extend(self.quality.period.to_le_bytes());
        bytes.extend(self.minutiae.height().to_le_bytes());
        for point in points {
            for number in [point.x, point.y, point.direction] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.extend(point.reliability.to_le_bytes());
        }
        (bytes.len() <= Self::MAX_BYTES).then_some(bytes)
    }

    /// Reads what [`Print::to_bytes`] wrote; `None` for what no picture that can be judged gives.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (header, points) = bytes.split_at_checked(HEADER_BYTES)?;
        let (share, period) = (f32::from_le_bytes(part(header, 0)?), f32::from_le_bytes(part(header, 4)?));
        let height = i32::from_le_bytes(part(header, 8)?);
        let side = 1..=i32::try_from(LARGEST).ok()?;
        let is_possible =
            (0.0..=1.0).contains(&share) && (0.0..=64.0).contains(&period) && side.contains(&height);
        if !is_possible || bytes.len() > Self::MAX_BYTES || points.len() % MINUTIA_BYTES != 0 {
            return None;
        }
        let points: Option<Vec<_>> = points.chunks_exact(MINUTIA_BYTES).map(minutia).collect();
        let minutiae = Minutiae::from_points(points?, height);
        let quality = Quality::of(Ridges { blocks: 0, share, period }, &minutiae);
        quality.check().is_ok().then_some(Self { minutiae, quality })
    }
}

fn minutia(bytes: &[u8]) -> Option<Minutia> {
    let number = |at: usize| Some(i32::from_le_bytes(part(bytes, at)?));
    let (x, y, direction) = (number(0)?, number(4)?, number(8)?);
    let reliability = f64::from_le_bytes(part(bytes, 12)?);
    let inside = 0..=i32::try_from(LARGEST).ok()?;
    let is_possible = inside.contains(&x)
        && inside.contains(&y)
        && (0..DIRECTIONS).contains(&direction)
        && (0.0..=1.0).contains(&reliability);
    is_possible.then_some(Minutia { x, y, direction, reliability })
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bytes_of_another_origin_are_refused_or_bounded(bytes in prop::collection::vec(any::<u8>(), 0..800)) {
            if let Some(print) = Print::from_bytes(&bytes) {
                prop_assert_eq!(print.to_bytes().unwrap(), bytes);
                prop_assert!(print.compare(&print).is_ok());
            }
        }
    }
}
