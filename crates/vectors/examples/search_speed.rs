//! Measures 1:N search over synthetic faces: `cargo run --release -p vectors --example search_speed -- 1000000 1000`
//! (faces, searches). Prints the duration of searches, how often the exact nearest is among those compared exactly,
//! and the memory; fails when a target is missed.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use fastrand::Rng;
use vectors::{FlatIndex, Index, Key, SketchIndex};

/// Numbers of a face's vector by both networks.
const DIMENSIONS: usize = 640;
/// Number of factors chosen so that impostors' cosines spread like those of real faces (deviation .1).
const FACTORS: usize = 96;
/// Candidates of the sketches that are compared exactly.
const RERANKED: usize = 32;
const BATCH: usize = 4096;
const MAX_P99: Duration = Duration::from_millis(20);
const MIN_RECALL: f64 = 0.99;
const MAX_BYTES_PER_FACE: u64 = 900;

/// Generates faces: a mix of a few factors, each with a random direction, and a little noise.
struct Faces {
    factors: Vec<Vec<f32>>,
}

impl Faces {
    fn new() -> Self {
        let mut random = Rng::with_seed(1);
        Self { factors: (0..FACTORS).map(|_| normal(&mut random, DIMENSIONS)).collect() }
    }

    fn face(&self, number: Key) -> Vec<f32> {
        let mut random = Rng::with_seed(mixed(number));
        let mut face: Vec<f32> = normal(&mut random, DIMENSIONS).iter().map(|v| 0.3 * v).collect();
        for (weight, factor) in normal(&mut random, FACTORS).iter().zip(&self.factors) {
            let weight = weight / (FACTORS as f32).sqrt();
            face.iter_mut().zip(factor).for_each(|(number, part)| *number += weight * part);
        }
        unit(&face)
    }

    /// Returns another picture of the same face, at a cosine of about .65.
    fn probe(&self, number: Key) -> Vec<f32> {
        let other = self.face(u64::MAX / 2 + number);
        let face = self.face(number);
        unit(&face.iter().zip(&other).map(|(face, other)| face + 1.15 * other).collect::<Vec<_>>())
    }
}

/// Turns similar numbers into unrelated seeds (splitmix64).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns the CPU time of this thread: other load of the machine does not count.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn process_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn normal(random: &mut Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| (0..6).map(|_| random.f32()).sum::<f32>() - 3.0).collect()
}

fn unit(values: &[f32]) -> Vec<f32> {
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    values.iter().map(|v| v / length).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn filled(index: &mut dyn Index, faces: &Faces, count: u64) -> anyhow::Result<Duration> {
    let mut spent = Duration::ZERO;
    let mut first = 0;
    while first < count {
        let keys: Vec<Key> = (first..(first + BATCH as u64).min(count)).collect();
        let made: Vec<_> = in_parallel(&keys, |key| (*key, faces.face(*key)));
        let before = process_cpu();
        index.add_all(&made)?;
        spent += process_cpu() - before;
        first += BATCH as u64;
    }
    Ok(spent)
}

fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let work = &work;
        let parts = items.chunks(items.len().div_ceil(cores).max(1));
        let threads: Vec<_> =
            parts.map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<_>>())).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

/// The durations of several calls.
#[derive(Default)]
struct Times {
    cpu: Vec<Duration>,
    wall: Vec<Duration>,
}

impl Times {
    fn of<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let (started, before) = (Instant::now(), cpu());
        let done = call();
        self.cpu.push(cpu() - before);
        self.wall.push(started.elapsed());
        done
    }
}

fn quantile(times: &[Duration], q: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[((sorted.len() - 1) as f64 * q) as usize]
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [cpu, wall] = [&self.cpu, &self.wall].map(|times| (quantile(times, 0.5), quantile(times, 0.99)));
        write!(f, "p50 {:.2?} p99 {:.2?} of a core (wall {:.2?}, {:.2?})", cpu.0, cpu.1, wall.0, wall.1)
    }
}

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [count, searches] = args.as_slice() else { anyhow::bail!("usage: search_speed FACES SEARCHES") };
    let (count, searches): (u64, u64) = (count.parse()?, searches.parse()?);
    let faces = Faces::new();
    let mut out = std::io::stdout();

    // Every other search is of an unenrolled person.
    let wanted: Vec<Key> = (0..searches).map(|i| i * (count / searches).max(1)).collect();
    let probe = |i: usize, key: Key| {
        if i.is_multiple_of(2) { faces.probe(key) } else { faces.face(u64::MAX / 3 + key) }
    };
    let probes: Vec<Vec<f32>> = wanted.iter().enumerate().map(|(i, key)| probe(i, *key)).collect();

    let before = resident_bytes();
    let mut sketches = SketchIndex::new(DIMENSIONS);
    let built = filled(&mut sketches, &faces, count)?;
    let (resident, counted) = (resident_bytes().saturating_sub(before), sketches.bytes() as u64);
    let mut times = Times::default();
    let found =
        probes.iter().map(|p| times.of(|| sketches.search(p, RERANKED))).collect::<Result<Vec<_>, _>>()?;
    let mut adding = Times::default();
    for number in (0..100).map(|i| u64::MAX / 4 + i) {
        let face = faces.face(number);
        adding.of(|| sketches.add(number, &face))?;
    }
    drop(sketches);

    let mut flat = FlatIndex::new(DIMENSIONS);
    filled(&mut flat, &faces, count)?;
    let mut flat_times = Times::default();
    let mut nearest = Vec::new();
    for probe in &probes {
        nearest.push(flat_times.of(|| flat.search(probe, 1))?[0]);
    }
    // The re-rank is exact, so it finds the nearest if it is among the candidates.
    let hit = |i: usize| found[i].iter().any(|n| n.key == nearest[i].key);
    let (known, strangers): (Vec<usize>, Vec<usize>) = (0..probes.len()).partition(|i| i.is_multiple_of(2));
    let share = |of: &[usize]| of.iter().filter(|i| hit(**i)).count() as f64 / of.len().max(1) as f64;
    let genuine: f32 = known.iter().map(|i| cosine(&probes[*i], &faces.face(wanted[*i]))).sum();
    let p99 = quantile(&times.cpu, 0.99);
    let recall = share(&known);
    let genuine = genuine / known.len() as f32;
    let impostor: f32 = (0..1000).map(|i| cosine(&faces.face(i), &faces.face(i + 5000)).powi(2)).sum();
    let impostor = (impostor / 1000.0).sqrt();
    writeln!(
        out,
        "faces {count}, searches {searches}, cosines: genuine {genuine:.2}, impostors' deviation {impostor:.2}"
    )?;
    writeln!(out, "sketches: built in {built:.0?} of a core, {resident} bytes resident, {counted} counted")?;
    writeln!(out, "sketches: search {times}; add {adding}")?;
    writeln!(out, "sketches: recall@1 of enrolled {recall:.4}, of strangers {:.4}", share(&strangers))?;
    writeln!(out, "flat: search {flat_times}, {} bytes", flat.bytes())?;
    anyhow::ensure!(p99 < MAX_P99, "the slowest in a hundred searches takes {p99:?}");
    anyhow::ensure!(recall >= MIN_RECALL, "the exact nearest is missed too often");
    anyhow::ensure!(resident <= MAX_BYTES_PER_FACE * count.max(100_000), "the index needs too much memory");
    Ok(())
}
