//! Galleries of several replicas: what each finds, what it reads for that, what memory they hold.

use face::Embedding;

use super::{
    Whose,
    tests::{candidate, face, galleries, ring, templates, whose},
    *,
};
use crate::{
    candidate::Candidate,
    template_update::{Permissions, Weighted},
};

async fn enroll(templates: &Templates, user: &str, person: u8) {
    templates.enroll(whose("p", user), &candidate(person)).await.unwrap();
}

/// Returns the nearest face of the project, if it is of the same person.
async fn found(templates: &Templates, person: u8) -> Option<String> {
    let nearest = templates.nearest("p", &face(person), None).await.unwrap()?;
    if nearest.comparison.score() < 0.999 {
        return None;
    }
    templates.name("p", &nearest.subject_id).await.unwrap()
}

#[tokio::test]
async fn another_replica_is_seen_at_the_next_call_for_the_price_of_what_changed() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let (here, there) = (templates(&db), templates(&db));
        for person in 0..40 {
            enroll(&there, &format!("user {person}"), person).await;
        }
        assert_eq!(found(&here, 7).await.unwrap(), "user 7");
        assert_eq!(here.galleries.rows_read(), 40);
        assert_eq!(found(&here, 8).await.unwrap(), "user 8");
        assert_eq!(here.galleries.rows_read(), 40, "unchanged is not read again");
        enroll(&there, "new", 50).await;
        assert_eq!(found(&here, 50).await.unwrap(), "new");
        assert_eq!(here.galleries.rows_read(), 41, "one enrollment is one row");
        let stronger = Weighted { vector: face(50), quality: 1.0, is_live: true };
        let may = Permissions { strengthen: true, replace: false };
        there.add(Whose { transaction: "tx 2", ..whose("p", "new") }, &stronger, may).await.unwrap();
        let nearest = here.nearest("p", &face(50), None).await.unwrap().unwrap();
        assert_eq!(nearest.transaction_id, "tx 2", "changed in place");
        assert_eq!((here.galleries.rows_read(), here.count("p", Modality::Face).await), (42, 41));
        there.erase("p", "user 7").await.unwrap();
        assert_eq!(found(&here, 7).await, None);
        assert_eq!((here.galleries.rows_read(), here.count("p", Modality::Face).await), (42, 40));
    })
    .await;
}

#[tokio::test]
async fn an_erased_subject_is_not_found_by_a_gallery_that_still_has_it() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let (here, there) = (templates(&db), templates(&db));
        enroll(&there, "a", 5).await;
        enroll(&there, "b", 9).await;
        let (held, own) = (here.gallery("p").await.unwrap(), there.gallery("p").await.unwrap());
        there.erase("p", "a").await.unwrap();
        assert_eq!(own.read().len(Modality::Face), 1, "where it was erased, it is gone from memory too");
        // As between a call's read of the revision and its search.
        let revision = here.store.revision("p").await.unwrap();
        held.pretend_current(revision);
        assert_eq!(held.read().len(Modality::Face), 2);
        assert_eq!(found(&here, 5).await, None);
        assert_eq!(found(&here, 9).await.unwrap(), "b");
    })
    .await;
}

#[tokio::test]
async fn changes_of_the_previous_release_cause_a_full_read() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        enroll(&templates, "a", 5).await;
        assert_eq!(found(&templates, 5).await.unwrap(), "a");
        enroll(&templates, "b", 9).await;
        // It increments the revision without a change log.
        let forget = "DELETE FROM template_changes WHERE seq > 1";
        db.execute(forget, &[]).await.unwrap();
        assert_eq!(found(&templates, 9).await.unwrap(), "b");
        assert_eq!(templates.galleries.rows_read(), 3, "both, after the one");
        // A database restored from a copy has a smaller revision.
        db.execute("UPDATE galleries SET revision = 1", &[]).await.unwrap();
        assert_eq!(found(&templates, 5).await.unwrap(), "a");
        assert_eq!(templates.galleries.rows_read(), 5);
    })
    .await;
}

#[tokio::test]
async fn callers_at_once_read_a_gallery_once() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let writer = templates(&db);
        for person in 0..20 {
            enroll(&writer, &format!("user {person}"), person).await;
        }
        let reader = templates(&db);
        let searches = (0..18).map(|person| {
            let reader = reader.clone();
            async move { found(&reader, person).await.unwrap() }
        });
        let names = futures::future::join_all(searches).await;
        assert!(names.iter().enumerate().all(|(person, name)| *name == format!("user {person}")));
        assert_eq!(reader.galleries.rows_read(), 20);
        // A dropped caller does not cancel the others' read.
        let fresh = templates(&db);
        let mut leaving = Box::pin(fresh.gallery("p"));
        let _ = futures::poll!(&mut leaving);
        drop(leaving);
        assert_eq!(found(&fresh, 3).await.unwrap(), "user 3");
        assert!(fresh.galleries.rows_read() <= 40);
    })
    .await;
}

#[tokio::test]
async fn galleries_beyond_the_bound_are_dropped_longest_unused_first() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let models = templates(&db).models().clone();
        let of_one = {
            let templates = templates(&db);
            enroll_in(&templates, "p").await;
            templates.gallery("p").await.unwrap().read().bytes() as u64
        };
        let two = Galleries::new(2 * of_one + of_one / 2);
        let templates = Templates::new(Store::new(db.clone()), ring("07"), models, two);
        for project in ["q", "r"] {
            enroll_in(&templates, project).await;
        }
        for (project, read) in [("p", 1), ("q", 2), ("p", 2), ("r", 3), ("p", 3), ("q", 4), ("r", 5)] {
            assert!(templates.nearest(project, &face(5), None).await.unwrap().unwrap().comparison.matched);
            assert_eq!(templates.galleries.rows_read(), read, "{project}");
        }
    })
    .await;
}

async fn enroll_in(templates: &Templates, project: &str) {
    templates.enroll(whose(project, "a"), &candidate(5)).await.unwrap();
}

#[tokio::test]
async fn one_to_one_needs_no_gallery() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        enroll(&templates, "a", 5).await;
        enroll(&templates, "b", 9).await;
        let compared = async |user, person| templates.compare("p", user, &face(person)).await.unwrap();
        assert!(compared("a", 5).await.unwrap().matched && !compared("a", 9).await.unwrap().matched);
        assert!(compared("nobody", 5).await.is_none());
        assert_eq!(templates.galleries.rows_read(), 0);
    })
    .await;
}

#[tokio::test]
async fn the_nearest_is_the_one_by_mean_and_anchor_together() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        for person in 0..30 {
            enroll(&templates, &format!("user {person}"), person).await;
        }
        let except = templates.subject("p", "user 4").await.unwrap().unwrap();
        let other = templates.nearest("p", &face(4), Some(&except)).await.unwrap().unwrap();
        assert!(other.subject_id != except && other.comparison.candidates == 29);
        let all = templates.nearest("p", &face(4), None).await.unwrap().unwrap();
        assert!(all.subject_id == except && all.comparison.candidates == 30);
        // No other subject is nearer by either alone.
        let mut scores = Vec::new();
        for person in (0..30).filter(|person| *person != 4) {
            let user = format!("user {person}");
            scores.push(templates.compare("p", &user, &face(4)).await.unwrap().unwrap().score());
        }
        assert!(scores.into_iter().all(|score| score <= other.comparison.score()));
        assert!(templates.nearest("q", &face(4), None).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_project_that_ends_leaves_no_list_of_changes() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = Templates { galleries: galleries(), ..templates(&db) };
        let both = Candidate { is_live: true, ..candidate(5) };
        templates.enroll(whose("p", "a"), &both).await.unwrap();
        assert_eq!(found(&templates, 5).await.unwrap(), "a");
        while templates.erase_project("p").await.unwrap().subjects > 0 {}
        let listed: Vec<(i64,)> = db.fetch_all("SELECT seq FROM template_changes", &[]).await.unwrap();
        assert!(listed.is_empty() && found(&templates, 5).await.is_none());
        let probe: Embedding = face(5);
        assert!(templates.nearest("p", &probe, None).await.unwrap().is_none());
    })
    .await;
}
