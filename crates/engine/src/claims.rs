//! Claims under way: which desk is asked, when, and what its answer commits.

use std::collections::BTreeMap;

use ringback_core::{Claim, DeskReply, Msisdn, TopUpRef, claim};
use ringback_store::ClaimChange;

/// The longest wait between two questions to a desk.
const LONGEST_POLL_MS: u64 = 3_600_000;

#[derive(Debug, Default)]
pub(crate) struct Claims {
    open: BTreeMap<TopUpRef, Tracked>,
    changes: Vec<ClaimChange>,
}

#[derive(Debug)]
struct Tracked {
    claim: Claim,
    next_ms: u64,
    asked: u32,
    busy: bool,
}

impl Claims {
    pub(crate) fn track(&mut self, claim: Claim, uptime_ms: u64) {
        let tracked = Tracked { next_ms: uptime_ms, asked: 0, busy: false, claim };
        self.open.entry(tracked.claim.reference.clone()).or_insert(tracked);
    }

    /// The claims whose desk is to be asked now.
    pub(crate) fn due(&mut self, uptime_ms: u64) -> Vec<Claim> {
        let due = self.open.values_mut().filter(|t| !t.busy && t.claim.is_open() && t.next_ms <= uptime_ms);
        due.map(|tracked| {
            tracked.busy = true;
            tracked.claim.clone()
        })
        .collect()
    }

    /// A desk answered: asks again later, and commits what it said.
    pub(crate) fn answered(&mut self, reference: &TopUpRef, reply: DeskReply, uptime_ms: u64, poll_ms: u64) {
        let Some(tracked) = self.open.get_mut(reference) else { return };
        tracked.busy = false;
        tracked.asked += 1;
        let grown_ms = poll_ms.saturating_mul(1 << tracked.asked.saturating_sub(4).min(12));
        tracked.next_ms = uptime_ms + grown_ms.min(LONGEST_POLL_MS.max(poll_ms));
        self.happened(reference, claim::Event::Answered(reply));
    }

    /// Something happened to a claim: its change waits for the next commit.
    pub(crate) fn happened(&mut self, reference: &TopUpRef, event: claim::Event) {
        let change = ClaimChange { reference: reference.clone(), event };
        let Some(tracked) = self.open.get_mut(reference) else {
            // A closed claim is not kept here; what a person records about it is decided by the store.
            return self.changes.push(change);
        };
        if let Some((next, _)) = claim::step(&tracked.claim, &change.event) {
            tracked.claim = next;
            self.changes.push(change);
        }
    }

    /// The store withdrew the claims of an active line (R6); the same is done here.
    pub(crate) fn withdrawn(&mut self, msisdn: Msisdn) {
        for tracked in self.open.values_mut().filter(|t| t.claim.msisdn == msisdn) {
            if let Some((next, _)) = claim::step(&tracked.claim, &claim::Event::Withdrawn) {
                tracked.claim = next;
            }
        }
    }

    pub(crate) fn take_changes(&mut self) -> Vec<ClaimChange> {
        self.open.retain(|_, tracked| tracked.busy || tracked.claim.is_open());
        std::mem::take(&mut self.changes)
    }

    pub(crate) fn put_back(&mut self, mut changes: Vec<ClaimChange>) {
        changes.append(&mut self.changes);
        self.changes = changes;
    }

    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.open.values().filter(|t| !t.busy && t.claim.is_open()).map(|t| t.next_ms).min()
    }

    pub(crate) fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    pub(crate) fn open(&self) -> usize {
        self.open.values().filter(|tracked| tracked.claim.is_open()).count()
    }
}
