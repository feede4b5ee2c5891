//! The provider's statement at the end of a run (M4, P7).

use std::sync::{Arc, atomic::Ordering};

use ringback_core::{
    Outcome,
    ledger::Account,
    line::{Reason, State},
    recovery::{Event, Notice, TopUpState},
};
use ringback_engine::shell::{Begin, Until};
use ringback_store::{Filter, Store};

use super::rig::Rig;
use crate::world::{Act, SET, cny, number};

fn run(rig: &Rig) {
    let all = Filter { enrolled: true, ..Filter::default() };
    rig.run(Begin::Recover(all), Until::AtRest { claims: false });
}

fn rig() -> Rig {
    let rig = Rig::new(1);
    rig.outside.network().needs(number(1), cny(9));
    rig
}

#[test]
fn p7_a_delivery_that_only_the_statement_knows_is_booked_and_alerted() {
    let rig = rig();
    rig.outside.provider().will(number(1), [Act::Deliver, Act::Hide]);
    run(&rig);
    let topups = rig.db().topups();
    assert!(topups.iter().all(|topup| matches!(topup.state, TopUpState::Delivered(_))), "{topups:?}");
    let told = rig.told.lock().unwrap();
    let hidden = &rig.outside.provider().submitted[1].reference.clone();
    assert!(told.notices.contains(&Notice::LateSuccess(hidden.clone())));
    let late =
        |event: &Event| matches!(event, Event::Late { reply, .. } if matches!(reply.outcome, Outcome::Delivered(_)));
    assert_eq!(told.stepped.iter().filter(|(_, event)| late(event)).count(), 1);
    let debited_minor = rig.outside.provider().debited_minor();
    assert_eq!(rig.db().balance(Account::Delivered), debited_minor, "M4");
    assert_eq!(rig.db().wait(rig.db().store.verify()), []);
}

#[test]
fn p7_m4_a_wrong_clock_hides_no_order_from_the_statement() {
    let rig = rig();
    rig.store.clock_was_wrong.store(true, Ordering::SeqCst);
    rig.outside.provider().will(number(1), [Act::Deliver, Act::Hide]);
    run(&rig);
    assert_eq!(rig.db().balance(Account::Delivered), rig.outside.provider().debited_minor());
    let told = rig.told.lock().unwrap();
    assert!(told.reconciled.iter().all(|(_, differ)| *differ == 0), "none of them is foreign: {:?}", told.reconciled);
}

#[test]
fn m4_a_statement_that_cannot_be_read_is_read_again() {
    let rig = rig();
    rig.outside.failing_statements.store(3, Ordering::SeqCst);
    run(&rig);
    let told = rig.told.lock().unwrap();
    assert_eq!((told.troubles.len(), &told.reconciled[..]), (3, &[(0, 0), (3, 0)][..]));
}

#[test]
fn a_statement_that_never_comes_does_not_keep_a_run_from_its_end() {
    let rig = rig();
    rig.outside.silent_statements.store(u32::MAX, Ordering::SeqCst);
    run(&rig);
    let told = rig.told.lock().unwrap();
    assert!(!told.troubles.is_empty() && told.reconciled == [(0, 0)]);
    assert_eq!(rig.outside.provider().received(number(1)), cny(1 + 8 + SET));
}

#[test]
fn p5_m4_what_cannot_be_inquired_about_is_settled_by_the_statement() {
    let mut rig = rig();
    Arc::get_mut(&mut rig.outside).unwrap().can.inquiry_by_reference = false;
    rig.outside.provider().will(number(1), [Act::Silent]);
    run(&rig);
    let State::Parked(parked) = rig.db().line(1).state else { panic!("it waits for a person") };
    assert_eq!((parked.reason, parked.unsettled), (Reason::CannotInquire, None));
    assert!(matches!(rig.db().topups()[0].state, TopUpState::Delivered(_)));
    assert_eq!((rig.db().balance(Account::Held), rig.db().balance(Account::Delivered)), (0, 100));
}
