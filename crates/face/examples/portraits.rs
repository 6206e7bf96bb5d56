//! Prints the enrollment quality of pictures, one line each: `cargo run -p face --example portraits -- FILES`.

use face::Engine;
use media::Picture;

#[expect(clippy::print_stdout, reason = "a command-line tool")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut engine = Engine::load(&models::Runtime::load(&models::Pack::open(None)?)?)?;
    println!(
        "faces eyes_px sharpness dark bright contrast yaw pitch roll off_centre visible overall light mouth_covered eyes_covered turn file"
    );
    for path in std::env::args().skip(1) {
        let found = engine.portraits(&Picture::decode(&std::fs::read(&path)?)?)?;
        let Some(p) = found.main else {
            println!("0 - - - - - - - - - - - - - - - {path}");
            continue;
        };
        println!(
            "{} {:.0} {:.1} {:.3} {:.3} {:.1} {:.0} {:.0} {:.0} {:.2} {:.2} {:.2} {:.0} {:.2} {:.2} {:?} {path}",
            found.faces,
            p.eye_distance,
            p.sharpness,
            p.dark,
            p.bright,
            p.contrast,
            p.pose.yaw,
            p.pose.pitch,
            p.pose.roll,
            p.off_centre,
            p.visible,
            p.overall,
            p.light,
            p.cover.mouth,
            p.cover.eyes,
            found.turn
        );
    }
    Ok(())
}
