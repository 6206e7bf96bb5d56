//! Lines as read, brought to the length they must have.
//!
//! Recognisers miscount long runs of fillers and touch the border of the crop. So a line is made to fit where that cannot
//! change what it says: in its longest run of fillers, at its end, or by dropping what lies before its start.

/// The ways `line` can be made `length` characters long, likeliest first; none when it is too far off.
pub(crate) fn fits(line: &str, length: usize) -> Vec<String> {
    let read = line.len();
    if read == length {
        return vec![line.to_owned()];
    }
    if !line.is_ascii() || read + 12 < length || read > length + 6 {
        return Vec::new();
    }
    let mut found = Vec::new();
    let runs = runs(line);
    if read < length {
        for (start, _) in runs {
            let (head, tail) = line.split_at(start);
            push(&mut found, format!("{head}{}{tail}", "<".repeat(length - read)));
        }
        push(&mut found, format!("{line}{}", "<".repeat(length - read)));
        return found;
    }
    let over = read - length;
    for (start, _) in runs.into_iter().filter(|(_, run)| *run > over) {
        push(&mut found, format!("{}{}", &line[..start], &line[start + over..]));
    }
    for front in 0..=over {
        push(&mut found, line[front..front + length].to_owned());
    }
    found
}

fn push(found: &mut Vec<String>, line: String) {
    if !found.contains(&line) {
        found.push(line);
    }
}

/// The three longest runs of fillers, longest first, of equals the last: start and length.
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
        assert_eq!(fits(short, 44)[0], "L898902C36UTO7408122F1204159ZE184226B<<<<<10");
    }

    #[test]
    fn what_touched_the_border_is_dropped() {
        let long = "IP<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<";
        assert!(fits(long, 44).contains(&long[1..].to_owned()));
    }

    proptest! {
        #[test]
        fn what_fits_has_the_length(line in "[A-Z0-9<]{0,60}", length in prop::sample::select(vec![30usize, 36, 44])) {
            prop_assert!(fits(&line, length).iter().all(|f| f.len() == length));
        }
    }
}
