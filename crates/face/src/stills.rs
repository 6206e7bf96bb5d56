//! Faces of still pictures only: a third of the memory of an [`crate::Engine`].

use media::Pixels;
use models::Runtime;
use ort::session::Session;

use crate::{
    Error,
    align::align,
    detect::{Detection, letterbox},
    embedding::Embedding,
    engine::{PICTURE_SIDE, embed, find},
};

/// The detector and the embedding; running them needs `&mut`.
pub struct Stills {
    yunet: Session,
    sface: Session,
}

impl Stills {
    /// Loads both networks.
    ///
    /// # Errors
    /// When the pack lacks one of them or ONNX Runtime rejects it.
    pub fn load(runtime: &Runtime) -> Result<Self, Error> {
        Ok(Self { yunet: runtime.session("yunet")?, sface: runtime.session("sface")? })
    }

    /// Detects the faces of a still picture, largest first.
    ///
    /// # Errors
    /// When the network fails.
    pub fn faces(&mut self, picture: &dyn Pixels) -> Result<Vec<Detection>, Error> {
        find(&mut self.yunet, &letterbox(picture, PICTURE_SIDE))
    }

    /// Returns the SFace embedding of one face, by the detector's own points: portraits of documents are upright and
    /// not tightly cropped, and a mesh would cost the memory of another network.
    ///
    /// # Errors
    /// When the network fails.
    pub fn embed(&mut self, picture: &dyn Pixels, face: &Detection) -> Result<Embedding, Error> {
        embed(&mut self.sface, &align(picture, face))
    }
}
