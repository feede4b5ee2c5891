//! Claims under way: which desk is asked, when, and what its answer commits.

use std::collections::{BTreeMap, BTreeSet};

use ringback_core::{Claim, DeskReply, LineId, TopUpRef, claim, mutant};
use ringback_store::ClaimChange;

/// The longest wait between two questions to a desk.
const LONGEST_POLL_MS: u64 = 3_600_000;

/// The wait before a desk is asked about a claim that may have ended in the store.
const UNSURE_MS: u64 = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Claims {
    open: BTreeMap<TopUpRef, Tracked>,
    /// When each claim's desk is asked next.
    due: BTreeSet<(u64, TopUpRef)>,
    changes: Vec<ClaimChange>,
}

#[derive(Debug)]
struct Tracked {
    claim: Claim,
    asked: u32,
    /// Whether its time came while it was frozen: it is asked about when it is thawed.
    passed_over: bool,
    /// Whether the store is asked which claims are open, and did not name this one so far.
    unsure: bool,
    /// Whether the store had ended it when it was asked; an answer of its desk may still be on its way.
    ended: bool,
}

impl Claims {
    /// A claim as it is stored. One that is known already may have been frozen or thawed by another process, or by a
    /// commit that only seemed to fail (K4).
    pub(crate) fn track(&mut self, claim: Claim, uptime_ms: u64) {
        let reference = claim.reference.clone();
        if let Some(known) = self.open.get_mut(&reference) {
            (known.claim.frozen, known.unsure) = (claim.frozen, false);
            if !claim.frozen && std::mem::take(&mut known.passed_over) {
                self.due.insert((uptime_ms, reference));
            }
        } else if claim.is_open() {
            self.due.insert((uptime_ms, reference.clone()));
            self.open.insert(reference, Tracked { claim, asked: 0, passed_over: false, unsure: false, ended: false });
        }
    }

    /// The store is asked which claims are open.
    pub(crate) fn doubt(&mut self) {
        self.open.values_mut().for_each(|tracked| tracked.unsure = true);
    }

    /// Every claim that is open in the store. One that was known before the question and is not among them has ended
    /// there: no desk is asked about it any more (R5).
    pub(crate) fn track_all(&mut self, claims: Vec<Claim>, uptime_ms: u64) {
        for claim in claims {
            self.track(claim, uptime_ms);
        }
        self.open.values_mut().for_each(|tracked| tracked.ended |= tracked.unsure);
    }

    /// The claims whose time has come, each with its desk.
    pub(crate) fn due(&mut self, uptime_ms: u64) -> Vec<(String, TopUpRef)> {
        let mut due = Vec::new();
        while self.due.first().is_some_and(|(at_ms, _)| *at_ms <= uptime_ms)
            && let Some((_, reference)) = self.due.pop_first()
        {
            due.extend(self.open.get(&reference).map(|tracked| (tracked.claim.desk.clone(), reference)));
        }
        due
    }

    /// The claim as its desk is asked about it now; nothing where that is over. While the database fails, or is being asked
    /// which claims are open, nobody knows whether this one is: it waits for a moment (R5).
    pub(crate) fn question(&mut self, reference: &TopUpRef, uptime_ms: u64, failing: bool) -> Option<Claim> {
        let tracked = self.open.get_mut(reference)?;
        if tracked.ended || !tracked.claim.is_open() {
            self.open.remove(reference);
            return None;
        }
        if failing || tracked.unsure {
            self.due.insert((uptime_ms + UNSURE_MS, reference.clone()));
            return None;
        }
        tracked.passed_over = tracked.claim.frozen;
        let mut question = tracked.claim.clone();
        if mutant!("a desk is asked for more than was claimed") {
            question.claimed = question.claimed.plus(question.claimed).unwrap_or(question.claimed);
        }
        tracked.claim.is_due().then_some(question)
    }

    /// A desk answered: it is asked again later, and what it said is committed. Returns the desk.
    pub(crate) fn answered(
        &mut self,
        reference: &TopUpRef,
        reply: DeskReply,
        uptime_ms: u64,
        poll_ms: u64,
    ) -> Option<String> {
        let tracked = self.open.get_mut(reference)?;
        tracked.asked += 1;
        let grown_ms = poll_ms.saturating_mul(1 << tracked.asked.saturating_sub(4).min(12));
        self.due.insert((uptime_ms + grown_ms.min(LONGEST_POLL_MS.max(poll_ms)), reference.clone()));
        let desk = tracked.claim.desk.clone();
        self.happened(reference, claim::Event::Answered(reply));
        Some(desk)
    }

    /// Something happened to a claim: its change waits for the next commit, where the store decides what it changes.
    pub(crate) fn happened(&mut self, reference: &TopUpRef, event: claim::Event) {
        if self.mirror(reference, &event) {
            self.changes.push(ClaimChange { reference: reference.clone(), event });
        }
    }

    /// What the store did with a claim is done here as well; false where it changes nothing. A closed claim is not kept
    /// here, so that nothing is known of it.
    pub(crate) fn mirror(&mut self, reference: &TopUpRef, event: &claim::Event) -> bool {
        let Some(tracked) = self.open.get_mut(reference) else { return true };
        let next = claim::step(&tracked.claim, event);
        next.is_some_and(|(next, _)| {
            tracked.claim = next;
            true
        })
    }

    /// The same for every open claim of a line (R6, K4).
    pub(crate) fn happened_to_line(&mut self, line: LineId, event: &claim::Event) {
        for (reference, tracked) in self.open.iter_mut().filter(|(_, t)| t.claim.line == line) {
            if let Some((next, _)) = claim::step(&tracked.claim, event) {
                tracked.claim = next;
                if !tracked.claim.frozen && std::mem::take(&mut tracked.passed_over) {
                    self.due.insert((0, reference.clone()));
                }
            }
        }
    }

    pub(crate) fn take_changes(&mut self) -> Vec<ClaimChange> {
        std::mem::take(&mut self.changes)
    }

    pub(crate) fn put_back(&mut self, mut changes: Vec<ClaimChange>) {
        changes.append(&mut self.changes);
        self.changes = changes;
    }

    pub(crate) fn next_ms(&self) -> Option<u64> {
        self.due.first().map(|(at_ms, _)| *at_ms)
    }

    pub(crate) fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    pub(crate) fn open(&self, counts: impl Fn(&str) -> bool) -> usize {
        let open = self.open.values().filter(|tracked| !tracked.ended);
        open.filter(|tracked| tracked.claim.is_due() && counts(&tracked.claim.desk)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(frozen: bool) -> Claim {
        Claim {
            reference: TopUpRef::from_random(1),
            line: LineId(1),
            msisdn: "+8613800138000".parse().expect("a number"),
            provider: "p".into(),
            desk: "desk".into(),
            claimed: "8 CNY".parse().expect("an amount"),
            state: claim::State::Requested,
            frozen,
        }
    }

    /// What the desk is asked while the database works.
    fn asked(claims: &mut Claims) -> Option<Claim> {
        claims.question(&claim(false).reference, 0, false)
    }

    /// Found by seed 1071662: the commit that froze it was reported as failed.
    #[test]
    fn k4_a_claim_that_was_frozen_elsewhere_is_not_asked_for_before_it_is_thawed() {
        let mut claims = Claims::default();
        claims.track(claim(false), 0);
        claims.track(claim(true), 1);
        assert_eq!((claims.due(1).len(), asked(&mut claims)), (1, None));
        claims.track(claim(false), 2);
        assert_eq!((claims.due(2).len(), asked(&mut claims)), (1, Some(claim(false))));
    }

    /// Found by seed 315827: the commit that ended it was reported as failed.
    #[test]
    fn r5_a_claim_that_ended_elsewhere_is_not_asked_for_any_more() {
        let mut claims = Claims::default();
        claims.track(claim(false), 0);
        claims.doubt();
        claims.track_all(Vec::new(), 1);
        assert_eq!((claims.open(|_| true), asked(&mut claims)), (0, None));
    }

    /// Found by seeds 6421061 and 7372125: a commit that was reported as failed had ended it.
    #[test]
    fn r5_no_desk_is_asked_while_nobody_knows_what_the_store_holds() {
        let (mut claims, reference) = (Claims::default(), claim(false).reference);
        claims.track(claim(false), 0);
        assert_eq!((claims.due(0).len(), claims.question(&reference, 0, true)), (1, None), "the database fails");
        claims.doubt();
        assert_eq!(
            (claims.due(1_000).len(), claims.question(&reference, 1_000, false)),
            (1, None),
            "it is being asked"
        );
        claims.track_all(vec![claim(false)], 1_500);
        assert_eq!((claims.due(2_000).len(), asked(&mut claims)), (1, Some(claim(false))), "it is open");
    }

    #[test]
    fn r1_a_claim_that_is_made_while_the_store_is_asked_is_kept() {
        let mut claims = Claims::default();
        claims.doubt();
        claims.track(claim(false), 0);
        claims.track_all(Vec::new(), 1);
        assert_eq!(asked(&mut claims), Some(claim(false)));
    }
}
