//! Traces that copying, cutting and editing leave in the pixels and in the file.
//!
//! Every measure is a pure function that returns `None` when it cannot be taken, and uses the camera's original pixels:
//! shrinking or straightening a picture destroys the traces. [`Signals`] holds the measures; [`checks`] compares them
//! with thresholds, which were fitted on generated documents and evaluated on others (docs/ACCURACY.md). All of them
//! are advisory, because the simulation does not cover everything that forgers do.

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

/// The measures; higher is more suspicious, except for the similarity.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Signals {
    /// Height of the strongest periodic trace along the document's axes, in nepers above its surroundings.
    pub screen: Option<f32>,
    /// The same off the axes: the weaker of two at right angles.
    pub halftone: Option<f32>,
    /// Nepers by which the portrait is less noisy than the rest.
    pub quiet_portrait: Option<f32>,
    /// Largest displacement of a character of the zone, in pitches.
    pub zone_pitch: Option<f32>,
    /// Distance of the zone's second least similar character from characters of its kind, relative to the others.
    pub zone_face: Option<f32>,
    /// Distance of the least similar printed value's digits from digits of their kind, relative to the others.
    pub print_face: Option<f32>,
    /// Cosine similarity of the portrait and its ghost.
    pub likeness: Option<f32>,
    /// Periodicity of the histograms of a JPEG's coefficients.
    pub recompressed: Option<f32>,
    /// The editing program named in the file.
    pub editor: Option<&'static str>,
    /// Whether the file could be parsed.
    pub is_file_read: bool,
}

/// Limits from which a check fails: the 98th percentile of genuine generated documents, at every level that is not used
/// for reported figures (`tests/accuracy/documents.py --fit`).
const SCREEN: f32 = 3.56;
const HALFTONE: f32 = 1.32;
const QUIET: f32 = 1.01;
const PITCH: f32 = 0.1;
const FACE: f32 = 5.3;
const PRINT: f32 = 2.52;
const RECOMPRESSED: f32 = 9.47;
/// Cosine below which a ghost shows another person; ghosts are small and pale, so this is below the similarity of two
/// photographs of one person.
const LIKENESS: f32 = 0.25;

impl Signals {
    /// Measures the file itself; `page` is as decoded, before rotation.
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

/// Returns the part of the page with text and portrait: the document, or most of it.
fn extent(read: &PageText, portraits: &Portraits) -> Rect {
    let texts = read.lines.iter().flat_map(|l| l.quad.0);
    let face = portraits.portrait.iter().flat_map(|f| Quad::of_rect(f.rect).0);
    Rect::about(texts.chain(face))
}

/// Returns the checks that are based on these measures.
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
