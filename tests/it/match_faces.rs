//! A reference picture against a video.

use reqwest::RequestBuilder;

use crate::{
    both_modes, media,
    multipart::Form,
    project::{ADA, Answer, Project, SPEECH, answer},
    world::World,
};

both_modes!(
    the_person_of_the_picture_is_the_one_in_the_video,
    the_sessions_last_video_is_used_again,
    a_session_without_a_video_and_contradictions_are_refused,
    another_person_does_not_match,
    each_side_says_what_is_wrong_with_it,
    without_authorization_consent_nobody_is_compared,
);

fn request(project: &Project) -> RequestBuilder {
    project.post("/api-gateway/match-faces").header("X-User-Fullname", ADA)
}

fn image(picture: Vec<u8>) -> Form {
    Form::new().file("image", "id.jpg", "image/jpeg", picture)
}

fn with_video(picture: Vec<u8>, video: &str) -> Form {
    // The video comes first: clients choose the order of fields.
    Form::new().file("video", "v", "video/webm", media::file(video)).file(
        "image",
        "id.jpg",
        "image/jpeg",
        picture,
    )
}

async fn consenting(world: &'static World) -> Project {
    let project = Project::new(world);
    project.both_consents(ADA).await;
    project
}

fn codes(answer: &Answer) -> [i64; 3] {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let data = &answer.body["data"];
    [&data["code"], &data["anchor"]["code"], &data["target"]["code"]].map(|code| code.as_i64().unwrap())
}

async fn the_person_of_the_picture_is_the_one_in_the_video(world: &'static World) {
    let project = consenting(world).await;
    let form = with_video(media::file(media::SPEAKER), "speaker_crop.mp4");
    let matched = answer(form.send(request(&project))).await;
    assert_eq!(codes(&matched), [200, 200, 200], "{:#}", matched.body);
    let data = &matched.body["data"];
    assert_eq!((&data["result"], matched.verdict()), (&1.into(), "pass"), "{:#}", matched.body);
    assert_eq!(matched.reasons(), ["reference_match_passed"]);
    let percentages = data["percentages"].as_array().unwrap();
    assert!(
        percentages.len() == 5 && percentages.iter().all(|p| (0.0..=100.0).contains(&p.as_f64().unwrap()))
    );
    assert!(data["score"].as_f64().unwrap() > 0.5 && matched.body["score"].as_f64().unwrap() >= 75.0);
    assert_eq!(matched.header("x-removed-services"), None);

    let id = matched.header("x-request-id").unwrap();
    let record = project.get(&format!("/api-transactions/transactions/{id}")).await.body.to_string();
    assert!(record.contains("match_faces") && record.contains("reference_match_passed"), "{record}");
}

async fn the_sessions_last_video_is_used_again(world: &'static World) {
    let project = consenting(world).await;
    let session = project.start_session().await;
    let seen = project.video(ADA, "speaker_crop.mp4", SPEECH).header("X-Session-ID", &session);
    assert_eq!(answer(seen).await.status, 200);
    // Like the example in the documentation: without X-User-Fullname the session determines the user.
    let again = || {
        let request = project.post("/api-gateway/match-faces").header("X-Session-ID", &session);
        image(media::file(media::SPEAKER)).send(request.header("X-Use-Prefilled-Video", "true"))
    };
    let matched = answer(again()).await;
    assert_eq!((codes(&matched), matched.verdict()), ([200; 3], "pass"), "{:#}", matched.body);

    // A video sent for a comparison does not become the session's video.
    let form = with_video(media::file(media::SPEAKER), "small.mp4");
    let other = answer(form.send(request(&project).header("X-Session-ID", &session))).await;
    assert_eq!(codes(&other)[2], 461);
    assert_eq!(answer(again()).await.verdict(), "pass");

    assert_eq!(answer(project.post(&format!("/api-gateway/sessions/end/{session}"))).await.status, 200);
    let ended = answer(again()).await;
    assert_eq!((ended.status.as_u16(), ended.error()), (409, "session has ended"));
}

async fn a_session_without_a_video_and_contradictions_are_refused(world: &'static World) {
    let project = consenting(world).await;
    let session = project.start_session().await;
    let face = || media::file(media::SPEAKER);
    let prefilled = || request(&project).header("X-Use-Prefilled-Video", "true");
    let cases = [
        (image(face()).send(prefilled().header("X-Session-ID", &session)), "no video found for this session"),
        (image(face()).send(prefilled()), "X-Use-Prefilled-Video needs the X-Session-ID header"),
        (
            with_video(face(), "small.mp4").send(prefilled().header("X-Session-ID", &session)),
            "send either a 'video' file or X-Use-Prefilled-Video: true, not both",
        ),
        (image(face()).send(request(&project)), "'video' file is required, or X-Use-Prefilled-Video: true"),
        (
            Form::new().file("video", "v", "video/mp4", media::file("small.mp4")).send(request(&project)),
            "'image' file is required",
        ),
    ];
    for (request, sentence) in cases {
        let refused = answer(request).await;
        assert_eq!((refused.status.as_u16(), refused.error()), (400, sentence));
    }
    for broken in
        [with_video(b"no picture".to_vec(), "speaker_crop.mp4"), with_video(face(), "truncated.mp4")]
    {
        assert_eq!(answer(broken.send(request(&project))).await.status, 400);
    }
    let unknown = prefilled().header("X-Session-ID", "sess_00000000-0000-4000-8000-000000000000");
    assert_eq!(answer(image(face()).send(unknown)).await.status, 404);
}

async fn another_person_does_not_match(world: &'static World) {
    let project = consenting(world).await;
    for number in 0..3 {
        let form = with_video(media::jpg(&media::child(number)), "speaker_crop.mp4");
        let other = answer(form.send(request(&project))).await;
        assert_eq!(codes(&other), [200; 3], "child {number}: {}", other.body);
        assert_eq!((&other.body["data"]["result"], other.verdict()), (&0.into(), "fail"), "child {number}");
        assert_eq!(other.reasons(), ["reference_match_failed"]);
    }
}

async fn each_side_says_what_is_wrong_with_it(world: &'static World) {
    let project = consenting(world).await;
    let face = || media::file(media::SPEAKER);
    let cases = [
        (media::file("apple.jpg"), "speaker_crop.mp4", [461, 461, 200]),
        (media::file(media::GROUP), "speaker_crop.mp4", [462, 462, 200]),
        (face(), "small.mp4", [461, 200, 461]),
        (face(), "obama_speech.mp4", [462, 200, 462]),
    ];
    for (picture, video, expected) in cases {
        let unjudged = answer(with_video(picture, video).send(request(&project))).await;
        assert_eq!(codes(&unjudged), expected, "{}", unjudged.body);
        assert_eq!((&unjudged.body["data"]["result"], unjudged.verdict()), (&0.into(), "fail"));
        assert_eq!(unjudged.reasons(), ["reference_match_not_judged"]);
    }
}

async fn without_authorization_consent_nobody_is_compared(world: &'static World) {
    let project = Project::new(world);
    let form = with_video(media::file(media::SPEAKER), "speaker_crop.mp4");
    let unasked = answer(form.send(request(&project))).await;
    assert_eq!(unasked.header("x-removed-services"), Some("true"));
    assert_eq!(codes(&unasked), [403, 200, 200], "{}", unasked.body);
    assert_eq!((&unasked.body["data"]["result"], unasked.verdict()), (&0.into(), "refer"));
    assert_eq!(unasked.body["data"]["percentages"], serde_json::json!([]));
}
