//! Invalid requests get a clear 4xx, leave nothing behind and affect nobody else.

mod parameters;

use reqwest::RequestBuilder;

use crate::{
    accounts::Organisation,
    both_modes,
    dialects::attesting,
    multipart::Form,
    project::{ADA, Project, answer},
    world::{World, fixture},
};

both_modes!(
    files_that_are_no_video,
    missing_fields_and_headers,
    headers_out_of_bounds,
    a_video_a_byte_too_large,
    videos_too_long_or_too_wide,
    audio_without_picture_and_picture_without_sound,
    a_face_is_needed,
    unknown_paths_and_methods_answer_json,
    no_route_without_a_key,
    no_dashboard_route_without_a_session,
    no_malformed_body_makes_a_route_fail,
    no_path_leads_elsewhere,
    file_names_of_any_kind,
    fields_twice_too_long_or_too_many,
);

const LIMIT: usize = 50 * 1024 * 1024;

async fn refused(request: RequestBuilder, what: &str) -> String {
    let refused = answer(request).await;
    assert!(refused.status.is_client_error(), "{what}: {} {}", refused.status, refused.body);
    assert!(refused.header("x-request-id").is_some(), "{what}");
    refused.error().to_owned()
}

async fn files_that_are_no_video(world: &'static World) {
    let project = Project::new(world);
    let truncated = std::fs::read(fixture("truncated.mp4")).unwrap();
    let zip_of_zeros = [b"PK\x03\x04".as_slice(), &[0; 4096]].concat();
    // A box that claims four gigabytes: a parser that trusts it would allocate them.
    let bomb = [&[0xff, 0xff, 0xff, 0xff], b"moov".as_slice(), &[0xff; 64]].concat();
    let files = [
        ("a text", b"just text".to_vec()),
        ("a truncated video", truncated),
        ("a zip", zip_of_zeros),
        ("a bomb", bomb),
    ];
    for (what, bytes) in files {
        refused(project.video_bytes(ADA, bytes, "one two"), what).await;
    }
    assert_eq!(
        refused(project.video_bytes(ADA, Vec::new(), "one two"), "an empty file").await,
        "'video' file is empty"
    );
    let mut flipped = std::fs::read(fixture("speaker_crop.mp4")).unwrap();
    for at in (64..flipped.len()).step_by(997) {
        flipped[at] ^= 0x55;
    }
    let answered = answer(project.video_bytes(ADA, flipped, "one two")).await;
    assert!(answered.status.as_u16() < 500, "{}", answered.body);
}

async fn missing_fields_and_headers(world: &'static World) {
    let project = Project::new(world);
    let video = std::fs::read(fixture("small.mp4")).unwrap();
    let post = || project.post("/api-gateway/process-video").header("X-User-Fullname", ADA);
    let no_phrase = Form::new().file("video", "v.mp4", "video/mp4", video.clone()).send(post());
    assert_eq!(refused(no_phrase, "no phrase").await, "'phrase' form value is required");
    let no_video = Form::new().text("phrase", "one two").send(post());
    assert_eq!(refused(no_video, "no video").await, "'video' file is required");
    let no_user = Form::new().text("phrase", "one two").file("video", "v.mp4", "video/mp4", video);
    let no_user = no_user.send(project.post("/api-gateway/process-video"));
    assert_eq!(refused(no_user, "no user").await, "X-User-Fullname header is required");
    refused(post().json(&serde_json::json!({"phrase": "one two"})), "JSON instead of a form").await;
    refused(
        post().header("Content-Type", "multipart/form-data; boundary=x").body("--x\r\ngarbage"),
        "half a form",
    )
    .await;
}

async fn headers_out_of_bounds(world: &'static World) {
    let project = Project::new(world);
    let large = format!("{{\"x\":\"{}\"}}", "a".repeat(1024 * 1024));
    let request = project.post("/api-gateway/sessions/start").header("X-Device-Info", large);
    // The server may reject the request before the client has sent all of it; the client then sees a closed connection.
    if let Ok(answered) = request.send().await {
        assert!(answered.status().is_client_error(), "{}", answered.status());
    }
    refused(project.video(ADA, "small.mp4", "one").header("X-Device-Info", "not json"), "device info").await;
    refused(
        project.video(ADA, "small.mp4", "one").header("X-Geo-Location", r#"{"lat":200,"lng":0}"#),
        "latitude",
    )
    .await;
    let latin1 = reqwest::header::HeaderValue::from_bytes(b"J\xf6rg").unwrap();
    refused(project.video("x", "small.mp4", "one").header("X-Request-Tags", latin1), "not UTF-8").await;
}

async fn a_video_a_byte_too_large(world: &'static World) {
    let project = Project::new(world);
    let large = project.video_bytes(ADA, vec![0; LIMIT + 1], "one two");
    match large.send().await {
        Ok(answered) => {
            assert_eq!(answered.status(), 400);
            assert!(answered.text().await.unwrap().contains("file size exceeds 50MB"));
        }
        // Rejected while the client was still sending.
        Err(error) => assert!(error.is_request(), "{error}"),
    }
    assert_eq!(answer(project.post("/api-gateway/sessions/start")).await.status, 200);
}

/// Small files that expand into an hour of work.
async fn videos_too_long_or_too_wide(world: &'static World) {
    let project = Project::new(world);
    let long =
        refused(project.video_bytes(ADA, made("color=size=64x64:rate=5", "600"), "one two"), "ten minutes")
            .await;
    assert!(long.contains("60 seconds"), "{long}");
    let wide =
        refused(project.video_bytes(ADA, made("color=size=7680x4320:rate=5", "0.4"), "one two"), "8K").await;
    assert!(wide.contains("4096"), "{wide}");
}

/// Returns a video of one colour, made by ffmpeg.
fn made(source: &str, seconds: &str) -> Vec<u8> {
    let arguments = [
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        source,
        "-t",
        seconds,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
    ];
    let to_stdout = ["-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "-"];
    let output =
        std::process::Command::new("ffmpeg").args(arguments).args(to_stdout).output().expect("ffmpeg runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

async fn audio_without_picture_and_picture_without_sound(world: &'static World) {
    let project = Project::new(world);
    refused(project.video(ADA, "audio_only.m4a", "one two"), "no picture").await;
    let mute = answer(project.video(ADA, "no_audio.mp4", "one two")).await;
    assert_eq!(mute.status, 200, "{}", mute.body);
    assert_ne!(mute.verdict(), "pass");
    assert_eq!(mute.service("Active Speaker Detection")["error"], "no_sound", "{}", mute.body);
}

async fn a_face_is_needed(world: &'static World) {
    let project = Project::new(world);
    let faceless = answer(project.video(ADA, "small.mp4", "one two")).await;
    assert_eq!(faceless.status, 200, "{}", faceless.body);
    assert_ne!(faceless.verdict(), "pass");
    assert_eq!(faceless.service("Face Liveness Detection")["error"], "no_face", "{}", faceless.body);
}

async fn unknown_paths_and_methods_answer_json(world: &'static World) {
    let project = Project::new(world);
    assert_eq!(project.get("/api-gateway/nothing-here").await.status, 404);
    assert_eq!(project.get("/api-gateway/sessions/start").await.status, 405);
}

/// Returns every path of the API's description that can be authenticated with `way`, with an invalid id.
async fn described(project: &Project, way: &str) -> Vec<(reqwest::Method, String)> {
    let description = project.get("/openapi.json").await;
    let mut calls = Vec::new();
    // The other APIs answer in their own shapes, and have their own tests.
    let paths = description.body["paths"].as_object().unwrap().iter();
    for (path, item) in paths.filter(|(path, _)| path.starts_with("/api-")) {
        let path = path.replace(['{', '}'], "");
        for method in item.as_object().unwrap().keys() {
            let ways = item[method]["security"].as_array().unwrap();
            if ways.iter().any(|accepted| accepted.get(way).is_some()) {
                calls.push((method.to_uppercase().parse().unwrap(), path.clone()));
            }
        }
    }
    assert!(calls.len() > 10, "{calls:?}");
    calls
}

async fn no_dashboard_route_without_a_session(world: &'static World) {
    let project = Project::new(world);
    let client = reqwest::Client::new();
    for (method, path) in described(&project, "dashboard").await {
        let url = format!("{}{path}", world.url);
        let made_up = "__Host-biometry-session=0123456789012345678901234567890123456789012";
        for cookie in [None, Some(made_up)] {
            let request = client.request(method.clone(), &url).header("X-Project-ID", &project.id);
            let request = cookie.into_iter().fold(request, |request, value| request.header("Cookie", value));
            let refused = answer(request).await;
            assert_eq!(refused.status, 401, "{method} {path}: {}", refused.body);
        }
    }
}

async fn no_route_without_a_key(world: &'static World) {
    let project = Project::new(world);
    let client = reqwest::Client::new();
    for (method, path) in described(&project, "api_key").await {
        let url = format!("{}{path}", world.url);
        let none = answer(client.request(method.clone(), &url)).await;
        assert_eq!(
            (none.status.as_u16(), none.error()),
            (401, "missing authorization token"),
            "{method} {path}"
        );
        let forged = format!("{}x", project.key);
        let forged = answer(client.request(method.clone(), &url).bearer_auth(forged)).await;
        assert_eq!((forged.status.as_u16(), forged.error()), (401, "invalid api key"), "{method} {path}");
    }
}

/// Bodies that no route can use: each is rejected with an explanation, none with a server error.
async fn no_malformed_body_makes_a_route_fail(world: &'static World) {
    let project = Project::new(world);
    let nested = "[".repeat(10_000);
    let bodies: [(&str, &[u8]); 8] = [
        ("application/json", b"{"),
        ("application/json", b"null"),
        ("application/json", nested.as_bytes()),
        ("application/json", b"\xff\xfe{}"),
        ("application/json", br#"{"a":1,"a":2}"#),
        ("application/x-www-form-urlencoded", b"a=b&a=c"),
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n--x--\r\n",
        ),
    ];
    for (method, path) in described(&project, "api_key").await {
        if method == "GET" {
            continue;
        }
        for (content_type, body) in bodies {
            let request = project.request(method.clone(), &path).header("X-User-Fullname", ADA);
            let answered = answer(request.header("Content-Type", content_type).body(body.to_vec())).await;
            let what = format!(
                "{method} {path} {content_type} {}: {}",
                String::from_utf8_lossy(body),
                answered.body
            );
            assert!(answered.status.as_u16() < 500 || answered.status == 501, "{what}");
            if answered.status.is_client_error() {
                assert!(!answered.error().is_empty(), "{what}");
            }
        }
        let large = project.request(method.clone(), &path).header("Content-Type", "application/json");
        match large.body(vec![b' '; 60 * 1024 * 1024]).send().await {
            Ok(answered) => {
                assert!(answered.status().as_u16() < 500 || answered.status() == 501, "{method} {path}");
            }
            // Rejected while the client was still sending.
            Err(error) => assert!(error.is_request() || error.is_body(), "{method} {path}: {error}"),
        }
    }
    project.start_session().await;
}

/// Ids and names in paths that attempt path traversal or injection.
async fn no_path_leads_elsewhere(world: &'static World) {
    let project = Project::new(world);
    let strange =
        ["..%2f..%2fetc%2fpasswd", "%00", "%ff", "'%20or%201=1--", "%F0%9F%98%80", "%0d%0aX-Evil:%201", "-1"];
    for (method, path) in
        described(&project, "api_key").await.into_iter().filter(|(_, path)| path.contains("/id"))
    {
        for id in strange.into_iter().map(str::to_owned).chain(["x".repeat(4000)]) {
            let path = path.replace("/id", &format!("/{id}"));
            let answered = answer(project.request(method.clone(), &path)).await;
            assert!(
                answered.status.is_client_error(),
                "{method} {path}: {} {}",
                answered.status,
                answered.body
            );
            assert!(!answered.headers.contains_key("x-evil"));
        }
    }
}

/// A file's name is never used as a path.
async fn file_names_of_any_kind(world: &'static World) {
    let project = Project::new(world);
    let video = std::fs::read(fixture("small.mp4")).unwrap();
    let before = files_of(&world.data_dir);
    for name in [
        "../../../../tmp/evil.mp4",
        "/etc/passwd",
        "a\\\"b.mp4",
        "Zoë 王芳 😀.mp4",
        "CON",
        "",
        &"x".repeat(3000),
    ] {
        let form = Form::new().text("phrase", "one two").file("video", name, "video/mp4", video.clone());
        let request = form
            .send(project.post("/api-gateway/process-video").header("X-User-Fullname", "Zoë O'Hara 王芳"));
        let answered = answer(request).await;
        assert_eq!(answered.status, 200, "{name:?}: {}", answered.body);
    }
    assert!(!std::path::Path::new("/tmp/evil.mp4").exists());
    let names = files_of(&world.data_dir);
    assert!(
        names.difference(&before).all(|name| !name.contains("evil") && !name.contains("passwd")),
        "{names:?}"
    );
}

fn files_of(folder: &std::path::Path) -> std::collections::BTreeSet<String> {
    let mut names = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        names.insert(entry.path().display().to_string());
        if entry.path().is_dir() {
            names.extend(files_of(&entry.path()));
        }
    }
    names
}

async fn fields_twice_too_long_or_too_many(world: &'static World) {
    let project = Project::new(world);
    let video = std::fs::read(fixture("small.mp4")).unwrap();
    let form = || Form::new().text("phrase", "one two").file("video", "v.mp4", "video/mp4", video.clone());
    let post = || project.post("/api-gateway/process-video").header("X-User-Fullname", ADA);
    let twice = refused(form().text("phrase", "one").send(post()), "a field twice").await;
    assert_eq!(twice, "'phrase' is in the form more than once");
    let two_files = form().file("video", "w.mp4", "video/mp4", video.clone());
    assert_eq!(
        refused(two_files.send(post()), "a file twice").await,
        "'video' is in the form more than once"
    );
    let long =
        Form::new().text("phrase", &"one ".repeat(2000)).file("video", "v.mp4", "video/mp4", video.clone());
    assert_eq!(refused(long.send(post()), "a long phrase").await, "'phrase' form value is longer than 4 KiB");
    let many = (0..40).fold(form(), |form, n| form.text(&format!("field-{n}"), "x"));
    assert_eq!(refused(many.send(post()), "many fields").await, "the form has more than 32 fields");
    let long_user = project.video(&"x".repeat(257), "small.mp4", "one two");
    refused(long_user, "a long user").await;
    let body = serde_json::json!({"is_consent_given": true, "user_fullname": "a\u{0}b"});
    refused(project.post("/api-consent/consent").json(&body), "a control character").await;
    let twice = r#"{"is_consent_given":true,"user_fullname":"ada","user_fullname":"bob"}"#;
    refused(project.post("/api-consent/consent").body(twice), "a name twice").await;
}
