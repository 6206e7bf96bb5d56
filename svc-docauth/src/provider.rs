//! Who checks a document: this machine, or an external provider. Both answer the same report.

use std::{fs::File, io::Read, sync::Arc, time::Duration};

use document::{Engine, Report};
use time::Date;

use crate::{
    desk::{Desk, Place},
    error::Error,
};

/// A report, who made it, and what it cost here.
pub struct Checked {
    pub report: Report,
    pub provider: &'static str,
    pub cpu: Duration,
}

/// Somebody who can check a document.
#[tonic::async_trait]
pub trait Provider: Send + Sync {
    /// Checks the picture in `file`, which has been received and rewound, as of `today`.
    ///
    /// # Errors
    /// The picture cannot be read, or the provider failed.
    async fn check(&self, place: Place, file: File, today: Date) -> Result<Checked, Error>;
}

/// The `document` crate on this machine.
pub struct InHouse {
    desk: Arc<Desk<Engine>>,
}

impl InHouse {
    pub fn new(desk: Arc<Desk<Engine>>) -> Self {
        Self { desk }
    }
}

#[tonic::async_trait]
impl Provider for InHouse {
    async fn check(&self, place: Place, mut file: File, today: Date) -> Result<Checked, Error> {
        let inspect = move |engine: &mut Engine| {
            let started = cpu();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let report = engine.inspect(&bytes, today)?;
            Ok((report, cpu().saturating_sub(started)))
        };
        let (report, cpu) = self.desk.run(place, inspect).await?;
        Ok(Checked { report, provider: "inhouse", cpu })
    }
}

/// Processor time of this thread.
fn cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}
