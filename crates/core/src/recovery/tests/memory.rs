//! What a line counts and remembers: amounts, causes, words, tries, waits.

use super::script::{FINAL_AFTER_MS, Script, cny, receipt, restricted, terms};
use crate::{
    admit::Denial,
    ledger::Account,
    line::{Cause, Phase, Reason, State, Terms},
    policy::SetAmount,
    recovery::{End, Event, Notice, Rejected, Via, Word},
    status::{Bar, Read, Status},
    topup::{Echo, Outcome, Refusal, Reply, TopUpRef},
};

#[test]
fn p7_late_money_of_the_probe_does_not_hide_the_rung_that_helped() {
    let mut script = Script::ready(&[8]);
    script.proposed().refused_for_good(Refusal::Unavailable);
    let probe = script.topup();
    script.restricted().paid().restricted().paid().late(probe, receipt(cny(1), cny(1))).in_service();
    let cause = Cause::MonthlyFee { rung: 1, plan: cny(8) };
    assert_eq!(script.last().record.as_ref().unwrap().end, Some(End::Restored(cause)));
}

#[test]
fn p7_late_money_of_the_set_amount_pays_the_debt() {
    let mut script = Script::ready_with(SetAmount::Remembered(Some(cny(50))), &[8]);
    script.paid().in_service().proposed().refused_for_good(Refusal::Unavailable);
    let set = script.topup();
    script.late(set.clone(), receipt(cny(50), cny(50)));
    assert_eq!(script.line.state, State::Idle);
    assert_eq!(script.all_sent(), [1, 50].map(cny));
    assert_eq!(script.balance(Account::Delivered), 5_100);
}

#[test]
fn p7_late_money_of_the_set_amount_lets_no_order_go_that_is_out() {
    let mut script = Script::ready_with(SetAmount::Remembered(Some(cny(50))), &[8]);
    script.paid().in_service().proposed().refused_for_good(Refusal::Unavailable);
    let set = script.topup();
    script.in_service().proposed().late(set, receipt(cny(50), cny(50)));
    assert_eq!((script.out().asked, script.recovery().received), (cny(50), cny(1)));
}

/// The set amount is paid once, whichever of the two orders for it was delivered.
#[test]
fn p7_s105_late_money_of_the_set_amount_counts_once_the_order_that_was_out_comes_to_nothing() {
    let owing = |owed| {
        let mut script = Script::ready_with(SetAmount::Remembered(Some(cny(owed))), &[8]);
        script.paid().in_service().proposed().refused_for_good(Refusal::Unavailable);
        let (set, asked) = (script.topup(), script.topup().order.asked);
        script.in_service().proposed().late(set, receipt(asked, asked));
        script
    };
    let mut script = owing(50);
    script.refused_for_good(Refusal::Unavailable);
    assert_eq!(script.line.state, State::Idle);
    let mut script = owing(50);
    script.delivered();
    assert_eq!((&script.line.state, script.balance(Account::Delivered)), (&State::Idle, 10_100));
}

#[test]
fn s105_what_a_person_typed_wins_over_the_preset() {
    let mut script = Script::ready_with(SetAmount::Offered(Some(cny(50))), &[8]);
    script.paid().in_service().happens(&Event::Typed { amount: cny(20) }).in_service().proposed().delivered();
    script.restricted().offered(&[8]).paid().in_service();
    assert!(script.last().notices.contains(&Notice::AmountWanted(Some(cny(20)))));
    let mut script = Script::ready_with(SetAmount::Remembered(Some(cny(50))), &[8]);
    script.line.told.set_amount = Some(cny(20));
    script.paid().in_service().proposed();
    assert_eq!(script.sent(), Some(cny(20)));
}

#[test]
fn s105_what_stops_the_set_amount_does_not_rewrite_what_was_found_out() {
    let mut script = Script::ready_with(SetAmount::Remembered(Some(cny(50))), &[8]);
    script.paid().in_service().answered(Status::restricted(Bar::Lost));
    assert_eq!((script.parked(), &script.last().record), (&Reason::Barred(Bar::Lost), &None));
}

#[test]
fn i_know_it_is_suspended_holds_until_the_line_was_in_service() {
    let mut script = Script::ready_with(SetAmount::Remembered(Some(cny(50))), &[8]);
    script.paid().in_service().proposed().told(Word::Suspended).delivered();
    script.restricted();
    assert_eq!(script.line.state, State::Idle);
    script.in_service().restricted();
    assert!(matches!(script.phase(), Phase::Preparing { .. }));
}

#[test]
fn i_know_it_is_suspended_acts_as_soon_as_the_order_is_settled() {
    let mut script = Script::ready(&[8, 28]);
    script.proposed().told(Word::Suspended).delivered().restricted();
    assert_eq!((&script.line.state, script.balance(Account::RefundDue)), (&State::Suspended, 100));
}

#[test]
fn k4_a_person_who_confirms_the_number_confirms_its_sim() {
    let mut script = Script::new();
    let first = Event::Answered(Read { imsi: Some("460001".into()), ..script.read(restricted()) });
    let second = Event::Answered(Read { imsi: Some("460002".into()), ..script.read(restricted()) });
    script.happens(&first).happens(&second);
    assert!(script.line.doubt.is_some());
    script.told(Word::Confirmed).happens(&second);
    assert_eq!((script.line.doubt, script.line.imsi.as_deref()), (None, Some("460002")));
}

#[test]
fn try_again_ends_leave_it_alone() {
    let mut script = Script::new();
    script.told(Word::LeaveAlone(i64::MAX)).told(Word::TryAgain).restricted();
    assert!(matches!(script.phase(), Phase::Preparing { .. }));
}

#[test]
fn l1_tries_are_counted_in_a_row() {
    let mut script = Script::ready(&[8]);
    for _ in 0..8 {
        script.unknown();
    }
    script.restricted().paid();
    for _ in 0..8 {
        script.unknown();
    }
    assert!(matches!(script.phase(), Phase::Settling { .. }));
    script.unknown();
    assert_eq!(script.parked(), &Reason::StatusUnknown);
}

#[test]
fn an_empty_wallet_is_announced_then_waited_for() {
    let mut script = Script::ready(&[8]);
    script.proposed().refused_for_good(Refusal::WalletEmpty);
    assert!(script.last().notices.contains(&Notice::WalletEmpty("p".into())));
    assert_eq!(script.line.due().unwrap().1.left_ms(script.now), 60_000);
}

#[test]
fn p11_a_mismatch_is_announced() {
    let mut script = Script::ready(&[8]);
    script.proposed();
    let reference = script.out().reference.clone();
    let echo = Echo { asked: Some(cny(2)), ..Echo::default() };
    let event = script.replies(Reply { echo, outcome: receipt(cny(1), cny(1)) }, Via::Submission);
    script.happens(&event);
    assert!(script.last().notices.contains(&Notice::Mismatch(reference)));
}

#[test]
fn p2_neither_a_parked_nor_a_withheld_order_goes_by_another_reference() {
    let other = TopUpRef::from_random(99);
    let mut script = Script::ready(&[8]);
    script.proposed();
    let withheld = Event::Withheld { reference: other.clone(), denial: Denial::Paused };
    assert_eq!(script.rejects(&withheld), Rejected::Illegal);
    let mut script = Script::new();
    let blind = Terms { inquiry_by_reference: false, ..terms("p", &[8]) };
    script.restricted().offered_by(vec![blind]).proposed().submitted(Outcome::Pending);
    let via = Via::Person("it arrived".into());
    let event = Event::Replied { reference: other, reply: receipt(cny(1), cny(1)).into(), via };
    assert_eq!(script.rejects(&event), Rejected::Illegal);
}

#[test]
fn p5_l6_after_a_restart_the_provider_has_its_time_once_more_and_then_it_counts() {
    for asked_before in [false, true] {
        let mut script = Script::ready(&[8]);
        script.proposed();
        if asked_before {
            script.submitted(Outcome::Pending);
        }
        script.restarted().wait_ms(FINAL_AFTER_MS);
        script.inquired(Outcome::NotFound).inquired_in_time(Outcome::NotFound).inquired_in_time(Outcome::NotFound);
        assert_eq!(script.balance(Account::Held), 0);
    }
}

#[test]
fn s103_l6_after_a_restart_a_line_settles_in_full_again() {
    let mut script = Script::ready(&[8]);
    script.proposed().delivered().wait_ms(super::script::SETTLING_MS - 1).restarted().wait_ms(1).restricted();
    assert!(matches!(script.phase(), Phase::Settling { .. }));
    script.settled().restricted();
    assert!(matches!(script.phase(), Phase::Ready { .. }));
}
