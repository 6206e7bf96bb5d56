//! Calls at a steady rate, whether or not earlier calls have ended.

use std::{
    future::ready,
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt, stream};

const MAX_OPEN_CALLS: usize = 4096;

/// Makes the calls 0, 1, … while `goes_on`. Returns each result with the time since its call was due, so that the wait
/// behind a slow response counts (no coordinated omission).
pub fn steady_calls<F: Future>(
    per_second: f64,
    goes_on: impl Fn(usize) -> bool,
    call: impl Fn(usize) -> F,
) -> impl Stream<Item = (Duration, F::Output)> {
    let begun = Instant::now();
    let due = move |number: usize| begun + Duration::from_secs_f64(number as f64 / per_second);
    let ticks = stream::iter(0..).then(move |number| async move {
        tokio::time::sleep_until(due(number).into()).await;
        number
    });
    let timed = move |number: usize| {
        let answer = call(number);
        async move {
            let answer = answer.await;
            (due(number).elapsed(), answer)
        }
    };
    ticks.take_while(move |number| ready(goes_on(*number))).map(timed).buffer_unordered(MAX_OPEN_CALLS)
}
