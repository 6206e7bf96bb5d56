//! ONNX Runtime, loaded from the pack itself.

use ort::{environment::Environment, ep, session::Session};

use crate::{Error, Pack};

/// The loaded library; sessions are made from it. One per process is enough, cloning shares it.
#[derive(Clone)]
pub struct Runtime {
    environment: std::sync::Arc<Environment>,
    pack: Pack,
}

impl Runtime {
    /// Loads the library of `pack`. The first load in a process wins: another pack's library would be ignored.
    ///
    /// # Errors
    /// When the library is missing or of another version.
    pub fn load(pack: &Pack) -> Result<Self, Error> {
        let library = pack.dir().join("lib/libonnxruntime.so");
        if !library.is_file() {
            return Err(Error::Runtime(format!("{} is missing; run `make models`", library.display())));
        }
        let runtime = |e: ort::Error| Error::Runtime(e.to_string());
        let environment = ort::init_from(&library).map_err(|e| Error::Runtime(e.to_string()))?.build().map_err(runtime)?;
        Ok(Self { environment: environment.into(), pack: pack.clone() })
    }

    pub fn pack(&self) -> &Pack {
        &self.pack
    }

    /// A session over the model called `name`, one thread, no spinning: requests are the unit of parallelism here, and
    /// idle threads must not burn the cores that decode video.
    ///
    /// # Errors
    /// When the file is missing or ONNX Runtime refuses it.
    pub fn session(&self, name: &str) -> Result<Session, Error> {
        let file = self.pack.path(name)?;
        self.build(&file).map_err(|e| Error::Load { name: name.to_owned(), reason: e.to_string() })
    }

    fn build(&self, file: &std::path::Path) -> ort::Result<Session> {
        // An arena keeps each session's high-water mark for ever: off, a worker's sessions take a quarter less memory
        // and no measurable time more.
        let cpu = ep::CPU::default().with_arena_allocator(false).build();
        Session::builder(&self.environment)?
            .with_execution_providers([cpu])?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            .commit_from_file(file)
    }
}
