//! A recording is accepted only once.

use serde_json::json;

use crate::{
    both_modes, media,
    multipart::Form,
    project::{ADA, Answer, FIRST_WORDS, Project, SECOND_WORDS, SPEECH, answer},
    world::World,
};

both_modes!(
    a_recording_of_another_session_fails_however_it_is_coded,
    of_two_concurrent_sessions_one_has_used_the_recording,
    a_recording_that_was_sent_for_a_comparison_counts_as_used,
    another_users_recording_enrolls_no_voice,
    a_project_says_what_a_replay_means,
);

const BOB: &str = "bob@example.org";

async fn video(project: &Project, session: &str, user: &str, file: &str, phrase: &str) -> Answer {
    answer(project.video(user, file, phrase).header("X-Session-ID", session)).await
}

fn is_replayed(seen: &Answer) -> bool {
    assert_eq!(seen.status, 200, "{}", seen.body);
    seen.reasons().contains(&"media_replayed")
}

async fn a_recording_of_another_session_fails_however_it_is_coded(world: &'static World) {
    let project = Project::that_fails_replays(world);
    project.both_consents(ADA).await;
    let session = project.start_session().await;
    let first = video(&project, &session, ADA, "speaker_crop.mp4", SPEECH).await;
    assert!(!is_replayed(&first) && first.verdict() == "pass", "{:#}", first.body);
    let retry = video(&project, &session, ADA, "speaker_crop.mov", SPEECH).await;
    assert!(
        !is_replayed(&retry) && retry.verdict() == "pass",
        "a retry in its own session: {:#}",
        retry.body
    );

    // The same file; another container; VP8 and Opus; three seconds in HEVC; a part from the middle; the audio with a
    // still picture; the video without audio.
    for (file, phrase, by) in [
        ("speaker_crop.mp4", SPEECH, "bytes"),
        ("speaker_crop.mov", SPEECH, "bytes"),
        ("speaker_crop.webm", SPEECH, "sound"),
        ("hevc_opus.mkv", "today after two years", "sound"),
        ("speaker_second.mp4", SECOND_WORDS, "sound"),
        ("still.mp4", SPEECH, "sound"),
        ("no_audio.mp4", SPEECH, "picture"),
    ] {
        let session = project.start_session().await;
        let again = video(&project, &session, ADA, file, phrase).await;
        assert!(is_replayed(&again), "{file}: {:#}", again.body);
        assert_eq!(again.verdict(), "fail", "{file}");
        let id = again.header("x-request-id").unwrap();
        let record = project.get(&format!("/api-transactions/transactions/{id}")).await.body;
        let evidence = &record["data"]["evidence"]["replay"];
        assert!(evidence["by"].as_array().unwrap().contains(&json!(by)), "{file}: {evidence}");
        assert_eq!(evidence["transaction_id"], first.header("x-request-id").unwrap(), "{file}");
    }
    let elsewhere = Project::that_fails_replays(world);
    let session = elsewhere.start_session().await;
    let unknown = video(&elsewhere, &session, ADA, "speaker_crop.mp4", SPEECH).await;
    assert!(!is_replayed(&unknown), "no project learns what another has seen");
}

async fn of_two_concurrent_sessions_one_has_used_the_recording(world: &'static World) {
    let project = Project::that_fails_replays(world);
    let (one, two) = (project.start_session().await, project.start_session().await);
    let send = |session| video(&project, session, ADA, "speaker_first.mp4", FIRST_WORDS);
    let (one, two) = tokio::join!(send(&one), send(&two));
    assert_ne!(is_replayed(&one), is_replayed(&two), "{:?} {:?}", one.reasons(), two.reasons());
}

async fn a_recording_that_was_sent_for_a_comparison_counts_as_used(world: &'static World) {
    let project = Project::that_fails_replays(world);
    project.both_consents(ADA).await;
    let compare = || {
        let form = Form::new().file("image", "id.jpg", "image/jpeg", media::file(media::SPEAKER)).file(
            "video",
            "v.mp4",
            "video/mp4",
            media::file("speaker_first.mp4"),
        );
        answer(form.send(project.post("/api-gateway/match-faces").header("X-User-Fullname", ADA)))
    };
    let first = compare().await;
    assert_eq!((first.verdict(), first.reasons()), ("pass", vec!["reference_match_passed"]));
    let again = compare().await;
    assert!(is_replayed(&again) && again.verdict() == "fail", "{:#}", again.body);
    let session = project.start_session().await;
    assert!(is_replayed(&video(&project, &session, ADA, "speaker_first.mp4", FIRST_WORDS).await));
}

async fn another_users_recording_enrolls_no_voice(world: &'static World) {
    let project = Project::that_fails_replays(world);
    let enroll = async |user: &str| {
        project.both_consents(user).await;
        let form = Form::new().file("voice", "v.wav", "audio/wav", media::file("obama_speech.wav"));
        let request = project.post("/api-gateway/enroll/voice").header("X-User-Fullname", user);
        answer(form.text("phrase", SPEECH).send(request)).await
    };
    let own = enroll(ADA).await;
    assert_eq!(own.body["data"]["state"], "enrolled", "{:#}", own.body);
    let own = enroll(ADA).await;
    assert_eq!(own.body["data"]["state"], "strengthened", "one's own again: {:#}", own.body);
    let taken = enroll(BOB).await;
    assert_eq!((&taken.body["data"]["state"], taken.reasons()), (&json!("refused"), vec!["media_replayed"]));
    let session = project.start_session().await;
    let seen = video(&project, &session, ADA, "speaker_crop.mp4", SPEECH).await;
    assert!(is_replayed(&seen), "what made a template is no video of a later session");
}

async fn a_project_says_what_a_replay_means(world: &'static World) {
    let project = Project::that_fails_replays(world);
    let replay = async |setting: &str| {
        let change = json!({"replays": setting});
        let path = "/api-projects/video-settings";
        let set = answer(project.request(reqwest::Method::PUT, path).json(&change)).await;
        assert_eq!(set.body["data"]["replays"], setting, "{}", set.body);
        let session = project.start_session().await;
        video(&project, &session, ADA, "speaker_first.mp4", FIRST_WORDS).await
    };
    assert!(!is_replayed(&replay("fail").await), "the first");
    assert_eq!(replay("fail").await.verdict(), "fail");
    let referred = replay("refer").await;
    assert!(is_replayed(&referred) && referred.verdict() != "pass");
    assert!(is_replayed(&replay("report").await));
    assert!(!is_replayed(&replay("off").await));
    let rules = json!({"name": "replays refer", "project_default": true, "rules": {"version": 1, "services": {
        "face_liveness": {"mode": "required"},
        "media_replay": {"mode": "required", "refer": 0.0},
    }}});
    let written = answer(project.post("/api-projects/scoring-rules").json(&rules)).await;
    assert_eq!(written.status, 200, "{}", written.body);
    let decided = replay("off").await;
    assert!(is_replayed(&decided) && decided.verdict() == "refer", "rules that name it: {:#}", decided.body);
}
