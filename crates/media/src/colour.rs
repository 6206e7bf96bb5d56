//! How a frame codes its colours, read as the integers they are: some decoders (MPEG-2) copy them from the file unchecked, and
//! the bindings would turn any value into an enumeration, which for one that is not in its list is undefined behaviour.

#![expect(unsafe_code, reason = "the bindings have no safe way to read a value that may be in no list")]

use std::{ffi::c_int, ptr};

use ffmpeg_next::{
    ffi::{AVColorRange::AVCOL_RANGE_JPEG, AVColorSpace},
    frame,
};

const BT709: c_int = AVColorSpace::AVCOL_SPC_BT709 as c_int;
const BT2020_NCL: c_int = AVColorSpace::AVCOL_SPC_BT2020_NCL as c_int;
const BT2020_CL: c_int = AVColorSpace::AVCOL_SPC_BT2020_CL as c_int;

/// The weights of red and blue in a frame's brightness: those of ITU-R BT.601 where the file names none that is known.
pub(crate) fn luma_weights(frame: &frame::Video) -> (f32, f32) {
    // SAFETY: the frame is borrowed, so that its memory lives; an enumeration of C has the size and alignment of an int.
    let space = unsafe { ptr::addr_of!((*frame.as_ptr()).colorspace).cast::<c_int>().read() };
    match space {
        BT709 => (0.2126, 0.0722),
        BT2020_NCL | BT2020_CL => (0.2627, 0.0593),
        _ => (0.299, 0.114),
    }
}

/// Whether brightness goes from 0 to 255 instead of 16 to 235, as the file says.
pub(crate) fn is_marked_full_range(frame: &frame::Video) -> bool {
    // SAFETY: as above.
    let range = unsafe { ptr::addr_of!((*frame.as_ptr()).color_range).cast::<c_int>().read() };
    range == AVCOL_RANGE_JPEG as c_int
}
