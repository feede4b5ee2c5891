//! The ledger against a provider's statement: every pair of states (M4, P7, P12).

use ringback_core::{
    BookId, Echo, Line, LineId, Order, Outcome, Receipt, Refusal, Reply, TopUpRef,
    line::Aim,
    recovery::{Event, TopUp, TopUpState, Via},
};
use ringback_engine::reconcile::{Reconciled, reconcile, reconcile_with, unknown};
use ringback_providers::StatementRow;

use crate::world::{PROVIDER, cny, number};

/// What a comparison says about one reference.
#[derive(Debug, PartialEq, Eq)]
enum Says {
    Agreed,
    Differs,
    Late,
    Settles,
    /// It is not at rest yet.
    Nothing,
}
use Says::{Agreed, Differs, Late, Nothing, Settles};

fn receipt(yuan: i64) -> Receipt {
    Receipt { debited: cny(yuan), delivered: cny(yuan) }
}

fn topup(reference: u128, state: TopUpState) -> TopUp {
    let reference = TopUpRef::from_random(reference);
    let (provider, product) = (PROVIDER.into(), "1".into());
    let order = Order { reference, msisdn: number(1), provider, product, asked: cny(8), max_fee: None };
    TopUp { order, line: LineId(1), recovery: 1, aim: Aim::Probe, state, claimed: false }
}

fn row(reference: &str, outcome: Outcome) -> StatementRow {
    StatementRow { reference: reference.to_owned(), msisdn: number(1), reply: outcome.into() }
}

fn compared(ours: TopUpState, theirs: Option<Outcome>) -> Reconciled {
    let ours = topup(1, ours);
    let rows: Vec<_> = theirs.map(|outcome| row(ours.order.reference.as_str(), outcome)).into_iter().collect();
    reconcile(&[ours], &rows)
}

fn says(found: &Reconciled) -> Says {
    match (&found.events[..], &found.differences[..], found.agreed) {
        ([], [], 1) => Agreed,
        ([], [], 0) => Nothing,
        ([], [_], 0) => Differs,
        ([(LineId(1), Event::Late { .. })], [], 0) => Late,
        ([(LineId(1), Event::Replied { via: Via::Statement, .. })], [], 0) => Settles,
        _ => panic!("one reference is one finding: {found:?}"),
    }
}

#[test]
fn m4_every_state_of_the_ledger_against_every_state_of_the_statement() {
    let delivered = || Some(Outcome::Delivered(receipt(8)));
    let less = || Some(Outcome::Delivered(Receipt { debited: cny(7), delivered: cny(8) }));
    let refused = || Some(Outcome::Refused(Refusal::TooSoon));
    let reversed = || Some(Outcome::Reversed(receipt(8)));
    let (pending, unknown) = (|| Some(Outcome::Pending), || Some(Outcome::Unknown("?".into())));
    let statement = [delivered(), less(), refused(), reversed(), pending(), unknown(), Some(Outcome::NotFound), None];
    let table = [
        (TopUpState::Delivered(receipt(8)), [Agreed, Late, Differs, Late, Differs, Differs, Differs, Differs]),
        (TopUpState::DeliveredByWord(receipt(8)), [Late, Late, Late, Late, Differs, Differs, Differs, Differs]),
        (TopUpState::Withheld, [Late, Late, Agreed, Agreed, Agreed, Agreed, Agreed, Agreed]),
        (TopUpState::Failed(false), [Late, Late, Agreed, Agreed, Agreed, Agreed, Agreed, Agreed]),
        (TopUpState::Failed(true), [Late, Late, Agreed, Agreed, Agreed, Agreed, Agreed, Agreed]),
        (TopUpState::Held, [Settles, Settles, Nothing, Nothing, Nothing, Nothing, Nothing, Nothing]),
        (TopUpState::Suspense, [Differs, Differs, Differs, Differs, Differs, Differs, Differs, Differs]),
        (TopUpState::Reversed(receipt(8)), [Differs, Differs, Agreed, Agreed, Agreed, Agreed, Agreed, Agreed]),
    ];
    for (ours, expected) in table {
        for (theirs, expected) in statement.iter().zip(expected) {
            assert_eq!(says(&compared(ours, theirs.clone())), expected, "{ours:?} against {theirs:?}");
        }
    }
}

#[test]
fn p7_p12_the_event_carries_the_order_and_the_providers_words() {
    for (ours, theirs) in [
        (TopUpState::Failed(false), Outcome::Delivered(receipt(8))),
        (TopUpState::Delivered(receipt(8)), Outcome::Reversed(receipt(8))),
    ] {
        let found = compared(ours, Some(theirs.clone()));
        let echo = Echo { msisdn: Some(number(1)), ..Echo::default() };
        let late = Event::Late { topup: Box::new(topup(1, ours)), reply: Reply { echo, outcome: theirs } };
        assert_eq!(found.events, [(LineId(1), late)]);
    }
}

#[test]
fn m4_a_delivery_that_the_ledger_does_not_know_is_a_difference() {
    let foreign = [
        row("SOMEBODYELSES", Outcome::Delivered(receipt(8))),
        row("REFUSED", Outcome::Refused(Refusal::TooSoon)),
        row("", Outcome::Pending),
    ];
    let found = reconcile(&[topup(1, TopUpState::Failed(false))], &foreign);
    assert_eq!((found.agreed, found.events.len(), found.differences.len()), (1, 0, 1));
    assert_eq!(found.differences[0].reference, "SOMEBODYELSES");
}

#[test]
fn m4_a_statement_is_compared_reference_by_reference() {
    let ours: Vec<TopUp> = (1..=3).map(|at| topup(at, TopUpState::Delivered(receipt(8)))).collect();
    // The sums agree, the references do not.
    let amounts = [(0, 8), (1, 7), (2, 9)];
    let rows = amounts.map(|(at, yuan)| {
        let reference: &TopUp = &ours[at];
        row(reference.order.reference.as_str(), Outcome::Delivered(receipt(yuan)))
    });
    let found = reconcile(&ours, &rows);
    assert_eq!((found.agreed, found.events.len()), (1, 2), "what differs goes to suspense");
}

#[test]
fn p4_m4_one_reference_that_was_booked_twice_is_a_difference_whatever_else_stands_under_it() {
    let ours = topup(1, TopUpState::Delivered(receipt(8)));
    let reference = ours.order.reference.as_str();
    let booked = || row(reference, Outcome::Delivered(receipt(8)));
    let found = reconcile(std::slice::from_ref(&ours), &[booked(), booked()]);
    assert_eq!((found.agreed, found.differences.len()), (0, 1));
    assert!(found.differences[0].detail.contains("2 times"), "{:?}", found.differences);
    let failed_duplicate = row(reference, Outcome::Refused(Refusal::TooSoon));
    let found = reconcile(std::slice::from_ref(&ours), &[booked(), failed_duplicate]);
    assert_eq!((found.agreed, found.differences.len()), (1, 0));
}

#[test]
fn p11_m4_a_delivery_to_another_number_goes_to_suspense() {
    let ours = topup(1, TopUpState::Delivered(receipt(8)));
    let stranger =
        StatementRow { msisdn: number(2), ..row(ours.order.reference.as_str(), Outcome::Delivered(receipt(8))) };
    assert_eq!(says(&reconcile(&[ours], &[stranger])), Late);
}

fn line(id: i64) -> Line {
    Line::imported(LineId(id), BookId(1), number(id))
}

#[test]
fn s3_m4_a_booking_of_this_installation_that_the_ledger_lost_is_found_for_its_line() {
    let lost = TopUpRef::from_random(9).to_string();
    let rows = |reference: &str, outcome| vec![row(reference, outcome)];
    let delivered = || Outcome::Delivered(receipt(8));
    let found = reconcile_with(&[], &rows(&lost, delivered()), PROVIDER, &[line(2), line(1)]);
    let [(LineId(1), Event::Found { order, reply })] = &found.events[..] else { panic!("{found:?}") };
    assert_eq!((order.msisdn, order.asked, &order.provider[..]), (number(1), cny(8), PROVIDER));
    assert_eq!((&reply.outcome, found.differences.len()), (&delivered(), 0));
    for (reference, lines) in [(&lost[..], vec![line(2)]), ("BYHAND", vec![line(1)])] {
        let found = reconcile_with(&[], &rows(reference, delivered()), PROVIDER, &lines);
        assert_eq!((found.events.len(), found.differences.len()), (0, 1), "another's");
    }
    let refused = reconcile_with(&[], &rows(&lost, Outcome::Refused(Refusal::TooSoon)), PROVIDER, &[line(1)]);
    assert_eq!((refused.events.len(), refused.differences.len()), (0, 0), "no money moved");
}

#[test]
fn p1_m4_what_the_ledger_knows_is_not_unknown() {
    let ours = topup(1, TopUpState::Held);
    let theirs = [1, 2].map(|at| row(TopUpRef::from_random(at).as_str(), Outcome::Delivered(receipt(8))));
    assert_eq!(unknown(&[ours], &theirs), [(TopUpRef::from_random(2), number(1))]);
}
