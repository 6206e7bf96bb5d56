//! Voices enrolled from recordings.

use serde_json::Value;

use crate::{
    both_modes, media,
    media::{READER, speech},
    multipart::Form,
    project::{ADA, Answer, Project, SPEECH, answer},
    world::World,
};

both_modes!(
    a_recording_of_any_kind_enrolls_a_voice,
    an_enrolled_voice_is_recognised_in_a_video,
    short_recordings_add_up_to_a_template,
    each_fault_of_a_recording_is_in_its_quality_list,
    another_voice_is_refused_unless_asked_to_replace,
    the_unique_id_replaces_a_missing_header,
);

async fn enroll(
    project: &Project,
    user: &str,
    file: Vec<u8>,
    phrase: &str,
    fields: &[(&str, &str)],
) -> Answer {
    // The Flutter client's field order and wrong content type.
    let mut form = Form::new().file("voice", "voice", "application/octet-stream", file);
    for (name, value) in fields {
        form = form.text(name, value);
    }
    let request = project.post("/api-gateway/enroll/voice").header("X-User-Fullname", user);
    answer(form.text("phrase", phrase).send(request)).await
}

fn data(answer: &Answer) -> &Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    &answer.body["data"]
}

async fn consenting(world: &'static World) -> Project {
    let project = Project::new(world);
    project.both_consents(ADA).await;
    project
}

async fn a_recording_of_any_kind_enrolls_a_voice(world: &'static World) {
    let project = consenting(world).await;
    for file in ["obama_speech.wav", "audio_only.m4a", "speaker_crop.mp4", "speaker_crop.webm"] {
        let user = format!("{file}@example.org");
        project.both_consents(&user).await;
        let enrolled = enroll(&project, &user, media::file(file), SPEECH, &[]).await;
        let data = data(&enrolled);
        assert_eq!(data["status"], "enrolled", "{file}: {data}");
        assert_eq!(enrolled.body["message"], "voice registered successfully");
        assert_eq!(data["qa_combined"]["status"], "good");
        let results = data["qa_list"][0]["results"].as_array().unwrap();
        let properties: Vec<_> = results.iter().map(|r| r["property"].as_str().unwrap()).collect();
        assert_eq!(
            properties,
            ["speech_seconds", "signal_to_noise_db", "clipped_share", "level_dbfs", "phrase"]
        );
        assert!(
            results
                .iter()
                .all(|r| r["status"] == "good" && r["value"].is_number() && r["threshold"].is_number())
        );
    }
}

async fn an_enrolled_voice_is_recognised_in_a_video(world: &'static World) {
    let project = consenting(world).await;
    enroll(&project, ADA, media::file("obama_speech.wav"), SPEECH, &[]).await;
    let seen = answer(project.video(ADA, "speaker_crop.mp4", SPEECH)).await;
    assert!(seen.reasons().contains(&"voice_match_passed"), "{:?}", seen.reasons());
}

async fn short_recordings_add_up_to_a_template(world: &'static World) {
    let project = consenting(world).await;
    let [long, short @ ..] = READER;
    let mut last = None;
    for (file, words) in short {
        let enrolled = enroll(&project, ADA, media::file(file), words, &[]).await;
        assert_eq!(data(&enrolled)["error"], Value::Null, "{file}: {}", enrolled.body);
        if last.is_none() {
            assert_eq!(data(&enrolled)["status"], "good", "{}", enrolled.body);
            assert_eq!(data(&enrolled)["qa_combined"]["status"], "fail", "not enough yet");
            let seen = answer(project.video(ADA, "still.mp4", SPEECH)).await;
            assert_eq!(seen.service("Voice Recognition")["status"], "not_enrolled");
        }
        last = Some(enrolled);
    }
    let last = last.unwrap();
    assert_eq!(data(&last)["status"], "enrolled", "{}", last.body);
    assert_eq!(data(&last)["qa_combined"]["status"], "good");
    // A longer recording of the same reader matches, and the speaker of the videos does not.
    let again = enroll(&project, ADA, media::file(long.0), long.1, &[]).await;
    assert_eq!(data(&again)["state"], "strengthened", "{}", again.body);
    let other = enroll(&project, ADA, speech().wav(), SPEECH, &[]).await;
    assert_eq!(other.reasons(), ["another_person"]);
}

async fn each_fault_of_a_recording_is_in_its_quality_list(world: &'static World) {
    let project = consenting(world).await;
    let wrong = "one two three four five six seven eight nine";
    let faults = [
        ("silence", media::file("silent.mp4"), SPEECH, "speech_seconds", "no_speech"),
        ("no sound", media::file("no_audio.mp4"), SPEECH, "speech_seconds", "no_speech"),
        ("noise", speech().noisy(1400.0).wav(), SPEECH, "signal_to_noise_db", "sound_noisy"),
        ("clipped", speech().louder(40.0).wav(), SPEECH, "clipped_share", "sound_clipped"),
        ("quiet", speech().louder(0.2).wav(), SPEECH, "level_dbfs", "sound_too_quiet"),
        ("wrong phrase", speech().wav(), wrong, "phrase", "phrase_not_said"),
    ];
    for (name, file, phrase, property, error) in faults {
        let refused = enroll(&project, ADA, file, phrase, &[]).await;
        let data = data(&refused);
        assert_eq!((&data["status"], &data["error"]), (&"qafailed".into(), &error.into()), "{name}: {data}");
        assert_eq!((&data["qa_list"][0]["status"], &data["qa_combined"]), (&"fail".into(), &Value::Null));
        let results = data["qa_list"][0]["results"].as_array().unwrap();
        let failed = results.iter().find(|r| r["property"] == property).unwrap();
        assert_eq!(failed["status"], "fail", "{name}: {data}");
    }
    let text = enroll(&project, ADA, b"no sound at all".to_vec(), SPEECH, &[]).await;
    assert_eq!(text.status, 400, "{}", text.body);
    let without = Form::new().file("voice", "v", "audio/wav", speech().wav());
    let without = without.send(project.post("/api-gateway/enroll/voice").header("X-User-Fullname", ADA));
    assert_eq!(answer(without).await.error(), "'phrase' form value is required");
}

async fn another_voice_is_refused_unless_asked_to_replace(world: &'static World) {
    let project = consenting(world).await;
    assert_eq!(data(&enroll(&project, ADA, speech().wav(), SPEECH, &[]).await)["state"], "enrolled");
    let (file, words) = READER[0];
    let refused = enroll(&project, ADA, media::file(file), words, &[]).await;
    assert_eq!(
        (&data(&refused)["status"], &data(&refused)["code"]),
        (&"error".into(), &470.into()),
        "{}",
        refused.body
    );
    assert_eq!(refused.reasons(), ["another_person"]);
    let again = enroll(&project, ADA, speech().wav(), SPEECH, &[]).await;
    assert_eq!(data(&again)["state"], "strengthened");
    let replaced = enroll(&project, ADA, media::file(file), words, &[("replace", "true")]).await;
    assert_eq!(data(&replaced)["state"], "replaced", "{}", replaced.body);
}

async fn the_unique_id_replaces_a_missing_header(world: &'static World) {
    let project = consenting(world).await;
    let form = || Form::new().text("phrase", SPEECH).file("voice", "v", "audio/wav", speech().wav());
    let request = || project.post("/api-gateway/enroll/voice");
    let enrolled = answer(form().text("unique_id", ADA).send(request())).await;
    assert_eq!(data(&enrolled)["state"], "enrolled", "{}", enrolled.body);
    // The vendor's client may send another id besides the header; the header determines the user.
    let both =
        answer(form().text("unique_id", "ada-id").send(request().header("X-User-Fullname", ADA))).await;
    assert_eq!(data(&both)["state"], "strengthened");
    let nobody = answer(form().send(request())).await;
    assert_eq!((nobody.status.as_u16(), nobody.error()), (400, "X-User-Fullname header is required"));
}
