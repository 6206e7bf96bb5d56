//! process-video on real media.

use crate::{
    both_modes,
    project::{ADA, FIRST_WORDS, Project, SECOND_WORDS, SPEECH, answer},
    world::World,
};

both_modes!(
    a_first_visit_enrolls_and_the_second_is_recognised,
    another_persons_name_does_not_pass,
    without_authorization_consent_the_recognition_services_are_removed,
    without_storage_consent_nothing_is_enrolled,
    two_faces_are_refused_with_the_reason,
    a_still_picture_does_not_pass,
    silence_does_not_pass,
);

const FACE: &str = "Face Recognition";
const VOICE: &str = "Voice Recognition";
const LIVENESS: &str = "Face Liveness Detection";
const SPEAKER: &str = "Active Speaker Detection";
const LIPS: &str = "Visual Speech Recognition";

async fn a_first_visit_enrolls_and_the_second_is_recognised(world: &'static World) {
    let project = Project::that_fails_replays(world);
    project.both_consents(ADA).await;
    let session = project.start_session().await;

    let first = project.video(ADA, "speaker_first.mp4", FIRST_WORDS).header("X-Session-ID", &session);
    let first = answer(first).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(first.verdict(), "pass", "{:#}", first.body);
    assert_eq!(first.header("x-auto-enroll"), Some("true"));
    assert_eq!(first.header("x-removed-services"), None);
    for service in [FACE, VOICE, LIVENESS, SPEAKER, LIPS] {
        assert!(first.service(service).is_object(), "{service} is missing in {}", first.body);
    }

    let session = project.start_session().await;
    let second = project.video(ADA, "speaker_second.mp4", SECOND_WORDS).header("X-Session-ID", &session);
    let second = answer(second).await;
    assert_eq!(second.verdict(), "pass", "{:#}", second.body);
    assert_eq!(second.header("x-auto-enroll"), None);
    assert!(second.reasons().contains(&"face_match_passed"), "{:?}", second.reasons());
    assert!(second.reasons().contains(&"voice_match_passed"), "{:?}", second.reasons());
    assert_eq!(second.service(FACE)["instances"][0]["search"]["searchName"], ADA);
    assert_eq!(second.service(VOICE)["status"], "identified");
}

/// The speaker is enrolled under one name and returns under another, which has another person's templates.
async fn another_persons_name_does_not_pass(world: &'static World) {
    let project = Project::new(world);
    project.both_consents(ADA).await;
    let enrolled = answer(project.video(ADA, "speaker_crop.mp4", SPEECH)).await;
    assert_eq!(enrolled.header("x-auto-enroll"), Some("true"), "{:#}", enrolled.body);

    let bob = "bob@example.org";
    project.both_consents(bob).await;
    let as_bob = answer(project.video(bob, "speaker_crop.mp4", SPEECH)).await;
    assert_ne!(as_bob.verdict(), "pass", "{:#}", as_bob.body);
    assert_eq!(as_bob.header("x-auto-enroll"), None, "a face that is another subject's makes no template");
}

async fn without_authorization_consent_the_recognition_services_are_removed(world: &'static World) {
    let project = Project::new(world);
    let seen = answer(project.video(ADA, "speaker_crop.mp4", SPEECH)).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    assert_eq!(seen.header("x-removed-services"), Some("true"));
    assert!(seen.service(FACE).is_null() && seen.service(VOICE).is_null(), "{}", seen.body);
    assert!(seen.service(LIVENESS).is_object());
    assert_eq!(seen.header("x-auto-enroll"), None);
}

async fn without_storage_consent_nothing_is_enrolled(world: &'static World) {
    let project = Project::new(world);
    project.consent("consent", ADA, true).await;
    for _ in 0..2 {
        let seen = answer(project.video(ADA, "speaker_crop.mp4", SPEECH)).await;
        assert_eq!(seen.header("x-auto-enroll"), None);
        assert!(seen.reasons().contains(&"face_match_not_enrolled"), "{:?}", seen.reasons());
    }
}

async fn two_faces_are_refused_with_the_reason(world: &'static World) {
    let project = Project::new(world);
    let seen = answer(project.video(ADA, "obama_speech.mp4", SPEECH)).await;
    assert_eq!(seen.status, 200);
    assert_ne!(seen.verdict(), "pass");
    let liveness = seen.service(LIVENESS);
    assert_eq!(liveness["error"], "more_than_one_face", "{liveness}");
    assert_ne!(liveness["code"], 200);
}

async fn a_still_picture_does_not_pass(world: &'static World) {
    let project = Project::new(world);
    let seen = answer(project.video(ADA, "still.mp4", SPEECH)).await;
    assert_eq!(seen.verdict(), "fail", "{:#}", seen.body);
    assert_eq!(seen.service(LIVENESS)["result"], false);
    assert!(seen.reasons().contains(&"liveness_failed"), "{:?}", seen.reasons());
}

async fn silence_does_not_pass(world: &'static World) {
    let project = Project::new(world);
    let seen = answer(project.video(ADA, "silent.mp4", SPEECH)).await;
    assert_ne!(seen.verdict(), "pass", "{:#}", seen.body);
    assert_eq!(seen.service(SPEAKER)["error"], "no_speech", "{}", seen.service(SPEAKER));
}
