//! One pass over a video: frames out one by one, sound kept.

use std::io::{Read, Seek, SeekFrom};

use ffmpeg_next as ffmpeg;

use ffmpeg::{
    Dictionary, Packet, Stream, codec,
    color::{Range, Space},
    format::{Pixel, context, stream::Disposition},
    frame,
    media::Type,
    packet::side_data,
    software::scaling,
};

use crate::{
    Error, FPS, Frame, Limits,
    audio::AudioTrack,
    orientation::Orientation,
    resample::{Plane, YuvToRgb},
    sniff::{HEAD, Kind, sniff},
    timeline::{Step, Timeline},
};

/// What a video turned out to be.
#[derive(Clone, Debug, PartialEq)]
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
}

/// The end of a decoded video.
#[derive(Clone, Debug)]
pub struct Decoded {
    pub info: Info,
    /// 16 kHz mono in -1..1; its first sample belongs to the first video frame. `None` when there is no sound.
    pub audio: Option<Vec<f32>>,
}

/// Damaged packets in a row after which a file is given up.
const MOST_DAMAGE: usize = 1000;

/// Decodes `source` in one pass, on this thread alone. `on_frame` sees every frame of the 25 fps clock in order; an error
/// of its own ends decoding at once.
///
/// # Errors
/// The file is no media, has no video this server reads, breaks `limits`, or nothing in it can be decoded. A file that
/// is damaged or ends midway gives what came before.
pub fn decode<E: From<Error>>(
    source: impl Read + Seek + Send + 'static,
    limits: &Limits,
    mut on_frame: impl FnMut(&Frame<'_>) -> Result<(), E>,
) -> Result<Decoded, E> {
    let (mut input, kind) = open(source)?;
    if input.duration() as f64 / 1e6 > limits.duration_s + 0.5 {
        return Err(Error::TooLong(limits.duration_s as u32).into());
    }
    let mut video = VideoTrack::open(&input, limits)?;
    let mut audio = input.streams().best(Type::Audio).and_then(|s| AudioTrack::open(&s, limits));
    while let Some(packet) = next_packet(&mut input) {
        if packet.stream() == video.index {
            video.push(&packet, &mut on_frame)?;
        } else if let Some(audio) = audio.as_mut().filter(|a| packet.stream() == a.index) {
            audio.push(&packet)?;
        }
    }
    // AVI has no times, only an order: pictures that wait for later ones seem late there, though both start at once.
    let start = if kind == Kind::Avi { None } else { video.timeline.start() };
    let info = video.finish(&mut on_frame)?;
    let audio = audio.map_or(Ok(None), |audio| audio.finish(start))?;
    Ok(Decoded { info, audio })
}

/// Opens a container this server knows, and lets FFmpeg use that demuxer alone and no other file or address.
pub(crate) fn open(mut source: impl Read + Seek + Send + 'static) -> Result<(context::Input, Kind), Error> {
    ffmpeg::util::log::set_level(ffmpeg::util::log::Level::Quiet);
    let mut head = Vec::with_capacity(HEAD);
    let rewound = source
        .seek(SeekFrom::Start(0))
        .and_then(|_| source.by_ref().take(HEAD as u64).read_to_end(&mut head));
    rewound.and_then(|_| source.seek(SeekFrom::Start(0))).map_err(|_| Error::Io)?;
    let known = sniff(&head).and_then(|kind| Some((kind, kind.demuxer()?)));
    let (kind, demuxer) = known.ok_or(Error::NotMedia)?;
    let mut options = Dictionary::new();
    options.set("format_whitelist", demuxer);
    options.set("protocol_whitelist", "");
    let io = context::StreamIo::from_read_seek(source).map_err(|_| Error::Io)?;
    let input = ffmpeg::format::input_from_stream(io, None, Some(options)).map_err(|_| Error::Undecodable)?;
    Ok((input, kind))
}

/// The next packet; damaged ones are passed over, anything else ends the file.
pub(crate) fn next_packet(input: &mut context::Input) -> Option<Packet> {
    let mut packet = Packet::empty();
    for _ in 0..MOST_DAMAGE {
        match packet.read(input) {
            Ok(()) => return Some(packet),
            Err(ffmpeg::Error::InvalidData) => {}
            Err(_) => return None,
        }
    }
    None
}

struct VideoTrack {
    index: usize,
    decoder: codec::decoder::Video,
    codec: String,
    time_base: f64,
    orientation: Orientation,
    limits: Limits,
    timeline: Timeline,
    held: frame::Video,
    converter: Converter,
    shown_size: Option<(u32, u32)>,
    emitted: usize,
}

impl VideoTrack {
    fn open(input: &context::Input, limits: &Limits) -> Result<Self, Error> {
        let stream = input.streams().best(Type::Video).ok_or(Error::NoVideo)?;
        if stream.disposition().contains(Disposition::ATTACHED_PIC) {
            return Err(Error::NoVideo);
        }
        let parameters = stream.parameters();
        let codec = parameters.id().name().to_owned();
        if !is_supported(parameters.id()) {
            return Err(Error::UnsupportedCodec(codec));
        }
        let mut context = codec::Context::from_parameters(parameters).map_err(|_| Error::Undecodable)?;
        context.set_threading(codec::threading::Config::count(1));
        let mut decoder = context.decoder();
        decoder.set_packet_time_base(stream.time_base());
        let decoder = decoder.video().map_err(|_| Error::UnsupportedCodec(codec.clone()))?;
        if decoder.width().max(decoder.height()) > limits.side {
            return Err(Error::TooLarge(limits.side));
        }
        Ok(Self {
            index: stream.index(),
            decoder,
            codec,
            time_base: f64::from(stream.time_base()),
            orientation: orientation(&stream),
            limits: *limits,
            timeline: Timeline::new(limits, frame_seconds(&stream)),
            held: frame::Video::empty(),
            converter: Converter::default(),
            shown_size: None,
            emitted: 0,
        })
    }

    fn push<E: From<Error>>(
        &mut self,
        packet: &Packet,
        on_frame: &mut impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.decoder.send_packet(packet).is_ok() { self.drain(on_frame) } else { Ok(()) }
    }

    fn drain<E: From<Error>>(
        &mut self,
        on_frame: &mut impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut frame = frame::Video::empty();
        while self.decoder.receive_frame(&mut frame).is_ok() {
            if frame.width().max(frame.height()) > self.limits.side {
                return Err(Error::TooLarge(self.limits.side).into());
            }
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
        for index in step.first..step.first + step.ticks {
            let (time_s, is_repeat) = (index as f64 / f64::from(FPS), index > step.first);
            let frame = Frame { index, time_s, is_repeat, planes, colour, orientation: self.orientation };
            let (width, height) = self.orientation.size(planes[0].width, planes[0].height);
            self.shown_size.get_or_insert((width, height));
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
        Ok(Info { codec: self.codec, width, height, decoded_frames, frames, fps })
    }
}

/// Seconds a frame is shown, by what the container says; 1/25 where it says nothing believable.
fn frame_seconds(stream: &Stream) -> f64 {
    let fps = f64::from(stream.avg_frame_rate());
    if (1.0..=240.0).contains(&fps) { 1.0 / fps } else { 1.0 / f64::from(FPS) }
}

fn orientation(stream: &Stream) -> Orientation {
    let matrix = stream.side_data().find(|d| d.kind() == side_data::Type::DisplayMatrix);
    matrix.map_or(Orientation::AsStored, |d| Orientation::from_display_matrix(d.data()))
}

/// Planes of 8-bit YUV 4:2:0, converted when the decoder gives something else.
#[derive(Default)]
struct Converter {
    scaler: Option<(scaling::context::Definition, scaling::Context)>,
    out: Option<frame::Video>,
}

impl Converter {
    /// `None` for a frame that cannot be converted, or whose memory is not laid out as it should be.
    fn planes<'a>(&'a mut self, frame: &'a frame::Video) -> Option<([Plane<'a>; 3], YuvToRgb)> {
        match frame.format() {
            Pixel::YUV420P => Some((planes(frame)?, colour(frame, frame.color_range() == Range::JPEG))),
            Pixel::YUVJ420P => Some((planes(frame)?, colour(frame, true))),
            other => {
                self.convert(frame, other)?;
                let is_j = matches!(other, Pixel::YUVJ422P | Pixel::YUVJ444P | Pixel::YUVJ440P);
                let is_full_range = frame.color_range() == Range::JPEG && !is_j;
                Some((planes(self.out.as_ref()?)?, colour(frame, is_full_range)))
            }
        }
    }

    fn convert(&mut self, frame: &frame::Video, format: Pixel) -> Option<()> {
        let (width, height) = (frame.width(), frame.height());
        let wanted = scaling::context::Definition { format, width, height };
        if self.scaler.as_ref().is_none_or(|(have, _)| *have != wanted) {
            let flags = scaling::Flags::BILINEAR;
            let made =
                scaling::Context::get(format, width, height, Pixel::YUV420P, width, height, flags).ok()?;
            self.scaler = Some((wanted, made));
            self.out = Some(frame::Video::new(Pixel::YUV420P, width, height));
        }
        let (_, scaler) = self.scaler.as_mut()?;
        scaler.run(frame, self.out.as_mut()?).ok()
    }
}

fn planes(frame: &frame::Video) -> Option<[Plane<'_>; 3]> {
    if frame.planes() != 3 || frame.width() < 16 || frame.height() < 16 {
        return None;
    }
    let plane = |i: usize| {
        let (width, height, stride) = (frame.plane_width(i), frame.plane_height(i), frame.stride(i));
        // A negative stride (a picture stored bottom up) arrives here as a huge number; no supported codec has one.
        let is_sound = stride >= width as usize && stride < 1 << 16;
        is_sound.then(|| Plane { data: frame.data(i), stride, width, height })
    };
    Some([plane(0)?, plane(1)?, plane(2)?])
}

fn colour(frame: &frame::Video, is_full_range: bool) -> YuvToRgb {
    let (red, blue) = match frame.color_space() {
        Space::BT709 => (0.2126, 0.0722),
        Space::BT2020NCL | Space::BT2020CL => (0.2627, 0.0593),
        _ => (0.299, 0.114),
    };
    YuvToRgb::new(red, blue, is_full_range)
}

fn is_supported(id: codec::Id) -> bool {
    use codec::Id;
    matches!(id, Id::H264 | Id::HEVC | Id::VP8 | Id::VP9 | Id::AV1 | Id::MPEG4 | Id::MJPEG)
}
