//! The networks of one worker, and the straight line from a picture to what it says.

use models::Runtime;
use time::Date;

use crate::{
    Check, Error, Mrz, Page, TextLine,
    barcode::{self, Barcode, Effort},
    comparison::{compare, compare_barcode, is_settled},
    forensics::{self, Signals},
    geometry::Quad,
    orientation::PageOrientation,
    outline::{self, Outline, OutlineSource},
    portrait::{Faces, Portraits, cut_out},
    printed::{Printed, dates},
    quality::Quality,
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

/// What a page says.
#[derive(Clone, Debug)]
pub struct PageText {
    /// The page, upright.
    pub page: Page,
    /// By how many quarter turns clockwise it had been turned.
    pub turned: u8,
    /// Their quads in pixels of the page.
    pub lines: Vec<TextLine>,
    pub mrz: Option<Mrz>,
    /// Where the document lies; none on a page without edges and text.
    pub outline: Option<Outline>,
}

/// One reading of a page.
struct Reading {
    lines: Vec<ReadLine>,
    mrz: Option<Mrz>,
}

/// How a line of the zone is cut again when its check digits are wrong: shares of its height added left and right, above
/// and below.
const CUTS: [(f32, f32); 4] = [(0.3, 0.12), (0.0, -0.08), (0.5, 0.25), (0.2, 0.0)];

/// Most lines read a second time: 30 ms each.
const MOST_AGAIN: usize = 12;

/// Share of a page's lines that lie in the outline of its document.
const INSIDE: f32 = 0.7;
/// Lines and their mean confidence from which on a page without a zone counts as well read.
const WELL_READ: (usize, f32) = (4, 0.85);

/// Printed fields from which on a document without zone and barcode counts as read.
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

    /// Another engine for another worker. The two take turns with the large networks that little of the work needs.
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
    /// The file is no picture that can be decoded within bounds, or a network fails.
    pub fn inspect(&mut self, file: &[u8], today: Date) -> Result<Report, Error> {
        let page = Page::decode(file)?;
        let signals = Signals::of_file(file, &page);
        let read = self.read(page)?;
        let portraits = self.faces.find(&read.page)?;
        let mut fields = read.mrz.as_ref().map(|m| zone_fields::fields(m, today)).unwrap_or_default();
        let mut checks = zone_checks::checks(read.mrz.as_ref(), today);
        let barcode = barcode(&read);
        if let (None, Some(code)) = (&read.mrz, &barcode) {
            fields.extend(code.fields(today));
        }
        if let Some(Barcode::Licence(licence)) = &barcode {
            // The zone has answered some of its questions already.
            let asked: Vec<&str> = checks.iter().map(|c| c.name).collect();
            let more: Vec<Check> =
                licence.checks(today).into_iter().filter(|c| !asked.contains(&c.name)).collect();
            checks.extend(more);
        }
        if read.mrz.is_some() || fields.is_empty() {
            checks.extend(self.printed(&read, &mut fields, today)?);
        }
        checks.extend(beside_zone(&read, barcode.as_ref(), &mut fields, today));
        let quality = Quality::of(&read.page, &read.lines, read.outline.as_ref());
        checks.extend(quality.checks());
        let has_read = read.mrz.is_some() || barcode.is_some() || fields.len() >= ENOUGH_FIELDS;
        let cannot_judge = (!has_read).then(|| quality.advice(read.lines.len()));
        let kind = match (&read.mrz, &barcode) {
            (Some(mrz), _) => zone_fields::kind(mrz),
            (None, Some(Barcode::Licence(licence))) => licence.kind(),
            _ => Kind::Unknown,
        };
        let signals = signals.with_page(&read, &portraits);
        checks.extend(forensics::checks(&signals));
        Ok(Report { kind, cannot_judge, signals, ..report(read, &portraits, fields, checks) })
    }

    /// The printed zone: confirms what the machine readable zone says, or without one gives the fields. What is not
    /// settled at first reading is read again by the larger network.
    fn printed(&self, read: &PageText, fields: &mut Fields, today: Date) -> Result<Vec<Check>, Error> {
        let zone: Vec<_> = read.mrz.iter().flat_map(|m| m.quads.iter().map(Quad::centre)).collect();
        let straight =
            |lines: &[TextLine]| Printed::new(&read.straight(lines), &read.straight_points(&zone), today);
        let mut readings = vec![straight(&read.lines)];
        let Some(mrz) = &read.mrz else {
            fields.extend(readings[0].fields());
            let expiry =
                fields.get(&FieldName::ExpiryDate).and_then(|f| dates(&f.value, today).first().copied());
            return Ok(expiry.map(|date| zone_checks::expired(date, today)).into_iter().collect());
        };
        let checks = compare(mrz, &readings, today, &mut fields.clone());
        if !is_settled(&checks)
            && let Some(lines) = self.doubtful(read, &zone)?
        {
            readings.push(straight(&lines));
        }
        let mut checks = compare(mrz, &readings, today, fields);
        checks.push(issue_date(mrz, &readings, today, fields));
        Ok(checks)
    }

    /// The lines of the page with the doubtful ones read again.
    fn doubtful(&self, read: &PageText, zone: &[[f32; 2]]) -> Result<Option<Vec<TextLine>>, Error> {
        let is_zone = |l: &TextLine| zone.iter().any(|c| l.quad.contains(*c));
        let mut lines = read.lines.clone();
        let mut doubtful: Vec<usize> = (0..lines.len()).filter(|i| !is_zone(&lines[*i])).collect();
        // Figures first, then what was read worst: labels need no second look.
        let figures = |l: &TextLine| l.text.chars().filter(char::is_ascii_digit).count() >= 2;
        doubtful.sort_by(|a, b| {
            let (a, b) = (&lines[*a], &lines[*b]);
            figures(b).cmp(&figures(a)).then(a.confidence.total_cmp(&b.confidence))
        });
        for i in doubtful.into_iter().take(MOST_AGAIN) {
            let Some(again) = self.text.read_again(&read.page, lines[i].quad)? else { return Ok(None) };
            lines[i] = again.line;
        }
        Ok(Some(lines))
    }

    /// Turns a page upright and reads it.
    ///
    /// # Errors
    /// When a network fails.
    pub fn read(&mut self, page: Page) -> Result<PageText, Error> {
        let (page, turned) = self.orientation.upright(page)?;
        let edges = outline::edges(&page);
        let askew = edges.filter(|o| o.is_askew(&page)).map(|o| o.shown());
        let mut reading = self.look(&page, askew.as_ref())?;
        // What was taken for the document's edges may be something else: then the page is read as it is.
        if askew.is_some() && !reading.is_good() {
            let plain = self.look(&page, None)?;
            if plain.rank() >= reading.rank() {
                reading = plain;
            }
        }
        let lines: Vec<TextLine> = reading.lines.into_iter().map(|l| l.line).collect();
        let inside = |o: &Outline| lines.iter().filter(|l| o.quad.contains(l.quad.centre())).count();
        let edges = edges.filter(|o| inside(o) as f32 >= INSIDE * lines.len() as f32);
        let outline = Outline::of(&page, edges, reading.mrz.as_ref(), &lines);
        Ok(PageText { page, turned, lines, mrz: reading.mrz, outline })
    }

    /// Finds and reads the text of a page; it is sought on `part` made straight, and read in the page's own pixels.
    fn look(&mut self, page: &Page, part: Option<&Quad>) -> Result<Reading, Error> {
        let quads = self.text.find(page, part)?;
        let mut lines = self.text.read(page, quads)?;
        let mrz = self.zone(page, &mut lines)?;
        Ok(Reading { lines, mrz })
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

impl PageText {
    /// `lines` as they lie when the document is made straight.
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

    /// Whether nothing is to be gained by another look.
    fn is_good(&self) -> bool {
        let (fewest, sure) = WELL_READ;
        match &self.mrz {
            Some(mrz) => mrz.all_digits_right(),
            None => self.lines.len() >= fewest && self.mean_confidence() >= sure,
        }
    }

    /// A zone first, then how much was read and how surely.
    fn rank(&self) -> f32 {
        let zone = self.mrz.as_ref().map_or(0.0, |m| 1000.0 + zone::rank(m));
        let read: f32 = self.lines.iter().map(|l| l.line.text.len() as f32 * l.line.confidence).sum();
        zone + 0.01 * read
    }
}

/// The barcode of a page; beside a zone it is sought with little effort.
fn barcode(read: &PageText) -> Option<Barcode> {
    let quads = read.mrz.as_ref().map_or(&[][..], |m| &m.quads);
    let effort = if read.mrz.is_some() { Effort::Brief } else { Effort::Full };
    let edges = read.outline.as_ref().filter(|o| o.source == OutlineSource::Edges);
    barcode::find(&read.page, edges, quads, effort)
}

/// The zone against the barcode; nothing of a page without a zone.
fn beside_zone(
    read: &PageText,
    barcode: Option<&Barcode>,
    fields: &mut Fields,
    today: Date,
) -> Option<Check> {
    let mrz = read.mrz.as_ref()?;
    let mut claimed = barcode.map(|code| code.fields(today));
    if let (Some(Barcode::Licence(_)), Some(told)) = (barcode, &mut claimed) {
        // A state may number its licences apart from what the zone tells.
        if told.get(&FieldName::DocumentNumber).is_some_and(|f| f.value != mrz.document_number) {
            told.remove(&FieldName::DocumentNumber);
        }
    }
    Some(compare_barcode(claimed.as_ref(), fields))
}

/// The printed date of issue, which the zone lacks: after birth, before expiry, not in the future. A date that is another
/// one's says nothing.
fn issue_date(mrz: &Mrz, readings: &[Printed], today: Date, fields: &mut Fields) -> Check {
    const NAME: &str = "issue_date_logic";
    let each: Vec<Fields> = readings.iter().map(Printed::fields).collect();
    for name in [FieldName::IssueDate, FieldName::FatherName] {
        if let Some(field) = each.iter().find_map(|f| f.get(&name)) {
            fields.insert(name, field.clone());
        }
    }
    let printed: Vec<Date> = each
        .iter()
        .filter_map(|f| dates(&f.get(&FieldName::IssueDate)?.value, today).first().copied())
        .collect();
    let (birth, expiry) = (mrz.birth_date(today), mrz.expiry_date(today));
    let of_its_own = |d: &&Date| Some(**d) != birth && Some(**d) != expiry;
    let Some(issue) = printed.iter().find(of_its_own).filter(|d| printed.iter().all(|other| other == *d))
    else {
        fields.remove(&FieldName::IssueDate);
        return Check::not_checked(NAME, false, "no printed date of issue could be read");
    };
    let problem = if birth.is_some_and(|b| *issue <= b) {
        Some("issued before the holder's birth")
    } else if expiry.is_some_and(|e| *issue >= e) {
        Some("issued after its expiry")
    } else if *issue > today {
        Some("issued after today")
    } else {
        None
    };
    Check::gating(NAME, problem.is_none(), problem.unwrap_or("birth before issue, issue before expiry"))
}

/// Puts together what was found on one page.
fn report(read: PageText, portraits: &Portraits, fields: Fields, checks: Vec<Check>) -> Report {
    let picture = |face: &Option<face::Detection>| face.as_ref().and_then(|f| cut_out(&read.page, f));
    Report {
        kind: Kind::Unknown,
        fields,
        checks,
        signals: Signals::default(),
        portrait: picture(&portraits.portrait),
        ghost: picture(&portraits.ghost),
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
        (Some(a), Some(b)) => Some(if zone::rank(&b) > zone::rank(&a) { b } else { a }),
        (a, b) => a.or(b),
    }
}
