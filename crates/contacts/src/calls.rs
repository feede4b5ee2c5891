//! The call log of Android's "SMS Backup & Restore" (`calls.xml`), read as a stream.

use std::{fmt, io::BufRead};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use crate::{
    bounded::Bounded,
    entities::unescaped,
    problem::{Problem, masked},
};

/// One call of the log.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// The number as the phone kept it; "-1", "-2" or empty where the caller hid it.
    pub number: String,
    /// The contact's name, where the phone knew one.
    pub name: Option<String>,
    /// When it began, in milliseconds since the epoch, UTC.
    pub at_ms: i64,
    /// What kind of call it was.
    pub kind: CallKind,
}

/// What kind of call it was, by the log's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// 1: taken.
    Incoming,
    /// 2: made.
    Outgoing,
    /// 3: missed.
    Missed,
    /// 4: left on the voice mail.
    Voicemail,
    /// 5: rejected.
    Rejected,
    /// 6: blocked.
    Blocked,
    /// 7: taken on another device.
    Elsewhere,
    /// A type that Android does not document.
    Unknown,
}

/// The calls of a log, one at a time. See [`calls`].
pub struct Calls<R> {
    reader: Reader<Bounded<R>>,
    buffer: Vec<u8>,
    stage: Stage,
}

/// Reads a call log without keeping it in memory.
///
/// Yields each call, or a [`Problem`] for a call that cannot be read; a file that is cut or damaged yields what was
/// read and one [`Problem`] last. The `count` that the file states is not trusted.
pub fn calls<R: BufRead>(reader: R) -> Calls<R> {
    Calls { reader: Reader::from_reader(Bounded::new(reader)), buffer: Vec::new(), stage: Stage::Before }
}

/// How far the file is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Inside,
    Over,
}

/// What one event of the file means.
enum Step {
    Nothing,
    Opens,
    Call(Result<Call, String>),
    Closes,
    Ends,
    Foreign,
    Damaged(String),
}

impl<R: BufRead> Iterator for Calls<R> {
    type Item = Result<Call, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.stage != Stage::Over {
            let line = self.reader.get_ref().line();
            match (self.step(), self.stage) {
                (Step::Nothing, _) => {}
                (Step::Opens, _) => self.stage = Stage::Inside,
                (Step::Call(call), _) => return Some(call.map_err(|reason| bad_call(line, reason))),
                (Step::Closes, _) => self.stage = Stage::Over,
                (Step::Damaged(reason), _) => return Some(Err(self.ended(damaged(line, reason)))),
                (Step::Ends, Stage::Inside) => {
                    return Some(Err(self.ended(damaged(line, "the file ends before </calls>".into()))));
                }
                (Step::Ends | Step::Foreign, _) => return Some(Err(self.ended(foreign(line)))),
            }
        }
        None
    }
}

impl<R: BufRead> Calls<R> {
    fn ended(&mut self, problem: Problem) -> Problem {
        self.stage = Stage::Over;
        problem
    }

    fn step(&mut self) -> Step {
        self.buffer.clear();
        self.reader.get_mut().renew();
        let inside = self.stage == Stage::Inside;
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(Event::Start(tag) | Event::Empty(tag)) if inside && is(&tag, "call") => Step::Call(call(&tag)),
            Ok(Event::Start(tag)) if !inside && is(&tag, "calls") => Step::Opens,
            Ok(Event::Empty(tag)) if !inside && is(&tag, "calls") => Step::Closes,
            Ok(Event::Start(_) | Event::Empty(_)) if !inside => Step::Foreign,
            Ok(Event::End(tag)) if tag.name().as_ref() == "calls" => Step::Closes,
            Ok(Event::Eof) => Step::Ends,
            Ok(_) => Step::Nothing,
            Err(error) => Step::Damaged(error.to_string()),
        }
    }
}

fn is(tag: &BytesStart<'_>, name: &str) -> bool {
    tag.name().as_ref() == name
}

fn call(tag: &BytesStart<'_>) -> Result<Call, String> {
    let (mut number, mut at_ms, mut kind, mut name) = (None, None, CallKind::Unknown, None);
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = || unescaped(&attribute.value);
        match attribute.key.as_ref() {
            "number" => number = Some(value()),
            "date" => at_ms = Some(value().trim().parse().map_err(|_| "its date is not in milliseconds")?),
            "type" => kind = CallKind::of(value().trim()),
            "contact_name" => name = known_name(value()),
            _ => {}
        }
    }
    let number = number.ok_or("it has no number")?;
    Ok(Call { number, name, at_ms: at_ms.ok_or("it has no date")?, kind })
}

/// A name that the phone knew; the app writes "(Unknown)" or "null" where it did not.
fn known_name(name: String) -> Option<String> {
    let unknown = matches!(name.trim(), "" | "(Unknown)" | "null");
    (!unknown).then_some(name)
}

impl CallKind {
    fn of(code: &str) -> Self {
        match code {
            "1" => Self::Incoming,
            "2" => Self::Outgoing,
            "3" => Self::Missed,
            "4" => Self::Voicemail,
            "5" => Self::Rejected,
            "6" => Self::Blocked,
            "7" => Self::Elsewhere,
            _ => Self::Unknown,
        }
    }
}

fn bad_call(line: usize, reason: String) -> Problem {
    Problem { line, field: "call".into(), reason, remedy: "the other calls were read; nothing is needed".into() }
}

fn damaged(line: usize, reason: String) -> Problem {
    let remedy = "the calls before it were read; make the backup again for the rest";
    Problem { line, field: "calls".into(), reason, remedy: remedy.into() }
}

fn foreign(line: usize) -> Problem {
    let remedy = "choose the calls.xml of SMS Backup & Restore";
    Problem { line, field: "calls".into(), reason: "this is no call log".into(), remedy: remedy.into() }
}

/// Masked: a debug print may reach a log (S6).
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut call = f.debug_struct("Call");
        call.field("number", &masked(&self.number)).field("name", &self.name);
        call.field("at_ms", &self.at_ms).field("kind", &self.kind).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::*;

    const HEAD: &str =
        "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<!--by an app-->\n<calls count=\"99\">\n";

    fn read(text: &str) -> Vec<Result<Call, Problem>> {
        calls(text.as_bytes()).collect()
    }

    #[test]
    fn calls_are_read_whatever_else_the_app_writes() {
        let calls = read(&format!(
            "{HEAD}<call number=\"+8613800138000\" duration=\"3\" date=\"1700000000000\" type=\"3\" x:new=\"&amp;\" \
             contact_name=\"A &amp; &#55357;&#56832; &quot;B&quot;\" />\n\
             <call date='5' number='-1' type='9' contact_name='(Unknown)'></call>\n</calls>\ntrailing"
        ));
        let first = calls[0].clone().unwrap();
        assert_eq!(
            (first.number.as_str(), first.at_ms, first.kind),
            ("+8613800138000", 1_700_000_000_000, CallKind::Missed)
        );
        assert_eq!(first.name.as_deref(), Some("A & 😀 \"B\""));
        let second = calls[1].clone().unwrap();
        assert_eq!((second.number.as_str(), second.name, second.kind), ("-1", None, CallKind::Unknown));
        assert_eq!(calls.len(), 2);
    }

    #[test]
    fn a_bad_call_is_reported_with_its_line_and_the_rest_goes_on() {
        let calls = read(&format!(
            "{HEAD}<call number=\"1\"/>\n<call number=\"1\" date=\"x\"/>\n<call date=\"1\"/>\n<call number=\"1\" date=\"1\"/>\n</calls>"
        ));
        let problems: Vec<_> = calls.iter().filter_map(|call| call.as_ref().err()).map(|p| p.line).collect();
        assert_eq!(problems, [4, 5, 6]);
        assert!(calls[3].is_ok());
    }

    #[test]
    fn a_cut_file_yields_what_was_read_and_one_problem() {
        let whole = format!("{HEAD}{}</calls>", "<call number=\"1\" date=\"1\"/>\n".repeat(3));
        let cuts = [(whole.len() - 8, 3), (whole.len() - 15, 2), (HEAD.len(), 0), (HEAD.len() - 5, 0), (0, 0)];
        for (cut, count) in cuts {
            let calls = read(&whole[..cut]);
            assert_eq!(calls.iter().filter(|call| call.is_ok()).count(), count, "{cut}");
            assert_eq!(calls.len(), count + 1, "{cut}");
            assert!(calls[count].is_err(), "{cut}");
        }
    }

    #[test]
    fn another_file_is_no_call_log() {
        for text in ["<smses count=\"1\"><sms/></smses>", "BEGIN:VCARD\nEND:VCARD\n", "\u{0}\u{1}"] {
            let calls = read(text);
            assert_eq!(calls.len(), 1);
            assert!(calls[0].clone().unwrap_err().reason.contains("no call log"), "{text}");
        }
        assert!(read("<calls count='0'/>").is_empty());
    }

    #[test]
    fn an_endless_tag_fills_no_memory() {
        let start = format!("{HEAD}<call number=\"");
        let file = start.as_bytes().chain(std::io::repeat(b'a'));
        let last = calls(BufReader::new(file)).last().unwrap().unwrap_err();
        assert!(last.reason.contains("more than"), "{last}");
    }
}
