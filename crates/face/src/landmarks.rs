//! The mesh network.

use std::time::{Duration, Instant};

use media::Pixels;
use models::Runtime;
use ort::session::Session;

use crate::{
    Error,
    engine::{floats, run, tensor},
    mesh::{Mesh, POINTS, Region, SIDE},
    skin::Skin,
};

/// Below this presence the crop holds no face.
pub(crate) const PRESENT: f32 = 0.5;

/// MediaPipe's face mesh; running it needs `&mut`.
pub(crate) struct Landmarks {
    session: Session,
    input: Vec<f32>,
    /// Duration of the last run: in the network, and around it.
    pub took: [Duration; 2],
}

impl Landmarks {
    pub fn load(runtime: &Runtime) -> Result<Self, Error> {
        let session = runtime.session("face_mesh")?;
        Ok(Self { session, input: vec![0.0; SIDE * SIDE * 3], took: [Duration::ZERO; 2] })
    }

    /// Returns the 478 points of the face in `region`, in picture pixels, and the skin colour of the same crop.
    pub fn find(&mut self, pixels: &dyn Pixels, region: &Region) -> Result<(Mesh, Skin), Error> {
        let started = Instant::now();
        let map = region.map();
        let input = &mut self.input;
        pixels.sample(&map, SIDE, SIDE, &mut |y, row| {
            let line = &mut input[y * SIDE * 3..(y + 1) * SIDE * 3];
            for (((out, r), g), b) in line.chunks_exact_mut(3).zip(row.r).zip(row.g).zip(row.b) {
                (out[0], out[1], out[2]) = (r * (1.0 / 255.0), g * (1.0 / 255.0), b * (1.0 / 255.0));
            }
        });
        let ready = Instant::now();
        let input = tensor("face_mesh", [1, SIDE, SIDE, 3], &self.input)?;
        let outputs = run("face_mesh", &mut self.session, ort::inputs!["input_12" => input])?;
        let done = Instant::now();
        let flat = floats("face_mesh", &outputs, "Identity")?;
        // The network outputs a logit.
        let presence =
            floats("face_mesh", &outputs, "Identity_1")?.first().map_or(0.0, |v| 1.0 / (1.0 + (-v).exp()));
        let scale = map.scale();
        let mut points = Box::new([[0.0; 3]; POINTS]);
        for (point, p) in points.iter_mut().zip(flat.chunks_exact(3)) {
            let [x, y] = map.apply([p[0], p[1]]);
            *point = [x, y, p[2] * scale];
        }
        let skin = Skin::of(&self.input, |i| [flat[3 * i], flat[3 * i + 1]]);
        self.took = [done - ready, ready - started + done.elapsed()];
        Ok((Mesh { points, presence }, skin))
    }
}
