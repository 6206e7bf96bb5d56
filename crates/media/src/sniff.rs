//! What a file is, by its first bytes.

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
    Jpeg,
    Png,
    Webp,
}

impl Kind {
    /// Whether it is a still picture.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }

    /// What FFmpeg calls the demuxer, the only one it is then allowed to use.
    pub(crate) fn demuxer(self) -> Option<&'static str> {
        match self {
            Self::Mp4 => Some("mov,mp4,m4a,3gp,3g2,mj2"),
            Self::Matroska => Some("matroska,webm"),
            Self::Avi => Some("avi"),
            Self::Wav => Some("wav"),
            Self::Mp3 => Some("mp3"),
            Self::Ogg => Some("ogg"),
            Self::Flac => Some("flac"),
            Self::Aac => Some("aac"),
            Self::Jpeg | Self::Png | Self::Webp => None,
        }
    }
}

/// Bytes [`sniff`] wants to see.
pub(crate) const HEAD: usize = 64;

/// The kind of a file that starts with `head` (64 bytes are enough), or `None` for anything else: text, playlists,
/// archives, programs.
pub fn sniff(head: &[u8]) -> Option<Kind> {
    let at = |offset: usize, magic: &[u8]| head.get(offset..offset + magic.len()) == Some(magic);
    let boxes: [&[u8]; 7] = [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];
    match head {
        _ if boxes.iter().any(|name| at(4, name)) => Some(Kind::Mp4),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Some(Kind::Matroska),
        _ if at(0, b"RIFF") && at(8, b"AVI ") => Some(Kind::Avi),
        _ if (at(0, b"RIFF") || at(0, b"RF64")) && at(8, b"WAVE") => Some(Kind::Wav),
        _ if at(0, b"RIFF") && at(8, b"WEBP") => Some(Kind::Webp),
        _ if at(0, b"OggS") => Some(Kind::Ogg),
        _ if at(0, b"fLaC") => Some(Kind::Flac),
        _ if at(0, b"ID3") => Some(Kind::Mp3),
        [0xff, 0xd8, 0xff, ..] => Some(Kind::Jpeg),
        _ if at(0, b"\x89PNG\r\n\x1a\n") => Some(Kind::Png),
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Some(Kind::Aac),
        [0xff, second, ..] if second & 0xe0 == 0xe0 && second & 0x06 != 0 => Some(Kind::Mp3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_containers_are_told_apart() {
        assert_eq!(sniff(b"\0\0\0\x20ftypisom"), Some(Kind::Mp4));
        assert_eq!(sniff(b"\x1a\x45\xdf\xa3...."), Some(Kind::Matroska));
        assert_eq!(sniff(b"RIFF\0\0\0\0AVI LIST"), Some(Kind::Avi));
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), Some(Kind::Wav));
        assert_eq!(sniff(&[0xff, 0xf1, 0x50]), Some(Kind::Aac));
        assert_eq!(sniff(&[0xff, 0xfb, 0x90]), Some(Kind::Mp3));
        assert_eq!(sniff(&[0xff, 0xd8, 0xff, 0xe0]), Some(Kind::Jpeg));
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
