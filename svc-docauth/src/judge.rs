//! Offline evaluation without a server: for measuring on an operator's own pictures.

use std::{fs::File, path::Path, sync::Arc};

use anyhow::Context;
use document::{
    Engine,
    Error::{NotPicture, TooLarge, Undecodable},
};
use intake::Workers;
use models::{Pack, Runtime};
use proto::docauth::CheckDocumentResponse;
use sandbox::Sandbox;
use time::Date;

use crate::{
    DEADLINE,
    error::Error,
    provider::{InHouse, LargeFileLimit, Provider},
    service::encode,
};

/// The in-house provider for offline evaluation.
pub struct Judge {
    workers: Arc<Workers<Engine>>,
    inhouse: InHouse,
    pack: Pack,
}

impl Judge {
    /// Loads the model pack (`None`: the default folders) for `threads` files at a time.
    ///
    /// # Errors
    /// When the pack cannot be used.
    pub fn load(models: Option<&Path>, threads: usize) -> anyhow::Result<Self> {
        let pack = Pack::open(models)?;
        let runtime = Runtime::load(&pack)?;
        let load = move || Ok::<_, Error>(Engine::load(&runtime)?);
        let workers = Arc::new(Workers::start(threads.max(1), threads, DEADLINE, load)?);
        Ok(Self {
            inhouse: InHouse::new(workers.clone(), Arc::new(LargeFileLimit::new()), Sandbox::of(None)),
            workers,
            pack,
        })
    }

    /// Returns the checksum of the models.
    pub fn models(&self) -> String {
        self.pack.manifest().sum(&["documents", "face"])
    }

    /// Returns the report of one picture, as of `today`. `None`: it cannot be decoded.
    ///
    /// # Errors
    /// When the file cannot be opened or a network fails.
    pub async fn check_document(
        &self,
        picture: &Path,
        today: Date,
    ) -> anyhow::Result<Option<CheckDocumentResponse>> {
        let file = File::open(picture).with_context(|| format!("cannot open {}", picture.display()))?;
        match self.inhouse.check(self.workers.admit("judge")?, file, today).await {
            Ok(checked) => Ok(Some(encode(checked))),
            // A rejected picture is a result here, and does not end the evaluation.
            Err(Error::Document(NotPicture | TooLarge | Undecodable)) => Ok(None),
            Err(Error::Sandbox(sandbox::Error::Crashed)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
