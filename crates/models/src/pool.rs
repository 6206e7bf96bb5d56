//! A pool of sessions of one model.

use std::sync::{Mutex, PoisonError};

use ort::session::Session;

use crate::{Error, Runtime};

/// Grows to the largest number of sessions in use at once, bounded by the callers' number of workers.
pub struct Pool {
    runtime: Runtime,
    name: &'static str,
    idle: Mutex<Vec<Session>>,
}

impl Pool {
    /// Loads the first session, so that a missing model is found at start.
    ///
    /// # Errors
    /// When the file is missing or ONNX Runtime rejects it.
    pub fn load(runtime: &Runtime, name: &'static str) -> Result<Self, Error> {
        let first = runtime.session(name)?;
        Ok(Self { runtime: runtime.clone(), name, idle: Mutex::new(vec![first]) })
    }

    /// The model's name in the pack.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs `work` with exclusive use of a session. A session whose work panicked is discarded.
    ///
    /// # Errors
    /// Those of `work`, or of loading one more session.
    pub fn with<T, E: From<Error>>(&self, work: impl FnOnce(&mut Session) -> Result<T, E>) -> Result<T, E> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut session = idle.map_or_else(|| self.runtime.session(self.name), Ok)?;
        let result = work(&mut session);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        result
    }
}
