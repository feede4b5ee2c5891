//! An old backup is put back (S3): what was paid since stands in the providers' books alone.

use ringback_core::{Order, TopUpRef};
use ringback_store::Memory;

use super::{BEGINNING_MS, World};
use crate::{history::Fact, provider::Booked, random::Random};

/// In one world of so many the database is lost once faults stop.
const WORLDS: u64 = 16;

/// What a world has for the day on which its database is lost.
#[derive(Debug)]
pub(super) struct Backup {
    /// At which step it is made.
    step: u32,
    /// When it was made, truly, and what it has.
    made: Option<(u64, Memory)>,
}

impl Backup {
    /// The backup that a seed makes, if any; it is drawn apart, so that other seeds stay what they are.
    pub(super) fn drawn(seed: u64, steps: u32) -> Option<Self> {
        let step = || u32::try_from(Random::seeded(!seed).below(steps.into())).unwrap_or(0);
        (seed % WORLDS == WORLDS - 1).then(|| Self { step: step(), made: None })
    }
}

impl World {
    /// Makes the backup at its step.
    pub(super) fn back_up(&mut self, step: u32) {
        if let Some(backup) = self.backup.as_mut().filter(|backup| backup.step == step) {
            backup.made = self.db.backup().map(|memory| (self.t_ms, memory));
        }
    }

    /// The database is lost, and a process starts on the backup, fenced.
    pub(super) fn put_back(&mut self) {
        let Some((at_ms, memory)) = self.backup.take().and_then(|backup| backup.made) else { return };
        for worker in 0..self.workers.len() {
            if self.workers[worker].alive {
                self.crash(worker);
            }
        }
        self.tell(|_| "AN OLD BACKUP IS PUT BACK".into());
        self.history.push(Fact::PutBack);
        self.db.put_back(memory);
        let since_ms = BEGINNING_MS + i64::try_from(at_ms).unwrap_or(i64::MAX / 2);
        self.db.sure(self.db.store().fence(since_ms));
        let stopped = self.db.sure(self.db.store().switches()).stop();
        self.switched(stopped);
        self.put_back = true;
        self.spawn(false);
    }

    /// Whether an order leaves before the ledger is reconciled with what its provider has of that number (S3).
    pub(super) fn is_unreconciled(&self, order: &Order) -> bool {
        let delivered = |provider: &crate::provider::Provider| {
            let of = provider.bookings.iter().filter(|booking| booking.order.msisdn == order.msisdn);
            let paid = of.filter(|booking| matches!(booking.truth, Booked::Delivered(_)));
            paid.map(|booking| booking.order.reference.clone()).collect::<Vec<TopUpRef>>()
        };
        let references = delivered(&self.providers[self.provider_place(&order.provider)]);
        let known = self.db.sure(self.db.store().topups(&references)).len();
        known < references.len() || self.db.sure(self.db.store().fenced(&self.books())).is_some()
    }
}
