//! JSON bodies with base64 pictures.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, de::DeserializeOwned};
use shares::FairPlace;
use utoipa::{IntoResponses, ToSchema};

use crate::{
    core::{error::Error, media::Media},
    http::{json, state::Gateway},
};

/// Largest picture.
const MAX_IMAGE_BYTES: usize = 10 * 1024 * 1024;
/// Largest body with one picture: a picture slightly above its limit still gets its own error.
pub const MAX_ONE_IMAGE_BYTES: usize = 16 * 1024 * 1024;
/// Largest body with several.
pub const MAX_SEVERAL_IMAGES_BYTES: usize = 32 * 1024 * 1024;
/// Longer texts are decoded on a blocking thread.
const MAX_INLINE_BYTES: usize = 256 * 1024;

/// Accepts base64 with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The operating system a picture was taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Os {
    Desktop,
    Ios,
    Android,
}

impl Os {
    /// # Errors
    /// 409 for any other value.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "DESKTOP" => Ok(Self::Desktop),
            "IOS" => Ok(Self::Ios),
            "ANDROID" => Ok(Self::Android),
            _ => Err(Error::field("os", "\"os\" must be one of [DESKTOP, IOS, ANDROID]")),
        }
    }
}

/// The errors of calls with pictures.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "describes the responses in the API's documentation")]
pub enum PictureErrors {
    /// a field is missing or invalid, or the picture does not show exactly one face
    #[response(status = 409)]
    NoOneFace,
    /// only_images_in_base64
    #[response(status = 412)]
    NotBase64,
    /// image_too_large
    #[response(status = 413)]
    TooLarge,
}

/// A body that is only received once an upload permit is available.
pub struct LargeBody(Request);

impl<S: Send + Sync> FromRequest<S> for LargeBody {
    type Rejection = std::convert::Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(request))
    }
}

impl LargeBody {
    /// Receives and parses the body. The permit counts against the project's uploads until it is dropped.
    ///
    /// # Errors
    /// 503 without a permit; 408 when not sent in time; 413 when too large; as [`json::parse_object`].
    pub async fn receive<T: DeserializeOwned>(
        self,
        gateway: &Gateway,
        project_id: &str,
    ) -> Result<(T, FairPlace), Error> {
        let place = gateway.upload_places().admit(project_id).ok_or(Error::Busy)?;
        let body = Bytes::from_request(self.0, &()).await;
        Ok((json::parse_object(body)?, place))
    }
}

/// Decodes a picture from a data URI or from plain base64.
///
/// # Errors
/// 412 for anything else; 413 for more than 10 MB.
pub async fn picture(text: String) -> Result<Media, Error> {
    if text.len() <= MAX_INLINE_BYTES {
        return decode(&text).map(Media::in_memory);
    }
    let decoded = tokio::task::spawn_blocking(move || decode(&text)).await;
    decoded.map_err(|error| Error::internal(&error))?.map(Media::in_memory)
}

fn decode(text: &str) -> Result<Bytes, Error> {
    let unreadable = Error::UnreadablePictures(1);
    let encoded = match text.strip_prefix("data:") {
        None => text,
        Some(uri) => {
            let (kind, encoded) = uri.split_once(',').ok_or_else(|| unreadable.clone())?;
            if !kind.starts_with("image/") || !kind.ends_with(";base64") {
                return Err(unreadable);
            }
            encoded
        }
    };
    if encoded.len() / 4 * 3 > MAX_IMAGE_BYTES + 3 {
        return Err(Error::FileTooLarge);
    }
    let bytes = BASE64.decode(encoded.trim()).map_err(|_| unreadable.clone())?;
    if bytes.len() > MAX_IMAGE_BYTES {
        return Err(Error::FileTooLarge);
    }
    if is_picture(&bytes) { Ok(bytes.into()) } else { Err(unreadable) }
}

/// Detects jpg, png and webp by their first bytes.
fn is_picture(bytes: &[u8]) -> bool {
    let is_webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
    bytes.starts_with(&[0xff, 0xd8, 0xff]) || bytes.starts_with(b"\x89PNG\r\n\x1a\n") || is_webp
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JPEG: [u8; 8] = [0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4];

    #[test]
    fn pictures_come_as_data_uri_or_alone_padded_or_not() {
        let plain = BASE64.encode(JPEG);
        for text in [
            plain.clone(),
            plain.trim_end_matches('=').to_owned(),
            format!("data:image/jpeg;base64,{plain}"),
            format!("data:image/png;base64,{plain}"),
        ] {
            assert_eq!(decode(&text).unwrap(), JPEG.as_slice(), "{text}");
        }
        let text = BASE64.encode("just a text");
        for bad in [
            "",
            "abc",
            "https://example.org/a.jpg",
            text.as_str(),
            &format!("data:text/plain;base64,{plain}"),
            "data:image/jpeg;base64",
        ] {
            assert!(matches!(decode(bad), Err(Error::UnreadablePictures(1))), "{bad}");
        }
        let large = BASE64.encode([&JPEG[..], &vec![0; MAX_IMAGE_BYTES]].concat());
        assert!(matches!(decode(&large), Err(Error::FileTooLarge)));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,60}") {
            let _ = decode(&text);
            let _ = decode(&format!("data:{text}"));
        }
    }
}
