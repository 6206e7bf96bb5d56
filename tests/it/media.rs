//! Pictures and recordings derived from the fixtures, each with one defect.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage, imageops};

use crate::world::fixture;

/// The fixtures' speaker: one face, facing the camera. `speaker_crop.mp4` shows the same person.
pub const SPEAKER: &str = "obama.jpg";
/// Recordings of an audiobook's reader, who is not the speaker, with the words of each.
pub const READER: [(&str, &str); 4] = [
    (
        "reader_1.wav",
        "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do for them",
    ),
    ("reader_2.wav", "he was not an ill disposed young man"),
    ("reader_3.wav", "unless to be rather cold hearted and rather selfish is to be ill disposed"),
    ("reader_5.wav", "he might even have been made amiable himself"),
];
/// Four children.
pub const GROUP: &str = "thai_people.jpg";

pub fn file(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).expect("fixtures are readable")
}

pub fn picture(name: &str) -> DynamicImage {
    image::load_from_memory(&file(name)).expect("a picture")
}

pub fn as_file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.to_rgb8().write_to(&mut bytes, format).expect("it is written");
    bytes.into_inner()
}

pub fn jpg(picture: &DynamicImage) -> Vec<u8> {
    as_file(picture, ImageFormat::Jpeg)
}

/// Returns one of the children by position, as another person's face.
pub fn child(number: usize) -> DynamicImage {
    let [x, y, w, h] = [[440, 20, 180, 205], [330, 175, 165, 200], [765, 185, 130, 140]][number];
    picture(GROUP).crop_imm(x, y, w, h)
}

/// Centres of the eyes in the speaker's picture and in the children's.
const SPEAKER_EYES: [[f32; 2]; 2] = [[166.0, 213.0], [275.0, 205.0]];
const CHILDREN_EYES: [[[f32; 2]; 2]; 3] =
    [[[499.0, 129.0], [550.0, 130.0]], [[380.0, 295.0], [419.0, 292.0]], [[799.0, 260.0], [837.0, 266.0]]];

/// Returns a morph: the speaker's picture blended with a share of a child's face, aligned at the eyes.
pub fn blend(number: usize, share: f32) -> DynamicImage {
    let (mut blended, children) = (picture(SPEAKER).to_rgb8(), picture(GROUP).to_rgb8());
    let ([from, to], [other_from, other_to]) = (SPEAKER_EYES, CHILDREN_EYES[number]);
    let ([x, y], [u, v]) =
        ([to[0] - from[0], to[1] - from[1]], [other_to[0] - other_from[0], other_to[1] - other_from[1]]);
    // The similarity transform as a complex ratio.
    let length = x * x + y * y;
    let (cos, sin) = ((u * x + v * y) / length, (v * x - u * y) / length);
    for (px, py, pixel) in blended.enumerate_pixels_mut() {
        let (dx, dy) = (px as f32 - from[0], py as f32 - from[1]);
        let at = (other_from[0] + cos * dx - sin * dy, other_from[1] + sin * dx + cos * dy);
        if let Some(over) = imageops::interpolate_bilinear(&children, at.0, at.1) {
            for (value, over) in pixel.0.iter_mut().zip(over.0) {
                *value = (f32::from(*value) * (1.0 - share) + f32::from(over) * share) as u8;
            }
        }
    }
    blended.into()
}

/// Returns a child's own picture, large enough to be enrolled.
pub fn large_child(number: usize) -> DynamicImage {
    let child = child(number);
    child.resize(3 * child.width(), 3 * child.height(), imageops::FilterType::CatmullRom)
}

pub fn tiny() -> DynamicImage {
    picture(SPEAKER).resize(100, 100, imageops::FilterType::Triangle)
}

pub fn blurred() -> DynamicImage {
    picture(SPEAKER).blur(12.0)
}

/// Returns a dark and slightly blurred picture.
pub fn dim() -> DynamicImage {
    let mut dim = picture(SPEAKER).blur(2.5).to_rgb8();
    dim.pixels_mut().for_each(|p| p.0 = p.0.map(|v| v / 4));
    dim.into()
}

/// Covers the mouth or the eyes with one colour.
pub fn covered(is_mouth: bool, colour: [u8; 3]) -> DynamicImage {
    let mut covered = picture(SPEAKER).to_rgb8();
    let (left, top, right, bottom) = if is_mouth { (130, 245, 315, 400) } else { (110, 178, 330, 240) };
    for (x, y, pixel) in covered.enumerate_pixels_mut() {
        if (left..right).contains(&x) && (top..bottom).contains(&y) {
            pixel.0 = colour;
        }
    }
    covered.into()
}

pub fn dark() -> DynamicImage {
    let mut dark = picture(SPEAKER).to_rgb8();
    dark.pixels_mut().for_each(|p| p.0 = p.0.map(|v| v / 8));
    dark.into()
}

/// Places the picture on a document's page, small and in a corner.
pub fn page() -> DynamicImage {
    let mut page = RgbImage::from_pixel(1200, 800, image::Rgb([225, 230, 220]));
    let portrait = picture(SPEAKER).resize(200, 270, imageops::FilterType::Triangle).to_rgb8();
    imageops::overlay(&mut page, &portrait, 30, 480);
    page.into()
}

/// Rotates the picture; `noted`: with the EXIF orientation, as a phone writes it.
pub fn sideways(noted: bool) -> Vec<u8> {
    let lying = jpg(&picture(SPEAKER).rotate270());
    if !noted {
        return lying;
    }
    // A TIFF block with one entry: orientation (0x0112), a short with the value 6, which means to rotate clockwise for
    // display.
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let mut file = lying[..2].to_vec();
    file.extend([0xff, 0xe1, length[0], length[1]]);
    file.append(&mut exif);
    file.extend(&lying[2..]);
    file
}

/// A parsed 16-bit WAV file.
pub struct Recording {
    rate: u32,
    channels: u16,
    samples: Vec<i16>,
}

/// The phrase of the fixture's speaker.
pub fn speech() -> Recording {
    Recording::read(&file("obama_speech.wav"))
}

impl Recording {
    fn read(wav: &[u8]) -> Self {
        let number = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().unwrap());
        let data = wav.windows(4).position(|w| w == b"data").expect("a data chunk") + 8;
        let samples = wav[data..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        Self { rate: number(24), channels: u16::from_le_bytes([wav[22], wav[23]]), samples }
    }

    pub fn wav(&self) -> Vec<u8> {
        let data: Vec<u8> = self.samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        let (size, block) = (u32::try_from(data.len()).unwrap(), 2 * self.channels);
        let mut wav = b"RIFF".to_vec();
        wav.extend((36 + size).to_le_bytes());
        wav.extend(b"WAVEfmt \x10\0\0\0\x01\0");
        wav.extend(self.channels.to_le_bytes());
        wav.extend(self.rate.to_le_bytes());
        wav.extend((self.rate * u32::from(block)).to_le_bytes());
        wav.extend(block.to_le_bytes());
        wav.extend(b"\x10\0data");
        wav.extend(size.to_le_bytes());
        wav.extend(data);
        wav
    }

    pub fn louder(mut self, factor: f32) -> Self {
        let scaled = self.samples.iter().map(|s| (f32::from(*s) * factor).clamp(-32768.0, 32767.0) as i16);
        self.samples = scaled.collect();
        self
    }

    /// Adds noise of this amplitude, from a linear congruential generator.
    pub fn noisy(mut self, amplitude: f32) -> Self {
        let mut state = 1u32;
        for sample in &mut self.samples {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state as f32 / u32::MAX as f32 - 0.5) * 2.0 * amplitude;
            *sample = (f32::from(*sample) + noise).clamp(-32768.0, 32767.0) as i16;
        }
        self
    }
}
