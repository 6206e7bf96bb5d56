//! Faces of still pictures alone, for who has no video: a third of the memory of an [`crate::Engine`].

use media::Pixels;
use models::Runtime;
use ort::session::Session;

use crate::{
    Error,
    align::align,
    detect::{Detection, letterbox},
    embedding::Embedding,
    engine::{PICTURE_SIDE, embed, find},
    landmarks::Landmarks,
};

/// The detector, the mesh and the embedding; running them needs `&mut`.
pub struct Stills {
    yunet: Session,
    landmarks: Landmarks,
    sface: Session,
}

impl Stills {
    /// Loads them.
    ///
    /// # Errors
    /// When the pack lacks one of them or ONNX Runtime refuses it.
    pub fn load(runtime: &Runtime) -> Result<Self, Error> {
        let (yunet, sface) = (runtime.session("yunet")?, runtime.session("sface")?);
        Ok(Self { yunet, landmarks: Landmarks::load(runtime)?, sface })
    }

    /// The faces of a still picture, largest first.
    ///
    /// # Errors
    /// When the network fails.
    pub fn faces(&mut self, picture: &dyn Pixels) -> Result<Vec<Detection>, Error> {
        find(&mut self.yunet, &letterbox(picture, PICTURE_SIDE))
    }

    /// The SFace embedding of one face of a picture.
    ///
    /// # Errors
    /// When a network fails.
    pub fn embed(&mut self, picture: &dyn Pixels, face: &Detection) -> Result<Embedding, Error> {
        let face = self.landmarks.refine(picture, face)?;
        embed(&mut self.sface, &align(picture, &face))
    }
}
