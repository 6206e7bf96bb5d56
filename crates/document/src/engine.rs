//! The networks of one worker, and the straight line from a picture to what it says.

use models::Runtime;
use time::Date;

use crate::{
    Error, Mrz, Page, TextLine,
    orientation::PageOrientation,
    portrait::{Faces, Portraits, cut_out},
    report::Report,
    text::{ReadLine, TextReader},
    zone, zone_checks, zone_fields,
};

/// The document networks of one worker. Running them needs `&mut`.
pub struct Engine {
    orientation: PageOrientation,
    text: TextReader,
    faces: Faces,
}

/// What a page says.
#[derive(Clone, Debug)]
pub struct PageText {
    /// The page, upright.
    pub page: Page,
    /// By how many quarter turns clockwise it had been turned.
    pub turned: u8,
    pub lines: Vec<TextLine>,
    pub mrz: Option<Mrz>,
}

/// How a line of the zone is cut again when its check digits are wrong: shares of its height added left and right, above
/// and below.
const CUTS: [(f32, f32); 4] = [(0.3, 0.12), (0.0, -0.08), (0.5, 0.25), (0.2, 0.0)];

impl Engine {
    /// Loads every network.
    ///
    /// # Errors
    /// When the pack lacks one of them or ONNX Runtime refuses it.
    pub fn load(runtime: &Runtime) -> Result<Self, Error> {
        Ok(Self {
            orientation: PageOrientation::load(runtime)?,
            text: TextReader::load(runtime)?,
            faces: Faces::load(runtime)?,
        })
    }

    /// Reads and checks a picture of a document as of `today`.
    ///
    /// # Errors
    /// The file is no picture that can be decoded within bounds, or a network fails.
    pub fn inspect(&mut self, file: &[u8], today: Date) -> Result<Report, Error> {
        let page = Page::decode(file)?;
        let read = self.read(page)?;
        let portraits = self.faces.find(&read.page)?;
        Ok(report(read, &portraits, today))
    }

    /// Turns a page upright and reads it.
    ///
    /// # Errors
    /// When a network fails.
    pub fn read(&mut self, page: Page) -> Result<PageText, Error> {
        let (page, turned) = self.orientation.upright(page)?;
        let quads = self.text.find(&page)?;
        let mut lines = self.text.read(&page, quads)?;
        let mrz = self.zone(&page, &mut lines)?;
        Ok(PageText { page, turned, lines: lines.into_iter().map(|l| l.line).collect(), mrz })
    }

    /// The machine readable zone. Rows found in pieces are read again as one, and rows of a zone whose digits are wrong
    /// are cut a little differently.
    fn zone(&mut self, page: &Page, lines: &mut Vec<ReadLine>) -> Result<Option<Mrz>, Error> {
        let mut found = zone::find(lines);
        if found.as_ref().is_none_or(|z| !z.all_digits_right()) {
            let rows = zone::broken_rows(lines);
            for quad in rows {
                lines.push(self.text.read_line(page, quad)?);
            }
            found = better(found, zone::find(lines));
        }
        let Some(zone) = found.as_ref().filter(|z| !z.all_digits_right()) else { return Ok(found) };
        let quads = zone.quads.clone();
        for (across, along) in CUTS {
            let mut again = Vec::new();
            for quad in &quads {
                let height = quad.height();
                again.push(self.text.read_line(page, quad.grown(across * height, along * height))?);
            }
            found = better(found, zone::find(&again));
            if found.as_ref().is_some_and(Mrz::all_digits_right) {
                break;
            }
        }
        Ok(found)
    }
}

/// Puts together what was found on one page.
fn report(read: PageText, portraits: &Portraits, today: Date) -> Report {
    let picture = |face: &Option<face::Detection>| face.as_ref().and_then(|f| cut_out(&read.page, f));
    let checks = zone_checks::checks(read.mrz.as_ref(), today);
    Report {
        kind: read.mrz.as_ref().map(zone_fields::kind).unwrap_or_default(),
        fields: read.mrz.as_ref().map(|m| zone_fields::fields(m, today)).unwrap_or_default(),
        checks,
        portrait: picture(&portraits.portrait),
        ghost: picture(&portraits.ghost),
        signature: None,
        cannot_judge: None,
        turned: read.turned,
        lines: read.lines.len(),
        mrz: read.mrz,
    }
}

fn better(a: Option<Mrz>, b: Option<Mrz>) -> Option<Mrz> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if zone::rank(&b) > zone::rank(&a) { b } else { a }),
        (a, b) => a.or(b),
    }
}
