//! Faces in real pictures and videos; needs `make setup`.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::{fs::File, path::PathBuf};

use face::{Embedding, Engine, FaceTracker, FaceTracks, Presence, Track, liveness};
use media::{Limits, Picture, decode};

fn fixture(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name);
    assert!(path.is_file(), "fixtures/{name} is missing; run `make setup`");
    path
}

fn engine() -> Engine {
    let models = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let pack = models::Pack::open(Some(&models)).unwrap();
    Engine::load(&models::Runtime::load(&pack).unwrap()).unwrap()
}

fn track(engine: &mut Engine, name: &str) -> FaceTracks {
    let mut tracker = FaceTracker::new();
    decode(File::open(fixture(name)).unwrap(), &Limits::default(), |frame| tracker.feed(engine, frame))
        .unwrap();
    tracker.finish()
}

fn picture(name: &str) -> Picture {
    Picture::decode(&std::fs::read(fixture(name)).unwrap()).unwrap()
}

fn template(engine: &mut Engine, track: &Track) -> Embedding {
    let sface = engine.embeddings(track).unwrap();
    engine.template(track, &sface).unwrap().unwrap().mean
}

#[test]
fn one_speaker_is_one_track_all_along_and_is_known_from_a_photo() {
    let mut engine = engine();
    let tracks = track(&mut engine, "speaker_crop.mp4");
    assert_eq!(tracks.presence(), Presence::OneFace);
    assert_eq!(tracks.tracks.len(), 1);
    let main = tracks.main().unwrap();
    assert!(main.sightings.len() >= 12 && main.jumps.is_empty());
    assert!(main.meshes.windows(2).all(|m| m[1].index - m[0].index <= 4), "no hole in the mesh");
    assert!(
        main.samples.len() == 5
            && main.samples.windows(2).all(|s| s[0].quality.overall() >= s[1].quality.overall())
    );

    let template = template(&mut engine, main);
    let (_, photo) = engine.enrollment(&picture("obama.jpg"), true).unwrap().unwrap();
    assert!(template.cosine(&photo) > 0.45, "cosine {}", template.cosine(&photo));
}

#[test]
fn the_mesh_lies_on_the_face() {
    let mut engine = engine();
    let tracks = track(&mut engine, "speaker_crop.mp4");
    let main = tracks.main().unwrap();
    // Pupils and nose tip against the detector's own points; the median, because both disagree on a turned nose.
    for (mine, theirs) in [(468, 0), (473, 1), (1, 2)] {
        let mut off: Vec<f32> = main
            .sightings
            .iter()
            .filter_map(|seen| {
                let mesh = &main.meshes.iter().find(|m| m.index == seen.index)?.mesh;
                let ([x, y], [u, v]) = (mesh.at(mine), seen.face.points[theirs]);
                Some((x - u).hypot(y - v) / mesh.eye_distance())
            })
            .collect();
        off.sort_by(f32::total_cmp);
        assert!(off.len() >= 10 && off[off.len() / 2] < 0.12, "point {mine} in eye distances: {off:?}");
    }
}

#[test]
fn containers_and_rotation_change_nothing() {
    let mut engine = engine();
    let [original, others @ ..] =
        ["speaker_crop.mp4", "rotated.mp4", "speaker_crop.webm", "speaker_crop.mov"].map(|name| {
            let tracks = track(&mut engine, name);
            assert_eq!(tracks.presence(), Presence::OneFace, "{name}");
            let main = tracks.main().unwrap();
            (name, main.sightings[3].face.rect, template(&mut engine, main))
        });
    for (name, rect, template) in others {
        assert!(rect.overlap(&original.1) > 0.9, "{name}: {rect:?}, not {:?}", original.1);
        assert!(template.cosine(&original.2) > 0.95, "{name}");
    }
}

#[test]
fn several_faces_and_no_face_are_reported() {
    let mut engine = engine();
    let two = track(&mut engine, "obama_speech.mp4");
    assert_eq!(two.presence(), Presence::ManyFaces);
    let beside: Vec<_> = two.beside_main().map(|t| t.meshes.len()).collect();
    assert!(beside.iter().any(|meshes| *meshes > 40), "both faces have meshes: {beside:?}");
    assert_eq!(track(&mut engine, "speaker_crop.mp4").beside_main().count(), 0);
    assert_eq!(track(&mut engine, "small.mp4").presence(), Presence::NoFace);
    assert!(engine.faces(&picture("thai_people.jpg")).unwrap().len() > 2);
    assert_eq!(
        engine.enrollment(&picture("thai_people.jpg"), false).unwrap().unwrap_err(),
        Presence::ManyFaces
    );
    assert_eq!(engine.enrollment(&picture("apple.jpg"), false).unwrap().unwrap_err(), Presence::NoFace);
}

#[test]
fn a_speaker_is_alive_and_a_still_is_not_however_it_is_moved() {
    let mut engine = engine();
    let mut judge = |name: &str| {
        let tracks = track(&mut engine, name);
        liveness::judge_main_face(&mut engine, &tracks).unwrap().unwrap().unwrap()
    };
    let [speaker, still, moved] = ["speaker_crop.mp4", "still.mp4", "moved_still.mp4"].map(&mut judge);
    assert!(speaker.live && speaker.score > 0.5 && speaker.reason.is_none(), "{speaker:?}");
    for picture in [still, moved] {
        let reason = picture.reason.unwrap();
        assert!(
            !picture.live && ["motion", "lip_deformation", "lip_excess"].contains(&reason),
            "{picture:?}"
        );
        assert!(picture.score < 0.2, "{picture:?}");
    }
}

#[test]
fn unenrolled_people_are_not_identified() {
    let mut engine = engine();
    let (_, known) = engine.enrollment(&picture("obama.jpg"), true).unwrap().unwrap();
    let crowd = picture("thai_people.jpg");
    for face in engine.faces(&crowd).unwrap() {
        let compared = engine.embed(&crowd, &face).unwrap().compare(&known);
        assert!(!compared.matches_at(1e-3), "{compared:?}");
    }
}

/// Crops `face` of `picture` as tightly as profile pictures, rotated by so many degrees.
fn cut(picture: &Picture, face: &face::Detection, degrees: f32) -> Picture {
    const SIDE: usize = 150;
    let map = media::Affine::square(face.rect.centre(), 1.1 * face.rect.h, degrees.to_radians(), SIDE);
    let mut rgb = image::RgbImage::new(SIDE as u32, SIDE as u32);
    media::Pixels::sample(picture, &map, SIDE, SIDE, &mut |y, row| {
        for x in 0..SIDE {
            rgb.put_pixel(x as u32, y as u32, image::Rgb([row.r[x], row.g[x], row.b[x]].map(|v| v as u8)));
        }
    });
    Picture::from_rgb(&rgb)
}

#[test]
fn a_tilted_head_in_a_tight_picture_is_recognised() {
    let mut engine = engine();
    let photo = picture("obama.jpg");
    let (whole, known) = engine.enrollment(&photo, true).unwrap().unwrap();
    for degrees in [-30.0, -20.0, 20.0, 30.0] {
        let tight = cut(&photo, &whole, degrees);
        let face = engine.faces(&tight).unwrap()[0];
        let by_detector = engine.embed_aligned(&face::align(&tight, &face)).unwrap().cosine(&known);
        let cosine = engine.embed(&tight, &face).unwrap().cosine(&known);
        eprintln!("{degrees}: {cosine}, by the detector's points {by_detector}");
        assert!(cosine > 0.8 && cosine > by_detector - 0.02);
    }
}

/// Rotates `picture` by a quarter, a half or three quarters.
fn quarters(picture: &Picture, quarters: u8) -> Picture {
    let rgb = picture.to_rgb();
    Picture::from_rgb(&match quarters {
        1 => image::imageops::rotate90(&rgb),
        2 => image::imageops::rotate180(&rgb),
        3 => image::imageops::rotate270(&rgb),
        _ => rgb,
    })
}

#[test]
fn a_rotated_picture_is_turned_upright_by_its_face() {
    let mut engine = engine();
    let photo = picture("obama.jpg");
    let (_, known) = engine.enrollment(&photo, true).unwrap().unwrap();
    for turned in 0..4 {
        let found = engine.portraits(&quarters(&photo, turned)).unwrap();
        let portrait = found.main.unwrap();
        assert_eq!(found.turn == face::Turn::None, turned == 0, "{turned} quarters");
        assert!(portrait.pose.roll.abs() < 15.0, "{:?}", portrait.pose);
        let cosine = engine.embed_aligned(&portrait.crop).unwrap().cosine(&known);
        assert!(cosine > 0.95, "{turned} quarters: {cosine}");
    }
}

/// Turned, small, dark or pale: a face that is found in a picture that lies or stands on its head makes the vector of the upright
/// one, or none. A vector of the face as it lies would match nobody, its owner included.
#[test]
fn no_turned_picture_of_any_size_or_light_gives_a_vector_of_its_own() {
    let mut engine = engine();
    let mut found = 0;
    for name in ["obama.jpg", "thai_people.jpg"] {
        let photo = picture(name).to_rgb();
        for (share, light, contrast) in
            [(1.0, 0, 0.0), (0.6, 0, 0.0), (0.35, 0, 0.0), (0.7, -60, 0.0), (0.7, 50, 0.0), (0.8, 0, -35.0)]
        {
            let (width, height) = photo.dimensions();
            let side = |length: u32| (f64::from(length) * share) as u32;
            let small = image::imageops::thumbnail(&photo, side(width), side(height));
            let light = image::imageops::colorops::brighten(&small, light);
            let made = Picture::from_rgb(&image::imageops::colorops::contrast(&light, contrast));
            let Some(upright) = engine.portraits(&made).unwrap().main else { continue };
            let known = engine.embed_aligned(&upright.crop).unwrap();
            for turned in 1..4 {
                let Some(portrait) = engine.portraits(&quarters(&made, turned)).unwrap().main else {
                    continue;
                };
                let vector = engine.embed_aligned(&portrait.crop).unwrap();
                let cosine = vector.cosine(&known);
                // Of a group the largest face may be another one of it.
                let others = engine.portraits(&made).unwrap().faces;
                assert!(others > 1 || cosine > 0.85, "{name} {share}, {turned} quarters: {cosine}");
                assert!(portrait.pose.roll.abs() < 40.0, "{name} {share}, {turned}: {:?}", portrait.pose);
                found += 1;
            }
        }
    }
    assert!(found > 15, "{found}");
}

#[test]
fn a_covered_mouth_or_covered_eyes_are_reported() {
    let mut engine = engine();
    let rgb = picture("obama.jpg").to_rgb();
    let mut cover = |area: Option<[u32; 4]>, colour: [u8; 3]| {
        let mut covered = rgb.clone();
        for (x, y, pixel) in covered.enumerate_pixels_mut() {
            let is_within = |[left, top, right, bottom]: [u32; 4]| {
                (left..right).contains(&x) && (top..bottom).contains(&y)
            };
            if area.is_some_and(is_within) {
                pixel.0 = colour;
            }
        }
        engine.portraits(&Picture::from_rgb(&covered)).unwrap().main.unwrap().cover
    };
    let (mouth, eyes) = ([130, 245, 315, 400], [110, 178, 330, 240]);
    let bare = cover(None, [0; 3]);
    assert!(bare.mouth < 0.5 && bare.eyes < 0.5, "{bare:?}");
    for colour in [[235, 235, 235], [20, 20, 22], [150, 190, 215]] {
        let masked = cover(Some(mouth), colour);
        assert!(masked.mouth > 0.82, "{colour:?}: {masked:?}");
    }
    for colour in [[15, 15, 15], [60, 60, 70]] {
        let glasses = cover(Some(eyes), colour);
        assert!(glasses.eyes > 0.82, "{colour:?}: {glasses:?}");
    }
}
