//! Errors of decoding in a worker.

/// Texts are safe to show to a client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file: it is none that is read, it is damaged, or it asks for more than one file may have.
    #[error(transparent)]
    Media(#[from] media::Error),
    /// The worker ended itself, or answered what no worker answers.
    #[error("the decoder crashed on this file; try again")]
    Crashed,
    /// Somebody else ended the worker: an operator, or the system in need of memory.
    #[error("decoding was interrupted; try again")]
    Killed,
    #[error("no media worker can be started; try again later")]
    Start(#[source] std::io::Error),
}
