use blob::KeyConfig;
use fingerprint::Template;

use super::*;
use crate::{store::Counts, templates::PrintOutcome};

const NOW: i64 = 1_700_000_000_000;

fn templates(db: &db::Db) -> Templates {
    let models = Models { face: "f 1".into(), sface: "s 1".into(), voice: "v 1".into() };
    let secret = Some("07".repeat(32).into());
    let ring = KeyRing::open(&KeyConfig { secret, ..KeyConfig::default() }).unwrap();
    Templates::new(Store::new(db.clone()), ring, models, Galleries::new(1 << 30))
}

/// Returns sixty minutiae of the given reliability, in the layout of templates.
fn finger(person: u32, reliability: f32) -> Template {
    let mut random = person.wrapping_mul(2_654_435_761) | 1;
    let mut next = |below: u32| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        random % below
    };
    let mut bytes = vec![1];
    bytes.extend(480_i32.to_le_bytes());
    bytes.extend(60_u16.to_le_bytes());
    for _ in 0..60 {
        bytes.extend(u16::try_from(40 + next(320)).unwrap().to_le_bytes());
        bytes.extend(u16::try_from(40 + next(400)).unwrap().to_le_bytes());
        bytes.push(u8::try_from(next(32)).unwrap());
        bytes.extend(reliability.to_le_bytes());
    }
    Template::from_bytes(&bytes).unwrap()
}

fn whose(user: &str, now_ms: i64) -> Whose<'_> {
    Whose { project: "p", user, transaction: "tx", now_ms }
}

#[tokio::test]
async fn a_better_print_of_the_same_finger_is_kept_and_another_finger_never() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        let enroll = async |person, reliability| {
            templates.enroll_print(whose("a", NOW), &finger(person, reliability)).await.unwrap()
        };
        assert_eq!(enroll(1, 0.5).await, PrintOutcome::Enrolled);
        assert_eq!(enroll(1, 0.4).await, PrintOutcome::Unchanged);
        assert_eq!(enroll(1, 0.9).await, PrintOutcome::Strengthened);
        assert_eq!(enroll(2, 1.0).await, PrintOutcome::OtherFinger);
        let compare = async |user, person| {
            let compared = templates.compare_print("p", user, &finger(person, 0.7)).await.unwrap();
            compared.map(|compared| compared.matched)
        };
        assert_eq!((compare("a", 1).await, compare("a", 2).await), (Some(true), Some(false)));
        assert_eq!(compare("b", 1).await, None);
        // Prints are not part of the galleries of faces and voices.
        assert!(templates.count("p", Modality::Face).await == 0);
    })
    .await;
}

#[tokio::test]
async fn too_many_other_fingers_lock_and_the_lock_ends() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        templates.enroll_print(whose("a", NOW), &finger(1, 0.5)).await.unwrap();
        for person in 2..7 {
            let other = templates.enroll_print(whose("a", NOW + 1), &finger(person, 0.5)).await.unwrap();
            assert_eq!(other, PrintOutcome::OtherFinger);
        }
        let own = async |now_ms| templates.enroll_print(whose("a", now_ms), &finger(1, 0.5)).await.unwrap();
        assert_eq!(own(NOW + 2).await, PrintOutcome::Locked);
        assert_eq!(own(NOW + 2 * 60 * 60 * 1000).await, PrintOutcome::Unchanged);
    })
    .await;
}

#[tokio::test]
async fn an_erased_print_is_counted_and_gone() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        templates.enroll_print(whose("a", NOW), &finger(1, 0.5)).await.unwrap();
        let all = Counts { fingerprint_templates: 1, subjects: 1, ..Counts::default() };
        assert_eq!(templates.remains("p", "a").await.unwrap(), all);
        assert_eq!(templates.erase("p", "a").await.unwrap(), all);
        assert_eq!(templates.remains("p", "a").await.unwrap(), Counts::default());
        assert!(templates.compare_print("p", "a", &finger(1, 0.5)).await.unwrap().is_none());
    })
    .await;
}
