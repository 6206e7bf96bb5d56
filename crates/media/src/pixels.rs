//! Crops of a picture, whatever it is stored as.

/// Takes a point of the crop to a point of the picture: `x' = m[0][0] x + m[0][1] y + m[0][2]`, and so on.
/// Whole numbers are the centres of pixels in both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine(pub [[f32; 3]; 2]);

impl Affine {
    /// Shows the picture `scale` picture pixels to a crop pixel, top left in the crop's top left.
    pub fn shrink(scale: f32) -> Self {
        let centre = (scale - 1.0) / 2.0;
        Self([[scale, 0.0, centre], [0.0, scale, centre]])
    }

    /// A square of `side` picture pixels about `centre`, turned by `angle` radians (its x axis lies along the angle), as a
    /// crop of `size` pixels.
    pub fn square(centre: [f32; 2], side: f32, angle: f32, size: usize) -> Self {
        let scale = side / size as f32;
        let (sin, cos) = angle.sin_cos();
        let (a, b) = (scale * cos, scale * sin);
        let middle = (size as f32 - 1.0) / 2.0;
        Self([[a, -b, centre[0] - middle * (a - b)], [b, a, centre[1] - middle * (a + b)]])
    }

    pub fn apply(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let [r, s] = self.0;
        [r[0] * x + r[1] * y + r[2], s[0] * x + s[1] * y + s[2]]
    }

    /// First `first`, then `self`.
    #[must_use]
    pub fn after(&self, first: &Self) -> Self {
        let [a, b] = self.0;
        let [p, q] = first.0;
        let row = |r: [f32; 3]| {
            [r[0] * p[0] + r[1] * q[0], r[0] * p[1] + r[1] * q[1], r[0] * p[2] + r[1] * q[2] + r[2]]
        };
        Self([row(a), row(b)])
    }

    /// Picture pixels to a crop pixel (the square root of the area it covers).
    pub fn scale(&self) -> f32 {
        let [r, s] = self.0;
        (r[0] * s[1] - r[1] * s[0]).abs().sqrt()
    }
}

/// One line of a crop: red, green and blue, 0-255.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub r: &'a [f32],
    pub g: &'a [f32],
    pub b: &'a [f32],
}

/// A picture that crops can be taken from: a [`crate::Frame`] or a [`crate::Picture`].
pub trait Pixels {
    /// Pixels across, the way it is meant to be looked at.
    fn width(&self) -> u32;

    fn height(&self) -> u32;

    /// Calls `emit` with each line of a `width` x `height` crop, top to bottom. Sampling is bilinear, and averages the
    /// pixels a crop pixel covers when the crop is smaller; outside the picture is black.
    fn sample(&self, map: &Affine, width: usize, height: usize, emit: &mut dyn FnMut(usize, Row<'_>));
}

/// A crop as RGB bytes, `width * height * 3` of them.
pub fn crop_rgb(pixels: &dyn Pixels, map: &Affine, width: usize, height: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(width * height * 3);
    pixels.sample(map, width, height, &mut |_, row| {
        let colours = row.r.iter().zip(row.g).zip(row.b);
        out.extend(colours.flat_map(|((r, g), b)| [*r, *g, *b].map(|v| (v + 0.5) as u8)));
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_keeps_its_centre_and_its_corners() {
        let map = Affine::square([100.0, 50.0], 20.0, 0.0, 10);
        assert_eq!(map.apply([4.5, 4.5]), [100.0, 50.0]);
        assert_eq!(map.apply([0.0, 0.0]), [91.0, 41.0]);
    }

    #[test]
    fn a_turned_square_has_its_x_axis_along_the_angle() {
        let map = Affine::square([0.0, 0.0], 10.0, std::f32::consts::FRAC_PI_2, 10);
        let [from, to] = [map.apply([0.0, 4.5]), map.apply([9.0, 4.5])];
        assert!((to[1] - from[1] - 9.0).abs() < 1e-4 && (to[0] - from[0]).abs() < 1e-4);
    }

    #[test]
    fn maps_compose_right_to_left() {
        let first = Affine::square([3.0, 4.0], 5.0, 0.3, 8);
        let then = Affine::shrink(2.0);
        let [x, y] = then.after(&first).apply([1.0, 2.0]);
        let [p, q] = then.apply(first.apply([1.0, 2.0]));
        assert!((x - p).abs() < 1e-4 && (y - q).abs() < 1e-4);
    }
}
