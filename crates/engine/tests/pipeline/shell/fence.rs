//! A restored database behind the real shell (S3): nothing is paid before it is reconciled, and nothing twice.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ringback_core::{
    Order, TopUpRef,
    ledger::Account,
    line::{Reason, State},
    recovery::TopUpState,
};
use ringback_engine::shell::{Begin, Until};
use ringback_store::{Filter, Store};
use tokio::time::sleep;

use super::rig::Rig;
use crate::world::{Act, SET, cny, number};

const UNTIL: Until = Until::AtRest { claims: false };

fn all() -> Begin {
    Begin::Recover(Filter { enrolled: true, ..Filter::default() })
}

/// Two restricted lines, behind a fence.
fn restored() -> Rig {
    let rig = Rig::new(2);
    for line in [1, 2] {
        rig.outside.network().needs(number(line), cny(9));
    }
    rig.db().wait(rig.db().store.fence(0));
    rig
}

/// What the provider booked for a line before the restore, under a reference that the ledger has lost.
fn lost(rig: &Rig, line: i64, yuan: i64) {
    let reference = TopUpRef::from_random(u128::MAX - u128::try_from(line).unwrap());
    let (msisdn, provider) = (number(line), "provider".into());
    let order = Order { reference, msisdn, provider, product: "1".into(), asked: cny(yuan), max_fee: None };
    drop(rig.outside.provider().submit(&order));
}

fn fenced(rig: &Rig) -> Option<i64> {
    rig.db().wait(rig.db().store.fenced(&[rig.db().book]))
}

#[test]
fn s3_p3_m4_a_lost_order_waits_in_suspense_and_every_other_line_goes_on() {
    let rig = restored();
    lost(&rig, 1, 8);
    rig.run(all(), UNTIL);
    let outside = rig.outside.provider();
    assert_eq!(outside.asked(number(1)), [cny(8)], "nothing more is paid for it");
    assert_eq!(outside.received(number(2)), cny(1 + 8 + SET));
    let line = rig.db().line(1);
    assert!(matches!(&line.state, State::Parked(parked) if parked.reason == Reason::Mismatch), "{:?}", line.state);
    assert_eq!((line.suspense.len(), fenced(&rig)), (1, None));
    assert_eq!(rig.db().balance(Account::Suspense), 800);
    assert_eq!(rig.db().wait(rig.db().store.verify()), []);
    let spent = rig.db().balance(Account::Suspense) + rig.db().balance(Account::Delivered);
    assert_eq!(spent, outside.debited_minor(), "M4: to the last cent");
}

/// P5, L6: what was sent before may stand in the statement only later.
#[test]
fn s3_nothing_is_paid_before_an_order_of_before_must_be_known() {
    let rig = restored();
    let almost = Duration::from_millis(rig.config.statements_final_after_ms - 1_000);
    let meanwhile = async {
        sleep(almost).await;
        assert!(rig.outside.provider().submitted.is_empty() && fenced(&rig).is_some());
        // The provider books it at the last moment.
        lost(&rig, 1, 8);
    };
    rig.run_with(all(), UNTIL, meanwhile).unwrap();
    assert_eq!(rig.outside.provider().asked(number(1)), [cny(8)]);
    assert!(rig.told.lock().unwrap().troubles[0].contains("nothing is paid before it is reconciled with provider"));
    assert_eq!(fenced(&rig), None);
}

#[test]
fn s3_a_statement_that_cannot_be_read_keeps_the_fence_closed() {
    let rig = restored();
    rig.outside.failing_statements.store(u32::MAX, Ordering::SeqCst);
    rig.run(all(), UNTIL);
    assert!(rig.outside.provider().submitted.is_empty() && fenced(&rig).is_some());
    rig.outside.failing_statements.store(0, Ordering::SeqCst);
    rig.run(all(), UNTIL);
    assert_eq!((rig.outside.provider().received(number(1)), fenced(&rig)), (cny(1 + 8 + SET), None));
}

/// S3, L6: a restart begins the wait anew.
#[test]
fn s3_a_restart_behind_the_fence_is_behind_it() {
    let rig = restored();
    let almost = Duration::from_millis(rig.config.statements_final_after_ms - 1_000);
    for _ in 0..3 {
        rig.stop.send_replace(false);
        let stopped = async {
            sleep(almost).await;
            rig.stop.send_replace(true);
        };
        rig.run_with(all(), UNTIL, stopped).unwrap();
        assert!(rig.outside.provider().submitted.is_empty() && fenced(&rig).is_some());
    }
}

/// What another hand booked at the same provider is told, and keeps nobody waiting (M4).
#[test]
fn s3_m4_another_hands_booking_opens_the_fence_and_is_told() {
    let rig = restored();
    let reference: TopUpRef = "BYHAND".parse().unwrap();
    let (msisdn, provider) = (number(1), "provider".into());
    let order = Order { reference, msisdn, provider, product: "1".into(), asked: cny(8), max_fee: None };
    drop(rig.outside.provider().submit(&order));
    rig.run(all(), UNTIL);
    assert_eq!(fenced(&rig), None);
    let told = rig.told.lock().unwrap();
    assert!(told.reconciled.iter().all(|(_, differences)| *differences == 1), "{:?}", told.reconciled);
}

/// An order that is in the ledger is known by its reference, however old it is (P1).
#[test]
fn m4_an_order_that_the_ledger_knows_is_never_found() {
    let mut rig = Rig::new(1);
    Arc::get_mut(&mut rig.outside).unwrap().can.inquiry_by_reference = true;
    rig.outside.network().needs(number(1), cny(9));
    rig.outside.provider().will(number(1), [Act::Silent]);
    rig.run(all(), UNTIL);
    rig.db().wait(rig.db().store.fence(i64::MAX));
    rig.run(all(), UNTIL);
    assert_eq!((rig.db().balance(Account::Suspense), fenced(&rig)), (0, None));
    let topups = rig.db().topups();
    assert!(topups.iter().all(|topup| matches!(topup.state, TopUpState::Delivered(_))), "{topups:?}");
}
