//! Answers that come late, contradict, or come from a person (P7, P11-P13).

use super::script::{Script, cny, in_service, receipt, restricted, reversed, terms};
use crate::{
    claim,
    ledger::{Account, Kind},
    line::{Aim, Cause, LineId, Phase, Reason, State, Terms},
    policy::SetAmount,
    recovery::{End, Event, Notice, Rejected, TopUp, TopUpState, Via, Word},
    topup::{Echo, Outcome, Receipt, Refusal, Reply},
};

/// A line that parked with an order that nobody can inquire about.
fn blind() -> Script {
    let mut script = Script::new();
    let terms = Terms { inquiry_by_reference: false, ..terms("p", &[8]) };
    script.restricted().offered_by(vec![terms]).proposed().submitted(Outcome::Unknown("timeout".into()));
    script
}

/// An order that was refused and settled; its reply says afterwards that it was delivered.
fn refused() -> (Script, TopUp) {
    let mut script = Script::ready(&[8]);
    script.proposed().refused_for_good(Refusal::Unavailable);
    let topup = script.topup();
    (script, topup)
}

fn one() -> Outcome {
    receipt(cny(1), cny(1))
}

#[test]
fn p7_a_late_success_posts_through_suspense_and_alerts() {
    let (mut script, topup) = refused();
    let reference = topup.order.reference.clone();
    script.late(topup, one());
    assert_eq!(script.posted(), [Kind::Late, Kind::Late]);
    assert_eq!((script.balance(Account::Suspense), script.balance(Account::Delivered)), (0, 100));
    assert!(script.last().notices.contains(&Notice::LateSuccess(reference)));
    assert_eq!(script.topup().state, TopUpState::Delivered(Receipt { debited: cny(1), delivered: cny(1) }));
}

#[test]
fn p7_a_late_success_counts_for_the_open_recovery() {
    let (mut script, topup) = refused();
    script.late(topup, one());
    assert_eq!(script.recovery().received, cny(1));
    assert!(matches!(script.phase(), Phase::Settling { .. }));
    script.settled().in_service();
    assert_eq!(script.last().record.as_ref().unwrap().end, Some(End::Restored(Cause::UsedUp)));
}

#[test]
fn p7_a_late_success_in_any_state_posts() {
    let (mut script, topup) = refused();
    for status in [in_service(), restricted()] {
        script.answered(status);
        let mut after = script.clone();
        after.late(topup.clone(), one());
        assert_eq!(after.balance(Account::Delivered), 100);
    }
}

#[test]
fn p7_a_late_success_on_a_suspended_line_is_claimed_back() {
    let (mut script, topup) = refused();
    script.restricted().paid().restricted().paid().restricted();
    assert_eq!(script.line.state, State::Suspended);
    script.late(topup.clone(), one());
    let claims = &script.last().claims;
    assert_eq!((claims.len(), &claims[0].reference), (1, &topup.order.reference));
    assert_eq!(script.balance(Account::RefundDue), 1_000);
}

#[test]
fn p7_a_late_success_of_a_rung_does_not_let_the_set_amount_go() {
    let mut script = Script::ready_with(SetAmount::Remembered(Some(cny(50))), &[8]);
    script.paid().restricted().proposed().refused_for_good(Refusal::Unavailable);
    let (topup, mut typed) = (script.topup(), Script::ready(&[8]));
    typed.paid().restricted().proposed().refused_for_good(Refusal::Unavailable);
    script.in_service().late(topup.clone(), receipt(cny(8), cny(8))).settled().in_service().proposed();
    assert_eq!(script.sent(), Some(cny(50)));
    typed.in_service().happens(&Event::Typed { amount: cny(30) });
    typed.late(topup, receipt(cny(8), cny(8))).settled().in_service().proposed();
    assert_eq!(typed.sent(), Some(cny(30)));
}

/// The order that is out may come to nothing: then the money that came late has its time, as any other.
#[test]
fn p7_s1043_late_money_has_its_time_after_an_order_that_was_out() {
    let (mut script, topup) = refused();
    script.restricted().proposed().late(topup, one());
    assert!(matches!(script.phase(), Phase::Paying { .. }));
    script.refused_for_good(Refusal::Unavailable);
    assert!(matches!(script.phase(), Phase::Settling { .. }), "{:?}", script.phase());
    script.settled().restricted().proposed();
    assert_eq!(script.sent(), Some(cny(8)));
}

#[test]
fn p7_a_replayed_late_success_is_stale() {
    let (mut script, topup) = refused();
    script.late(topup, one());
    let event = Event::Late { topup: Box::new(script.topup()), reply: one().into() };
    assert_eq!(script.rejects(&event), Rejected::Stale);
}

#[test]
fn p11_an_answer_about_something_else_goes_to_suspense_and_parks() {
    let other = "+8613900139000".parse().unwrap();
    for echo in [
        Echo { reference: Some("OTHER".into()), ..Echo::default() },
        Echo { msisdn: Some(other), ..Echo::default() },
        Echo { asked: Some(cny(2)), ..Echo::default() },
    ] {
        let mut script = Script::ready(&[8]);
        script.proposed();
        let event = script.replies(Reply { echo, outcome: one() }, Via::Submission);
        script.happens(&event);
        assert_eq!((script.parked(), script.topup().state), (&Reason::Mismatch, TopUpState::Suspense));
        assert_eq!((script.balance(Account::Held), script.balance(Account::Suspense)), (0, 100));
    }
}

#[test]
fn p11_another_currency_goes_to_suspense() {
    let euro = "1 EUR".parse().unwrap();
    for outcome in [receipt(euro, cny(1)), receipt(cny(1), euro), receipt(cny(1), cny(-1))] {
        let mut script = Script::ready(&[8]);
        script.proposed().submitted(outcome);
        assert_eq!((script.parked(), script.balance(Account::Suspense)), (&Reason::Mismatch, 100));
    }
}

#[test]
fn c1_a_declared_fee_is_reserved_and_a_greater_one_goes_to_suspense() {
    let terms = Terms { max_fee: Some(cny(1)), ..terms("p", &[8]) };
    let mut script = Script::new();
    script.restricted().offered_by(vec![terms]).proposed();
    assert_eq!(script.balance(Account::Held), 200);
    let mut dear = script.clone();
    script.submitted(receipt(cny(2), cny(1)));
    assert_eq!((script.balance(Account::Held), script.balance(Account::Delivered)), (0, 200));
    dear.submitted(receipt(cny(3), cny(1)));
    assert_eq!((dear.parked(), dear.balance(Account::Suspense)), (&Reason::Mismatch, 200));
}

#[test]
fn p11_less_delivered_than_asked_is_a_normal_outcome() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().proposed().submitted(receipt(cny(8), cny(5)));
    assert!(matches!(script.phase(), Phase::Settling { .. }));
    assert_eq!(script.recovery().received, cny(6));
}

#[test]
fn a_provider_that_takes_money_and_delivers_nothing_is_paid_no_more() {
    let mut script = Script::ready(&[8]);
    script.proposed().submitted(receipt(cny(1), cny(0)));
    assert!(matches!(script.parked(), Reason::Money(_)));
    assert_eq!(script.balance(Account::Delivered), 100);
}

#[test]
fn p13_several_doubts_wait_side_by_side_and_each_can_be_settled() {
    let mut script = blind();
    script.by_hand(Outcome::NotFound);
    let first = script.topup();
    script.told(Word::TryAgain).restricted().offered(&[8]).proposed().submitted(Outcome::Pending);
    script.by_hand(Outcome::NotFound);
    let second = script.topup();
    script.told(Word::TryAgain).late(first.clone(), one()).late(second.clone(), one());
    assert_eq!(script.balance(Account::Suspense), 200);
    script.restricted();
    assert_eq!(script.parked(), &Reason::Mismatch, "nothing is paid while money is in suspense");
    for topup in [second, first] {
        let reference = topup.order.reference;
        let via = Via::Person("the bank statement".into());
        script.happens(&Event::Replied { reference, reply: one().into(), via });
    }
    assert_eq!((script.balance(Account::Suspense), script.balance(Account::Delivered)), (0, 200));
    script.told(Word::TryAgain);
    assert_eq!(script.line.state, State::Idle);
}

#[test]
fn p13_a_persons_delivered_that_the_provider_denies_goes_to_suspense() {
    let mut script = blind();
    script.by_hand(one());
    let topup = script.topup();
    assert_eq!(topup.state, TopUpState::DeliveredByWord(Receipt { debited: cny(1), delivered: cny(1) }));
    let mut agreed = script.clone();
    agreed.late(topup.clone(), one());
    assert!(matches!(agreed.topup().state, TopUpState::Delivered(_)));
    assert_eq!(agreed.balance(Account::Delivered), 100);
    script.late(topup, Outcome::Refused(Refusal::Unavailable));
    assert_eq!((script.balance(Account::Suspense), script.balance(Account::Delivered)), (100, 0));
    script.by_hand(Outcome::NotFound);
    assert_eq!((script.balance(Account::Suspense), script.balance(Account::Float)), (0, 0));
}

/// One claim for each top-up: what was claimed once is not claimed again when a person settles what became of it.
#[test]
fn r1_a_claimed_delivery_that_came_into_doubt_is_not_claimed_again() {
    let mut script = Script::ready(&[]);
    script.paid().told(Word::Suspended);
    assert_eq!((script.line.state.clone(), script.last().claims.len()), (State::Suspended, 1));
    let delivered = script.steps.iter().rev().find_map(|step| step.topup.clone()).unwrap();
    let less = Receipt { debited: cny(1), delivered: cny(0) };
    script.late(delivered, Outcome::Delivered(less));
    assert_eq!(script.topup().state, TopUpState::Suspense);
    script.by_hand(Outcome::Delivered(less));
    assert_eq!(script.topup().state, TopUpState::DeliveredByWord(less));
    script.told(Word::Suspended);
    assert_eq!((script.line.state.clone(), script.last().claims.len()), (State::Suspended, 0));
}

#[test]
fn p12_r2_a_delivery_that_is_taken_back_ends_its_claim() {
    let mut script = Script::ready(&[8]);
    script.paid();
    let topup = script.topup();
    script.restricted().paid().restricted();
    let back = reversed(&topup);
    script.late(topup.clone(), back);
    assert_eq!(script.last().claim_event, Some((topup.order.reference, claim::Event::Reversed)));
    assert_eq!(script.line.state, State::Suspended);
}

#[test]
fn p11_a_parked_order_takes_no_answer_about_something_else() {
    let mut script = blind();
    let echo = Echo { asked: Some(cny(2)), ..Echo::default() };
    let event = script.replies(Reply { echo, outcome: one() }, Via::Statement);
    script.happens(&event);
    assert_eq!((script.parked(), script.balance(Account::Suspense)), (&Reason::Mismatch, 100));
    assert_eq!(script.balance(Account::Delivered), 0);
    let again =
        script.replies(Reply { echo: Echo { asked: Some(cny(2)), ..Echo::default() }, outcome: one() }, Via::Statement);
    assert_eq!(script.rejects(&again), Rejected::Stale);
}

#[test]
fn p11_a_late_answer_about_something_else_goes_to_suspense_and_parks() {
    let (mut script, topup) = refused();
    let echo = Echo { asked: Some(cny(2)), ..Echo::default() };
    script.happens(&Event::Late { topup: Box::new(topup), reply: Reply { echo, outcome: one() } });
    assert_eq!((script.parked(), script.topup().state), (&Reason::Mismatch, TopUpState::Suspense));
    assert_eq!((script.balance(Account::Suspense), script.balance(Account::Delivered)), (100, 0));
}

#[test]
fn p11_a_reversal_of_something_else_is_not_taken() {
    let mut script = Script::ready(&[8]);
    script.paid();
    let topup = script.topup();
    let reply =
        Reply { echo: Echo { asked: Some(cny(2)), ..Echo::default() }, outcome: super::script::reversed(&topup) };
    assert_eq!(script.rejects(&Event::Late { topup: Box::new(topup), reply }), Rejected::Illegal);
}

#[test]
fn p11_a_late_doubt_lets_no_order_go_that_is_out() {
    let (mut script, topup) = refused();
    script.restricted().proposed();
    let echo = Echo { asked: Some(cny(2)), ..Echo::default() };
    script.happens(&Event::Late { topup: Box::new(topup), reply: Reply { echo, outcome: one() } });
    assert_eq!((script.balance(Account::Held), script.balance(Account::Suspense)), (100, 100));
    assert!(matches!(script.phase(), Phase::Paying { .. }));
}

#[test]
fn p11_a_delivery_in_doubt_counts_for_the_ladder_again_once_a_person_settled_it() {
    let mut script = Script::ready(&[8, 18]);
    script.paid().restricted().proposed();
    let rung = script.out().clone();
    let probe = script.topups().into_values().find(|topup| topup.aim == Aim::Probe).unwrap();
    let reference = probe.order.reference.clone();
    script.late(probe, receipt(cny(1), cny(2)));
    assert_eq!(script.recovery().received, cny(0));
    script.happens(&Event::Replied { reference, reply: one().into(), via: Via::Person("one it was".into()) });
    assert_eq!((script.recovery().received, script.line.unsettled_order()), (cny(1), Some(&rung)));
}

#[test]
fn p12_a_reversal_posts_alerts_and_reopens_nothing() {
    let mut script = Script::ready(&[8]);
    script.paid().in_service().happens(&Event::Declined);
    let topup = script.topup();
    let back = reversed(&topup);
    script.late(topup.clone(), back);
    assert_eq!((script.posted(), script.balance(Account::Delivered)), (vec![Kind::Reverse], 0));
    assert!(script.last().notices.contains(&Notice::Reversed(topup.order.reference)));
    assert_eq!(script.line.state, State::Idle);
}

#[test]
fn p12_r2_what_was_taken_back_is_not_claimed() {
    let mut script = Script::ready(&[8]);
    script.paid();
    let topup = script.topup();
    let back = reversed(&topup);
    script.late(topup, back).told(Word::Suspended);
    assert_eq!((&script.line.state, script.last().claims.len()), (&State::Suspended, 0));
    assert_eq!((script.balance(Account::Delivered), script.balance(Account::RefundDue)), (0, 0));
}

#[test]
fn p12_k5_a_ladder_with_a_rung_taken_back_proves_no_suspension() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().paid();
    let topup = script.topup();
    let back = reversed(&topup);
    script.late(topup, back).restricted();
    assert!(matches!(script.parked(), Reason::Refused(Refusal::Other(_))));
}

#[test]
fn p13_a_person_settles_an_unknown_like_the_provider() {
    let mut delivered = blind();
    delivered.by_hand(one());
    assert_eq!((delivered.balance(Account::Held), delivered.balance(Account::Delivered)), (0, 100));
    let mut failed = blind();
    failed.by_hand(Outcome::NotFound);
    assert_eq!((failed.balance(Account::Held), failed.balance(Account::Delivered)), (0, 0));
    assert_eq!(failed.topup().state, TopUpState::Failed(true));
    for script in [delivered, failed] {
        assert_eq!((script.parked(), script.line.unsettled_order()), (&Reason::CannotInquire, None));
    }
}

#[test]
fn p13_a_person_settles_an_order_that_is_being_inquired_about() {
    let mut script = Script::ready(&[8]);
    script.proposed().submitted(Outcome::Pending).by_hand(Outcome::NotFound);
    assert_eq!((script.balance(Account::Held), script.topup().state), (0, TopUpState::Failed(true)));
    assert!(matches!(script.parked(), Reason::Refused(_)));
}

#[test]
fn p13_a_persons_word_about_an_order_that_is_out_is_marked_and_may_be_contradicted() {
    let mut script = Script::ready(&[8]);
    script.proposed().submitted(Outcome::Pending).by_hand(one());
    let topup = script.topup();
    assert_eq!(topup.state, TopUpState::DeliveredByWord(Receipt { debited: cny(1), delivered: cny(1) }));
    script.late(topup, Outcome::Refused(Refusal::Unavailable));
    assert_eq!((script.balance(Account::Suspense), script.parked()), (100, &Reason::Mismatch));
}

#[test]
fn p13_a_person_who_states_no_outcome_settles_nothing() {
    for outcome in [Outcome::Pending, Outcome::Unknown("no idea".into())] {
        let mut script = Script::ready(&[8]);
        script.proposed().submitted(Outcome::Pending);
        assert_eq!(script.rejects(&script.replies(outcome.clone(), Via::Person("?".into()))), Rejected::Stale);
        let parked = blind();
        assert_eq!(parked.rejects(&parked.replies(outcome, Via::Person("?".into()))), Rejected::Stale);
    }
}

#[test]
fn p13_money_that_contradicts_a_person_stays_in_suspense() {
    let mut script = blind();
    script.by_hand(Outcome::NotFound);
    let topup = script.topup();
    script.late(topup, one());
    assert_eq!((script.posted(), script.topup().state), (vec![Kind::Late], TopUpState::Suspense));
    assert_eq!((script.balance(Account::Suspense), script.balance(Account::Delivered)), (100, 0));
    script.by_hand(one());
    assert_eq!((script.balance(Account::Suspense), script.balance(Account::Delivered)), (0, 100));
}

#[test]
fn p13_only_a_person_takes_money_out_of_suspense() {
    let mut script = Script::ready(&[8]);
    script.proposed();
    let echo = Echo { asked: Some(cny(2)), ..Echo::default() };
    let event = script.replies(Reply { echo, outcome: one() }, Via::Submission);
    script.happens(&event);
    assert_eq!(script.rejects(&script.replies(one(), Via::Statement)), Rejected::Stale);
    script.by_hand(one());
    assert_eq!((script.posted(), script.balance(Account::Suspense)), (vec![Kind::Settle], 0));
    assert_eq!(script.balance(Account::Delivered), 100);
}

#[test]
fn a_parked_order_keeps_its_hold_on_a_refusal_and_takes_a_late_delivery() {
    let mut script = blind();
    let refusal = script.replies(Outcome::Refused(Refusal::Unavailable), Via::Statement);
    assert_eq!(script.rejects(&refusal), Rejected::Stale);
    let delivery = script.replies(one(), Via::Statement);
    script.happens(&delivery);
    assert_eq!((script.balance(Account::Held), script.balance(Account::Delivered)), (0, 100));
    assert_eq!(script.topup().line, LineId(1));
}

#[test]
fn a_word_while_an_order_is_parked_forgets_no_order() {
    let mut script = blind();
    for word in [Word::TryAgain, Word::Suspended, Word::Withdrawn] {
        script.told(word).in_service();
        assert_eq!(script.out().asked, cny(1));
    }
}
