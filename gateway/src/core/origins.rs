//! Web origins that projects allow.

use proto::projects::AllowsOriginRequest;
use tonic::Status;

use crate::core::services::Peers;

/// Whether any project allows calls from an origin.
///
/// # Errors
/// When the projects service does not answer.
pub async fn is_origin_allowed(services: &Peers, origin: &str) -> Result<bool, Status> {
    let request = AllowsOriginRequest { origin: origin.to_owned() };
    Ok(services.projects().allows_origin(request).await?.into_inner().allowed)
}
