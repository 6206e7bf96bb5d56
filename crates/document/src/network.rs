//! One network with float input and output.

use models::Runtime;
use ort::{session::Session, value::TensorRef};

use crate::Error;

/// A session over one model of the pack; running it needs `&mut`.
pub(crate) struct Network {
    name: &'static str,
    session: Session,
}

/// The output of a network.
pub(crate) struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

impl Network {
    /// # Errors
    /// When the pack lacks the model or ONNX Runtime refuses it.
    pub fn load(runtime: &Runtime, name: &'static str) -> Result<Self, Error> {
        Ok(Self { name, session: runtime.session_of_any_size(name)? })
    }

    /// Returns an entry of the model's metadata.
    pub fn metadata(&self, key: &str) -> Option<String> {
        self.session.metadata().ok()?.custom(key)
    }

    /// Runs the network on one batch of pictures, `[1, 3, height, width]`; every network here names its input `x`.
    ///
    /// # Errors
    /// When the network fails.
    pub fn run_network(&mut self, height: usize, width: usize, planes: &[f32]) -> Result<Tensor, Error> {
        let network = self.name;
        let failed = |source| Error::Inference { network, source };
        let input = TensorRef::from_array_view(([1, 3, height, width], planes)).map_err(failed)?;
        let outputs = self.session.run(ort::inputs!["x" => input]).map_err(failed)?;
        let first = outputs.values().next().ok_or_else(|| failed(ort::Error::new("no output")))?;
        let (shape, data) = first.try_extract_tensor::<f32>().map_err(failed)?;
        let shape = shape.iter().map(|d| usize::try_from(*d).unwrap_or(0)).collect();
        Ok(Tensor { shape, data: data.to_vec() })
    }
}

/// ImageNet's mean and deviation for the channels in the order of PaddleOCR's input: blue, green, red.
pub(crate) const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
pub(crate) const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

/// Writes `rgb` into BGR planes of `width` x `height`, top left, each value through `scale` (channel, 0-255).
pub(crate) fn planes(
    rgb: &image::RgbImage,
    width: usize,
    height: usize,
    scale: impl Fn(usize, u8) -> f32,
) -> Vec<f32> {
    let plane = width * height;
    let mut planes = vec![0.0; 3 * plane];
    let tables: [[f32; 256]; 3] =
        std::array::from_fn(|channel| std::array::from_fn(|v| scale(channel, v as u8)));
    let stride = rgb.width() as usize * 3;
    for (y, row) in rgb.as_raw().chunks_exact(stride.max(1)).enumerate().take(height) {
        for (x, pixel) in row.chunks_exact(3).enumerate().take(width) {
            for (channel, table) in tables.iter().enumerate() {
                planes[channel * plane + y * width + x] = table[usize::from(pixel[2 - channel])];
            }
        }
    }
    planes
}
