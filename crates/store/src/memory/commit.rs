//! One batch: decided, checked as a whole, and only then written.

use ringback_core::{
    BookId, Claim, LineId, Msisdn, TopUpRef,
    admit::{self, Caps},
    claim,
    ledger::Transaction,
    mutant,
    recovery::{Step, TopUp, TopUpState},
};

use super::tables::{Kept, Key, Row, Tables};
use crate::{
    Batch, Change, Committed, Posted, StoreError, Verdict,
    exposure::{Cell, Counted, Deciding, Folded, Owner},
};

impl Tables {
    pub(super) fn commit(&mut self, batch: &Batch) -> Result<Committed, StoreError> {
        let (day, clock_fault) = admit::day(self.day, batch.now, self.switches.clock_fault || batch.clock_fault);
        let switches = admit::Switches { clock_fault, ..self.switches };
        let mut deciding = Deciding::new(self, batch.now, day, switches);
        let verdicts: Vec<Verdict> = batch.changes.iter().map(|change| deciding.decide(change)).collect();
        let added = deciding.added;
        let accepted = batch.changes.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::Committed);
        let changes: Vec<&Change> = accepted.map(|(change, _)| change).collect();

        let (claims, by_claims) = self.claims_after(batch, &changes)?;
        let transactions = || changes.iter().flat_map(|change| &change.step.transactions).chain(&by_claims);
        self.check(&changes, transactions())?;

        (self.day, self.switches) = (day, switches);
        for transaction in transactions() {
            self.post(transaction, batch.now.wall_ms);
        }
        for change in &changes {
            self.write(change, batch.now.wall_ms, day);
        }
        for (cell, minor) in added {
            let key = Key { day: cell.day, owner: self.kept(cell.owner), currency: cell.currency };
            *self.exposure.entry(key).or_default() += minor;
        }
        self.claims.extend(claims.into_iter().map(|claim| (claim.reference.clone(), claim)));
        self.requests.retain(|(id, _)| {
            !batch.requests.contains(id) && !changes.iter().any(|change| change.request == Some(*id))
        });
        Ok(Committed { verdicts, switches })
    }

    fn write(&mut self, change: &Change, at_ms: i64, day: i64) {
        let step = &change.step;
        if let Some(line) = self.line_mut(step.line.id) {
            line.clone_from(&step.line);
        }
        self.journal.push((step.line.id, at_ms, change.event.clone()));
        if let Some(record) = &step.record {
            self.recoveries.insert((step.line.id, record.number), record.clone());
        }
        let Some(topup) = &step.topup else { return };
        if step.is_first_of_topup() {
            self.by_reference.insert(topup.order.reference.clone(), self.topups.len());
            self.by_line.entry(topup.line).or_default().push(self.topups.len());
            self.topups.push(Row { topup: topup.clone(), book: step.line.book, at_ms, day });
        } else if let Some(known) = self.by_reference.get(&topup.order.reference) {
            self.topups[*known].topup.clone_from(topup);
        }
    }

    fn post(&mut self, transaction: &Transaction, at_ms: i64) {
        let provider = self.provider(&transaction.provider);
        for leg in &transaction.postings {
            let place = (provider, leg.amount.currency(), leg.account);
            match self.balances.iter_mut().find(|(other, _)| *other == place) {
                Some(_) if mutant!("balances are not carried on") => {}
                Some((_, minor)) => *minor += leg.amount.minor(),
                None => self.balances.push((place, leg.amount.minor())),
            }
        }
        let id = i64::try_from(self.posted.len() + 1).unwrap_or(i64::MAX);
        self.posted.push(Posted { id, at_ms, transaction: transaction.clone() });
    }

    /// What stands against the whole batch: nothing of it is written then.
    fn check<'a>(
        &self,
        changes: &[&Change],
        mut transactions: impl Iterator<Item = &'a Transaction>,
    ) -> Result<(), StoreError> {
        let unbalanced = transactions.find(|transaction| !transaction.is_balanced());
        if let Some(unbalanced) = unbalanced.filter(|_| !mutant!("a release gives back more than was held")) {
            return contradiction(format!("{} does not sum to zero (M1)", unbalanced.reference));
        }
        if let Some(reference) = self.used_twice(changes) {
            return contradiction(format!("the reference {reference} was used before (P2)"));
        }
        match self.held_twice(changes) {
            Some(number) => contradiction(format!("{number:?} has an order that is held (P3)")),
            None => Ok(()),
        }
    }

    /// A reference of a new order that an earlier one has, or another one of the batch (P2).
    fn used_twice<'a>(&self, changes: &[&'a Change]) -> Option<&'a TopUpRef> {
        let new: Vec<&TopUpRef> = topups(changes, true).map(|topup| &topup.order.reference).collect();
        let used = |place: usize| self.by_reference.contains_key(new[place]) || new[..place].contains(&new[place]);
        (0..new.len()).find(|place| used(*place) && !mutant!("a reference is drawn twice")).map(|place| new[place])
    }

    /// A number that would have two held orders, in whatever books (P3).
    fn held_twice(&self, changes: &[&Change]) -> Option<Msisdn> {
        let all = || topups(changes, false).chain(topups(changes, true));
        let is_changed = |kept: &TopUp| topups(changes, false).any(|t| t.order.reference == kept.order.reference);
        let kept = || self.topups.iter().map(|row| &row.topup).filter(|topup| !is_changed(topup));
        let held = |number| {
            let of_number = move |topup: &&TopUp| topup.order.msisdn == number && topup.state == TopUpState::Held;
            kept().filter(of_number).count() + all().filter(of_number).count()
        };
        let numbers = all().filter(|topup| topup.state == TopUpState::Held).map(|topup| topup.order.msisdn);
        numbers.into_iter().find(|number| held(*number) > 1)
    }

    /// New claims, and what happened to known ones; with what that posts.
    fn claims_after(&self, batch: &Batch, changes: &[&Change]) -> Result<(Vec<Claim>, Vec<Transaction>), StoreError> {
        let mut after = After { stored: self, claims: Vec::new(), transactions: Vec::new() };
        for claim in changes.iter().flat_map(|change| &change.step.claims) {
            let again = mutant!("a delivery that came into doubt is claimed again");
            if after.known(&claim.reference).is_some() && !again {
                return contradiction(format!("{} is claimed already (R1)", claim.reference));
            }
            after.claims.push(claim.clone());
        }
        for (reference, event) in changes.iter().filter_map(|change| change.step.claim_event.as_ref()) {
            after.happens(reference, event);
        }
        for change in &batch.claims {
            after.happens(&change.reference, &change.event);
        }
        for (line, event) in changes.iter().filter_map(|change| of_line(&change.step)) {
            after.happens_to_line(line, event);
        }
        Ok((after.claims, after.transactions))
    }
}

/// The top-ups of new orders, or those of known ones.
fn topups<'a>(changes: &[&'a Change], new: bool) -> impl Iterator<Item = &'a TopUp> {
    changes
        .iter()
        .filter(move |change| change.step.is_first_of_topup() == new)
        .filter_map(|change| change.step.topup.as_ref())
}

/// Claims in the making.
struct After<'a> {
    stored: &'a Tables,
    claims: Vec<Claim>,
    transactions: Vec<Transaction>,
}

impl After<'_> {
    fn known(&self, reference: &TopUpRef) -> Option<&Claim> {
        let changed = self.claims.iter().find(|claim| claim.reference == *reference);
        changed.or_else(|| self.stored.claims.get(reference))
    }

    fn happens(&mut self, reference: &TopUpRef, event: &claim::Event) {
        let Some((next, transaction)) = self.known(reference).and_then(|claim| claim::step(claim, event)) else {
            return;
        };
        self.transactions.extend(transaction);
        match self.claims.iter_mut().find(|claim| claim.reference == *reference) {
            Some(claim) => *claim = next,
            None => self.claims.push(next),
        }
    }

    fn happens_to_line(&mut self, line: LineId, event: &claim::Event) {
        let of_line = |claim: &&Claim| claim.line == line && claim.is_open();
        let all = self.stored.claims.values().chain(&self.claims).filter(of_line);
        let references: Vec<TopUpRef> = all.map(|claim| claim.reference.clone()).collect();
        let left_open =
            *event == claim::Event::Withdrawn && mutant!("a line in service leaves its claims open in the store");
        for reference in references.into_iter().filter(|_| !left_open) {
            self.happens(&reference, event);
        }
    }
}

/// What a step does with every open claim of its line.
fn of_line(step: &Step) -> Option<(LineId, &claim::Event)> {
    Some((step.line.id, step.line_claims.as_ref()?))
}

fn contradiction<T>(reason: String) -> Result<T, StoreError> {
    Err(StoreError::Contradiction(reason))
}

impl Counted for Tables {
    fn version(&self, line: LineId) -> Option<u64> {
        self.line(line).map(|line| line.version)
    }

    fn orders(&self, line: LineId, since_ms: i64) -> impl Iterator<Item = Folded> {
        let rows = self.by_line.get(&line).into_iter().flatten().map(|place| &self.topups[*place]);
        rows.map(move |row| {
            let Row { topup, day, .. } = row;
            let sent = row.at_ms > since_ms && topup.state != TopUpState::Withheld;
            Folded {
                recovery: topup.recovery,
                day: *day,
                currency: topup.order.asked.currency(),
                exposed_minor: topup.state.exposed_minor(&topup.order),
                last_hour: u32::from(sent),
            }
        })
    }

    fn is_unresolved(&self, number: Msisdn) -> bool {
        self.topups.iter().any(|row| row.topup.order.msisdn == number && row.topup.state.is_unresolved())
    }

    fn exposed_minor(&self, cell: Cell<'_>) -> i64 {
        let owner = match cell.owner {
            Owner::Book(book) => Some(Kept::Book(book)),
            Owner::Provider(name) => self.known_provider(name).map(Kept::Provider),
            Owner::Everything => Some(Kept::Everything),
        };
        let key = owner.map(|owner| Key { day: cell.day, owner, currency: cell.currency });
        key.and_then(|key| self.exposure.get(&key)).copied().unwrap_or(0)
    }

    fn caps(&self, book: BookId) -> Option<&Caps> {
        self.books.iter().find(|other| other.id == book).map(|book| &book.policy.caps)
    }

    fn is_fenced(&self, book: BookId) -> bool {
        self.fences.contains_key(&book) && !mutant!("a fence stops nothing")
    }

    fn before(&self, reference: &TopUpRef) -> Option<(i64, i64)> {
        let row = &self.topups[*self.by_reference.get(reference)?];
        Some((row.topup.state.exposed_minor(&row.topup.order), row.day))
    }

    fn state(&self, reference: &TopUpRef) -> Option<TopUpState> {
        Some(self.topups[*self.by_reference.get(reference)?].topup.state)
    }
}
