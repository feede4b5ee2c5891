//! Long texts arrive in pieces, in any order, perhaps never all.

use std::time::{Duration, Instant};

/// Texts of which pieces are missing; the oldest goes first.
const MOST: usize = 64;

/// How long a text waits for its other pieces.
const PATIENCE: Duration = Duration::from_mins(10);

/// One piece's place in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The sender's number for the text.
    pub(super) reference: u16,
    /// How many pieces it has.
    pub(super) total: u8,
    /// Which one it is, from one.
    pub(super) number: u8,
}

#[derive(Default)]
pub(super) struct Pieces {
    waiting: Vec<Waiting>,
}

struct Waiting {
    from: String,
    reference: u16,
    begun: Instant,
    pieces: Vec<Option<Vec<u8>>>,
}

impl Pieces {
    /// Takes a piece; the whole text with the last one that was missing. A number that no text can have is no piece.
    pub(super) fn take(&mut self, from: &str, place: Place, body: Vec<u8>, now: Instant) -> Option<Vec<u8>> {
        let Place { reference, total, number } = place;
        let number = usize::from(number.checked_sub(1).filter(|_| place.number <= total)?);
        self.waiting.retain(|waiting| waiting.begun + PATIENCE > now);
        let same = |waiting: &Waiting| {
            (waiting.from.as_str(), waiting.reference, waiting.pieces.len()) == (from, reference, usize::from(total))
        };
        // A piece that is there already begins a new text under an old number.
        self.waiting.retain(|waiting| !(same(waiting) && waiting.pieces[number].is_some()));
        let found = self.waiting.iter().position(same).unwrap_or_else(|| {
            if self.waiting.len() == MOST {
                self.waiting.remove(0);
            }
            self.waiting.push(Waiting {
                from: from.to_owned(),
                reference,
                begun: now,
                pieces: vec![None; usize::from(total)],
            });
            self.waiting.len() - 1
        });
        self.waiting[found].pieces[number] = Some(body);
        let is_whole = self.waiting[found].pieces.iter().all(Option::is_some);
        is_whole.then(|| self.waiting.remove(found).pieces.into_iter().flatten().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(reference: u16, total: u8, number: u8) -> Place {
        Place { reference, total, number }
    }

    #[test]
    fn pieces_in_any_order_make_a_text() {
        let (mut pieces, now) = (Pieces::default(), Instant::now());
        assert_eq!(pieces.take("10086", place(7, 3, 2), b"b".into(), now), None);
        assert_eq!(pieces.take("10086", place(7, 3, 3), b"c".into(), now), None);
        for other in [place(8, 3, 1), place(7, 2, 1), place(7, 3, 0), place(7, 3, 4), place(7, 0, 0)] {
            assert_eq!(pieces.take("10086", other, b"x".into(), now), None);
        }
        assert_eq!(pieces.take("10010", place(7, 3, 1), b"x".into(), now), None, "of another sender");
        assert_eq!(pieces.take("10086", place(7, 3, 1), b"a".into(), now).as_deref(), Some(&b"abc"[..]));
        assert_eq!(pieces.take("10086", place(7, 1, 1), b"d".into(), now).as_deref(), Some(&b"d"[..]));
    }

    #[test]
    fn a_number_that_is_used_again_begins_a_new_text() {
        let (mut pieces, now) = (Pieces::default(), Instant::now());
        pieces.take("10086", place(7, 2, 1), b"old".into(), now);
        pieces.take("10086", place(7, 2, 1), b"new".into(), now);
        assert_eq!(pieces.take("10086", place(7, 2, 2), b"!".into(), now).as_deref(), Some(&b"new!"[..]));
        pieces.take("10086", place(7, 2, 1), b"old".into(), now);
        assert_eq!(pieces.take("10086", place(7, 2, 2), b"!".into(), now + PATIENCE), None);
    }

    #[test]
    fn texts_that_are_never_whole_take_no_memory() {
        let (mut pieces, now) = (Pieces::default(), Instant::now());
        for reference in 0..10_000 {
            pieces.take("10086", place(reference, 255, 1), vec![0; 140], now);
        }
        assert_eq!(pieces.waiting.len(), MOST);
    }
}
