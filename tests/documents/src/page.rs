//! The face of a document, drawn.

use rand::Rng;

use crate::{
    Error,
    canvas::{Area, Canvas},
    fonts::{self, Fonts, Setting},
    licence,
    style::{STATES, Style},
    truth::{Fields, Kind},
};

/// The content of a page: the two zones differ when one was tampered with.
pub struct Content<'a> {
    pub kind: Kind,
    pub printed: &'a Fields,
    pub zone: &'a [String],
    /// The content of a barcode.
    pub coded: &'a Fields,
    /// The barcode's text itself, where it is not made of the fields.
    pub payload: Option<&'a str>,
    /// Birth, issue and expiry as they are printed, where not in the style's way.
    pub dates: Option<&'a [String; 3]>,
    pub birthplace: &'a str,
    pub portrait: &'a Canvas,
    pub ghost: &'a Canvas,
    /// Draw the portrait as glued on, with the edge and shadow of paper.
    pub pasted: bool,
    /// This many characters of the zone in another face.
    pub foreign_characters: usize,
    /// This row of values in another face and size: 0 the surname, 1 the birth date, 2 the number.
    pub foreign_value: Option<usize>,
}

/// A drawn page and where its parts are, in pixels of the canvas.
pub struct Page {
    pub canvas: Canvas,
    pub portrait: Option<Area>,
    pub ghost: Option<Area>,
    pub zone_lines: Vec<Area>,
}

const INK: [f32; 3] = [0.08, 0.08, 0.1];
/// Character pitch and height of a capital of OCR-B size I, and the distance of two base lines, in millimetres.
const ZONE_PITCH: f32 = 2.54;
const ZONE_CAPITAL: f32 = 2.4;
const ZONE_LEADING: f32 = 6.35;
const CARD_LEADING: f32 = 4.7;

/// Draws a page.
///
/// # Errors
/// A licence's barcode cannot be made.
pub fn draw(rng: &mut impl Rng, fonts: &Fonts, style: &Style, content: &Content<'_>) -> Result<Page, Error> {
    let (width, height) = content.kind.size_mm();
    // A page fills about the same share of a picture whatever its size, so small ones are drawn finer.
    let mm = 1500.0 / width;
    let mut canvas = Canvas::of((width * mm) as usize, (height * mm) as usize, style.paper);
    guilloche(rng, &mut canvas, style);
    let mut pen = Pen { canvas, fonts, style, mm, rows: 0 };
    if matches!(content.kind, Kind::Licence | Kind::CardBack) {
        back(rng, &mut pen, content)?;
        let zone_lines = pen.zone(rng, content);
        return Ok(Page { canvas: pen.canvas, portrait: None, ghost: None, zone_lines });
    }
    let (portrait, ghost) = pen.pictures(content);
    pen.fields(rng, content);
    let zone_lines = pen.zone(rng, content);
    Ok(Page { canvas: pen.canvas, portrait: Some(portrait), ghost: Some(ghost), zone_lines })
}

/// Families of fine waves and a rosette, as security printing has them.
fn guilloche(rng: &mut impl Rng, canvas: &mut Canvas, style: &Style) {
    let (w, h) = (canvas.width as f32, canvas.height as f32);
    for ink in style.lines {
        let (lines, bend, waves) =
            (rng.random_range(18..40), rng.random_range(0.02..0.12) * h, rng.random_range(1.0..4.0));
        let phase: f32 = rng.random_range(0.0..6.0);
        for line in 0..lines {
            let base = h * (line as f32 + 0.5) / lines as f32;
            let curve = (0..=90).map(|i| {
                let x = w * i as f32 / 90.0;
                let angle = x / w * waves * std::f32::consts::TAU + phase;
                [x, base + bend * angle.sin() * (1.0 + 0.3 * (line as f32 * 0.4).cos())]
            });
            canvas.stroke(curve, 0.8, ink, style.strength);
        }
    }
    let (cx, cy, r) = (w * rng.random_range(0.45..0.8), h * 0.4, h * rng.random_range(0.15..0.3));
    let petals = rng.random_range(5..13) as f32;
    for ring in 0..8 {
        let rosette = (0..=240).map(|i| {
            let angle = i as f32 / 240.0 * std::f32::consts::TAU;
            let reach = r * (0.6 + 0.05 * ring as f32 + 0.25 * (petals * angle + ring as f32 * 0.3).sin());
            [cx + reach * angle.cos(), cy + reach * angle.sin()]
        });
        canvas.stroke(rosette, 0.8, style.lines[1], style.strength);
    }
}

struct Pen<'a> {
    canvas: Canvas,
    fonts: &'a Fonts,
    style: &'a Style,
    /// Pixels to a millimetre.
    mm: f32,
    rows: usize,
}

impl Pen<'_> {
    fn label(&self) -> Setting<'_> {
        let ink = [0.25, 0.25, 0.35];
        Setting { font: &self.fonts.text[self.style.label_font], capital: 1.25 * self.mm, ink }
    }

    /// A label and its value under it, at millimetres; `size` of a capital likewise.
    fn cell(&mut self, [x, y]: [f32; 2], label: &str, value: &str, size: f32, foreign: bool) {
        let mut canvas = std::mem::replace(&mut self.canvas, Canvas::of(1, 1, INK));
        self.rows += 1;
        let label = if self.style.numbered { format!("{}. {label}", self.rows) } else { label.to_owned() };
        fonts::set(&mut canvas, self.label(), [x * self.mm, y * self.mm], &label);
        let (font, size) = if foreign {
            (&self.fonts.impostors[0], size * 1.12)
        } else {
            (&self.fonts.text[self.style.value_font], size)
        };
        let how = Setting { font, capital: size * self.mm, ink: INK };
        fonts::set(&mut canvas, how, [x * self.mm, (y + size + 1.1) * self.mm], value);
        self.canvas = canvas;
    }

    fn title(&mut self, at: [f32; 2], size: f32, text: &str) {
        let how = Setting {
            font: &self.fonts.text[1],
            capital: size * self.mm,
            ink: self.style.lines[0].map(|v| v * 0.5),
        };
        fonts::set(&mut self.canvas, how, at.map(|v| v * self.mm), text);
    }

    fn pictures(&mut self, content: &Content<'_>) -> (Area, Area) {
        let (width, _) = content.kind.size_mm();
        let (x, y, w) = match content.kind {
            Kind::Td3 => (5.0, 22.0, 30.0),
            Kind::Td2 => (4.0, 13.0, 25.0),
            Kind::Td1 | Kind::Licence | Kind::CardBack => (3.5, 8.5, 20.0),
        };
        let area = |x: f32, y: f32, w: f32| Area {
            x: x * self.mm,
            y: y * self.mm,
            w: w * self.mm,
            h: w * self.mm * 9.0 / 7.0,
        };
        let portrait = area(x, y, w);
        let small = w * 0.42;
        let ghost = area(width - small - 3.0, y + w * 9.0 / 7.0 - small * 9.0 / 7.0, small);
        let paper = self.style.paper;
        // Printed faintly and in one colour, over the lines.
        self.canvas.place(content.ghost, ghost, |under, over| {
            let grey = over[0] * 0.3 + over[1] * 0.59 + over[2] * 0.11;
            std::array::from_fn(|i| under[i] * (0.45 + 0.55 * grey) * 0.85 + paper[i] * 0.15 * grey)
        });
        if content.pasted {
            let edge =
                Area { x: portrait.x - 3.0, y: portrait.y - 3.0, w: portrait.w + 10.0, h: portrait.h + 10.0 };
            self.canvas.fill(edge, [0.1, 0.1, 0.1], 0.35);
            let rim =
                Area { x: portrait.x - 3.0, y: portrait.y - 3.0, w: portrait.w + 6.0, h: portrait.h + 6.0 };
            self.canvas.fill(rim, [0.97, 0.97, 0.97], 1.0);
            self.canvas.place(content.portrait, portrait, |_, over| over);
        } else {
            self.canvas.place(content.portrait, portrait, |under, over| {
                std::array::from_fn(|i| over[i] * 0.93 + 0.07 * under[i])
            });
        }
        (portrait, ghost)
    }

    fn fields(&mut self, rng: &mut impl Rng, content: &Content<'_>) {
        let (f, l) = (content.printed, self.style.labels);
        let state = STATES.iter().find(|s| s.0 == f.state).map_or("UTOPIA", |s| s.1);
        let national = STATES.iter().find(|s| s.0 == f.nationality).map_or("UTOPIAN", |s| s.2);
        let styled = || [f.birth, f.issue, f.expiry].map(|d| self.style.date(d));
        let [birth, issue, expiry] = content.dates.cloned().unwrap_or_else(styled);
        let sex = f.sex.to_string();
        let personal = f.personal_number.as_deref().unwrap_or("");
        let foreign = |row| content.foreign_value == Some(row);
        match content.kind {
            Kind::Td3 => {
                self.title([40.0, 8.0], 3.4, state);
                self.title([5.0, 8.0], 2.6, "PASSPORT");
                let (x, mid, right, v) = (40.0, 72.0, 96.0, 2.1);
                self.cell([x, 12.5], "Type", "P", v, false);
                self.cell([58.0, 12.5], "Code", &f.state, v, false);
                self.cell([right - 16.0, 12.5], l.number, &f.number, v, foreign(2));
                self.cell([x, 19.5], l.surname, &f.surname, v, foreign(0));
                self.cell([x, 26.5], l.given_names, &f.given_names, v, false);
                self.cell([x, 33.5], l.nationality, national, v, false);
                self.cell([x, 40.5], l.birth, &birth, v, foreign(1));
                if !personal.is_empty() {
                    self.cell([right - 10.0, 40.5], l.personal_number, personal, v, false);
                }
                self.cell([x, 47.5], l.sex, &sex, v, false);
                self.cell([mid - 10.0, 47.5], l.birthplace, content.birthplace, v, false);
                self.cell([x, 54.5], l.issue, &issue, v, false);
                self.cell([x, 61.0], l.expiry, &expiry, v, false);
                self.signature(rng, [88.0, 62.0], 22.0);
            }
            Kind::Td2 => {
                self.title([4.0, 7.0], 2.8, state);
                self.title([62.0, 7.0], 2.4, "IDENTITY CARD");
                let (x, mid, v) = (33.0, 72.0, 1.9);
                self.cell([x, 13.0], l.surname, &f.surname, v, foreign(0));
                self.cell([x, 19.5], l.given_names, &f.given_names, v, false);
                self.cell([x, 26.0], l.birth, &birth, v, foreign(1));
                self.cell([mid + 6.0, 26.0], l.sex, &sex, v, false);
                self.cell([x, 32.5], l.nationality, national, v, false);
                self.cell([x, 52.0], l.number, &f.number, v, foreign(2));
                self.cell([x, 39.0], l.issue, &issue, v, false);
                self.cell([x, 45.5], l.expiry, &expiry, v, false);
                self.signature(rng, [74.0, 50.5], 16.0);
            }
            Kind::Td1 | Kind::Licence | Kind::CardBack => {
                self.title([3.5, 5.6], 2.2, state);
                self.title([52.0, 5.6], 1.9, "IDENTITY CARD");
                let (x, v) = (25.5, 1.6);
                self.cell([x, 9.6], l.surname, &f.surname, v, foreign(0));
                self.cell([x, 14.8], l.given_names, &f.given_names, v, false);
                self.cell([x, 20.0], l.birth, &birth, v, foreign(1));
                self.cell([64.0, 20.0], l.sex, &sex, v, false);
                self.cell([x, 25.2], l.number, &f.number, v, foreign(2));
                self.cell([x, 30.4], l.expiry, &expiry, v, false);
                self.cell([50.0, 25.2], l.nationality, national, v, false);
            }
        }
    }

    /// A scrawl of the holder's.
    fn signature(&mut self, rng: &mut impl Rng, [x, y]: [f32; 2], length: f32) {
        let (a, b, c): (f32, f32, f32) =
            (rng.random_range(5.0..9.0), rng.random_range(9.0..16.0), rng.random_range(0.0..6.0));
        let mm = self.mm;
        let curve = (0..=160).map(|i| {
            let t = i as f32 / 160.0;
            let up = 2.6 * (a * t * 4.0 + c).sin() * (1.0 - 0.6 * t) + 0.8 * (b * t * 5.0).sin();
            [(x + length * t + 1.4 * (b * t * 3.0).cos()) * mm, (y - up) * mm]
        });
        self.canvas.stroke(curve, 0.16 * mm, [0.1, 0.12, 0.35], 0.9);
    }

    fn zone(&mut self, rng: &mut impl Rng, content: &Content<'_>) -> Vec<Area> {
        let (width, height) = content.kind.size_mm();
        let count = content.zone.len();
        let characters = content.zone.first().map_or(0, String::len);
        let leading = if count == 3 { CARD_LEADING } else { ZONE_LEADING };
        let left = (width - characters as f32 * ZONE_PITCH) / 2.0;
        let foreign = foreign_places(rng, content);
        let mut areas = Vec::new();
        for (row, line) in content.zone.iter().enumerate() {
            let base = height - 4.0 - leading * (count - 1 - row) as f32;
            for (column, c) in line.chars().enumerate() {
                let is_foreign = foreign.contains(&(row, column));
                let font = if is_foreign { &self.fonts.impostors[1] } else { &self.fonts.zone };
                let how = Setting { font, capital: ZONE_CAPITAL * self.mm, ink: INK };
                let at = [(left + column as f32 * ZONE_PITCH) * self.mm, base * self.mm];
                fonts::set_in_cell(&mut self.canvas, how, at, ZONE_PITCH * self.mm, c);
            }
            areas.push(Area {
                x: left * self.mm,
                y: (base - ZONE_CAPITAL) * self.mm,
                w: characters as f32 * ZONE_PITCH * self.mm,
                h: ZONE_CAPITAL * self.mm,
            });
        }
        areas
    }
}

/// Characters of the second line (a name's fillers say nothing) that a forger would have set.
fn foreign_places(rng: &mut impl Rng, content: &Content<'_>) -> Vec<(usize, usize)> {
    let is_card = matches!(content.kind, Kind::Td1 | Kind::CardBack);
    let row = if is_card { 0 } else { 1 };
    let (start, end) = if is_card { (5, 14) } else { (0, 9) };
    let last = end - content.foreign_characters.min(end - start);
    let from = if last > start { rng.random_range(start..=last) } else { start };
    (from..from + content.foreign_characters).map(|column| (row, column)).collect()
}

/// The back of a licence, or of a card with a zone: a barcode and little print.
fn back(rng: &mut impl Rng, pen: &mut Pen<'_>, content: &Content<'_>) -> Result<(), Error> {
    let issuer = rng.random_range(0..licence::ISSUERS.len());
    let payload = content.payload.map_or_else(|| licence::payload(content.coded, issuer), str::to_owned);
    let rows = licence::barcode(&payload)?;
    if content.kind == Kind::CardBack {
        barcode(pen, &rows, 8.5);
        pen.title([7.0, 5.0], 1.5, &format!("DOCUMENT No. {}", content.printed.number));
        return Ok(());
    }
    barcode(pen, &rows, 26.0);
    pen.title([7.0, 6.0], 1.8, "CLASS D: SINGLE VEHICLE UNDER 26,001 LBS");
    pen.title([7.0, 10.0], 1.8, "RESTRICTIONS: NONE   ENDORSEMENTS: NONE");
    pen.title([7.0, 14.0], 1.5, &format!("DD {}", content.printed.number));
    Ok(())
}

/// Draws the modules so many millimetres below the upper edge.
fn barcode(pen: &mut Pen<'_>, rows: &[Vec<bool>], down: f32) {
    let (w, _) = Kind::Licence.size_mm();
    let columns = rows.first().map_or(1, Vec::len);
    let wide = 72.0;
    let module = wide / columns as f32 * pen.mm;
    let (left, top) = ((w - wide) / 2.0 * pen.mm, down * pen.mm);
    let quiet = 2.0 * pen.mm;
    let high = rows.len() as f32 * licence::ROW * module;
    pen.canvas.fill(
        Area { x: left - quiet, y: top - quiet, w: wide * pen.mm + 2.0 * quiet, h: high + 2.0 * quiet },
        [1.0; 3],
        1.0,
    );
    let (first, last) = (top as usize, (top + high) as usize);
    for y in first..last.min(pen.canvas.height) {
        let row = (((y as f32 + 0.5 - top) / (licence::ROW * module)) as usize).min(rows.len() - 1);
        for x in left as usize..(left + wide * pen.mm) as usize {
            let column = (((x as f32 + 0.5 - left) / module).max(0.0) as usize).min(columns - 1);
            if rows[row][column] {
                pen.canvas.blend(x as i32, y as i32, INK, 1.0);
            }
        }
    }
}
