//! A server and the processes it started, as reported by the system.

use std::{
    collections::HashMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// Sampling interval of memory.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process(pub u32);

impl Process {
    /// Returns this process and all its descendants.
    pub fn tree(self) -> Vec<Self> {
        let parents = parents();
        let mut tree = vec![self];
        let mut looked_at = 0;
        while let Some(of) = tree.get(looked_at).copied() {
            tree.extend(parents.iter().filter(|(_, parent)| **parent == of).map(|(child, _)| *child));
            looked_at += 1;
        }
        tree
    }

    /// Returns every process whose arguments contain `text`.
    pub fn with_argument(text: &str) -> Vec<Self> {
        parents().into_keys().filter(|process| process.read("cmdline").contains(text)).collect()
    }

    /// Returns the processes of the tree that are decoding: the server starts a zygote, which forks a supervisor for
    /// each file, and that a worker.
    pub fn media_workers(self) -> Vec<Self> {
        let parents = parents();
        let is_forked = |process: &Self| process.read("cmdline").contains("media-worker");
        let ancestors =
            |of: Self| std::iter::successors(parents.get(&of).copied(), |p| parents.get(p).copied());
        let is_worker =
            |process: &Self| is_forked(process) && ancestors(*process).take_while(is_forked).count() == 2;
        self.tree().into_iter().filter(is_worker).collect()
    }

    /// Kills it, like the system when memory runs out; `false` when it had already ended.
    pub fn kill(self) -> bool {
        let done = std::process::Command::new("kill").args(["-9", &self.0.to_string()]).status();
        done.expect("kill runs").success()
    }

    /// Returns the CPU seconds of the tree, including ended processes.
    pub fn cpu_s(self) -> f64 {
        let ticks = |process: Self| {
            let stat = process.read("stat");
            let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
            fields.split_whitespace().skip(11).take(4).filter_map(|v| v.parse::<f64>().ok()).sum::<f64>()
        };
        self.tree().into_iter().map(ticks).sum::<f64>() / 100.0
    }

    /// Returns the megabytes of the tree; shared memory is counted once.
    pub fn memory_mb(self) -> f64 {
        self.memory_kb() as f64 / 1024.0
    }

    fn memory_kb(self) -> u64 {
        let kilobytes = |process: Self| {
            let text = process.read("smaps_rollup");
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).map(str::to_owned);
            line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or(0)
        };
        self.tree().into_iter().map(kilobytes).sum()
    }

    fn read(self, file: &str) -> String {
        // It may have ended in the meantime.
        let bytes = fs::read(format!("/proc/{}/{file}", self.0)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Returns every process and its parent, including zombies.
fn parents() -> HashMap<Process, Process> {
    let all = fs::read_dir("/proc").expect("/proc is mounted");
    let ids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).map(Process);
    let with_parent = |process: Process| {
        let stat = process.read("stat");
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        Some((process, Process(fields.nth(1)?.parse().ok()?)))
    };
    ids.filter_map(with_parent).collect()
}

/// Samples the memory of a tree until it is dropped. A peak needs two consecutive samples: during a fork, one sample
/// may count the pages of parent and child twice.
pub struct MemoryWatch {
    peak_kb: Arc<AtomicU64>,
    is_done: Arc<AtomicBool>,
}

impl MemoryWatch {
    pub fn start(process: Process) -> Self {
        let first_kb = process.memory_kb();
        let (peak_kb, is_done) = (Arc::new(AtomicU64::new(first_kb)), Arc::new(AtomicBool::new(false)));
        let (peak, until) = (peak_kb.clone(), is_done.clone());
        std::thread::spawn(move || {
            let mut last_kb = first_kb;
            while !until.load(Ordering::Relaxed) {
                let now_kb = process.memory_kb();
                peak.fetch_max(now_kb.min(last_kb), Ordering::Relaxed);
                last_kb = now_kb;
                std::thread::sleep(SAMPLE_INTERVAL);
            }
        });
        Self { peak_kb, is_done }
    }

    /// Returns the peak so far.
    pub fn peak_mb(&self) -> f64 {
        self.peak_kb.load(Ordering::Relaxed) as f64 / 1024.0
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.is_done.store(true, Ordering::Relaxed);
    }
}
