//! The template of a print: its minutiae as bytes.

use nbis::{Minutia, Minutiae};

use crate::{Comparison, Error, nist};

/// Version of the layout below.
const VERSION: u8 = 1;
/// Version, height, number of minutiae.
const HEADER_BYTES: usize = 1 + 4 + 2;
/// Column, row, direction, reliability.
const MINUTIA_BYTES: usize = 2 + 2 + 1 + 4;
/// Largest side of a print's picture in pixels: bounds every coordinate.
const MAX_COORDINATE: i32 = 2000;
/// Number of MINDTCT's directions.
const DIRECTIONS: i32 = 32;

/// The minutiae of a print.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Minutiae);

impl Template {
    pub(crate) fn new(minutiae: Minutiae) -> Self {
        Self(minutiae)
    }

    pub(crate) fn minutiae_ref(&self) -> &Minutiae {
        &self.0
    }

    /// Returns the expected number of true minutiae, by their reliability: higher is better.
    pub fn strength(&self) -> f64 {
        self.0.points().iter().map(|minutia| minutia.reliability).sum()
    }

    /// Returns the number of minutiae.
    pub fn minutiae(&self) -> usize {
        self.0.points().len()
    }

    /// Compares two templates.
    ///
    /// # Errors
    /// [`Error::Failed`] when the comparison failed.
    pub fn compare(&self, other: &Self) -> Result<Comparison, Error> {
        let score = nist::compare(&self.0, &other.0)?;
        Ok(Comparison::of(score))
    }

    /// Bytes that [`Template::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let points = self.0.points();
        let count = u16::try_from(points.len()).unwrap_or(u16::MAX);
        let mut bytes = vec![VERSION];
        bytes.extend(self.0.height().to_le_bytes());
        bytes.extend(count.to_le_bytes());
        for point in points.iter().take(count.into()) {
            bytes.extend(u16::try_from(point.x).unwrap_or(0).to_le_bytes());
            bytes.extend(u16::try_from(point.y).unwrap_or(0).to_le_bytes());
            bytes.push(u8::try_from(point.direction).unwrap_or(0));
            bytes.extend((point.reliability as f32).to_le_bytes());
        }
        bytes
    }

    /// Parses the output of [`Template::to_bytes`].
    ///
    /// # Errors
    /// [`Error::Failed`] for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::parse(bytes).ok_or(Error::Failed)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (header, points) = bytes.split_at_checked(HEADER_BYTES)?;
        let height = i32::from_le_bytes(header[1..5].try_into().ok()?);
        let count = u16::from_le_bytes(header[5..7].try_into().ok()?);
        let is_ours = header[0] == VERSION
            && (1..=MAX_COORDINATE).contains(&height)
            && points.len() == usize::from(count) * MINUTIA_BYTES;
        if !is_ours {
            return None;
        }
        let points: Option<Vec<_>> = points.chunks_exact(MINUTIA_BYTES).map(minutia).collect();
        Some(Self(Minutiae::from_points(points?, height)))
    }
}

fn minutia(bytes: &[u8]) -> Option<Minutia> {
    let number = |at: usize| Some(i32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let (x, y, direction) = (number(0)?, number(2)?, i32::from(*bytes.get(4)?));
    let reliability = f64::from(f32::from_le_bytes(bytes.get(5..9)?.try_into().ok()?));
    let is_possible = x <= MAX_COORDINATE
        && y <= MAX_COORDINATE
        && direction < DIRECTIONS
        && (0.0..=1.0).contains(&reliability);
    is_possible.then_some(Minutia { x, y, direction, reliability })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minutiae() -> impl Strategy<Value = Template> {
        let point = (0..=MAX_COORDINATE, 0..=MAX_COORDINATE, 0..DIRECTIONS, 0f32..=1.0).prop_map(
            |(x, y, direction, reliability)| Minutia { x, y, direction, reliability: reliability.into() },
        );
        (prop::collection::vec(point, 0..300), 1..=MAX_COORDINATE)
            .prop_map(|(points, height)| Template::new(Minutiae::from_points(points, height)))
    }

    proptest! {
        #[test]
        fn stored_fields_equal_the_extracted_ones(template in minutiae()) {
            prop_assert_eq!(Template::from_bytes(&template.to_bytes()).unwrap(), template);
        }

        #[test]
        fn bytes_of_another_origin_are_refused_or_bounded(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(template) = Template::from_bytes(&bytes) {
                prop_assert_eq!(template.to_bytes(), bytes);
                prop_assert!(template.compare(&template).is_ok());
            }
        }
    }
}
