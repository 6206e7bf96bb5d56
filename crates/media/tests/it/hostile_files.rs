//! Files made to be expensive. Also part of the tests of `crates/sandbox` and of the whole system (`tests/it`).

use std::io::{Cursor, Write};

fn deflated(parts: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Cursor::new(Vec::new()), flate2::Compression::fast());
    parts.for_each(|part| out.write_all(&part).unwrap());
    out.finish().unwrap().into_inner()
}

/// A PNG of one colour, sixteen bits a sample.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let row = vec![0; width as usize * 8 + 1];
    let chunk = |name: &[u8; 4], body: &[u8]| {
        let size = u32::try_from(body.len()).unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(body);
        [&size.to_be_bytes()[..], name, body, &crc.sum().to_be_bytes()].concat()
    };
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[16, 6, 0, 0, 0]].concat();
    let data = deflated((0..height).map(|_| row.clone()));
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &data), &chunk(b"IEND", b"")]
        .concat()
}

/// A QuickTime file whose packed index, in the atom `outer`, unpacks to so many megabytes.
pub fn cmov(outer: &[u8; 4], megabytes: u32) -> Vec<u8> {
    let atom = |name: &[u8; 4], body: &[u8]| {
        [&u32::try_from(body.len() + 8).unwrap().to_be_bytes()[..], name, body].concat()
    };
    let packed = deflated((0..megabytes).map(|_| vec![0; 1 << 20]));
    let index = atom(b"cmvd", &[&(megabytes << 20).to_be_bytes()[..], &packed].concat());
    let index = atom(b"cmov", &[atom(b"dcom", b"zlib"), index].concat());
    [atom(b"ftyp", b"qt  \0\0\0\0qt  "), atom(outer, &index)].concat()
}

fn crc(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
    let top = 1 << (bits - 1);
    let shift = |s: u32| if s & top == 0 { s << 1 } else { (s << 1) ^ polynomial };
    let step = |sum: u32, byte: &u8| (0..8).fold(sum ^ (u32::from(*byte) << (bits - 8)), |s, _| shift(s));
    bytes.iter().fold(0, step) & (top | (top - 1))
}

/// A FLAC of `frames` frames of 65,535 samples each, all zero: 35 bytes a frame.
pub fn flac(frames: u32, rate: u64, channels: u8) -> Vec<u8> {
    let block: u16 = 65_535;
    let stream = (rate << 44) | (u64::from(channels - 1) << 41) | (15 << 36) | 1000;
    let info =
        [&block.to_be_bytes()[..], &block.to_be_bytes(), &[0; 6], &stream.to_be_bytes(), &[0; 16]].concat();
    let mut file = [&b"fLaC\x80\0\0\x22"[..], &info].concat();
    for number in 0..frames {
        let mut frame = vec![0xff, 0xf8, 0x70, ((channels - 1) << 4) | (4 << 1)];
        let mut coded = [0; 4];
        frame.extend(char::from_u32(number).unwrap_or('a').encode_utf8(&mut coded).bytes());
        frame.extend((block - 1).to_be_bytes());
        frame.push(crc(&frame, 8, 0x07) as u8);
        frame.extend([0, 0, 0].repeat(usize::from(channels)));
        frame.extend((crc(&frame, 16, 0x8005) as u16).to_be_bytes());
        file.extend(frame);
    }
    file
}

/// A progressive JPEG of grey whose passes each say that nothing is to be added: a few bytes that take a walk over all
/// blocks.
pub fn jpeg_of_passes(width: u16, height: u16, passes: u32) -> Vec<u8> {
    let segment = |marker: u8, body: &[u8]| {
        [&[0xff, marker][..], &u16::try_from(body.len() + 2).unwrap().to_be_bytes(), body].concat()
    };
    let frame = [&[8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[1, 1, 0x11, 0]].concat();
    // One code of one bit: the next 16,384 blocks have no more coefficients.
    let code = [&[0x10, 1][..], &[0; 15], &[0xe0]].concat();
    let blocks = u32::from(width).div_ceil(8) * u32::from(height).div_ceil(8);
    let data = vec![0; (blocks.div_ceil(16_384) * 15).div_ceil(8) as usize];
    let pass = [segment(0xda, &[1, 1, 0x00, 1, 63, 0]), data].concat();
    let quantisation = [&[0][..], &[1; 64]].concat();
    let head =
        [&[0xff, 0xd8][..], &segment(0xdb, &quantisation), &segment(0xc2, &frame), &segment(0xc4, &code)]
            .concat();
    [head, pass.repeat(passes as usize), vec![0xff, 0xd9]].concat()
}
