//! The provider: its own books, and how it treats each order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ringback_core::{Amount, Msisdn, Order, Outcome, Receipt, Refusal, Reply, TopUpRef};
use ringback_providers::StatementRow;

use super::fixture::cny;

/// What happens to a submission.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Delivered, and said so.
    Deliver,
    /// Delivered, but the answer is lost.
    Silent,
    /// Lost on its way.
    Lose,
    /// Taken, and delivered by the time of the first inquiry.
    Pend,
    /// Delivered, but no answer and no inquiry says so: the statement alone does.
    Hide,
    /// Refused.
    Refuse(Refusal),
}

/// A provider whose books a test can read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Provider {
    /// What comes next for a line; everything else is delivered.
    pub(crate) acts: BTreeMap<Msisdn, VecDeque<Act>>,
    /// Every order that reached the provider.
    pub(crate) submitted: Vec<Order>,
    /// Every order that was asked about.
    pub(crate) inquired: Vec<TopUpRef>,
    books: BTreeMap<TopUpRef, (Order, Outcome)>,
    hidden: BTreeSet<TopUpRef>,
}

impl Provider {
    pub(crate) fn will(&mut self, line: Msisdn, acts: impl IntoIterator<Item = Act>) {
        self.acts.entry(line).or_default().extend(acts);
    }

    /// Takes an order, once: a second submission of a reference fails the test (P2, P4).
    pub(crate) fn submit(&mut self, order: &Order) -> Reply {
        let again = self.submitted.iter().any(|other| other.reference == order.reference);
        assert!(!again, "P4: {} was submitted twice", order.reference);
        self.submitted.push(order.clone());
        let unanswered = || Outcome::Unknown("no answer".into());
        let act = self.acts.get_mut(&order.msisdn).and_then(VecDeque::pop_front).unwrap_or(Act::Deliver);
        if matches!(act, Act::Hide) {
            self.hidden.insert(order.reference.clone());
        }
        let (booked, said) = match act {
            Act::Deliver => (Some(delivered(order)), delivered(order)),
            Act::Silent | Act::Hide => (Some(delivered(order)), unanswered()),
            Act::Lose => (None, unanswered()),
            Act::Pend => (Some(delivered(order)), Outcome::Pending),
            Act::Refuse(reason) => (Some(Outcome::Refused(reason.clone())), Outcome::Refused(reason)),
        };
        if let Some(outcome) = booked {
            self.books.insert(order.reference.clone(), (order.clone(), outcome));
        }
        said.into()
    }

    pub(crate) fn inquire(&mut self, order: &Order) -> Reply {
        self.inquired.push(order.reference.clone());
        let known = self.books.get(&order.reference).filter(|_| !self.hidden.contains(&order.reference));
        known.map_or(Outcome::NotFound, |(_, outcome)| outcome.clone()).into()
    }

    /// What the books say about a reference.
    pub(crate) fn booked(&self, reference: &TopUpRef) -> Option<Outcome> {
        self.books.get(reference).map(|(_, outcome)| outcome.clone())
    }

    /// What a line has received.
    pub(crate) fn received(&self, line: Msisdn) -> Amount {
        let minor = self.books.values().filter(|(order, _)| order.msisdn == line).map(|(_, outcome)| moved(outcome));
        Amount::from_minor(minor.sum(), cny(0).currency())
    }

    /// Everything taken from the wallet, in minor units.
    pub(crate) fn debited_minor(&self) -> i64 {
        self.books.values().map(|(_, outcome)| moved(outcome)).sum()
    }

    /// What was asked for one line, in the order in which it arrived.
    pub(crate) fn asked(&self, line: Msisdn) -> Vec<Amount> {
        self.submitted.iter().filter(|order| order.msisdn == line).map(|order| order.asked).collect()
    }

    pub(crate) fn statement(&self) -> Vec<StatementRow> {
        let row = |(order, outcome): &(Order, Outcome)| StatementRow {
            reference: order.reference.to_string(),
            msisdn: order.msisdn,
            reply: outcome.clone().into(),
        };
        self.books.values().map(row).collect()
    }
}

fn delivered(order: &Order) -> Outcome {
    Outcome::Delivered(Receipt { debited: order.asked, delivered: order.asked })
}

fn moved(outcome: &Outcome) -> i64 {
    if let Outcome::Delivered(receipt) = outcome { receipt.debited.minor() } else { 0 }
}
