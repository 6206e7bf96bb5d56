//! Clips with little or nothing to judge: each service has a reason or a result; never a crash, never NaN.

use std::{path::Path, process::Command};

use proto::{
    Word,
    ml::{AnalyzeVideoResponse, Outcome, OutcomeStatus},
};

use crate::world::{EVERY, World, fixture, header, root, run_test};

/// A clip made from the speaker's by ffmpeg, which set-up provides.
fn made(name: &str, arguments: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join(name);
    let speaker = root().join("fixtures/speaker_crop.mp4");
    let done = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y", "-i"])
        .arg(&speaker)
        .args(arguments.split_whitespace())
        .args("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -threads 1".split(' '))
        .arg(&out)
        .output()
        .expect("ffmpeg runs; `make setup` installs it");
    assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    std::fs::read(Path::new(&out)).unwrap()
}

/// Returns every service of a response: its field, its status, and all its numbers.
fn services(answer: &AnalyzeVideoResponse) -> Vec<(&'static str, Outcome, Vec<f64>)> {
    let results = answer.results.iter().map(|result| {
        let mut numbers = vec![result.score, result.evidence.unwrap_or_default()];
        numbers.extend(result.cues.iter().map(|cue| cue.value));
        numbers.extend(result.spoken_phrase().map(|phrase| phrase.log_likelihood_ratio));
        numbers.extend(result.face_recognition().map(|face| face.probability));
        let voice = result.voice_recognition();
        numbers.extend(voice.into_iter().flat_map(|v| [v.imposter_prob, v.log_odds, v.speech_seconds]));
        (result.service().as_word(), result.outcome.clone().unwrap(), numbers)
    });
    results.collect()
}

/// Returns the word with which each service could not judge; `None` if it judged.
async fn judged(world: &World, clip: &[u8], name: &str) -> Vec<(&'static str, Option<String>)> {
    let answer = world.send(header("degenerate", "Ada", &EVERY), clip).await;
    let answer = answer.unwrap_or_else(|status| panic!("{name}: {status}"));
    let check = |(service, outcome, numbers): (&'static str, Outcome, Vec<f64>)| {
        assert!(numbers.iter().all(|v| v.is_finite()), "{name}: {service} gives {numbers:?}");
        assert!(!outcome.description.is_empty(), "{name}: {service} does not say why");
        match outcome.status() {
            OutcomeStatus::Judged => (service, None),
            OutcomeStatus::CannotJudge => (service, Some(outcome.error)),
            other => panic!("{name}: {service} failed with {other:?}: {}", outcome.description),
        }
    };
    services(&answer).into_iter().map(check).collect()
}

/// What the clip lacks, by service.
type Lacking<'a> = &'a [(&'a str, &'a str)];

#[test]
fn a_degenerate_clip_ends_in_a_reason_or_a_judgement() {
    let nobody: Lacking = &[
        ("active_speaker", "no_face"),
        ("face_liveness", "no_face"),
        ("visual_speech", "no_face"),
        ("face_recognition", "no_face"),
    ];
    let unheard: Lacking =
        &[("active_speaker", "no_sound"), ("spoken_phrase", "no_sound"), ("voice_recognition", "no_sound")];
    let clips: [(&str, &str, Lacking); 10] = [
        ("one frame.mp4", "-frames:v 1 -an", unheard),
        ("two frames.mp4", "-frames:v 2 -t 0.1", &[]),
        ("one a second.mp4", "-r 1", &[]),
        ("black.mp4", "-vf drawbox=c=black:t=fill", nobody),
        ("overexposed.mp4", "-vf lutyuv=y=255", nobody),
        ("one colour.mp4", "-vf drawbox=c=0x7f2a90:t=fill", nobody),
        ("glaring.mp4", "-vf eq=brightness=0.55:contrast=1.6", &[]),
        ("clipped.mp4", "-af volume=40dB", &[]),
        ("8 khz.mp4", "-ar 8000 -c:a aac", &[]),
        ("silent.mp4", "-af volume=0", &[("spoken_phrase", "no_speech"), ("voice_recognition", "no_speech")]),
    ];
    run_test(|world| async move {
        for (name, arguments, lacking) in clips {
            let judged = judged(world, &made(name, arguments), name).await;
            for (service, word) in lacking {
                let found = judged.iter().find(|(s, _)| s == service).and_then(|(_, error)| error.as_deref());
                assert_eq!(found, Some(*word), "{name}: {service} of {judged:?}");
            }
        }
    });
}

#[test]
fn two_simultaneous_speakers_are_not_a_live_face() {
    let beside = "-filter_complex [0:v]split[a][b];[b]hflip[c];[a][c]hstack[v];[0:a]asplit[d][e];\
                  [e]asetrate=36000,aresample=24000[f];[d][f]amix[s] -map [v] -map [s]";
    run_test(|world| async move {
        let judged = judged(world, &made("two.mp4", beside), "two").await;
        let live = judged.iter().find(|(service, _)| *service == "face_liveness").unwrap();
        assert_eq!(live.1.as_deref(), Some("more_than_one_face"), "{judged:?}");
        let recorded = self::judged(world, &fixture("obama_speech.mp4"), "two faces, one voice").await;
        assert_eq!(recorded.len(), 7);
    });
}
