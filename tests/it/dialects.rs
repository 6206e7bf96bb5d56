//! The other APIs on the same stores: switched on, used with real media, erased with the user.

mod fingers;
mod programs;
mod tenants;

use std::process::Command;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use specimens::{Kind, Level, Plan, Studio};

use crate::{
    accounts::Organisation,
    both_modes, media,
    multipart::Form,
    project::{Answer, Project, answer},
    world::{World, root},
};
use fingers::Finger;
use programs::the_programs_for_verifik_run_in_four_languages;
use tenants::no_id_of_another_tenant_opens_anything_in_another_api;

both_modes!(
    neuroid_knows_a_finger_again_until_it_is_erased,
    neuroid_compares_faces_and_reads_cards,
    the_programs_of_the_documentation_run,
    the_programs_for_verifik_run_in_four_languages,
    an_identity_is_checked_and_its_files_open_by_their_links,
    version_2_judges_a_video_and_enrolls_nobody,
    verifik_registers_a_person_and_knows_their_face_again,
    no_id_of_another_tenant_opens_anything_in_another_api,
);

const NUMBER: &str = "923001234567";
const SPEECH: &str = crate::project::SPEECH;

/// Returns a project that attests its users' consents to this API.
pub async fn attesting(world: &'static World, dialect: &str) -> Project {
    let organisation = Organisation::new(world);
    let owner = organisation.owner().await;
    let path = format!("/api-projects/projects/{}", organisation.project);
    let on = json!({"dialects": {dialect: {"consent": "attested"}}});
    let changed = owner.send(Method::PATCH, &path, Some(on)).await;
    assert_eq!(
        (changed.status.as_u16(), &changed.body["dialects"][dialect]["consent"]),
        (200, &"attested".into())
    );
    Project::of(world, &organisation.project, &organisation.key)
}

async fn post(project: &Project, path: &str, form: Form) -> Answer {
    answer(form.send(project.post(path))).await
}

fn print(picture: Vec<u8>) -> Form {
    Form::new().text("mobile_number", NUMBER).file("file", "f.png", "image/png", picture)
}

fn jpeg(form: Form, name: &str, bytes: Vec<u8>) -> Form {
    form.file(name, "p.jpg", "image/jpeg", bytes)
}

fn passport() -> Vec<u8> {
    let plan = Plan { kind: Kind::Td3, level: Level::Scan, turns: 0, attack: None };
    Studio::open().expect("fonts and portraits").make(42, &plan).expect("a specimen").jpeg
}

async fn neuroid_knows_a_finger_again_until_it_is_erased(world: &'static World) {
    let project = attesting(world, "neuroid").await;
    let (ada, bob) = (Finger::of(1), Finger::of(2));
    let first = ada.print(10, [0.0, 0.0], 0.0);
    let unknown = post(&project, "/v2/verify-fp", print(first.clone())).await.body;
    assert_eq!(unknown["message"], "No fingerprint enrolled for this mobile number");
    let blank = post(
        &project,
        "/v2/enroll-fp",
        print(media::as_file(&image::DynamicImage::new_rgb8(400, 400), image::ImageFormat::Png)),
    )
    .await
    .body;
    assert_eq!(blank["message"], "Fingerprint quality too low: the picture shows no fingerprint ridges");
    assert_eq!(post(&project, "/v2/enroll-fp", print(first)).await.body["status"], "SUCCESS");
    let again = post(&project, "/v2/verify-fp", print(ada.print(11, [9.0, -6.0], 0.08))).await.body;
    assert_eq!(again["status"], "SUCCESS", "{again}");
    assert!(again["score"].as_f64().unwrap() <= 0.5);
    let other = post(&project, "/v2/verify-fp", print(bob.print(12, [0.0, 0.0], 0.0))).await.body;
    assert_eq!(
        (other["status"].as_str(), other["message"].as_str()),
        (Some("REJECTED"), Some("No match found (score too low)"))
    );
    assert!(other["score"].as_f64().unwrap() > 0.5);
    let taken = post(&project, "/v2/enroll-fp", print(bob.print(13, [0.0, 0.0], 0.0))).await.body;
    assert_eq!(taken["message"], "Mobile number is enrolled with another fingerprint");

    let erased =
        answer(project.request(Method::DELETE, &format!("/api-projects/subjects/tel:{NUMBER}"))).await;
    assert_eq!(erased.status, 200, "{}", erased.body);
    let destroyed = erased.body["data"]["destroyed"].as_array().unwrap();
    let print_gone = |gone: &Value| gone["kind"] == "fingerprint_template" && gone["count"] == 1;
    assert!(destroyed.iter().any(print_gone), "{destroyed:?}");
    let gone = post(&project, "/v2/verify-fp", print(ada.print(14, [0.0, 0.0], 0.0))).await.body;
    assert_eq!(gone["message"], "No fingerprint enrolled for this mobile number");
}

async fn neuroid_compares_faces_and_reads_cards(world: &'static World) {
    let project = attesting(world, "neuroid").await;
    let speaker = || media::file(media::SPEAKER);
    let pair = |card: Vec<u8>| jpeg(jpeg(Form::new(), "selfie", speaker()), "id_card", card);
    let same = post(&project, "/v2/match-faces", pair(media::jpg(&media::page()))).await.body;
    assert_eq!(
        (same["status"].as_str(), same["message"].as_str()),
        (Some("SUCCESS"), Some("Faces match")),
        "{same}"
    );
    let other = post(&project, "/v2/match-faces", pair(media::jpg(&media::large_child(0)))).await.body;
    assert_eq!(other["message"], "Faces do not match", "{other}");
    let apple = jpeg(jpeg(Form::new(), "selfie", media::file("apple.jpg")), "id_card", speaker());
    assert_eq!(post(&project, "/v2/match-faces", apple).await.body["message"], "No face detected in selfie");

    let card = post(&project, "/v1/verify", jpeg(Form::new(), "id_card", passport())).await.body;
    assert_eq!(
        (card["status"].as_str(), card["feature_detected"].as_str()),
        (Some("SUCCESS"), Some("mrz")),
        "{card}"
    );
    let none = post(&project, "/v1/verify", jpeg(Form::new(), "id_card", speaker())).await.body;
    assert_eq!(none["reason"], "Security feature not detected. Please ensure good lighting and no glare.");
    let text = post(&project, "/v1/verify", jpeg(Form::new(), "id_card", b"text".to_vec())).await;
    assert_eq!((text.status.as_u16(), &text.body), (400, &json!({"detail": "Invalid image"})));
}

/// Runs the programs of docs/dialects/neuroid.md unchanged: complete verifications of an enrolled finger.
async fn the_programs_of_the_documentation_run(world: &'static World) {
    let project = attesting(world, "neuroid").await;
    let folder = tempfile::tempdir().unwrap();
    let finger = Finger::of(1).print(10, [0.0, 0.0], 0.0);
    assert_eq!(post(&project, "/v2/enroll-fp", print(finger.clone())).await.body["status"], "SUCCESS");
    std::fs::write(folder.path().join("fingerprint.jpg"), finger).unwrap();
    std::fs::write(folder.path().join("selfie.jpg"), media::file(media::SPEAKER)).unwrap();
    std::fs::write(folder.path().join("id_card.jpg"), passport()).unwrap();
    let page = std::fs::read_to_string(root().join("docs/dialects/neuroid.md")).unwrap();
    let program = |language: &str| {
        let code = page.split(&format!("```{language}\n")).nth(1).unwrap();
        code.split("```").next().unwrap().to_owned()
    };
    std::fs::write(folder.path().join("sample.py"), program("python")).unwrap();
    std::fs::write(folder.path().join("sample.mjs"), program("js")).unwrap();
    let python = root().join("tests/contract/.venv/bin/python");
    assert!(python.is_file(), "{} is missing; run `make setup`", python.display());
    for (program, file) in [(python.as_path(), "sample.py"), (std::path::Path::new("node"), "sample.mjs")] {
        let mut command = Command::new(program);
        command.arg(file).current_dir(folder.path());
        command.env("BASE_URL", &world.url).env("NEUROID_TOKEN", &project.key);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("it runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{file}: {printed}{}", String::from_utf8_lossy(&output.stderr));
        // The finger matches; the speaker is not the passport's holder.
        assert!(
            printed.contains("face_match") && printed.contains("Faces do not match"),
            "{file}: {printed}"
        );
    }
}

async fn an_identity_is_checked_and_its_files_open_by_their_links(world: &'static World) {
    let project = attesting(world, "idv").await;
    let client = reqwest::Client::new();
    let submit = |photo: Vec<u8>| {
        let form = Form::new().text("user_identifier", "user123").text("user_email", "ada@example.org");
        let form = form.file("selfie_video", "v.mp4", "video/mp4", media::file("speaker_crop.mp4"));
        let form = jpeg(form, "id_photo", photo).text("api_key", &project.key);
        form.send(client.post(format!("{}/verif/submit", project.world.url)))
    };
    let checked = answer(submit(media::jpg(&media::page()))).await;
    assert_eq!(checked.status, 200, "{}", checked.body);
    let result = &checked.body["result"];
    assert_eq!(result["faceComparison"]["isIdentical"], true, "{result}");
    // A page without a machine readable zone cannot pass.
    assert_ne!(result["status"], "verified");
    for file in ["selfieVideo", "idPhoto"] {
        let url = result["files"][file]["url"].as_str().unwrap();
        let opened = client.get(format!("{}{url}", project.world.url)).send().await.unwrap();
        assert_eq!(opened.status(), 200, "{file}");
        assert!(!opened.bytes().await.unwrap().is_empty());
    }
    let other = answer(submit(media::jpg(&media::large_child(0)))).await;
    assert_eq!(
        (&other.body["result"]["status"], &other.body["result"]["faceComparison"]["isIdentical"]),
        (&"rejected".into(), &false.into())
    );
    let unreadable = answer(submit(b"text".to_vec())).await;
    assert_eq!((unreadable.status.as_u16(), unreadable.error()), (400, "Verification processing failed"));
}

async fn version_2_judges_a_video_and_enrolls_nobody(world: &'static World) {
    let project = attesting(world, "biometry_v2").await;
    let liveness = async || {
        let request = json!({"user_id": "u1", "phrase": SPEECH}).to_string();
        let form = Form::new().text("request", &request);
        post(
            &project,
            "/api-gateway/v2/liveness",
            form.file("video", "v.mp4", "video/mp4", media::file("speaker_crop.mp4")),
        )
        .await
    };
    for _ in 0..2 {
        let seen = liveness().await;
        assert_eq!(seen.status, 200, "{}", seen.body);
        assert_eq!(seen.body["data"]["face_recognition"]["code"], 200);
    }
    let verify = Form::new().text("request", r#"{"user_id":"u1"}"#);
    let verify = verify.file("video", "v.mp4", "video/mp4", media::file("speaker_crop.mp4"));
    let verified = post(&project, "/api-gateway/v2/face-verify", verify).await;
    assert_eq!((verified.status.as_u16(), &verified.body["error"]["code"]), (404, &"not_enrolled".into()));

    let enroll =
        jpeg(Form::new().text("request", r#"{"user_id":"u1"}"#), "face", media::file(media::SPEAKER));
    let enrolled = post(&project, "/api-gateway/v2/enrollments/face", enroll).await;
    assert_eq!(
        (enrolled.status.as_u16(), &enrolled.body["data"]["enrolled"]),
        (200, &true.into()),
        "{}",
        enrolled.body
    );
    let again = Form::new().text("request", r#"{"user_id":"u1"}"#);
    let again = again.file("video", "v.mp4", "video/mp4", media::file("speaker_crop.mp4"));
    let verified = post(&project, "/api-gateway/v2/face-verify", again).await;
    assert_eq!(verified.status, 200, "{}", verified.body);
}

/// Creates a registration and returns it with its token.
struct Registration {
    id: String,
    token: String,
}

fn face(picture: &[u8]) -> Value {
    json!({"os": "DESKTOP", "image": format!("data:image/jpeg;base64,{}", STANDARD.encode(picture))})
}

async fn verifik_registers_a_person_and_knows_their_face_again(world: &'static World) {
    let project = attesting(world, "verifik").await;
    let post = async |path: &str, body: &Value| answer(project.post(path).json(body)).await;
    let made = post("/v2/projects", &json!({"name": "p"})).await;
    let of = made.body["data"]["_id"].as_str().unwrap().to_owned();
    let flow = json!({"project": of, "name": "flow", "status": "active", "liveness": {"minScore": 0.52}});
    let flow = post("/v2/project-flows", &flow).await.body["data"]["_id"].as_str().unwrap().to_owned();
    let register = async |email: &str| {
        let body = json!({"project": of, "projectFlow": flow, "email": email, "fullName": "Ada Lovelace"});
        let made = post("/v2/app-registrations", &body).await;
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{}", made.body)).to_owned();
        let data = &made.body["data"];
        Registration { id: text(&data["appRegistration"]["_id"]), token: text(&data["token"]) }
    };
    let client = reqwest::Client::new();
    let judge = async |of: &Registration, body: &Value| {
        let url = format!("{}/v2/biometric-validations/app-registration", world.url);
        answer(client.post(url).bearer_auth(&of.token).json(body)).await
    };
    let speaker = media::file(media::SPEAKER);
    let ada = register("ada@example.org").await;
    let apple = judge(&ada, &face(&media::file("apple.jpg"))).await;
    assert_eq!(
        (apple.status.as_u16(), &apple.body["message"]),
        (409, &"face_not_found".into()),
        "{}",
        apple.body
    );
    let first = judge(&ada, &face(&speaker)).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let person = &first.body["data"]["person"];
    assert!(person.is_string(), "{}", first.body);

    let eve = register("eve@example.org").await;
    let known = judge(&eve, &face(&speaker)).await;
    assert_eq!(
        (known.status.as_u16(), &known.body["code"]),
        (409, &"person_already_set".into()),
        "{}",
        known.body
    );
    let mut forced = face(&speaker);
    forced["force"] = true.into();
    let linked = judge(&eve, &forced).await;
    assert_eq!((linked.status.as_u16(), &linked.body["data"]["person"]), (200, person), "{}", linked.body);

    let pair =
        |other: &[u8]| json!({"probe": [STANDARD.encode(&speaker)], "gallery": [STANDARD.encode(other)]});
    let same = post("/v2/face-recognition/compare", &pair(&media::jpg(&media::page()))).await;
    assert_eq!(same.body["data"]["result"]["passed"], true, "{}", same.body);
    let other = post("/v2/face-recognition/compare", &pair(&media::jpg(&media::large_child(0)))).await;
    assert_eq!(other.body["data"]["result"]["passed"], false, "{}", other.body);

    let path = format!("/api-projects/subjects/registration:{}", ada.id);
    let erased = answer(project.request(Method::DELETE, &path)).await;
    assert_eq!(erased.status, 200, "{}", erased.body);
    let destroyed = erased.body["data"]["destroyed"].as_array().unwrap();
    for kind in ["face_template", "registration", "person"] {
        assert!(destroyed.iter().any(|gone| gone["kind"] == kind), "{kind}: {destroyed:?}");
    }
    let again = register("ada@example.org").await;
    let anew = judge(&again, &face(&speaker)).await;
    assert_eq!(anew.status, 200, "the face is a stranger's: {}", anew.body);
}
