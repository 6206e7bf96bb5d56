//! What pictures at the bounds cost in memory. One test at a time: a process has one high-water mark.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, sync::Mutex, thread};

use document::{Engine, Error, Page};
use image::{Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use models::{Pack, Runtime};
use time::macros::date;

static ONE: Mutex<()> = Mutex::new(());

/// A JPEG of middle grey with all its blocks empty: a bit for each DC coefficient and, where one scan has them all, a bit
/// that ends the block.
fn jpeg(width: u16, height: u16, is_progressive: bool, is_chroma_whole: bool) -> Vec<u8> {
    let segment = |marker: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker][..], &length, body].concat()
    };
    let sampling = if is_chroma_whole { 0x11 } else { 0x22 };
    let [w, h] = [width.to_be_bytes(), height.to_be_bytes()];
    let frame = [8, h[0], h[1], w[0], w[1], 3, 1, sampling, 0, 2, 0x11, 0, 3, 0x11, 0];
    // One code of one bit: category 0 for DC, end of block for AC.
    let codes = |class: u8| [&[class, 1][..], &[0; 15], &[0]].concat();
    let scan = [3, 1, 0, 2, 0, 3, 0, 0, if is_progressive { 0 } else { 63 }, 0];
    let unit = if is_chroma_whole { 8 } else { 16 };
    let blocks = if is_chroma_whole { 3 } else { 6 };
    let units = usize::from(width).div_ceil(unit) * usize::from(height).div_ceil(unit);
    let bits = units * blocks * if is_progressive { 1 } else { 2 };
    [
        vec![0xff, 0xd8],
        segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment(if is_progressive { 0xc2 } else { 0xc0 }, &frame),
        segment(0xc4, &codes(0x00)),
        segment(0xc4, &codes(0x10)),
        segment(0xda, &scan),
        vec![0; bits.div_ceil(8)],
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// A PNG of four 16-bit channels, written row by row.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Sixteen);
    encoder.set_compression(png::Compression::Fastest);
    let mut writer = encoder.write_header().unwrap();
    let mut stream = writer.stream_writer_with_size(1 << 16).unwrap();
    let row = vec![0x80; width as usize * 8];
    (0..height).for_each(|_| std::io::Write::write_all(&mut stream, &row).unwrap());
    stream.finish().unwrap();
    writer.finish().unwrap();
    file
}

/// Kilobytes of a line of this process's status.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|l| l.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The result of `work`, and by how many megabytes it needed more at its height than before.
fn peak<T>(work: impl FnOnce() -> T) -> (T, u64) {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS");
    let result = work();
    (result, status("VmHWM").saturating_sub(before) / 1024)
}

/// A telephone's twelve megapixels, with something on them that looks like lines of print.
fn photograph() -> Vec<u8> {
    let rgb = RgbImage::from_fn(4032, 3024, |x, y| {
        let is_ink = y % 120 < 50 && (x / 9 * 7 + y / 120 * 3) % 11 < 4 && (600..3400).contains(&x);
        Rgb(if is_ink { [30, 30, 35] } else { [225, 228, 230] })
    });
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 90).encode_image(&rgb).unwrap();
    file
}

/// With this test's allocator; what one picture needs at its height is returned, what lies between is not.
const TWO_WORKERS_MB: u64 = 800;

#[test]
fn two_workers_with_large_pictures_stay_in_bounds_models_included() {
    let _one = ONE.lock();
    let files = [photograph(), jpeg(9000, 6660, false, false)];
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let runtime = Runtime::load(&Pack::open(None).unwrap()).unwrap();
    let first = Engine::load(&runtime).unwrap();
    let read = |file: &[u8]| {
        let mut engine = first.twin(&runtime).unwrap();
        (0..2).for_each(|_| drop(engine.inspect(file, date!(2026 - 06 - 01)).unwrap()));
    };
    thread::scope(|scope| files.iter().for_each(|file| drop(scope.spawn(|| read(file)))));
    let mb = status("VmHWM") / 1024;
    println!("two workers: {mb} MB");
    assert!(mb < TWO_WORKERS_MB, "{mb} MB");
}

#[test]
fn sixty_megapixels_are_read_in_bounded_memory_and_what_would_need_more_is_refused() {
    let _one = ONE.lock();
    // Decoders make their tables at first use.
    let mut small = Vec::new();
    JpegEncoder::new(&mut small).encode_image(&RgbImage::new(64, 64)).unwrap();
    Page::decode(&small).unwrap();
    for (file, most_mb) in [
        (jpeg(9000, 6660, false, false), 120),
        (jpeg(9000, 6660, false, true), 140),
        (jpeg(6500, 4900, true, false), 190),
        (jpeg(4600, 3400, true, true), 190),
        (png(5000, 4000), 90),
    ] {
        let (page, mb) = peak(|| Page::decode(&file));
        let page = page.unwrap();
        println!("{} bytes of file: {mb} MB", file.len());
        assert!(!page.is_full_size && page.width() * page.height() > 8_000_000);
        assert!(mb < most_mb, "{mb} MB");
    }
    let (refused, mb) = peak(|| Page::decode(&jpeg(9000, 6660, true, false)));
    assert!(matches!(refused, Err(Error::TooLarge)) && mb < 10, "{mb} MB");
    let (refused, mb) = peak(|| Page::decode(&jpeg(9000, 7000, false, false)));
    assert!(matches!(refused, Err(Error::TooLarge)) && mb < 10, "{mb} MB");
}
