//! ONNX Runtime, loaded from the pack.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use ort::{environment::Environment, ep, session::Session};

use crate::{Error, Pack};

/// ONNX Runtime allows one environment per process, so it outlives its first user.
static ENVIRONMENT: Mutex<Option<Arc<Environment>>> = Mutex::new(None);

/// The loaded library, which creates sessions; shared by the whole process.
#[derive(Clone)]
pub struct Runtime {
    environment: Arc<Environment>,
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
        Ok(Self { environment: environment(&library)?, pack: pack.clone() })
    }

    pub fn pack(&self) -> &Pack {
        &self.pack
    }

    /// Creates a session of the model called `name`, with one thread and no spinning: requests are the unit of
    /// parallelism here, and idle threads must not use the cores that decode video.
    ///
    /// # Errors
    /// When the file is missing or ONNX Runtime rejects it.
    pub fn session(&self, name: &str) -> Result<Session, Error> {
        self.load_session(name, true)
    }

    /// Creates a session as [`Self::session`] does, of a model whose inputs differ in size. ONNX Runtime would plan one block
    /// for all that a size needs, which takes a third more memory than single ones where the size is large.
    ///
    /// # Errors
    /// As [`Self::session`].
    pub fn session_of_any_size(&self, name: &str) -> Result<Session, Error> {
        self.load_session(name, false)
    }

    fn load_session(&self, name: &str, plans_memory: bool) -> Result<Session, Error> {
        let file = self.pack.path(name)?;
        let built = self.build(&file, plans_memory);
        built.map_err(|e| Error::Load { name: name.to_owned(), reason: e.to_string() })
    }

    fn build(&self, file: &Path, plans_memory: bool) -> ort::Result<Session> {
        // An arena keeps each session's high-water mark forever: without it, a worker's sessions take a quarter less
        // memory and no measurable time more.
        let cpu = ep::CPU::default().with_arena_allocator(false).build();
        Session::builder(&self.environment)?
            .with_execution_providers([cpu])?
            .with_memory_pattern(plans_memory)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            .commit_from_file(file)
    }
}

fn environment(library: &Path) -> Result<Arc<Environment>, Error> {
    let mut known = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = &*known {
        return Ok(environment.clone());
    }
    let builder = ort::init_from(library).map_err(|e| Error::Runtime(e.to_string()))?;
    let environment = Arc::new(builder.build().map_err(|e: ort::Error| Error::Runtime(e.to_string()))?);
    Ok(known.insert(environment).clone())
}
