//! Reads the header of a JPEG, before any pixel is decoded (ITU-T T.81, annex B).

/// Size and cost of a JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub width: u32,
    pub height: u32,
    /// Bytes of coefficients that a progressive one keeps until its last scan; 0 of others.
    pub coefficients: u64,
}

/// Samples of a block, and bytes of a coefficient.
const BLOCK: u64 = 64 * 2;

/// The frame header; `None` when there is none before the first scan.
pub(super) fn header(file: &[u8]) -> Option<Header> {
    if !file.starts_with(&[0xff, 0xd8]) {
        return None;
    }
    let mut at = 2;
    loop {
        let marker = *file.get(at + 1)?;
        match (*file.get(at)?, marker) {
            // Fill bytes before a marker, and markers without a length.
            (0xff, 0xff) => at += 1,
            (0xff, 0x01 | 0xd0..=0xd7) => at += 2,
            (0xff, 0xd9 | 0xda) => return None,
            (0xff, _) => {
                let length = usize::from(u16::from_be_bytes([*file.get(at + 2)?, *file.get(at + 3)?]));
                let body = file.get(at + 4..at + 2 + length)?;
                // Start of frame, whatever its kind; 4, 8 and 12 are tables.
                if (0xc0..=0xcf).contains(&marker) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                    return frame(body, matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce));
                }
                at += 2 + length;
            }
            // Decoders skip rubbish between segments.
            _ => at += 1,
        }
    }
}

fn frame(body: &[u8], is_progressive: bool) -> Option<Header> {
    let side = |at: usize| Some(u32::from(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?])));
    let (height, width) = (side(1)?, side(3)?);
    let components = body.get(6..6 + 3 * usize::from(*body.get(5)?))?.chunks_exact(3);
    let factors: Vec<(u64, u64)> =
        components.map(|c| (u64::from(c[1] >> 4).max(1), u64::from(c[1] & 15).max(1))).collect();
    let most = factors.iter().fold((1, 1), |most, f| (most.0.max(f.0), most.1.max(f.1)));
    let units = u64::from(width).div_ceil(8 * most.0) * u64::from(height).div_ceil(8 * most.1);
    let blocks: u64 = factors.iter().map(|f| f.0 * f.1).sum();
    let coefficients = if is_progressive { units * blocks * BLOCK } else { 0 };
    Some(Header { width, height, coefficients })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A head with one note and a frame of 4:2:0.
    fn head(marker: u8, width: u16, height: u16) -> Vec<u8> {
        let [w, h] = [width.to_be_bytes(), height.to_be_bytes()];
        let mut file = vec![0xff, 0xd8, 0xff, 0xfe, 0, 4, 1, 2, 0xff, marker, 0, 17, 8];
        file.extend([h[0], h[1], w[0], w[1], 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
        file
    }

    #[test]
    fn size_and_coefficients_are_read_off_the_frame() {
        assert_eq!(header(&head(0xc0, 640, 480)), Some(Header { width: 640, height: 480, coefficients: 0 }));
        // A sample and a half for each pixel, two bytes a sample.
        let progressive = header(&head(0xc2, 640, 480)).unwrap();
        assert_eq!(progressive.coefficients, 640 * 480 * 3);
        assert_eq!(header(b"\x89PNG"), None);
        assert_eq!(header(&[0xff, 0xd8, 0xff, 0xda, 0, 8]), None);
    }

    proptest! {
        #[test]
        fn any_header_bytes_cause_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            header(&[&[0xff, 0xd8, 0xff][..], &bytes].concat());
            header(&[&head(0xc2, 9, 9)[..12], &bytes].concat());
        }
    }
}
