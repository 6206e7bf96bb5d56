//! The holder's picture on a document, its smaller repetition, and the signature.

use std::sync::{Arc, Mutex, PoisonError};

use face::{Detection, Embedding, Rect, Stills};
use image::{RgbImage, codecs::jpeg::JpegEncoder, imageops};
use media::Picture;
use models::Runtime;

use crate::{Error, Page};

/// Longer side of what faces are sought on, pixels: enough for a ghost of a hundredth of the page.
const SOUGHT_ON: u32 = 1600;
/// Margins of the crop around a face, in units of its box: to either side, above and below.
const AROUND: (f32, f32, f32) = (0.45, 0.55, 0.45);
const JPEG_QUALITY: u8 = 90;
/// A second face is the holder's repeated when its cosine to the first is at least this: ghosts are small, pale and
/// printed over, so this is below what says "same person" of two photos.
const SAME_AS_GHOST: f32 = 0.25;
/// A second face narrower than this has too little for the comparison to speak against it, pixels of the page: the network
/// looks at 112.
const NARROWEST: f32 = 48.0;

/// The faces on a page. The engines of a process take turns with the networks, which are the largest here and a small
/// part of the work.
#[derive(Clone)]
pub(crate) struct Faces {
    stills: Arc<Mutex<Stills>>,
}

/// What faces were found, in pixels of the page.
#[derive(Clone, Debug, Default)]
pub struct Portraits {
    pub portrait: Option<Detection>,
    pub ghost: Option<Detection>,
    /// Cosine of the portrait and its ghost, -1 to 1.
    pub likeness: Option<f32>,
    pub embedding: Option<Embedding>,
}

impl Faces {
    pub fn load(runtime: &Runtime) -> Result<Self, Error> {
        Ok(Self { stills: Arc::new(Mutex::new(Stills::load(runtime)?)) })
    }

    /// The largest face is the portrait; a smaller one that resembles it is its ghost.
    pub fn find_portraits(&self, page: &Page) -> Result<Portraits, Error> {
        let scale = page.width().max(page.height()) as f32 / SOUGHT_ON as f32;
        let (picture, scale) = if scale > 1.0 {
            let side = |v: u32| ((v as f32 / scale) as u32).max(1);
            let small = crate::page::resized(&page.rgb, side(page.width()), side(page.height()));
            (Picture::from_rgb(&small), scale)
        } else {
            (Picture::from_rgb(&page.rgb), 1.0)
        };
        let mut stills = self.stills.lock().unwrap_or_else(PoisonError::into_inner);
        let mut faces = stills.faces(&picture)?.into_iter();
        let Some(first) = faces.next() else { return Ok(Portraits::default()) };
        let embedding = stills.embed(&picture, &first)?;
        let (mut ghost, mut likeness) = (None, None);
        for other in faces.take(2) {
            let alike = stills.embed(&picture, &other)?.cosine(&embedding);
            if likeness.is_none_or(|best| alike > best) {
                likeness = (alike >= SAME_AS_GHOST || other.rect.w * scale >= NARROWEST).then_some(alike);
                ghost = (alike >= SAME_AS_GHOST).then_some(other);
            }
        }
        Ok(Portraits {
            portrait: Some(enlarged(&first, scale)),
            ghost: ghost.map(|g| enlarged(&g, scale)),
            likeness,
            embedding: Some(embedding),
        })
    }
}

fn enlarged(face: &Detection, scale: f32) -> Detection {
    let r = face.rect;
    Detection {
        rect: Rect { x: r.x * scale, y: r.y * scale, w: r.w * scale, h: r.h * scale },
        points: face.points.map(|p| p.map(|v| v * scale)),
        score: face.score,
    }
}

/// Head and shoulders of `face` as JPEG; none when it lies outside the page.
pub(crate) fn cut_out(page: &Page, face: &Detection) -> Option<Vec<u8>> {
    let (side, above, below) = AROUND;
    let r = face.rect;
    jpeg(&cropped(
        page,
        &Rect {
            x: r.x - side * r.w,
            y: r.y - above * r.h,
            w: r.w * (1.0 + 2.0 * side),
            h: r.h * (1.0 + above + below),
        },
    )?)
}

/// What of `rect` lies on the page.
pub(crate) fn cropped(page: &Page, rect: &Rect) -> Option<RgbImage> {
    let edge = |v: f32, most: u32| v.clamp(0.0, most as f32) as u32;
    let (left, top) = (edge(rect.x, page.width()), edge(rect.y, page.height()));
    let (right, bottom) = (edge(rect.x + rect.w, page.width()), edge(rect.y + rect.h, page.height()));
    let (width, height) = (right.saturating_sub(left), bottom.saturating_sub(top));
    (width > 4 && height > 4).then(|| imageops::crop_imm(&page.rgb, left, top, width, height).to_image())
}

pub(crate) fn jpeg(picture: &RgbImage) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).encode_image(picture).ok()?;
    Some(bytes)
}
