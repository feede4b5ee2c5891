//! Comparing the ledger with a provider's statement, reference by reference (M4).

use std::collections::{BTreeMap, BTreeSet};

use ringback_core::{
    Echo, Line, LineId, Msisdn, Outcome, Reply, TopUpRef, fence, mutant,
    recovery::{Event, TopUp, TopUpState, Via},
};
use ringback_providers::StatementRow;
use serde::Serialize;

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Reconciled {
    /// Events for orders that were settled otherwise than the statement says (P7, P12), or that the ledger lost (S3).
    pub events: Vec<(LineId, Event)>,
    /// Differences that a person has to look at.
    pub differences: Vec<Difference>,
    /// How many references agree.
    pub agreed: usize,
}

/// One reference on which the two books differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The reference, as the statement writes it.
    pub reference: String,
    /// What differs.
    pub detail: String,
}

/// Compares the top-ups of one provider with its statement of the same time. A booking that is not among them is a
/// difference.
pub fn reconcile(ours: &[TopUp], theirs: &[StatementRow]) -> Reconciled {
    reconcile_with(ours, theirs, "", &[])
}

/// The same for a ledger that may have lost orders (S3): a booking that this installation made for one of these lines
/// is found, and goes to suspense against it (M4).
pub fn reconcile_with(ours: &[TopUp], theirs: &[StatementRow], provider: &str, lines: &[Line]) -> Reconciled {
    let mut found = Reconciled::default();
    let mut rows: BTreeMap<&str, Vec<&StatementRow>> = BTreeMap::new();
    for row in theirs {
        rows.entry(&row.reference).or_default().push(row);
    }
    for topup in ours {
        let rows = rows.remove(topup.order.reference.as_str()).unwrap_or_default();
        compare(topup, &rows, &mut found);
    }
    for (reference, rows) in rows {
        let lost = rows.iter().find_map(|row| lost(row, provider, lines));
        if let Some(event) = lost {
            found.events.push(event);
        } else if rows.iter().any(|row| is_delivered(row)) {
            found.differ(reference, "the provider booked a top-up that is not in the ledger");
        }
    }
    found
}

/// The bookings that this installation made, by their references, and that are not among these top-ups.
pub fn unknown(ours: &[TopUp], theirs: &[StatementRow]) -> Vec<(TopUpRef, Msisdn)> {
    let known: BTreeSet<&str> = ours.iter().map(|topup| topup.order.reference.as_str()).collect();
    let rows = theirs.iter().filter(|row| !known.contains(row.reference.as_str()));
    rows.filter_map(|row| Some((TopUpRef::drawn(&row.reference)?, row.msisdn))).collect()
}

/// The order behind a row that the ledger does not know, for the line that it belongs to.
fn lost(row: &StatementRow, provider: &str, lines: &[Line]) -> Option<(LineId, Event)> {
    let line = lines.iter().find(|line| line.msisdn == row.msisdn)?;
    let order = fence::lost(provider, row.msisdn, &row.reference, &row.reply)?;
    Some((line.id, Event::Found { order, reply: reply(row) }))
}

/// Compares one top-up with every row under its reference, of which a delivery says most.
fn compare(topup: &TopUp, rows: &[&StatementRow], found: &mut Reconciled) {
    let reference = topup.order.reference.as_str();
    let delivered: Vec<&&StatementRow> = rows.iter().filter(|row| is_delivered(row)).collect();
    if delivered.len() > 1 {
        return found.differ(reference, &format!("the provider booked it {} times", delivered.len()));
    }
    let row = delivered.first().copied().or(rows.first());
    let said = row.map(|row| &row.reply.outcome);
    match (topup.state, said, row) {
        (TopUpState::Delivered(ours), Some(Outcome::Delivered(theirs)), Some(row))
            if (ours == *theirs || mutant!("a comparison accepts any amount")) && is_about(row, topup) =>
        {
            found.agreed += 1;
        }
        // Another amount, or another line under our reference, is money that a person has to look at (P11); so is what
        // contradicts a person (P13), came late (P7) or was taken back (P12).
        (
            TopUpState::Delivered(_) | TopUpState::DeliveredByWord(_),
            Some(Outcome::Delivered(_) | Outcome::Reversed(_)),
            Some(row),
        )
        | (TopUpState::DeliveredByWord(_), Some(Outcome::Refused(_)), Some(row))
        | (TopUpState::Failed(_) | TopUpState::Withheld, Some(Outcome::Delivered(_)), Some(row)) => {
            found.late(topup, row);
        }
        // P5: what nobody could inquire about is settled by the provider's own word.
        (TopUpState::Held, Some(Outcome::Delivered(_)), Some(row)) => {
            let (reference, reply) = (topup.order.reference.clone(), reply(row));
            let event = Event::Replied { reference, reply, via: Via::Statement };
            found.events.push((topup.line, event));
        }
        (TopUpState::Reversed(_), Some(Outcome::Delivered(_)), _) => {
            found.differ(reference, "the ledger says taken back, the statement says delivered");
        }
        (TopUpState::Delivered(_) | TopUpState::DeliveredByWord(_), ..) => {
            found.differ(reference, "the ledger says delivered, the statement does not");
        }
        (TopUpState::Suspense, ..) => found.differ(reference, "its money is in suspense; `ringback settle` ends that"),
        // What is held is not at rest, and is looked up by itself.
        (TopUpState::Held, ..) => {}
        (TopUpState::Failed(_) | TopUpState::Withheld | TopUpState::Reversed(_), ..) => found.agreed += 1,
    }
}

fn is_delivered(row: &StatementRow) -> bool {
    matches!(row.reply.outcome, Outcome::Delivered(_))
}

fn is_about(row: &StatementRow, topup: &TopUp) -> bool {
    row.msisdn == topup.order.msisdn && row.reply.echo.agrees_with(&topup.order)
}

/// A row as an answer about the order: the line that it names belongs to it.
fn reply(row: &StatementRow) -> Reply {
    Reply { echo: Echo { msisdn: Some(row.msisdn), ..row.reply.echo.clone() }, outcome: row.reply.outcome.clone() }
}

impl Reconciled {
    fn late(&mut self, topup: &TopUp, row: &StatementRow) {
        self.events.push((topup.line, Event::Late { topup: Box::new(topup.clone()), reply: reply(row) }));
    }

    fn differ(&mut self, reference: &str, detail: &str) {
        self.differences.push(Difference { reference: reference.to_owned(), detail: detail.to_owned() });
    }
}
