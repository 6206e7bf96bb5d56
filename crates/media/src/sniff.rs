//! Recognises the type of a file by its first bytes.

/// A container this server reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// MP4, MOV, M4A, 3GP.
    Mp4,
    /// Matroska and WebM.
    Matroska,
    Avi,
    Wav,
    Mp3,
    Ogg,
    Flac,
    /// Bare AAC frames.
    Aac,
    Aiff,
    /// Apple's Core Audio Format.
    Caf,
    /// Bare AMR frames, narrow or wide band.
    Amr,
    /// MPEG program stream.
    MpegPs,
    /// MPEG transport stream.
    MpegTs,
    Jpeg,
    Png,
    Webp,
}

impl Kind {
    /// Whether it is a still picture.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }

    /// Returns the name of FFmpeg's demuxer, the only one it may use.
    pub(crate) fn demuxer(self) -> Option<&'static str> {
        match self {
            Self::Mp4 => Some("mov,mp4,m4a,3gp,3g2,mj2"),
            Self::Matroska => Some("matroska,webm"),
            Self::Avi => Some("avi"),
            Self::Wav => Some("wav"),
            // An ID3 tag may stand before any of the three.
            Self::Mp3 => Some("mp3,aac,flac"),
            Self::Ogg => Some("ogg"),
            Self::Flac => Some("flac"),
            Self::Aac => Some("aac"),
            Self::Aiff => Some("aiff"),
            Self::Caf => Some("caf"),
            Self::Amr => Some("amr"),
            Self::MpegPs => Some("mpeg"),
            Self::MpegTs => Some("mpegts"),
            Self::Jpeg | Self::Png | Self::Webp => None,
        }
    }
}

/// Bytes [`sniff`] wants to see.
pub(crate) const HEAD: usize = 512;

/// The kind of a file that starts with `head` (512 bytes are enough), or `None` for anything else: text, playlists,
/// archives, programs.
pub fn sniff(head: &[u8]) -> Option<Kind> {
    let at = |offset: usize, magic: &[u8]| head.get(offset..offset + magic.len()) == Some(magic);
    let boxes: [&[u8]; 8] = [b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];
    let still_boxes: [&[u8]; 6] = [b"heic", b"heix", b"heim", b"avif", b"mif1", b"msf1"];
    match head {
        // Stills in the same boxes as video.
        _ if at(4, b"ftyp") && still_boxes.iter().any(|name| at(8, name)) => None,
        _ if boxes.iter().any(|name| at(4, name)) => Some(Kind::Mp4),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(Kind::Matroska),
        _ if at(0, b"RIFF") && at(8, b"AVI ") => Some(Kind::Avi),
        _ if (at(0, b"RIFF") || at(0, b"RF64")) && at(8, b"WAVE") => Some(Kind::Wav),
        _ if at(0, b"RIFF") && at(8, b"WEBP") => Some(Kind::Webp),
        _ if at(0, b"OggS") => Some(Kind::Ogg),
        _ if at(0, b"fLaC") => Some(Kind::Flac),
        _ if at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC")) => Some(Kind::Aiff),
        _ if at(0, b"caff") => Some(Kind::Caf),
        _ if at(0, b"#!AMR") => Some(Kind::Amr),
        _ if at(0, b"ID3") => Some(Kind::Mp3),
        [0, 0, 1, 0xba, ..] => Some(Kind::MpegPs),
        _ if is_transport_stream(head) => Some(Kind::MpegTs),
        [0xff, 0xd8, 0xff, ..] => Some(Kind::Jpeg),
        _ if at(0, b"\x89PNG\r\n\x1a\n") => Some(Kind::Png),
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Some(Kind::Aac),
        [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0 => Some(Kind::Mp3),
        _ => None,
    }
}

/// Packets of 188 bytes, each of which starts with the same byte; camcorders put a time of four bytes before each.
fn is_transport_stream(head: &[u8]) -> bool {
    const SYNC: u8 = 0x47;
    let starts = |first: usize, size: usize| {
        head.len() > first + size && (first..head.len()).step_by(size).all(|at| head[at] == SYNC)
    };
    starts(0, 188) || starts(4, 192)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_containers_are_distinguished() {
        assert_eq!(sniff(b"\0\0\0\x20ftypisom"), Some(Kind::Mp4));
        assert_eq!(sniff(b"\x1a\x45\xdf\xa3...."), Some(Kind::Matroska));
        assert_eq!(sniff(b"RIFF\0\0\0\0AVI LIST"), Some(Kind::Avi));
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), Some(Kind::Wav));
        assert_eq!(sniff(&[0xff, 0xf1, 0x50]), Some(Kind::Aac));
        assert_eq!(sniff(&[0xff, 0xfb, 0x90]), Some(Kind::Mp3));
        assert_eq!(sniff(&[0xff, 0xd8, 0xff, 0xe0]), Some(Kind::Jpeg));
        assert_eq!(sniff(b"FORM\0\0\0\0AIFF"), Some(Kind::Aiff));
        assert_eq!(sniff(b"caff\0\x01"), Some(Kind::Caf));
        assert_eq!(sniff(b"#!AMR-WB\n"), Some(Kind::Amr));
        assert_eq!(sniff(&[0, 0, 1, 0xba, 0x44]), Some(Kind::MpegPs));
    }

    #[test]
    fn a_transport_stream_is_known_by_its_rhythm() {
        for (first, size) in [(0, 188), (4, 192)] {
            let mut file = vec![0; 512];
            (first..512).step_by(size).for_each(|at| file[at] = 0x47);
            assert_eq!(sniff(&file), Some(Kind::MpegTs));
            file[first + size] = 0;
            assert_eq!(sniff(&file), None);
        }
        assert_eq!(sniff(b"GIF89a"), None);
    }

    #[test]
    fn stills_in_the_boxes_of_video_are_no_video() {
        assert_eq!(sniff(b"\0\0\0\x24ftypheic\0\0\0\0mif1"), None);
    }

    #[test]
    fn text_playlists_and_nothing_at_all_are_no_media() {
        for text in
            [&b"hello, I am no video"[..], b"#EXTM3U\nhttp://", b"ffconcat version 1.0", b"", b"\0\0\0"]
        {
            assert_eq!(sniff(text), None);
        }
    }
}
