//! Writes specimens and their truth into a folder: `generate OUT [COUNT [FIRST_SEED [ATTACK]]]`.

use std::path::PathBuf;

use specimens::{Attack, Level, Plan, Studio};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = PathBuf::from(arguments.next().ok_or("usage: generate OUT [COUNT [FIRST_SEED [ATTACK]]]")?);
    let count: u64 = arguments.next().map_or(Ok(12), |a| a.parse())?;
    let first: u64 = arguments.next().map_or(Ok(1), |a| a.parse())?;
    let attack: Option<Attack> =
        arguments.next().map(|a| serde_json::from_value(serde_json::Value::String(a))).transpose()?;
    let faces = std::env::var_os("FACES").map(PathBuf::from);
    let studio = Studio::with_faces(faces.as_deref())?;
    std::fs::create_dir_all(&out)?;
    for index in 0..count {
        let level = [Level::Moderate, Level::Scan, Level::Hard][(index / 4 % 3) as usize];
        let specimen = studio.make(first + index, &Plan::nth(index, level, attack))?;
        let name = format!("{:05}", first + index);
        std::fs::write(out.join(format!("{name}.jpg")), &specimen.jpeg)?;
        std::fs::write(out.join(format!("{name}.json")), serde_json::to_vec_pretty(&specimen.truth)?)?;
    }
    Ok(())
}
