//! Sessions: start, end, the user lock.

use reqwest::Method;
use serde_json::json;

use crate::{
    both_modes,
    project::{ADA, Project, SPEECH, answer},
    world::World,
};

both_modes!(
    a_session_starts_and_ends,
    an_ended_session_accepts_nothing,
    a_session_belongs_to_one_user,
    sessions_stay_in_their_project,
    a_challenge_is_answered_by_one_video_and_its_phrase_is_the_one_that_counts,
);

async fn a_session_starts_and_ends(world: &'static World) {
    let project = Project::new(world);
    let started = answer(project.post("/api-gateway/sessions/start?warmup=true")).await;
    assert_eq!(started.status, 200);
    assert_eq!(started.body["message"], "session started");
    assert!(started.header("x-request-id").is_some());
    let id = started.body["data"].as_str().unwrap();
    assert!(id.starts_with("sess_"));

    let ended = answer(project.post(&format!("/api-gateway/sessions/end/{id}")).json(&json!({}))).await;
    assert_eq!((ended.status.as_u16(), &ended.body["message"]), (200, &json!("session ended successfully")));
}

async fn an_ended_session_accepts_nothing(world: &'static World) {
    let project = Project::new(world);
    let session = project.start_session().await;
    let end = format!("/api-gateway/sessions/end/{session}");
    assert_eq!(answer(project.post(&end)).await.status, 200);

    let again = answer(project.post(&end)).await;
    assert!(again.status.is_client_error(), "{}", again.status);
    let video = answer(project.video(ADA, "small.mp4", "one two").header("X-Session-ID", &session)).await;
    assert_eq!(video.error(), "session has ended");
    assert!(video.status.is_client_error());
}

async fn a_session_belongs_to_one_user(world: &'static World) {
    let project = Project::new(world);
    let session = project.start_session().await;
    let first = answer(project.video(ADA, "small.mp4", "one two").header("X-Session-ID", &session)).await;
    assert_eq!(first.status, 200, "{}", first.body);

    let other = project.video("bob@example.org", "small.mp4", "one two").header("X-Session-ID", &session);
    let other = answer(other).await;
    assert_eq!(other.status, 403);
    assert_eq!(other.error(), "session is bound to another user");
}

async fn sessions_stay_in_their_project(world: &'static World) {
    let (mine, theirs) = (Project::new(world), Project::new(world));
    let session = theirs.start_session().await;
    let path = format!("/api-gateway/sessions/end/{session}");
    let stolen = answer(mine.request(Method::POST, &path)).await;
    let unknown =
        answer(mine.post("/api-gateway/sessions/end/sess_00000000-0000-7000-8000-000000000000")).await;
    assert_eq!(stolen.status, 404);
    assert_eq!((stolen.status, stolen.error()), (unknown.status, unknown.error()));
}

/// The fixture's speaker says other words than the server chose, whatever phrase the call sends.
async fn a_challenge_is_answered_by_one_video_and_its_phrase_is_the_one_that_counts(world: &'static World) {
    let project = Project::new(world);
    let settings = json!({"challenge": "required", "challenge_phrase": "words"});
    let set = project.request(Method::PUT, "/api-projects/video-settings").json(&settings);
    let set = answer(set).await;
    assert_eq!((set.status.as_u16(), &set.body["data"]["challenge"]), (200, &json!("required")));
    let widened = json!({"replay_scope": "organisation"});
    let widened = project.request(Method::PUT, "/api-projects/video-settings").json(&widened);
    assert_eq!(answer(widened).await.status, 403, "a key is no owner");

    let without = answer(project.video(ADA, "speaker_crop.mp4", SPEECH)).await;
    assert_eq!(without.status, 409, "{}", without.body);

    let started = answer(project.post("/api-gateway/sessions/start?challenge=true")).await;
    let session = started.body["data"].as_str().unwrap().to_owned();
    let phrase = started.body["challenge"]["phrase"].as_str().unwrap().to_owned();
    assert_eq!(phrase.split(' ').count(), 4);
    let send = |phrase: &str| {
        answer(project.video(ADA, "speaker_crop.mp4", phrase).header("X-Session-ID", &session))
    };
    let other = send(SPEECH).await;
    assert_eq!(
        (other.status.as_u16(), other.error()),
        (400, "phrase is not the one of this session's challenge")
    );
    let (one, two) = tokio::join!(send(&phrase), send(&phrase));
    let (judged, refused) = if one.status == 200 { (one, two) } else { (two, one) };
    assert_eq!((judged.status.as_u16(), refused.status.as_u16()), (200, 409), "{}", refused.body);
    assert_eq!(judged.verdict(), "fail", "{:#}", judged.body);
    assert!(judged.reasons().contains(&"spoken_phrase_failed"), "{:?}", judged.reasons());

    let id = judged.header("x-request-id").unwrap();
    let record = project.get(&format!("/api-transactions/transactions/{id}")).await.body;
    assert_eq!(record["data"]["evidence"]["challenge"], "challenge_answered");
    // It is stored encrypted, and shown in the check it was requested for.
    let asked = &record["data"]["services"]["Visual Speech Recognition"]["expected_phrase"];
    assert_eq!(asked, phrase.as_str(), "{record:#}");
    assert_eq!(record.to_string().matches(&phrase).count(), 1);
}
