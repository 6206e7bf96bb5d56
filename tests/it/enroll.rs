//! Faces enrolled from pictures.

use image::ImageFormat;
use serde_json::Value;

use crate::{
    both_modes, media,
    multipart::Form,
    project::{ADA, Answer, Project, SPEECH, answer},
    world::World,
};

both_modes!(
    an_enrollment_needs_both_consents_and_says_which_is_missing,
    an_enrolled_face_is_recognised_in_a_video,
    each_fault_of_a_picture_has_its_code,
    formats_and_orientation_do_not_matter_and_what_is_no_picture_is_refused,
    a_document_may_be_small_and_off_centre,
    the_same_person_strengthens_and_another_is_refused_unless_asked_to_replace,
    blends_of_two_people_do_not_hand_a_template_over,
    a_second_name_for_one_face_is_flagged_without_telling_whose_it_is,
    a_session_knows_whom_it_enrolls,
);

pub const BOB: &str = "bob@example.org";

/// Returns an enroll/face request as the vendor's client sends it.
pub async fn enroll(project: &Project, user: &str, picture: Vec<u8>, fields: &[(&str, &str)]) -> Answer {
    let mut form = Form::new().file("face", "face.jpg", "image/jpeg", picture);
    for (name, value) in fields {
        form = form.text(name, value);
    }
    let request = project.post("/api-gateway/enroll/face").header("X-User-Fullname", user);
    answer(form.send(request)).await
}

fn result(answer: &Answer) -> &Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    &answer.body["data"]["enrollment_result"]
}

async fn consenting(world: &'static World, users: &[&str]) -> Project {
    let project = Project::new(world);
    for user in users {
        project.both_consents(user).await;
    }
    project
}

async fn an_enrollment_needs_both_consents_and_says_which_is_missing(world: &'static World) {
    let project = Project::new(world);
    let face = media::file(media::SPEAKER);
    let neither = enroll(&project, ADA, face.clone(), &[]).await;
    assert_eq!(neither.status, 403);
    assert!(
        neither.error().starts_with("authorization and storage consent are required"),
        "{}",
        neither.error()
    );
    project.consent("consent", ADA, true).await;
    let one = enroll(&project, ADA, face.clone(), &[]).await;
    assert_eq!(one.status, 403);
    assert!(one.error().starts_with("storage consent is required"), "{}", one.error());
    project.consent("strg-consent", ADA, true).await;
    assert_eq!(result(&enroll(&project, ADA, face, &[]).await)["code"], 200);
}

async fn an_enrolled_face_is_recognised_in_a_video(world: &'static World) {
    let project = consenting(world, &[ADA]).await;
    let enrolled = enroll(&project, ADA, media::file(media::SPEAKER), &[("is_document", "false")]).await;
    assert_eq!(result(&enrolled)["code"], 200, "{}", enrolled.body);
    assert_eq!(enrolled.body["message"], "face enrolled successfully");
    assert_eq!(enrolled.reasons(), ["face_enrolled"]);
    let quality = result(&enrolled)["quality"].as_array().unwrap();
    assert!(quality.len() > 5 && quality.iter().all(|q| q["status"] == "good"), "{quality:?}");
    let seen = answer(project.video(ADA, "speaker_crop.mp4", SPEECH)).await;
    assert!(seen.reasons().contains(&"face_match_passed"), "{:?}", seen.reasons());
}

async fn each_fault_of_a_picture_has_its_code(world: &'static World) {
    let project = consenting(world, &[ADA]).await;
    let faults = [
        ("no face", media::picture("apple.jpg"), 461, "no_face"),
        ("four faces", media::picture(media::GROUP), 462, "more_than_one_face"),
        ("far away", media::tiny(), 463, "face_too_small"),
        ("in the dark", media::dark(), 465, "face_too_dark"),
        ("in little light and soft", media::dim(), 465, "face_too_dark"),
        ("out of focus", media::blurred(), 468, "face_not_sharp"),
        ("a white mask", media::covered(true, [235, 235, 235]), 473, "face_covered"),
        ("a black scarf", media::covered(true, [20, 20, 22]), 473, "face_covered"),
        ("dark glasses", media::covered(false, [15, 15, 15]), 473, "face_covered"),
    ];
    for (name, picture, code, error) in faults {
        let refused = enroll(&project, ADA, media::jpg(&picture), &[]).await;
        let result = result(&refused);
        assert_eq!((&result["code"], &result["error"]), (&code.into(), &error.into()), "{name}: {result}");
        assert!(!result["description"].as_str().unwrap().is_empty());
        assert_eq!(refused.reasons(), [error]);
        assert_eq!(refused.body["message"], "face was not enrolled");
    }
    let seen = answer(project.video(ADA, "still.mp4", SPEECH)).await;
    assert!(seen.reasons().contains(&"face_match_not_enrolled"), "nothing of all that was kept");
}

async fn formats_and_orientation_do_not_matter_and_what_is_no_picture_is_refused(world: &'static World) {
    let project = consenting(world, &[ADA]).await;
    let png = media::as_file(&media::picture(media::SPEAKER), ImageFormat::Png);
    let webp = media::as_file(&media::picture(media::SPEAKER), ImageFormat::WebP);
    let upright = media::picture(media::SPEAKER);
    let files = [
        ("upside down, and nothing says so", media::jpg(&upright.rotate180())),
        ("png", png),
        ("webp", webp),
        ("sideways with a note", media::sideways(true)),
        ("sideways without a note", media::sideways(false)),
        ("on the other side", media::jpg(&upright.rotate90())),
    ];
    for (name, file) in files {
        let enrolled = enroll(&project, ADA, file, &[]).await;
        assert_eq!(result(&enrolled)["code"], 200, "{name}: {}", enrolled.body);
    }
    let seen = answer(project.video(ADA, "speaker_crop.mp4", SPEECH)).await;
    assert!(
        seen.reasons().contains(&"face_match_passed"),
        "the first stood on its head: {:?}",
        seen.reasons()
    );
    let half = media::file(media::SPEAKER)[..400].to_vec();
    for (name, file) in [("text", b"no picture".to_vec()), ("empty", Vec::new()), ("half", half)] {
        let refused = enroll(&project, ADA, file, &[]).await;
        assert_eq!(refused.status, 400, "{name}: {}", refused.body);
        assert!(!refused.error().contains('/'), "{}", refused.error());
    }
    let unclear = enroll(&project, ADA, media::file(media::SPEAKER), &[("is_document", "perhaps")]).await;
    assert_eq!(
        (unclear.status.as_u16(), unclear.error()),
        (400, "'is_document' form value must be true or false")
    );
}

async fn a_document_may_be_small_and_off_centre(world: &'static World) {
    let project = consenting(world, &[ADA]).await;
    let page = media::jpg(&media::page());
    let as_selfie = enroll(&project, ADA, page.clone(), &[]).await;
    assert_eq!(result(&as_selfie)["code"], 464, "{}", as_selfie.body);
    assert!(as_selfie.body["data"]["document_auth"].is_null());
    let as_document = enroll(&project, ADA, page, &[("is_document", "true")]).await;
    assert_eq!(result(&as_document)["code"], 200, "{}", as_document.body);
    assert!(as_document.body["data"]["document_auth"].is_object(), "{}", as_document.body);
}

async fn the_same_person_strengthens_and_another_is_refused_unless_asked_to_replace(world: &'static World) {
    let project = consenting(world, &[ADA]).await;
    let face = || media::file(media::SPEAKER);
    assert_eq!(result(&enroll(&project, ADA, face(), &[]).await)["state"], "enrolled");
    let again = enroll(&project, ADA, face(), &[]).await;
    assert_eq!((&result(&again)["state"], &result(&again)["pictures"]), (&"strengthened".into(), &2.into()));

    let other = enroll(&project, ADA, media::jpg(&media::child(0)), &[]).await;
    assert_eq!((&result(&other)["code"], &result(&other)["error"]), (&470.into(), &"another_person".into()));
    assert_eq!(result(&enroll(&project, ADA, face(), &[]).await)["state"], "strengthened");

    let kiosk = project.mint(serde_json::json!({"name": "kiosk"})).await;
    let by_kiosk = enroll(&kiosk, ADA, face(), &[]).await;
    assert_eq!(result(&by_kiosk)["state"], "unchanged", "a picture may not change it with any key");
    assert_eq!(by_kiosk.reasons(), ["face_unchanged"]);
    for _ in 0..4 {
        assert_eq!(result(&enroll(&kiosk, ADA, media::jpg(&media::child(0)), &[]).await)["code"], 470);
    }
    let locked = enroll(&kiosk, ADA, face(), &[]).await;
    assert_eq!((&result(&locked)["code"], locked.reasons()), (&472.into(), vec!["template_locked"]));

    let replaced = enroll(&project, ADA, media::jpg(&media::child(0)), &[("replace", "true")]).await;
    assert_eq!(result(&replaced)["state"], "replaced", "{}", replaced.body);
    assert_eq!(result(&enroll(&project, ADA, face(), &[]).await)["code"], 470);
}

async fn blends_of_two_people_do_not_hand_a_template_over(world: &'static World) {
    let speaker = || media::file(media::SPEAKER);
    let child = |number| media::jpg(&media::large_child(number));
    // Five pairs: the speaker and each child, and two of the children followed by the speaker.
    for (number, is_childs) in [(0, false), (1, false), (2, false), (0, true), (2, true)] {
        let (owner, other) = if is_childs { (child(number), speaker()) } else { (speaker(), child(number)) };
        // The key may strengthen, which is the worst case.
        let project = consenting(world, &[ADA]).await;
        let first = enroll(&project, ADA, owner.clone(), &[]).await;
        assert_eq!(result(&first)["state"], "enrolled", "child {number}: {}", first.body);
        let mut kept = 0;
        for share in [0.3, 0.4, 0.5, 0.3, 0.4, 0.5, 0.6, 0.7] {
            // The share of the child's face; seen from the owner, that of the other face.
            let share = if is_childs { 1.0 - share } else { share };
            let blend = enroll(&project, ADA, media::jpg(&media::blend(number, share)), &[]).await;
            kept += u32::from(result(&blend)["state"] == "strengthened");
        }
        let own = enroll(&project, ADA, other, &[]).await;
        let words = ["another_person", "template_locked"].map(Value::from);
        assert!(words.contains(&result(&own)["error"]), "child {number}, {kept} blends kept: {}", own.body);
        let owner = enroll(&project, ADA, owner, &[]).await;
        assert!([200, 472].map(Value::from).contains(&result(&owner)["code"]), "{}", owner.body);
    }
}

async fn a_second_name_for_one_face_is_flagged_without_telling_whose_it_is(world: &'static World) {
    let project = consenting(world, &[ADA, BOB]).await;
    let first = enroll(&project, ADA, media::file(media::SPEAKER), &[]).await;
    assert_eq!(first.reasons(), ["face_enrolled"]);
    let stranger = enroll(&project, BOB, media::jpg(&media::child(0)), &[("replace", "false")]).await;
    assert_eq!(stranger.reasons(), ["face_enrolled"], "a face of one's own");
    let second = enroll(&project, BOB, media::file(media::SPEAKER), &[("replace", "true")]).await;
    assert_eq!(second.reasons(), ["face_replaced", "duplicate_identity"]);
    let text = second.body.to_string();
    let first_id = first.header("x-request-id").unwrap();
    assert!(!text.contains(ADA) && !text.contains(first_id) && !text.contains("subject_id"), "{text}");

    let id = second.header("x-request-id").unwrap();
    let record = project.get(&format!("/api-transactions/transactions/{id}")).await;
    let record = record.body.to_string();
    assert!(record.contains("duplicate_identity") && record.contains(first_id), "{record}");
    assert!(!record.contains(ADA), "the other is named by ids alone");
}

async fn a_session_knows_whom_it_enrolls(world: &'static World) {
    let project = consenting(world, &[ADA]).await;
    let session = project.start_session().await;
    let form = || Form::new().file("face", "f", "text/plain", media::file(media::SPEAKER));
    let request = || project.post("/api-gateway/enroll/face");
    let nobody = answer(form().send(request().header("X-Session-ID", &session))).await;
    assert_eq!((nobody.status.as_u16(), nobody.error()), (400, "X-User-Fullname header is required"));
    let ada = answer(form().send(request().header("X-Session-ID", &session).header("X-User-Fullname", ADA)));
    assert_eq!(ada.await.status, 200);
    let bound = answer(form().text("session_id", &session).send(request())).await;
    assert_eq!(result(&bound)["state"], "strengthened", "the user is the session's");
    let bob = answer(form().send(request().header("X-Session-ID", &session).header("X-User-Fullname", BOB)));
    assert_eq!(bob.await.status, 403);
}
