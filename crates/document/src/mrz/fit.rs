//! Fits lines as read to the length of their form.
//!
//! Recognisers miscount long runs of fillers and touch the border of the crop. A line is therefore only changed where
//! that cannot change its content: in its longest run of fillers, at its end, or before its start.

/// A line of the required length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fit {
    pub text: String,
    /// The index of each character in the line as read; `None` for an inserted filler.
    pub from: Vec<Option<usize>>,
}

/// Returns the ways to make `line` `length` characters long, likeliest first; none when the lengths differ too much.
pub(crate) fn fits(line: &str, length: usize) -> Vec<Fit> {
    let read = line.len();
    if !line.is_ascii() || read + 12 < length || read > length + 6 {
        return Vec::new();
    }
    if read == length {
        return vec![Fit { text: line.to_owned(), from: (0..length).map(Some).collect() }];
    }
    let mut found = Vec::new();
    let runs = runs(line);
    if read < length {
        for (start, _) in runs {
            push(&mut found, lengthened(line, start, length));
        }
        push(&mut found, lengthened(line, read, length));
        return found;
    }
    let over = read - length;
    for (start, _) in runs.into_iter().filter(|(_, run)| *run > over) {
        let text = format!("{}{}", &line[..start], &line[start + over..]);
        push(&mut found, Fit { text, from: (0..start).chain(start + over..read).map(Some).collect() });
    }
    for front in 0..=over {
        let kept = front..front + length;
        push(&mut found, Fit { text: line[kept.clone()].to_owned(), from: kept.map(Some).collect() });
    }
    found
}

/// Inserts fillers into `line` at `at`.
fn lengthened(line: &str, at: usize, length: usize) -> Fit {
    let (head, tail) = line.split_at(at);
    let more = length - line.len();
    let from = (0..at).map(Some).chain(std::iter::repeat_n(None, more)).chain((at..line.len()).map(Some));
    Fit { text: format!("{head}{}{tail}", "<".repeat(more)), from: from.collect() }
}

fn push(found: &mut Vec<Fit>, fit: Fit) {
    if found.iter().all(|known| known.text != fit.text) {
        found.push(fit);
    }
}

/// Returns start and length of the three longest runs of fillers, longest first, and the last first among equals.
fn runs(line: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, c) in line.bytes().enumerate() {
        match runs.last_mut() {
            Some((start, run)) if c == b'<' && *start + *run == at => *run += 1,
            _ if c == b'<' => runs.push((at, 1)),
            _ => {}
        }
    }
    runs.reverse();
    runs.sort_by_key(|run| std::cmp::Reverse(run.1));
    runs.truncate(3);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_filler_lost_in_a_run_is_put_back_there() {
        let short = "L898902C36UTO7408122F1204159ZE184226B<<<10";
        assert_eq!(fits(short, 44)[0].text, "L898902C36UTO7408122F1204159ZE184226B<<<<<10");
    }

    #[test]
    fn components_at_the_border_are_dropped() {
        let long = "IP<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
        assert!(fits(long, 44).iter().any(|f| f.text == long[1..]));
    }

    proptest! {
        #[test]
        fn what_fits_has_the_length(line in "[A-Z0-9<]{0,60}", length in prop::sample::select(vec![30usize, 36, 44])) {
            for fit in fits(&line, length) {
                prop_assert_eq!((fit.text.len(), fit.from.len()), (length, length));
            }
        }

        #[test]
        fn every_character_comes_from_the_line_or_is_a_filler(line in "[A-Z0-9<]{20,50}", length in prop::sample::select(vec![30usize, 36, 44])) {
            for fit in fits(&line, length) {
                for (c, from) in fit.text.bytes().zip(&fit.from) {
                    prop_assert_eq!(c, from.map_or(b'<', |at| line.as_bytes()[at]));
                }
            }
        }
    }
}
