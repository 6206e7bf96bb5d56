//! The document's surface: pixels of reflected light, and drawing operations on them.

use image::RgbImage;

/// Red, green and blue, 0-1 as an sRGB file codes them, line after line.
#[derive(Clone, Debug)]
pub struct Canvas {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[f32; 3]>,
}

/// An upright part of a canvas, pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

impl Area {
    /// Its corners, clockwise from the top left.
    pub fn corners(self) -> [[f32; 2]; 4] {
        let Self { x, y, w, h } = self;
        [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]
    }
}

impl Canvas {
    /// One colour all over.
    pub fn of(width: usize, height: usize, colour: [f32; 3]) -> Self {
        Self { width, height, pixels: vec![colour; width * height] }
    }

    pub fn from_image(image: &RgbImage) -> Self {
        let pixels = image.pixels().map(|p| p.0.map(|v| f32::from(v) / 255.0)).collect();
        Self { width: image.width() as usize, height: image.height() as usize, pixels }
    }

    pub fn to_image(&self) -> RgbImage {
        let bytes = self.pixels.iter().flatten().map(|v| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8).collect();
        RgbImage::from_raw(self.width as u32, self.height as u32, bytes).unwrap_or_default()
    }

    /// Lays ink of opacity `cover` on a pixel; beyond the border nothing happens.
    pub fn blend(&mut self, x: i32, y: i32, ink: [f32; 3], cover: f32) {
        if x < 0 || y < 0 || x as usize >= self.width || y as usize >= self.height {
            return;
        }
        let pixel = &mut self.pixels[y as usize * self.width + x as usize];
        for (p, i) in pixel.iter_mut().zip(ink) {
            *p += (i - *p) * cover.clamp(0.0, 1.0);
        }
    }

    /// A soft round dot: lines are rows of them.
    pub fn dot(&mut self, [x, y]: [f32; 2], radius: f32, ink: [f32; 3], opacity: f32) {
        let reach = radius + 1.0;
        for row in (y - reach).floor() as i32..=(y + reach).ceil() as i32 {
            for column in (x - reach).floor() as i32..=(x + reach).ceil() as i32 {
                let distance = (column as f32 - x).hypot(row as f32 - y);
                let cover = (radius + 0.5 - distance).clamp(0.0, 1.0);
                self.blend(column, row, ink, cover * opacity);
            }
        }
    }

    /// A line through the points of `curve`, dot after dot.
    pub fn stroke(
        &mut self,
        curve: impl Iterator<Item = [f32; 2]>,
        radius: f32,
        ink: [f32; 3],
        opacity: f32,
    ) {
        let mut last: Option<[f32; 2]> = None;
        for [x, y] in curve {
            if let Some([a, b]) = last {
                let steps = ((x - a).hypot(y - b) / 0.7).ceil().max(1.0);
                for step in 0..steps as usize {
                    let t = step as f32 / steps;
                    self.dot([a + (x - a) * t, b + (y - b) * t], radius, ink, opacity);
                }
            }
            last = Some([x, y]);
        }
    }

    pub fn fill(&mut self, area: Area, ink: [f32; 3], opacity: f32) {
        for y in area.y as i32..(area.y + area.h) as i32 {
            for x in area.x as i32..(area.x + area.w) as i32 {
                self.blend(x, y, ink, opacity);
            }
        }
    }

    /// Puts a picture into an area; `mix` gives what becomes of a pixel of the canvas under one of the picture.
    pub fn place(&mut self, picture: &Self, area: Area, mix: impl Fn([f32; 3], [f32; 3]) -> [f32; 3]) {
        for y in 0..area.h as usize {
            for x in 0..area.w as usize {
                let (column, row) = (area.x as usize + x, area.y as usize + y);
                if column >= self.width || row >= self.height {
                    continue;
                }
                let u = (x as f32 + 0.5) / area.w * picture.width as f32 - 0.5;
                let v = (y as f32 + 0.5) / area.h * picture.height as f32 - 0.5;
                let pixel = &mut self.pixels[row * self.width + column];
                *pixel = mix(*pixel, picture.sample(u, v));
            }
        }
    }

    /// The colour at a point, whole numbers being the centres of pixels; the border goes on for ever.
    pub fn sample(&self, x: f32, y: f32) -> [f32; 3] {
        let (x, y) = (x.clamp(0.0, self.width as f32 - 1.0), y.clamp(0.0, self.height as f32 - 1.0));
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (fx, fy) = (x - left as f32, y - top as f32);
        let at = |x: usize, y: usize| self.pixels[y * self.width + x];
        let (a, b, c, d) = (at(left, top), at(right, top), at(left, bottom), at(right, bottom));
        std::array::from_fn(|i| {
            (a[i] * (1.0 - fx) + b[i] * fx) * (1.0 - fy) + (c[i] * (1.0 - fx) + d[i] * fx) * fy
        })
    }

    /// Blurred by a Gaussian of `sigma` pixels.
    #[must_use]
    pub fn blurred(&self, sigma: f32) -> Self {
        if sigma < 0.2 {
            return self.clone();
        }
        self.blurred_along(sigma, 1, 0).blurred_along(sigma, 0, 1)
    }

    fn blurred_along(&self, sigma: f32, dx: i32, dy: i32) -> Self {
        let reach = (sigma * 3.0).ceil() as i32;
        let weights: Vec<f32> =
            (-reach..=reach).map(|k| (-(k * k) as f32 / (2.0 * sigma * sigma)).exp()).collect();
        let total: f32 = weights.iter().sum();
        let mut out = self.clone();
        for y in 0..self.height as i32 {
            for x in 0..self.width as i32 {
                let mut sum = [0.0; 3];
                for (k, weight) in (-reach..=reach).zip(&weights) {
                    let column = (x + k * dx).clamp(0, self.width as i32 - 1) as usize;
                    let row = (y + k * dy).clamp(0, self.height as i32 - 1) as usize;
                    let pixel = &self.pixels[row * self.width + column];
                    sum.iter_mut().zip(pixel).for_each(|(s, p)| *s += p * weight);
                }
                out.pixels[y as usize * self.width + x as usize] = sum.map(|v| v / total);
            }
        }
        out
    }

    /// Every value through `curve`.
    #[must_use]
    pub fn mapped(&self, curve: impl Fn(f32) -> f32) -> Self {
        Self { pixels: self.pixels.iter().map(|p| p.map(&curve)).collect(), ..*self }
    }
}
