//! Rates of a set of trials, and their limits.

use proptest::prelude::*;
use trials::{Expected, Trial, summary::summarise};

fn trial(subject: &str, label: &str, score: Option<f64>) -> Trial {
    Trial {
        expected: Expected::parse(label, None),
        score,
        accepted: score.map(|score| score >= 0.5),
        unjudged: score.is_none().then(|| "no_face".into()),
        subject: subject.into(),
        group: None,
        words: None,
        first_rank: None,
    }
}

fn people(count: usize, each: impl Fn(usize) -> Vec<Trial>) -> Vec<Trial> {
    (0..count).flat_map(each).collect()
}

#[test]
fn trials_that_could_not_be_judged_are_counted_and_in_no_rate() {
    let set = people(5, |i| {
        let s = format!("s{i}");
        vec![trial(&s, "live", Some(0.9)), trial(&s, "still", Some(0.1)), trial(&s, "still", None)]
    });
    let summary = summarise(&set);
    assert_eq!((summary.items, summary.judged, summary.subjects), (15, 10, 5));
    assert_eq!(summary.not_judged["no_face"], 5);
    assert_eq!((summary.apcer["still"].trials, summary.apcer["still"].rate), (5, 0.0));
    assert_eq!(summary.eer.unwrap().rate, 0.0);
}

#[test]
fn no_rate_is_reported_below_what_the_trials_support() {
    let set = people(20, |i| {
        let s = format!("s{i}");
        (0..10)
            .map(|j| trial(&s, if j < 5 { "genuine" } else { "impostor" }, Some(j as f64 / 10.0)))
            .collect()
    });
    let summary = summarise(&set);
    let fmrs: Vec<f64> = summary.fnmr_at_fmr.iter().map(|at| at.fmr).collect();
    assert_eq!((fmrs, summary.smallest_fmr), (vec![0.1, 0.01], Some(0.01)));
}

#[test]
fn one_subject_has_no_interval() {
    let summary = summarise(&[trial("s", "live", Some(0.9)), trial("s", "print", Some(0.6))]);
    assert_eq!(summary.apcer["print"].rate, 1.0);
    assert_eq!(summary.apcer["print"].interval, None);
    assert_eq!(summary.eer.unwrap().interval, None);
}

#[test]
fn subjects_are_drawn_not_trials() {
    // One of four people is always rejected: drawing trials would call this a quarter with a narrow interval.
    let set = people(4, |i| {
        let s = format!("s{i}");
        (0..100).map(|_| trial(&s, "genuine", Some(if i == 0 { 0.2 } else { 0.9 }))).collect()
    });
    let bpcer = summarise(&set).bpcer.unwrap();
    let interval = bpcer.interval.unwrap();
    assert_eq!((bpcer.rate, interval.low), (0.25, 0.0));
    assert!(interval.high >= 0.5, "{interval:?}");
}

#[test]
fn groups_are_reported_beside_the_total() {
    let mut set = vec![trial("a", "live", Some(0.9)), trial("b", "live", Some(0.1))];
    set[0].group = Some("indoors".into());
    set[1].group = Some("outdoors".into());
    let summary = summarise(&set);
    assert_eq!(summary.bpcer.unwrap().rate, 0.5);
    assert_eq!(summary.groups["outdoors"].bpcer.as_ref().unwrap().rate, 1.0);
}

#[test]
fn word_errors_are_weighed_by_words() {
    let mut set = vec![trial("a", "genuine", Some(0.9)), trial("b", "genuine", Some(0.9))];
    set[0].words = Some((0, 9));
    set[1].words = Some((1, 1));
    assert!((summarise(&set).wer.unwrap().rate - 0.1).abs() < 1e-12);
}

proptest! {
    #[test]
    fn any_set_is_summarised(
        set in prop::collection::vec((0usize..5, 0usize..3, prop::option::of(-1f64..1.0)), 0..80),
    ) {
        let labels = ["genuine", "impostor", "still"];
        let trials: Vec<_> = set.iter().map(|(s, l, score)| trial(&format!("s{s}"), labels[*l], *score)).collect();
        let summary = summarise(&trials);
        prop_assert_eq!(summary.judged + summary.not_judged.values().sum::<usize>(), summary.items);
        let rates = summary.bpcer.iter().chain(summary.apcer.values());
        for rate in rates {
            prop_assert!((0.0..=1.0).contains(&rate.rate));
            if let Some(interval) = rate.interval {
                prop_assert!(interval.low <= interval.high);
            }
        }
        prop_assert!(serde_json::to_string(&summary).unwrap().len() > 2);
    }
}
