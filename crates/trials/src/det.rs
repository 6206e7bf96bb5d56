//! Detection error trade-off curves as SVG.
//!
//! Martin et al., "The DET curve in assessment of detection task performance" (1997): both rates on normal deviate
//! axes, so that normal scores give straight lines.

use std::fmt::Write;

use crate::curve::Point;

const SIDE: f64 = 420.0;
const MARGIN: f64 = 56.0;
/// Rates at the grid lines; the first and the last are the limits of the plot.
const TICKS: [f64; 8] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6];
/// Visible on white and on black.
const COLOURS: [&str; 6] = ["#3b7dd8", "#d8643b", "#3ba55d", "#a45bd0", "#c8a022", "#7a7a7a"];

/// Draws named curves.
#[must_use]
pub fn svg(title: &str, curves: &[(&str, &[Point])]) -> String {
    let whole = SIDE + 2.0 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" font-family=\"sans-serif\" \
         font-size=\"11\" fill=\"#7a7a7a\">\n<text x=\"{MARGIN}\" y=\"24\" font-size=\"14\">{}</text>\n",
        escaped(title)
    );
    for tick in TICKS {
        let (at, label) = (place(tick), format!("{}%", tick * 100.0));
        let (x, y) = (MARGIN + at, MARGIN + SIDE - at);
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {MARGIN}V{:.1}M{MARGIN} {y:.1}H{:.1}\" stroke=\"#7a7a7a\" stroke-opacity=\".3\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            MARGIN + SIDE,
            MARGIN + SIDE,
            MARGIN + SIDE + 16.0,
            MARGIN - 6.0,
            y + 4.0
        );
    }
    for (number, (name, points)) in curves.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let line: Vec<String> = points
            .iter()
            .map(|p| format!("{:.1},{:.1}", MARGIN + place(p.fmr), MARGIN + SIDE - place(p.fnmr)))
            .collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{colour}\">{}</text>",
            line.join(" "),
            MARGIN + SIDE - 6.0,
            MARGIN + 16.0 + 14.0 * number as f64,
            escaped(name)
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">false match rate</text>\
         <text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">false non-match rate</text>\n</svg>",
        MARGIN + SIDE / 2.0,
        whole - 8.0,
        MARGIN + SIDE / 2.0
    );
    out
}

/// Returns the position of a rate on an axis, 0 to `SIDE`.
fn place(rate: f64) -> f64 {
    let (low, high) = (deviate(TICKS[0]), deviate(TICKS[TICKS.len() - 1]));
    let at = deviate(rate.clamp(TICKS[0], TICKS[TICKS.len() - 1]));
    (at - low) / (high - low) * SIDE
}

/// Returns the quantile of the normal distribution, by bisection of its integral, which is precise enough for a plot.
fn deviate(rate: f64) -> f64 {
    let (mut low, mut high) = (-5.0, 5.0);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if normal(middle) < rate { low = middle } else { high = middle }
    }
    low
}

/// Returns the normal distribution's integral up to `x` (Abramowitz and Stegun 26.2.17, error below 1e-7).
fn normal(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let series = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let sum = series.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    let upper = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt() * sum;
    if x < 0.0 { upper } else { 1.0 - upper }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_deviate_is_the_one_of_the_tables() {
        for (rate, x) in [(0.5, 0.0), (0.841_345, 1.0), (0.022_750, -2.0), (0.001, -3.0902)] {
            assert!((deviate(rate) - x).abs() < 1e-3, "{rate}");
        }
    }

    #[test]
    fn names_cannot_break_the_drawing() {
        let points = [Point { threshold: 0.5, fmr: 0.0, fnmr: 1.0 }];
        let drawn = svg("<script>", &[("a \"b\" & c", &points)]);
        assert!(drawn.contains("&lt;script>") && drawn.contains("a &quot;b&quot; &amp; c"));
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"));
    }
}
