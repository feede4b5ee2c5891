//! A reader that counts lines and refuses to hand out more than a budget between two calls of [`Bounded::renew`].
//!
//! The XML reader keeps a whole tag in memory; without this, a file of one endless tag would fill it.

use std::io::{self, BufRead, Read};

use crate::problem::line_breaks;

/// The most bytes that one tag or text may take.
const BUDGET_BYTES: usize = 1 << 20;

pub(crate) struct Bounded<R> {
    inner: R,
    left: usize,
    lines: usize,
}

impl<R: BufRead> Bounded<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, left: BUDGET_BYTES, lines: 0 }
    }

    /// Grants the budget anew.
    pub(crate) fn renew(&mut self) {
        self.left = BUDGET_BYTES;
    }

    /// The number of the line that is read next, from 1.
    pub(crate) fn line(&self) -> usize {
        self.lines + 1
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let available = self.inner.fill_buf()?;
        if self.left == 0 && !available.is_empty() {
            return Err(io::Error::other(format!("an entry takes more than {BUDGET_BYTES} bytes")));
        }
        Ok(&available[..available.len().min(self.left)])
    }

    fn consume(&mut self, amount: usize) {
        // What was handed out a moment ago is still buffered, so this reads nothing.
        let taken = self.inner.fill_buf().unwrap_or_default();
        self.lines += line_breaks(&taken[..amount.min(taken.len())]);
        self.left = self.left.saturating_sub(amount);
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let amount = available.len().min(out.len());
        out[..amount].copy_from_slice(&available[..amount]);
        self.consume(amount);
        Ok(amount)
    }
}
