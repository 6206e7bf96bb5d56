use std::time::Instant;

use blob::{KeyConfig, KeyRing};
use db::Db;

use super::*;
use crate::{
    replay::Mark,
    store::Store,
    templates::{Galleries, Models},
};

fn templates(db: &Db, secret: &str, retired: &[&str]) -> Templates {
    let retired = retired.iter().map(|secret| secret.repeat(32).into()).collect();
    let secret = Some(secret.repeat(32).into());
    let ring = KeyRing::open(&KeyConfig { secret, retired, ..KeyConfig::default() }).unwrap();
    let models = Models { face: "face".into(), sface: "sface".into(), voice: "voice".into() };
    Templates::new(Store::new(db.clone()), ring, models, Galleries::new(1 << 30))
}

/// Returns a recording of 200 sound marks; each `take` has different ones.
fn recording(take: u64, bytes: &str) -> Marks {
    let mark = |place: u32| Mark {
        place,
        bits: (take << 20) + u64::from(place),
        is_stored: place.is_multiple_of(4),
    };
    Marks { sha256: bytes.into(), of: [(Kind::Sound, (0..800).map(mark).collect())].into() }
}

/// The same recording, cut at the front and recoded: every third mark remains, and places start anew.
fn coded_again(take: u64, bytes: &str) -> Marks {
    let Marks { of, .. } = recording(take, bytes);
    let cut = |marks: Vec<Mark>| {
        let rest = marks.into_iter().filter(|mark| mark.place >= 200 && mark.place % 3 == 0);
        rest.map(|mark| Mark { place: mark.place - 200, ..mark }).collect()
    };
    Marks { sha256: bytes.into(), of: of.into_iter().map(|(kind, marks)| (kind, cut(marks))).collect() }
}

fn origin<'a>(project: &'a str, session: &'a str, transaction: &'a str) -> Origin<'a> {
    Origin { project, others: &[], session, transaction, user: "ada", now_ms: 1000 }
}

async fn each(mut test: impl AsyncFnMut(Templates, Db)) {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        test(templates(&db, "07", &[]), db.clone()).await;
    })
    .await;
}

#[tokio::test]
async fn a_recording_is_recognised_in_another_session_and_in_none_of_another_project() {
    each(async |templates, _| {
        let register = async |origin: Origin<'_>, marks: Marks| {
            templates.register_recording(origin, &marks).await.unwrap()
        };
        assert_eq!(register(origin("p", "s1", "t1"), recording(1, "a")).await, None);
        assert_eq!(register(origin("p", "s1", "t2"), recording(1, "a")).await, None, "a retry");
        let same = register(origin("p", "s2", "t3"), recording(1, "a")).await.unwrap();
        assert_eq!(
            (same.by.as_slice(), same.transaction.as_deref()),
            (&[Trace::Bytes, Trace::Sound][..], Some("t1"))
        );
        assert!(same.is_same_user);
        let coded =
            register(Origin { user: "bob", ..origin("p", "", "t4") }, coded_again(1, "b")).await.unwrap();
        assert_eq!((coded.by.as_slice(), coded.is_same_user), (&[Trace::Sound][..], false));
        assert_eq!(register(origin("p", "s3", "t5"), recording(2, "c")).await, None, "another take");
        assert_eq!(register(origin("q", "s4", "t6"), recording(1, "a")).await, None, "another project");
    })
    .await;
}

#[tokio::test]
async fn other_projects_count_where_they_are_named_and_are_not_named_in_the_answer() {
    each(async |templates, _| {
        templates.register_recording(origin("p", "s1", "t1"), &recording(1, "a")).await.unwrap();
        let others = ["p".to_owned()];
        let asked = Origin { others: &others, ..origin("q", "s2", "t2") };
        let found = templates.register_recording(asked, &coded_again(1, "b")).await.unwrap().unwrap();
        assert_eq!((found.transaction, found.is_same_user), (None, false));
    })
    .await;
}

#[tokio::test]
async fn of_two_concurrent_calls_one_is_the_replay() {
    each(async |templates, db| {
        let replica = self::templates(&db, "07", &[]);
        for round in 0..10 {
            let calls = (0..4).map(|n| {
                let templates = if n % 2 == 0 { templates.clone() } else { replica.clone() };
                tokio::spawn(async move {
                    let (session, bytes) = (format!("s{round}-{n}"), format!("{round}"));
                    let origin = origin("p", &session, &session);
                    templates.register_recording(origin, &recording(round, &bytes)).await.unwrap()
                })
            });
            let found = futures::future::join_all(calls).await;
            let fresh = found.into_iter().filter(|found| found.as_ref().unwrap().is_none()).count();
            assert_eq!(fresh, 1, "round {round}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_rotated_master_key_still_recognises_and_erasure_and_age_remove() {
    each(async |templates, db| {
        templates.register_recording(origin("p", "s1", "t1"), &recording(1, "a")).await.unwrap();
        let bob = Origin { user: "bob", ..origin("p", "s2", "t2") };
        templates.register_recording(bob, &recording(2, "b")).await.unwrap();
        let rotated = self::templates(&db, "08", &["07"]);
        let found = rotated.register_recording(origin("p", "s3", "t3"), &coded_again(1, "c")).await.unwrap();
        assert!(found.is_some_and(|found| found.is_same_user));

        assert_eq!(rotated.remains("p", "ada").await.unwrap().recordings, 2);
        assert_eq!(rotated.erase("p", "ada").await.unwrap().recordings, 2);
        assert_eq!(rotated.erase("p", "ada").await.unwrap().recordings, 0);
        let marks: (i64,) = db
            .fetch_one("SELECT COUNT(*) FROM recording_marks m JOIN recordings r ON r.seq = m.seq", &[])
            .await
            .unwrap();
        let all: (i64,) = db.fetch_one("SELECT COUNT(*) FROM recording_marks", &[]).await.unwrap();
        assert_eq!((marks.0, all.0), (200, 200), "the marks went too; bob's are there");
        let again = Origin { user: "eve", ..origin("p", "s4", "t4") };
        assert_eq!(rotated.register_recording(again, &recording(1, "a")).await.unwrap(), None, "erased");

        let old = Origin { now_ms: 5, ..origin("p", "s5", "t5") };
        rotated.register_recording(old, &recording(9, "old")).await.unwrap();
        assert_eq!(rotated.forget_recordings("p", 6).await.unwrap(), 1);
        assert_eq!(rotated.forget_recordings("p", 6).await.unwrap(), 0);
        assert_eq!(rotated.erase_project("p").await.unwrap().recordings, 2);
    })
    .await;
}

#[tokio::test]
async fn a_user_is_erased_though_the_same_file_was_sent_for_another() {
    each(async |templates, _| {
        for user in ["ada", "bob"] {
            let of = Origin { user, ..origin("p", user, user) };
            templates.register_recording(of, &recording(1, "a")).await.unwrap();
        }
        templates.erase("p", "ada").await.unwrap();
        let found = templates.register_recording(origin("p", "s3", "t3"), &recording(1, "a")).await.unwrap();
        assert_eq!(found.unwrap().transaction.as_deref(), Some("bob"), "the other user's is still known");
    })
    .await;
}

#[tokio::test]
async fn a_tone_that_fills_a_recording_costs_no_more_than_speech() {
    each(async |templates, _| {
        let tone = |n: u32| {
            let marks = (0..8000).map(|place| Mark { place, bits: u64::from(place % 3), is_stored: true });
            let of = [(Kind::Sound, crate::replay::distinctive(marks.collect()))];
            Marks { sha256: vec![u8::try_from(n).unwrap()], of: of.into() }
        };
        let begun = Instant::now();
        for n in 0..5 {
            let session = n.to_string();
            let found =
                templates.register_recording(origin("p", &session, &session), &tone(n)).await.unwrap();
            assert_eq!(found, None, "a tone says nothing");
        }
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    })
    .await;
}
