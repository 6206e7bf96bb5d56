//! Results of the services for the fixture videos.

use proto::ml::{
    AnalyzeVideoResponse, ListModelsRequest, Outcome, OutcomeStatus, RecognitionStatus, Service,
    WarmupRequest,
};

use crate::world::{EVERY, fixture, header, of, run_test};

fn code_and_error(outcome: Option<Outcome>) -> (OutcomeStatus, String) {
    let outcome = outcome.unwrap();
    assert!(!outcome.description.is_empty());
    (outcome.status(), outcome.error)
}

fn judged() -> (OutcomeStatus, String) {
    (OutcomeStatus::Judged, String::new())
}

fn could_not(error: &str) -> (OutcomeStatus, String) {
    (OutcomeStatus::CannotJudge, error.to_owned())
}

#[test]
fn one_speaker_gets_an_answer_of_every_service() {
    run_test(|world| async {
        let answer = world.analyze("all", "Ada", &EVERY, "speaker_crop.mp4").await;
        let (face, voice) = (of(&answer, Service::FaceRecognition), of(&answer, Service::VoiceRecognition));
        assert_eq!(code_and_error(face.outcome.clone()), judged());
        assert!(!face.accepted && face.evidence.is_none());
        let detail = face.face_recognition().unwrap();
        assert!(!detail.enrolled && detail.instances.is_empty());
        let detail = voice.voice_recognition().unwrap().clone();
        assert_eq!((detail.status(), detail.enrolled), (RecognitionStatus::NotEnrolled, false));
        assert_eq!(code_and_error(voice.outcome.clone()), judged());
        assert!(detail.speech_seconds > 3.0, "{}", detail.speech_seconds);
        let liveness = of(&answer, Service::FaceLiveness);
        assert_eq!(code_and_error(liveness.outcome.clone()), judged());
        assert!(
            liveness.accepted && liveness.score >= 0.5 && !liveness.cues.is_empty(),
            "{:?}",
            liveness.cues
        );
        let speaker = of(&answer, Service::ActiveSpeaker);
        assert_eq!(code_and_error(speaker.outcome.clone()), judged());
        assert!(
            speaker.score >= 0.5 && speaker.active_speaker().unwrap().lag_ms.is_some(),
            "{:?}",
            speaker.cues
        );
        let speech = of(&answer, Service::VisualSpeech);
        assert_eq!(code_and_error(speech.outcome.clone()), judged());
        let spoken = of(&answer, Service::SpokenPhrase);
        assert_eq!(code_and_error(spoken.outcome.clone()), judged());
        assert!(!spoken.accepted && spoken.score < 0.5, "nobody counts in this speech");
        let media = answer.media.unwrap();
        assert!(media.faces == 1 && media.frames > 200 && media.duration_seconds > 8.0, "{media:?}");
        assert!(answer.stages.iter().any(|s| s.stage == "face_tracking" && s.cpu_ms > 0.0));
        assert!(!answer.candidate.is_empty());
    });
}

/// The words of the fixture; the clip ends within the last word.
const SAID: &str = "today after two years of negotiations the united states together with our international partners \
                    has achieved something";

#[test]
fn the_words_of_the_speech_are_accepted_and_others_are_not() {
    run_test(|world| async {
        let spoken = async |phrase: &str| {
            let mut asked = header("words", "Ada", &[Service::VisualSpeech]);
            asked.phrase = phrase.into();
            let answer = world.send(asked, &fixture("speaker_crop.mp4")).await.unwrap();
            of(&answer, Service::SpokenPhrase)
        };
        let truth = spoken(SAID).await;
        assert!(truth.accepted && truth.score > 0.8, "{truth:?}");
        for other in [SAID.replace("years", "weeks"), "he might even have been made amiable himself".into()] {
            let lie = spoken(&other).await;
            assert!(!lie.accepted && lie.score < 0.5, "{other}: {lie:?}");
        }
    });
}

#[test]
fn two_faces_keep_liveness_from_judging_and_a_face_from_being_enrolled() {
    run_test(|world| async {
        let answer = world.analyze("two", "Ada", &EVERY, "obama_speech.mp4").await;
        let liveness = of(&answer, Service::FaceLiveness);
        assert_eq!(code_and_error(liveness.outcome.clone()), could_not("more_than_one_face"));
        assert!(!liveness.accepted);
        assert_eq!(answer.media.unwrap().faces, 2);
        let enrolled = world.enroll("two", "Ada", &answer.candidate).await.unwrap();
        assert!(!enrolled.face && enrolled.voice);
    });
}

#[test]
fn a_silent_video_leaves_the_face_to_be_judged() {
    run_test(|world| async {
        for (file, error) in [("silent.mp4", "no_speech"), ("no_audio.mp4", "no_sound")] {
            let answer = world.analyze("silent", "Ada", &EVERY, file).await;
            assert_eq!(
                code_and_error(of(&answer, Service::VoiceRecognition).outcome),
                could_not(error),
                "{file}"
            );
            assert_eq!(
                code_and_error(of(&answer, Service::ActiveSpeaker).outcome),
                could_not(error),
                "{file}"
            );
            let spoken = of(&answer, Service::SpokenPhrase);
            assert_eq!(code_and_error(spoken.outcome.clone()), could_not(error), "{file}");
            assert_eq!(code_and_error(of(&answer, Service::FaceRecognition).outcome), judged(), "{file}");
            assert_eq!(code_and_error(of(&answer, Service::FaceLiveness).outcome), judged(), "{file}");
        }
    });
}

#[test]
fn a_video_without_a_face_leaves_no_face_service_to_judge() {
    run_test(|world| async {
        let answer = world.analyze("noface", "Ada", &EVERY, "small.mp4").await;
        assert_eq!(code_and_error(of(&answer, Service::FaceRecognition).outcome), could_not("no_face"));
        assert_eq!(code_and_error(of(&answer, Service::FaceLiveness).outcome), could_not("no_face"));
        assert_eq!(code_and_error(of(&answer, Service::ActiveSpeaker).outcome), could_not("no_face"));
        assert_eq!(code_and_error(of(&answer, Service::VisualSpeech).outcome), could_not("no_face"));
    });
}

#[test]
fn a_picture_held_before_the_camera_is_not_live() {
    run_test(|world| async {
        for file in ["still.mp4", "moved_still.mp4"] {
            let answer = world.analyze("still", "Ada", &[Service::FaceLiveness], file).await;
            let liveness = of(&answer, Service::FaceLiveness);
            assert!(!liveness.accepted, "{file}: {:?}", liveness.cues);
        }
    });
}

#[test]
fn a_voice_alone_needs_no_picture() {
    run_test(|world| async {
        let answer = world.analyze("voice", "Ada", &[Service::VoiceRecognition], "audio_only.m4a").await;
        assert_eq!(code_and_error(of(&answer, Service::VoiceRecognition).outcome), judged());
        assert!(
            answer.result(Service::FaceRecognition).is_none()
                && answer.result(Service::FaceLiveness).is_none()
        );
        assert!(
            answer.result(Service::ActiveSpeaker).is_none() && answer.result(Service::VisualSpeech).is_none()
        );
        assert!(!answer.stages.iter().any(|s| s.stage == "face_tracking"));
    });
}

#[test]
fn a_face_alone_takes_no_mesh_between_key_frames() {
    run_test(|world| async {
        let mesh = |answer: &AnalyzeVideoResponse| {
            answer.stages.iter().find(|s| s.stage == "face_mesh").map_or(0.0, |s| s.cpu_ms)
        };
        let everything = world.analyze("all", "Ada", &EVERY, "speaker_crop.mp4").await;
        let alone = world.analyze("face", "Ada", &[Service::FaceRecognition], "speaker_crop.mp4").await;
        assert!(mesh(&alone) < 0.5 * mesh(&everything), "{} of {}", mesh(&alone), mesh(&everything));
        assert_eq!(code_and_error(of(&alone, Service::FaceRecognition).outcome), judged());
    });
}

#[test]
fn every_container_gives_the_same_face() {
    run_test(|world| async {
        let first = world.analyze("kinds", "Ada", &EVERY, "speaker_crop.mp4").await;
        assert!(world.enroll("kinds", "Ada", &first.candidate).await.unwrap().face);
        for file in ["speaker_crop.mov", "speaker_crop.webm", "rotated.mp4"] {
            let answer = world.analyze("kinds", "Ada", &[Service::FaceRecognition], file).await;
            let face = of(&answer, Service::FaceRecognition);
            assert!(face.accepted && face.score > 0.7, "{file}: {face:?}");
        }
    });
}

#[test]
fn the_pack_is_listed_and_warms_up() {
    run_test(|world| async {
        let listed = world.client.clone().list_models(ListModelsRequest {}).await.unwrap().into_inner();
        let sface = listed.models.iter().find(|m| m.name == "sface").unwrap();
        assert_eq!((sface.sha256.len(), sface.licence.as_str()), (64, "Apache-2.0"));
        let warm = world.client.clone().warmup(WarmupRequest {}).await.unwrap().into_inner();
        assert!(warm.sessions > 0);
    });
}
