//! Counts blobs by master key, and rewraps them under the active one.
//!
//! Blobs may be written, replaced and deleted meanwhile, so a rewrap never recreates a blob: in a folder the wrapped
//! key is written into the open file that was read, whatever has become of its name; in a bucket the object is
//! replaced only while it is the one that was read.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path as FsPath, PathBuf},
};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload, UpdateVersion, path::Path};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{
    BlobId, DataKey, Error, KeyId, Store, Tenant, chunks,
    store::{HEADER_LEN, Header, WRAPPED_AT, context, found},
};

/// A blob whose header could be read.
struct Found {
    path: Path,
    tenant: Tenant,
    id: BlobId,
    front: Bytes,
    header: Header,
}

impl Found {
    fn context(&self) -> Vec<u8> {
        context(&self.tenant, &self.id, self.header.expires_at_ms)
    }
}

impl Store {
    /// Counts the blobs under each master key.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn count_keys(&self) -> Result<BTreeMap<KeyId, u64>, Error> {
        let mut keys = BTreeMap::new();
        let mut blobs = self.objects.list(Some(&Path::from("blobs")));
        while let Some(object) = blobs.try_next().await? {
            if let Some(blob) = self.front(object.location).await?
                && let Some(key) = crate::KeyRing::key_id(&blob.header.wrapped)
            {
                *keys.entry(key).or_default() += 1;
            }
        }
        Ok(keys)
    }

    /// Rewraps every blob under the active key; `report` gets the number of blobs done so far. Blobs that are
    /// damaged, or under a key that is not in the ring, stay unchanged. Can be interrupted and started again.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn rewrap(&self, mut report: impl FnMut(u64)) -> Result<u64, Error> {
        let mut done = 0;
        let mut blobs = self.objects.list(Some(&Path::from("blobs")));
        while let Some(object) = blobs.try_next().await? {
            let Some(blob) = self.front(object.location).await? else { continue };
            match self.rewrap_one(&blob).await {
                Ok(true) => {
                    done += 1;
                    report(done);
                }
                Ok(false) => {}
                Err(error @ (Error::Refused | Error::UnknownKey | Error::DistrustedKey)) => {
                    tracing::warn!(blob = %blob.path, %error, "a blob cannot be rewrapped");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Returns `None` when it was deleted or is not a blob.
    async fn front(&self, path: Path) -> Result<Option<Found>, Error> {
        let mut parts = path.parts().skip(1);
        let (Some(tenant), Some(id)) = (parts.next(), parts.next()) else { return Ok(None) };
        let (Ok(tenant), Ok(id)) = (Tenant::parse(tenant.as_ref()), BlobId::parse(id.as_ref())) else {
            return Ok(None);
        };
        let Some(front) = found(self.objects.get_range(&path, 0..HEADER_LEN as u64).await)? else {
            return Ok(None);
        };
        let Ok(header) = Header::decode(&front) else { return Ok(None) };
        Ok(Some(Found { path, tenant, id, front, header }))
    }

    async fn rewrap_one(&self, blob: &Found) -> Result<bool, Error> {
        let Some(wrapped) = self.keys.rewrap_key(&blob.context(), &blob.header.wrapped)? else {
            return Ok(false);
        };
        match &self.folder {
            Some(folder) if blob.header.has_free_key() => {
                let file = folder.join(blob.path.as_ref());
                write_key(&file, &blob.front, &wrapped).map_err(storage)
            }
            Some(folder) => self.replace_file(&folder.join(blob.path.as_ref()), blob).await,
            None => self.replace_object(blob).await,
        }
    }

    /// Encrypts the whole blob again. `None`: it was replaced or deleted meanwhile.
    async fn encrypt_anew(&self, blob: &Found, object: Bytes) -> Result<Option<Vec<u8>>, Error> {
        if !object.starts_with(&blob.front) {
            return Ok(None);
        }
        let key = self.keys.unwrap_key(&blob.context(), &blob.header.wrapped)?;
        let sealed = stream::iter([Ok(object.slice(HEADER_LEN..))]);
        let plain = chunks::open(key, &blob.header.chunk_context(), sealed);
        let key = DataKey::generate()?;
        let header = Header::new(blob.header.expires_at_ms, self.keys.wrap_key(&blob.context(), &key)?);
        let mut anew = header.encode();
        let mut sealed = chunks::seal(key, &header.chunk_context(), plain).boxed();
        while let Some(chunk) = sealed.try_next().await? {
            anew.extend_from_slice(&chunk);
        }
        Ok(Some(anew))
    }

    async fn replace_object(&self, blob: &Found) -> Result<bool, Error> {
        let Some(object) = found(self.objects.get(&blob.path).await)? else { return Ok(false) };
        let version =
            UpdateVersion { e_tag: object.meta.e_tag.clone(), version: object.meta.version.clone() };
        let Some(anew) = self.encrypt_anew(blob, object.bytes().await?).await? else { return Ok(false) };
        let put = self.objects.put_opts(&blob.path, PutPayload::from(anew), PutMode::Update(version).into());
        match put.await {
            Ok(_) => Ok(true),
            // Replaced or deleted meanwhile.
            Err(object_store::Error::Precondition { .. } | object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn replace_file(&self, path: &FsPath, blob: &Found) -> Result<bool, Error> {
        let Some(mut file) = opened(File::open(path)).map_err(storage)? else { return Ok(false) };
        let mut object = Vec::new();
        file.read_to_end(&mut object).map_err(storage)?;
        let Some(anew) = self.encrypt_anew(blob, object.into()).await? else { return Ok(false) };
        exchange(path, &file, &anew).map_err(storage)
    }
}

/// Writes the wrapped key into the file, if it is still the file whose header was read.
fn write_key(path: &FsPath, front: &[u8], wrapped: &[u8]) -> io::Result<bool> {
    let Some(file) = opened(OpenOptions::new().read(true).write(true).open(path))? else { return Ok(false) };
    let mut now = [0; HEADER_LEN];
    file.read_exact_at(&mut now, 0)?;
    if now != front {
        return Ok(false);
    }
    file.write_all_at(wrapped, WRAPPED_AT as u64)?;
    file.sync_data()?;
    Ok(true)
}

/// Replaces `old` by `anew`, unless another file has that name by now.
fn exchange(path: &FsPath, old: &File, anew: &[u8]) -> io::Result<bool> {
    // A draft left by a killed process is removed at the next start.
    let draft = PathBuf::from(format!("{}#rewrap", path.display()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(anew)?;
    file.sync_all()?;
    let swap = || renameat_with(CWD, &draft, CWD, path, RenameFlags::EXCHANGE);
    let swapped = match swap() {
        Err(rustix::io::Errno::NOENT) => false,
        done => done.map(|()| true)?,
    };
    let is_old = swapped && fs::metadata(&draft)?.ino() == old.metadata()?.ino();
    if swapped && !is_old {
        swap()?;
    }
    fs::remove_file(&draft)?;
    Ok(is_old)
}

fn opened(file: io::Result<File>) -> io::Result<Option<File>> {
    match file {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => file.map(Some),
    }
}

fn storage(source: io::Error) -> Error {
    Error::Storage(object_store::Error::Generic { store: "folder", source: Box::new(source) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;
    use crate::{Config, keys::tests::ring};

    const SECRETS: [[u8; 32]; 2] = [[2; 32], [1; 32]];

    fn names() -> (Tenant, BlobId) {
        (Tenant::parse("project").unwrap(), BlobId::parse("video").unwrap())
    }

    fn folder(dir: &tempfile::TempDir, secrets: &[[u8; 32]]) -> Store {
        Store::open_with(&Config::embedded(dir.path()), ring(secrets)).unwrap()
    }

    fn bucket(objects: &Arc<InMemory>, secrets: &[[u8; 32]]) -> Store {
        let dir = tempfile::tempdir().unwrap();
        Store { objects: objects.clone(), folder: None, ..folder(&dir, secrets) }
    }

    async fn put(store: &Store, bytes: &[u8]) {
        let (tenant, id) = names();
        let bytes = stream::iter([Ok::<_, io::Error>(Bytes::copy_from_slice(bytes))]);
        store.put_stream(&tenant, &id, 2_000, bytes).await.unwrap();
    }

    async fn get(store: &Store) -> Result<Vec<u8>, Error> {
        let (tenant, id) = names();
        let bytes = store.get_stream(&tenant, &id, 1_000).await?.unwrap();
        Ok(bytes.try_collect::<Vec<_>>().await?.concat())
    }

    fn plain() -> Vec<u8> {
        (0..200_000_u32).map(|at| (at % 251) as u8).collect()
    }

    /// Rewrites the object at `path` in format 1, as the previous release wrote it.
    async fn as_format_1(store: &Store, path: &Path) {
        let front = store.front(path.clone()).await.unwrap().unwrap();
        let key = store.keys.unwrap_key(&front.context(), &front.header.wrapped).unwrap();
        let header = [b"BIO\x01", &front.front[4..]].concat();
        let plain = stream::iter([Ok(Bytes::from(plain()))]);
        let mut object = header.clone();
        for chunk in chunks::seal(key, &header, plain).try_collect::<Vec<_>>().await.unwrap() {
            object.extend_from_slice(&chunk);
        }
        store.objects.put(path, object.into()).await.unwrap();
    }

    async fn moves(old: &Store, both: &Store, new: &Store, is_format_1: bool) {
        put(old, &plain()).await;
        let (tenant, id) = names();
        let path = Path::from(format!("blobs/{tenant}/{id}"));
        if is_format_1 {
            as_format_1(old, &path).await;
        }
        assert_eq!(get(old).await.unwrap(), plain());
        assert!(matches!(get(new).await, Err(Error::UnknownKey)));
        assert_eq!(both.count_keys().await.unwrap().into_keys().collect::<Vec<_>>(), old.keys.key_ids());
        assert_eq!(both.rewrap(|_| {}).await.unwrap(), 1);
        assert_eq!(both.rewrap(|_| {}).await.unwrap(), 0, "nothing is done twice");
        assert_eq!(get(new).await.unwrap(), plain());
        assert!(matches!(get(old).await, Err(Error::UnknownKey)));
        assert_eq!(new.count_keys().await.unwrap().into_keys().collect::<Vec<_>>(), new.keys.key_ids());
        assert_eq!(new.delete_expired(3_000).await.unwrap(), 1, "it expires when it was to");
    }

    #[tokio::test]
    async fn blobs_move_to_the_sealing_key_in_a_folder_and_in_a_bucket() {
        for is_format_1 in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let [old, both, new] =
                [&SECRETS[1..], &SECRETS, &SECRETS[..1]].map(|secrets| folder(&dir, secrets));
            moves(&old, &both, &new, is_format_1).await;
            let objects = Arc::new(InMemory::new());
            let [old, both, new] =
                [&SECRETS[1..], &SECRETS, &SECRETS[..1]].map(|secrets| bucket(&objects, secrets));
            moves(&old, &both, &new, is_format_1).await;
        }
    }

    #[tokio::test]
    async fn a_blob_deleted_or_replaced_meanwhile_is_not_put_back() {
        let dir = tempfile::tempdir().unwrap();
        let (old, both) = (folder(&dir, &SECRETS[1..]), folder(&dir, &SECRETS));
        let objects = Arc::new(InMemory::new());
        let (old_bucket, both_bucket) = (bucket(&objects, &SECRETS[1..]), bucket(&objects, &SECRETS));
        let (tenant, id) = names();
        let path = Path::from(format!("blobs/{tenant}/{id}"));
        for (old, both) in [(&old, &both), (&old_bucket, &both_bucket)] {
            for is_format_1 in [false, true] {
                put(old, &plain()).await;
                if is_format_1 {
                    as_format_1(old, &path).await;
                }
                let read = both.front(path.clone()).await.unwrap().unwrap();
                put(both, b"newer").await;
                assert!(!both.rewrap_one(&read).await.unwrap());
                assert_eq!(get(both).await.unwrap(), b"newer");
                both.delete(&tenant, &id).await.unwrap();
                assert!(!both.rewrap_one(&read).await.unwrap());
                assert!(both.get_stream(&tenant, &id, 1_000).await.unwrap().is_none());
            }
        }
        // Replaced after its bytes were read: the replacement is undone.
        put(&old, b"older").await;
        let file = dir.path().join("blobs").join(path.as_ref());
        let read = File::open(&file).unwrap();
        put(&both, b"newest").await;
        assert!(!exchange(&file, &read, b"of older bytes").unwrap());
        assert_eq!(get(&both).await.unwrap(), b"newest");
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no draft is left");
    }
}
