//! Traces that copying, cutting and editing leave in the pixels and in the file.
//!
//! Every measure is a pure function that gives `None` where it cannot be taken, and is taken in the camera's own pixels:
//! a picture that was shrunk or made straight has lost what is looked for. [`Signals`] holds the measures, [`checks`]
//! compares them with thresholds, which were fitted on generated documents and reported on others (docs/ACCURACY.md).
//! All of them are advisory: what was simulated is not all that forgers do.

mod compression;
mod file;
mod noise;
mod print_face;
mod spectrum;
mod zone_print;

use serde::Serialize;

use crate::{Check, Page, PageText, Portraits, Quad, Rect};

pub use file::editor;
pub use noise::quietness;
pub use print_face::print_face;
pub use spectrum::{Peaks, peaks};
pub(crate) use zone_print::character_heights;
pub use zone_print::{ZonePrint, zone_print};

/// The measures; higher is more suspicious, except for the likeness.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Signals {
    /// Height of the strongest periodic trace along the document's axes, in nepers above its surroundings.
    pub screen: Option<f32>,
    /// The same off the axes, of the weaker of two at right angles.
    pub halftone: Option<f32>,
    /// By how many nepers the portrait is less noisy than the rest.
    pub quiet_portrait: Option<f32>,
    /// Largest step of a character of the zone off its place, in pitches.
    pub zone_pitch: Option<f32>,
    /// How much less than the others the zone's second least alike character resembles its like.
    pub zone_face: Option<f32>,
    /// How much less than the others the figures of the oddest printed value resemble their like.
    pub print_face: Option<f32>,
    /// Cosine of the portrait and its ghost.
    pub likeness: Option<f32>,
    /// Periodicity of the histograms of a JPEG's coefficients.
    pub recompressed: Option<f32>,
    /// The editing program a file names.
    pub editor: Option<&'static str>,
    /// Whether the file could be looked into.
    pub is_file_read: bool,
}

/// Limits from which a check fails: the 98th percentile of genuine generated documents of every level that no figure is
/// reported on (`tests/accuracy/documents.py --fit`).
const SCREEN: f32 = 3.56;
const HALFTONE: f32 = 1.32;
const QUIET: f32 = 1.01;
const PITCH: f32 = 0.1;
const FACE: f32 = 5.3;
const PRINT: f32 = 2.52;
const RECOMPRESSED: f32 = 9.47;
/// Cosine below which a ghost shows somebody else; ghosts are small and pale, so this is below what two photographs of
/// one person have.
const LIKENESS: f32 = 0.25;

impl Signals {
    /// Measures the file itself; `page` is as decoded, not yet turned.
    pub fn of_file(file: &[u8], page: &Page) -> Self {
        let recompressed = page.is_full_size.then(|| compression::periodicity(file, &page.rgb)).flatten();
        Self { editor: editor(file), recompressed, is_file_read: true, ..Self::default() }
    }

    /// Adds the measures of the upright page.
    #[must_use]
    pub fn with_page(self, read: &PageText, portraits: &Portraits) -> Self {
        let (page, document) = (&read.page, extent(read, portraits));
        let face = portraits.portrait.as_ref().map(|f| f.rect);
        let print = read.mrz.as_ref().and_then(|z| zone_print(page, &z.quads, &z.lines));
        let peaks = page.is_full_size.then(|| peaks(&page.rgb, &document)).flatten();
        Self {
            screen: peaks.map(|p| p.along),
            halftone: peaks.map(|p| p.across),
            quiet_portrait: face
                .filter(|_| page.is_full_size)
                .and_then(|f| quietness(&page.rgb, &f, &document)),
            zone_pitch: print.map(|p| p.pitch),
            zone_face: print.and_then(|p| p.face),
            print_face: print_face(page, &read.lines, read.mrz.as_ref().map_or(&[][..], |z| &z.quads)),
            likeness: portraits.likeness,
            ..self
        }
    }
}

/// The part of a page with text and the portrait on it: the document, or most of it.
fn extent(read: &PageText, portraits: &Portraits) -> Rect {
    let texts = read.lines.iter().flat_map(|l| l.quad.0);
    let face = portraits.portrait.iter().flat_map(|f| Quad::of_rect(f.rect).0);
    Rect::about(texts.chain(face))
}

/// The checks these measures answer.
pub fn checks(signals: &Signals) -> Vec<Check> {
    let above = |name, value: Option<f32>, limit, what: &str, missing: &str| match value {
        Some(v) => Check::advisory(name, v < limit, format!("{what} {v:.2}, limit {limit:.2}")),
        None => Check::not_checked(name, true, missing),
    };
    let pixels = "the document is too small on the picture, or the picture too large to keep its pixels";
    let mut all = vec![
        above("screen_recapture", signals.screen, SCREEN, "periodic trace of a display", pixels),
        above("print_copy", signals.halftone, HALFTONE, "periodic trace of a printing screen", pixels),
        above(
            "portrait_splice",
            signals.quiet_portrait,
            QUIET,
            "portrait less noisy than the document by",
            "no portrait, or too little of the document around it",
        ),
        above(
            "mrz_geometry",
            signals.zone_pitch,
            PITCH,
            "character off its place by pitches",
            "no machine readable zone whose characters can be distinguished",
        ),
        above(
            "mrz_font",
            signals.zone_face,
            FACE,
            "characters unlike their likes, against the others",
            "no machine readable zone whose characters can be distinguished",
        ),
    ];
    all.push(above(
        "printed_font",
        signals.print_face,
        PRINT,
        "figures of one value unlike those of the others, against the rest",
        "fewer than three printed lines of figures whose characters can be distinguished",
    ));
    all.push(match signals.likeness {
        Some(v) => Check::advisory(
            "portrait_ghost",
            v >= LIKENESS,
            format!("cosine of portrait and ghost {v:.2}, limit {LIKENESS:.2}"),
        ),
        None => Check::not_checked("portrait_ghost", true, "no second picture of the holder was found"),
    });
    all.push(file_check(signals));
    all
}

fn file_check(signals: &Signals) -> Check {
    let name = "file_signals";
    if !signals.is_file_read {
        return Check::not_checked(name, true, "the file was not looked into");
    }
    let twice = signals.recompressed.is_some_and(|v| v >= RECOMPRESSED);
    let trace = signals.recompressed.map_or_else(String::new, |v| {
        format!("; periodicity of its coefficients {v:.1}, limit {RECOMPRESSED:.1}")
    });
    match signals.editor {
        Some(editor) => Check::advisory(name, false, format!("the file names the editor {editor}{trace}")),
        None => Check::advisory(name, !twice, format!("the file names no editor{trace}")),
    }
}
