//! Web origins allowed by projects.

use proto::projects::AllowsOriginRequest;
use tonic::Status;

use crate::core::Core;

/// Whether any project allows an origin.
///
/// # Errors
/// When the projects service does not answer.
pub async fn is_origin_allowed(core: &Core, origin: &str) -> Result<bool, Status> {
    let request = AllowsOriginRequest { origin: origin.to_owned() };
    Ok(core.services().projects().allows_origin(request).await?.into_inner().allowed)
}
