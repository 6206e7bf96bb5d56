//! Tests with a disk of limited space: a failed write leaves nothing.

use std::{
    fmt, fs, io,
    path::Path as FsPath,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use futures::{FutureExt, TryStreamExt, future::BoxFuture, stream, stream::BoxStream};
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart, path::Path,
};

use crate::{BlobId, Config, Error, Store, Tenant};

/// No space left on device.
const ENOSPC: i32 = 28;
const LATER: i64 = 2_000;

#[derive(Debug)]
struct SmallDisk {
    folder: Arc<dyn ObjectStore>,
    room: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct SmallUpload {
    upload: Box<dyn MultipartUpload>,
    room: Arc<AtomicUsize>,
}

fn take(room: &AtomicUsize, bytes: usize) -> Result<()> {
    let less = room.fetch_update(SeqCst, SeqCst, |room| room.checked_sub(bytes));
    less.map(|_| ()).map_err(|_| object_store::Error::Generic {
        store: "test",
        source: Box::new(io::Error::from_raw_os_error(ENOSPC)),
    })
}

impl fmt::Display for SmallDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.folder)
    }
}

// The methods are written as the attribute of `async_trait` would: the traits are made with it.
impl ObjectStore for SmallDisk {
    fn put_opts<'a, 'b, 'f>(
        &'a self,
        path: &'b Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> BoxFuture<'f, Result<PutResult>>
    where
        'a: 'f,
        'b: 'f,
    {
        async move {
            take(&self.room, payload.content_length())?;
            self.folder.put_opts(path, payload, opts).await
        }
        .boxed()
    }

    fn put_multipart_opts<'a, 'b, 'f>(
        &'a self,
        path: &'b Path,
        opts: PutMultipartOptions,
    ) -> BoxFuture<'f, Result<Box<dyn MultipartUpload>>>
    where
        'a: 'f,
        'b: 'f,
    {
        async move {
            let upload = self.folder.put_multipart_opts(path, opts).await?;
            Ok(Box::new(SmallUpload { upload, room: self.room.clone() }) as Box<dyn MultipartUpload>)
        }
        .boxed()
    }

    fn get_opts<'a, 'b, 'f>(&'a self, path: &'b Path, options: GetOptions) -> BoxFuture<'f, Result<GetResult>>
    where
        'a: 'f,
        'b: 'f,
    {
        self.folder.get_opts(path, options)
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.folder.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.folder.list(prefix)
    }

    fn list_with_delimiter<'a, 'b, 'f>(
        &'a self,
        prefix: Option<&'b Path>,
    ) -> BoxFuture<'f, Result<ListResult>>
    where
        'a: 'f,
        'b: 'f,
    {
        self.folder.list_with_delimiter(prefix)
    }

    fn copy_opts<'a, 'b, 'c, 'f>(
        &'a self,
        from: &'b Path,
        to: &'c Path,
        options: CopyOptions,
    ) -> BoxFuture<'f, Result<()>>
    where
        'a: 'f,
        'b: 'f,
        'c: 'f,
    {
        self.folder.copy_opts(from, to, options)
    }
}

impl MultipartUpload for SmallUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        match take(&self.room, data.content_length()) {
            Ok(()) => self.upload.put_part(data),
            Err(full) => futures::future::ready(Err(full)).boxed(),
        }
    }

    fn complete<'a, 'f>(&'a mut self) -> BoxFuture<'f, Result<PutResult>>
    where
        'a: 'f,
    {
        self.upload.complete()
    }

    fn abort<'a, 'f>(&'a mut self) -> BoxFuture<'f, Result<()>>
    where
        'a: 'f,
    {
        self.upload.abort()
    }
}

fn open(folder: &FsPath, room: usize) -> Store {
    let mut store = Store::open(&Config::embedded(folder)).unwrap();
    store.objects = Arc::new(SmallDisk { folder: store.objects, room: Arc::new(AtomicUsize::new(room)) });
    store
}

async fn put(store: &Store, id: &str, expires_at_ms: i64, size: usize) -> Result<u64, Error> {
    let chunk = Bytes::from(vec![7; 60_000]);
    let whole = (0..size / chunk.len()).map(|_| Ok::<_, io::Error>(chunk.clone()));
    let (tenant, id) = (Tenant::parse("t").unwrap(), BlobId::parse(id).unwrap());
    store.put_stream(&tenant, &id, expires_at_ms, stream::iter(whole.collect::<Vec<_>>())).await
}

async fn size_of(store: &Store, id: &str) -> Option<usize> {
    let (tenant, id) = (Tenant::parse("t").unwrap(), BlobId::parse(id).unwrap());
    let bytes = store.get_stream(&tenant, &id, 0).await.unwrap()?;
    Some(bytes.try_fold(0, async |sum, chunk| Ok(sum + chunk.len())).await.unwrap())
}

fn files(folder: &FsPath) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path.display().to_string()) }
    }
    found
}

fn is_full(error: &Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.raw_os_error() == Some(ENOSPC)) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[tokio::test]
async fn a_disk_that_fills_up_during_a_write_keeps_nothing_of_it() {
    let dir = tempfile::tempdir().unwrap();
    // No room at all, for one part, for most of it: parts are five million bytes.
    for room in [0, 5_300_000, 17_000_000] {
        let refused = put(&open(dir.path(), room), "one", LATER, 18_000_000).await;
        assert!(refused.as_ref().is_err_and(is_full), "{room}: {refused:?}");
        assert_eq!(files(&dir.path().join("blobs")), [""; 0], "{room}");
    }
}

#[tokio::test]
async fn an_earlier_blob_keeps_its_expiry() {
    let dir = tempfile::tempdir().unwrap();
    put(&open(dir.path(), usize::MAX), "one", LATER, 120_000).await.unwrap();
    let before = files(dir.path());
    for expires_at_ms in [LATER, LATER + 1] {
        assert!(put(&open(dir.path(), 0), "one", expires_at_ms, 180_000).await.as_ref().is_err_and(is_full));
        assert_eq!(files(dir.path()), before);
    }
    let store = open(dir.path(), 0);
    assert_eq!(size_of(&store, "one").await, Some(120_000));
    assert_eq!(store.delete_expired(LATER).await.unwrap(), 1);
    assert_eq!(files(&dir.path().join("blobs")), [""; 0]);
}
