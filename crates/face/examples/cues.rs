//! Prints the liveness and authenticity cues of video files, one line each; models are fitted on it.

use std::fs::File;

use face::{Engine, FaceTracker, authenticity, liveness};
use media::{Limits, decode};

#[expect(clippy::print_stdout, reason = "a command-line tool")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = models::Runtime::load(&models::Pack::open(None)?)?;
    let mut engine = Engine::load(&runtime)?;
    for path in std::env::args().skip(1) {
        let mut tracker = FaceTracker::new();
        let decoded =
            decode(File::open(&path)?, &Limits::default(), |frame| tracker.feed(&mut engine, frame));
        if let Err(error) = decoded {
            println!("{path}\terror={error}");
            continue;
        }
        let tracks = tracker.finish();
        print!("{path}\tpresence={:?}\tfaces={}", tracks.presence(), tracks.most_faces_at_once());
        if let Some(main) = tracks.main() {
            let off = main.off_centre(tracks.width, tracks.height);
            print!("\twidth={:.0}\toff={off:.2}\tspeed={:.3}", main.width(), main.speed());
        }
        match liveness::judge_main_face(&mut engine, &tracks)? {
            None => print!("\tdoubt=no_face"),
            Some(Err(doubt)) => print!("\tdoubt={}", doubt.code()),
            Some(Ok(found)) => {
                print!(
                    "\tlive={}\tscore={:.4}\treason={}",
                    found.live,
                    found.score,
                    found.reason.unwrap_or("-")
                );
                found.cues.iter().for_each(|cue| print!("\t{}={:.6}", cue.name, cue.value));
            }
        }
        match tracks.main().map(authenticity::judge_track) {
            None => {}
            Some(Err(doubt)) => print!("\tauthenticity_doubt={}", doubt.code()),
            Some(Ok(found)) => {
                print!("\tauthentic={}\tauthenticity={:.4}", found.authentic, found.score);
                found.cues.iter().for_each(|cue| print!("\t{}={:.6}", cue.name, cue.value));
            }
        }
        println!();
    }
    Ok(())
}
