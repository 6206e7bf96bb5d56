//! Files made to be expensive: each is refused before it costs anything worth speaking of.

use std::{
    io::{Cursor, Write},
    time::{Duration, Instant},
};

use media::{Error, Limits, Still, decode, decode_audio};

/// What a hostile file may cost.
const MOST: Duration = Duration::from_secs(5);

fn video(file: &[u8]) -> Result<media::Decoded, Error> {
    decode(Cursor::new(file.to_vec()), &Limits::default(), |_| Ok::<_, Error>(()))
}

fn sound(file: &[u8]) -> Result<Vec<f32>, Error> {
    decode_audio(Cursor::new(file.to_vec()), &Limits::default())
}

fn atom(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes()[..], name, body].concat()
}

fn deflated(mut bytes: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    bytes.try_for_each(|part| out.write_all(&part)).unwrap();
    out.finish().unwrap()
}

#[test]
fn an_index_that_unpacks_to_hundreds_of_megabytes_is_refused_packed() {
    let unpacked: u32 = 200 << 20;
    let packed = deflated((0..200).map(|_| vec![0; 1 << 20]));
    let cmov = atom(
        b"cmov",
        &[atom(b"dcom", b"zlib"), atom(b"cmvd", &[&unpacked.to_be_bytes()[..], &packed].concat())].concat(),
    );
    let outer: [&[u8; 4]; 2] = [b"moov", b"udta"];
    for name in outer {
        let file = [atom(b"ftyp", b"qt  \0\0\0\0qt  "), atom(name, &cmov)].concat();
        assert_eq!(video(&file).unwrap_err(), Error::CompressedIndex);
        assert_eq!(sound(&file).unwrap_err(), Error::CompressedIndex);
    }
}

/// A PNG of one colour, sixteen bits a sample.
fn png(width: u32, height: u32) -> Vec<u8> {
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

#[test]
fn a_codec_that_is_not_read_is_not_run_either() {
    let folder = tempfile::tempdir().unwrap();
    let (picture, out) = (folder.path().join("a.png"), folder.path().join("a.mov"));
    std::fs::write(&picture, png(9000, 9000)).unwrap();
    let done = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-framerate", "1", "-loop", "1", "-i"])
        .arg(&picture)
        .args(["-t", "2", "-c", "copy"])
        .arg(&out)
        .status();
    assert!(done.unwrap().success());
    let file = std::fs::read(out).unwrap();
    let started = Instant::now();
    assert_eq!(video(&file).unwrap_err(), Error::UnsupportedCodec("png".into()));
    // Decoding it takes a second; looking for streams takes milliseconds.
    assert!(started.elapsed() < Duration::from_millis(400), "{:?}", started.elapsed());
}

#[test]
fn sixty_megapixels_of_sixteen_bits_are_decoded_row_by_row() {
    let file = png(7740, 7740);
    let started = Instant::now();
    let still = Still::decode(&file).unwrap();
    assert!(u64::from(still.rgb.width()) * u64::from(still.rgb.height()) <= media::KEPT_PIXELS);
    assert!(started.elapsed() < MOST);
    assert_eq!(Still::decode(&png(10_400, 7_800)).unwrap_err(), Error::TooManyPixels(60));
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ byte, |s: u8, _| if s & 0x80 == 0 { s << 1 } else { (s << 1) ^ 0x07 })
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum: u16, byte| {
        (0..8).fold(
            sum ^ (u16::from(*byte) << 8),
            |s, _| {
                if s & 0x8000 == 0 { s << 1 } else { (s << 1) ^ 0x8005 }
            },
        )
    })
}

/// A FLAC of `frames` frames of 65,535 samples each, all zero: 35 bytes a frame.
fn flac(frames: u32, rate: u64, channels: u8) -> Vec<u8> {
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
        frame.push(crc8(&frame));
        frame.extend([0, 0, 0].repeat(usize::from(channels)));
        frame.extend(crc16(&frame).to_be_bytes());
        file.extend(frame);
    }
    file
}

#[test]
fn sound_that_no_microphone_records_is_refused_at_once() {
    let started = Instant::now();
    assert_eq!(sound(&flac(50_000, 400_000, 8)).unwrap_err(), Error::UnsupportedSound);
    // Within the rates that are read, the number of samples ends it, or the play time.
    assert_eq!(sound(&flac(50_000, 384_000, 8)).unwrap_err(), Error::TooMuchWork);
    assert_eq!(sound(&flac(2_000, 48_000, 2)).unwrap_err(), Error::TooLong(60));
    assert!(started.elapsed() < MOST, "{:?}", started.elapsed());
}

#[test]
fn more_packets_than_a_minute_can_hold_end_a_file() {
    // A second of sound, a sample a packet; the limit is lowered instead of the file being long.
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("tiny.mkv");
    let done = std::process::Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "sine=r=16000:d=1:samples_per_frame=4",
            "-c:a",
            "pcm_s16le",
        ])
        .arg(&out)
        .status();
    assert!(done.unwrap().success());
    let limits = Limits { duration_s: 1.0, ..Limits::default() };
    let file = Cursor::new(std::fs::read(out).unwrap());
    assert_eq!(decode_audio(file, &limits).unwrap_err(), Error::TooMuchWork);
}

#[test]
fn frames_larger_than_any_telephone_films_and_more_of_them_than_a_minute_holds_are_refused() {
    let file = std::fs::read(crate::fixture("small.mp4")).unwrap();
    let few = Limits { total_pixels: 1_000_000, ..Limits::default() };
    let tiny = Limits { frame_pixels: 10_000, ..Limits::default() };
    let with = |limits| decode(Cursor::new(file.clone()), &limits, |_| Ok::<_, Error>(())).unwrap_err();
    assert_eq!(with(few), Error::TooMuchWork);
    assert_eq!(with(tiny), Error::TooLarge(4096));
}
