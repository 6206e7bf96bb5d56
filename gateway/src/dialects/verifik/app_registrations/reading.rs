//! Registrations are listed and read, by id or by their token.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
};
use proto::journeys as wire;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::lists::{ListAsked, pages},
    AppRegistration, Data, STATUSES, of_get,
};
use crate::{
    core::{
        caller::{Caller, RecordKind},
        error::Error,
        journeys,
    },
    http::state::Gateway,
};

#[derive(Debug, Serialize, ToSchema)]
pub struct RegistrationList {
    data: Vec<AppRegistration>,
    total: u64,
    limit: u32,
    page: u32,
    pages: u64,
}

/// Lists the registrations, newest first.
#[utoipa::path(get, path = "/v2/app-registrations", tag = "verifik",
    params(("page" = Option<u32>, Query, description = "from 1"), ("limit" = Option<u32>, Query, description = "1 to 100"),
        ("where_project" = Option<String>, Query, description = "of this project"),
        ("where_projectFlow" = Option<String>, Query, description = "of this flow"),
        ("in_status[]" = Option<Vec<String>>, Query, description = "with one of these")),
    responses((status = 200, body = RegistrationList), (status = 409, description = "MissingParameter")))]
pub async fn list_app_registrations(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<RegistrationList>, Error> {
    let Query(query) = query?;
    let asked = ListAsked::parse(&query, ("limit", 10))?;
    let request = wire::ListRegistrationsRequest {
        project_id: String::new(),
        statuses: asked.status_values(&STATUSES)?,
        journey_project_id: asked.project,
        flow_id: asked.flow,
        page: asked.page.number,
        limit: asked.page.limit,
    };
    let found = journeys::list_registrations(gateway.core(), &caller, request).await?;
    let data = found.registrations.into_iter().map(|of| AppRegistration::with_step(&caller, of)).collect();
    let (page, limit) = (asked.page.number, asked.page.limit);
    Ok(Json(RegistrationList { data, total: found.total, limit, page, pages: pages(found.total, limit) }))
}

#[utoipa::path(get, path = "/v2/app-registrations/{id}", tag = "verifik",
    params(("id" = String, Path, description = "the registration")),
    responses((status = 200, body = Data<AppRegistration>), (status = 404, description = "AppRegistration_not_found")))]
pub async fn get_app_registration(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Data<AppRegistration>>, Error> {
    let Path(id) = id?;
    let found = journeys::get_registration(gateway.core(), &caller, &id).await.map_err(of_get)?;
    Ok(Json(Data { data: AppRegistration::with_step(&caller, found) }))
}

/// Returns the token's registration.
#[utoipa::path(post, path = "/v2/app-registrations/me", tag = "verifik",
    responses((status = 200, body = Data<AppRegistration>), (status = 404, description = "AppRegistration_not_found")))]
pub async fn get_own_app_registration(
    State(gateway): State<Gateway>,
    caller: Caller,
) -> Result<Json<Data<AppRegistration>>, Error> {
    let id = caller.require_record(RecordKind::Registration)?;
    let found = journeys::get_registration(gateway.core(), &caller, id).await.map_err(of_get)?;
    Ok(Json(Data { data: AppRegistration::with_step(&caller, found) }))
}
