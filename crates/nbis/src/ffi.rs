//! The C interface of MINDTCT and BOZORTH3, as `lfs.h` and `bozorth.h` declare it.

#![expect(clippy::upper_case_acronyms, reason = "the names are those of the C headers")]

use std::{
    ffi::{c_double, c_int, c_uchar, c_void},
    sync::Once,
};

/// `FILE` of the C library.
#[repr(C)]
pub(crate) struct FILE {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    #[cfg_attr(target_vendor = "apple", link_name = "__stderrp")]
    #[cfg_attr(not(target_vendor = "apple"), link_name = "stderr")]
    static mut libc_stderr: *mut FILE;
    // Of bozorth3.c.
    static mut errorfp: *mut FILE;
}

static INIT_BOZORTH: Once = Once::new();

/// Sets BOZORTH3's error stream, which it uses without checking.
pub(crate) fn init_bozorth() {
    INIT_BOZORTH.call_once(|| {
        // SAFETY: nothing else touches `errorfp`, and `Once` makes this the only write.
        unsafe {
            if errorfp.is_null() {
                errorfp = libc_stderr;
            }
        }
    });
}

/// `MAX_BOZORTH_MINUTIAE` of bozorth.h.
pub(crate) const MAX_BOZORTH_MINUTIAE: usize = 200;

#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub(crate) struct xyt_struct {
    pub nrows: c_int,
    pub xcol: [c_int; MAX_BOZORTH_MINUTIAE],
    pub ycol: [c_int; MAX_BOZORTH_MINUTIAE],
    pub theta: [c_int; MAX_BOZORTH_MINUTIAE],
}

unsafe extern "C" {
    pub(crate) fn bozorth_main(probe: *const xyt_struct, gallery: *const xyt_struct) -> c_int;
}

#[repr(C)]
#[derive(Debug)]
pub(crate) struct MINUTIA {
    pub x: c_int,
    pub y: c_int,
    pub ex: c_int,
    pub ey: c_int,
    pub direction: c_int,
    pub reliability: c_double,
    pub r#type: c_int,
    pub appearing: c_int,
    pub feature_id: c_int,
    pub nbrs: *mut c_int,
    pub ridge_counts: *mut c_int,
    pub num_nbrs: c_int,
}

#[repr(C)]
#[derive(Debug)]
pub(crate) struct MINUTIAE {
    pub alloc: c_int,
    pub num: c_int,
    pub list: *mut *mut MINUTIA,
}

#[repr(C)]
#[derive(Debug)]
pub(crate) struct LFSPARMS {
    // Image controls
    pub pad_value: c_int,
    pub join_line_radius: c_int,

    // Map controls
    pub blocksize: c_int,
    pub windowsize: c_int,
    pub windowoffset: c_int,
    pub num_directions: c_int,
    pub start_dir_angle: c_double,
    pub rmv_valid_nbr_min: c_int,
    pub dir_strength_min: c_double,
    pub dir_distance_max: c_int,
    pub smth_valid_nbr_min: c_int,
    pub vort_valid_nbr_min: c_int,
    pub highcurv_vorticity_min: c_int,
    pub highcurv_curvature_min: c_int,
    pub min_interpolate_nbrs: c_int,
    pub percentile_min_max: c_int,
    pub min_contrast_delta: c_int,

    // DFT controls
    pub num_dft_waves: c_int,
    pub powmax_min: c_double,
    pub pownorm_min: c_double,
    pub powmax_max: c_double,
    pub fork_interval: c_int,
    pub fork_pct_powmax: c_double,
    pub fork_pct_pownorm: c_double,

    // Binarisation controls
    pub dirbin_grid_w: c_int,
    pub dirbin_grid_h: c_int,
    pub isobin_grid_dim: c_int,
    pub num_fill_holes: c_int,

    // Minutiae detection
    pub max_minutia_delta: c_int,
    pub max_high_curve_theta: c_double,
    pub high_curve_half_contour: c_int,
    pub min_loop_len: c_int,
    pub min_loop_aspect_dist: c_double,
    pub min_loop_aspect_ratio: c_double,

    // Linking
    pub link_table_dim: c_int,
    pub max_link_dist: c_int,
    pub min_theta_dist: c_int,
    pub maxtrans: c_int,
    pub score_theta_norm: c_double,
    pub score_dist_norm: c_double,
    pub score_dist_weight: c_double,
    pub score_numerator: c_double,

    /* ------------ False-minutiae removal ---------- */
    pub max_rmtest_dist: c_int,
    pub max_hook_len: c_int,
    pub max_half_loop: c_int,
    pub trans_dir_pix: c_int,
    pub small_loop_len: c_int,
    pub side_half_contour: c_int,
    pub inv_block_margin: c_int,
    pub rm_valid_nbr_min: c_int,
    pub max_overlap_dist: c_int,
    pub max_overlap_join_dist: c_int,
    pub malformation_steps_1: c_int,
    pub malformation_steps_2: c_int,
    pub min_malformation_ratio: c_double,
    pub max_malformation_dist: c_int,
    pub pores_trans_r: c_int,
    pub pores_perp_steps: c_int,
    pub pores_steps_fwd: c_int,
    pub pores_steps_bwd: c_int,
    pub pores_min_dist2: c_double,
    pub pores_max_ratio: c_double,

    // Ridge counting
    pub max_nbrs: c_int,
    pub max_ridge_steps: c_int,
}

unsafe extern "C" {
    // Core entry point.
    pub(crate) fn get_minutiae(
        ominutiae: *mut *mut MINUTIAE,
        oquality_map: *mut *mut c_int,
        odirection_map: *mut *mut c_int,
        olow_contrast_map: *mut *mut c_int,
        olow_flow_map: *mut *mut c_int,
        ohigh_curve_map: *mut *mut c_int,
        omap_w: *mut c_int,
        omap_h: *mut c_int,
        obdata: *mut *mut c_uchar,
        obw: *mut c_int,
        obh: *mut c_int,
        obd: *mut c_int,
        idata: *mut c_uchar,
        iw: c_int,
        ih: c_int,
        id: c_int,
        ppmm: c_double,
        lfsparms: *const LFSPARMS,
    ) -> c_int;

    pub(crate) fn free_minutiae(ptr: *mut MINUTIAE);
    pub(crate) fn free(ptr: *mut c_void);
    pub(crate) static lfsparms_V2: LFSPARMS;
}
