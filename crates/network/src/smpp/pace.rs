//! How fast an SMSC takes texts: as fast as it can, until it says that it is too much.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

/// The first gap between two texts after the SMSC said that they come too fast.
const FIRST: Duration = Duration::from_millis(20);

/// The largest gap; whoever gives up earlier has a deadline.
const LARGEST: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Pace(Mutex<State>);

#[derive(Default)]
struct State {
    /// The time between two texts; none while nobody complained.
    gap: Duration,
    /// When the next text may leave.
    next: Option<Instant>,
}

impl Pace {
    /// Waits until the next text may leave.
    pub(super) async fn turn(&self) {
        let at = self.lock().reserve(Instant::now());
        if let Some(at) = at {
            sleep_until(at).await;
        }
    }

    /// The SMSC was too busy: twice the gap.
    pub(super) fn slower(&self) {
        let mut state = self.lock();
        state.gap = (state.gap * 2).clamp(FIRST, LARGEST);
    }

    /// The SMSC took a text: a little less of a gap, and none where it is small.
    pub(super) fn faster(&self) {
        let mut state = self.lock();
        let less = state.gap * 9 / 10;
        state.gap = if less < FIRST / 2 { Duration::ZERO } else { less };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// When the next text may leave; nothing where it may at once.
    fn reserve(&mut self, now: Instant) -> Option<Instant> {
        if self.gap.is_zero() {
            self.next = None;
            return None;
        }
        let at = self.next.map_or(now, |next| next.max(now)) + self.gap;
        self.next = Some(at);
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_leave_at_once_until_it_is_too_much_and_again_afterwards() {
        let (pace, now) = (Pace::default(), Instant::now());
        assert_eq!(pace.lock().reserve(now), None);
        pace.slower();
        pace.slower();
        assert_eq!(pace.lock().reserve(now), Some(now + FIRST * 2));
        assert_eq!(pace.lock().reserve(now), Some(now + FIRST * 4), "one after the other");
        (0..100).for_each(|_| pace.slower());
        assert_eq!(pace.lock().gap, LARGEST);
        (0..100).for_each(|_| pace.faster());
        assert_eq!(pace.lock().reserve(now), None);
    }
}
