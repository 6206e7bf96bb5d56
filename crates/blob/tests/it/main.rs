//! The store on a local folder: stored blobs are read back, damaged or foreign ones are rejected, nothing is left behind.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{Error as IoError, ErrorKind},
    path::{Path, PathBuf},
};

use blob::{BlobId, Config, Error, Store, Tenant};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

const LATER: i64 = 2_000;
const NOW: i64 = 1_000;

struct Folder {
    dir: tempfile::TempDir,
    store: Store,
}

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&Config::embedded(dir.path())).unwrap();
        Self { dir, store }
    }

    async fn put(&self, tenant: &Tenant, id: &BlobId, expires: i64, bytes: &[u8]) -> Result<u64, Error> {
        let parts: Vec<_> =
            bytes.chunks(10_000).map(|c| Ok::<_, IoError>(Bytes::copy_from_slice(c))).collect();
        self.store.put_stream(tenant, id, expires, stream::iter(parts)).await
    }

    async fn get(&self, tenant: &Tenant, id: &BlobId) -> Result<Option<Vec<u8>>, Error> {
        match self.store.get_stream(tenant, id, NOW).await? {
            Some(bytes) => Ok(Some(bytes.try_collect::<Vec<_>>().await?.concat())),
            None => Ok(None),
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.dir.path().join("blobs"), &mut found);
        found
    }

    fn blob_file(&self) -> PathBuf {
        self.files().into_iter().find(|f| f.to_string_lossy().contains("/blobs/blobs/")).unwrap()
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

fn tenant() -> Tenant {
    Tenant::parse("project-1").unwrap()
}

fn id() -> BlobId {
    BlobId::parse("sess_1").unwrap()
}

fn megabyte() -> Vec<u8> {
    (0..1_000_000u32).map(|i| (i % 253) as u8).collect()
}

#[tokio::test]
async fn a_stored_value_is_encrypted_and_reads_back() {
    let folder = Folder::new();
    for bytes in [Vec::new(), b"short".to_vec(), megabyte()] {
        assert_eq!(folder.put(&tenant(), &id(), LATER, &bytes).await.unwrap(), bytes.len() as u64);
        assert_eq!(folder.get(&tenant(), &id()).await.unwrap().unwrap(), bytes);
    }
    let kept = fs::read(folder.blob_file()).unwrap();
    let plain = megabyte();
    assert!(!kept.windows(32).any(|w| w == &plain[..32]));
}

#[tokio::test]
async fn a_large_blob_is_uploaded_in_parts() {
    let folder = Folder::new();
    let bytes = megabyte().repeat(12);
    folder.put(&tenant(), &id(), LATER, &bytes).await.unwrap();
    assert!(folder.get(&tenant(), &id()).await.unwrap().unwrap() == bytes);
}

#[tokio::test]
async fn another_tenant_or_id_finds_nothing_and_cannot_open_a_copy() {
    let folder = Folder::new();
    folder.put(&tenant(), &id(), LATER, b"secret").await.unwrap();
    let (other, other_id) = (Tenant::parse("project-2").unwrap(), BlobId::parse("sess_2").unwrap());
    assert!(folder.get(&other, &id()).await.unwrap().is_none());
    assert!(folder.get(&tenant(), &other_id).await.unwrap().is_none());
    let file = folder.blob_file();
    let stolen = file.parent().unwrap().parent().unwrap().join("project-2/sess_1");
    fs::create_dir_all(stolen.parent().unwrap()).unwrap();
    fs::copy(&file, stolen).unwrap();
    fs::copy(&file, file.with_file_name("sess_2")).unwrap();
    assert!(matches!(folder.get(&other, &id()).await, Err(Error::Refused)));
    assert!(matches!(folder.get(&tenant(), &other_id).await, Err(Error::Refused)));
}

#[tokio::test]
async fn a_changed_expiry_or_a_cut_file_is_refused() {
    let folder = Folder::new();
    folder.put(&tenant(), &id(), LATER, b"secret").await.unwrap();
    let file = folder.blob_file();
    let whole = fs::read(&file).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, &changed).unwrap();
        assert!(folder.get(&tenant(), &id()).await.is_err(), "byte {at} changed");
        fs::write(&file, &whole[..at]).unwrap();
        assert!(folder.get(&tenant(), &id()).await.is_err(), "cut at {at}");
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_what_was_there_before() {
    let folder = Folder::new();
    folder.put(&tenant(), &id(), LATER, b"first").await.unwrap();
    let before = folder.files();
    let parts = [Ok(Bytes::from(vec![1; 300_000])), Err(IoError::from(ErrorKind::ConnectionReset))];
    let refused = folder.store.put_stream(&tenant(), &id(), LATER, stream::iter(parts)).await.unwrap_err();
    let Error::Input(cause) = refused else { panic!("{refused}") };
    assert!(cause.downcast_ref::<IoError>().is_some());
    assert_eq!(folder.get(&tenant(), &id()).await.unwrap().unwrap(), b"first");
    assert_eq!(folder.files(), before);
}

#[tokio::test]
async fn an_upload_whose_caller_goes_away_leaves_no_draft() {
    let folder = Folder::new();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let mut sender = Some(sender);
    let endless = stream::repeat_with(move || {
        if let Some(s) = sender.take() {
            let _ = s.send(());
        }
        Ok::<_, IoError>(Bytes::from(vec![1; 100_000]))
    })
    .then(|item| async {
        tokio::task::yield_now().await;
        item
    });
    let store = folder.store.clone();
    let task = tokio::spawn(async move { store.put_stream(&tenant(), &id(), LATER, endless).await });
    receiver.await.unwrap();
    task.abort();
    let _ = task.await;
    // The draft is removed on another thread, without a signal.
    let removed = async {
        while folder.files().iter().any(|f| f.to_string_lossy().contains("/blobs/blobs/")) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(90), removed).await.expect("the draft is removed");
    assert!(folder.get(&tenant(), &id()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_deleted_blob_leaves_no_file() {
    let folder = Folder::new();
    folder.put(&tenant(), &id(), LATER, b"x").await.unwrap();
    folder.store.delete(&tenant(), &id()).await.unwrap();
    assert!(folder.get(&tenant(), &id()).await.unwrap().is_none());
    assert_eq!(folder.files(), Vec::<PathBuf>::new());
    folder.store.delete(&tenant(), &id()).await.unwrap();
}

#[tokio::test]
async fn blobs_go_when_their_time_is_over() {
    let folder = Folder::new();
    let (old, renewed) = (BlobId::parse("old").unwrap(), BlobId::parse("renewed").unwrap());
    folder.put(&tenant(), &old, NOW, b"x").await.unwrap();
    folder.put(&tenant(), &renewed, NOW, b"x").await.unwrap();
    folder.put(&tenant(), &renewed, LATER, b"y").await.unwrap();
    folder.put(&tenant(), &id(), LATER, b"z").await.unwrap();
    assert!(folder.get(&tenant(), &old).await.unwrap().is_none(), "not even before it is removed");
    assert_eq!(folder.store.delete_expired(NOW).await.unwrap(), 1);
    assert_eq!(folder.get(&tenant(), &renewed).await.unwrap().unwrap(), b"y");
    assert_eq!(folder.get(&tenant(), &id()).await.unwrap().unwrap(), b"z");
    assert_eq!(folder.store.delete_expired(LATER).await.unwrap(), 2);
    assert_eq!(folder.files(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn another_master_key_opens_nothing() {
    let folder = Folder::new();
    folder.put(&tenant(), &id(), LATER, b"x").await.unwrap();
    fs::remove_file(folder.dir.path().join("master.key")).unwrap();
    let store = Store::open(&Config::embedded(folder.dir.path())).unwrap();
    assert!(matches!(store.get_stream(&tenant(), &id(), NOW).await, Err(Error::UnknownKey)));
}

fn limited(dir: &Path, limits: blob::Limits) -> Folder {
    let config = Config { limits, ..Config::embedded(dir) };
    Folder { dir: tempfile::tempdir().unwrap(), store: Store::open(&config).unwrap() }
}

#[tokio::test]
async fn a_tenant_with_too_much_is_refused_and_its_neighbour_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let limits = || blob::Limits { min_free_bytes: 0, max_tenant_bytes: 100_000 };
    let folder = limited(dir.path(), limits());
    let (greedy, neighbour) = (Tenant::parse("greedy").unwrap(), Tenant::parse("neighbour").unwrap());
    let id = |n: u32| BlobId::parse(&format!("blob-{n}")).unwrap();
    for n in 0..2 {
        folder.put(&greedy, &id(n), LATER, &[7; 60_000]).await.unwrap();
    }
    let refused = folder.put(&greedy, &id(2), LATER, &[7; 10]).await;
    assert!(matches!(refused, Err(Error::QuotaUsedUp)), "{refused:?}");
    folder.put(&neighbour, &id(0), LATER, &[7; 10]).await.unwrap();
    assert!(folder.get(&greedy, &id(2)).await.unwrap().is_none(), "nothing was left of it");
    // Another process lists the existing blobs; deleted ones do not count.
    let other = limited(dir.path(), limits());
    assert!(matches!(other.put(&greedy, &id(3), LATER, &[7; 10]).await, Err(Error::QuotaUsedUp)));
    folder.store.delete(&greedy, &id(0)).await.unwrap();
    limited(dir.path(), limits()).put(&greedy, &id(3), LATER, &[7; 10]).await.unwrap();
}

#[tokio::test]
async fn on_an_almost_full_disk_writes_fail_and_reads_work() {
    let dir = tempfile::tempdir().unwrap();
    let folder = limited(dir.path(), blob::Limits { min_free_bytes: 0, max_tenant_bytes: 0 });
    let (tenant, id) = (Tenant::parse("t").unwrap(), BlobId::parse("one").unwrap());
    folder.put(&tenant, &id, LATER, b"kept").await.unwrap();
    let full = limited(dir.path(), blob::Limits { min_free_bytes: u64::MAX, max_tenant_bytes: 0 });
    let two = BlobId::parse("two").unwrap();
    assert!(matches!(full.store.check_room(&tenant).await, Err(Error::DiskAlmostFull)));
    assert!(matches!(full.put(&tenant, &two, LATER, b"more").await, Err(Error::DiskAlmostFull)));
    assert_eq!(full.get(&tenant, &id).await.unwrap().unwrap(), b"kept");
}

#[tokio::test]
async fn a_blob_is_on_disk_before_it_is_reported_as_stored() {
    let (folder, watch) = (Folder::new(), testkit::SyncWatch::start());
    folder.put(&tenant(), &BlobId::parse("durable").unwrap(), LATER, &[7; 200_000]).await.unwrap();
    let blob = folder.blob_file();
    let blobs = folder.dir.path().join("blobs");
    let synced = watch.inside(&blobs);
    let under = blob.strip_prefix(&blobs).unwrap();
    // It is written as a draft (`name#number`) that is renamed once it is synced.
    let draft = format!("{}#", under.display());
    assert!(synced.iter().any(|path| path.to_string_lossy().starts_with(&draft)), "the bytes: {synced:?}");
    for folder in under.ancestors().skip(1) {
        assert!(synced.iter().any(|path| path == folder), "the name in {folder:?}: {synced:?}");
    }
    assert!(synced.iter().any(|path| path.starts_with("expiry")), "the note of its expiry: {synced:?}");
}
