//! What a test's process has synced to the disk.
//!
//! The C library's `fsync` and `fdatasync` are replaced in programs that link this crate: the replacements do what those do,
//! and note the path while a [`SyncWatch`] lives. Rust's standard library and SQLite both call them.

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

/// Notes what this process syncs from its start to its end.
pub struct SyncWatch {
    since: usize,
}

impl SyncWatch {
    pub fn start() -> Self {
        // Named here, the functions below are part of every program that watches.
        let replaced: [extern "C" fn(c_int) -> c_int; 2] = [fsync, fdatasync];
        std::hint::black_box(replaced);
        WATCHES.fetch_add(1, Ordering::SeqCst);
        Self { since: synced().len() }
    }

    /// The files and folders inside of `folder` that were synced since the start, by the names they had then.
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

/// In place of the C library's.
#[unsafe(no_mangle)]
extern "C" fn fsync(descriptor: c_int) -> c_int {
    sync(libc::SYS_fsync, descriptor)
}

/// In place of the C library's.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    sync(libc::SYS_fdatasync, descriptor)
}

fn sync(call: c_long, descriptor: c_int) -> c_int {
    // SAFETY: both calls take a descriptor, any number, and no memory.
    let done = unsafe { libc::syscall(call, descriptor) };
    if done == 0 && WATCHES.load(Ordering::SeqCst) > 0 {
        let path = fs::read_link(format!("/proc/self/fd/{descriptor}"));
        synced().extend(path);
    }
    if done == 0 { 0 } else { -1 }
}
