use super::{
    enrollment::{Enrolled, Whose},
    *,
};
use crate::{
    candidate::Candidate,
    face_template::FaceTemplate,
    store::Counts,
    template_update::{EnrollmentOutcome, Permissions, Weighted},
    voice_template::voice_to_bytes,
};
use blob::KeyConfig;
use db::Db;
use face::Embedding;
use voice::{Bandwidth, Voiceprint};
use zeroize::Zeroizing;

pub(super) const NOW: i64 = 1_700_000_000_000;

pub(super) fn ring(byte: &str) -> KeyRing {
    let secret = Some(byte.repeat(32).into());
    KeyRing::open(&KeyConfig { secret, ..KeyConfig::default() }).unwrap()
}

pub(super) fn templates(db: &Db) -> Templates {
    let models = Models { face: "f 1".into(), sface: "s 1".into(), voice: "v 1".into() };
    Templates::new(Store::new(db.clone()), ring("07"), models, galleries())
}

pub(super) fn galleries() -> Galleries {
    Galleries::new(1 << 30)
}

/// Returns the face of a person; each number is another one.
pub(super) fn face(person: u8) -> Embedding {
    let values: Vec<f32> = (0..128).map(|i| ((f32::from(person) + 1.3) * (i as f32 + 0.7)).sin()).collect();
    Embedding::unit(&values)
}

fn bytes(face: &Embedding) -> Zeroizing<Vec<u8>> {
    face.to_bytes().into()
}

pub(super) fn candidate(person: u8) -> Candidate {
    Candidate { face: Some(bytes(&face(person))), ..Candidate::default() }
}

pub(super) fn voiceprint(seconds: f32) -> Voiceprint {
    Voiceprint::new(vec![1.0; voice::EMBEDDING_LEN], Bandwidth::Wide, seconds).unwrap()
}

pub(super) const STRENGTHEN: Permissions = Permissions { strengthen: true, replace: false };

pub(super) fn sample<V>(vector: V) -> Weighted<V> {
    Weighted { vector, quality: 1.0, is_live: false }
}

pub(super) fn whose<'a>(project: &'a str, user: &'a str) -> Whose<'a> {
    Whose { project, user, transaction: "tx", now_ms: NOW }
}

/// Whether the template of the subject is a face.
pub(super) async fn is_of(templates: &Templates, project: &str, user: &str, person: u8) -> bool {
    templates.compare(project, user, &face(person)).await.unwrap().unwrap().score() > 0.999
}

async fn dump(db: &Db) -> Vec<u8> {
    let subjects: Vec<(String, Vec<u8>, Vec<u8>)> =
        db.fetch_all("SELECT name_hash, name_sealed, wrapped_key FROM subjects", &[]).await.unwrap();
    let sealed: Vec<(Vec<u8>,)> = db.fetch_all("SELECT sealed FROM templates", &[]).await.unwrap();
    let subjects = subjects.into_iter().flat_map(|(hash, name, key)| [hash.into_bytes(), name, key].concat());
    subjects.chain(sealed.into_iter().flat_map(|(s,)| s)).collect()
}

#[tokio::test]
async fn templates_are_found_by_their_project_and_lie_encrypted() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        let done = templates.enroll(whose("p", "Ada Lovelace"), &candidate(5)).await.unwrap();
        assert_eq!(done, Enrolled { face: true, voice: false });
        let subject = templates.subject("p", "Ada Lovelace").await.unwrap().unwrap();
        assert_eq!(templates.name("p", &subject).await.unwrap().unwrap(), "Ada Lovelace");
        assert!(is_of(&templates, "p", "Ada Lovelace", 5).await);
        assert!(templates.subject("q", "Ada Lovelace").await.unwrap().is_none());
        assert!(templates.name("q", &subject).await.unwrap().is_none());
        assert_eq!(templates.count("q", Modality::Face).await, 0);
        let kept = dump(&db).await;
        assert!(kept.len() > 512);
        let rows = templates.store.gallery_page("p", "", 1).await.unwrap();
        let template = templates.open("p", &rows[0]).unwrap().unwrap();
        for plain in [b"Lovelace".as_slice(), &template[3..19]] {
            assert!(!kept.windows(plain.len()).any(|w| w == plain));
        }
    })
    .await;
}

#[tokio::test]
async fn a_template_is_never_replaced_and_a_missing_one_is_added() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        templates.enroll(whose("p", "a"), &candidate(5)).await.unwrap();
        let both = Candidate { voice: Some(voice_to_bytes(&voiceprint(1.5))), ..candidate(9) };
        let done = templates.enroll(whose("p", "a"), &both).await.unwrap();
        assert_eq!(done, Enrolled { face: false, voice: true });
        assert!(is_of(&templates, "p", "a", 5).await);
        assert_eq!(templates.count("p", Modality::Voice).await, 1);
    })
    .await;
}

#[tokio::test]
async fn enrollments_are_listed_by_kind_and_model() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        assert!(templates.enrolled("p", "a").await.unwrap().is_empty());
        templates.enroll(whose("p", "a"), &candidate(5)).await.unwrap();
        let known = templates.enrolled("p", "a").await.unwrap();
        let face = Known {
            modality: Modality::Face,
            model: "f 1".into(),
            is_current: true,
            is_usable: true,
            changed_at: NOW,
            samples: 1,
        };
        assert_eq!(known, [face]);
        assert!(templates.enrolled("q", "a").await.unwrap().is_empty(), "another project's");
    })
    .await;
}

#[tokio::test]
async fn callers_that_enroll_one_user_at_once_make_one_subject() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        let enroll = |value| {
            let templates = templates.clone();
            async move { templates.enroll(whose("p", "a"), &candidate(value)).await.unwrap().face }
        };
        let made = futures::future::join_all((0..8u8).map(enroll)).await;
        assert_eq!(made.into_iter().filter(|m| *m).count(), 1);
        assert_eq!(templates.count("p", Modality::Face).await, 1);
    })
    .await;
}

#[tokio::test]
async fn without_the_subjects_key_or_the_master_key_templates_are_unreadable() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        templates.enroll(whose("p", "a"), &candidate(5)).await.unwrap();
        let stranger =
            Templates::new(Store::new(db.clone()), ring("08"), templates.models().clone(), galleries());
        let searched = stranger.nearest("p", &face(5), None).await;
        assert!(matches!(searched, Err(Error::Sealed(blob::Error::UnknownKey))));
        let erase = "UPDATE subjects SET wrapped_key = $1";
        db.execute(erase, db::params![&[0; 8]]).await.unwrap();
        let afterwards =
            Templates::new(Store::new(db.clone()), ring("07"), templates.models().clone(), galleries());
        assert!(matches!(afterwards.nearest("p", &face(5), None).await, Err(Error::Sealed(_))));
    })
    .await;
}

#[tokio::test]
async fn templates_of_another_model_are_not_compared() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let old = templates(&db);
        old.enroll(whose("p", "a"), &candidate(5)).await.unwrap();
        let models = Models { face: "f 2".into(), ..old.models().clone() };
        let new = Templates::new(Store::new(db.clone()), ring("07"), models, galleries());
        assert_eq!(new.count("p", Modality::Face).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_template_of_an_outdated_model_does_not_stand_in_the_way_of_a_new_one() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let old = templates(&db);
        old.enroll(whose("p", "a"), &candidate(5)).await.unwrap();
        old.enroll(whose("p", "b"), &candidate(6)).await.unwrap();
        let models = Models { face: "f 2".into(), ..old.models().clone() };
        let new = Templates::new(Store::new(db.clone()), ring("07"), models, galleries());
        // Of a passed video, and of an enrollment; the vectors of two models are not comparable.
        assert!(new.enroll(whose("p", "a"), &candidate(9)).await.unwrap().face);
        let other = sample(face(8));
        assert_eq!(
            new.add(whose("p", "b"), &other, STRENGTHEN).await.unwrap().outcome,
            EnrollmentOutcome::Enrolled
        );
        assert!(is_of(&new, "p", "a", 9).await && is_of(&new, "p", "b", 8).await);
        assert_eq!(new.remains("p", "a").await.unwrap().face_enrollments, 1, "the old one is gone");
    })
    .await;
}

#[tokio::test]
async fn erasure_leaves_nothing_of_one_subject_and_everything_of_the_others() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let templates = templates(&db);
        for user in ["a", "b"] {
            let both = Candidate { voice: Some(voice_to_bytes(&voiceprint(1.5))), ..candidate(5) };
            templates.enroll(whose("p", user), &both).await.unwrap();
        }
        let all = Counts {
            face_templates: 1,
            voice_templates: 1,
            face_enrollments: 1,
            voice_enrollments: 1,
            fingerprint_templates: 0,
            subjects: 1,
            recordings: 0,
        };
        assert_eq!(templates.remains("p", "a").await.unwrap(), all);
        assert_eq!(templates.erase("q", "a").await.unwrap(), Counts::default(), "of another project");
        assert_eq!(templates.erase("p", "a").await.unwrap(), all);
        assert_eq!(templates.erase("p", "a").await.unwrap(), Counts::default());
        assert_eq!(templates.remains("p", "a").await.unwrap(), Counts::default());
        assert_eq!(templates.remains("p", "b").await.unwrap(), all);
        let (faces, voices) =
            (templates.count("p", Modality::Face).await, templates.count("p", Modality::Voice).await);
        assert_eq!((faces, voices), (1, 1));
    })
    .await;
}

/// Deleting the row is not enough: the log and unused parts of pages hold copies, and with the master key a wrapped
/// key opens every vector.
#[tokio::test]
async fn no_file_holds_the_key_or_a_vector_of_an_erased_subject() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        let Db::Lite(lite) = &db else { return };
        let file = lite.file().unwrap().to_owned();
        let templates = templates(&db);
        for number in 0..40 {
            let user = format!("user {number}");
            for round in 0..3 {
                let quality = 1.0 - f64::from(round) / 10.0;
                let picture = Weighted { quality, ..sample(face(number)) };
                templates.add(whose("p", &user), &picture, STRENGTHEN).await.unwrap();
            }
        }
        let subject = templates.subject("p", "user 7").await.unwrap().unwrap();
        let secrets = templates.store.secrets("p", &subject).await.unwrap();
        assert!(secrets.len() >= 5, "hash, name, key, template and enrollments");
        let is_in_files = |secret: &[u8]| {
            let log = format!("{}-wal", file.display());
            let files = [std::fs::read(&file).unwrap(), std::fs::read(log).unwrap_or_default()];
            files.iter().any(|bytes| bytes.windows(32).any(|part| part == &secret[secret.len() - 32..]))
        };
        assert!(secrets.iter().all(|secret| is_in_files(secret)));
        templates.erase("p", "user 7").await.unwrap();
        for (number, secret) in secrets.iter().enumerate() {
            assert!(!is_in_files(secret), "secret {number} is left");
        }
        assert!(is_of(&templates, "p", "user 8", 8).await, "nobody else is touched");
    })
    .await;
}

#[tokio::test]
async fn a_template_of_an_older_version_is_compared_and_renewed() {
    testkit::each_db(&crate::MIGRATIONS, async |db| {
        // As older versions wrote it: SFace's vector alone, under SFace's name.
        let models = Models { face: "s 1".into(), ..templates(&db).models().clone() };
        let old = Templates::new(Store::new(db.clone()), ring("07"), models, galleries());
        let key = {
            old.enroll(whose("p", "a"), &candidate(5)).await.unwrap();
            let subject = old.find("p", "a").await.unwrap().unwrap();
            let key = old.key("p", &subject.id, &subject.wrapped_key).unwrap();
            key.seal(&template_context(&subject.id, Modality::Face, "s 1"), &bytes(&face(5))).unwrap()
        };
        db.execute("UPDATE templates SET sealed = $1", db::params![&key]).await.unwrap();
        let new = templates(&db);
        let known = new.enrolled("p", "a").await.unwrap();
        assert!(known[0].is_current && known[0].model == "s 1");
        let both = |person| Embedding::both(&face(person), &Embedding::unit(&[1.0; 512]));
        let subject = new.subject("p", "a").await.unwrap().unwrap();
        let compared = async |person| new.compare("p", "a", &both(person)).await.unwrap().unwrap();
        assert!(compared(5).await.matched && !compared(9).await.matched);
        let nearest = new.nearest("p", &both(5), None).await.unwrap().unwrap();
        assert!(nearest.subject_id == subject && nearest.comparison.matched);
        let live = Candidate { is_live: true, face: Some(bytes(&both(5))), voice: None };
        new.enroll(whose("p", "a"), &live).await.unwrap();
        let rows = new.store.gallery_page("p", "", 2).await.unwrap();
        let template = new.open("p", &rows[0]).unwrap().unwrap();
        let template = FaceTemplate::from_bytes(&template).unwrap();
        assert!(rows.len() == 1 && template.mean.has_both() && template.anchor.has_both());
        assert_eq!(new.enrolled("p", "a").await.unwrap()[0].model, "f 1");
    })
    .await;
}

#[tokio::test]
async fn templates_are_read_and_found_without_the_old_key_after_a_rewrap() {
    testkit::each_config(async |config| {
        let folder = tempfile::tempdir().unwrap();
        let keyed = |active: &str, retired: &[&str]| {
            let retired = retired.iter().map(|key| key.repeat(32).into()).collect();
            let keys = KeyConfig { secret: Some(active.repeat(32).into()), retired, ..KeyConfig::default() };
            crate::Config { db: config.clone(), keys, ..crate::Config::embedded(folder.path()) }
        };
        let open = async |config: &crate::Config| {
            let ledger::Opened { db, ring, .. } = ledger::open(config, boot::now_ms()).await.unwrap();
            let models = Models { face: "f 1".into(), sface: "s 1".into(), voice: "v 1".into() };
            Templates::new(Store::new(db), ring, models, galleries())
        };
        let before = open(&keyed("07", &[])).await;
        before.enroll(whose("p", "Ada Lovelace"), &candidate(5)).await.unwrap();
        let both = keyed("08", &["07"]);
        let mut report = |_: &str, _: u64| ();
        let usage =
            ledger::rewrap(&both, &mut ledger::Rewrap { batch: 1, report: &mut report }, boot::now_ms())
                .await
                .unwrap();
        let (keys, _) = ledger::key_usage(&both, boot::now_ms()).await.unwrap();
        assert!(!usage.is_empty() && usage.iter().all(|used| used.key_id == keys[0]), "{usage:?}");
        ledger::distrust_master_key(&both, &keys[1], boot::now_ms()).await.unwrap();
        let alone = open(&keyed("08", &[])).await;
        assert!(is_of(&alone, "p", "Ada Lovelace", 5).await);
        let again = alone.enroll(whose("p", "Ada Lovelace"), &candidate(5)).await.unwrap();
        assert_eq!(again, Enrolled::default(), "the same subject, by the hash of the old key");
    })
    .await;
}
