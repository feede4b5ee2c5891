//! Books, and what was imported into them.

use std::collections::{BTreeMap, BTreeSet};

use ringback_core::{BookId, Group, Line, LineId, Msisdn, Policy};

use super::tables::{Segment, Tables};
use crate::{Book, Contact, Imported, StoreError, StoredContact};

impl Tables {
    pub(super) fn save_book(&mut self, name: &str, region: &str, policy: &Policy) -> BookId {
        let (region, policy) = (region.to_owned(), policy.clone());
        if let Some(book) = self.books.iter_mut().find(|book| book.name == name) {
            (book.region, book.policy) = (region, policy);
            return book.id;
        }
        let id = BookId(i64::try_from(self.books.len() + 1).unwrap_or(i64::MAX));
        self.books.push(Book { id, name: name.to_owned(), region, policy });
        self.fences.extend(self.fence.map(|since_ms| (id, since_ms)));
        id
    }

    /// Fences every book, and those to come; the earliest of several fences stands (S3).
    pub(super) fn raise_fence(&mut self, since_ms: i64) {
        self.fence = Some(self.fence.map_or(since_ms, |earlier_ms| earlier_ms.min(since_ms)));
        for book in &self.books {
            let fence = self.fences.entry(book.id).or_insert(since_ms);
            *fence = since_ms.min(*fence);
        }
    }

    pub(super) fn import(&mut self, book: BookId, file: &str, contacts: &[Contact]) -> Result<Imported, StoreError> {
        if !self.books.iter().any(|known| known.id == book) {
            return Err(StoreError::Contradiction(format!("there is no book {}", book.0)));
        }
        self.segments.retain(|segment| (segment.book, &segment.file[..]) != (book, file));
        let mut known = self.numbers(book);
        let before = self.lines.len();
        let mut all = BTreeSet::new();
        for contact in contacts {
            let mut lines: Vec<LineId> = contact.numbers.iter().map(|n| self.line_of(book, *n, &mut known)).collect();
            lines.sort_unstable();
            lines.dedup();
            all.extend(lines.iter().copied());
            self.last_segment += 1;
            let (id, file) = (self.last_segment, file.to_owned());
            let (raw, name) = (contact.raw.clone(), contact.name.clone());
            self.segments.push(Segment { id, book, file, raw, name, lines });
        }
        let new_lines = (self.lines.len() - before) as u64;
        let contacts =
            contacts.iter().filter(|contact| !contact.name.is_empty() || !contact.numbers.is_empty()).count();
        Ok(Imported { contacts: contacts as u64, new_lines, known_lines: all.len() as u64 - new_lines })
    }

    fn numbers(&self, book: BookId) -> BTreeMap<Msisdn, LineId> {
        self.lines.iter().filter(|line| line.book == book).map(|line| (line.msisdn, line.id)).collect()
    }

    fn line_of(&mut self, book: BookId, number: Msisdn, known: &mut BTreeMap<Msisdn, LineId>) -> LineId {
        *known.entry(number).or_insert_with(|| {
            let id = LineId(i64::try_from(self.lines.len() + 1).unwrap_or(i64::MAX));
            self.lines.push(Line::imported(id, book, number));
            id
        })
    }

    pub(super) fn contacts_after(&self, book: BookId, file: &str, after: i64, limit: u32) -> Vec<StoredContact> {
        let of_file = |segment: &&Segment| segment.book == book && segment.file == file && segment.id > after;
        let contact = |segment: &Segment| StoredContact {
            id: segment.id,
            raw: segment.raw.clone(),
            name: segment.name.clone(),
            groups: self.groups(segment),
        };
        self.segments.iter().filter(of_file).take(limit as usize).map(contact).collect()
    }

    fn groups(&self, segment: &Segment) -> Vec<Group> {
        let lines = segment.lines.iter().filter_map(|id| self.line(*id));
        let groups = lines.filter(|line| line.consents.complete()).filter_map(Line::group);
        groups.collect::<BTreeSet<Group>>().into_iter().rev().collect()
    }

    pub(super) fn files(&self, book: BookId) -> Vec<String> {
        let of_book = self.segments.iter().filter(|segment| segment.book == book && !segment.file.is_empty());
        of_book.map(|segment| segment.file.clone()).collect::<BTreeSet<String>>().into_iter().collect()
    }

    pub(super) fn names(&self, ids: &[LineId]) -> Vec<(LineId, String)> {
        let wanted: BTreeSet<LineId> = ids.iter().copied().collect();
        let contacts = self.segments.iter().filter(|segment| !segment.name.is_empty());
        let mut names: Vec<(LineId, i64, &str)> = contacts
            .flat_map(|contact| contact.lines.iter().map(|line| (*line, contact.id, &contact.name[..])))
            .filter(|(line, ..)| wanted.contains(line))
            .collect();
        names.sort_unstable();
        names.into_iter().map(|(line, _, name)| (line, name.to_owned())).collect()
    }
}
