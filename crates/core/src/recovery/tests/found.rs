//! Bookings that a restored ledger does not know (S3, M4).

use super::script::{Script, cny, receipt};
use crate::{
    ledger::{Account, Kind},
    line::{Reason, State},
    msisdn::Msisdn,
    recovery::{Event, Notice, Rejected, TopUpState, Word},
    topup::{Order, Outcome, TopUpRef},
};

fn lost(script: &Script, number: u128) -> Event {
    let (reference, msisdn) = (TopUpRef::from_random(number), script.line.msisdn);
    let order = Order { reference, msisdn, provider: "p".into(), product: String::new(), asked: cny(8), max_fee: None };
    Event::Found { order, reply: receipt(cny(8), cny(8)).into() }
}

#[test]
fn s3_m4_a_lost_booking_stands_in_suspense_and_waits_for_a_person() {
    let mut script = Script::new();
    let found = lost(&script, 700);
    script.happens(&found);
    assert_eq!(script.posted(), [Kind::Hold, Kind::Suspend]);
    assert_eq!((script.balance(Account::Float), script.balance(Account::Suspense)), (-800, 800));
    assert!(matches!(&script.line.state, State::Parked(parked) if parked.reason == Reason::Mismatch));
    assert!(script.last().notices.contains(&Notice::Mismatch(TopUpRef::from_random(700))));
    assert!(script.last().is_first_of_topup() && script.topup().state.is_unresolved());
    script.by_hand(receipt(cny(8), cny(8)));
    assert_eq!((script.balance(Account::Delivered), script.balance(Account::Suspense)), (800, 0));
    assert!(matches!(script.topup().state, TopUpState::DeliveredByWord(_)));
}

#[test]
fn s3_several_lost_bookings_are_settled_one_by_one() {
    let mut script = Script::new();
    for number in [700, 701, 702] {
        let found = lost(&script, number);
        script.happens(&found);
    }
    assert_eq!((script.balance(Account::Suspense), script.line.to_settle().count()), (2_400, 3));
    for _ in 0..3 {
        script.by_hand(Outcome::NotFound);
    }
    assert_eq!((script.balance(Account::Suspense), script.balance(Account::Float)), (0, 0));
}

#[test]
fn s3_a_lost_booking_is_found_once_and_only_for_its_own_number() {
    let mut script = Script::new();
    let found = lost(&script, 700);
    script.happens(&found);
    assert_eq!(script.rejects(&found), Rejected::Stale);
    let Event::Found { order, reply } = lost(&script, 701) else { unreachable!("it was found") };
    let stranger: Msisdn = "+8613900139000".parse().unwrap();
    assert_eq!(script.rejects(&Event::Found { order: Order { msisdn: stranger, ..order }, reply }), Rejected::Stale);
}

/// K1: the read that an order waited with is void, and the recovery stops.
#[test]
fn s3_a_lost_booking_stops_an_order_that_is_ready() {
    let mut script = Script::ready(&[8]);
    let outcomes = script.line.outcomes;
    let found = lost(&script, 700);
    script.happens(&found);
    assert_eq!(script.line.outcomes, outcomes + 1);
    assert!(matches!(script.line.state, State::Parked(_)));
    script.told(Word::TryAgain).restricted();
}

/// An order that the restored ledger knows is resolved as any other (P4).
#[test]
fn s3_an_order_that_is_out_goes_on_beside_a_lost_booking() {
    let mut script = Script::ready(&[8]);
    script.proposed();
    let found = lost(&script, 700);
    script.happens(&found);
    assert!(matches!(script.line.state, State::Open(_)));
    script.delivered();
    assert_eq!((script.balance(Account::Held), script.balance(Account::Delivered)), (0, 100));
    assert_eq!(script.balance(Account::Suspense), 800);
}
