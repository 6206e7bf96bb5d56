//! Measures how similar the digits of printed values are: one machine prints number and dates in one typeface. Some
//! issuers print their numbers in another typeface, so it is advisory.

use super::zone_print::{Character, characters};
use crate::{Page, Quad, TextLine};

/// Confidence, and number of digits, from which a line is examined.
const CLEAR: f32 = 0.9;
const FIGURES: usize = 4;
/// Fewest and most lines that are compared: the pairs of their digits are compared one by one.
const LINES: std::ops::RangeInclusive<usize> = 3..=12;
/// Weight of the difference in nepers between the proportions of two digits.
const PROPORTION: f32 = 0.5;
/// Distances below this are noise.
const NOISE: f32 = 0.04;

/// Returns how much less similar than the others the digits of the least similar line are to the rest; `None` unless
/// three lines of digits can be separated into characters. `zone` are the lines of the machine readable zone, which has
/// its own typeface.
pub fn print_face(page: &Page, lines: &[TextLine], zone: &[Quad]) -> Option<f32> {
    let is_value = |l: &&TextLine| {
        let figures = l.text.chars().filter(char::is_ascii_digit).count();
        let in_zone = zone.iter().any(|q| q.contains(l.quad.centre())) || l.text.contains('<');
        l.confidence >= CLEAR && figures >= FIGURES && !in_zone
    };
    let kept = |text: &str| text.chars().filter(|c| c.is_alphanumeric() || *c == '/').collect::<String>();
    let values: Vec<Vec<Character>> = lines
        .iter()
        .filter(is_value)
        .take(*LINES.end())
        .filter_map(|l| characters(page, &l.quad, &kept(&l.text)))
        .map(|line| line.into_iter().filter(|c| c.letter.is_ascii_digit()).collect())
        .collect();
    let mut odd: Vec<f32> = (0..values.len()).filter_map(|i| oddness(&values, i)).collect();
    if !LINES.contains(&odd.len()) {
        return None;
    }
    odd.sort_unstable_by(f32::total_cmp);
    let (most, middle) = (odd[odd.len() - 1], odd[(odd.len() - 1) / 2]);
    Some(most / middle.max(NOISE))
}

/// Returns the median distance of a line's digits to the nearest of their kind on other lines.
fn oddness(values: &[Vec<Character>], line: usize) -> Option<f32> {
    let others = || values.iter().enumerate().filter(|(i, _)| *i != line).flat_map(|(_, other)| other);
    let mut nearest: Vec<f32> = values[line]
        .iter()
        .filter_map(|c| others().filter(|o| o.letter == c.letter).map(|o| distance(c, o)).reduce(f32::min))
        .collect();
    if nearest.len() < FIGURES - 1 {
        return None;
    }
    let middle = nearest.len() / 2;
    Some(*nearest.select_nth_unstable_by(middle, f32::total_cmp).1)
}

fn distance(a: &Character, b: &Character) -> f32 {
    let alike: f32 = a.picture.iter().zip(&b.picture).map(|(x, y)| x * y).sum();
    1.0 - alike + PROPORTION * (a.proportion / b.proportion).ln().abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    /// Four lines of boxes with a hole where each figure has its own; those of `odd` have thick strokes.
    fn page(odd: Option<usize>) -> (Page, Vec<TextLine>) {
        let mut rgb = RgbImage::from_pixel(700, 320, Rgb([220; 3]));
        let text = "1234123412";
        for (line, (i, c)) in (0..4).flat_map(|l| text.chars().enumerate().map(move |c| (l, c))) {
            let stroke = if odd == Some(line) { 8 } else { 3 };
            let hole = (c as u32 - '0' as u32) * 5;
            for (x, y) in (0..24).flat_map(|x| (0..36).map(move |y| (x, y))) {
                let is_ink =
                    x < stroke || x >= 24 - stroke || y < stroke || (hole..hole + stroke).contains(&y);
                if is_ink {
                    rgb.put_pixel(
                        20 + i as u32 * 40 + x,
                        20 + line as u32 * 70 + y,
                        Rgb([20 + (x % 3) as u8; 3]),
                    );
                }
            }
        }
        let quad = |y: f32| Quad([[12.0, y], [430.0, y], [430.0, y + 48.0], [12.0, y + 48.0]]);
        let line =
            |i: usize| TextLine { quad: quad(14.0 + i as f32 * 70.0), text: text.into(), confidence: 0.99 };
        (Page::from_rgb(rgb), (0..4).map(line).collect())
    }

    #[test]
    fn a_line_in_another_face_stands_out() {
        let measure = |(page, lines): (Page, Vec<TextLine>)| print_face(&page, &lines, &[]).unwrap();
        let (even, odd) = (measure(page(None)), measure(page(Some(2))));
        assert!(odd > 2.0 * even, "{even} {odd}");
    }

    #[test]
    fn two_lines_are_not_compared() {
        let (page, lines) = page(None);
        assert_eq!(print_face(&page, &lines[..2], &[]), None);
        assert_eq!(print_face(&Page::from_rgb(RgbImage::new(0, 0)), &lines, &[]), None);
    }
}
