//! Admission and the worker threads.
//!
//! There are as many permits as workers and queue positions, which projects share fairly. A caller with a permit may
//! send its bytes; any other is rejected before a byte is read. Projects are served round-robin ([`crate::queue`]),
//! so one that sends many files does not delay another. Each worker owns its engines; a panic affects only its own
//! call, and the worker builds new engines.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use shares::{FairPlace, FairPool};
use tokio::sync::oneshot;

use crate::{Error, queue::Queue};

type Job<E> = Box<dyn FnOnce(&mut E) + Send>;
type Build<E, F> = dyn Fn() -> Result<E, F> + Send + Sync;

/// The permit to have one file received and processed.
#[derive(Debug)]
pub struct Place(FairPlace);

/// Errors of building and of jobs: a service's own error, which includes this crate's.
pub trait Failure: From<Error> + std::error::Error + Send + 'static {}

impl<F: From<Error> + std::error::Error + Send + 'static> Failure for F {}

/// Threads that each own an `E`.
pub struct Workers<E> {
    places: FairPool,
    jobs: Arc<Queue<Job<E>>>,
    threads: Vec<JoinHandle<()>>,
    idle: Arc<AtomicUsize>,
    deadline: Duration,
}

/// Lets a job check whether its result is still wanted.
#[derive(Clone, Debug)]
pub struct Watch {
    is_abandoned: Arc<AtomicBool>,
    until: Instant,
    idle: Arc<AtomicUsize>,
}

impl Watch {
    /// # Errors
    /// [`Error::Abandoned`] when the caller cancelled, [`Error::Late`] after the deadline.
    pub fn check(&self) -> Result<(), Error> {
        if self.is_abandoned.load(Ordering::Relaxed) {
            Err(Error::Abandoned)
        } else if Instant::now() >= self.until {
            Err(Error::Late)
        } else {
            Ok(())
        }
    }

    /// Whether another worker, and so another core, is idle.
    pub fn has_idle_worker(&self) -> bool {
        self.idle.load(Ordering::Relaxed) > 0
    }
}

/// Marks a worker as busy.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn of(idle: &Arc<AtomicUsize>) -> Self {
        idle.fetch_sub(1, Ordering::Relaxed);
        Self(idle.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Marks a job as abandoned when the future that waits for it is dropped.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<E: 'static> Workers<E> {
    /// Starts `count` threads, each with the output of `build`, and returns when all are ready. Admits `queue` more
    /// files than threads; a job that is not done `deadline` after its submission is cancelled.
    ///
    /// # Errors
    /// The first error of `build`, or of the system when it cannot start a thread.
    pub fn start<F: Failure>(
        count: usize,
        queue: usize,
        deadline: Duration,
        build: impl Fn() -> Result<E, F> + Send + Sync + 'static,
    ) -> Result<Self, F> {
        let (build, jobs): (Arc<Build<E, F>>, _) = (Arc::new(build), Arc::new(Queue::default()));
        let (ready, started) = mpsc::channel();
        let mut workers = Self {
            places: FairPool::new(count + queue),
            jobs: Arc::clone(&jobs),
            threads: Vec::new(),
            idle: Arc::new(AtomicUsize::new(count)),
            deadline,
        };
        // Sequential, because loading takes twice the memory of the loaded engines.
        for index in 0..count {
            let (build, jobs, ready) = (build.clone(), jobs.clone(), ready.clone());
            let thread = std::thread::Builder::new().name(format!("worker-{index}"));
            let thread = thread.spawn(move || work(&*build, &jobs, &ready)).map_err(Error::from)?;
            workers.threads.push(thread);
            started.recv().map_err(|_| Error::Crashed)??;
        }
        Ok(workers)
    }

    /// Returns a permit for a file of this project, or at once an error when all are taken or the project has its share.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub fn admit(&self, project: &str) -> Result<Place, Error> {
        self.places.admit(project).map(Place).ok_or(Error::Overloaded)
    }

    /// Returns how many are admitted and not done, how many can be processed at once, and how many can be admitted.
    pub fn load(&self) -> [usize; 3] {
        [self.places.taken(), self.threads.len(), self.places.capacity()]
    }

    /// Returns how many more would be admitted now.
    #[cfg(test)]
    pub fn free(&self) -> usize {
        self.places.capacity() - self.places.taken()
    }

    /// Runs `job` on the next free worker and waits for it. The permit is released when the job has ended, even if
    /// the caller stopped waiting.
    ///
    /// # Errors
    /// The job's own; [`Error::Crashed`] when it panicked; [`Error::Late`] when the deadline passed.
    pub async fn run_job<T: Send + 'static, F: Failure>(
        &self,
        place: Place,
        job: impl FnOnce(&mut E, &Watch) -> Result<T, F> + Send + 'static,
    ) -> Result<T, F> {
        let is_abandoned = Arc::new(AtomicBool::new(false));
        let (until, idle) = (Instant::now() + self.deadline, self.idle.clone());
        let watch = Watch { is_abandoned: is_abandoned.clone(), until, idle };
        let _waiting = Waiting(is_abandoned);
        let (reply, answer) = oneshot::channel();
        let project = Arc::clone(place.0.owner());
        let span = tracing::Span::current();
        let job = Box::new(move |engines: &mut E| {
            let _span = span.entered();
            let _busy = Busy::of(&watch.idle);
            let result = watch.check().map_err(F::from).and_then(|()| job(engines, &watch));
            drop(place);
            // The caller may be gone.
            let _ = reply.send(result);
        });
        self.jobs.push(project, job);
        match tokio::time::timeout(self.deadline, answer).await {
            Ok(answer) => answer.map_err(|_| Error::Crashed)?,
            Err(_) => Err(Error::Late.into()),
        }
    }
}

impl<E> Drop for Workers<E> {
    fn drop(&mut self) {
        // Closing the queue ends the threads; running jobs are abandoned by now, so this is short.
        self.jobs.close();
        for thread in self.threads.drain(..) {
            // A worker catches panics of its jobs, so there is nothing to report.
            let _ = thread.join();
        }
    }
}

/// Runs one worker.
fn work<E, F: Failure>(build: &Build<E, F>, jobs: &Queue<Job<E>>, ready: &mpsc::Sender<Result<(), F>>) {
    let mut engines = match build() {
        Ok(engines) => Some(engines),
        Err(error) => return drop(ready.send(Err(error))),
    };
    drop(ready.send(Ok(())));
    loop {
        let Some(job) = jobs.next_job() else { return };
        if engines.is_none() {
            engines = rebuild(build);
        }
        // Without engines the job is dropped, and its caller gets the error of a crashed worker.
        let Some(own) = engines.as_mut() else { continue };
        if catch_unwind(AssertUnwindSafe(|| job(own))).is_err() {
            tracing::error!("a worker panicked; its call was answered with an internal error");
            engines = rebuild(build);
        }
    }
}

fn rebuild<E, F: Failure>(build: &Build<E, F>) -> Option<E> {
    match build() {
        Ok(engines) => Some(engines),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a worker has no engines");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn fine<T>(value: T) -> Result<T, Error> {
        Ok(value)
    }

    fn workers(count: usize, queue: usize) -> Workers<u32> {
        Workers::start(count, queue, LONG, || fine(0)).unwrap()
    }

    #[tokio::test]
    async fn a_call_beyond_workers_and_queue_is_rejected_at_once() {
        let workers = workers(1, 2);
        let mut places: Vec<_> = (0..2).map(|_| workers.admit("p").unwrap()).collect();
        assert!(matches!(workers.admit("p"), Err(Error::Overloaded)), "the rest is for others");
        places.push(workers.admit("q").unwrap());
        assert!(matches!(workers.admit("r"), Err(Error::Overloaded)));
        assert_eq!(workers.load(), [3, 1, 3]);
        drop(places);
        assert_eq!(workers.load(), [0, 1, 3]);
        let place = workers.admit("p").unwrap();
        assert_eq!(workers.run_job(place, |_, _| fine(7)).await.unwrap(), 7);
        assert_eq!(workers.free(), 3);
    }

    #[tokio::test]
    async fn a_panic_costs_one_call_and_the_worker_gets_new_engines() {
        let built = Arc::new(AtomicUsize::new(0));
        let count = built.clone();
        let workers = Workers::start(1, 0, LONG, move || fine(count.fetch_add(1, Ordering::SeqCst))).unwrap();
        let place = workers.admit("p").unwrap();
        let crashed = workers.run_job(place, |_, _| -> Result<(), Error> { panic!("a bug") }).await;
        assert!(matches!(crashed, Err(Error::Crashed)));
        let place = workers.admit("p").unwrap();
        assert_eq!(workers.run_job(place, |engine, _| fine(*engine)).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_job_sees_whether_another_worker_is_idle() {
        for (count, idle) in [(1, false), (2, true)] {
            let workers = workers(count, 0);
            let place = workers.admit("p").unwrap();
            assert_eq!(workers.run_job(place, |_, watch| fine(watch.has_idle_worker())).await.unwrap(), idle);
        }
    }

    #[tokio::test]
    async fn engines_that_cannot_be_built_stop_the_start() {
        let failed = Workers::<u32>::start(2, 0, LONG, || Err(Error::Empty));
        assert!(matches!(failed.err(), Some(Error::Empty)));
    }

    #[tokio::test]
    async fn a_job_of_a_cancelled_call_is_abandoned_and_releases_its_permit() {
        let workers = Arc::new(workers(1, 0));
        let (started, running) = oneshot::channel();
        let (ended, end) = oneshot::channel();
        let place = workers.admit("p").unwrap();
        let caller = tokio::spawn({
            let workers = workers.clone();
            async move {
                let job = move |_: &mut u32, watch: &Watch| {
                    started.send(()).unwrap();
                    while watch.check().is_ok() {
                        std::thread::yield_now();
                    }
                    ended.send(watch.check().unwrap_err().to_string()).unwrap();
                    fine(())
                };
                workers.run_job(place, job).await
            }
        });
        running.await.unwrap();
        caller.abort();
        assert_eq!(end.await.unwrap(), Error::Abandoned.to_string());
        while workers.free() == 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn work_past_its_deadline_is_given_up() {
        let workers = Workers::start(1, 0, Duration::from_millis(20), || fine(())).unwrap();
        let place = workers.admit("p").unwrap();
        let late = workers.run_job(place, |(), watch| {
            loop {
                watch.check()?;
                std::thread::yield_now();
            }
        });
        let late: Result<(), Error> = late.await;
        assert!(matches!(late, Err(Error::Late)));
    }
}
