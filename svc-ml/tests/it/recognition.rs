//! Enrollment, 1:1 and 1:N.

use proto::ml::{RecognitionStatus, Service};
use tonic::Code;

use crate::world::{EVERY, fixture, header, of, run_test};

const RECOGNITION: [Service; 2] = [Service::FaceRecognition, Service::VoiceRecognition];

#[test]
fn an_enrolled_user_is_recognised_and_found() {
    run_test(|world| async {
        let first = world.analyze("known", "Ada Lovelace", &RECOGNITION, "speaker_crop.mp4").await;
        let enrolled = world.enroll("known", "Ada Lovelace", &first.candidate).await.unwrap();
        assert!(enrolled.face && enrolled.voice);

        let again = world.analyze("known", "Ada Lovelace", &RECOGNITION, "speaker_crop.webm").await;
        let (face, voice) = (of(&again, Service::FaceRecognition), of(&again, Service::VoiceRecognition));
        assert!(face.accepted && face.evidence.unwrap() > 0.9, "{face:?}");
        let face = face.face_recognition().unwrap();
        assert!(face.enrolled && face.probability > 0.9, "{face:?}");
        assert_eq!(face.instances[0].name, "Ada Lovelace");
        assert!(voice.accepted && voice.evidence.unwrap() > 0.5, "{voice:?}");
        let voice = voice.voice_recognition().unwrap();
        assert!(voice.enrolled && voice.imposter_prob < 0.5, "{voice:?}");
        assert_eq!((voice.status(), voice.id.as_str()), (RecognitionStatus::Identified, "Ada Lovelace"));

        let second = world.enroll("known", "Ada Lovelace", &again.candidate).await.unwrap();
        assert!(!second.face && !second.voice, "a template is never replaced");
    });
}

#[test]
fn under_another_name_the_face_is_found_but_nobody_is_matched() {
    run_test(|world| async {
        let first = world.analyze("names", "Ada", &RECOGNITION, "speaker_crop.mp4").await;
        world.enroll("names", "Ada", &first.candidate).await.unwrap();
        let other = world.analyze("names", "Grace", &RECOGNITION, "speaker_crop.mp4").await;
        let (face, voice) = (of(&other, Service::FaceRecognition), of(&other, Service::VoiceRecognition));
        assert!(!face.accepted && !voice.accepted);
        assert_eq!((face.evidence, voice.evidence), (Some(0.0), Some(0.0)), "clearly Ada's");
        let (face, voice) = (face.face_recognition().unwrap(), voice.voice_recognition().unwrap());
        assert!(!face.enrolled && face.instances[0].name == "Ada");
        assert_eq!((voice.status(), voice.id.as_str()), (RecognitionStatus::NotEnrolled, "Ada"));
    });
}

#[test]
fn other_recordings_of_a_speaker_are_identified_and_other_people_are_not() {
    run_test(|world| async {
        let analyze = async |user: &str, file: &str| {
            world.analyze("voices", user, &[Service::VoiceRecognition], file).await
        };
        for (user, file) in
            [("reader", "reader_1.wav"), ("cards", "cards_3.wav"), ("president", "obama_speech.wav")]
        {
            let template = analyze(user, file).await;
            assert!(world.enroll("voices", user, &template.candidate).await.unwrap().voice, "{user}");
        }
        // Each recording differs from that of the speaker's template.
        for (user, file) in [
            ("reader", "reader_3.wav"),
            ("reader", "reader_4.wav"),
            ("reader", "reader_5.wav"),
            ("cards", "cards_1.wav"),
        ] {
            let result = of(&analyze(user, file).await, Service::VoiceRecognition);
            let voice = result.voice_recognition().unwrap();
            assert!(voice.enrolled && result.accepted && voice.id == user, "{file}: {voice:?}");
            assert_eq!(voice.status(), RecognitionStatus::Identified, "{file}");
        }
        for (user, file, speaker) in [
            ("reader", "cards_1.wav", "cards"),
            ("cards", "reader_3.wav", "reader"),
            ("president", "reader_4.wav", "reader"),
            ("reader", "command_2.wav", ""),
            ("president", "command_2.wav", ""),
        ] {
            let result = of(&analyze(user, file).await, Service::VoiceRecognition);
            let voice = result.voice_recognition().unwrap();
            assert!(voice.enrolled && !result.accepted && voice.id == speaker, "{user}, {file}: {voice:?}");
            assert_eq!(voice.status(), RecognitionStatus::NotIdentified, "{user}, {file}");
        }
    });
}

#[test]
fn projects_do_not_know_each_other_s_users() {
    run_test(|world| async {
        let first = world.analyze("one", "Ada", &RECOGNITION, "speaker_crop.mp4").await;
        world.enroll("one", "Ada", &first.candidate).await.unwrap();
        let answer = world.analyze("other", "Ada", &RECOGNITION, "speaker_crop.mp4").await;
        let (face, voice) = (of(&answer, Service::FaceRecognition), of(&answer, Service::VoiceRecognition));
        assert_eq!((face.score, face.evidence, voice.evidence), (0.0, None, None));
        let (face, voice) = (face.face_recognition().unwrap(), voice.voice_recognition().unwrap());
        assert!(!face.enrolled && face.instances.is_empty());
        assert!(!voice.enrolled && voice.id.is_empty());
    });
}

#[test]
fn a_candidate_is_valid_for_its_user_only_and_made_only_on_request() {
    run_test(|world| async {
        let answer = world.analyze("sealed", "Ada", &RECOGNITION, "speaker_crop.mp4").await;
        for (project, user) in [("sealed", "Grace"), ("elsewhere", "Ada")] {
            let refused = world.enroll(project, user, &answer.candidate).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
        }
        let refused = world.enroll("sealed", "Ada", b"made up").await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let mut without = header("sealed", "Ada", &EVERY);
        without.want_candidate = false;
        let answer = world.send(without, &fixture("speaker_crop.mp4")).await.unwrap();
        assert!(answer.candidate.is_empty());
    });
}

/// A rotated video without metadata: the rotation is removed from its track header.
fn sideways() -> Vec<u8> {
    let mut video = fixture("rotated.mp4");
    let header = video.windows(4).position(|w| w == b"tkhd").unwrap();
    // The matrix follows version, times, track, duration, layer and volume.
    let matrix = header + 44;
    let identity = [0x1_0000_u32, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
    for (number, at) in identity.into_iter().zip((matrix..).step_by(4)) {
        video[at..at + 4].copy_from_slice(&number.to_be_bytes());
    }
    video
}

/// The same turned by FFmpeg, whatever way.
fn turned(filter: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (upright, out) = (folder.path().join("upright.mp4"), folder.path().join("turned.mp4"));
    std::fs::write(&upright, fixture("speaker_crop.mp4")).unwrap();
    let mut command = std::process::Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(&upright);
    command.args(["-vf", filter, "-c:v", "libx264", "-c:a", "copy"]).arg(&out);
    assert!(command.status().unwrap().success());
    std::fs::read(out).unwrap()
}

#[test]
fn a_video_that_lies_or_stands_on_its_head_leaves_no_template() {
    run_test(|world| async {
        for (user, filter) in
            [("Ada", "hflip,vflip"), ("Grace", "transpose=clock"), ("Joan", "transpose=cclock")]
        {
            let answer = world.send(header("turned", user, &EVERY), &turned(filter)).await.unwrap();
            let face = of(&answer, Service::FaceRecognition).outcome.unwrap();
            assert_eq!(face.error, "picture_turned", "{filter}");
            let enrolled = world.enroll("turned", user, &answer.candidate).await;
            assert!(enrolled.is_err() || !enrolled.unwrap().face, "{filter}");
        }
    });
}

#[test]
fn a_video_turned_on_its_side_is_reported_and_never_enrolled() {
    run_test(|world| async {
        let answer = world.send(header("sideways", "Ada", &EVERY), &sideways()).await.unwrap();
        let (face, liveness) = (
            of(&answer, Service::FaceRecognition).outcome.unwrap(),
            of(&answer, Service::FaceLiveness).outcome.unwrap(),
        );
        assert_eq!((face.error.as_str(), liveness.error.as_str()), ("picture_turned", "picture_turned"));
        let enrolled = world.enroll("sideways", "Ada", &answer.candidate).await;
        assert!(enrolled.is_err() || !enrolled.unwrap().face);
    });
}
