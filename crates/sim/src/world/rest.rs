//! Once all is at rest: what the store has, and what the others' own books have.

use std::collections::BTreeSet;

use ringback_core::{LineId, ledger::Account};
use ringback_store::Filter;

use super::{World, record::stage};
use crate::{
    history::{Booked, Fact, Posted, Rested, key},
    provider,
};

impl World {
    pub(super) fn rest(&mut self) {
        let store = self.db.store();
        let facts = &mut self.history.facts;
        for finding in self.db.sure(store.verify()) {
            facts.push(Fact::Found(finding.invariant, finding.detail));
        }
        let posted = self.db.sure(store.statement(0, u32::MAX));
        self.balances(&posted);
        for posted in posted {
            let transaction = posted.transaction;
            let (key, kind, legs) = (key(&transaction.reference), transaction.kind, transaction.postings);
            self.history.push(Fact::Posted(Posted { key, kind, legs }));
        }
        self.others();
        for line in self.db.sure(self.db.store().lines(&Filter::default(), LineId(0), u32::MAX)) {
            let (stage, to_settle) = (stage(&line.state), line.to_settle().count());
            self.history.push(Fact::Rested(Rested { line: line.id, stage, to_settle }));
        }
    }

    /// M2: each cached balance beside the fold of its postings.
    fn balances(&mut self, posted: &[ringback_store::Posted]) {
        for balance in self.db.sure(self.db.store().balances()) {
            let of = posted.iter().filter(|posted| posted.transaction.provider == balance.provider);
            let legs = of.flat_map(|posted| &posted.transaction.postings);
            let same = |account: Account| account == balance.account;
            let fold = legs
                .filter(|leg| same(leg.account) && leg.amount.currency() == balance.amount.currency())
                .map(|leg| leg.amount.minor())
                .sum();
            self.history.push(Fact::Balance(balance.amount.minor(), fold));
        }
    }

    /// M4, M5: the providers' and the desk's own books, and what the store says of each order.
    fn others(&mut self) {
        let booked = self.providers.iter().flat_map(|provider| &provider.bookings).map(|booking| &booking.order);
        let orders: BTreeSet<_> = self.ordered().map(|(_, order)| order).chain(booked).map(|o| &o.reference).collect();
        let references: Vec<_> = orders.into_iter().cloned().collect();
        for topup in self.db.sure(self.db.store().topups(&references)) {
            self.history.push(Fact::Kept(key(&topup.order.reference), topup.state));
        }
        for (place, provider) in self.providers.iter().enumerate() {
            for booking in &provider.bookings {
                let receipt = match booking.truth {
                    provider::Booked::Delivered(receipt) => Some((receipt, false)),
                    provider::Booked::Reversed(receipt) => Some((receipt, true)),
                    provider::Booked::Pending | provider::Booked::Refused(_) => None,
                };
                let key = key(&booking.order.reference);
                self.history.push(Fact::Booked(Booked { key, provider: place, receipt }));
            }
        }
        let open = ringback_store::ClaimFilter::Open(self.books());
        for claim in self.db.sure(self.db.store().claims(open)).iter().filter(|claim| claim.is_due()) {
            self.history.facts.push(Fact::OpenClaim(key(&claim.reference)));
        }
        for case in &self.desk.cases {
            let paid = self.desk.paid_minor(&case.reference);
            self.history.facts.push(Fact::DeskPaid(key(&case.reference), paid));
        }
    }
}
