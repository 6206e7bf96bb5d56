//! A picture that comes in rows, averaged to fewer pixels as it comes.

use image::RgbImage;

/// Takes rows of red, green and blue and keeps the mean of what falls on each pixel of a smaller picture.
pub(super) struct Shrinker {
    out: RgbImage,
    /// Rows and columns that come in.
    from: (u32, u32),
    taken: u32,
    /// The row being added up: sums of the channels, and how many pixels are in them.
    sums: Vec<u32>,
    counts: Vec<u32>,
    row: u32,
}

impl Shrinker {
    /// For a picture of `width` x `height` that shall have at most `most` pixels.
    pub fn to(width: u32, height: u32, most: u64) -> Self {
        let scale = (most as f64 / (f64::from(width) * f64::from(height)).max(1.0)).sqrt().min(1.0);
        let side = |v: u32| ((f64::from(v) * scale + 1e-6) as u32).clamp(1, v.max(1));
        let (columns, rows) = (side(width), side(height));
        Self {
            out: RgbImage::new(columns, rows),
            from: (width, height),
            taken: 0,
            sums: vec![0; columns as usize * 3],
            counts: vec![0; columns as usize],
            row: 0,
        }
    }

    pub fn push(&mut self, row: &[u8]) {
        let (width, height) = (u64::from(self.from.0), u64::from(self.from.1));
        let (columns, rows) = (u64::from(self.out.width()), u64::from(self.out.height()));
        let at = (u64::from(self.taken) * rows / height.max(1)) as u32;
        if at != self.row {
            self.flush();
            self.row = at;
        }
        for (x, pixel) in row.chunks_exact(3).enumerate().take(width as usize) {
            let column = (x as u64 * columns / width.max(1)) as usize;
            self.counts[column] += 1;
            for (sum, value) in self.sums[column * 3..column * 3 + 3].iter_mut().zip(pixel) {
                *sum += u32::from(*value);
            }
        }
        self.taken += 1;
    }

    fn flush(&mut self) {
        let (row, columns) = (self.row, self.out.width());
        for x in 0..columns.min(if row < self.out.height() { columns } else { 0 }) {
            let (count, at) = (self.counts[x as usize].max(1), x as usize * 3);
            let mean = |i: usize| ((self.sums[at + i] + count / 2) / count) as u8;
            self.out.put_pixel(x, row, image::Rgb([mean(0), mean(1), mean(2)]));
        }
        self.sums.fill(0);
        self.counts.fill(0);
    }

    pub fn finish(mut self) -> RgbImage {
        self.flush();
        self.out
    }
}
