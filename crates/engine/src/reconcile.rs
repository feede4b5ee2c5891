//! Comparing the ledger with a provider's statement, reference by reference (M4).

use std::collections::{BTreeMap, BTreeSet};

use ringback_core::{
    LineId, Outcome,
    recovery::{Event, TopUp, TopUpState, Via},
};
use ringback_providers::StatementRow;
use serde::Serialize;

/// What a comparison found.
#[derive(Debug, Default)]
pub struct Reconciled {
    /// Events for orders that were settled otherwise than the statement says (P7, P12).
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

/// Compares the top-ups of one provider with its statement of the same time.
pub fn reconcile(ours: &[TopUp], theirs: &[StatementRow]) -> Reconciled {
    let mut found = Reconciled::default();
    let rows: BTreeMap<&str, &StatementRow> = theirs.iter().map(|row| (row.reference.as_str(), row)).collect();
    for topup in ours {
        compare(topup, rows.get(topup.order.reference.as_str()).copied(), &mut found);
    }
    let known: BTreeSet<&str> = ours.iter().map(|topup| topup.order.reference.as_str()).collect();
    for row in theirs.iter().filter(|row| !known.contains(row.reference.as_str())) {
        if matches!(row.reply.outcome, Outcome::Delivered(_)) {
            found.differ(&row.reference, "the provider booked a top-up that is not in the ledger");
        }
    }
    found
}

fn compare(topup: &TopUp, row: Option<&StatementRow>, found: &mut Reconciled) {
    let reference = topup.order.reference.as_str();
    match (topup.state, row.map(|row| &row.reply.outcome)) {
        (TopUpState::Delivered(ours), Some(Outcome::Delivered(theirs))) if ours == *theirs => found.agreed += 1,
        (TopUpState::Delivered(_), Some(Outcome::Delivered(theirs))) => {
            found.differ(reference, &format!("the provider booked {}", theirs.debited));
        }
        (TopUpState::Delivered(_), Some(Outcome::Reversed(_)))
        | (TopUpState::Failed(_), Some(Outcome::Delivered(_))) => {
            if let Some(row) = row {
                let event = Event::Late { topup: topup.clone(), reply: row.reply.clone() };
                found.events.push((topup.line, event));
            }
        }
        // P5: what nobody could inquire about is settled by the provider's own word.
        (TopUpState::Held, Some(Outcome::Delivered(_))) => {
            if let Some(row) = row {
                let reference = topup.order.reference.clone();
                let event = Event::Replied { reference, reply: row.reply.clone(), via: Via::Statement };
                found.events.push((topup.line, event));
            }
        }
        (TopUpState::Reversed(_), Some(Outcome::Delivered(_))) => {
            found.differ(reference, "the ledger says taken back, the statement says delivered");
        }
        (TopUpState::Delivered(_), _) => found.differ(reference, "the ledger says delivered, the statement does not"),
        _ => found.agreed += 1,
    }
}

impl Reconciled {
    fn differ(&mut self, reference: &str, detail: &str) {
        self.differences.push(Difference { reference: reference.to_owned(), detail: detail.to_owned() });
    }
}
