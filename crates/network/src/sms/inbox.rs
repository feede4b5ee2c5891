//! Which question a text answers, and which payment it announces. Everything in here is bounded, whatever arrives.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use ringback_core::Msisdn;
use tokio::sync::oneshot;

use super::Settings;
use crate::{
    Signal,
    reading::{Mention, Mentions, Spelling, Table, numbers},
    texts::{Heard, MessageId, Text},
};

/// Open questions at the same time.
const MOST_OPEN: usize = 4_096;

/// Lines that are remembered as in doubt; with more of them, all are.
const MOST_DOUBTFUL: usize = 65_536;

/// Lines that were asked about lately, among which one with hidden digits is looked for.
const MOST_RECENT: usize = 256;

/// Signals that nobody has taken yet; the oldest goes first.
const MOST_SIGNALS: usize = 1_024;

/// What became of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The carrier's text about its line.
    Text(String),
    /// The network did not deliver it.
    Undelivered(String),
}

/// The open questions, and what was heard beside them.
pub(super) struct Inbox {
    table: Table,
    senders: Vec<String>,
    numbered: bool,
    region: String,
    own: Option<Msisdn>,
    late: Duration,
    open: BTreeMap<Msisdn, Open>,
    /// Lines of which an answer may still come, and until when.
    doubtful: BTreeMap<Msisdn, Instant>,
    /// The same in the order of time.
    doubts: VecDeque<(Instant, Msisdn)>,
    /// Until when an answer may still come that names no line.
    all_doubtful: Option<Instant>,
    recent: VecDeque<(Msisdn, Spelling)>,
    signals: VecDeque<Signal>,
}

struct Open {
    asked: Instant,
    spelling: Spelling,
    message: Option<MessageId>,
    answer: oneshot::Sender<Said>,
}

impl Inbox {
    pub(super) fn new(settings: &Settings) -> Self {
        let code = settings.country_code.to_string();
        let senders = settings.query.from.iter().flat_map(|from| [bare(from), format!("{code}{}", bare(from))]);
        Self {
            table: settings.table.clone(),
            senders: senders.collect(),
            numbered: settings.query.numbered,
            region: settings.region.clone(),
            own: settings.own,
            late: settings.late,
            open: BTreeMap::new(),
            doubtful: BTreeMap::new(),
            doubts: VecDeque::new(),
            all_doubtful: None,
            recent: VecDeque::new(),
            signals: VecDeque::new(),
        }
    }

    /// Opens the question about a line. While another one may still be answered there is none, so that an answer of before is
    /// never taken for one of now (K1).
    pub(super) fn open(&mut self, line: Msisdn, now: Instant) -> Result<oneshot::Receiver<Said>, &'static str> {
        if self.is_doubtful(line, now) {
            return Err("the answer to an earlier question may still come; it is asked again later");
        }
        if self.open.contains_key(&line) || !self.numbered && !self.open.is_empty() {
            return Err("another question is still open");
        }
        if self.open.len() >= MOST_OPEN {
            return Err("too many questions are open");
        }
        let ((answer, said), spelling) = (oneshot::channel(), Spelling::of(line));
        self.remember(line, spelling.clone());
        self.open.insert(line, Open { asked: now, spelling, message: None, answer });
        Ok(said)
    }

    /// The network took the question.
    pub(super) fn sent(&mut self, line: Msisdn, message: MessageId) {
        if let Some(open) = self.open.get_mut(&line) {
            open.message = Some(message);
        }
    }

    /// The question never left.
    pub(super) fn forget(&mut self, line: Msisdn) {
        self.open.remove(&line);
    }

    /// Nobody waits for the answer any more; if there was none, it may still come.
    pub(super) fn close(&mut self, line: Msisdn, now: Instant) {
        if self.open.remove(&line).is_none() {
            return;
        }
        let until = now + self.late;
        self.clear_old_doubts(now);
        if self.numbered && self.doubts.len() < MOST_DOUBTFUL {
            self.doubtful.insert(line, until);
            self.doubts.push_back((until, line));
        } else {
            self.all_doubtful = Some(until);
        }
    }

    /// Takes what was heard; whether a signal is there for somebody.
    pub(super) fn hear(&mut self, heard: Heard) -> bool {
        match heard {
            Heard::Text(text) if !self.is_from_the_carrier(&text.from) => false,
            // A confirmation is no answer: what it says about the line was not asked for.
            Heard::Text(text) if self.table.confirmation(&text.text).is_some() => self.announce(&text.text),
            Heard::Text(text) => {
                self.answer(text);
                false
            }
            Heard::Undelivered { message, reason } => {
                self.undelivered(&message, reason);
                false
            }
        }
    }

    /// The next signal that nobody has taken.
    pub(super) fn signal(&mut self) -> Option<Signal> {
        self.signals.pop_front()
    }

    /// Short codes are compared without a plus sign and with the country's code or without: +10086, 008610086 and 10086 are one.
    fn is_from_the_carrier(&self, sender: &str) -> bool {
        let sender = bare(sender);
        self.senders.contains(&sender)
    }

    fn is_doubtful(&mut self, line: Msisdn, now: Instant) -> bool {
        self.all_doubtful = self.all_doubtful.filter(|until| *until > now);
        let of_line = self.doubtful.get(&line).is_some_and(|until| *until > now);
        of_line || self.all_doubtful.is_some()
    }

    fn clear_old_doubts(&mut self, now: Instant) {
        while let Some((until, line)) = self.doubts.front().copied().filter(|(until, _)| *until <= now) {
            self.doubts.pop_front();
            if self.doubtful.get(&line) == Some(&until) {
                self.doubtful.remove(&line);
            }
        }
    }

    fn remember(&mut self, line: Msisdn, spelling: Spelling) {
        self.recent.retain(|(known, _)| *known != line);
        self.recent.push_back((line, spelling));
        if self.recent.len() > MOST_RECENT {
            self.recent.pop_front();
        }
    }

    /// Hands a text to the question that it answers. One that came before the question was asked answers nothing.
    fn answer(&mut self, Text { text, at, .. }: Text) {
        let Some(line) = self.line_of(&text) else { return };
        match self.open.remove(&line) {
            Some(open) if open.asked <= at => {
                // Nobody may be waiting any more; then the answer has come, and nothing is in doubt.
                let _ = open.answer.send(Said::Text(text));
            }
            Some(open) => {
                self.open.insert(line, open);
            }
            None => {
                self.doubtful.remove(&line);
            }
        }
    }

    /// The line that a text of the carrier is about: the one that it names, or without a name the only one that is asked about.
    fn line_of(&mut self, text: &str) -> Option<Msisdn> {
        let mentions = self.table.mentions(text);
        let asked = |line: &Msisdn| self.open.contains_key(line) || self.doubtful.contains_key(line);
        if let Some(line) = numbers(text, &self.region).into_iter().find(asked) {
            return (mentions.line(&Spelling::of(line)) == Mention::This).then_some(line);
        }
        let open = self.open.iter().map(|(line, open)| (line, &open.spelling));
        match only(&mentions, open) {
            None if !self.numbered => self.nameless(&mentions),
            line => line,
        }
    }

    /// The line of an answer that names none, from a carrier that is asked for one line at a time.
    fn nameless(&mut self, mentions: &Mentions) -> Option<Msisdn> {
        let Some((line, open)) = self.open.first_key_value() else {
            // It is the one that was missing.
            self.all_doubtful = None;
            return None;
        };
        (mentions.line(&open.spelling) == Mention::None).then_some(*line)
    }

    fn undelivered(&mut self, message: &MessageId, reason: String) {
        let line = self.open.iter().find(|(_, open)| open.message.as_ref() == Some(message)).map(|(line, _)| *line);
        if let Some(open) = line.and_then(|line| self.open.remove(&line)) {
            let _ = open.answer.send(Said::Undelivered(reason));
        }
    }

    /// Announces a payment for the line that a confirmation names; with digits hidden, for the only recent one that fits; without
    /// a number, for the account's own.
    fn announce(&mut self, text: &str) -> bool {
        let (named, mentions) = (numbers(text, &self.region), self.table.mentions(text));
        let line = match &named[..] {
            [line] => Some(*line),
            [] if mentions.hide_digits() => {
                only(&mentions, self.recent.iter().map(|(line, spelling)| (line, spelling)))
            }
            [] => self.own,
            _ => None,
        };
        let Some(msisdn) = line.filter(|line| !self.signals.contains(&Signal { msisdn: *line })) else { return false };
        if self.signals.len() == MOST_SIGNALS {
            self.signals.pop_front();
        }
        self.signals.push_back(Signal { msisdn });
        true
    }
}

/// The only line that a text names, perhaps with digits hidden; none where two of them fit.
fn only<'a>(mentions: &Mentions, lines: impl Iterator<Item = (&'a Msisdn, &'a Spelling)>) -> Option<Msisdn> {
    let mut meant = lines.filter(|(_, spelling)| mentions.line(spelling) == Mention::This);
    match (meant.next(), meant.next()) {
        (Some((line, _)), None) => Some(*line),
        _ => None,
    }
}

/// A sender without what says that its number is international. Names stay names.
fn bare(sender: &str) -> String {
    let plain: String = sender.trim().chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    let digits = plain.strip_prefix('+').or_else(|| plain.strip_prefix("00"));
    let digits = digits.filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    digits.map_or_else(|| plain.to_lowercase(), str::to_owned)
}

#[cfg(test)]
mod tests;
