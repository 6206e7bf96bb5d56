//! The catalogue as a page of the documentation.

use std::fmt::Write as _;

use super::{GROUPS, Language, Reason, reasons};

/// `docs/REASONS.md`; `cargo run -p scoring --example reasons` prints it.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Reasons\n\n\
         Every code of `decision_reasons`, of a service's `error` and of a fraud rule, with what it means and what helps. Made of\n\
         the catalogue in `crates/scoring/src/catalogue`; `GET /api-projects/reasons?lang=en|es|de` serves the same as JSON.\n\
         Branch on the code, show the text.\n",
    );
    for group in GROUPS {
        let heading = group.chars().next().map(|first| first.to_uppercase().chain(group.chars().skip(1)));
        let heading: String = heading.into_iter().flatten().collect();
        let _ = writeln!(
            page,
            "\n## {heading}\n\n| code | severity | title | meaning | remedy |\n|---|---|---|---|---|"
        );
        for Reason { code, severity, title, explanation, remedy, .. } in
            reasons(Language::En).iter().filter(|reason| reason.group == group)
        {
            let remedy = remedy.as_deref().unwrap_or_default();
            let _ =
                writeln!(page, "| `{code}` | {} | {title} | {explanation} | {remedy} |", severity.as_str());
        }
    }
    page
}
