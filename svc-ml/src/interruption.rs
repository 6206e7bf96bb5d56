//! Faults of the whole clip that explain the errors of single services.
//!
//! A face that is not tracked or heard throughout has many causes; a fault that the person can correct is reported first.

use media::Info;

use crate::judged::{Judged, Unjudged};

/// Shorter clips are too short for every service of the lips.
const MIN_CLIP_S: f64 = 1.5;
/// A picture frozen for longer was not filmed like that.
const MIN_FREEZE_S: f64 = 0.3;
/// Frames without a new picture that any frame rate may have in a row.
const MIN_FREEZE_FRAMES: f64 = 4.0;

/// The properties of a video and its sound.
pub struct Clip<'a> {
    pub video: &'a Info,
    /// The codec of a sound track that cannot be decoded.
    pub unread_sound: Option<&'a str>,
}

impl Clip<'_> {
    /// Returns the same finding with the reason of the clip, if there is one.
    pub fn explain<T>(&self, found: Judged<T>) -> Judged<T> {
        found.map_err(|why| self.reason(&why).unwrap_or(why))
    }

    fn reason(&self, why: &Unjudged) -> Option<Unjudged> {
        match (why.error, self.unread_sound) {
            ("face_tracking_broke" | "too_few_frames", _) => {
                Unjudged::first([self.too_short(), self.frozen()].into_iter().flatten())
            }
            ("no_sound", Some(codec)) => Some(Unjudged::because(
                "sound_unreadable",
                format!("the sound of the video is coded as `{codec}`, which this server does not read"),
            )),
            _ => None,
        }
    }

    fn too_short(&self) -> Option<Unjudged> {
        let seconds = self.video.frames as f64 / f64::from(media::FPS);
        let description = || format!("the clip plays {seconds:.1} seconds; film at least 2");
        (seconds < MIN_CLIP_S).then(|| Unjudged::because("clip_too_short", description()))
    }

    fn frozen(&self) -> Option<Unjudged> {
        let (still, fps) = (self.video.longest_freeze_s, self.video.fps);
        let description = || format!("the picture stands still for {still:.1} seconds; record again");
        let is_frozen = still >= MIN_FREEZE_S && still * fps >= MIN_FREEZE_FRAMES;
        is_frozen.then(|| Unjudged::because("picture_frozen", description()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(error: &'static str, frames: usize, longest_freeze_s: f64, fps: f64) -> &'static str {
        let video = Info {
            codec: "h264".into(),
            width: 640,
            height: 480,
            decoded_frames: frames,
            frames,
            fps,
            longest_freeze_s,
        };
        let clip = Clip { video: &video, unread_sound: Some("apac") };
        clip.explain(Err::<(), _>(Unjudged::because(error, ""))).unwrap_err().error
    }

    #[test]
    fn an_error_the_person_can_correct_is_reported_first() {
        assert_eq!(reported("face_tracking_broke", 30, 0.0, 25.0), "clip_too_short");
        assert_eq!(reported("face_tracking_broke", 100, 0.8, 25.0), "picture_frozen");
        assert_eq!(reported("face_tracking_broke", 100, 0.1, 25.0), "face_tracking_broke");
        // Two frames per second are few, not frozen.
        assert_eq!(reported("too_few_frames", 100, 0.5, 2.0), "too_few_frames");
        assert_eq!(reported("no_sound", 100, 0.0, 25.0), "sound_unreadable");
        assert_eq!(reported("lips_still", 30, 0.8, 25.0), "lips_still");
    }
}
