//! The model pack: its weights, verified by checksum, and ONNX sessions over them.
//!
//! A pack is a folder with `manifest.json`, the files it names, and the ONNX Runtime library under `lib/`. It is made
//! by `setup/models.py`; nothing is downloaded while serving. A missing or changed file is an error that names the
//! file and the command that repairs it.

mod pack;
mod pool;
mod session;

pub use pack::{Entry, Error, Manifest, Pack};
pub use pool::Pool;
pub use session::Runtime;
