//! NIST's MINDTCT (minutiae of a fingerprint) and BOZORTH3 (similarity of two prints).
//!
//! The C code has static tables, so calls must not overlap: the caller serialises them.

mod ffi;

use std::{
    ffi::{c_int, c_uchar},
    ptr::null_mut,
    slice,
};

use ffi::{LFSPARMS, MAX_BOZORTH_MINUTIAE, MINUTIAE, xyt_struct};

/// Millimetres per inch.
const MM_PER_INCH: f64 = 25.4;
/// Degrees of one step of MINDTCT's directions.
const DEGREES_PER_STEP: f64 = 11.25;

/// MINDTCT failed; the code is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtractionError(pub i32);

/// One ridge ending or bifurcation.
#[derive(Clone, Debug, PartialEq)]
pub struct Minutia {
    /// From the left, in pixels.
    pub x: i32,
    /// From the top, in pixels.
    pub y: i32,
    /// In steps of 11.25 degrees.
    pub direction: i32,
    /// 0 to 1.
    pub reliability: f64,
}

/// The minutiae of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Minutiae {
    points: Vec<Minutia>,
    height: i32,
}

impl Minutiae {
    /// Extracts minutiae from `pixels`, 8 bits per pixel, row by row, scanned at `dpi`.
    ///
    /// # Errors
    /// When MINDTCT fails.
    ///
    /// # Panics
    /// When `pixels` are not `width` times `height`.
    pub fn extract(pixels: &[u8], width: u32, height: u32, dpi: f64) -> Result<Self, ExtractionError> {
        assert_eq!(pixels.len(), width as usize * height as usize, "one byte a pixel");
        let (Ok(width), Ok(height)) = (c_int::try_from(width), c_int::try_from(height)) else {
            return Err(ExtractionError(-1));
        };
        let found = Found::extract(pixels, width, height, dpi / MM_PER_INCH)?;
        Ok(Self { points: found.minutiae(), height })
    }

    /// Restores minutiae extracted earlier from a picture of this height.
    pub fn from_points(points: Vec<Minutia>, height: i32) -> Self {
        Self { points, height }
    }

    /// The height of the picture, pixels.
    pub fn height(&self) -> i32 {
        self.height
    }

    pub fn points(&self) -> &[Minutia] {
        &self.points
    }

    /// Returns BOZORTH3's score; negative when a side has no minutiae.
    pub fn compare(&self, other: &Self) -> i32 {
        ffi::init_bozorth();
        let (probe, gallery) = (self.for_bozorth(), other.for_bozorth());
        // SAFETY: both are initialised structures that outlive the call.
        unsafe { ffi::bozorth_main(&probe, &gallery) }
    }

    /// Returns the most reliable points in BOZORTH3's layout: y from below, the direction in degrees.
    fn for_bozorth(&self) -> xyt_struct {
        let mut points: Vec<&Minutia> = self.points.iter().collect();
        points.sort_by(|a, b| b.reliability.total_cmp(&a.reliability));
        points.truncate(MAX_BOZORTH_MINUTIAE);
        let none = [0; MAX_BOZORTH_MINUTIAE];
        let nrows = c_int::try_from(points.len()).unwrap_or(c_int::MAX);
        let mut set = xyt_struct { nrows, xcol: none, ycol: none, theta: none };
        for (i, point) in points.iter().enumerate() {
            let degrees = (f64::from(point.direction) * DEGREES_PER_STEP).round() as c_int;
            set.xcol[i] = point.x;
            set.ycol[i] = self.height - point.y;
            set.theta[i] = (270 - degrees).rem_euclid(360);
        }
        set
    }
}

/// Memory allocated by MINDTCT.
struct Found(*mut MINUTIAE);

impl Found {
    fn extract(
        pixels: &[u8],
        width: c_int,
        height: c_int,
        pixels_per_mm: f64,
    ) -> Result<Self, ExtractionError> {
        let mut minutiae = null_mut();
        let mut maps: [*mut c_int; 5] = [null_mut(); 5];
        let [quality, direction, low_contrast, low_flow, high_curve] = &mut maps;
        let (mut map_width, mut map_height) = (0, 0);
        let mut binary: *mut c_uchar = null_mut();
        let (mut binary_width, mut binary_height, mut binary_depth) = (0, 0, 0);
        // SAFETY: the input has the stated size and MINDTCT works on a copy of it; the results are freed below.
        let code = unsafe {
            let parameters: *const LFSPARMS = &raw const ffi::lfsparms_V2;
            ffi::get_minutiae(
                &mut minutiae,
                quality,
                direction,
                low_contrast,
                low_flow,
                high_curve,
                &mut map_width,
                &mut map_height,
                &mut binary,
                &mut binary_width,
                &mut binary_height,
                &mut binary_depth,
                pixels.as_ptr().cast_mut(),
                width,
                height,
                8,
                pixels_per_mm,
                parameters,
            )
        };
        if code != 0 {
            return Err(ExtractionError(code));
        }
        // SAFETY: MINDTCT succeeded, so each was allocated by malloc and is not used again.
        unsafe {
            for map in maps {
                ffi::free(map.cast());
            }
            ffi::free(binary.cast());
        }
        if minutiae.is_null() { Err(ExtractionError(-1)) } else { Ok(Self(minutiae)) }
    }

    fn minutiae(&self) -> Vec<Minutia> {
        // SAFETY: the list holds `num` pointers to minutiae until `self` is dropped.
        let list = unsafe {
            let found = &*self.0;
            slice::from_raw_parts(found.list, usize::try_from(found.num).unwrap_or(0))
        };
        let copy = |pointer: &*mut ffi::MINUTIA| {
            // SAFETY: as above.
            let found = unsafe { &**pointer };
            Minutia { x: found.x, y: found.y, direction: found.direction, reliability: found.reliability }
        };
        list.iter().map(copy).collect()
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        // SAFETY: allocated by MINDTCT, freed once.
        unsafe { ffi::free_minutiae(self.0) }
    }
}
