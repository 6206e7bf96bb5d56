//! Samples: the media of a call, stored with storage consent, and signed links that open one sample for 15 minutes.

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
use boot::timestamp::rfc3339;
use proto::transactions::{Sample, SampleLink};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    core::{
        caller::Caller,
        error::{Error, Refusal},
        transactions,
    },
    http::{envelope::Envelope, state::Gateway},
};

/// A stored medium, and the link that opens it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SampleData {
    id: String,
    /// The role of the sample in the call.
    #[schema(example = "video")]
    name: String,
    #[schema(example = "video/mp4")]
    content_type: String,
    /// Size in bytes.
    size: u64,
    created_at: String,
    /// When the sample is deleted.
    expires_at: String,
    /// Opens the sample without a key until `url_expires_at`: do not share it. It is relative to the base URL of the
    /// API unless the operator has configured a public one.
    #[schema(
        example = "/api-transactions/samples/0199f0a0-0000-7000-8000-000000000003?expires=1769904000000&signature=9kd…"
    )]
    url: String,
    url_expires_at: String,
}

/// Returns the stored media of a transaction, with links that are valid for 15 minutes. Empty without storage consent,
/// and after they have expired.
#[utoipa::path(get, path = "/api-transactions/transactions/{id}/samples", tag = "transactions",
    params(("id" = String, Path, description = "the X-Request-Id of the call")),
    responses((status = 200, body = Envelope<Vec<SampleData>>), (status = 404, description = "unknown")))]
pub async fn list_samples(
    State(gateway): State<Gateway>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Envelope<Vec<SampleData>>>, Error> {
    let Path(id) = id?;
    let links = transactions::list_samples(gateway.core(), &caller, id).await?;
    let base = gateway.config().public_url.as_deref().unwrap_or_default();
    let data = links.into_iter().map(|link| SampleData::new(link, base)).collect();
    Ok(Json(Envelope::new("samples found", data)))
}

impl SampleData {
    fn new(link: SampleLink, base: &str) -> Self {
        let SampleLink { sample, expires_ms, signature } = link;
        let sample = sample.unwrap_or_default();
        Self {
            // Ids and signatures contain no characters that need escaping.
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

/// The query parameters of a link.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Proof {
    /// Milliseconds since 1970.
    expires: i64,
    signature: String,
}

/// Opens a sample by its link. No key is needed, because the link is signed. A modified or expired link and a deleted
/// sample are answered with 404.
#[utoipa::path(get, path = "/api-transactions/samples/{id}", tag = "transactions",
    params(("id" = String, Path, description = "as in the link"), Proof),
    responses((status = 200, description = "the medium", content_type = "application/octet-stream", body = Vec<u8>),
              (status = 404, description = "no such link")))]
pub async fn open_sample(
    State(gateway): State<Gateway>,
    id: Result<Path<String>, PathRejection>,
    proof: Result<Query<Proof>, QueryRejection>,
) -> Result<Response, Error> {
    let Path(id) = id?;
    let unknown = || Error::Refused(Refusal::NotFound, "sample not found".to_owned());
    let Query(Proof { expires, signature }) = proof.map_err(|_| unknown())?;
    let (sample, chunks) = transactions::open_sample(gateway.core(), id, expires, signature).await?;
    let mut response = Body::from_stream(chunks).into_response();
    describe(&sample, response.headers_mut())?;
    Ok(response)
}

/// Headers that prevent caching and content sniffing of a sample.
fn describe(sample: &Sample, headers: &mut header::HeaderMap) -> Result<(), Error> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(|error| Error::internal(&error));
    // The name is chosen by this server: a-z, 0-9 and _.
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
