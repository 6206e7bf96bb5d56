//! Privileges that a worker drops before it reads the first byte of a file.

use std::{collections::BTreeMap, io};

use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen::Dword, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use crate::wire::Job;

const MIB: u64 = 1 << 20;

/// Resource limits for one file.
struct Budget {
    /// Bytes of address space beyond those of the zygote.
    memory: u64,
    /// Seconds of CPU before anything is decoded.
    cpu_s: u64,
    /// Seconds of CPU at most, however much is decoded.
    max_cpu_s: u64,
}

impl Budget {
    fn of(job: &Job) -> Self {
        match job {
            // A dozen frames of 4K at ten bits.
            Job::Video(_) => Self { memory: 512 * MIB, cpu_s: 4, max_cpu_s: 120 },
            Job::Sound(_) => Self { memory: 192 * MIB, cpu_s: 4, max_cpu_s: 4 },
            Job::Still => Self { memory: 384 * MIB, cpu_s: 4, max_cpu_s: 4 },
            // Besides the picture, the C code's copies and maps of four megapixels.
            Job::Print => Self { memory: 512 * MIB, cpu_s: 8, max_cpu_s: 8 },
            Job::ComparePrints => Self { memory: 128 * MIB, cpu_s: 3, max_cpu_s: 3 },
            Job::Probe => Self { memory: 64 * MIB, cpu_s: 1, max_cpu_s: 1 },
        }
    }
}

impl Budget {
    /// Seconds above the soft limit. At the same value the kernel would apply the hard limit first, and the end would
    /// look like a kill.
    fn hard_cpu_s(&self) -> u64 {
        self.max_cpu_s + 2
    }
}

/// Drops everything that decoding does not need. Returns whether the kernel filters system calls from now on.
///
/// # Errors
/// When a limit cannot be set; then nothing may be decoded.
pub fn enter(job: &Job) -> io::Result<bool> {
    let budget = Budget::of(job);
    let limit = |resource, current: u64, maximum: u64| {
        setrlimit(resource, Rlimit { current: Some(current), maximum: Some(maximum) })
    };
    // The process ends with its supervisor.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let memory = address_space()? + budget.memory;
    limit(Resource::As, memory, memory)?;
    limit(Resource::Cpu, budget.cpu_s, budget.hard_cpu_s())?;
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Fsize, 0, 0)?;
    // The three open descriptors; no more can be opened.
    limit(Resource::Nofile, 3, 3)?;
    Ok(filter_system_calls().is_ok())
}

/// Decoded frames that earn one second of CPU. In a 4K video of 120 frames a second, five are decoded for each frame
/// that is returned.
const FRAMES_PER_CPU_S: u64 = 4;

/// Raises the CPU limit with the number of decoded frames, so that a file that yields nothing ends early.
pub fn allow_cpu_for(job: &Job, frames: u64) {
    let budget = Budget::of(job);
    let current = (budget.cpu_s + frames / FRAMES_PER_CPU_S).min(budget.max_cpu_s);
    // On failure the previous limit stays in force.
    let _ = setrlimit(Resource::Cpu, Rlimit { current: Some(current), maximum: Some(budget.hard_cpu_s()) });
}

/// Returns the bytes of address space of this process.
fn address_space() -> io::Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split_whitespace().next().and_then(|v| v.parse::<u64>().ok());
    let pages = pages.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// Denies every system call except those for computing, threads and memory. A denied call fails as if the kernel did
/// not implement it, so that libraries use their fallbacks.
fn filter_system_calls() -> Result<(), Box<dyn std::error::Error>> {
    let arch = std::env::consts::ARCH.try_into()?;
    let denied = SeccompAction::Errno(libc::ENOSYS as u32);
    let filter = SeccompFilter::new(rules()?, denied, SeccompAction::Allow, arch)?;
    let program: BpfProgram = filter.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}

fn rules() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
    let always = [
        libc::SYS_read,
        libc::SYS_pread64,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_lseek,
        libc::SYS_close,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_getrandom,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_getcpu,
        libc::SYS_restart_syscall,
        libc::SYS_membarrier,
    ];
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        always.into_iter().map(|call| (call, Vec::new())).collect();
    let pid = u64::from(std::process::id());
    let argument = |index: u8, is: SeccompCmpOp, value: u64| {
        SeccompRule::new(vec![SeccompCondition::new(index, Dword, is, value)?]).map(|rule| vec![rule])
    };
    let without_exec = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
    // Memory cannot be made executable.
    rules.insert(libc::SYS_mmap, argument(2, without_exec.clone(), 0)?);
    rules.insert(libc::SYS_mprotect, argument(2, without_exec, 0)?);
    // Threads of this process are allowed, new processes are not.
    let thread = libc::CLONE_THREAD as u64;
    rules.insert(libc::SYS_clone, argument(0, SeccompCmpOp::MaskedEq(thread), thread)?);
    // Signals to this process (an abort), its own limits, names of its threads.
    rules.insert(libc::SYS_tgkill, argument(0, SeccompCmpOp::Eq, pid)?);
    rules.insert(libc::SYS_prlimit64, argument(0, SeccompCmpOp::Eq, 0)?);
    rules.insert(libc::SYS_prctl, argument(0, SeccompCmpOp::Eq, libc::PR_SET_NAME as u64)?);
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs::File, net::TcpStream, os::unix::net::UnixDatagram, process::Command};

    #[test]
    fn behind_the_filter_nothing_can_be_opened_connected_to_or_started() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        TcpStream::connect(address).unwrap();
        let parent = rustix::process::getppid().unwrap();
        // A filter applies to the thread that sets it.
        let locked = std::thread::spawn(move || {
            filter_system_calls().unwrap();
            [
                TcpStream::connect(address).map(drop),
                UnixDatagram::unbound().map(drop),
                File::open("/etc/hostname").map(drop),
                File::create("/tmp/of-a-worker").map(drop),
                Command::new("/bin/true").spawn().map(drop),
                rustix::process::kill_process(parent, Signal::CONT).map_err(io::Error::from),
            ]
        });
        for tried in locked.join().unwrap() {
            assert_eq!(tried.unwrap_err().raw_os_error(), Some(libc::ENOSYS));
        }
    }
}
