//! The documents service, played.

use proto::docauth::{self, doc_auth_server};
use tonic::{Request, Response, Status, Streaming};

use super::Stage;

#[tonic::async_trait]
impl doc_auth_server::DocAuth for Stage {
    async fn check_document(
        &self,
        request: Request<Streaming<docauth::CheckDocumentRequest>>,
    ) -> Result<Response<docauth::CheckDocumentResponse>, Status> {
        let mut stream = request.into_inner();
        while let Some(message) = stream.message().await? {
            if let Some(docauth::check_document_request::Part::Header(header)) = message.part {
                self.set().documents.push(header);
            }
        }
        let answer = self.set().document.clone();
        let none = || Status::unimplemented("document authentication is not offered by this server");
        answer.map(Response::new).ok_or_else(none)
    }
}
