//! Admission and the workers' engines.
//!
//! There are as many places as there are workers and places in the queue. Who gets one may send its bytes and is worked on
//! in turn; who does not is refused before a byte is read. A panic costs the call it happened in, and its engine, which is
//! loaded anew.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Error;

type Build<E> = dyn Fn() -> Result<E, Error> + Send + Sync;

/// The right to have one document received and worked on.
#[derive(Debug)]
pub struct Place(
    #[expect(dead_code, reason = "held, never read: dropping it is what gives the place back")]
    OwnedSemaphorePermit,
);

/// Engines that documents take turns with.
pub struct Desk<E> {
    places: Arc<Semaphore>,
    capacity: usize,
    engines: usize,
    turns: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<E>>>,
    build: Arc<Build<E>>,
}

impl<E: Send + 'static> Desk<E> {
    /// Builds `count` engines and gives out `count + queue` places.
    ///
    /// # Errors
    /// The first error of `build`.
    pub fn start(
        count: usize,
        queue: usize,
        build: impl Fn() -> Result<E, Error> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let engines = (0..count).map(|_| build()).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            places: Arc::new(Semaphore::new(count + queue)),
            capacity: count + queue,
            engines: count,
            turns: Arc::new(Semaphore::new(count)),
            idle: Arc::new(Mutex::new(engines)),
            build: Arc::new(build),
        })
    }

    /// A place, or at once the answer that there is none.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub fn admit(&self) -> Result<Place, Error> {
        self.places.clone().try_acquire_owned().map(Place).map_err(|_| Error::Overloaded)
    }

    /// How many are admitted and not done, how many can be worked on at once, and how many admitted.
    pub fn load(&self) -> [usize; 3] {
        [self.capacity - self.places.available_permits().min(self.capacity), self.engines, self.capacity]
    }

    /// Waits for an engine and runs `job` with it on a thread for blocking work. A caller that goes away while it waits
    /// costs nothing.
    ///
    /// # Errors
    /// The job's own; [`Error::Crashed`] when it panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        place: Place,
        job: impl FnOnce(&mut E) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| Error::Crashed)?;
        let (idle, build) = (self.idle.clone(), self.build.clone());
        let work = move || {
            let _held = (place, turn);
            let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = idle().pop();
            let mut engine = taken.map_or_else(|| build(), Ok)?;
            let result = catch_unwind(AssertUnwindSafe(|| job(&mut engine))).map_err(|_| Error::Crashed)?;
            idle().push(engine);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Crashed)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn beyond_workers_and_queue_a_call_is_refused_at_once() {
        let desk = Desk::start(1, 1, || Ok(0)).unwrap();
        let places = (desk.admit().unwrap(), desk.admit().unwrap());
        assert!(matches!(desk.admit(), Err(Error::Overloaded)));
        assert_eq!(desk.load(), [2, 1, 2]);
        drop(places);
        let place = desk.admit().unwrap();
        assert_eq!(desk.run(place, |_| Ok(7)).await.unwrap(), 7);
        assert_eq!(desk.places.available_permits(), 2);
    }

    #[tokio::test]
    async fn a_panic_costs_one_call_and_its_engine() {
        let built = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = built.clone();
        let build = move || Ok(count.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        let desk = Desk::start(1, 0, build).unwrap();
        let place = desk.admit().unwrap();
        let crashed = desk.run(place, |_| -> Result<(), Error> { panic!("a bug") }).await;
        assert!(matches!(crashed, Err(Error::Crashed)));
        let place = desk.admit().unwrap();
        assert_eq!(desk.run(place, |engine| Ok(*engine)).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn engines_that_cannot_be_built_stop_the_start() {
        let failed = Desk::<u32>::start(2, 0, || Err(Error::Invalid("no model")));
        assert!(matches!(failed.err(), Some(Error::Invalid("no model"))));
    }
}
