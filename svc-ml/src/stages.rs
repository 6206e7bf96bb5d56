//! Durations of the stages of one analysis.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// One named part of the work: CPU time of this thread, and wall time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    pub name: &'static str,
    pub cpu: Duration,
    pub wall: Duration,
}

/// Stages in the order of their first run; equal names add up.
#[derive(Clone, Debug, Default)]
pub struct Stages(Vec<Stage>);

/// The clocks of this thread at one moment.
#[derive(Clone, Copy, Debug)]
struct Instants {
    cpu: Duration,
    wall: Instant,
}

fn now() -> Instants {
    let cpu = clock_gettime(ClockId::ThreadCPUTime);
    // Both parts of a thread's clock are non-negative, and the second is below 10^9.
    let cpu = Duration::new(cpu.tv_sec.unsigned_abs(), u32::try_from(cpu.tv_nsec).unwrap_or(0));
    Instants { cpu, wall: Instant::now() }
}

impl Stages {
    /// Runs `work` in its own span and records its time under `name`.
    pub fn time<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let _span = tracing::info_span!("stage", otel.name = name).entered();
        self.add_up(name, work)
    }

    /// Records the time of `work` under `name`, without a span: for work that runs once per frame.
    pub fn add_up<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let (before, result, after) = (now(), work(), now());
        self.add(Stage { name, cpu: after.cpu.saturating_sub(before.cpu), wall: after.wall - before.wall });
        result
    }

    /// Records a measured time.
    pub fn add(&mut self, stage: Stage) {
        match self.0.iter_mut().find(|s| s.name == stage.name) {
            Some(known) => {
                known.cpu += stage.cpu;
                known.wall += stage.wall;
            }
            None => self.0.push(stage),
        }
    }

    /// Subtracts the time of `inner` stages from `name`, when they ran as its callbacks.
    pub fn subtract(&mut self, name: &'static str, inner: &Self) {
        let (cpu, wall) =
            inner.0.iter().fold((Duration::ZERO, Duration::ZERO), |t, s| (t.0 + s.cpu, t.1 + s.wall));
        if let Some(outer) = self.0.iter_mut().find(|s| s.name == name) {
            outer.cpu = outer.cpu.saturating_sub(cpu);
            outer.wall = outer.wall.saturating_sub(wall);
        }
    }

    /// Splits parts off stage `name`, by their wall time, as separate stages; the stage's CPU time is divided in
    /// proportion.
    pub fn split(&mut self, name: &'static str, parts: &[(&'static str, Duration)]) {
        let Some(whole) = self.0.iter().position(|s| s.name == name) else { return };
        let (cpu, wall) = (self.0[whole].cpu, self.0[whole].wall);
        for (part, passed) in parts {
            let share = (passed.as_secs_f64() / wall.as_secs_f64().max(1e-9)).min(1.0);
            self.add(Stage { name: part, cpu: cpu.mul_f64(share), wall: *passed });
            self.0[whole].cpu = self.0[whole].cpu.saturating_sub(cpu.mul_f64(share));
            self.0[whole].wall = self.0[whole].wall.saturating_sub(*passed);
        }
    }

    /// Adds all stages of `other`.
    pub fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|stage| self.add(stage));
    }

    pub fn list(&self) -> &[Stage] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computing_costs_cpu_and_waiting_does_not() {
        let mut stages = Stages::default();
        // A fixed amount of work: on a busy machine a fixed time may pass without any.
        stages.time("compute", || (0..2_000_000).for_each(|_| std::hint::spin_loop()));
        let (_keep, nothing) = std::sync::mpsc::channel::<()>();
        stages.time("wait", || nothing.recv_timeout(Duration::from_millis(20)).unwrap_err());
        let [compute, wait] = stages.list() else { panic!("two stages") };
        assert!(compute.cpu > wait.cpu && wait.wall >= Duration::from_millis(20));
    }

    #[test]
    fn the_same_stage_adds_up_and_inner_time_is_taken_off() {
        let stage =
            |name, ms| Stage { name, cpu: Duration::from_millis(ms), wall: Duration::from_millis(2 * ms) };
        let (mut outer, mut inner) = (Stages::default(), Stages::default());
        outer.add(stage("decode", 10));
        inner.add(stage("track", 3));
        inner.add(stage("track", 4));
        outer.subtract("decode", &inner);
        outer.merge(inner);
        assert_eq!(outer.list(), [stage("decode", 3), stage("track", 7)]);
        outer.split("track", &[("mesh", Duration::from_millis(8))]);
        assert_eq!(outer.list(), [stage("decode", 3), stage("track", 3), stage("mesh", 4)]);
    }
}
