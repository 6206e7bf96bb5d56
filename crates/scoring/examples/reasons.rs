//! Prints `docs/REASONS.md`.

#[expect(clippy::print_stdout, reason = "a command-line tool")]
fn main() {
    print!("{}", scoring::catalogue::markdown());
}
