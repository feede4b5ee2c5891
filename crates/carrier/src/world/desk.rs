//! The claim desk: what was paid into a line that its owner suspended comes back to the wallet, once.

use ringback_core::{Amount, Msisdn};

use super::{Booked, World};
use crate::subscriber::Service;

/// The first claim of a reference; what comes later under the same reference changes nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filed {
    at_ms: i64,
    msisdn: Option<Msisdn>,
    amount: Amount,
}

/// The desk's word on a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is looked into.
    Acknowledged,
    /// This much went back to the wallet.
    Paid(Amount),
    /// It is not paid, for this reason.
    Denied(&'static str),
}

impl World {
    /// Files a claim, unless there is one, and gives the desk's word on the one that was filed first.
    pub fn claim(&mut self, reference: &str, msisdn: Option<Msisdn>, amount: Amount, now_ms: i64) -> Verdict {
        let filed = *self.desk.entry(reference.to_owned()).or_insert(Filed { at_ms: now_ms, msisdn, amount });
        self.decide(reference, filed, now_ms)
    }

    /// The desk's word on a claim that was filed before.
    pub fn claim_state(&mut self, reference: &str, now_ms: i64) -> Option<Verdict> {
        let filed = *self.desk.get(reference)?;
        Some(self.decide(reference, filed, now_ms))
    }

    fn decide(&mut self, reference: &str, filed: Filed, now_ms: i64) -> Verdict {
        self.book_late(now_ms);
        let Some(row) = self.statement.get_mut(reference).filter(|row| row.credits > 0) else {
            return Verdict::Denied("no such payment");
        };
        if row.refunded_minor > 0 {
            return Verdict::Paid(Amount::from_minor(row.refunded_minor, row.requested.currency()));
        }
        let service = self.subscribers.get(&row.msisdn).map(|subscriber| subscriber.service);
        if let Some(reason) = objection(row, filed, service) {
            return Verdict::Denied(reason);
        }
        if now_ms < filed.at_ms.saturating_add(self.profile.desk_ms) {
            return Verdict::Acknowledged;
        }
        row.refunded_minor = filed.amount.minor();
        self.wallet = Amount::from_minor(self.wallet.minor() + filed.amount.minor(), self.wallet.currency());
        Verdict::Paid(filed.amount)
    }
}

/// Why a claim is not paid.
fn objection(row: &Booked, filed: Filed, service: Option<Service>) -> Option<&'static str> {
    let (claimed, paid) = (filed.amount, row.requested);
    match () {
        () if filed.msisdn.is_some_and(|claimed| claimed != row.msisdn) => Some("the payment went to another line"),
        () if claimed.currency() != paid.currency() => Some("the payment was made in another currency"),
        () if claimed.minor() <= 0 => Some("nothing is claimed"),
        () if claimed.minor() > paid.minor() => Some("more is claimed than was paid"),
        () if service != Some(Service::SuspendedByOwner) => Some("the payment was used by the line"),
        () => None,
    }
}
