//! A binary that is only a media worker, for the tests of this crate.

fn main() {
    sandbox::run_if_worker();
}
