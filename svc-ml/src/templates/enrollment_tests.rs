use voice::{Bandwidth, Voiceprint};

use super::{
    enrollment::{Enrolled, Whose},
    tests::{NOW, STRENGTHEN, candidate, face, is_of, sample, templates, voiceprint, whose},
    *,
};
use crate::{
    candidate::Candidate,
    template_update::{EnrollmentOutcome, Permissions},
};

#[tokio::test]
async fn recordings_add_up_and_another_person_is_refused() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        let add = async |voice: Voiceprint, replace| {
            let may = Permissions { replace, strengthen: true };
            templates.add(whose("p", "a"), &sample(voice), may).await.unwrap().outcome
        };
        assert_eq!(add(voiceprint(2.0), false).await, EnrollmentOutcome::Partial);
        assert_eq!(templates.count("p", Modality::Voice).await, 0, "no template yet");
        assert_eq!(add(voiceprint(2.0), false).await, EnrollmentOutcome::Enrolled);
        assert_eq!(add(voiceprint(2.0), false).await, EnrollmentOutcome::Strengthened);
        let mut other = vec![-1.0; voice::EMBEDDING_LEN];
        other[..96].fill(1.0);
        let other = Voiceprint::new(other, Bandwidth::Wide, 4.0).unwrap();
        assert_eq!(add(other.clone(), false).await, EnrollmentOutcome::AnotherPerson);
        assert_eq!(templates.remains("p", "a").await.unwrap().voice_enrollments, 3);
        assert_eq!(add(other, true).await, EnrollmentOutcome::Replaced);
        assert_eq!(templates.remains("p", "a").await.unwrap().voice_enrollments, 1);
    })
    .await;
}

#[tokio::test]
async fn enrollments_at_once_all_count() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        let add = |_| {
            let templates = templates.clone();
            async move {
                let new = sample(face(5));
                templates.add(whose("p", "a"), &new, STRENGTHEN).await.unwrap().outcome
            }
        };
        let done = futures::future::join_all((0..4).map(add)).await;
        assert_eq!(done.iter().filter(|s| **s == EnrollmentOutcome::Enrolled).count(), 1);
        assert_eq!(done.iter().filter(|s| **s == EnrollmentOutcome::Strengthened).count(), 3);
        assert_eq!(templates.remains("p", "a").await.unwrap().face_enrollments, 4);
    })
    .await;
}

#[tokio::test]
async fn a_live_video_anchors_a_template_that_a_picture_made() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        let first = templates.add(whose("p", "a"), &sample(face(5)), Permissions::default()).await.unwrap();
        assert_eq!(first.outcome, EnrollmentOutcome::Enrolled);
        let again = templates.add(whose("p", "a"), &sample(face(5)), Permissions::default()).await.unwrap();
        assert_eq!(again.outcome, EnrollmentOutcome::Unchanged, "a picture, by a key that may not");
        let live = Candidate { is_live: true, ..candidate(5) };
        assert_eq!(
            templates.enroll(whose("p", "a"), &live).await.unwrap(),
            Enrolled::default(),
            "no new template"
        );
        assert_eq!(templates.remains("p", "a").await.unwrap().face_enrollments, 2);
        let still = candidate(5);
        templates.enroll(whose("p", "a"), &still).await.unwrap();
        assert_eq!(templates.remains("p", "a").await.unwrap().face_enrollments, 2, "not judged live");
    })
    .await;
}

#[tokio::test]
async fn repeated_refusals_lock_a_template_for_a_time() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        let add = async |person: u8, after_ms: i64, may: Permissions| {
            let whose = Whose { now_ms: NOW + after_ms, ..whose("p", "a") };
            templates.add(whose, &sample(face(person)), may).await.unwrap().outcome
        };
        assert_eq!(add(5, 0, STRENGTHEN).await, EnrollmentOutcome::Enrolled);
        for attempt in 0..5 {
            assert_eq!(add(9, attempt, STRENGTHEN).await, EnrollmentOutcome::AnotherPerson);
        }
        assert_eq!(add(9, 10, STRENGTHEN).await, EnrollmentOutcome::Locked);
        assert_eq!(add(5, 10, STRENGTHEN).await, EnrollmentOutcome::Locked, "the owner too");
        assert!(is_of(&templates, "p", "a", 5).await, "who is still recognised");
        let hour_ms = 60 * 60 * 1000;
        assert_eq!(add(5, hour_ms + 10, STRENGTHEN).await, EnrollmentOutcome::Strengthened);
        assert_eq!(add(9, hour_ms + 20, STRENGTHEN).await, EnrollmentOutcome::AnotherPerson, "counted anew");
        for attempt in 0..4 {
            add(9, hour_ms + 20 + attempt, STRENGTHEN).await;
        }
        assert_eq!(add(5, hour_ms + 25, STRENGTHEN).await, EnrollmentOutcome::Locked);
        assert_eq!(
            add(9, hour_ms + 30, Permissions { replace: true, strengthen: true }).await,
            EnrollmentOutcome::Replaced
        );
        assert_eq!(add(5, hour_ms + 40, STRENGTHEN).await, EnrollmentOutcome::AnotherPerson, "unlocked");
    })
    .await;
}
