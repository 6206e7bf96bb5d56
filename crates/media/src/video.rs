//! One pass over a video: frames one by one, and the sound.

use std::io::{Read, Seek};

use ffmpeg_next as ffmpeg;
use serde::{Deserialize, Serialize};

use ffmpeg::{
    Discard, Packet, Stream, codec, format::stream::Disposition, frame, media::Type, packet::side_data,
};

use crate::{
    Error, FPS, Frame, Limits,
    audio::AudioTrack,
    convert::{Converter, MAX_PIXELS},
    gate::{Container, codec_name, decoder_options, reads_video},
    h264::is_disposable,
    orientation::Orientation,
    resample::Plane,
    sniff::Kind,
    timeline::{Step, Timeline},
};

/// Frames of more pixels than this are decoded on two threads.
const LARGE_FRAME: u64 = 1_500_000;
/// Threads for frames that are halved: while this thread halves one and hands it out, two others are decoded. Each thread holds
/// one more frame, and the memory of a worker is bounded, so there are no more of them on larger machines.
const HALVED_THREADS: usize = 3;

/// The properties of a decoded video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// The name of the video codec, as FFmpeg has it.
    pub codec: String,
    /// Pixels across and down of the first frame, the way it is meant to be looked at.
    pub width: u32,
    pub height: u32,
    /// Frames the decoder gave, before they were set to 25 a second.
    pub decoded_frames: usize,
    /// Frames handed out.
    pub frames: usize,
    /// Decoded frames a second.
    pub fps: f64,
    /// Seconds for which the picture stood still longest, to the last pixel.
    pub longest_freeze_s: f64,
}

/// The end of a decoded video.
#[derive(Clone, Debug)]
pub struct Decoded {
    pub info: Info,
    /// 16 kHz mono in -1..1; its first sample belongs to the first video frame. `None` when there is no sound.
    pub audio: Option<Vec<f32>>,
    /// The codec of the audio, where the file has audio tracks and this server supports none of them.
    pub unread_sound: Option<String>,
}

/// Decodes `source` in one pass. `on_frame` sees every frame of the 25 fps clock in order; an error of its own ends
/// decoding at once.
///
/// # Errors
/// The file is no media, has no video this server reads, breaks `limits`, or nothing in it can be decoded. A file that
/// is damaged or ends midway gives what came before.
pub fn decode<E: From<Error>>(
    source: impl Read + Seek + Send + 'static,
    limits: &Limits,
    mut on_frame: impl FnMut(&Frame<'_>) -> Result<(), E>,
) -> Result<Decoded, E> {
    let mut container = Container::open(source, limits)?;
    let mut video = VideoTrack::choose(&container, limits)?;
    let (mut audio, mut unread_sound) = (None, None);
    match AudioTrack::choose(&container, limits) {
        Ok(track) => audio = Some(track),
        Err(Error::UnsupportedCodec(name)) => unread_sound = Some(name),
        Err(_) => {}
    }
    while let Some(packet) = container.next_packet()? {
        if packet.stream() == video.index {
            video.push(&packet, &mut on_frame)?;
        } else if let Some(audio) = audio.as_mut().filter(|a| packet.stream() == a.index) {
            audio.push(&packet)?;
        }
    }
    // AVI has no times, only an order: pictures that wait for later ones seem late there, though both start at once.
    let start = if container.kind == Kind::Avi { None } else { video.timeline.origin() };
    let info = video.finish(&mut on_frame)?;
    let audio = audio.map_or(Ok(None), |audio| audio.finish(start))?;
    Ok(Decoded { info, audio, unread_sound })
}

struct VideoTrack {
    index: usize,
    decoder: codec::decoder::Video,
    is_h264: bool,
    codec: String,
    time_base: f64,
    orientation: Orientation,
    limits: Limits,
    timeline: Timeline,
    held: frame::Video,
    converter: Converter,
    shown_size: Option<(u32, u32)>,
    emitted: usize,
    pixels_left: u64,
    freeze: Freeze,
}

impl VideoTrack {
    /// The first track of moving pictures whose codec is read.
    fn choose(container: &Container, limits: &Limits) -> Result<Self, Error> {
        let mut candidates = container.candidates(Type::Video);
        candidates.retain(|stream| !stream.disposition().contains(Disposition::ATTACHED_PIC));
        let readable = candidates.iter().find(|stream| reads_video(stream.parameters().id()));
        let stream = readable.or(candidates.first()).ok_or(Error::NoVideo)?;
        Self::open(stream, limits)
    }

    fn open(stream: &Stream, limits: &Limits) -> Result<Self, Error> {
        let parameters = stream.parameters();
        let codec = codec_name(parameters.id());
        if !reads_video(parameters.id()) {
            return Err(Error::UnsupportedCodec(codec));
        }
        let mut decoder = decoder(stream, 1, limits)?;
        let pixels = check_size((decoder.width(), decoder.height()), limits)?;
        if pixels > LARGE_FRAME {
            let threads = if pixels > MAX_PIXELS { HALVED_THREADS } else { 2 };
            decoder = self::decoder(stream, threads, limits)?;
        }
        // After halving, block edges are hardly visible, so 4K is not deblocked: the pictures then differ from deblocked ones by 50 dB.
        if pixels > MAX_PIXELS {
            decoder.skip_loop_filter(Discard::All);
        }
        Ok(Self {
            index: stream.index(),
            decoder,
            is_h264: parameters.id() == codec::Id::H264,
            codec,
            time_base: f64::from(stream.time_base()),
            orientation: orientation(stream),
            limits: *limits,
            timeline: Timeline::new(limits, frame_seconds(stream)),
            held: frame::Video::empty(),
            converter: Converter::default(),
            shown_size: None,
            emitted: 0,
            pixels_left: limits.total_pixels,
            freeze: Freeze::default(),
        })
    }

    fn push<E: From<Error>>(
        &mut self,
        packet: &Packet,
        on_frame: &mut impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(time) = self.superfluous(packet) {
            return Ok(self.timeline.pass_over(time)?);
        }
        if self.decoder.send_packet(packet).is_ok() { self.drain(on_frame) } else { Ok(()) }
    }

    /// Returns when the frame of a packet is shown, if it can be dropped: it would not be used, and no other depends
    /// on it.
    fn superfluous(&self, packet: &Packet) -> Option<f64> {
        let time = packet.pts()? as f64 * self.time_base;
        let frame_s = packet.duration() as f64 * self.time_base;
        let is_superfluous = self.is_h264 && self.timeline.is_superfluous(time, frame_s);
        (is_superfluous && is_disposable(packet.data()?)).then_some(time)
    }

    fn drain<E: From<Error>>(
        &mut self,
        on_frame: &mut impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut frame = frame::Video::empty();
        while self.decoder.receive_frame(&mut frame).is_ok() {
            let pixels = check_size((frame.width(), frame.height()), &self.limits)?;
            self.pixels_left = self.pixels_left.checked_sub(pixels).ok_or(Error::TooMuchWork)?;
            let time = frame.timestamp().map(|t| t as f64 * self.time_base);
            let step = self.timeline.push(time)?;
            self.show(step, on_frame)?;
            if step.is_kept {
                std::mem::swap(&mut self.held, &mut frame);
            }
        }
        Ok(())
    }

    /// Hands the held frame out for the ticks it fills.
    fn show<E>(
        &mut self,
        step: Step,
        on_frame: &mut impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if step.ticks == 0 {
            return Ok(());
        }
        let Some((planes, colour)) = self.converter.planes(&self.held) else { return Ok(()) };
        self.freeze.show(&planes[0], step.ticks);
        for index in step.first..step.first + step.ticks {
            let (time_s, is_repeat) = (index as f64 / f64::from(FPS), index > step.first);
            let frame = Frame { index, time_s, is_repeat, planes, colour, orientation: self.orientation };
            let stored = (self.held.width(), self.held.height());
            self.shown_size.get_or_insert(self.orientation.size(stored.0, stored.1));
            self.emitted += 1;
            on_frame(&frame)?;
        }
        Ok(())
    }

    fn finish<E: From<Error>>(
        mut self,
        on_frame: &mut impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<Info, E> {
        if self.decoder.send_eof().is_ok() {
            self.drain(on_frame)?;
        }
        if self.timeline.decoded() > 0 {
            self.show(self.timeline.finish(), on_frame)?;
        }
        let (width, height) = self.shown_size.ok_or(Error::Undecodable)?;
        let (decoded_frames, frames) = (self.timeline.decoded(), self.emitted);
        let fps = decoded_frames as f64 / (frames as f64 / f64::from(FPS));
        let longest_freeze_s = self.freeze.longest as f64 / f64::from(FPS);
        Ok(Info { codec: self.codec, width, height, decoded_frames, frames, fps, longest_freeze_s })
    }
}

/// The pixels of a frame of a size within `limits`.
fn check_size((width, height): (u32, u32), limits: &Limits) -> Result<u64, Error> {
    let pixels = u64::from(width) * u64::from(height);
    let is_too_large = width.max(height) > limits.side || pixels > limits.frame_pixels;
    if is_too_large { Err(Error::TooLarge(limits.side)) } else { Ok(pixels) }
}

/// Detects a frozen picture: one frame shown for long, or many identical ones.
#[derive(Default)]
struct Freeze {
    last: Vec<u8>,
    run: usize,
    longest: usize,
}

impl Freeze {
    /// Samples of a frame along each axis.
    const GRID: usize = 24;

    fn show(&mut self, luma: &Plane<'_>, ticks: usize) {
        let at = |i: usize, side: u32| (i * side as usize + side as usize / 2) / Self::GRID;
        let points = (0..Self::GRID * Self::GRID).map(|i| (i % Self::GRID, i / Self::GRID));
        let pixel = |(x, y)| luma.data.get(at(y, luma.height) * luma.stride + at(x, luma.width));
        let grid: Vec<u8> = points.filter_map(pixel).copied().collect();
        self.run = if grid == self.last { self.run + ticks } else { ticks };
        self.longest = self.longest.max(self.run);
        self.last = grid;
    }
}

/// Opens the decoder of a stream.
fn decoder(stream: &Stream, threads: usize, limits: &Limits) -> Result<codec::decoder::Video, Error> {
    let parameters = stream.parameters();
    let id = parameters.id();
    let mut context = codec::Context::from_parameters(parameters).map_err(|_| Error::Undecodable)?;
    let by_frame = codec::threading::Config::kind(codec::threading::Type::Frame);
    context.set_threading(codec::threading::Config { count: threads, ..by_frame });
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(stream.time_base());
    let opened = decoder.open_as_with(id, decoder_options(limits));
    opened.and_then(codec::decoder::Opened::video).map_err(|error| match error {
        // What FFmpeg answers to a size above `max_pixels`.
        ffmpeg::Error::Other { errno: ffmpeg::error::EINVAL } => Error::TooLarge(limits.side),
        _ => Error::UnsupportedCodec(codec_name(id)),
    })
}

/// Duration of a frame in seconds, by the container; 1/25 where the container has no plausible value.
fn frame_seconds(stream: &Stream) -> f64 {
    let fps = f64::from(stream.avg_frame_rate());
    if (1.0..=240.0).contains(&fps) { 1.0 / fps } else { 1.0 / f64::from(FPS) }
}

fn orientation(stream: &Stream) -> Orientation {
    let matrix = stream.side_data().find(|d| d.kind() == side_data::Type::DisplayMatrix);
    matrix.map_or(Orientation::AsStored, |d| Orientation::from_display_matrix(d.data()))
}
