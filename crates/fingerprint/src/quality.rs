//! Whether a print can be judged.
//!
//! docs/ACCURACY.md says where the limits come from.

use nbis::Minutiae;

use crate::{Error, Reason, ridges::Ridges};

/// Sides of a picture, pixels: a fingertip at 500 an inch has 250 to 500; four fingers at 1000 an inch are too much for
/// the C code's memory to be worth it.
const SMALLEST: u32 = 120;
const LARGEST: u32 = 2000;
/// Blocks of 32 pixels with ridges: a thumbnail's worth.
const LEAST_BLOCKS: usize = 20;
/// Their share of what the picture shows.
const LEAST_SHARE: f32 = 0.35;
/// Bozorth's scores mean little from fewer.
const LEAST_MINUTIAE: usize = 12;
/// Mean of MINDTCT's reliability, 0..=1.
const LEAST_RELIABILITY: f64 = 0.15;

/// What was measured of a print.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Quality {
    pub minutiae: usize,
    /// Mean reliability of the minutiae, 0..=1.
    pub reliability: f64,
    /// Share of the picture, where it shows anything, that is ridges, 0..=1.
    pub ridges: f32,
    /// Pixels from ridge to ridge.
    pub period: f32,
}

impl Quality {
    pub(crate) fn of(ridges: Ridges, minutiae: &Minutiae) -> Self {
        let each = minutiae.points();
        let reliability = each.iter().map(|m| m.reliability).sum::<f64>() / each.len().max(1) as f64;
        Self { minutiae: each.len(), reliability, ridges: ridges.share, period: ridges.period }
    }

    pub(crate) fn check(&self) -> Result<(), Reason> {
        if self.minutiae < LEAST_MINUTIAE {
            return Err(Reason::TooFewMinutiae);
        }
        if self.reliability.is_nan() || self.reliability < LEAST_RELIABILITY {
            return Err(Reason::Unclear);
        }
        Ok(())
    }
}

pub(crate) fn check_size(width: u32, height: u32) -> Result<(), Error> {
    if width.min(height) < SMALLEST {
        return Err(Reason::TooSmall.into());
    }
    if width.max(height) > LARGEST {
        return Err(Reason::TooLarge.into());
    }
    Ok(())
}

pub(crate) fn check_ridges(ridges: Ridges) -> Result<(), Error> {
    if ridges.blocks < LEAST_BLOCKS || ridges.share < LEAST_SHARE {
        return Err(Reason::NoRidges.into());
    }
    Ok(())
}
