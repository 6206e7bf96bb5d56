//! The signals of a server shutdown, in their order.

use tokio_util::sync::CancellationToken;

/// Completes when the server should get no new calls, while it still accepts them.
#[derive(Clone, Default)]
pub struct Draining(pub CancellationToken);

/// Completes when the server is about to stop, so that streams without an end do not delay it.
#[derive(Clone, Default)]
pub struct ServerShutdown(pub CancellationToken);
