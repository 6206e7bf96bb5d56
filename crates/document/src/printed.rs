//! The VIZ (visual inspection zone): fields from lines of text, alone or as confirmation of the machine readable zone.

mod dates;
mod labels;
mod spelling;

use time::Date;

use face::Rect;

use crate::{
    Field, Source, TextLine,
    geometry::Quad,
    partial_date::PartialDate,
    report::{FieldName, Fields},
};

pub(crate) use dates::dates;
use dates::{is_last_year, partial_dates, single_year};
use spelling::{Spelling, spelling};

/// Confidence below which a line is ignored.
const LEGIBLE: f32 = 0.5;
/// Confidence from which a line can contradict another zone.
const CLEAR: f32 = 0.93;

/// "Permanent" in the languages of permanent documents, which have no date of expiry.
const PERMANENT: [&str; 37] = [
    "PERMANENT",
    "PERMANENTE",
    "PERMANENTA",
    "INDEFINIDA",
    "INDEFINIDO",
    "INDEFINITE",
    "UNLIMITED",
    "UNBEFRISTET",
    "UNBEGRENZT",
    "VITALICIO",
    "VITALICIA",
    "NELIMITAT",
    "NELIMITATA",
    "TRAJNO",
    "TRAJNA",
    "BEZTERMINOWO",
    "BEZTERMINOWY",
    "BEZTERMINOWA",
    "NIEOZNACZONY",
    "NIEOZNACZONA",
    "ILLIMITATA",
    "ILLIMITATO",
    "ILIMITADA",
    "ILIMITADO",
    "ILLIMITE",
    "ILLIMITEE",
    "INDETERMINADA",
    "INDETERMINADO",
    "HATAROZATLAN",
    "NERIBOTAS",
    "NERIBOTA",
    "BEZTERMINA",
    "TAHTAJATU",
    "NEOMEJENO",
    "ONBEPERKT",
    "SURESIZ",
    "TILLSVIDARE",
];

/// Returns the lines of a page except those of its machine readable zone.
pub(crate) struct Printed {
    lines: Vec<TextLine>,
    today: Date,
}

/// How a value compares with the VIZ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Confirmation {
    /// It is printed, with this confidence.
    Confirmed(f32),
    /// A slightly different spelling is printed: one of both readings is wrong.
    Near,
    /// Something else is clearly printed in its place.
    Contradicted,
    /// It could not be found.
    NotFound,
}

/// Converts letters to capitals without accents.
pub(crate) fn plain(text: &str) -> String {
    text.chars().flat_map(|c| fold(c).chars().collect::<Vec<_>>()).collect::<String>().to_uppercase()
}

fn fold(c: char) -> String {
    let base = match c {
        'À'..='Å' | 'à'..='å' | 'Ā' | 'ā' | 'Ă' | 'ă' | 'Ą' | 'ą' => "A",
        'Æ' | 'æ' => "AE",
        'Ç' | 'ç' | 'Ć' | 'ć' | 'Č' | 'č' | 'Ĉ' | 'ĉ' => "C",
        'Ď' | 'ď' | 'Đ' | 'đ' | 'Ð' => "D",
        'È'..='Ë' | 'è'..='ë' | 'Ē' | 'ē' | 'Ę' | 'ę' | 'Ě' | 'ě' | 'Ė' | 'ė' => "E",
        'Ğ' | 'ğ' | 'Ģ' | 'ģ' => "G",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ī' | 'ī' | 'İ' | 'ı' | 'Į' | 'į' => "I",
        'Ł' | 'ł' | 'Ľ' | 'ľ' | 'Ļ' | 'ļ' => "L",
        'Ñ' | 'ñ' | 'Ń' | 'ń' | 'Ň' | 'ň' | 'Ņ' | 'ņ' => "N",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ő' | 'ő' | 'Ō' | 'ō' => "O",
        'Ŕ' | 'ŕ' | 'Ř' | 'ř' => "R",
        'Ś' | 'ś' | 'Š' | 'š' | 'Ş' | 'ş' | 'Ș' | 'ș' => "S",
        'ß' => "SS",
        'Ť' | 'ť' | 'Ț' | 'ț' | 'Ţ' | 'ţ' => "T",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ů' | 'ů' | 'Ű' | 'ű' | 'Ū' | 'ū' | 'Ų' | 'ų' => "U",
        'Ý' | 'ý' | 'ÿ' => "Y",
        'Ź' | 'ź' | 'Ž' | 'ž' | 'Ż' | 'ż' => "Z",
        other => return other.to_string(),
    };
    base.to_owned()
}

/// Converts words to capitals without accents, separated by single spaces; other characters are removed.
pub(crate) fn words(text: &str) -> String {
    let kept: String = plain(text).chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Printed {
    /// `zone` are the centres of the lines of the machine readable zone.
    pub fn new(lines: &[TextLine], zone: &[[f32; 2]], today: Date) -> Self {
        let is_zone =
            |l: &TextLine| zone.iter().any(|c| l.quad.contains(*c)) || l.text.matches('<').count() > 3;
        let mut lines: Vec<TextLine> =
            lines.iter().filter(|l| l.confidence >= LEGIBLE && !is_zone(l)).cloned().collect();
        let rows = rows(&lines);
        lines.extend(rows);
        Self { lines, today }
    }

    /// Returns whether `date` is printed; another date under a label of `name` contradicts it.
    pub fn confirms_date(&self, name: FieldName, date: PartialDate) -> Confirmation {
        let hit = |l: &&TextLine| match date.full() {
            Some(day) => dates(&l.text, self.today).contains(&day),
            None => partial_dates(&l.text).contains(&date),
        };
        if let Some(line) = self.lines.iter().filter(hit).max_by(|a, b| a.confidence.total_cmp(&b.confidence))
        {
            return Confirmation::Confirmed(line.confidence);
        }
        let labelled = self.labelled_dates(name);
        if date.full().is_none() {
            let years = self.answers(name, |text| single_year(text).filter(|year| *year == date.year()));
            let days = labelled.iter().filter(|(found, _)| found.iter().any(|day| date.includes(*day)));
            let printed = years.iter().map(|(_, c)| *c).chain(days.map(|(_, c)| *c)).reduce(f32::max);
            if let Some(confidence) = printed {
                return Confirmation::Confirmed(confidence);
            }
        }
        let clear = |(found, confidence): &(Vec<Date>, f32)| !found.is_empty() && *confidence >= CLEAR;
        if labelled.iter().any(clear) { Confirmation::Contradicted } else { Confirmation::NotFound }
    }

    /// Returns the labelled date of issue; the latest possible one when day and month are ambiguous.
    pub fn issue_date(&self) -> Option<Date> {
        let found = self.labelled_dates(FieldName::IssueDate);
        found.iter().find_map(|(dates, _)| dates.iter().copied().filter(|date| *date <= self.today).max())
    }

    /// Returns whether the print says that the document is permanent, by the year 9999 or in a word.
    pub fn is_permanent(&self) -> bool {
        let says = |line: &TextLine| {
            is_last_year(&line.text) || words(&line.text).split(' ').any(|word| PERMANENT.contains(&word))
        };
        self.lines.iter().any(says)
    }

    /// Returns whether a number is printed, ignoring spaces and dashes.
    pub fn confirms_number(&self, number: &str) -> Confirmation {
        let wanted = compact(number);
        let hit = |l: &&TextLine| compact(&l.text).contains(&wanted);
        if wanted.len() >= 4
            && let Some(line) =
                self.lines.iter().filter(hit).max_by(|a, b| a.confidence.total_cmp(&b.confidence))
        {
            return Confirmation::Confirmed(line.confidence);
        }
        let clear = |(value, confidence): &(String, f32)| {
            *confidence >= CLEAR
                && value.len() == wanted.len()
                && distance(&look_alike(value), &look_alike(&wanted)) > 0
        };
        if self.labelled_numbers().iter().any(clear) {
            Confirmation::Contradicted
        } else {
            Confirmation::NotFound
        }
    }

    /// Returns whether every word of a name is printed. Names of a zone may be truncated.
    pub fn confirms_name(&self, name: &str, may_be_cut: bool) -> Confirmation {
        let tokens: Vec<&str> = name.split_whitespace().collect();
        if tokens.is_empty() {
            return Confirmation::NotFound;
        }
        let each = tokens.iter().enumerate().map(|(at, token)| {
            let cut = may_be_cut && at + 1 == tokens.len();
            self.spelling(token, cut)
        });
        let mut confidence = 1.0_f32;
        let mut is_near = false;
        for found in each {
            match found {
                Some((Spelling::Same, printed)) => confidence = confidence.min(printed),
                Some((Spelling::Near(_), _)) => is_near = true,
                None => return Confirmation::NotFound,
            }
        }
        if is_near { Confirmation::Near } else { Confirmation::Confirmed(confidence) }
    }

    /// Returns the printed word for `token` of the zone; `None` when it is printed exactly, or not at all.
    pub fn near_spelling(&self, token: &str) -> Option<String> {
        match self.spelling(token, false)? {
            (Spelling::Near(word), _) => Some(word),
            (Spelling::Same, _) => None,
        }
    }

    /// Returns how `token` is printed, exact matches before near ones, and with which confidence.
    fn spelling(&self, token: &str, cut: bool) -> Option<(Spelling, f32)> {
        let found =
            self.lines.iter().filter_map(|line| Some((spelling(&line.text, token, cut)?, line.confidence)));
        found.max_by(|(a, sure), (b, surer)| {
            let is_same = |s: &Spelling| *s == Spelling::Same;
            is_same(a).cmp(&is_same(b)).then(sure.total_cmp(surer))
        })
    }

    /// Returns the fields found by their labels alone, for documents without a machine readable zone.
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        for name in [FieldName::BirthDate, FieldName::ExpiryDate, FieldName::IssueDate] {
            // A day that can be read in two orders is unknown.
            let sure =
                self.labelled_dates(name).into_iter().find(|(found, _)| self.one(name, found).is_some());
            if let Some((found, confidence)) = sure
                && let Some(date) = self.one(name, &found)
            {
                put(&mut fields, name, date.to_string(), confidence);
            }
        }
        if let Some((number, confidence)) = self.labelled_numbers().into_iter().next() {
            put(&mut fields, FieldName::DocumentNumber, number, confidence);
        }
        for name in [FieldName::LastName, FieldName::FirstName, FieldName::FatherName] {
            if let Some((text, confidence)) = self.labelled_names(name).into_iter().next() {
                put(&mut fields, name, text, confidence);
            }
        }
        if let Some((sex, confidence)) = self.labelled_sex() {
            put(&mut fields, FieldName::Sex, sex, confidence);
        }
        fields
    }

    /// Returns the only possible day of the field among the readings.
    fn one(&self, name: FieldName, found: &[Date]) -> Option<Date> {
        let fits = |d: &&Date| match name {
            FieldName::ExpiryDate => d.year() >= 1990 && d.year() < self.today.year() + 60,
            _ => **d <= self.today,
        };
        let mut fitting = found.iter().filter(fits);
        let first = fitting.next()?;
        match fitting.next() {
            // Two centuries: holders over a hundred are rare. If day and month are ambiguous, the date is unknown.
            Some(second) if (first.year() - second.year()).abs() == 100 => Some(*first.max(second)),
            Some(_) => None,
            None => Some(*first),
        }
    }

    fn labelled_dates(&self, name: FieldName) -> Vec<(Vec<Date>, f32)> {
        self.answers(name, |text| Some(dates(text, self.today)).filter(|d| !d.is_empty()))
    }

    fn labelled_numbers(&self) -> Vec<(String, f32)> {
        let is_number = |text: &str| {
            let value = compact(text);
            let figures = value.chars().filter(char::is_ascii_digit).count();
            let fits = (5..=16).contains(&value.len()) && figures * 2 >= value.len() && value.is_ascii();
            (fits && dates(text, self.today).is_empty()).then_some(value)
        };
        self.answers(FieldName::DocumentNumber, is_number)
    }

    fn labelled_names(&self, name: FieldName) -> Vec<(String, f32)> {
        let all = labels::labels(&self.lines);
        let is_label = |text: &str| all.iter().any(|l| l.line.text == text);
        let is_name = |text: &str| {
            let value = words(text);
            let fits = value.len() >= 2
                && value.chars().all(|c| c.is_alphabetic() || c == ' ')
                && text.chars().filter(|c| c.is_lowercase()).count() * 3 <= text.chars().count() * 2
                && !is_label(text);
            fits.then_some(value)
        };
        self.answers(name, is_name)
    }

    fn labelled_sex(&self) -> Option<(String, f32)> {
        let is_sex = |text: &str| {
            let value = words(text);
            let first = value.split(' ').next_back()?;
            matches!(first, "M" | "F" | "X").then(|| first.to_owned())
        };
        self.answers(FieldName::Sex, is_sex).into_iter().next()
    }

    /// Returns values for the labels of `name`: the rest of the label's own line, otherwise neighbouring lines.
    fn answers<T>(&self, name: FieldName, read: impl Fn(&str) -> Option<T>) -> Vec<(T, f32)> {
        let mut found = Vec::new();
        for label in labels::labels(&self.lines).iter().filter(|l| l.name == name) {
            if let Some(value) = Some(&label.rest).filter(|r| !r.is_empty()).and_then(|rest| read(rest)) {
                found.push((value, label.line.confidence));
                continue;
            }
            let near = labels::neighbours(label.line, &self.lines);
            found.extend(near.iter().find_map(|l| Some((read(&l.text)?, l.confidence))));
        }
        found
    }
}

/// Joins rows that were detected in pieces: a date is often split at its spaces.
fn rows(lines: &[TextLine]) -> Vec<TextLine> {
    let mut sorted: Vec<&TextLine> = lines.iter().collect();
    sorted.sort_by(|a, b| a.quad.0[0][0].total_cmp(&b.quad.0[0][0]));
    let mut rows: Vec<(TextLine, usize)> = Vec::new();
    for line in sorted {
        let to = line.quad.bounds();
        let goes_on = |(row, _): &&mut (TextLine, usize)| {
            let from = row.quad.bounds();
            let height = from.h.min(to.h).max(1.0);
            let level = (from.y + from.h / 2.0 - to.y - to.h / 2.0).abs() < 0.5 * height;
            level && to.x - (from.x + from.w) < 1.5 * height
        };
        if let Some((row, pieces)) = rows.iter_mut().find(goes_on) {
            row.text = format!("{} {}", row.text, line.text);
            row.confidence = row.confidence.min(line.confidence);
            row.quad = Quad::of_rect(Rect::about(row.quad.0.into_iter().chain(line.quad.0)));
            *pieces += 1;
        } else {
            rows.push((line.clone(), 1));
        }
    }
    rows.into_iter().filter(|(_, pieces)| *pieces > 1).map(|(row, _)| row).collect()
}

fn put(fields: &mut Fields, name: FieldName, value: String, confidence: f32) {
    fields.insert(name, Field { value, source: Source::Print, confidence: confidence * 0.9 });
}

/// Returns only the letters and digits.
fn compact(text: &str) -> String {
    plain(text).chars().filter(|c| c.is_ascii_alphanumeric()).collect()
}

/// Replaces every character that looks like a digit by that digit, so that only real differences count.
fn look_alike(text: &str) -> String {
    let alike = |c: char| match c {
        'O' | 'Q' | 'D' => '0',
        'I' | 'L' => '1',
        'Z' => '2',
        'S' => '5',
        'G' => '6',
        'B' => '8',
        other => other,
    };
    text.chars().map(alike).collect()
}

/// Returns the Levenshtein distance.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, c) in a.chars().enumerate() {
        let mut last = i;
        row[0] = i + 1;
        for (j, d) in b.iter().enumerate() {
            let next = (last + usize::from(c != *d)).min(row[j] + 1).min(row[j + 1] + 1);
            last = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
