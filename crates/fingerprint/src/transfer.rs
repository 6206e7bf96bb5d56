//! A print as the bytes that one process hands another: every field as it is, and nothing but numbers within bounds.

use nbis::{Minutia, Minutiae};

use crate::{
    Comparison, Error, Print, Template,
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
        write(&self.minutiae, &mut bytes);
        (bytes.len() <= Self::MAX_BYTES).then_some(bytes)
    }

    /// Reads what [`Print::to_bytes`] wrote; `None` for what no picture that can be judged gives.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER_BYTES)?;
        let (share, period) = (f32::from_le_bytes(part(header, 0)?), f32::from_le_bytes(part(header, 4)?));
        if !(0.0..=1.0).contains(&share) || !(0.0..=64.0).contains(&period) || bytes.len() > Self::MAX_BYTES {
            return None;
        }
        let minutiae = read(&bytes[8..])?;
        let quality = Quality::of(Ridges { blocks: 0, share, period }, &minutiae);
        quality.check().is_ok().then_some(Self { minutiae, quality })
    }
}

/// Two templates for a process that compares them, every field as it is.
pub fn pair_to_bytes(a: &Template, b: &Template) -> Vec<u8> {
    let (mut first, mut bytes) = (Vec::new(), Vec::new());
    write(a.minutiae_ref(), &mut first);
    bytes.extend((first.len() as u64).to_le_bytes());
    bytes.extend(first);
    write(b.minutiae_ref(), &mut bytes);
    bytes
}

/// Compares what [`pair_to_bytes`] wrote.
///
/// # Errors
/// [`Error::Failed`] for any other bytes, and when the comparison fails.
pub fn compare_pair(bytes: &[u8]) -> Result<Comparison, Error> {
    let length = part(bytes, 0).map(u64::from_le_bytes).and_then(|length| usize::try_from(length).ok());
    let pair = bytes.get(8..).unwrap_or_default().split_at_checked(length.ok_or(Error::Failed)?);
    let (a, b) = pair.ok_or(Error::Failed)?;
    let template = |bytes| read(bytes).map(Template::new).ok_or(Error::Failed);
    template(a)?.compare(&template(b)?)
}

/// The height of the picture, then the minutiae.
fn write(minutiae: &Minutiae, bytes: &mut Vec<u8>) {
    bytes.extend(minutiae.height().to_le_bytes());
    for point in minutiae.points() {
        for number in [point.x, point.y, point.direction] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(point.reliability.to_le_bytes());
    }
}

fn read(bytes: &[u8]) -> Option<Minutiae> {
    let (height, points) = bytes.split_at_checked(4)?;
    let height = i32::from_le_bytes(part(height, 0)?);
    if !(1..=i32::try_from(LARGEST).ok()?).contains(&height) || points.len() % MINUTIA_BYTES != 0 {
        return None;
    }
    let points: Option<Vec<_>> = points.chunks_exact(MINUTIA_BYTES).map(minutia).collect();
    Some(Minutiae::from_points(points?, height))
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
