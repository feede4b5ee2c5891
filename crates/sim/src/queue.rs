//! What is on its way, by the time at which it arrives.

use std::{cmp::Reverse, collections::BinaryHeap};

/// A queue by time; what is due at the same time comes in the order in which it was put in.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    heap: BinaryHeap<Reverse<(u64, u64, usize)>>,
    slots: Vec<Option<T>>,
    free: Vec<usize>,
    sequence: u64,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), sequence: 0 }
    }

    pub(crate) fn push(&mut self, at_ms: u64, item: T) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[slot] = Some(item);
        self.sequence += 1;
        self.heap.push(Reverse((at_ms, self.sequence, slot)));
    }

    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((at_ms, ..))| *at_ms)
    }

    pub(crate) fn pop(&mut self) -> Option<(u64, T)> {
        let Reverse((at_ms, _, slot)) = self.heap.pop()?;
        self.free.push(slot);
        self.slots[slot].take().map(|item| (at_ms, item))
    }

    /// Takes everything out, in order.
    pub(crate) fn drain(&mut self) -> Vec<(u64, T)> {
        std::iter::from_fn(|| self.pop()).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}
