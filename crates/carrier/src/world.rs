//! Subscribers, billing, the payer's wallet, and the statement: pure state, with the time as an argument.

mod desk;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ringback_core::{Amount, Currency, Msisdn};
use serde::{Deserialize, Serialize};

use crate::{
    faults::{Fault, Faults},
    subscriber::{Lift, Service, Subscriber},
};
pub use desk::Verdict;

/// Times and terms of this network side, so that a client's configuration can be written from them.
/// `/admin/profile` reads and writes it as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// How long after the arrears are covered the bar is lifted.
    pub settling_ms: i64,
    /// The least time between two top-ups of one number.
    pub min_gap_ms: i64,
    /// How long after an order a "not found" may be believed.
    pub not_found_final_after_ms: i64,
    /// A sensible time between two inquiries.
    pub inquiry_spacing_ms: i64,
    /// How long a delayed answer takes.
    pub delay_ms: i64,
    /// How long after a failure a late success arrives.
    pub late_ms: i64,
    /// How long the claim desk takes to pay.
    pub desk_ms: i64,
    /// How long a token is good for.
    pub token_ms: i64,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            settling_ms: 250,
            min_gap_ms: 100,
            not_found_final_after_ms: 600,
            inquiry_spacing_ms: 150,
            delay_ms: 400,
            late_ms: 1_500,
            desk_ms: 300,
            token_ms: 86_400_000,
        }
    }
}

/// A top-up in the statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Booked {
    /// The statement's own number.
    pub id: u64,
    /// The payer's reference.
    pub reference: String,
    /// The line.
    pub msisdn: Msisdn,
    /// What was asked, and what the wallet is debited once the line is credited.
    pub requested: Amount,
    /// What the line receives; less than was asked after a partial delivery.
    pub delivered: Amount,
    /// How often the line was credited: 0 or 1, or the carrier is broken.
    pub credits: u32,
    /// When it was booked.
    pub at_ms: i64,
    /// When a late success is credited.
    pub late_at_ms: Option<i64>,
    /// What was paid back through the claim desk, in minor units.
    pub refunded_minor: i64,
}

/// Why a top-up is refused, with Reloadly's error codes. Nothing was booked or debited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The reference was used before.
    Duplicate,
    /// Nobody has the number.
    NoSubscriber,
    /// The number is another operator's.
    Operator,
    /// The last top-up was a moment ago.
    TooSoon,
    /// The wallet has less.
    WalletEmpty,
    /// The amount is not sold.
    Amount,
}

/// The network side.
#[derive(Debug)]
pub struct World {
    /// The lines.
    pub subscribers: HashMap<Msisdn, Subscriber>,
    /// The payer's prepaid wallet; never below zero.
    pub wallet: Amount,
    /// Times and terms.
    pub profile: Profile,
    faults: Faults,
    statement: BTreeMap<String, Booked>,
    desk: BTreeMap<String, desk::Filed>,
    /// Late successes that are still to come: when, and which.
    late: BTreeSet<(i64, String)>,
    /// How often each request was seen that a fault could befall.
    attempts: HashMap<String, u64>,
    lifts: Vec<Lift>,
}

impl World {
    /// A network side with these lines and a filled wallet.
    pub fn new(subscribers: Vec<Subscriber>, wallet: Amount, profile: Profile, faults: Faults) -> Self {
        Self {
            subscribers: subscribers.into_iter().map(|s| (s.msisdn, s)).collect(),
            wallet,
            profile,
            faults,
            statement: BTreeMap::new(),
            desk: BTreeMap::new(),
            late: BTreeSet::new(),
            attempts: HashMap::new(),
            lifts: Vec::new(),
        }
    }

    /// The currency of the wallet.
    pub fn currency(&self) -> Currency {
        self.wallet.currency()
    }

    /// What goes wrong from now on.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Switches faults on or off; the same faults go wrong the same way again.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
        self.attempts.clear();
    }

    /// Every row of the statement, late successes that are due included.
    pub fn statement(&mut self, now_ms: i64) -> Vec<Booked> {
        self.book_late(now_ms);
        let mut rows: Vec<Booked> = self.statement.values().cloned().collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// The row of one reference.
    pub fn find(&mut self, reference: &str, now_ms: i64) -> Option<Booked> {
        self.book_late(now_ms);
        self.statement.get(reference).cloned()
    }

    /// What goes wrong with this top-up: the subscriber's own fault first, then the seed's.
    pub(crate) fn fault_of(&mut self, reference: &str, msisdn: Msisdn) -> Option<Fault> {
        let own = self.subscribers.get_mut(&msisdn).and_then(|subscriber| subscriber.fault.take());
        if own.is_some() || self.faults.spare_topups() {
            return own;
        }
        let attempt = self.attempt(format!("topup {reference}"));
        self.faults.of_topup(reference, attempt)
    }

    /// What goes wrong with a question.
    pub(crate) fn trouble(&mut self, question: &str) -> Option<Fault> {
        let attempt = self.attempt(question.to_owned());
        self.faults.of_question(question, attempt)
    }

    /// How often this was asked before.
    fn attempt(&mut self, what: String) -> u64 {
        let seen = self.attempts.entry(what).or_default();
        *seen += 1;
        *seen - 1
    }

    /// Books a top-up: checked, debited from the wallet, credited to the line, all at once or not at all.
    pub fn top_up(
        &mut self,
        reference: &str,
        msisdn: Msisdn,
        requested: Amount,
        fault: Option<Fault>,
        now_ms: i64,
    ) -> Result<Booked, Refused> {
        self.book_late(now_ms);
        self.check(reference, msisdn, requested, now_ms)?;
        let late = fault == Some(Fault::LateSuccess);
        let late_at_ms = late.then_some(now_ms.saturating_add(self.profile.late_ms));
        let booked = Booked {
            id: self.statement.len() as u64 + 1,
            reference: reference.to_owned(),
            msisdn,
            requested,
            delivered: delivered(requested, fault),
            credits: 0,
            at_ms: now_ms,
            late_at_ms,
            refunded_minor: 0,
        };
        self.statement.insert(reference.to_owned(), booked);
        match late_at_ms {
            Some(at_ms) => drop(self.late.insert((at_ms, reference.to_owned()))),
            None => self.settle(reference, now_ms),
        }
        Ok(self.statement[reference].clone())
    }

    /// Credits late successes whose time has come, as of that time.
    pub fn book_late(&mut self, now_ms: i64) {
        while self.late.first().is_some_and(|(at_ms, _)| *at_ms <= now_ms) {
            let Some((at_ms, reference)) = self.late.pop_first() else { return };
            self.settle(&reference, at_ms);
        }
    }

    /// What happens to a line outside of its top-ups: a bill falls due, its owner suspends it. False where there is none.
    pub fn turn(&mut self, msisdn: Msisdn, service: Service) -> bool {
        let line = self.subscribers.get_mut(&msisdn);
        line.map(|line| line.become_now(service)).is_some()
    }

    /// The bars whose lifting was decided since this was last asked.
    pub fn take_lifts(&mut self) -> Vec<Lift> {
        std::mem::take(&mut self.lifts)
    }

    fn check(&self, reference: &str, msisdn: Msisdn, requested: Amount, now_ms: i64) -> Result<(), Refused> {
        if self.statement.contains_key(reference) {
            return Err(Refused::Duplicate);
        }
        let subscriber = self.subscribers.get(&msisdn).filter(|s| s.exists()).ok_or(Refused::NoSubscriber)?;
        let gap = subscriber.last_topup_ms.is_some_and(|last| now_ms - last < self.profile.min_gap_ms);
        match () {
            () if requested.minor() <= 0 || requested.currency() != subscriber.plan.currency() => Err(Refused::Amount),
            () if gap => Err(Refused::TooSoon),
            () if requested.currency() != self.currency() => Err(Refused::WalletEmpty),
            () if requested.minor() > self.wallet.minor() => Err(Refused::WalletEmpty),
            () => Ok(()),
        }
    }

    /// Credits a booked top-up to its line and debits the wallet. A late one that the wallet no longer covers stays failed.
    fn settle(&mut self, reference: &str, now_ms: i64) {
        let (wallet, settling_ms) = (self.wallet, self.profile.settling_ms);
        let Some(row) = self.statement.get_mut(reference) else { return };
        row.late_at_ms = None;
        if row.requested.minor() > wallet.minor() {
            return;
        }
        self.wallet = Amount::from_minor(wallet.minor() - row.requested.minor(), wallet.currency());
        row.credits += 1;
        if let Some(subscriber) = self.subscribers.get_mut(&row.msisdn) {
            subscriber.last_topup_ms = Some(now_ms);
            self.lifts.extend(subscriber.credit(row.delivered.minor(), now_ms, settling_ms));
        }
    }
}

/// All that was asked, or the larger half of it.
fn delivered(requested: Amount, fault: Option<Fault>) -> Amount {
    let minor = requested.minor();
    let minor = if fault == Some(Fault::Partial) { minor - minor / 2 } else { minor };
    Amount::from_minor(minor, requested.currency())
}
