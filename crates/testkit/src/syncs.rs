//! Records which files a test's process syncs to disk.
//!
//! Replaces the C library's `fsync` and `fdatasync` in programs that link this crate: the replacements do the same and
//! record the path while a [`SyncWatch`] exists. Rust's standard library and SQLite both call them.

#![expect(unsafe_code, reason = "functions of the C library are replaced by name")]

use std::{
    ffi::{c_int, c_long},
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

static WATCHES: AtomicUsize = AtomicUsize::new(0);
static SYNCED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Records what this process syncs until it is dropped.
pub struct SyncWatch {
    since: usize,
}

impl SyncWatch {
    pub fn start() -> Self {
        // The reference links the functions below into every program that uses this type.
        let replaced: [extern "C" fn(c_int) -> c_int; 2] = [fsync, fdatasync];
        std::hint::black_box(replaced);
        WATCHES.fetch_add(1, Ordering::SeqCst);
        Self { since: synced().len() }
    }

    /// Returns the files and folders inside `folder` that were synced since the start, by their names at that time.
    pub fn inside(&self, folder: &Path) -> Vec<PathBuf> {
        let folder = fs::canonicalize(folder).expect("the folder is there");
        let synced = synced();
        synced[self.since..]
            .iter()
            .filter_map(|path| path.strip_prefix(&folder).ok())
            .map(Into::into)
            .collect()
    }
}

impl Drop for SyncWatch {
    fn drop(&mut self) {
        WATCHES.fetch_sub(1, Ordering::SeqCst);
    }
}

fn synced() -> std::sync::MutexGuard<'static, Vec<PathBuf>> {
    SYNCED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Replaces the C library's function.
#[unsafe(no_mangle)]
extern "C" fn fsync(descriptor: c_int) -> c_int {
    sync(libc::SYS_fsync, descriptor)
}

/// Replaces the C library's function.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    sync(libc::SYS_fdatasync, descriptor)
}

fn sync(call: c_long, descriptor: c_int) -> c_int {
    // SAFETY: both calls take any integer as a descriptor and no pointer.
    let done = unsafe { libc::syscall(call, descriptor) };
    if done == 0 && WATCHES.load(Ordering::SeqCst) > 0 {
        let path = fs::read_link(format!("/proc/self/fd/{descriptor}"));
        synced().extend(path);
    }
    if done == 0 { 0 } else { -1 }
}
