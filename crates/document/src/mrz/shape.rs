//! Classifies characters by height: the digits of OCR-B are a twelfth taller than its capitals, so a zero and an O,
//! which the recogniser cannot distinguish, are compared with the other characters of their zone.

use super::{Candidate, MrzFormat, fit::Fit, layout::Class};
use crate::{Page, forensics::character_heights};

/// The class of a character by its height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Letter,
    Digit,
}

/// Fewest letters and digits in known places from which a height is derived.
const FEWEST: usize = 3;
/// Least ratio of digits to letters; below it the zone is not OCR-B or too coarse.
const TALLER: f32 = 1.04;
/// Distance from the height of letters or digits, as a share of their difference, within which a character is of that
/// class.
const NEAR: f32 = 0.3;

/// Heights of the characters of each line as read, as shares of the line's height; `None` for a line whose characters
/// are not separate.
pub(crate) fn heights(page: &Page, lines: &[Candidate]) -> Vec<Option<Vec<f32>>> {
    lines.iter().map(|line| character_heights(page, &line.quad, &line.text)).collect()
}

/// Classifies the characters of each line, by the heights of those whose class the form gives.
pub(super) fn shapes(
    format: MrzFormat,
    fits: &[Fit],
    heights: &[Option<Vec<f32>>],
) -> Vec<Vec<Option<Shape>>> {
    let measured = |line: usize, at: usize| {
        let from = (*fits.get(line)?.from.get(at)?)?;
        heights.get(line)?.as_ref()?.get(from).copied()
    };
    let character =
        |line: usize, at: usize| fits.get(line).and_then(|fit| fit.text.as_bytes().get(at).copied());
    let known = |line: usize, class: Class| -> Vec<f32> {
        let spans = format.spans().into_iter().filter(|span| span.line == line);
        let places = spans.flat_map(|span| {
            let own = (span.class == class).then(|| span.at.clone()).into_iter().flatten();
            own.chain(span.check.filter(|_| class == Class::Digits))
        });
        places.filter(|at| character(line, *at) != Some(b'<')).filter_map(|at| measured(line, at)).collect()
    };
    let per_line: Vec<(Option<f32>, Option<f32>)> = (0..fits.len())
        .map(|line| (median(known(line, Class::Letters)), median(known(line, Class::Digits))))
        .collect();
    // The ratio is the same for the typeface, the scale differs by line.
    let ratios =
        per_line.iter().filter_map(|(letter, digit)| Some((*digit)? / (*letter)?)).collect::<Vec<_>>();
    let Some(ratio) = mean(&ratios).filter(|r| *r >= TALLER) else {
        return fits.iter().map(|fit| vec![None; fit.text.len()]).collect();
    };
    let shape = |line: usize, at: usize| {
        let (letter, digit) = per_line[line];
        let letter = letter.or_else(|| Some(digit? / ratio))?;
        let above = (measured(line, at)? / letter - 1.0) / (ratio - 1.0);
        if (above - 1.0).abs() <= NEAR {
            Some(Shape::Digit)
        } else if above.abs() <= NEAR {
            Some(Shape::Letter)
        } else {
            None
        }
    };
    fits.iter()
        .enumerate()
        .map(|(line, fit)| (0..fit.text.len()).map(|at| shape(line, at)).collect())
        .collect()
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    (values.len() >= FEWEST).then(|| values[values.len() / 2])
}

fn mean(values: &[f32]) -> Option<f32> {
    (!values.is_empty()).then(|| values.iter().sum::<f32>() / values.len() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(text: &str) -> Fit {
        Fit { text: text.to_owned(), from: (0..text.len()).map(Some).collect() }
    }

    /// Heights as OCR-B has them, the character at `as_letter` as tall as a letter.
    fn measured(text: &str, as_letter: usize, ratio: f32) -> Option<Vec<f32>> {
        let height =
            |(at, c): (usize, char)| if c.is_ascii_digit() && at != as_letter { 0.6 * ratio } else { 0.6 };
        Some(text.chars().enumerate().map(height).collect())
    }

    const CARD: [&str; 3] = [
        "I<TURA080264755<<<<<<<<<<<<<<<",
        "7408122F3204159TUR<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    ];

    fn of_card(ratio: f32) -> Vec<Vec<Option<Shape>>> {
        let fits = CARD.map(fit);
        let heights: Vec<_> = CARD.iter().map(|text| measured(text, 8, ratio)).collect();
        shapes(MrzFormat::Td1, &fits, &heights)
    }

    #[test]
    fn a_zero_as_tall_as_a_letter_is_one() {
        let shapes = of_card(1.08);
        assert_eq!((shapes[0][8], shapes[0][6]), (Some(Shape::Letter), Some(Shape::Digit)));
    }

    #[test]
    fn nothing_is_said_where_both_are_as_tall() {
        assert!(of_card(1.01).iter().flatten().all(Option::is_none));
    }
}
