//! One specimen from a seed and a plan.

use std::{
    io::Cursor,
    path::{Path, PathBuf},
};

use image::{ImageFormat, RgbImage, codecs::jpeg::JpegEncoder};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use time::{Date, Duration, macros::date};

use crate::{
    Error, camera,
    camera::{Map, Shot},
    canvas::{Area, Canvas},
    fonts::Fonts,
    holder::{Holder, pick},
    mrz, page,
    portraits::Portraits,
    recapture::{Press, Screen},
    style::{STATES, Style},
    truth::{Attack, Fields, Kind, Level, Truth},
};

/// The day specimens are made for, so that expiry does not depend on when tests run.
pub const TODAY: Date = date!(2026 - 11 - 01);

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub kind: Kind,
    pub level: Level,
    /// Quarter turns clockwise in the picture.
    pub turns: u8,
    pub attack: Option<Attack>,
}

/// A photographed document.
pub struct Specimen {
    pub jpeg: Vec<u8>,
    pub truth: Truth,
}

/// Faces, portraits and what to do with them.
pub struct Studio {
    fonts: Fonts,
    portraits: Portraits,
}

impl Studio {
    /// With the portraits in the repository's `fixtures/`.
    ///
    /// # Errors
    /// A font or a photograph is missing; the error says what to run.
    pub fn open() -> Result<Self, Error> {
        Self::with_faces(None)
    }

    /// And with those in a folder that has one folder of photographs for each person.
    ///
    /// # Errors
    /// As [`Studio::open`].
    pub fn with_faces(more: Option<&Path>) -> Result<Self, Error> {
        let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
        Ok(Self { fonts: Fonts::installed()?, portraits: Portraits::open(&fixtures, more)? })
    }

    /// Draws, photographs and, where the plan says so, forges one document.
    ///
    /// # Errors
    /// When a barcode or a JPEG cannot be encoded.
    pub fn make(&self, seed: u64, plan: &Plan) -> Result<Specimen, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let holder = Holder::drawn(&mut rng, TODAY);
        let style = Style::drawn(&mut rng, &self.fonts);
        let issued = issued(&mut rng, plan, &holder);
        let (printed, zone) = tampered(plan, &issued);
        let person = rng.random_range(0..self.portraits.people());
        let other = person + rng.random_range(1..self.portraits.people());
        let photo: usize = rng.random_range(0..64);
        let is = |attack| plan.attack == Some(attack);
        let shown = if is(Attack::PortraitPasted) { other } else { person };
        let content = page::Content {
            kind: plan.kind,
            printed: &printed,
            zone: &zone,
            coded: &coded(plan, &issued),
            payload: None,
            dates: None,
            birthplace: holder.birthplace,
            portrait: self.portraits.of(shown, photo),
            ghost: self.portraits.of(if is(Attack::GhostOfAnother) { other } else { person }, photo),
            pasted: is(Attack::PortraitPasted),
            foreign_characters: if is(Attack::ZoneFont) { 3 } else { 0 },
            foreign_value: is(Attack::PrintedFont).then(|| rng.random_range(0..3)),
        };
        let page = page::draw(&mut rng, &self.fonts, &style, &content)?;
        let shot = Shot::drawn(&mut rng, plan.level, plan.turns, plan.kind.size_mm());
        let mut picture = photographed(&mut rng, plan, &page.canvas, &shot);
        let map = shot.map(&page.canvas);
        if let (true, Some(area)) = (is(Attack::PortraitSpliced), page.portrait) {
            picture = spliced(&mut rng, &picture, self.portraits.of(other, photo), &map, area)?;
        }
        let jpeg = encoded(&picture, shot.quality)?;
        let jpeg = if is(Attack::Edited) { edited(&jpeg)? } else { jpeg };
        let placed = |area: Area| area.corners().map(|p| map.apply(p));
        let truth = Truth {
            seed,
            kind: plan.kind,
            level: plan.level,
            attack: plan.attack,
            fields: issued,
            zone,
            turns: plan.turns,
            quad: shot.quad,
            portrait: page.portrait.map(placed),
            ghost: page.ghost.map(placed),
            zone_lines: page.zone_lines.into_iter().map(placed).collect(),
            today: TODAY,
        };
        Ok(Specimen { jpeg, truth })
    }

    /// Draws and photographs a document with a zone and printed texts as given, whatever they are.
    ///
    /// # Errors
    /// When a barcode or a JPEG cannot be encoded.
    pub fn photograph(&self, seed: u64, plan: &Plan, custom: &Custom) -> Result<Vec<u8>, Error> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let holder = Holder::drawn(&mut rng, TODAY);
        let style = Style::drawn(&mut rng, &self.fonts);
        let fields = Fields {
            state: custom.state.clone(),
            surname: custom.surname.clone(),
            given_names: custom.given_names.clone(),
            number: custom.number.clone(),
            personal_number: None,
            ..issued(&mut rng, plan, &holder)
        };
        let person = rng.random_range(0..self.portraits.people());
        let content = page::Content {
            kind: plan.kind,
            printed: &fields,
            zone: &custom.zone,
            coded: &fields,
            payload: custom.barcode.as_deref(),
            dates: Some(&custom.dates),
            birthplace: holder.birthplace,
            portrait: self.portraits.of(person, 0),
            ghost: self.portraits.of(person, 0),
            pasted: false,
            foreign_characters: 0,
            foreign_value: None,
        };
        let page = page::draw(&mut rng, &self.fonts, &style, &content)?;
        let shot = Shot::drawn(&mut rng, plan.level, plan.turns, plan.kind.size_mm());
        encoded(&photographed(&mut rng, plan, &page.canvas, &shot), shot.quality)
    }
}

/// The printed fields of a document; none is derived.
#[derive(Clone, Debug, Default)]
pub struct Custom {
    pub zone: Vec<String>,
    pub state: String,
    pub surname: String,
    pub given_names: String,
    pub number: String,
    /// Birth, issue and expiry.
    pub dates: [String; 3],
    /// The text of the barcode on a licence or the back of a card.
    pub barcode: Option<String>,
}

/// The fields as the state issued them; an illogical document is issued so.
fn issued(rng: &mut impl Rng, plan: &Plan, holder: &Holder) -> Fields {
    let (state, ..) = *pick(rng, &STATES);
    let valid = Duration::days(3652);
    let age = Duration::days(rng.random_range(30..3400));
    let expired =
        if plan.attack == Some(Attack::Expired) { Duration::days(rng.random_range(3700..5000)) } else { age };
    let issue = TODAY - expired;
    let birth =
        if plan.attack == Some(Attack::Illogical) { issue + Duration::days(20) } else { holder.birth };
    let number = if plan.kind == Kind::Licence {
        format!("T{:08}", rng.random_range(0..100_000_000))
    } else {
        const FIRST: &[u8] = b"CFGHJKLMNPRTVWXYZ";
        let letters: String = (0..rng.random_range(1..3)).map(|_| char::from(*pick(rng, FIRST))).collect();
        let digits = 9 - letters.len();
        format!("{letters}{:0digits$}", rng.random_range(0..10_u32.pow(digits as u32)))
    };
    let personal_number = (plan.kind == Kind::Td3 && rng.random_bool(0.4))
        .then(|| format!("{:010}", rng.random_range(0_u64..10_000_000_000)));
    let mut fields = Fields {
        state: state.into(),
        nationality: state.into(),
        surname: holder.surname.to_uppercase(),
        given_names: holder.given_names.to_uppercase(),
        zone_surname: crate::zone_text(&holder.surname).replace('<', " "),
        zone_given_names: crate::zone_text(&holder.given_names).replace('<', " "),
        number,
        personal_number,
        sex: holder.sex,
        birth,
        issue,
        expiry: issue + valid,
    };
    if plan.kind == Kind::Licence {
        (fields.state, fields.nationality) = ("USA".into(), "USA".into());
    } else {
        (fields.zone_surname, fields.zone_given_names) =
            mrz::shown_names(plan.kind, &zone_of(plan.kind, &fields));
    }
    fields
}

fn zone_of(kind: Kind, fields: &Fields) -> Vec<String> {
    let content = mrz::Content {
        code: if kind == Kind::Td3 { "P<" } else { "ID" },
        state: &fields.state,
        nationality: &fields.nationality,
        surname: &fields.surname,
        given_names: &fields.given_names,
        number: &fields.number,
        birth: fields.birth,
        expiry: fields.expiry,
        sex: fields.sex,
        personal_number: fields.personal_number.as_deref(),
    };
    mrz::lines(kind, &content)
}

/// The content of the barcode after the forgery.
fn coded(plan: &Plan, issued: &Fields) -> Fields {
    let is_other = plan.attack == Some(Attack::BarcodeOther);
    let birth = if is_other { other_year(issued.birth) } else { issued.birth };
    Fields { birth, ..issued.clone() }
}

/// The same day seven years later.
fn other_year(date: Date) -> Date {
    date.replace_year(date.year() + 7).unwrap_or(date - Duration::days(2557))
}

/// The content of the VIZ and the machine readable zone after the forgery.
fn tampered(plan: &Plan, issued: &Fields) -> (Fields, Vec<String>) {
    let mut printed = issued.clone();
    let mut zone = zone_of(plan.kind, issued);
    match plan.attack {
        Some(Attack::PrintedNumber) => {
            let last = printed.number.pop().and_then(|c| c.to_digit(10)).unwrap_or(0);
            printed.number.push(char::from_digit((last + 4) % 10, 10).unwrap_or('0'));
        }
        Some(Attack::PrintedBirth) => printed.birth = other_year(printed.birth),
        Some(Attack::ZoneDigits) => mrz::spoil(plan.kind, &mut zone, "birth"),
        Some(Attack::ZoneNumber) => mrz::spoil(plan.kind, &mut zone, "number"),
        Some(Attack::ZoneRemade) => {
            let remade = Fields { birth: other_year(issued.birth), ..issued.clone() };
            zone = zone_of(plan.kind, &remade);
        }
        _ => {}
    }
    (printed, zone)
}

fn photographed(rng: &mut ChaCha8Rng, plan: &Plan, canvas: &Canvas, shot: &Shot) -> Canvas {
    let surface = canvas.mapped(camera::linear);
    let scale =
        canvas.width as f32 / (shot.quad[0][0] - shot.quad[1][0]).hypot(shot.quad[0][1] - shot.quad[1][1]);
    let exposed = match plan.attack {
        Some(Attack::Screen) => {
            let screen = Screen::drawn(rng, scale);
            shot.exposed(&surface, 5, |at| screen.light(&surface, at))
        }
        Some(Attack::PrintCopy) => {
            let press = Press::drawn(rng, canvas.width as f32 / plan.kind.size_mm().0);
            let copied = surface.blurred(1.2);
            shot.exposed(&surface, 4, |at| press.light(&copied, at))
        }
        _ => shot.exposed(&surface, 2, |[x, y]| surface.sample(x - 0.5, y - 0.5)),
    };
    shot.developed(rng, &exposed)
}

/// A portrait from another file, with its own compression and noise, put over the photograph's.
fn spliced(
    rng: &mut impl Rng,
    picture: &Canvas,
    face: &Canvas,
    map: &Map,
    area: Area,
) -> Result<Canvas, Error> {
    let from = encoded(picture, rng.random_range(80..92))?;
    let mut out = Canvas::from_image(&decoded(&from)?);
    let face = Canvas::from_image(&decoded(&encoded(face, rng.random_range(50..75))?)?);
    let corners = area.corners().map(|p| map.apply(p));
    let back = Map::between(corners, [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]);
    let span = |axis: usize| {
        let values = corners.map(|p| p[axis]);
        (
            values.iter().copied().fold(f32::MAX, f32::min) as i32,
            values.iter().copied().fold(0.0, f32::max) as i32,
        )
    };
    let (columns, rows) = (span(0), span(1));
    for y in rows.0..=rows.1 {
        for x in columns.0..=columns.1 {
            let [u, v] = back.apply([x as f32 + 0.5, y as f32 + 0.5]);
            if (0.0..1.0).contains(&u) && (0.0..1.0).contains(&v) {
                let colour = face.sample(u * face.width as f32 - 0.5, v * face.height as f32 - 0.5);
                out.blend(x, y, colour, 1.0);
            }
        }
    }
    Ok(out)
}

fn encoded(picture: &Canvas, quality: u8) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    picture.to_image().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))?;
    Ok(bytes)
}

fn decoded(jpeg: &[u8]) -> Result<RgbImage, Error> {
    Ok(image::load(Cursor::new(jpeg), ImageFormat::Jpeg)?.into_rgb8())
}

/// Opened and saved by an editor: compressed a second time, with the editor's name in EXIF.
fn edited(jpeg: &[u8]) -> Result<Vec<u8>, Error> {
    let again = encoded(&Canvas::from_image(&decoded(jpeg)?), 96)?;
    let software = b"Adobe Photoshop 25.0 (Windows)\0";
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x31\0\x02".to_vec();
    exif.extend((software.len() as u32).to_be_bytes());
    exif.extend(26_u32.to_be_bytes());
    exif.extend([0; 4]);
    exif.extend(software);
    let length = u16::try_from(exif.len() + 2).unwrap_or(u16::MAX);
    let (start, rest) = again.split_at(2);
    Ok([start, &[0xff, 0xe1], &length.to_be_bytes(), &exif, rest].concat())
}

/// What [`Level`] and [`Kind`] make of a number: plans that go through everything evenly.
impl Plan {
    /// The `index`th of a row of plans over kinds and quarter turns.
    pub fn nth(index: u64, level: Level, attack: Option<Attack>) -> Self {
        let kinds = Kind::ALL.len() as u64;
        Self { kind: Kind::ALL[(index % kinds) as usize], level, turns: (index / kinds % 4) as u8, attack }
    }
}
