//! A whole file of contacts, in segments that keep every byte.

use crate::{
    card::{Card, card},
    lines::lines,
    problem::{Problem, line_breaks},
    split::split,
};

/// A file of contacts. The concatenation of its segments' bytes is the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressBook<'a> {
    /// The parts of the file in its order.
    pub segments: Vec<Segment<'a>>,
}

/// One card with the blank lines around it, or text that belongs to no card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Its bytes, as they stand in the file.
    pub raw: &'a [u8],
    /// The number of its first line in the file, from 1.
    pub line: usize,
    /// The contact, or why it cannot be read.
    pub content: Result<Card, Problem>,
}

/// Reads a file of vCards 2.1, 3.0 and 4.0, mixed as they may be.
///
/// Never fails: a card that cannot be read is a segment with a [`Problem`], and the rest goes on.
pub fn read(bytes: &[u8]) -> AddressBook<'_> {
    let mut line = 1;
    let mut segment = |raw| {
        let first = line;
        line += line_breaks(raw);
        let content = lines(raw).and_then(|lines| card(raw, lines));
        Segment { raw, line: first, content: content.map_err(|problem| problem.within(first)) }
    };
    AddressBook { segments: split(bytes).into_iter().map(&mut segment).collect() }
}

impl AddressBook<'_> {
    /// The contacts and groups that could be read.
    pub fn cards(&self) -> impl Iterator<Item = &Card> {
        self.segments.iter().filter_map(|segment| segment.content.as_ref().ok())
    }

    /// What could not be read.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.segments.iter().filter_map(|segment| segment.content.as_ref().err())
    }
}
