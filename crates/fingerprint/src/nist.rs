//! Bindings of NIST's C code, one call at a time.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
};

use image::GrayImage;
use nbis::Minutiae;

use crate::Error;

/// BOZORTH3 keeps its tables in statics, and MINDTCT's lookup tables are made on first use.
static ONE_CALL: Mutex<()> = Mutex::new(());

/// Resolution that MINDTCT's parameters are made for.
const SCANNER_DPI: f64 = 500.0;

/// Extracts the minutiae of a picture whose size has been checked.
pub(crate) fn minutiae(grey: &GrayImage) -> Result<Minutiae, Error> {
    let (width, height) = grey.dimensions();
    alone(|| Minutiae::extract(grey.as_raw(), width, height, SCANNER_DPI))?.map_err(|_| Error::Failed)
}

/// Returns BOZORTH3's score.
pub(crate) fn compare(a: &Minutiae, b: &Minutiae) -> Result<u32, Error> {
    // Negative only when a side has no minutiae.
    alone(|| a.compare(b)).map(|score| u32::try_from(score).unwrap_or(0))
}

fn alone<T>(call: impl FnOnce() -> T) -> Result<T, Error> {
    let _exclusive = ONE_CALL.lock().unwrap_or_else(PoisonError::into_inner);
    catch_unwind(AssertUnwindSafe(call)).map_err(|_| Error::Failed)
}
