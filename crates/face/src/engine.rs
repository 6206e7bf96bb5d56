//! The networks, and one method for each.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use media::Pixels;
use models::Runtime;
use ort::{
    session::{Session, SessionInputs, SessionOutputs},
    value::TensorRef,
};

use crate::{
    Error,
    align::{ALIGNED, AlignedFace, TEXTURE, align},
    detect::{Detection, Head, Letterbox, STRIDES, decode, letterbox, suppress},
    embedding::Embedding,
    landmarks::{Landmarks, PRESENT},
    mesh::{Mesh, Region},
    presence::{self, Presence},
    skin::Skin,
    track::Track,
};

/// Longer side of a video frame for the detector, in pixels: a usable face covers at least a fifth of it.
pub(crate) const VIDEO_SIDE: u32 = 320;
/// The same for a still picture, and for a frame without a detected face.
pub(crate) const PICTURE_SIDE: u32 = 640;

/// Candidates for the main face of a picture.
const MAIN_CANDIDATES: usize = 3;
/// Crops of a video for the second network: more changed no decision and cost 10 ms each.
const SECOND_CROPS: usize = 2;

/// The template of a video's face, by both networks.
#[derive(Clone, Debug)]
pub struct TrackTemplate {
    /// The mean of the best crops, weighted by their quality.
    pub mean: Embedding,
    /// Each of them, best first.
    pub crops: Vec<Embedding>,
}

/// Time since the last reset; of the networks themselves, and of the code around them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    pub detect: Duration,
    pub mesh: Duration,
    pub embed: Duration,
    pub texture: Duration,
    /// Cropping and decoding of outputs.
    pub around: Duration,
    pub detections: u32,
    pub meshes: u32,
    pub embeddings: u32,
    pub textures: u32,
}

/// The face networks of one worker. They are loaded once (about 0.2 s); an engine is `Send`, and its methods need
/// `&mut`.
pub struct Engine {
    yunet: Session,
    landmarks: Landmarks,
    embedders: Embedders,
    texture: Session,
    timings: Timings,
}

/// The recognition networks. They run a few times per video and are the largest (60 MB loaded), so engines share
/// them; clones share the networks.
#[derive(Clone)]
pub struct Embedders {
    sface: Arc<Mutex<Session>>,
    second: Arc<Mutex<Session>>,
}

impl Embedders {
    /// Loads both networks.
    ///
    /// # Errors
    /// When the pack lacks one of them or ONNX Runtime rejects it.
    pub fn load(runtime: &Runtime) -> Result<Self, Error> {
        let load = |name| Ok::<_, Error>(Arc::new(Mutex::new(runtime.session(name)?)));
        Ok(Self { sface: load("sface")?, second: load("fr_feature")? })
    }
}

impl Engine {
    /// Loads the detector, the mesh, both embeddings and the texture network.
    ///
    /// # Errors
    /// When the pack lacks one of them or ONNX Runtime rejects it.
    pub fn load(runtime: &Runtime) -> Result<Self, Error> {
        Self::with(runtime, Embedders::load(runtime)?)
    }

    /// Loads the other networks around loaded embedding networks.
    ///
    /// # Errors
    /// When the pack lacks one of them or ONNX Runtime rejects it.
    pub fn with(runtime: &Runtime, embedders: Embedders) -> Result<Self, Error> {
        Ok(Self {
            yunet: runtime.session("yunet")?,
            landmarks: Landmarks::load(runtime)?,
            embedders,
            texture: runtime.session("fr_liveness")?,
            timings: Timings::default(),
        })
    }

    /// Runs every network once on a black picture, so that the first request is not slower.
    ///
    /// # Errors
    /// When a network fails.
    pub fn warm_up(&mut self) -> Result<(), Error> {
        let black = media::Picture::from_rgb(&image::RgbImage::new(VIDEO_SIDE, 240));
        self.detect(&black, VIDEO_SIDE)?;
        self.mesh(&black, &Region { centre: [160.0, 120.0], side: 200.0, angle: 0.0 })?;
        let face = AlignedFace { planes: vec![0.0; 3 * ALIGNED * ALIGNED] };
        self.embed_aligned(&face)?;
        self.texture(&vec![0.0; 3 * TEXTURE * TEXTURE])?;
        self.take_timings();
        Ok(())
    }

    /// Returns the timings since the last call.
    pub fn take_timings(&mut self) -> Timings {
        std::mem::take(&mut self.timings)
    }

    /// Detects the faces of a still picture, largest first.
    ///
    /// # Errors
    /// When the network fails.
    pub fn faces(&mut self, picture: &dyn Pixels) -> Result<Vec<Detection>, Error> {
        self.detect(picture, PICTURE_SIDE)
    }

    /// Detects the faces of `pixels`, scaled to at most `side` pixels; largest first.
    pub(crate) fn detect(&mut self, pixels: &dyn Pixels, side: u32) -> Result<Vec<Detection>, Error> {
        let started = Instant::now();
        let shown = letterbox(pixels, side);
        let ready = Instant::now();
        let found = find(&mut self.yunet, &shown)?;
        self.timings.detect += ready.elapsed();
        self.timings.detections += 1;
        self.timings.around += ready - started;
        Ok(found)
    }

    /// Returns the 478 points of the face in `region`, in picture pixels.
    ///
    /// # Errors
    /// When the network fails.
    pub fn mesh(&mut self, pixels: &dyn Pixels, region: &Region) -> Result<Mesh, Error> {
        Ok(self.mesh_and_skin(pixels, region)?.0)
    }

    /// Like [`Engine::mesh`], with the skin colour of the same crop.
    pub(crate) fn mesh_and_skin(
        &mut self,
        pixels: &dyn Pixels,
        region: &Region,
    ) -> Result<(Mesh, Skin), Error> {
        let found = self.landmarks.find(pixels, region)?;
        let [network, around] = self.landmarks.took;
        self.timings.mesh += network;
        self.timings.meshes += 1;
        self.timings.around += around;
        Ok(found)
    }

    /// Returns the face with its five points from the mesh, if the mesh finds a face there: the detector's own are
    /// some pixels off in tilted and tightly cropped faces, which costs recognition more than anything else.
    ///
    /// # Errors
    /// When the network fails.
    pub fn refine(&mut self, pixels: &dyn Pixels, face: &Detection) -> Result<Detection, Error> {
        Ok(face.refined(&self.mesh(pixels, &Region::of_detection(face))?))
    }

    /// Returns the main face of a picture with its mesh: large, near the middle, and confirmed by the mesh. The
    /// detector alone also reports hands or half-visible bystanders, and these can be the largest.
    ///
    /// # Errors
    /// When the network fails.
    pub fn main_face(
        &mut self,
        picture: &dyn Pixels,
        faces: &[Detection],
    ) -> Result<Option<(Detection, Mesh)>, Error> {
        let mut first = None;
        for face in presence::by_prominence(faces, picture.width(), picture.height()).take(MAIN_CANDIDATES) {
            let mesh = self.mesh(picture, &Region::of_detection(&face))?;
            if mesh.presence >= PRESENT {
                return Ok(Some((face, mesh)));
            }
            first.get_or_insert((face, mesh));
        }
        Ok(first)
    }

    /// Returns the embedding of one face of a picture by both networks, [refined](Self::refine).
    ///
    /// # Errors
    /// When a network fails.
    pub fn embed(&mut self, pixels: &dyn Pixels, face: &Detection) -> Result<Embedding, Error> {
        let face = self.refine(pixels, face)?;
        self.embed_aligned(&align(pixels, &face))
    }

    /// Returns the embedding of an aligned face by both networks.
    ///
    /// # Errors
    /// When a network fails.
    pub fn embed_aligned(&mut self, face: &AlignedFace) -> Result<Embedding, Error> {
        Ok(Embedding::both(&self.embed_sface(face)?, &self.embed_second(face)?))
    }

    /// Returns the SFace embedding (2021dec, OpenCV Zoo) of an aligned face, RGB 0-255.
    ///
    /// # Errors
    /// When the network fails.
    pub fn embed_sface(&mut self, face: &AlignedFace) -> Result<Embedding, Error> {
        let started = Instant::now();
        let mut session = self.embedders.sface.lock().unwrap_or_else(PoisonError::into_inner);
        let embedding = embed(&mut session, face)?;
        self.timings.embed += started.elapsed();
        self.timings.embeddings += 1;
        Ok(embedding)
    }

    /// Returns the embedding by the second network (fr_feature): 512 numbers, comparable only with each other.
    fn embed_second(&mut self, face: &AlignedFace) -> Result<Embedding, Error> {
        let started = Instant::now();
        let planes: Vec<f32> = face.planes.iter().map(|v| (v - 127.0) / 128.0).collect();
        let input = tensor("fr_feature", [1, 3, ALIGNED, ALIGNED], &planes)?;
        let mut session = self.embedders.second.lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = run("fr_feature", &mut session, ort::inputs!["input" => input])?;
        let embedding = Embedding::unit(floats("fr_feature", &outputs, "output")?);
        self.timings.embed += started.elapsed();
        self.timings.embeddings += 1;
        Ok(embedding)
    }

    /// Returns the probability (0-1) that a crop of [`texture_crop`] shows a live face, not a print or a screen.
    ///
    /// # Errors
    /// When the network fails.
    pub fn texture(&mut self, crop: &[f32]) -> Result<f32, Error> {
        let started = Instant::now();
        let input = tensor("fr_liveness", [1, 3, TEXTURE, TEXTURE], crop)?;
        let outputs = run("fr_liveness", &mut self.texture, ort::inputs!["input" => input])?;
        let logits = floats("fr_liveness", &outputs, "output")?;
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = logits.iter().map(|v| (v - top).exp()).sum();
        let real = logits.first().map_or(0.0, |v| (v - top).exp() / sum);
        self.timings.texture += started.elapsed();
        self.timings.textures += 1;
        Ok(real)
    }

    /// Returns the SFace embedding of each of a track's best crops.
    ///
    /// # Errors
    /// When the network fails.
    pub fn embeddings(&mut self, track: &Track) -> Result<Vec<Embedding>, Error> {
        track.samples.iter().map(|s| self.embed_sface(&s.face)).collect()
    }

    /// Returns the template of a track, from `sface`, its [`Engine::embeddings`], and the second network's embeddings
    /// of its very best crops. `None` without crops.
    ///
    /// # Errors
    /// When a network fails.
    pub fn template(&mut self, track: &Track, sface: &[Embedding]) -> Result<Option<TrackTemplate>, Error> {
        let best = track.samples.iter().take(SECOND_CROPS);
        let second = best.map(|s| self.embed_second(&s.face)).collect::<Result<Vec<_>, Error>>()?;
        let (Some(mean), Some(second)) = (track.mean(sface), track.mean(&second)) else { return Ok(None) };
        let crops = sface.iter().map(|crop| Embedding::both(crop, &second)).collect();
        Ok(Some(TrackTemplate { mean: Embedding::both(&mean, &second), crops }))
    }

    /// Selects the one face of a picture for enrollment or comparison. `is_document` takes the largest of several at
    /// any position: a passport shows its portrait off centre, and often twice.
    ///
    /// # Errors
    /// When a network fails; an unsuitable picture is the inner error.
    pub fn enrollment(
        &mut self,
        picture: &dyn Pixels,
        is_document: bool,
    ) -> Result<Result<(Detection, Embedding), Presence>, Error> {
        let faces = self.faces(picture)?;
        match Presence::of_picture(&faces, picture.width(), picture.height(), is_document) {
            Presence::OneFace => {}
            other => return Ok(Err(other)),
        }
        let Some((face, _)) = self.main_face(picture, &faces)? else { return Ok(Err(Presence::NoFace)) };
        Ok(Ok((face, self.embed(picture, &face)?)))
    }
}

/// Runs the detector on its input; returns faces in picture pixels, largest first.
pub(crate) fn find(yunet: &mut Session, shown: &Letterbox) -> Result<Vec<Detection>, Error> {
    let input = tensor("yunet", [1, 3, shown.height, shown.width], &shown.input)?;
    let outputs = run("yunet", yunet, ort::inputs!["input" => input])?;
    let mut found = Vec::new();
    for stride in STRIDES {
        let part = |name: &str| floats("yunet", &outputs, &format!("{name}_{stride}"));
        let head =
            Head { class: part("cls")?, object: part("obj")?, boxes: part("bbox")?, points: part("kps")? };
        decode(&head, stride, shown.width / stride, shown.scale, &mut found);
    }
    Ok(suppress(found))
}

/// The SFace embedding of an aligned face.
pub(crate) fn embed(sface: &mut Session, face: &AlignedFace) -> Result<Embedding, Error> {
    let input = tensor("sface", [1, 3, ALIGNED, ALIGNED], &face.planes)?;
    let outputs = run("sface", sface, ort::inputs!["data" => input])?;
    Ok(Embedding::unit(floats("sface", &outputs, "fc1")?))
}

pub(crate) fn tensor<'a, const N: usize>(
    network: &'static str,
    shape: [usize; N],
    data: &'a [f32],
) -> Result<TensorRef<'a, f32>, Error> {
    TensorRef::from_array_view((shape, data)).map_err(|source| Error::Inference { network, source })
}

pub(crate) fn run<'s, 'i, 'v: 'i, const N: usize>(
    network: &'static str,
    session: &'s mut Session,
    inputs: impl Into<SessionInputs<'i, 'v, N>>,
) -> Result<SessionOutputs<'s>, Error> {
    session.run(inputs).map_err(|source| Error::Inference { network, source })
}

pub(crate) fn floats<'a>(
    network: &'static str,
    outputs: &'a SessionOutputs<'_>,
    name: &str,
) -> Result<&'a [f32], Error> {
    let inference = |source| Error::Inference { network, source };
    let missing = || inference(ort::Error::new(format!("no output `{name}`")));
    let (_, data) = outputs.get(name).ok_or_else(missing)?.try_extract_tensor::<f32>().map_err(inference)?;
    Ok(data)
}
