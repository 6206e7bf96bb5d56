//! Word errors of a transcript.

/// Returns the fewest words to substitute, drop or insert to turn `said` into `expected` (Levenshtein's distance over
/// words).
#[must_use]
pub fn errors(expected: &[&str], said: &[&str]) -> usize {
    let mut row: Vec<usize> = (0..=said.len()).collect();
    for (i, word) in expected.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in said.iter().enumerate() {
            let substituted = diagonal + usize::from(word != other);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[said.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_error_counts_once() {
        let expected = ["one", "two", "three"];
        for (said, count) in
            [("one two three", 0), ("one six three", 1), ("one three", 1), ("one two two three", 1), ("", 3)]
        {
            assert_eq!(errors(&expected, &said.split_whitespace().collect::<Vec<_>>()), count, "{said}");
        }
    }

    proptest! {
        #[test]
        fn it_is_a_distance(a in prop::collection::vec("[ab]", 0..8), b in prop::collection::vec("[ab]", 0..8)) {
            let (a, b): (Vec<_>, Vec<_>) = (a.iter().map(String::as_str).collect(), b.iter().map(String::as_str).collect());
            prop_assert_eq!(errors(&a, &b), errors(&b, &a));
            prop_assert_eq!(errors(&a, &b) == 0, a == b);
            prop_assert!(errors(&a, &b) <= a.len().max(b.len()));
        }
    }
}
