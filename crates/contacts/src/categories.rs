//! The items of a card's `CATEGORIES`, each with the bytes that it takes.
//!
//! vcard-rs lays a line out anew when its length changes, and puts new lines last with its own line break. Nobody's
//! card may change where Ringback has nothing to say, so the items are cut out of the physical bytes here instead.

use std::{borrow::Cow, ops::Range};

use encoding_rs::{Encoding, UTF_8};
use vcard::version::VcardVersion;

use crate::{
    lines::{Lines, Placed, is_base64},
    text::{encoding, is_quoted_printable},
};

/// One `CATEGORIES` line.
pub(crate) struct Categories {
    /// The whole line, with its line break.
    pub(crate) range: Range<usize>,
    /// Its items; one without text where the value is empty.
    pub(crate) items: Vec<Item>,
    quoted_printable: bool,
    /// The character set in which a name can be added.
    writes: Writes,
}

/// One item of the list.
pub(crate) struct Item {
    /// Its text, unescaped and without white space around it.
    pub(crate) text: String,
    /// Its bytes in the card, without the comma.
    pub(crate) range: Range<usize>,
}

/// What a line may hold.
#[derive(Clone, Copy)]
enum Writes {
    /// vCard 2.1 without a `CHARSET`.
    Ascii,
    In(&'static Encoding),
}

/// The texts of all items, for reading.
pub(crate) fn texts(raw: &[u8], lines: &Lines<'_>) -> Vec<String> {
    let items = of(raw, lines).into_iter().flat_map(|list| list.items);
    items.map(|item| item.text).filter(|text| !text.is_empty()).collect()
}

/// The card's `CATEGORIES` lines; one in an encoding that cannot be cut is left out, and so never changed.
pub(crate) fn of(raw: &[u8], lines: &Lines<'_>) -> Vec<Categories> {
    lines.named("CATEGORIES").filter_map(|placed| Categories::of(raw, placed, lines.version)).collect()
}

/// Writes a name as a new line, without its line break.
pub(crate) fn new_line(name: &str, version: VcardVersion) -> Vec<u8> {
    if version == VcardVersion::V2_1 && !name.is_ascii() {
        let head: &[u8] = b"CATEGORIES;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:";
        return [head, &quoted_printable(name.as_bytes())].concat();
    }
    format!("CATEGORIES:{name}").into_bytes()
}

impl Categories {
    fn of(raw: &[u8], placed: &Placed<'_>, version: VcardVersion) -> Option<Self> {
        let encoding = encoding(&placed.line).ok()?;
        let ascii_based = encoding.is_none_or(Encoding::is_ascii_compatible);
        if !ascii_based || is_base64(&placed.line) {
            return None;
        }
        let quoted_printable = is_quoted_printable(&placed.line);
        let writes = match encoding {
            None if version == VcardVersion::V2_1 => Writes::Ascii,
            other => Writes::In(other.unwrap_or(UTF_8)),
        };
        let octets = value(&raw[placed.range.clone()], placed.range.start, quoted_printable);
        let items = items(&octets, encoding.unwrap_or(UTF_8));
        Some(Self { range: placed.range.clone(), items, quoted_printable, writes })
    }

    /// The number of the first item that fits.
    pub(crate) fn find(&self, fits: impl Fn(&Item) -> bool) -> Option<usize> {
        self.items.iter().position(fits)
    }

    /// A name as this line would hold it, or nothing where its character set cannot.
    pub(crate) fn encoded(&self, name: &str) -> Option<Vec<u8>> {
        let bytes = match self.writes {
            _ if name.is_ascii() => Cow::Borrowed(name.as_bytes()),
            Writes::Ascii => return None,
            Writes::In(encoding) => match encoding.encode(name) {
                (_, _, true) => return None,
                (bytes, _, false) => bytes,
            },
        };
        Some(if self.quoted_printable { quoted_printable(&bytes) } else { bytes.into_owned() })
    }
}

/// One byte of a value, and the bytes that it takes in the card.
struct Octet {
    byte: u8,
    start: usize,
    end: usize,
}

/// The value of a line, unfolded and decoded; `base` is where the line starts. Ends with an empty mark of its end.
fn value(line: &[u8], base: usize, quoted_printable: bool) -> Vec<Octet> {
    let mut head = unfolded(line, base, quoted_printable);
    let mut value = head.split_off(head_length(&head));
    let start = head.last().map_or(base, |octet| octet.end);
    if quoted_printable {
        value = decoded(value);
    }
    let end = value.last().map_or(start, |octet| octet.end);
    value.push(Octet { byte: b',', start: end, end });
    value
}

/// The length of a line's name and parameters with the colon: the first one outside of quotes, or else the first.
fn head_length(octets: &[Octet]) -> usize {
    let mut quoted = false;
    let unquoted = octets.iter().position(|octet| {
        quoted ^= octet.byte == b'"';
        octet.byte == b':' && !quoted
    });
    let colon = unquoted.or_else(|| octets.iter().position(|octet| octet.byte == b':'));
    colon.map_or(octets.len(), |colon| colon + 1)
}

/// The line without its folds or soft breaks, by the same rule as vcard-rs: a line is laid out in one way only.
fn unfolded(line: &[u8], base: usize, quoted_printable: bool) -> Vec<Octet> {
    let mut physical = line.split_inclusive(|&byte| byte == b'\n').peekable();
    let soft = quoted_printable && physical.peek().is_some_and(|first| content(first).ends_with(b"="));
    let (mut octets, mut at, mut first) = (Vec::with_capacity(line.len()), base, true);
    for part in physical {
        let mut content = content(part);
        if soft && content.ends_with(b"=") {
            content = &content[..content.len() - 1];
        }
        let fold = usize::from(!soft && !first && !content.is_empty());
        let bytes = content.iter().enumerate().skip(fold);
        octets.extend(bytes.map(|(i, &byte)| Octet { byte, start: at + i, end: at + i + 1 }));
        at += part.len();
        first = false;
    }
    octets
}

fn content(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

/// Resolves `=XX`; anything else behind an equals sign stays as it is.
fn decoded(octets: Vec<Octet>) -> Vec<Octet> {
    let hex = |octet: &Octet| char::from(octet.byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(octets.len());
    let mut rest = octets.into_iter().peekable();
    while let Some(octet) = rest.next() {
        let high = rest.peek().filter(|_| octet.byte == b'=').and_then(hex);
        let Some(high) = high else {
            decoded.push(octet);
            continue;
        };
        let first = rest.next();
        match rest.peek().and_then(hex) {
            Some(low) => {
                let end = rest.next().map_or(octet.end, |last| last.end);
                decoded.push(Octet { byte: high << 4 | low, start: octet.start, end });
            }
            None => decoded.extend([Some(octet), first].into_iter().flatten()),
        }
    }
    decoded
}

/// Cuts a value at its commas; the last octet is the mark of its end.
fn items(octets: &[Octet], encoding: &'static Encoding) -> Vec<Item> {
    let (mut items, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, octet) in octets.iter().enumerate() {
        let last = at + 1 == octets.len();
        if last || (octet.byte == b',' && !escaped) {
            items.push(item(&octets[start..at], octet, encoding));
            start = at + 1;
        }
        // Elsewhere a backslash can be the second half of a character.
        escaped = octet.byte == b'\\' && !escaped && encoding == UTF_8;
    }
    items
}

fn item(octets: &[Octet], next: &Octet, encoding: &'static Encoding) -> Item {
    let bytes: Vec<u8> = octets.iter().map(|octet| octet.byte).collect();
    let text = encoding.decode_without_bom_handling(&bytes).0;
    let start = octets.first().map_or(next.start, |octet| octet.start);
    let end = octets.last().map_or(start, |octet| octet.end);
    Item { text: unescaped(text.trim()), range: start..end }
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('\\', Some(&next @ (',' | ';' | ':' | '\\'))) => plain.push(next),
            ('\\', Some('n' | 'N')) => plain.push('\n'),
            _ => {
                plain.push(c);
                continue;
            }
        }
        rest.next();
    }
    plain
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        if byte == b' ' || (byte.is_ascii_graphic() && byte != b'=') {
            quoted.push(byte);
        } else {
            quoted.extend_from_slice(format!("={byte:02X}").as_bytes());
        }
    }
    quoted
}
