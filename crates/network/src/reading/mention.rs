//! Which line a text is about, by the numbers in it.

use std::sync::LazyLock;

use regex::Regex;
use ringback_core::Msisdn;

/// Whether a text names a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention {
    /// It names no number.
    None,
    /// It names the line and no other.
    This,
    /// It names another number, or another one as well.
    Another,
}

/// Digits that may be a number: grouped as people write them, some of them hidden.
static RUNS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\+?[0-9*](?:[ -]?[0-9*])*"));

/// The last digits alone: 尾号8000, ending in 8000.
static TAILS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)(?:尾号|末四位|后四位|ending (?:in|with)|last (?:four )?digits)[^0-9]{0,4}([0-9]{3,6})")
});

/// A day, with a time of day or without: 20261125, 2026-11-25 12:30.
static DATE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{0,6}$"));

/// The fewest digits of a subscriber's number (E.164); shorter ones are short codes, amounts and times.
const SHORTEST: usize = 7;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a fixed pattern is valid")
}

/// What may be numbers in a text, to be compared with many lines.
#[derive(Debug, Clone)]
pub struct Mentions {
    runs: Vec<String>,
    tails: Vec<String>,
    hotlines: Vec<String>,
}

/// The ways to write a line's number: with its country code, or as it is dialled at home.
#[derive(Debug, Clone)]
pub struct Spelling {
    digits: String,
    forms: [String; 5],
}

impl Spelling {
    /// The ways to write a number.
    pub fn of(line: Msisdn) -> Self {
        let digits = line.digits();
        let national = line.split().map_or_else(|| digits.clone(), |(_, national)| national);
        let international = [format!("+{digits}"), format!("00{digits}"), digits.clone()];
        let [plus, zeros, plain] = international;
        Self { digits, forms: [plus, zeros, plain, format!("0{national}"), national] }
    }

    /// Whether a run of digits is the number, in one of its forms, perhaps with digits hidden.
    fn is(&self, run: &str) -> bool {
        self.forms.iter().any(|form| covers(run, form))
    }
}

impl Mentions {
    /// What may be numbers in a text in plain letters, save the carrier's own.
    pub(super) fn of(text: &str, hotlines: &[String]) -> Self {
        Self {
            runs: RUNS.find_iter(text).map(|run| run.as_str().to_owned()).collect(),
            tails: TAILS.captures_iter(text).map(|tail| tail[1].to_owned()).collect(),
            hotlines: hotlines.to_vec(),
        }
    }

    /// Whether digits are hidden, so that a line can be meant without being named in full.
    pub fn hide_digits(&self) -> bool {
        !self.tails.is_empty() || self.runs.iter().any(|run| run.contains('*'))
    }

    /// Whether a line is named. Whatever may be a number and is not the line's is another's, so that no text about somebody
    /// else is read as this line's.
    pub fn line(&self, line: &Spelling) -> Mention {
        let runs = self.runs.iter().flat_map(|run| numbers_of(run, line));
        let runs = runs.filter(|run| !self.hotlines.contains(run)).map(|run| line.is(&run));
        let tails = self.tails.iter().map(|tail| line.digits.ends_with(tail));
        runs.chain(tails).fold(Mention::None, |seen, this| match (seen, this) {
            (Mention::None | Mention::This, true) => Mention::This,
            _ => Mention::Another,
        })
    }
}

/// The numbers in full that a text names, read in a region (ISO 3166); what is none there is left out.
pub fn numbers(text: &str, region: &str) -> Vec<Msisdn> {
    let text = super::plain(text);
    let runs: Vec<&str> = RUNS.find_iter(&text).map(|run| run.as_str()).filter(|run| run.len() >= SHORTEST).collect();
    let parts = runs.iter().flat_map(|run| [*run].into_iter().chain(run.split([' ', '-'])));
    let mut found: Vec<Msisdn> =
        parts.filter(|part| part.len() >= SHORTEST).filter_map(|part| Msisdn::parse(part, region).ok()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// What may be numbers in a run of digits: all of it, or the parts of it that are long enough by themselves.
fn numbers_of(run: &str, line: &Spelling) -> Vec<String> {
    let whole: String = run.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    if line.is(&whole) {
        return vec![whole];
    }
    let parts: Vec<String> = run.split([' ', '-']).filter(|part| may_be(part)).map(str::to_owned).collect();
    if parts.is_empty() && may_be(&whole) { vec![whole] } else { parts }
}

fn may_be(run: &str) -> bool {
    run.trim_start_matches('+').len() >= SHORTEST && !DATE.is_match(run) && run.bytes().any(|b| b.is_ascii_digit())
}

fn covers(run: &str, form: &str) -> bool {
    let shown = run.bytes().filter(u8::is_ascii_digit).count();
    let agree = |(shown, digit): (u8, u8)| shown == b'*' || shown == digit;
    run.len() == form.len() && shown >= 4 && run.bytes().zip(form.bytes()).all(agree)
}
