//! What an operator's text says about a line: ordered tables of patterns per carrier and language.
//!
//! A table is a file (`readings/*.toml`, or one of the user's own, without a rebuild). Its patterns are regular expressions:
//! operators put amounts, dates and names between the words that matter, and a payment's amount has to be caught. The
//! crate `regex` matches in linear time whatever a foreign text holds, and a pattern that is too large is refused.
//!
//! Whatever is not understood is `Unknown` (K2). `common.toml` comes before every table, so that no table can take a stated
//! cause for arrears (K3).

mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod mention;
mod rule;
mod template;
#[cfg(test)]
mod tests;

pub use file::TableError;
pub use mention::{Mention, Mentions, Spelling, numbers};
use ringback_core::{Amount, Carrier, Currency, Msisdn, Status};
use rule::{Cause, Receipt, Rule};
pub use template::{SmsQuery, Template};

/// How many characters of a text are read; the longest that a status ever had are some 500.
const LONGEST: usize = 2_000;

/// The patterns of one carrier, with those of its languages behind them, and how its subscribers' lines are asked for.
#[derive(Debug, Clone)]
pub struct Table {
    name: String,
    carrier: Option<Carrier>,
    currency: Option<Currency>,
    ussd: Option<Template>,
    sms: Option<SmsQuery>,
    /// The carrier's own numbers, which a text may name beside the line's.
    hotlines: Vec<String>,
    rules: Vec<Rule>,
    causes: Vec<Cause>,
    receipts: Vec<Receipt>,
}

/// What a text says about a line, and by which rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The line's state; `Unknown` with a reason where the text was not understood.
    pub status: Status,
    /// The rules that took a part of the text, as `table: rule`, in the order in which they apply.
    pub rules: Vec<String>,
}

/// A confirmation that a payment arrived, as a text claims it. It is a hint, never a proof of money (S102).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// The amount, where the text names one and the table a currency.
    pub amount: Option<Amount>,
    /// The rule that matched, as `table: rule`.
    pub rule: String,
}

impl Table {
    /// What the table is called: a built-in one by its own name, a user's by that of its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The carrier whose texts it reads, where it is of one.
    pub fn carrier(&self) -> Option<&Carrier> {
        self.carrier.as_ref()
    }

    /// The supplementary-service code that asks for a line.
    pub fn ussd(&self) -> Option<&Template> {
        self.ussd.as_ref()
    }

    /// The short message that asks for a line.
    pub fn sms(&self) -> Option<&SmsQuery> {
        self.sms.as_ref()
    }

    /// The numbers that a text may name, to be compared with lines.
    pub fn mentions(&self, text: &str) -> Mentions {
        Mentions::of(&plain(text), &self.hotlines)
    }

    /// Reads an answer to the question about `asked`.
    pub fn read(&self, text: &str, asked: Msisdn) -> Reading {
        let text = plain(text);
        match self.unreadable(&text, asked) {
            Some(reason) => Reading { status: Status::unknown(reason), rules: Vec::new() },
            None => rule::read(&self.rules, &self.causes, &text),
        }
    }

    /// Why nothing of a text is believed.
    fn unreadable(&self, text: &str, asked: Msisdn) -> Option<&'static str> {
        if text.is_empty() {
            Some("the text is empty")
        } else if text.chars().nth(LONGEST).is_some() {
            Some("the text is too long for an answer")
        } else if text.contains(char::REPLACEMENT_CHARACTER) {
            Some("the text came damaged")
        } else if Mentions::of(text, &self.hotlines).line(&Spelling::of(asked)) == Mention::Another {
            Some("the text is about another number")
        } else {
            None
        }
    }

    /// Whether a text confirms a payment. Who sent it, and whose payment it is, are the caller's to judge.
    pub fn confirmation(&self, text: &str) -> Option<Confirmation> {
        let text = plain(text);
        if text.chars().nth(LONGEST).is_some() {
            return None;
        }
        self.receipts.iter().find(|receipt| receipt.matches(&text))?.confirmation(&text, self.currency)
    }
}

/// A text with plain letters for full-width ones, and each gap as one space; lines stay lines.
fn plain(text: &str) -> String {
    let shown = text.chars().filter(|letter| !matches!(letter, '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\0'));
    let narrow = shown.map(|letter| match letter {
        '\u{FF01}'..='\u{FF5E}' if !matches!(letter, '，' | '；' | '！' | '？' | '：' | '（' | '）') => {
            char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter)
        }
        letter => letter,
    });
    let lines = narrow.collect::<String>();
    let lines = lines.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}
