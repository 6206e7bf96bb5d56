//! Says that documents cannot be checked yet.

use proto::docauth::{CheckDocumentRequest, CheckDocumentResponse, doc_auth_server::DocAuth};
use tonic::{Request, Response, Status, Streaming};

#[derive(Clone)]
pub struct Documents;

#[tonic::async_trait]
impl DocAuth for Documents {
    async fn check_document(
        &self,
        _request: Request<Streaming<CheckDocumentRequest>>,
    ) -> Result<Response<CheckDocumentResponse>, Status> {
        Err(Status::unimplemented("document authentication is not available in this version"))
    }
}
