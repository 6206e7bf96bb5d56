//! The faces that Debian installs for us.

use ab_glyph::{Font, FontVec, GlyphId, PxScale, ScaleFont, point};

use crate::{Error, canvas::Canvas};

/// Faces by use.
pub struct Fonts {
    /// OCR-B, the zone's face.
    pub zone: FontVec,
    /// Monospaced faces that are not OCR-B.
    pub impostors: Vec<FontVec>,
    /// Faces for labels and values, upright.
    pub text: Vec<FontVec>,
}

const ZONE: &str = "opentype/ocr-b/OCRB.otf";
const IMPOSTORS: [&str; 2] =
    ["truetype/liberation/LiberationMono-Bold.ttf", "truetype/dejavu/DejaVuSansMono.ttf"];
const TEXT: [&str; 5] = [
    "truetype/liberation/LiberationSans-Regular.ttf",
    "truetype/liberation/LiberationSans-Bold.ttf",
    "truetype/dejavu/DejaVuSans.ttf",
    "truetype/liberation/LiberationSansNarrow-Regular.ttf",
    "truetype/liberation/LiberationSerif-Bold.ttf",
];

impl Fonts {
    /// Reads them from where Debian keeps fonts.
    ///
    /// # Errors
    /// One is missing.
    pub fn installed() -> Result<Self, Error> {
        let read = |name: &str| {
            let bytes =
                std::fs::read(format!("/usr/share/fonts/{name}")).map_err(|_| Error::Font(name.into()))?;
            FontVec::try_from_vec(bytes).map_err(|_| Error::Font(name.into()))
        };
        let all = |names: &[&str]| names.iter().map(|n| read(n)).collect::<Result<Vec<_>, _>>();
        Ok(Self { zone: read(ZONE)?, impostors: all(&IMPOSTORS)?, text: all(&TEXT)? })
    }
}

/// How a text is set.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub font: &'a FontVec,
    /// Height of a capital, pixels.
    pub capital: f32,
    pub ink: [f32; 3],
}

/// Sets `text` with its base line's left end at (x, y); gives its width in pixels.
pub fn set(canvas: &mut Canvas, how: Setting<'_>, [mut x, y]: [f32; 2], text: &str) -> f32 {
    let scale = scale_of(how.font, how.capital);
    let scaled = how.font.as_scaled(scale);
    let (start, mut before) = (x, None::<GlyphId>);
    for c in text.chars() {
        let id = how.font.glyph_id(c);
        x += before.map_or(0.0, |b| scaled.kern(b, id));
        stamp(canvas, how, scale, id, [x, y]);
        x += scaled.h_advance(id);
        before = Some(id);
    }
    x - start
}

/// One character, centred in a cell `pitch` pixels wide that begins at x: how a zone is set.
pub fn set_in_cell(canvas: &mut Canvas, how: Setting<'_>, [x, y]: [f32; 2], pitch: f32, c: char) {
    let scale = scale_of(how.font, how.capital);
    let id = how.font.glyph_id(c);
    let slack = pitch - how.font.as_scaled(scale).h_advance(id);
    stamp(canvas, how, scale, id, [x + slack / 2.0, y]);
}

fn scale_of(font: &FontVec, capital: f32) -> PxScale {
    let trial = PxScale::from(1000.0);
    let outlined = font.outline_glyph(font.glyph_id('H').with_scale(trial));
    let height = outlined.map_or(700.0, |g| g.px_bounds().height());
    PxScale::from(1000.0 * capital / height.max(1.0))
}

fn stamp(canvas: &mut Canvas, how: Setting<'_>, scale: PxScale, id: GlyphId, [x, y]: [f32; 2]) {
    let Some(outline) = how.font.outline_glyph(id.with_scale_and_position(scale, point(x, y))) else {
        return;
    };
    let corner = outline.px_bounds().min;
    outline.draw(|dx, dy, cover| {
        canvas.blend(corner.x as i32 + dx as i32, corner.y as i32 + dy as i32, how.ink, cover);
    });
}
