//! Samples: the media of a call, kept with storage consent, and the links that open one for a quarter of an hour.

use axum::{
    Json,
    body::Body,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{FutureExt, stream};
use proto::transactions::{
    GetSampleRequest, GetSampleResponse, ListSamplesRequest, PutSampleHeader, PutSampleRequest, Sample,
    SampleLink, get_sample_response::Part as Given, put_sample_request::Part as Sent,
};
use serde::{Deserialize, Serialize};
use tonic::{Status, Streaming};
use utoipa::{IntoParams, ToSchema};

use crate::{
    Gateway,
    accounts::audit::{Deed, note},
    auth::ApiKey,
    consent::rfc3339,
    error::Error,
    record::Call,
    transactions::BothNames,
    upload::Spooled,
};

/// Keeps a file of the call as a sample of its transaction, if its user is known and has agreed to that. The call does
/// not fail with it: what cannot be kept costs a line in the log.
pub async fn keep(gateway: &Gateway, call: &Call, storage_consent: bool, name: &'static str, file: &Spooled) {
    let Some(user_fullname) = call.user_noted().filter(|_| storage_consent) else { return };
    let header = PutSampleHeader {
        project_id: call.project_id(),
        transaction_id: call.transaction_id.to_string(),
        user_fullname,
        name: name.to_owned(),
        keep_seconds: None,
    };
    let header = PutSampleRequest { part: Some(Sent::Header(header)) };
    let piece = |chunk| PutSampleRequest { part: Some(Sent::Chunk(chunk)) };
    let (messages, readable) = file.messages(header, piece);
    if let Err(error) = readable.answered(gateway.transactions().put_sample(messages).boxed()).await {
        tracing::warn!(%error, sample = name, "a sample could not be kept");
    }
}

/// A kept medium, and the link that opens it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SampleData {
    id: String,
    /// What it was in the call.
    #[schema(example = "video")]
    name: String,
    #[schema(example = "video/mp4")]
    content_type: String,
    /// Bytes.
    size: u64,
    created_at: String,
    /// When it is destroyed.
    expires_at: String,
    /// Opens the sample without a key until `url_expires_at`: hand it to nobody who may not see the sample. Relative to
    /// the base URL of the API unless the operator has set a public one.
    #[schema(
        example = "/api-transactions/samples/0199f0a0-0000-7000-8000-000000000003?expires=1769904000000&signature=9kd…"
    )]
    url: String,
    url_expires_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SamplesFound {
    data: Vec<SampleData>,
    #[schema(example = "samples found")]
    message: &'static str,
}

/// The media kept of a transaction, with links that live for 15 minutes. Empty when there was no storage consent, or
/// their time is over.
#[utoipa::path(get, path = "/api-transactions/transactions/{id}/samples", tag = "transactions",
    params(("id" = String, Path, description = "the X-Request-Id of the call")),
    responses((status = 200, body = SamplesFound), (status = 404, description = "unknown")))]
pub async fn list(
    State(gateway): State<Gateway>,
    key: Result<ApiKey, Error>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<SamplesFound>, BothNames> {
    let project_id = key?.project_id;
    let Path(transaction_id) = id.map_err(Error::from)?;
    let (project, transaction) = (project_id.clone(), transaction_id.clone());
    let request = ListSamplesRequest { project_id, transaction_id };
    let found = gateway.transactions().list_samples(request).await.map_err(Error::from)?.into_inner();
    let samples: Vec<_> = found.samples.iter().filter_map(|link| Some(&link.sample.as_ref()?.id)).collect();
    if !samples.is_empty() {
        // Before the links are given: nobody sees a sample unnoticed.
        let after = Some(serde_json::json!({ "samples": samples }));
        let deed = Deed { action: "samples.opened", target: &transaction, after, ..Deed::default() };
        note(&gateway, &project, deed).await?;
    }
    let base = gateway.config().public_url.as_deref().unwrap_or_default();
    let data = found.samples.into_iter().map(|link| SampleData::of(link, base)).collect();
    Ok(Json(SamplesFound { data, message: "samples found" }))
}

impl SampleData {
    fn of(link: SampleLink, base: &str) -> Self {
        let SampleLink { sample, expires_ms, signature } = link;
        let sample = sample.unwrap_or_default();
        Self {
            // Neither an id nor a signature has a character that needs escaping.
            url: format!(
                "{base}/api-transactions/samples/{}?expires={expires_ms}&signature={signature}",
                sample.id
            ),
            url_expires_at: rfc3339(expires_ms),
            created_at: rfc3339(sample.created_at_ms),
            expires_at: rfc3339(sample.expires_at_ms),
            id: sample.id,
            name: sample.name,
            content_type: sample.content_type,
            size: sample.size,
        }
    }
}

/// What a link carries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Proof {
    /// Milliseconds since 1970.
    expires: i64,
    signature: String,
}

/// Opens a sample by its link. Needs no key: the signature is the right to read it. A link that was changed, has expired
/// or whose sample is gone answers 404, whichever it is.
#[utoipa::path(get, path = "/api-transactions/samples/{id}", tag = "transactions", security(()),
    params(("id" = String, Path, description = "as in the link"), Proof),
    responses((status = 200, description = "the medium", content_type = "application/octet-stream", body = Vec<u8>),
              (status = 404, description = "no such link")))]
pub async fn open(
    State(gateway): State<Gateway>,
    id: Result<Path<String>, PathRejection>,
    proof: Result<Query<Proof>, QueryRejection>,
) -> Result<Response, BothNames> {
    let Path(id) = id.map_err(Error::from)?;
    let unknown = || Error::from(Status::not_found("sample not found"));
    let Query(Proof { expires, signature }) = proof.map_err(|_| unknown())?;
    let request = GetSampleRequest { id, expires_ms: expires, signature };
    let mut parts = gateway.transactions().get_sample(request).await.map_err(Error::from)?.into_inner();
    let first = parts.message().await.map_err(Error::from)?.and_then(|message| message.part);
    let Some(Given::Sample(sample)) = first else {
        return Err(Error::internal(&"a sample that does not say what it is").into());
    };
    let mut response = Body::from_stream(chunks(parts)).into_response();
    describe(&sample, response.headers_mut())?;
    Ok(response)
}

/// Nothing between here and its reader may keep a sample or take it for something else.
fn describe(sample: &Sample, headers: &mut header::HeaderMap) -> Result<(), Error> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(|error| Error::internal(&error));
    // The name is a word of this system's own: a-z, 0-9 and _.
    let disposition = format!("attachment; filename=\"{}.{}\"", sample.name, extension(&sample.content_type));
    headers.insert(header::CONTENT_TYPE, value(&sample.content_type)?);
    headers.insert(header::CONTENT_LENGTH, sample.size.into());
    headers.insert(header::CONTENT_DISPOSITION, value(&disposition)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let sandbox = HeaderValue::from_static("default-src 'none'; sandbox");
    headers.insert(header::CONTENT_SECURITY_POLICY, sandbox);
    Ok(())
}

fn extension(content_type: &str) -> &str {
    match content_type {
        "video/quicktime" => "mov",
        "video/x-matroska" => "mkv",
        "video/x-msvideo" => "avi",
        "image/jpeg" => "jpg",
        "audio/mpeg" => "mp3",
        "application/octet-stream" => "bin",
        other => other.rsplit(['/', '-']).next().unwrap_or("bin"),
    }
}

/// The bytes of a sample; the stream breaks off when the service's does, so that no reader takes a part for the whole.
fn chunks(parts: Streaming<GetSampleResponse>) -> impl futures::Stream<Item = Result<Bytes, Error>> + Send {
    stream::try_unfold(parts, |mut parts| async move {
        match parts.message().await?.map(|message| message.part) {
            None => Ok(None),
            Some(Some(Given::Chunk(chunk))) => Ok(Some((chunk, parts))),
            Some(_) => Err(Error::internal(&"a part of a sample that is no chunk")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_what_it_is() {
        for (content_type, name) in [
            ("video/mp4", "mp4"),
            ("video/webm", "webm"),
            ("video/quicktime", "mov"),
            ("audio/x-wav", "wav"),
            ("image/png", "png"),
            ("application/octet-stream", "bin"),
        ] {
            assert_eq!(extension(content_type), name);
        }
    }
}
