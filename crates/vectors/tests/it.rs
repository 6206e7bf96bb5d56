//! One suite for every index.

use std::collections::BTreeMap;

use fastrand::Rng;
use proptest::prelude::*;
use vectors::{Error, FlatIndex, Index, Key, Neighbour, SketchIndex};

const DIMENSIONS: usize = 40;

fn each_index(dimensions: usize, test: impl Fn(Box<dyn Index>)) {
    test(Box::new(FlatIndex::new(dimensions)));
    test(Box::new(SketchIndex::new(dimensions)));
}

fn vector(random: &mut Rng, dimensions: usize) -> Vec<f32> {
    let numbers: Vec<f32> = (0..dimensions).map(|_| random.f32() - 0.5).collect();
    let length = numbers.iter().map(|v| v * v).sum::<f32>().sqrt();
    numbers.iter().map(|v| v / length).collect()
}

/// Returns a vector at a cosine of about .8 from `of`.
fn near(random: &mut Rng, of: &[f32]) -> Vec<f32> {
    let noise = vector(random, of.len());
    of.iter().zip(noise).map(|(v, n)| v + 0.75 * n).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn keys(found: &[Neighbour]) -> Vec<Key> {
    found.iter().map(|n| n.key).collect()
}

#[test]
fn the_nearest_come_first_with_their_cosines() {
    each_index(DIMENSIONS, |mut index| {
        let mut random = Rng::with_seed(1);
        let vectors: Vec<_> = (0..500).map(|key| (key, vector(&mut random, DIMENSIONS))).collect();
        index.add_all(&vectors).unwrap();
        assert_eq!(index.len(), 500);
        for (key, stored) in vectors.iter().step_by(17) {
            let query = near(&mut random, stored);
            let found = index.search(&query, 10).unwrap();
            assert_eq!((found.len(), found[0].key), (10, *key), "{index:?}");
            assert!(found.is_sorted_by(|a, b| a.cosine >= b.cosine));
            for neighbour in found {
                let (_, of) = &vectors[neighbour.key as usize];
                assert!((neighbour.cosine - cosine(&query, of)).abs() < 0.005);
            }
        }
    });
}

#[test]
fn a_removed_vector_is_never_found_again() {
    each_index(DIMENSIONS, |mut index| {
        let mut random = Rng::with_seed(2);
        let vectors: Vec<_> = (0..300).map(|key| (key, vector(&mut random, DIMENSIONS))).collect();
        index.add_all(&vectors).unwrap();
        for (key, stored) in vectors.iter().filter(|(key, _)| key % 3 != 0) {
            assert!(index.remove(*key).unwrap() && !index.remove(*key).unwrap() && !index.contains(*key));
            assert!(!keys(&index.search(stored, 20).unwrap()).contains(key));
        }
        assert_eq!(index.len(), 100);
        // All remaining vectors are found, though two in three were removed.
        for (key, stored) in vectors.iter().filter(|(key, _)| key % 3 == 0) {
            assert_eq!(index.search(stored, 1).unwrap()[0].key, *key);
        }
        let all = index.search(&vectors[0].1, 300).unwrap();
        assert!(all.iter().all(|n| n.key % 3 == 0) && all.len() <= 100);
        // New vectors reuse the space of removed ones.
        let before = index.bytes();
        for (key, stored) in vectors.iter().filter(|(key, _)| key % 3 != 0) {
            index.add(1000 + key, stored).unwrap();
        }
        assert!(index.len() == 300 && index.bytes() < before + before / 50, "{before} {}", index.bytes());
        assert!(vectors.iter().all(|(key, stored)| {
            let expected = if key % 3 == 0 { *key } else { 1000 + key };
            index.search(stored, 1).unwrap()[0].key == expected
        }));
    });
}

#[test]
fn a_key_that_is_added_again_has_the_later_vector() {
    each_index(DIMENSIONS, |mut index| {
        let mut random = Rng::with_seed(3);
        let (old, new) = (vector(&mut random, DIMENSIONS), vector(&mut random, DIMENSIONS));
        index.add(7, &old).unwrap();
        index.add(7, &new).unwrap();
        let found = index.search(&new, 5).unwrap();
        assert_eq!((keys(&found), index.len()), (vec![7], 1));
        assert!(found[0].cosine > 0.99 && index.search(&old, 1).unwrap()[0].cosine < 0.9);
    });
}

#[test]
fn lengths_do_not_matter_and_odd_requests_are_refused() {
    each_index(3, |mut index| {
        assert!(index.search(&[1.0, 0.0, 0.0], 3).unwrap().is_empty() && index.is_empty());
        assert!(!index.remove(9).unwrap());
        index.add(1, &[9.0, 0.0, 0.0]).unwrap();
        index.add(2, &[0.0, 0.1, 0.0]).unwrap();
        assert_eq!(keys(&index.search(&[0.0, 500.0, 1.0], 2).unwrap()), [2, 1]);
        assert!(index.search(&[1.0, 0.0, 0.0], 0).unwrap().is_empty());
        assert!(matches!(index.add(3, &[1.0]), Err(Error::Dimensions { expected: 3, found: 1 })));
        assert!(matches!(index.search(&[1.0; 4], 1), Err(Error::Dimensions { .. })));
        assert_eq!(index.len(), 2);
    });
}

#[test]
fn searches_run_at_once() {
    each_index(DIMENSIONS, |mut index| {
        let mut random = Rng::with_seed(4);
        let vectors: Vec<_> = (0..200).map(|key| (key, vector(&mut random, DIMENSIONS))).collect();
        index.add_all(&vectors).unwrap();
        let index = &*index;
        std::thread::scope(|scope| {
            for part in vectors.chunks(10) {
                scope.spawn(move || {
                    for (key, stored) in part {
                        assert_eq!(index.search(stored, 1).unwrap()[0].key, *key);
                    }
                });
            }
        });
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// For any sequence of additions and removals, a small index finds the true nearest.
    #[test]
    fn an_index_holds_what_was_added_and_not_removed(
        steps in prop::collection::vec((any::<bool>(), 0u64..30, any::<u64>()), 1..120),
    ) {
        each_index(DIMENSIONS, |mut index| {
            let mut held = BTreeMap::new();
            for (adds, key, seed) in &steps {
                if *adds {
                    let new = vector(&mut Rng::with_seed(*seed), DIMENSIONS);
                    index.add(*key, &new).unwrap();
                    held.insert(*key, new);
                } else {
                    assert_eq!(index.remove(*key).unwrap(), held.remove(key).is_some());
                }
                assert_eq!(index.len(), held.len());
            }
            for (key, stored) in &held {
                assert!(index.contains(*key));
                let nearest = index.search(stored, 1).unwrap()[0];
                assert!(nearest.key == *key || held[&nearest.key] == *stored);
            }
        });
    }
}
