//! Quality of a print.
//!
//! docs/ACCURACY.md documents the origin of the limits.

use nbis::Minutiae;

use crate::{Error, Reason, ridges::Ridges};

/// Side lengths of a picture in pixels: a fingertip at 500 per inch has 250 to 500; four fingers at 1000 per inch
/// take too much memory in the C code.
const SMALLEST: u32 = 120;
pub(crate) const LARGEST: u32 = 2000;
/// Blocks of 32 pixels with ridges: about the size of a thumbnail.
const LEAST_BLOCKS: usize = 20;
/// Their share of the blocks with content.
const LEAST_SHARE: f32 = 0.35;
/// BOZORTH3 scores of fewer minutiae mean little.
const LEAST_MINUTIAE: usize = 12;
/// Mean of MINDTCT's reliability, 0..=1.
const LEAST_RELIABILITY: f64 = 0.15;

/// Quality measures of a print.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Quality {
    pub minutiae: usize,
    /// Mean reliability of the minutiae, 0..=1.
    pub reliability: f64,
    /// Share of ridges in the parts of the picture with content, 0..=1.
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
