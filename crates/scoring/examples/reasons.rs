//! Prints `docs/REASONS.md`.

fn main() {
    print!("{}", scoring::catalogue::markdown());
}
