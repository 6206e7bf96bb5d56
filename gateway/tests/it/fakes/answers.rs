//! Where the responses of idempotent calls are kept, played.

use proto::transactions::{self as wire, answers_server, claim_answer_response::Outcome};
use tonic::{Request, Response, Status};

use super::Stage;

/// A key: who holds it, and its response once there is one.
#[derive(Clone, Debug)]
pub struct KnownAnswer {
    pub project_id: String,
    pub owner: String,
    pub sealed: Option<Vec<u8>>,
}

#[tonic::async_trait]
impl answers_server::Answers for Stage {
    async fn claim_answer(
        &self,
        request: Request<wire::ClaimAnswerRequest>,
    ) -> Result<Response<wire::ClaimAnswerResponse>, Status> {
        let held = request.into_inner().held.expect("what is claimed");
        let mut state = self.set();
        if state.answers_down {
            return Err(Status::unavailable("down"));
        }
        let outcome = match state.answers.get(&held.id.to_vec()) {
            Some(KnownAnswer { sealed: Some(sealed), .. }) => Outcome::Completed(sealed.clone().into()),
            Some(_) => Outcome::InProgress(true),
            None => {
                let wire::HeldAnswer { project_id, id, owner } = held;
                state.answers.insert(id.to_vec(), KnownAnswer { project_id, owner, sealed: None });
                Outcome::Acquired(true)
            }
        };
        Ok(Response::new(wire::ClaimAnswerResponse { outcome: Some(outcome) }))
    }

    async fn renew_answer(
        &self,
        _: Request<wire::HeldAnswer>,
    ) -> Result<Response<wire::HeldAnswerResponse>, Status> {
        Ok(Response::new(wire::HeldAnswerResponse { held: true }))
    }

    async fn complete_answer(
        &self,
        request: Request<wire::CompleteAnswerRequest>,
    ) -> Result<Response<wire::HeldAnswerResponse>, Status> {
        let wire::CompleteAnswerRequest { held, sealed } = request.into_inner();
        let held = held.expect("what is completed");
        let mut state = self.set();
        let known = state.answers.get_mut(&held.id.to_vec()).filter(|known| known.owner == held.owner);
        let held = known.map(|known| known.sealed = Some(sealed.into())).is_some();
        Ok(Response::new(wire::HeldAnswerResponse { held }))
    }

    async fn release_answer(
        &self,
        request: Request<wire::HeldAnswer>,
    ) -> Result<Response<wire::HeldAnswerResponse>, Status> {
        let held = self.set().answers.remove(&request.into_inner().id.to_vec()).is_some();
        Ok(Response::new(wire::HeldAnswerResponse { held }))
    }
}
