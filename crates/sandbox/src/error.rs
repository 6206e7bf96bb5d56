//! Errors of decoding in a worker.

/// Texts are safe to show to a client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not supported, is damaged, or exceeds a limit.
    #[error(transparent)]
    Media(#[from] media::Error),
    /// The worker crashed, or sent an invalid message.
    #[error("the decoder crashed on this file; try again")]
    Crashed,
    /// The worker was killed by an operator, or by the system for lack of memory.
    #[error("decoding was interrupted; try again")]
    Killed,
    #[error("no media worker can be started; try again later")]
    Start(#[source] std::io::Error),
}
