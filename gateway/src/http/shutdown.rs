//! The signal that the server is about to stop.

use tokio_util::sync::CancellationToken;

/// Completes when the server is about to stop, so that streams without an end do not delay it.
#[derive(Clone, Default)]
pub struct ServerShutdown(pub CancellationToken);
