//! Cuts a file into its cards before any of them is understood, so that a bad one cannot spoil its neighbours.

/// The byte order mark that some exporters put before the first card.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Cuts a file into pieces: one card and the blank lines around it each, or text that belongs to no card.
///
/// The pieces' concatenation is the file.
pub(crate) fn split(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut pieces, mut inside) = (Vec::new(), Inside::Nothing);
    let (mut start, mut at) = (0, 0);
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let mark = Mark::of(if at == 0 { without_bom(line) } else { line });
        let (next, cut) = inside.after(mark);
        if cut {
            pieces.push(&bytes[start..at]);
            start = at;
        }
        inside = next;
        at += line.len();
    }
    if start < at {
        pieces.push(&bytes[start..]);
    }
    pieces
}

/// The bytes behind a byte order mark, if there is one.
pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BOM).unwrap_or(bytes)
}

/// What the piece that is being cut holds so far.
#[derive(Clone, Copy)]
enum Inside {
    Nothing,
    Stray,
    /// A card, inside so many cards of its `AGENT`; `agent` where the line before announced one.
    Card {
        depth: usize,
        agent: bool,
    },
    Done,
}

/// What a physical line means for the cutting.
#[derive(Clone, Copy)]
enum Mark {
    Blank,
    Begin,
    End,
    Agent,
    /// An `AGENT` whose card begins on the same line.
    AgentBegin,
    Other,
}

impl Inside {
    /// The state after a line, and whether a new piece starts with that line.
    fn after(self, mark: Mark) -> (Self, bool) {
        const OPENED: Inside = Inside::Card { depth: 0, agent: false };
        match (self, mark) {
            (Self::Nothing, Mark::Begin) => (OPENED, false),
            (Self::Card { depth, agent: true }, Mark::Begin) | (Self::Card { depth, .. }, Mark::AgentBegin) => {
                (Self::Card { depth: depth + 1, agent: false }, false)
            }
            (_, Mark::Begin) => (OPENED, true),
            (Self::Card { depth: 0, .. }, Mark::End) => (Self::Done, false),
            (Self::Card { depth, .. }, Mark::End) => (Self::Card { depth: depth - 1, agent: false }, false),
            (Self::Card { depth, .. }, mark) => (Self::Card { depth, agent: matches!(mark, Mark::Agent) }, false),
            (inside, Mark::Blank) => (inside, false),
            (inside, _) => (Self::Stray, matches!(inside, Self::Done)),
        }
    }
}

impl Mark {
    fn of(line: &[u8]) -> Self {
        match line.first() {
            Some(b'B' | b'b') if is(line, b"BEGIN:VCARD") => Self::Begin,
            Some(b'E' | b'e') if is(line, b"END:VCARD") => Self::End,
            Some(b'A' | b'a') => Self::of_agent(line),
            _ if line.trim_ascii().is_empty() => Self::Blank,
            _ => Self::Other,
        }
    }

    fn of_agent(line: &[u8]) -> Self {
        let named = line.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"AGENT"));
        match line.iter().position(|&byte| byte == b':').map(|colon| &line[colon + 1..]) {
            Some(value) if named && value.trim_ascii().is_empty() => Self::Agent,
            Some(value) if named && is(value, b"BEGIN:VCARD") => Self::AgentBegin,
            _ => Self::Other,
        }
    }
}

fn is(line: &[u8], text: &[u8]) -> bool {
    line.trim_ascii_end().eq_ignore_ascii_case(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::line_breaks;

    fn lengths(text: &str) -> Vec<usize> {
        let pieces = split(text.as_bytes());
        assert_eq!(pieces.concat(), text.as_bytes());
        pieces.iter().map(|piece| line_breaks(piece)).collect()
    }

    #[test]
    fn blank_lines_stay_with_their_card_and_stray_text_stands_alone() {
        assert_eq!(lengths(""), [0; 0]);
        assert_eq!(lengths("\n\nBEGIN:VCARD\nEND:VCARD\n\n\nBEGIN:VCARD\r\nEND:VCARD\r\n"), [6, 2]);
        assert_eq!(lengths("junk\nBEGIN:VCARD\nEND:VCARD\nmore\n\njunk\nbegin:vcard \nend:vcard\n"), [1, 2, 3, 2]);
        assert_eq!(lengths("\u{feff}BEGIN:VCARD\nEND:VCARD\n"), [2]);
    }

    #[test]
    fn a_card_without_an_end_stops_at_the_next_beginning() {
        assert_eq!(lengths("BEGIN:VCARD\nFN:A\nBEGIN:VCARD\nFN:B\nEND:VCARD\n"), [2, 3]);
    }

    #[test]
    fn the_card_of_an_agent_belongs_to_its_owner() {
        let nested = "BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nFN:B\nEND:VCARD\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n";
        assert_eq!(lengths(nested), [6, 2]);
        assert_eq!(lengths("BEGIN:VCARD\nAGENT:BEGIN:VCARD\nEND:VCARD\nEND:VCARD\n"), [4]);
    }
}
