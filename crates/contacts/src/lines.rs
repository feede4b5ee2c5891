//! The logical lines of one card with their places in its bytes, tokenised by vcard-rs.

use std::ops::Range;

use vcard::{
    tree::{codec::mode::VcardEscaper, error::VcardParseError, line::VcardLine},
    version::VcardVersion,
};

use crate::{problem::Problem, split::without_bom};

/// The longest card that is read, photo included.
const MAX_CARD_BYTES: usize = 8 << 20;

/// The most logical lines of a card.
const MAX_LINES: usize = 10_000;

/// A card's lines, without those of a card nested in it.
pub(crate) struct Lines<'a> {
    /// The version that its `VERSION` states; 4.0 where it states none.
    pub(crate) version: VcardVersion,
    /// Its properties in order.
    pub(crate) properties: Vec<Placed<'a>>,
    /// The line break after `BEGIN:VCARD`.
    pub(crate) line_break: &'static str,
    /// Where one more property can be put.
    pub(crate) room_at: usize,
    /// Where the bytes behind the card start.
    pub(crate) end_at: usize,
}

/// A logical line and the bytes that it takes, its line break included.
pub(crate) struct Placed<'a> {
    pub(crate) line: VcardLine<'a>,
    pub(crate) range: Range<usize>,
}

/// Reads the lines of the card that starts `raw`, after blank lines and a byte order mark.
pub(crate) fn lines(raw: &[u8]) -> Result<Lines<'_>, Problem> {
    if raw.len() > MAX_CARD_BYTES {
        let reason = format!("the card takes {} bytes and at most {MAX_CARD_BYTES} are read", raw.len());
        return Err(Problem::at(raw, 0, "BEGIN", reason, "make its photo smaller and export again"));
    }
    let mut scan = Scan {
        raw,
        at: raw.len() - without_bom(raw).len(),
        begin_at: 0,
        last_end: 0,
        depth: 0,
        properties: Vec::new(),
    };
    let line_break = scan.begin()?;
    let end = scan.properties()?;
    let version = version(&scan.properties);
    for placed in &mut scan.properties {
        placed.line.value.escaper = VcardEscaper::for_version(version);
    }
    let room_at = if indented(&raw[end.start..]) { scan.last_end } else { end.start };
    Ok(Lines { version, properties: scan.properties, line_break, room_at, end_at: end.end })
}

impl Lines<'_> {
    /// The properties of a name, whatever group they carry.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Placed<'_>> {
        self.properties.iter().filter(move |placed| placed.is(name))
    }

    /// Whether the card is a group of contacts and no contact.
    pub(crate) fn is_group(&self) -> bool {
        ["KIND", "X-ADDRESSBOOKSERVER-KIND"].iter().flat_map(|name| self.named(name)).any(|placed| {
            let kind = placed.line.value.decode();
            kind.trim().eq_ignore_ascii_case("group")
        })
    }
}

/// Whether a line's value is base64.
pub(crate) fn is_base64(line: &VcardLine<'_>) -> bool {
    let named =
        |param: &str| ["ENCODING=BASE64", "ENCODING=B", "BASE64"].iter().any(|name| param.eq_ignore_ascii_case(name));
    line.params.iter().any(|param| named(&param.to_string()))
}

impl Placed<'_> {
    /// Whether it is a property of this name, whatever group it carries.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.line.bare_name().eq_ignore_ascii_case(name)
    }
}

struct Scan<'a> {
    raw: &'a [u8],
    at: usize,
    begin_at: usize,
    /// Where the last logical line ended, before blank lines.
    last_end: usize,
    depth: usize,
    properties: Vec<Placed<'a>>,
}

impl<'a> Scan<'a> {
    /// Takes `BEGIN:VCARD` and tells its line break.
    fn begin(&mut self) -> Result<&'static str, Problem> {
        self.skip_blank();
        self.begin_at = self.at;
        let line = self.take().ok().filter(|line| is(line, "BEGIN"));
        let line = line.ok_or_else(|| outside(self.raw, self.begin_at))?;
        Ok(if line.eol.get() == "\n" { "\n" } else { "\r\n" })
    }

    /// Takes all properties and tells where `END:VCARD` stands.
    fn properties(&mut self) -> Result<Range<usize>, Problem> {
        for _ in 0..MAX_LINES {
            self.last_end = self.at;
            self.skip_blank();
            if self.at == self.raw.len() {
                return Err(self.problem(
                    self.begin_at,
                    "END",
                    "the card has no END:VCARD",
                    "the file was cut: export it again",
                ));
            }
            let start = self.at;
            match self.take() {
                Ok(line) if self.depth == 0 && is(&line, "END") => return Ok(start..self.at),
                Ok(line) => self.keep(line, start),
                Err(error) if self.continues_base64(&error) => self.skip_base64(start),
                Err(error) => return Err(self.refused(start, &error)),
            }
        }
        let reason = format!("the card has more than {MAX_LINES} lines");
        Err(self.problem(self.at, "END", &reason, "split the contact or export it again"))
    }

    fn keep(&mut self, line: VcardLine<'a>, start: usize) {
        let name = line.name.get();
        if name.eq_ignore_ascii_case("BEGIN") {
            self.depth += 1;
        } else if name.eq_ignore_ascii_case("END") {
            self.depth = self.depth.saturating_sub(1);
        } else if self.depth == 0 {
            let nests = name.eq_ignore_ascii_case("AGENT") && is_card_start(line.raw_value());
            self.depth += usize::from(nests);
            self.properties.push(Placed { line, range: start..self.at });
        }
    }

    fn take(&mut self) -> Result<VcardLine<'a>, VcardParseError> {
        let (line, rest) = VcardLine::take(&self.raw[self.at..])?;
        self.at = self.raw.len() - rest.len();
        Ok(line)
    }

    fn skip_blank(&mut self) {
        while let Some(length) = line_length(&self.raw[self.at..])
            && self.raw[self.at..self.at + length].trim_ascii().is_empty()
        {
            self.at += length;
        }
    }

    /// Old phones write the lines of a photo without the space that would fold them.
    fn continues_base64(&self, error: &VcardParseError) -> bool {
        let after_base64 = self.properties.last().is_some_and(|placed| is_base64(&placed.line));
        after_base64 && matches!(error, VcardParseError::MissingPropertyColon(_))
    }

    fn skip_base64(&mut self, start: usize) {
        self.at = start;
        while let Some(length) = line_length(&self.raw[self.at..])
            && is_bare(&self.raw[self.at..self.at + length])
        {
            self.at += length;
        }
        if let Some(placed) = self.properties.last_mut() {
            placed.range.end = self.at;
        }
    }

    fn refused(&self, start: usize, error: &VcardParseError) -> Problem {
        let reason = match error {
            VcardParseError::NonUtf8Header(_) => "the property's name or parameters are not UTF-8",
            _ => "the line has no colon after its property's name",
        };
        let remedy = "correct or delete the line, or export the contact again";
        self.problem(start, &field(&self.raw[start..]), reason, remedy)
    }

    fn problem(&self, at: usize, field: &str, reason: &str, remedy: &str) -> Problem {
        Problem::at(self.raw, at, field, reason, remedy)
    }
}

fn outside(raw: &[u8], at: usize) -> Problem {
    let utf16 = raw.starts_with(b"\xFF\xFE") || raw.starts_with(b"\xFE\xFF");
    let (reason, remedy) = if utf16 {
        ("the file is UTF-16", "save it as UTF-8")
    } else {
        ("the text stands outside of a card", "check that each contact starts with BEGIN:VCARD")
    };
    Problem::at(raw, at, "BEGIN", reason, remedy)
}

fn version(properties: &[Placed<'_>]) -> VcardVersion {
    let stated = properties.iter().find(|placed| placed.line.name.get().eq_ignore_ascii_case("VERSION"));
    let version = stated.and_then(|placed| placed.line.raw_value_str().trim().parse().ok());
    version.unwrap_or(VcardVersion::V4_0)
}

/// Whether a line opens or closes a card.
fn is(line: &VcardLine<'_>, name: &str) -> bool {
    line.name.get().eq_ignore_ascii_case(name) && line.raw_value_str().trim().eq_ignore_ascii_case("VCARD")
}

fn is_card_start(value: &[u8]) -> bool {
    value.trim_ascii().eq_ignore_ascii_case(b"BEGIN:VCARD")
}

/// Whether a line starts with the white space that would fold it into the line before.
fn indented(line: &[u8]) -> bool {
    line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

/// Whether a line is neither a property nor blank.
fn is_bare(line: &[u8]) -> bool {
    memchr::memchr(b':', line).is_none() && !line.trim_ascii().is_empty()
}

/// The length of the first physical line with its break; nothing at the end.
fn line_length(bytes: &[u8]) -> Option<usize> {
    let length = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
    (length > 0).then_some(length)
}

/// The beginning of a broken line, short and printable, to name it by.
fn field(line: &[u8]) -> String {
    let name = line.split(|byte| b":;\r\n".contains(byte)).next().unwrap_or_default();
    let name: String = String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).take(24).collect();
    if name.chars().any(char::is_alphabetic) { name } else { "line".into() }
}
