//! The journeys service as far as every test needs it; tests of journeys use the real one.

use proto::{
    journeys::journeys_server,
    subjects::{Remains, Subject},
};
use tonic::{Request, Response, Status};

use super::Stage;

#[tonic::async_trait]
impl journeys_server::Journeys for Stage {
    async fn find_subject(&self, _: Request<Subject>) -> Result<Response<Remains>, Status> {
        Ok(self.kept("journeys"))
    }

    async fn erase_subject(&self, request: Request<Subject>) -> Result<Response<Remains>, Status> {
        self.forget("journeys", request.into_inner())
    }
}
