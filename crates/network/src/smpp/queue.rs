//! What was heard and nobody has taken yet: bounded, the oldest goes first.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::texts::Heard;

const LONGEST: usize = 4_096;

#[derive(Default)]
pub(super) struct Queue {
    heard: Mutex<VecDeque<Heard>>,
    arrived: Notify,
}

impl Queue {
    pub(super) fn push(&self, heard: Heard) {
        let mut queue = self.lock();
        if queue.len() == LONGEST {
            queue.pop_front();
        }
        queue.push_back(heard);
        drop(queue);
        self.arrived.notify_one();
    }

    pub(super) async fn next(&self) -> Heard {
        loop {
            let arrived = self.arrived.notified();
            let next = self.lock().pop_front();
            match next {
                Some(heard) => return heard,
                None => arrived.await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Heard>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::MessageId;

    #[tokio::test]
    async fn a_storm_takes_no_memory_and_the_newest_stay() {
        let queue = Queue::default();
        let heard =
            |number: usize| Heard::Undelivered { message: MessageId(number.to_string()), reason: String::new() };
        (0..10_000).for_each(|number| queue.push(heard(number)));
        assert_eq!(queue.lock().len(), LONGEST);
        assert_eq!(queue.next().await, heard(10_000 - LONGEST));
    }
}
