//! Blobs in a folder or a bucket.
//!
//! A blob is one object `blobs/<tenant>/<id>`: a header (magic, expiry, wrapped data key) and the sealed chunks. The
//! chunks are bound to magic and expiry, so that the key can be rewrapped in place (`rewrap.rs`); those of format 1
//! are bound to the wrapped key as well. An empty object `expiry/<milliseconds>/<tenant>/<id>` lets expired blobs be
//! found without opening the others; it is written first, so no blob can outlive its expiry unnoticed. The header
//! decides: an id that is written again has its newer expiry.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path as FsPath, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, pin_mut, stream::BoxStream};
use object_store::{
    ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart, aws::AmazonS3Builder, local::LocalFileSystem,
    path::Path, prefix::PrefixStore,
};
use secrecy::ExposeSecret;

use crate::{BlobId, Config, DataKey, Error, KeyRing, S3, Tenant, chunks, usage::Usage};

/// `BIO` and the format.
const MAGIC_1: [u8; 4] = *b"BIO\x01";
const MAGIC: [u8; 4] = *b"BIO\x02";
/// Master key id, nonce, data key, tag.
const WRAPPED_LEN: usize = 8 + 12 + 32 + 16;
pub(crate) const WRAPPED_AT: usize = MAGIC.len() + 8;
pub(crate) const HEADER_LEN: usize = WRAPPED_AT + WRAPPED_LEN;
/// Drafts older than this belong to no running process: uploads end long before.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Encrypted blobs. Clones share the connection and the keys.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) keys: KeyRing,
    pub(crate) usage: Usage,
    /// `None`: a bucket.
    pub(crate) folder: Option<PathBuf>,
}

/// The header of an object. The wrapped key is authenticated alone, the rest as the context of every chunk.
pub(crate) struct Header {
    magic: [u8; 4],
    pub expires_at_ms: i64,
    pub wrapped: Vec<u8>,
}

impl Header {
    pub fn new(expires_at_ms: i64, wrapped: Vec<u8>) -> Self {
        Self { magic: MAGIC, expires_at_ms, wrapped }
    }

    pub fn encode(&self) -> Vec<u8> {
        [&self.magic, self.expires_at_ms.to_be_bytes().as_slice(), &self.wrapped].concat()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let (magic, rest) = bytes.split_first_chunk::<4>().ok_or(Error::Refused)?;
        let (expiry, wrapped) = rest.split_first_chunk::<8>().ok_or(Error::Refused)?;
        if ![MAGIC_1, MAGIC].contains(magic) || wrapped.len() != WRAPPED_LEN {
            return Err(Error::Refused);
        }
        Ok(Self { magic: *magic, expires_at_ms: i64::from_be_bytes(*expiry), wrapped: wrapped.to_vec() })
    }

    /// Returns the context that every chunk is bound to.
    pub fn chunk_context(&self) -> Vec<u8> {
        let mut bound = self.encode();
        if self.has_free_key() {
            bound.truncate(WRAPPED_AT);
        }
        bound
    }

    /// Whether the key can be rewrapped without the chunks.
    pub fn has_free_key(&self) -> bool {
        self.magic == MAGIC
    }
}

/// Whether bytes are the header of an object.
pub(crate) fn is_header(bytes: &[u8]) -> bool {
    Header::decode(bytes).is_ok_and(|header| header.encode() == bytes)
}

/// Returns the context of a blob's key. Neither name can contain a slash, so two blobs never share a context.
pub(crate) fn context(tenant: &Tenant, id: &BlobId, expires_at_ms: i64) -> Vec<u8> {
    format!("blob/{tenant}/{id}/{expires_at_ms}").into_bytes()
}

fn object(tenant: &Tenant, id: &BlobId) -> Path {
    Path::from_iter(["blobs", &tenant.to_string(), &id.to_string()])
}

fn marker(tenant: &Tenant, id: &BlobId, expires_at_ms: i64) -> Path {
    Path::from_iter(["expiry", &format!("{expires_at_ms:020}"), &tenant.to_string(), &id.to_string()])
}

impl Store {
    /// Opens the folder or the bucket; a folder is created when missing, and abandoned drafts are removed.
    ///
    /// # Errors
    /// When the keys or the storage cannot be used.
    pub fn open(config: &Config) -> Result<Self, Error> {
        Self::open_with(config, KeyRing::open(&config.keys)?)
    }

    /// Like [`Store::open`], with keys that are open already.
    ///
    /// # Errors
    /// When the storage cannot be used.
    pub fn open_with(config: &Config, keys: KeyRing) -> Result<Self, Error> {
        let objects: Arc<dyn ObjectStore> = match &config.s3 {
            Some(s3) => bucket(s3)?,
            None => folder(&config.folder)?,
        };
        let folder = config.s3.is_none().then(|| config.folder.clone());
        Ok(Self { objects, keys, usage: Usage::new(config.limits.clone(), folder.clone()), folder })
    }

    /// Whether a tenant may store more now.
    ///
    /// # Errors
    /// [`Error::DiskAlmostFull`], [`Error::QuotaUsedUp`], [`Error::Storage`].
    pub async fn check_room(&self, tenant: &Tenant) -> Result<(), Error> {
        self.usage.check_limit(&*self.objects, tenant).await
    }

    /// Stores a stream under `id` until `expires_at_ms` (milliseconds UTC, not negative), and replaces an earlier
    /// one. Returns the number of plain bytes. When `bytes` fails, or the future is dropped, the earlier blob stays.
    ///
    /// # Errors
    /// [`Error::Input`] with the error of `bytes`; [`Error::Storage`]; [`Error::DiskAlmostFull`] or [`Error::QuotaUsedUp`]
    /// before a byte is read.
    pub async fn put_stream<E>(
        &self,
        tenant: &Tenant,
        id: &BlobId,
        expires_at_ms: i64,
        bytes: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<u64, Error>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.usage.check_limit(&*self.objects, tenant).await?;
        let mut size = 0;
        let counted = bytes.map_err(|e| Error::Input(e.into())).inspect_ok(|b| size += b.len() as u64);
        let context = context(tenant, id, expires_at_ms);
        let key = DataKey::generate()?;
        let header = Header::new(expires_at_ms, self.keys.wrap_key(&context, &key)?);
        let (path, marker) = (object(tenant, id), marker(tenant, id, expires_at_ms));
        self.objects.put(&marker, PutPayload::new()).await?;
        let sealed = chunks::seal(key, &header.chunk_context(), counted);
        if let Err(error) = self.upload(&path, &header.encode(), sealed).await {
            self.remove_unused(&marker, &path, expires_at_ms).await;
            return Err(error);
        }
        self.usage.add_bytes(tenant, size);
        Ok(size)
    }

    /// Removes the marker of a blob that was not written, unless an earlier blob has the same one. A marker that
    /// stays is removed when it is due.
    async fn remove_unused(&self, marker: &Path, path: &Path, expires_at_ms: i64) {
        let removed = async {
            match self.expiry(path).await? {
                Some(due_ms) if due_ms == expires_at_ms => Ok(()),
                _ => remove(&self.objects, marker).await,
            }
        };
        if let Err(error) = removed.await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the expiry marker of a blob that was not written stays");
        }
    }

    async fn upload(
        &self,
        path: &Path,
        header: &[u8],
        sealed: impl Stream<Item = Result<Bytes, Error>> + Send,
    ) -> Result<(), Error> {
        let mut upload = WriteMultipart::new(self.objects.put_multipart(path).await?);
        let written: Result<(), Error> = async {
            upload.write(header);
            pin_mut!(sealed);
            while let Some(chunk) = sealed.try_next().await? {
                upload.wait_for_capacity(2).await?;
                upload.put(chunk);
            }
            Ok(())
        }
        .await;
        match written {
            Ok(()) => upload.finish().await.map(|_| ()).map_err(Error::from),
            Err(error) => {
                if let Err(abort) = upload.abort().await {
                    let abort = &abort as &dyn std::error::Error;
                    tracing::warn!(error = abort, "a half written blob stays until its draft is cleared");
                }
                Err(error)
            }
        }
    }

    /// Returns the bytes stored under `id`, or `None` when there are none or they have expired. A stream that ends
    /// without an error is exactly the written bytes.
    ///
    /// # Errors
    /// [`Error::Refused`] when the blob was changed, cut or moved (also as an item of the stream); [`Error::Storage`].
    pub async fn get_stream(
        &self,
        tenant: &Tenant,
        id: &BlobId,
        now_ms: i64,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, Error>>>, Error> {
        let Some(object) = found(self.objects.get(&object(tenant, id)).await)? else { return Ok(None) };
        let mut bytes = object.into_stream().map_err(Error::from);
        let mut front = Vec::new();
        while front.len() < HEADER_LEN {
            front.extend_from_slice(&bytes.try_next().await?.ok_or(Error::Refused)?);
        }
        let rest = Bytes::from(front.split_off(HEADER_LEN));
        let header = Header::decode(&front)?;
        let key = self.keys.unwrap_key(&context(tenant, id, header.expires_at_ms), &header.wrapped)?;
        if header.expires_at_ms <= now_ms {
            return Ok(None);
        }
        let sealed = futures::stream::once(async { Ok(rest) }).chain(bytes);
        Ok(Some(chunks::open(key, &header.chunk_context(), sealed).boxed()))
    }

    /// Removes a blob; one that is not there is no error.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn delete(&self, tenant: &Tenant, id: &BlobId) -> Result<(), Error> {
        let expiry = self.expiry(&object(tenant, id)).await?;
        remove(&self.objects, &object(tenant, id)).await?;
        match expiry {
            Some(expires_at_ms) => remove(&self.objects, &marker(tenant, id, expires_at_ms)).await,
            None => Ok(()),
        }
    }

    /// Removes every blob expired at `now_ms`, and returns how many.
    ///
    /// # Errors
    /// [`Error::Storage`]; remaining blobs are found by the next call.
    pub async fn delete_expired(&self, now_ms: i64) -> Result<u64, Error> {
        let markers: Vec<Path> =
            self.objects.list(Some(&Path::from("expiry"))).map_ok(|m| m.location).try_collect().await?;
        let mut removed = 0;
        for marker in markers {
            let Some((due_ms, blob)) = due(&marker) else { continue };
            if due_ms > now_ms {
                continue;
            }
            // Written again meanwhile with a later expiry: only the old marker is removed.
            if self.expiry(&blob).await?.is_some_and(|expires_at_ms| expires_at_ms <= now_ms) {
                remove(&self.objects, &blob).await?;
                removed += 1;
            }
            remove(&self.objects, &marker).await?;
        }
        Ok(removed)
    }

    /// Returns the expiry in an object's header. A damaged header counts as expired: it cannot be read anyway.
    async fn expiry(&self, blob: &Path) -> Result<Option<i64>, Error> {
        let Some(front) = found(self.objects.get_range(blob, 0..HEADER_LEN as u64).await)? else {
            return Ok(None);
        };
        Ok(Some(Header::decode(&front).map_or(0, |h| h.expires_at_ms)))
    }
}

/// Parses the expiry and the blob of a marker.
fn due(marker: &Path) -> Option<(i64, Path)> {
    let mut parts = marker.parts().skip(1);
    let (time, tenant, id) = (parts.next()?, parts.next()?, parts.next()?);
    let (tenant, id) = (Tenant::parse(tenant.as_ref()).ok()?, BlobId::parse(id.as_ref()).ok()?);
    Some((time.as_ref().parse().ok()?, object(&tenant, &id)))
}

pub(crate) fn found<T>(result: object_store::Result<T>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn remove(objects: &Arc<dyn ObjectStore>, path: &Path) -> Result<(), Error> {
    found(objects.delete(path).await).map(|_| ())
}

fn bucket(s3: &S3) -> Result<Arc<dyn ObjectStore>, Error> {
    let mut builder = AmazonS3Builder::new().with_bucket_name(&s3.bucket).with_region(&s3.region);
    if let Some(endpoint) = &s3.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    if let (Some(id), Some(secret)) = (&s3.access_key_id, &s3.secret_access_key) {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret.expose_secret());
    }
    Ok(Arc::new(PrefixStore::new(builder.build()?, s3.prefix.as_str())))
}

fn folder(path: &FsPath) -> Result<Arc<dyn ObjectStore>, Error> {
    let failed =
        |source| Error::Storage(object_store::Error::Generic { store: "folder", source: Box::new(source) });
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    // Also when an earlier release created it under the umask.
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    clear_drafts(path).map_err(failed)?;
    // What is answered as kept is on disk: the file, its name, and the folders made for it.
    Ok(Arc::new(LocalFileSystem::new_with_prefix(path)?.with_automatic_cleanup(true).with_fsync(true)))
}

/// Removes drafts of killed processes (`<name>#<number>`).
fn clear_drafts(folder: &FsPath) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (entry, path) = entry.map(|e| (e.file_type(), e.path()))?;
        if entry?.is_dir() {
            clear_drafts(&path)?;
        } else if path.to_string_lossy().contains('#') && age(&path) > ABANDONED {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn age(path: &FsPath) -> Duration {
    let modified = fs::metadata(path).and_then(|m| m.modified()).ok();
    modified.and_then(|m| m.elapsed().ok()).unwrap_or_default()
}
