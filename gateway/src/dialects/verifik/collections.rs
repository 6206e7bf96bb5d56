//! `/v2/face-recognition/collections`.

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
};
use boot::timestamp::rfc3339;
use proto::journeys as wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{app_registrations::Data, lists::ListAsked, projects::Deleted};
use crate::{
    core::{caller::Caller, error::Error, journeys},
    http::{json, state::Gateway},
};

#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct CollectionBody {
    #[schema(example = "Branch office", nullable = false)]
    name: Option<String>,
    #[schema(nullable = false)]
    description: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FaceCollection {
    #[serde(rename = "_id")]
    id: String,
    client: String,
    /// The code that other calls pass as `collection_id`.
    code: String,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    project: String,
    description: String,
    deleted: bool,
    #[serde(rename = "__v")]
    version: u32,
    created_at: String,
    updated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CollectionList {
    data: Vec<FaceCollection>,
    total: u64,
}

impl FaceCollection {
    fn new(caller: &Caller, of: wire::Collection) -> Self {
        Self {
            id: of.id,
            client: caller.project_id.clone(),
            code: of.code,
            name: of.name,
            project: of.journey_project_id,
            description: of.description,
            deleted: false,
            version: 0,
            created_at: rfc3339(of.created_at_ms),
            updated_at: rfc3339(of.updated_at_ms),
        }
    }
}

#[utoipa::path(post, path = "/v2/face-recognition/collections", tag = "verifik", request_body = CollectionBody,
    responses((status = 200, body = Data<FaceCollection>), (status = 409, description = "MissingParameter")))]
pub async fn create_face_collection(
    State(gateway): State<Gateway>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Data<FaceCollection>>, Error> {
    let body: CollectionBody = json::parse_object(body)?;
    let name = body.name.ok_or_else(|| Error::MissingFields(vec!["name"]))?;
    let description = body.description.unwrap_or_default();
    let made = journeys::create_collection(gateway.core(), &caller, name, description).await?;
    Ok(Json(Data { data: FaceCollection::new(&caller, made) }))
}

#[utoipa::path(get, path = "/v2/face-recognition/collections", tag = "verifik",
    params(("page" = Option<u32>, Query, description = "from 1"), ("limit" = Option<u32>, Query, description = "1 to 100")),
    responses((status = 200, body = CollectionList), (status = 409, description = "MissingParameter")))]
pub async fn list_face_collections(
    State(gateway): State<Gateway>,
    caller: Caller,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<CollectionList>, Error> {
    let Query(query) = query?;
    let asked = ListAsked::parse(&query, ("limit", 10))?;
    let found = journeys::list_collections(gateway.core(), &caller, asked.page).await?;
    let data = found.collections.into_iter().map(|of| FaceCollection::new(&caller, of)).collect();
    Ok(Json(CollectionList { data, total: found.total }))
}

/// Returns a collection by its id or code.
#[utoipa::path(get, path = "/v2/face-recognition/collections/{id}", tag = "verifik",
    params(("id" = String, Path, description = "id or code")), responses((status = 200, body = Data<FaceCollection>)))]
pub async fn get_face_collection(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Data<FaceCollection>>, Error> {
    let Path(id) = id?;
    let found = journeys::get_collection(gateway.core(), &caller, &id).await?;
    Ok(Json(Data { data: FaceCollection::new(&caller, found) }))
}

#[utoipa::path(put, path = "/v2/face-recognition/collections/{id}", tag = "verifik", request_body = CollectionBody,
    params(("id" = String, Path, description = "id or code")),
    responses((status = 200, body = Data<FaceCollection>), (status = 409, description = "MissingParameter")))]
pub async fn update_face_collection(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Data<FaceCollection>>, Error> {
    let Path(id) = id?;
    let body: CollectionBody = json::parse_change(body, &[])?;
    let changes = (body.name, body.description);
    let changed = journeys::update_collection(gateway.core(), &caller, &id, changes).await?;
    Ok(Json(Data { data: FaceCollection::new(&caller, changed) }))
}

/// Deletes a collection without persons. Registrations of its project then lack a collection.
#[utoipa::path(delete, path = "/v2/face-recognition/collections/{id}", tag = "verifik",
    params(("id" = String, Path, description = "id or code")),
    responses((status = 200, body = Deleted), (status = 409, description = "collection_is_not_empty")))]
pub async fn delete_face_collection(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Deleted>, Error> {
    let Path(id) = id?;
    journeys::delete_collection(gateway.core(), &caller, &id).await?;
    Ok(Json(Deleted { success: true }))
}
