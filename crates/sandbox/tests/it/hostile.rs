//! Files made to be expensive, and what each costs its worker.

use media::{Error as MediaError, Limits};
use sandbox::{Error, Sandbox};

use crate::{
    always,
    hostile_files::{cmov, flac, jpeg_of_passes, png},
    processes::cost,
    sandbox, spooled,
};

/// Bars for one file: megabytes and seconds of CPU.
const MAX_MB: u64 = 150;
const MAX_CPU_S: f64 = 5.0;

type Decode = fn(&Sandbox, &[u8]) -> Result<(), Error>;

fn still(sandbox: &Sandbox, file: &[u8]) -> Result<(), Error> {
    sandbox.decode_still(&spooled(file), always).map(drop)
}

fn sound(sandbox: &Sandbox, file: &[u8]) -> Result<(), Error> {
    sandbox.decode_sound(&spooled(file), &Limits::default(), always).map(drop)
}

fn video(sandbox: &Sandbox, file: &[u8]) -> Result<(), Error> {
    sandbox.decode_video(&spooled(file), &Limits::default(), always, |_| Ok(())).map(drop)
}

#[test]
fn hostile_files_stay_below_150_megabytes_and_5_seconds() {
    let (sandbox, _turn) = sandbox();
    sandbox.probe().unwrap();
    let files: [(&str, Vec<u8>, Decode, Option<MediaError>); 8] = [
        ("png of 60 megapixels", png(7740, 7740), still, None),
        ("png of 81 megapixels", png(9000, 9000), still, Some(MediaError::TooManyPixels(60))),
        ("index of 800 MB, packed", cmov(b"moov", 800), video, Some(MediaError::CompressedIndex)),
        ("the same as sound", cmov(b"moov", 800), sound, Some(MediaError::CompressedIndex)),
        ("sound of 400 kHz", flac(60_000, 400_000, 8), sound, Some(MediaError::UnsupportedSound)),
        ("sound of eight channels", flac(60_000, 384_000, 8), sound, Some(MediaError::TooMuchWork)),
        ("an hour of silence", flac(8_000, 48_000, 1), sound, Some(MediaError::TooLong(60))),
        (
            "picture in 200,000 passes",
            jpeg_of_passes(6_000, 5_000, 200_000),
            still,
            Some(MediaError::TooMuchWork),
        ),
    ];
    for (name, file, decode, refusal) in files {
        let mut answer = Ok(());
        let (peak, seconds) = cost(|| answer = decode(&sandbox, &file));
        println!("{name}: {} kB cost {peak} MB and {seconds:.1} s of CPU: {answer:?}", file.len() / 1024);
        match (answer, refusal) {
            (Ok(()), None) => {}
            (Err(Error::Media(error)), Some(expected)) => assert_eq!(error, expected, "{name}"),
            (answer, _) => panic!("{name}: {answer:?}"),
        }
        assert!(peak < MAX_MB && seconds < MAX_CPU_S, "{name}: {peak} MB, {seconds} s");
    }
}
