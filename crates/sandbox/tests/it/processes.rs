//! The processes of a sandbox, as the system shows them.

use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(u32);

impl Process {
    pub fn zygote() -> Self {
        let mut found = children(std::process::id());
        found.retain(|child| child.read("cmdline").contains("media-worker"));
        *found.first().expect("a zygote")
    }

    pub fn supervisor() -> Self {
        *children(Self::zygote().0).first().expect("a supervisor")
    }

    pub fn worker() -> Self {
        *Self::workers().first().expect("a worker")
    }

    /// Workers that live; what has ended and is not yet taken off the list does not count.
    pub fn workers() -> Vec<Self> {
        let supervisors = children(std::process::id()).into_iter().flat_map(|zygote| children(zygote.0));
        supervisors.flat_map(|supervisor| children(supervisor.0)).collect()
    }

    pub fn kill(self) {
        self.signal("-9");
    }

    pub fn signal(self, signal: &str) {
        let done = std::process::Command::new("kill").args([signal, &self.0.to_string()]).status();
        assert!(done.unwrap().success());
    }

    /// Names of its variables.
    pub fn environment(self) -> Vec<String> {
        let text = self.read("environ");
        text.split('\0').filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())).collect()
    }

    /// What its descriptors are.
    pub fn descriptors(self) -> Vec<String> {
        let listed = fs::read_dir(format!("/proc/{}/fd", self.0)).unwrap();
        let targets = listed.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        targets.map(|target| target.display().to_string()).collect()
    }

    pub fn status(self, name: &str) -> Option<String> {
        let text = self.read("status");
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.split_whitespace().next()?.to_owned())
    }

    /// Megabytes at its height, seconds of CPU so far.
    fn cost(self) -> Option<(u64, f64)> {
        let kilobytes: u64 = self.status("VmHWM:")?.parse().ok()?;
        let stat = self.read("stat");
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: f64 = fields.get(11..13)?.iter().filter_map(|v| v.parse::<f64>().ok()).sum();
        Some((kilobytes / 1024, ticks / 100.0))
    }

    fn read(self, file: &str) -> String {
        let bytes = fs::read(format!("/proc/{}/{file}", self.0)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Living children of a process.
fn children(of: u32) -> Vec<Process> {
    let all =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |process: &Process| {
        let stat = process.read("stat");
        let Some((_, rest)) = stat.rsplit_once(')') else { return false };
        let mut fields = rest.split_whitespace();
        fields.next() != Some("Z") && fields.next() == Some(&of.to_string())
    };
    all.map(Process).filter(is_child).collect()
}

/// The most memory in MB and CPU in seconds that one worker took while `work` ran.
pub fn cost(work: impl FnOnce()) -> (u64, f64) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut most = (0, 0.0_f64);
            while !is_done.load(Ordering::Relaxed) {
                for (memory, cpu) in Process::workers().into_iter().filter_map(Process::cost) {
                    most = (most.0.max(memory), most.1.max(cpu));
                }
                thread::sleep(Duration::from_millis(5));
            }
            most
        });
        work();
        is_done.store(true, Ordering::Relaxed);
        watching.join().unwrap()
    })
}

pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}: not within a minute");
        thread::sleep(Duration::from_millis(10));
    }
}
