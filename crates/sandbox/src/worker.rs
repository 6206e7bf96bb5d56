//! Decodes one file in a separate process.

use std::{
    fs::File,
    io::{self, Read, Write},
};

use fingerprint::{Error as PrintError, Print};
use media::{Picture, Still};

use crate::{
    MediaFile, lockdown,
    wire::{Done, Job, Tag, send, send_parts, sound_bytes, still_header},
};

/// Drops privileges, decodes `file` and writes the results to `out`.
///
/// # Errors
/// When the reader is gone, or privileges cannot be dropped.
pub fn run_job(job: &Job, file: File, out: &mut impl Write) -> io::Result<()> {
    let file = MediaFile::new(file)?;
    let is_filtered = lockdown::enter(job)?;
    send(out, Tag::Ready, &[u8::from(is_filtered)])?;
    let done = match job {
        Job::Video(_) => decode_video(job, file, out),
        Job::Sound(limits) => media::decode_audio(file, limits).map_err(Failure::from).and_then(|sound| {
            send(out, Tag::Sound, &sound_bytes(&sound))?;
            Ok(Done::Sound)
        }),
        Job::Still => decode_still(file, out),
        Job::Print => read_print(file, out),
        Job::ComparePrints => compare_prints(file),
        Job::Probe => Ok(Done::Still),
    };
    let done = match done {
        Ok(done) => done,
        Err(Failure::Media(error)) => Done::Refused(error),
        Err(Failure::Pipe(error)) => return Err(error),
    };
    send(out, Tag::Done, &serde_json::to_vec(&done)?)
}

enum Failure {
    Media(media::Error),
    Pipe(io::Error),
}

impl From<media::Error> for Failure {
    fn from(error: media::Error) -> Self {
        Self::Media(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Pipe(error)
    }
}

fn decode_video(job: &Job, file: MediaFile, out: &mut impl Write) -> Result<Done, Failure> {
    let Job::Video(limits) = job else { return Err(media::Error::NoVideo.into()) };
    let (mut message, mut frames) = (Vec::new(), 0);
    let decoded = media::decode(file, limits, |frame| {
        if frame.is_repeat {
            return Ok::<_, Failure>(send(out, Tag::Repeat, &[])?);
        }
        frames += 1;
        lockdown::allow_cpu_for(job, frames);
        // Halved frames are contiguous already.
        if let Some((header, [luma, blue, red])) = frame.parts() {
            return Ok(send_parts(out, Tag::Frame, &[&header, luma, blue, red])?);
        }
        message.clear();
        frame.write_to(&mut message);
        Ok(send(out, Tag::Frame, &message)?)
    })?;
    if let Some(sound) = &decoded.audio {
        send(out, Tag::Sound, &sound_bytes(sound))?;
    }
    Ok(Done::Video { info: decoded.info, unread_sound: decoded.unread_sound })
}

/// Extracts minutiae with C code that must not run in a process with keys.
fn read_print(file: MediaFile, out: &mut impl Write) -> Result<Done, Failure> {
    let picture = Picture::from_still(&read_still(file)?);
    let print = match Print::from_picture(&picture) {
        Ok(print) => print.to_bytes(),
        Err(PrintError::CannotJudge(reason)) => return Ok(Done::NoPrint(Some(reason))),
        Err(PrintError::Media(error)) => return Err(error.into()),
        Err(PrintError::Failed) => None,
    };
    let Some(print) = print else { return Ok(Done::NoPrint(None)) };
    send(out, Tag::Print, &print)?;
    Ok(Done::Print)
}

/// Compares two templates. Minutiae can be arranged so that comparing them takes minutes; the CPU limit bounds it.
fn compare_prints(mut file: MediaFile) -> Result<Done, Failure> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(fingerprint::compare_pair(&bytes)
        .map_or(Done::NoPrint(None), |compared| Done::Compared(compared.score)))
}

fn read_still(mut file: MediaFile) -> Result<Still, Failure> {
    // A growing buffer would take up to twice as much.
    let mut bytes = Vec::with_capacity(file.size());
    file.read_to_end(&mut bytes)?;
    Ok(Still::decode(&bytes)?)
}

fn decode_still(file: MediaFile, out: &mut impl Write) -> Result<Done, Failure> {
    let still = read_still(file)?;
    let header = still_header(&still);
    let length = header.len() + still.rgb.as_raw().len();
    // In two parts, so that the pixels are not copied again.
    let mut prefix = [Tag::Still as u8, 0, 0, 0, 0];
    prefix[1..].copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    out.write_all(&prefix)?;
    out.write_all(&header)?;
    out.write_all(still.rgb.as_raw())?;
    Ok(Done::Still)
}
