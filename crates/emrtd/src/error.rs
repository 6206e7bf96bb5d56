//! Errors of reading the files of a chip.

/// The texts are safe to show to a client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} is damaged or has another format")]
    Malformed(&'static str),
    /// An algorithm or curve that is not supported.
    #[error("the chip's security object uses an algorithm that is not supported: {0}")]
    Unsupported(String),
    #[error("the portrait of the chip cannot be decoded")]
    Portrait,
    /// A certificate or master list of the operator.
    #[error("no certificate of an issuing authority could be read")]
    NoCertificate,
}
