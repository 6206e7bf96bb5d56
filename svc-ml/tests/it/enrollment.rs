//! Enrollments over gRPC, the stored data of a subject, and their erasure.

use bytes::Bytes;
use proto::{
    ml::{
        EnrollFaceResponse, EnrollHeader, EnrollRequest, EnrollVoiceResponse, EnrollmentState,
        MatchFacesHeader, MatchFacesRequest, OutcomeStatus, Service, enroll_request, match_faces_request,
    },
    subjects::{Remains, Subject},
};
use tonic::{Code, Status};

use crate::world::{EVERY, World, fixture, of, run_test};

fn header(project: &str, user: &str) -> EnrollHeader {
    EnrollHeader {
        project_id: project.into(),
        user_fullname: user.into(),
        transaction_id: format!("tx of {user}"),
        phrase: "anything".into(),
        ..EnrollHeader::default()
    }
}

fn parts(header: EnrollHeader, file: &[u8]) -> impl futures::Stream<Item = EnrollRequest> + Send + 'static {
    let part = |part| EnrollRequest { part: Some(part) };
    let chunks = file.chunks(64 * 1024).map(|c| part(enroll_request::Part::Chunk(Bytes::copy_from_slice(c))));
    let all: Vec<_> = std::iter::once(part(enroll_request::Part::Header(header))).chain(chunks).collect();
    futures::stream::iter(all)
}

async fn face(world: &World, header: EnrollHeader, file: &str) -> Result<EnrollFaceResponse, Status> {
    Ok(world.client.clone().enroll_face(parts(header, &fixture(file))).await?.into_inner())
}

async fn voice(world: &World, header: EnrollHeader, file: &str) -> Result<EnrollVoiceResponse, Status> {
    Ok(world.client.clone().enroll_voice(parts(header, &fixture(file))).await?.into_inner())
}

fn subject(project: &str, user: &str) -> Subject {
    Subject { project_id: project.into(), user_fullname: user.into() }
}

fn kinds(remains: Remains) -> Vec<(String, u64)> {
    remains.kept.into_iter().map(|k| (k.kind, k.count)).collect()
}

#[test]
fn a_subject_is_found_and_erased_whole() {
    run_test(|world| async {
        let done = face(world, header("erase", "Ada"), "obama.jpg").await.unwrap();
        assert_eq!(
            (done.state(), done.outcome.unwrap().status()),
            (EnrollmentState::Enrolled, OutcomeStatus::Judged)
        );
        let seen = world.analyze("erase", "Ada", &EVERY, "speaker_crop.mp4").await;
        let face = of(&seen, Service::FaceRecognition);
        assert!(face.accepted, "{face:?}");
        assert!(world.enroll("erase", "Ada", &seen.candidate).await.unwrap().voice);

        let mut client = world.client.clone();
        let found = client.find_subject(subject("erase", "Ada")).await.unwrap().into_inner();
        // The live face of the video was added to the picture's.
        let all = [
            ("face_template", 1),
            ("voice_template", 1),
            ("face_enrolment", 2),
            ("voice_enrolment", 1),
            ("subject_key", 1),
        ];
        assert_eq!(kinds(found.clone()), all.map(|(kind, count)| (kind.to_owned(), count)));
        let other = client.erase_subject(subject("elsewhere", "Ada")).await.unwrap().into_inner();
        assert!(other.kept.is_empty());
        let gone = client.erase_subject(subject("erase", "Ada")).await.unwrap().into_inner();
        assert_eq!(gone, found);
        assert!(client.find_subject(subject("erase", "Ada")).await.unwrap().into_inner().kept.is_empty());
        let seen = world.analyze("erase", "Ada", &EVERY, "speaker_crop.mp4").await;
        let evidence = |service| of(&seen, service).evidence;
        assert_eq!(evidence(Service::FaceRecognition), None);
        assert_eq!(evidence(Service::VoiceRecognition), None);
    });
}

#[test]
fn another_name_for_one_face_is_a_duplicate_and_can_be_refused() {
    run_test(|world| async {
        face(world, header("twice", "Ada"), "obama.jpg").await.unwrap();
        let refusing = EnrollHeader { refuse_duplicates: true, ..header("twice", "Grace") };
        let refused = face(world, refusing, "obama.jpg").await.unwrap();
        assert_eq!(
            (refused.state(), refused.outcome.unwrap().error.as_str()),
            (EnrollmentState::Refused, "duplicate_identity")
        );
        let flagged = face(world, header("twice", "Grace"), "obama.jpg").await.unwrap();
        assert_eq!(flagged.state(), EnrollmentState::Enrolled);
        let duplicate = flagged.duplicate.unwrap();
        assert!(duplicate.transaction_id == "tx of Ada" && duplicate.probability > 0.9, "{duplicate:?}");
        let again = face(world, header("twice", "Ada"), "obama.jpg").await.unwrap();
        assert_eq!(again.state(), EnrollmentState::Unchanged, "a picture by a caller who may not strengthen");
        let strengthening = EnrollHeader { may_strengthen: true, ..header("twice", "Ada") };
        let own = face(world, strengthening, "obama.jpg").await.unwrap();
        assert_eq!(own.state(), EnrollmentState::Strengthened);
        assert_eq!(own.duplicate.unwrap().transaction_id, "tx of Grace", "oneself is no duplicate");
    });
}

#[test]
fn insufficient_quality_is_a_result_and_an_unreadable_file_an_error() {
    run_test(|world| async {
        let faceless = face(world, header("bad", "Ada"), "apple.jpg").await.unwrap();
        assert_eq!(
            (faceless.state(), faceless.outcome.unwrap().error.as_str()),
            (EnrollmentState::Refused, "no_face")
        );
        let silent = voice(world, header("bad", "Ada"), "silent.mp4").await.unwrap();
        assert_eq!(silent.outcome.unwrap().error, "no_speech");
        for refused in [
            face(world, header("bad", "Ada"), "silence.wav").await.unwrap_err(),
            face(world, header("", "Ada"), "obama.jpg").await.unwrap_err(),
            voice(world, header("bad", "Ada"), "obama.jpg").await.unwrap_err(),
        ] {
            assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        }
        let mut client = world.client.clone();
        let kept = client.find_subject(subject("bad", "Ada")).await.unwrap().into_inner().kept;
        assert!(kept.is_empty(), "{kept:?}");
        assert_eq!(world.leftovers(), 0);
    });
}

#[test]
fn a_comparison_needs_its_picture_before_its_video() {
    run_test(|world| async {
        use match_faces_request::Part;
        let part = |part| MatchFacesRequest { part: Some(part) };
        let header = || {
            part(Part::Header(MatchFacesHeader { project_id: "m".into(), detect_only: false, origin: None }))
        };
        let (image, video) = (fixture("obama.jpg"), fixture("speaker_crop.mp4"));
        let image = || part(Part::Image(image.clone().into()));
        let video = || part(Part::Video(video.clone().into()));
        let ask = async |parts: Vec<MatchFacesRequest>| {
            world
                .client
                .clone()
                .match_faces(futures::stream::iter(parts))
                .await
                .map(tonic::Response::into_inner)
        };
        let matched = ask(vec![header(), image(), video()]).await.unwrap();
        assert!(matched.matched && matched.probability > 0.5, "{matched:?}");
        assert_eq!(matched.percentages.len(), 5);
        for bad in [
            vec![image()],
            vec![header(), video(), image()],
            vec![header(), image()],
            vec![header(), video()],
        ] {
            assert_eq!(ask(bad).await.unwrap_err().code(), Code::InvalidArgument);
        }
        assert_eq!(world.leftovers(), 0);
    });
}

#[test]
fn a_template_is_on_disk_before_it_is_answered() {
    crate::world::run_test_with(
        |_| {},
        |world| async move {
            let watch = testkit::SyncWatch::start();
            face(&world, header("durable", "Ada"), "obama.jpg").await.unwrap();
            let synced = watch.inside(world.folder());
            assert!(synced.iter().any(|path| path.ends_with("ml.db-wal")), "{synced:?}");
        },
    );
}
