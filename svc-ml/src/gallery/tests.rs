use super::*;

/// Returns a face of both networks, or of the first one.
fn face(person: u64, has_both: bool) -> Embedding {
    let vector = |n: usize| {
        let values: Vec<f32> = (0..n).map(|i| ((person as f32 + 1.3) * (i as f32 + 0.7)).sin()).collect();
        Embedding::unit(&values)
    };
    if has_both { Embedding::both(&vector(SFACE), &vector(512)) } else { vector(SFACE) }
}

fn id(person: u64) -> Uuid {
    Uuid::from_u64_pair(person, (1 << 63) + person)
}

fn gallery(faces: u64) -> Gallery {
    let template = |person| Template::Face(FaceTemplate::of(face(person, person % 2 == 0)));
    let all: Vec<_> = (0..faces).map(|person| (id(person), template(person))).collect();
    let mut gallery = Gallery::default();
    gallery.add(&all).unwrap();
    gallery
}

#[test]
fn templates_of_both_versions_are_found_by_both_kinds_of_probes() {
    let gallery = gallery(20);
    assert_eq!(gallery.len(Modality::Face), 20);
    for person in 0..20 {
        let found = gallery.faces_near(&face(person, true), 1).unwrap();
        assert_eq!(found[0].template_id, id(person));
        let found = gallery.faces_near(&face(person, false), 20).unwrap();
        assert!(found.iter().any(|candidate| candidate.template_id == id(person)));
    }
}

#[test]
fn a_bound_is_above_the_comparison_itself() {
    let gallery = gallery(30);
    for candidate in gallery.faces_near(&face(31, true), 30).unwrap() {
        let (person, _) = candidate.template_id.as_u64_pair();
        let template = FaceTemplate::of(face(person, person % 2 == 0));
        assert!(template.compare(&face(31, true)).log_odds(1) <= candidate.bound);
    }
}

#[test]
fn a_gallery_becomes_sketches_while_it_changes() {
    let mut gallery = gallery(60);
    let copies = gallery.outgrown(20);
    assert_eq!(copies.len(), 2, "both kinds of face, and no voice");
    // Between the copy and its sketches, one is removed and one added.
    gallery.remove(id(4)).unwrap();
    gallery.add(&[(id(100), Template::Face(FaceTemplate::of(face(100, true))))]).unwrap();
    for copy in copies {
        gallery.replace(copy.grow().unwrap()).unwrap();
    }
    assert!(gallery.outgrown(20).is_empty());
    assert_eq!(gallery.len(Modality::Face), 60);
    assert!(gallery.contains(id(100)) && !gallery.contains(id(4)));
    assert_eq!(gallery.faces_near(&face(100, true), 1).unwrap()[0].template_id, id(100));
    let found = gallery.faces_near(&face(4, true), 60).unwrap();
    assert!(found.iter().all(|candidate| candidate.template_id != id(4)));
    gallery.remove(id(100)).unwrap();
    assert_ne!(gallery.faces_near(&face(100, true), 1).unwrap()[0].template_id, id(100));
}
