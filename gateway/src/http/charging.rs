//! Routes whose calls cost credits: the price is reserved before the handler runs, and charged if the models judged what was
//! sent.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    core::{credits::reserve_credits, error::Error, record::TransactionRecord},
    http::{recording::Call, state::Gateway},
};

/// Middleware inside of the record of a route.
pub async fn charge_credits(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let Some(call) = request.extensions().get::<Call>() else {
        return Error::internal(&"a charged route that is not recorded").into_response();
    };
    let reservation = match reserve_credits(gateway.core(), &call.caller, &call.record).await {
        Ok(reservation) => reservation,
        Err(error) => return error.into_response(),
    };
    let response = next.run(request).await;
    let record = response.extensions().get::<TransactionRecord>();
    let is_judged = record.is_some_and(TransactionRecord::have_models_run);
    reservation.settle(is_judged && !response.status().is_server_error()).await;
    response
}
