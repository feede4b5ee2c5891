//! The pages of a statement, put together (M4).

use std::collections::HashSet;

use serde_json::Value;

use super::wire::{Page, Transaction};
use crate::StatementRow;

/// Pages read at most: a statement of 31 days of the busiest owner has fewer. More are an error, never a cut statement.
const MOST_PAGES: usize = 5_000;

/// What was read of a statement so far.
#[derive(Default)]
pub(super) struct Pages {
    pub(super) rows: Vec<StatementRow>,
    ids: HashSet<Value>,
    /// Rows that were on the pages, those about nobody's number included.
    taken: usize,
    /// Rows that the first page said there are; what is booked after it may be missed.
    declared: usize,
}

impl Pages {
    /// Adds a page, and says whether it was the last. A row that moved to a later page meanwhile counts once; two
    /// top-ups with one reference are two rows. An error when the statement would be cut.
    pub(super) fn add(&mut self, number: usize, page: Page, size: usize) -> Result<bool, String> {
        if number == 1 {
            self.declared = page.total_elements.unwrap_or_default();
        }
        let (ends, empty) = (page.is_last(number, size), page.content.is_empty());
        let new: Vec<Transaction> = page.transactions().filter(|row| self.is_new(row)).collect();
        self.taken += new.len();
        self.rows.extend(new.iter().filter_map(Transaction::statement_row));
        match ends {
            true if self.taken < self.declared => {
                Err(format!("the statement has {} of {} rows", self.taken, self.declared))
            }
            true if empty => Ok(true),
            _ if new.is_empty() => Err(format!("page {number} of the statement brings nothing new")),
            false if number >= MOST_PAGES => Err(format!("the statement does not end with page {number}")),
            _ => Ok(ends),
        }
    }

    fn is_new(&mut self, row: &Transaction) -> bool {
        row.id.clone().is_none_or(|id| self.ids.insert(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_a_statement_without_an_end_is_an_error() {
        let full = || serde_json::from_str::<Page>(r#"{ "content": [{}, {}] }"#).unwrap();
        let mut pages = Pages::default();
        assert!((1..MOST_PAGES).all(|number| pages.add(number, full(), 2) == Ok(false)));
        assert!(pages.add(MOST_PAGES, full(), 2).is_err());
    }
}
