//! Errors of this crate.

/// Errors of this crate. A missing face is a result ([`crate::Presence`]), not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file; its text is safe to show to a client.
    #[error(transparent)]
    Media(#[from] media::Error),
    /// A network is missing from the pack or cannot be loaded.
    #[error(transparent)]
    Model(#[from] models::Error),
    /// A network failed while running.
    #[error("the network `{network}` failed")]
    Inference {
        network: &'static str,
        #[source]
        source: ort::Error,
    },
    /// A stored embedding has another length or values that are not numbers.
    #[error("the stored face embedding is damaged")]
    Embedding,
}
