//! The networks of one worker, and the steps from a picture to its text.

mod second_reading;

use models::Runtime;
use time::Date;

use crate::{
    Check, Error, Mrz, Page, TextLine,
    barcode::{self, Barcode, Effort},
    comparison::{compare, compare_barcode, issue_date, without_doubtful},
    forensics::{self, Signals},
    geometry::Quad,
    mrz::{Rereading, ZoneDates},
    orientation::PageOrientation,
    outline::{self, Outline},
    portrait::{Faces, Portraits, cut_out},
    printed::{Printed, dates},
    quality::Quality,
    reasons::{Reason, Unread, reason_of_zone},
    report::{FieldName, Fields, Kind, Report},
    signature,
    text::{ReadLine, TextReader},
    zone, zone_checks, zone_fields,
};

/// The document networks of one worker. Running them needs `&mut`.
pub struct Engine {
    orientation: PageOrientation,
    text: TextReader,
    faces: Faces,
}

/// The content of a page.
#[derive(Clone, Debug)]
pub struct PageText {
    /// The page, upright.
    pub page: Page,
    /// The number of clockwise quarter turns of the picture.
    pub turned: u8,
    /// Their quads are in pixels of the page.
    pub lines: Vec<TextLine>,
    pub mrz: Option<Mrz>,
    /// The location of the document; `None` on a page without edges and text.
    pub outline: Option<Outline>,
    /// There are lines of a zone that do not form one, because others are cut off or covered.
    pub(crate) has_part_of_zone: bool,
    /// There are lines like those of a zone, but of no known form.
    pub(crate) has_unknown_zone: bool,
    pub(crate) barcode: Option<Barcode>,
}

/// One reading of a page.
struct Reading {
    lines: Vec<ReadLine>,
    mrz: Option<Mrz>,
}

/// Share of a page's lines that must be within the document's outline.
const INSIDE: f32 = 0.7;
/// Number of lines and mean confidence from which a page without a zone counts as well read.
const WELL_READ: (usize, f32) = (3, 0.85);

/// Lines that are read to find out whether a page is mirrored, and the factor by which they must be clearer than
/// unmirrored.
const MIRRORED_LINES: usize = 8;
const CLEARER: f32 = 0.1;

/// Printed fields from which a document without zone and barcode counts as read.
const ENOUGH_FIELDS: usize = 3;

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

    /// Returns an engine for another worker. Both share the large networks, which little of the work needs, one at a
    /// time.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn twin(&self, runtime: &Runtime) -> Result<Self, Error> {
        Ok(Self {
            orientation: PageOrientation::load(runtime)?,
            text: self.text.twin(runtime)?,
            faces: self.faces.clone(),
        })
    }

    /// Reads and checks a picture of a document as of `today`.
    ///
    /// # Errors
    /// When the file cannot be decoded within bounds, or a network fails.
    pub fn inspect(&mut self, file: &[u8], today: Date) -> Result<Report, Error> {
        let page = Page::decode(file)?;
        self.inspect_page(Signals::of_file(file, &page), page, today)
    }

    /// Reads and checks a picture that was decoded elsewhere; `signals` are those of the file itself.
    ///
    /// # Errors
    /// When a network fails.
    pub fn inspect_page(&mut self, signals: Signals, page: Page, today: Date) -> Result<Report, Error> {
        let mut read = self.read_page(page)?;
        let portraits = self.faces.find_portraits(&read.page)?;
        let mut fields = Fields::new();
        let mut checks = match read.mrz.clone() {
            Some(mrz) => self.check_zone(&mut read, mrz, &mut fields, today)?,
            None => zone_checks::missing(),
        };
        if let (None, Some(code)) = (&read.mrz, &read.barcode) {
            fields.extend(code.fields(today));
        }
        if let Some(Barcode::Licence(licence)) = &read.barcode {
            // The zone has settled some of its questions already.
            let asked: Vec<&str> = checks.iter().map(|c| c.name).collect();
            let more: Vec<Check> =
                licence.checks(today).into_iter().filter(|c| !asked.contains(&c.name)).collect();
            checks.extend(more);
        }
        if read.mrz.is_none() && fields.is_empty() {
            checks.extend(printed_fields(&read, &mut fields, today));
        }
        checks.extend(beside_zone(&read, &mut fields, today));
        let quality = Quality::of(&read.page, &read.lines, read.outline.as_ref());
        checks.extend(quality.checks());
        let cannot_judge = self.reason(&read, &quality, &fields, &checks)?.map(|reason| reason.message());
        let kind = match (&read.mrz, &read.barcode) {
            (Some(mrz), _) => zone_fields::kind(mrz),
            (None, Some(Barcode::Licence(licence))) => licence.kind(),
            _ => Kind::Unknown,
        };
        let signals = signals.with_page(&read, &portraits);
        checks.extend(forensics::checks(&signals));
        Ok(Report { kind, cannot_judge, signals, ..report(read, &portraits, fields, checks) })
    }

    /// Returns why the picture cannot be judged, if so.
    fn reason(
        &mut self,
        read: &PageText,
        quality: &Quality,
        fields: &Fields,
        checks: &[Check],
    ) -> Result<Option<Reason>, Error> {
        if let Some(mrz) = &read.mrz {
            let has_failed = checks.iter().any(|c| c.name.starts_with("mrz_") && c.gates());
            return Ok(reason_of_zone(mrz, quality).filter(|_| !has_failed));
        }
        let unknown = match read.barcode {
            Some(Barcode::Other(kind)) => Some(kind),
            Some(_) => return Ok(None),
            None => None,
        };
        // Print alone passes nothing, and a part of a zone is visible.
        if read.has_part_of_zone {
            return Ok(Some(Reason::ZoneCutOff));
        }
        if fields.len() >= ENOUGH_FIELDS {
            return Ok(None);
        }
        let is_mirrored = self.is_mirrored(read)?;
        Ok(Some(Unread { page: read, quality, is_mirrored, barcode: unknown }.reason()))
    }

    /// Returns whether the page is only readable when it is mirrored.
    fn is_mirrored(&mut self, read: &PageText) -> Result<bool, Error> {
        // Mirrored text is detected but not readable; without detected text there is nothing to mirror.
        if read.lines.len() < MIRRORED_LINES / 2 {
            return Ok(false);
        }
        let flipped = read.page.mirrored();
        let (flipped, _) = self.orientation.upright(flipped)?;
        let mut quads = self.text.find_lines(&flipped, None)?;
        quads.sort_by(|a, b| b.area().total_cmp(&a.area()));
        quads.truncate(MIRRORED_LINES);
        let lines = self.text.read_lines(&flipped, quads)?;
        if lines.len() < MIRRORED_LINES / 2 {
            return Ok(false);
        }
        let mean = |sum: f32, count: usize| sum / count.max(1) as f32;
        let mirrored = mean(lines.iter().map(|l| l.line.confidence).sum(), lines.len());
        let plain = mean(read.lines.iter().map(|l| l.confidence).sum(), read.lines.len());
        Ok(zone::find(&lines).is_some() || mirrored >= WELL_READ.1 && mirrored > plain + CLEARER)
    }

    /// Returns the checks and fields of a zone: alone, and compared with the VIZ.
    fn check_zone(
        &self,
        read: &mut PageText,
        mut mrz: Mrz,
        fields: &mut Fields,
        today: Date,
    ) -> Result<Vec<Check>, Error> {
        let straight = |lines: &[TextLine]| read.printed(lines, today);
        let mut readings = vec![straight(&read.lines)];
        // An impossible value needs no confirmation, and was read a second time already.
        if mrz.is_plausible() {
            self.read_print_again(read, &mrz, &straight, &mut readings, today)?;
            self.correct_names(read, &mut mrz, &readings)?;
        }
        let dates = ZoneDates::resolve(&mrz, &readings, today);
        fields.extend(zone_fields::fields(&mrz, &dates));
        let mut checks = zone_checks::checks(&mrz, &dates, today);
        checks.extend(compare(&mrz, &dates, &readings, fields));
        checks.push(issue_date(&mrz, &dates, &readings, today, fields));
        read.mrz = Some(mrz);
        Ok(checks)
    }

    /// Turns a page upright and reads it.
    ///
    /// # Errors
    /// When a network fails.
    pub fn read_page(&mut self, page: Page) -> Result<PageText, Error> {
        let (page, turned) = self.orientation.upright(page)?;
        let edges = outline::edges(&page);
        let askew = edges.filter(|o| o.is_askew(&page)).map(|o| o.shown());
        let mut reading = self.look(&page, askew.as_ref())?;
        let mut sought = None;
        // The detected edges may not be the document's: the page is then read without them, unless a barcode identifies
        // it.
        if askew.is_some() && !reading.is_good() {
            if reading.mrz.is_none() {
                sought = Some(barcode::find(&page, edges.as_ref(), &[], Effort::Full));
            }
            if !matches!(sought, Some(Some(Barcode::Licence(_) | Barcode::Zone(_) | Barcode::Excerpt(_)))) {
                let plain = self.look(&page, None)?;
                if plain.rank() >= reading.rank() {
                    reading = plain;
                }
            }
        }
        if let Some(zone) = reading.mrz.take() {
            let best = self.zone_again(&page, zone, &reading.lines)?;
            reading.mrz = Some(with_shapes(&page, best));
        }
        let Reading { lines, mrz } = reading;
        let has_part_of_zone = mrz.is_none() && zone::has_first_line(&lines);
        let has_unknown_zone = mrz.is_none() && zone::has_unknown_form(&lines);
        let lines: Vec<TextLine> = lines.into_iter().map(|l| l.line).collect();
        let inside = |o: &Outline| lines.iter().filter(|l| o.quad.contains(l.quad.centre())).count();
        let shown = edges.filter(|o| inside(o) as f32 >= INSIDE * lines.len() as f32);
        let barcode = match sought {
            Some(sought) if shown.is_some() => sought,
            _ => barcode(&page, shown.as_ref(), mrz.as_ref()),
        };
        let outline = Outline::of(&page, shown, mrz.as_ref(), &lines);
        Ok(PageText { page, turned, lines, mrz, outline, has_part_of_zone, has_unknown_zone, barcode })
    }

    /// Finds and reads the text of a page: detected on the straightened `part`, read in the page's own pixels.
    fn look(&mut self, page: &Page, part: Option<&Quad>) -> Result<Reading, Error> {
        let quads = self.text.find_lines(page, part)?;
        let mut lines = self.text.read_lines(page, quads)?;
        let mrz = self.zone(page, &mut lines)?;
        Ok(Reading { lines, mrz })
    }

    /// Returns the machine readable zone. Rows that were detected in pieces are read again as one.
    fn zone(&mut self, page: &Page, lines: &mut Vec<ReadLine>) -> Result<Option<Mrz>, Error> {
        let found = zone::find(lines);
        if found.as_ref().is_some_and(Mrz::is_plausible) {
            return Ok(found);
        }
        let rows = zone::broken_rows(lines);
        for quad in rows {
            lines.push(self.text.read_line(page, quad)?);
        }
        let mut again = zone::find(lines);
        if let (Some(again), Some(found)) = (&mut again, &found) {
            again.contest(found, Rereading::SameNetwork);
        }
        Ok(better(found, again))
    }
}

impl PageText {
    /// Returns `lines` as the VIZ.
    fn printed(&self, lines: &[TextLine], today: Date) -> Printed {
        let zone: Vec<_> = self.mrz.iter().flat_map(|m| m.quads.iter().map(Quad::centre)).collect();
        Printed::new(&self.straight(lines), &self.straight_points(&zone), today)
    }

    /// Returns `lines` in the straightened document.
    fn straight(&self, lines: &[TextLine]) -> Vec<TextLine> {
        let map = self.outline.as_ref().and_then(Outline::straightening);
        let moved = |l: &TextLine| TextLine { quad: map.map_or(l.quad, |m| l.quad.mapped(&m)), ..l.clone() };
        lines.iter().map(moved).collect()
    }

    fn straight_points(&self, points: &[[f32; 2]]) -> Vec<[f32; 2]> {
        let map = self.outline.as_ref().and_then(Outline::straightening);
        points.iter().map(|p| map.map_or(*p, |m| m.apply(*p))).collect()
    }
}

impl Reading {
    fn mean_confidence(&self) -> f32 {
        self.lines.iter().map(|l| l.line.confidence).sum::<f32>() / self.lines.len().max(1) as f32
    }

    /// Returns whether another reading cannot improve this one.
    fn is_good(&self) -> bool {
        let (fewest, sure) = WELL_READ;
        match &self.mrz {
            // So many right digits do not occur by chance; other characters are read again one by one.
            Some(mrz) => 2 * mrz.right_digits() > mrz.check_digits.len(),
            None => self.lines.len() >= fewest && self.mean_confidence() >= sure,
        }
    }

    /// Ranks readings: with a zone first, then by the amount of text and its confidence.
    fn rank(&self) -> f32 {
        let zone = self.mrz.as_ref().map_or(0.0, |m| 1000.0 + zone::rank(m));
        let read: f32 = self.lines.iter().map(|l| l.line.text.len() as f32 * l.line.confidence).sum();
        zone + 0.01 * read
    }
}

/// Returns the zone with its look-alikes distinguished by their heights, where its check digits are ambiguous.
fn with_shapes(page: &Page, zone: Mrz) -> Mrz {
    if zone.has_right_digits() {
        return zone;
    }
    let measured = zone.with_shapes(page);
    measured.filter(|measured| measured.unproven().len() <= zone.unproven().len()).unwrap_or(zone)
}

/// Returns the fields of a document with only print, and whether it has expired.
fn printed_fields(read: &PageText, fields: &mut Fields, today: Date) -> Option<Check> {
    fields.extend(read.printed(&read.lines, today).fields());
    let expiry = fields.get(&FieldName::ExpiryDate).and_then(|f| dates(&f.value, today).first().copied());
    expiry.map(|date| zone_checks::check_expiry_day(date, today))
}

/// Returns the barcode of a page; next to a zone the search is short.
fn barcode(page: &Page, edges: Option<&Outline>, mrz: Option<&Mrz>) -> Option<Barcode> {
    match mrz {
        Some(mrz) => barcode::find(page, edges, &mrz.quads, Effort::Brief),
        None => barcode::find(page, edges, &[], Effort::Full),
    }
}

/// Compares the zone with the barcode; returns nothing for a page without a zone.
fn beside_zone(read: &PageText, fields: &mut Fields, today: Date) -> Option<Check> {
    let mrz = read.mrz.as_ref()?;
    let barcode = read.barcode.as_ref();
    let mut claimed = barcode.map(|code| code.fields(today));
    if let (Some(Barcode::Licence(_)), Some(claimed)) = (barcode, &mut claimed) {
        // A state may number its licences differently in barcode and MRZ.
        if claimed.get(&FieldName::DocumentNumber).is_some_and(|f| f.value != mrz.document_number) {
            claimed.remove(&FieldName::DocumentNumber);
        }
    }
    if let Some(claimed) = &claimed {
        without_doubtful(mrz, claimed, fields);
    }
    Some(compare_barcode(claimed.as_ref(), fields))
}

/// Assembles the findings of one page.
fn report(read: PageText, portraits: &Portraits, fields: Fields, checks: Vec<Check>) -> Report {
    let picture = |face: &Option<face::Detection>| face.as_ref().and_then(|f| cut_out(&read.page, f));
    Report {
        kind: Kind::Unknown,
        fields,
        checks,
        signals: Signals::default(),
        portrait: picture(&portraits.portrait),
        ghost: picture(&portraits.ghost),
        chip_portrait: None,
        signature: signature::find(&read.page, &read.lines),
        cannot_judge: None,
        outline: read.outline.map(|o| Outline { quad: Quad(o.quad.0.map(|p| read.page.in_file(p))), ..o }),
        turned: read.turned,
        lines: read.lines.len(),
        mrz: read.mrz,
    }
}

fn better(a: Option<Mrz>, b: Option<Mrz>) -> Option<Mrz> {
    match (a, b) {
        (Some(a), Some(b)) => Some(preferred(a, b)),
        (a, b) => a.or(b),
    }
}

fn preferred(a: Mrz, b: Mrz) -> Mrz {
    if zone::rank(&b) > zone::rank(&a) { b } else { a }
}
