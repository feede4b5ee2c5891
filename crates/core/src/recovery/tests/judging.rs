//! When the network's word may cost money, and when it may not (K1-K5).

use super::script::{SETTLING_MS, Script, cny, in_service, policy, receipt, restricted, terms};
use crate::{
    admit::Denial,
    claim,
    line::{Cause, Doubt, Mode, Parked, Phase, Reason, State},
    policy::SetAmount,
    recovery::{End, Event, Rejected, Word},
    status::{Bar, Status},
    time::Incarnation,
    topup::Refusal,
};

#[test]
fn k1_a_read_that_was_issued_before_the_last_outcome_is_void() {
    let mut script = Script::ready(&[8]);
    script.proposed();
    let before = script.read(restricted());
    script.delivered();
    assert_eq!(script.rejects(&Event::Answered(before)), Rejected::Stale);
}

#[test]
fn k1_the_same_read_twice_pays_once() {
    let mut script = Script::ready(&[8]);
    script.paid();
    let read = script.read(restricted());
    script.happens(&Event::Answered(read.clone())).happens(&Event::Answered(read.clone())).paid();
    assert_eq!(script.rejects(&Event::Answered(read)), Rejected::Stale);
    assert_eq!(script.all_sent(), [1, 8].map(cny));
}

#[test]
fn k1_an_old_read_is_read_again_before_it_pays() {
    let mut script = Script::ready(&[8]);
    script.wait_ms(60_001).proposed();
    assert_eq!((script.sent(), script.is_querying()), (None, true));
    script.restricted().wait_ms(60_000).proposed();
    assert_eq!(script.sent(), Some(cny(1)));
}

#[test]
fn k1_a_read_of_another_incarnation_is_not_fresh() {
    let mut script = Script::ready(&[8]);
    script.restarted().proposed();
    assert_eq!((script.sent(), script.is_querying()), (None, true));
}

/// Found by seed 324824: another process had asked while the line was settling.
#[test]
fn l6_k1_an_older_read_does_not_take_the_place_of_the_one_that_an_order_waits_with() {
    let mut script = Script::ready(&[8]);
    script.proposed().delivered();
    let [mut elsewhere, early] = [script.read(restricted()), script.read(restricted())];
    elsewhere.issued.incarnation = Incarnation(9);
    script.settled().restricted();
    let waiting = script.phase().clone();
    for older in [elsewhere, early] {
        script.happens(&Event::Answered(older));
        assert_eq!(*script.phase(), waiting);
    }
    script.wait_ms(1).restricted();
    assert_ne!(*script.phase(), waiting);
}

#[test]
fn k1_a_late_delivery_voids_the_read_that_an_order_waits_with() {
    let mut script = Script::ready(&[8]);
    script.proposed().refused_for_good(Refusal::Unavailable).restricted();
    let (topup, paid) = (script.topup(), receipt(cny(1), cny(1)));
    script.late(topup, paid);
    assert!(matches!(script.phase(), Phase::Settling { .. }));
}

#[test]
fn k1_a_reversal_voids_the_read_that_an_order_waits_with() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted();
    let topup = script.topup();
    let back = super::script::reversed(&topup);
    script.late(topup, back).proposed();
    assert_eq!((script.sent(), script.is_querying()), (None, true));
}

#[test]
fn k1_money_of_an_earlier_recovery_voids_the_read_that_began_this_one() {
    let mut script = Script::ready(&[8]);
    script.proposed().refused_for_good(Refusal::Unavailable);
    let topup = script.topup();
    script.in_service().restricted();
    script.late(topup, receipt(cny(1), cny(1))).offered(&[8]).proposed();
    assert_eq!((script.sent(), script.is_querying()), (None, true));
}

#[test]
fn k2_unknown_is_not_restricted() {
    let mut script = Script::new();
    script.unknown();
    assert_eq!(script.line.state, State::Idle);
    let mut script = Script::ready(&[8]);
    script.paid().unknown();
    assert!(matches!(script.phase(), Phase::Settling { .. }));
    script.wait_ms(60_000).restricted();
    assert!(matches!(script.phase(), Phase::Ready { .. }));
}

#[test]
fn k2_an_offered_amount_waits_for_a_clear_answer() {
    let mut script = Script::ready_with(SetAmount::Offered(Some(cny(50))), &[8]);
    script.paid().in_service().wait_ms(86_400_000).unknown();
    let (_, wake) = script.line.due().unwrap();
    assert_eq!(wake.left_ms(script.now), 60_000);
    assert!(matches!(script.phase(), Phase::Owed { .. }));
}

#[test]
fn k3_a_stated_cause_other_than_arrears_never_pays() {
    for bar in [Bar::Fraud, Bar::Lost, Bar::Identity, Bar::Other] {
        let mut idle = Script::new();
        idle.answered(Status::restricted(bar));
        assert_eq!(idle.line.state, State::Idle);
        let mut open = Script::ready(&[8]);
        open.paid().answered(Status::restricted(bar));
        assert_eq!(open.parked(), &Reason::Barred(bar));
    }
}

#[test]
fn k4_a_number_without_subscriber_freezes_payments_until_confirmed() {
    let mut script = Script::new();
    script.answered(Status::not_in_service()).restricted();
    assert_eq!((&script.line.state, script.line.doubt), (&doubtful(), Some(Doubt::NotInService)));
    script.told(Word::Confirmed).restricted();
    assert!(matches!(script.phase(), Phase::Preparing { .. }));
}

#[test]
fn k4_another_sim_raises_a_doubt_and_no_claim_is_made() {
    let mut script = Script::ready(&[8]);
    for imsi in ["460001", "460002"] {
        let read = crate::status::Read { imsi: Some(imsi.into()), ..script.read(restricted()) };
        script.happens(&Event::Answered(read));
    }
    assert_eq!(script.line.doubt, Some(Doubt::ImsiChanged));
    script.paid().restricted().paid().restricted();
    assert_eq!((&script.line.state, script.last().claims.len()), (&doubtful(), 0));
    script.told(Word::Suspended);
    assert_eq!((&script.line.state, script.last().claims.len()), (&State::Suspended, 0));
    script.told(Word::Confirmed);
    assert_eq!(script.last().claims.len(), 2, "what was paid is claimed once the number is confirmed");
}

/// Parked, since it is doubtful whose number it is.
fn doubtful() -> State {
    State::Parked(Parked { reason: Reason::Denied(Denial::Doubtful), unsettled: None })
}

#[test]
fn k4_a_doubt_freezes_open_claims_and_a_confirmation_goes_on_with_them() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().paid().restricted();
    script.answered(Status::not_in_service());
    assert_eq!(script.last().line_claims, Some(claim::Event::Frozen));
    script.told(Word::Confirmed);
    assert_eq!(script.last().line_claims, Some(claim::Event::Thawed));
}

#[test]
fn k2_no_answer_does_not_wipe_out_what_was_seen() {
    let mut script = Script::new();
    script.in_service().unknown();
    assert_eq!(script.line.seen.as_ref().map(|seen| &seen.status), Some(&in_service()));
}

#[test]
fn looking_starts_nothing_ends_no_debt_and_frees_a_line_that_came_back() {
    let looked = |script: &mut Script, status: Status| {
        let read = script.read(status);
        script.happens(&Event::Looked(read));
    };
    let mut idle = Script::new();
    looked(&mut idle, restricted());
    assert_eq!(idle.line.state, State::Idle);
    let mut owed = Script::ready(&[8]);
    owed.paid().in_service();
    looked(&mut owed, restricted());
    assert!(matches!(owed.phase(), Phase::Owed { .. }));
    let mut suspended = Script::ready(&[8]);
    suspended.paid().restricted().paid().restricted();
    looked(&mut suspended, restricted());
    assert_eq!(suspended.line.state, State::Suspended);
    looked(&mut suspended, in_service());
    assert_eq!(suspended.line.state, State::Idle);
}

#[test]
fn k4_a_wrong_number_is_in_doubt() {
    let mut script = Script::ready(&[8]);
    script.proposed().refused_for_good(Refusal::NumberWrong);
    assert_eq!(script.line.doubt, Some(Doubt::NotInService));
    assert_eq!(script.parked(), &Reason::Refused(Refusal::NumberWrong));
}

#[test]
fn k5_a_read_before_the_end_of_settling_suspends_nothing() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().proposed().delivered().wait_ms(SETTLING_MS - 1).restricted();
    assert!(matches!(script.phase(), Phase::Settling { .. }));
    script.wait_ms(1);
    assert!(script.line.due().unwrap().1.is_due(script.now));
    script.restricted();
    assert_eq!(script.line.state, State::Suspended);
}

#[test]
fn k5_a_query_issued_too_early_suspends_nothing_when_it_answers_late() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().proposed().delivered().wait_ms(SETTLING_MS - 1);
    let early = script.read(restricted());
    script.wait_ms(60_000).happens(&Event::Answered(early));
    assert!(matches!(script.phase(), Phase::Settling { .. }));
}

#[test]
fn k5_settling_lasts_as_long_as_the_providers_gap() {
    let mut script = Script::new();
    let slow = crate::line::Terms { min_gap_ms: 2 * SETTLING_MS, ..terms("p", &[8]) };
    script.restricted().offered_by(vec![slow]).paid().restricted();
    assert!(matches!(script.phase(), Phase::Settling { .. }));
    script.settled().restricted();
    assert!(matches!(script.phase(), Phase::Ready { .. }));
}

#[test]
fn k5_a_ladder_cut_by_the_highest_plan_parks() {
    let mut script = Script::new();
    script.policy.highest_plan = cny(10);
    script.restricted().offered(&[8, 28]).paid().restricted().paid().restricted();
    assert_eq!(script.parked(), &Reason::HighestPlan);
}

#[test]
fn k5_a_ladder_cut_by_a_cap_or_by_the_number_of_orders_parks() {
    let mut script = Script::ready(&[8]);
    let cap = Denial::Cap(crate::admit::Scope::Recovery, crate::admit::Period::Lifetime);
    script.paid().restricted().denied(cap);
    assert_eq!(script.parked(), &Reason::Denied(cap));
    let mut script = Script::new();
    script.policy.max_orders = 1;
    script.restricted().offered(&[8]).paid().restricted().proposed();
    assert_eq!((script.parked(), script.sent()), (&Reason::TooManyOrders, None));
}

#[test]
fn k5_a_plan_delivered_in_part_is_paid_up_before_the_line_counts_as_suspended() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().proposed().submitted(receipt(cny(8), cny(5))).settled().restricted().proposed();
    assert_eq!(script.sent(), Some(cny(3)));
    script.delivered().settled().restricted();
    assert_eq!(script.line.state, State::Suspended);
}

#[test]
fn k5_unknown_plans_prove_nothing() {
    let mut script = Script::ready(&[]);
    script.paid().restricted();
    assert_eq!(script.parked(), &Reason::NoPlans);
}

#[test]
fn a_cause_names_what_was_delivered_and_not_what_was_to_come() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().in_service();
    assert_eq!(script.last().record.as_ref().unwrap().end, Some(End::Restored(Cause::UsedUp)));
    let mut script = Script::ready(&[8, 28]);
    script.paid().restricted().paid().restricted().proposed().refused_for_good(Refusal::Unavailable).in_service();
    let cause = Cause::MonthlyFee { rung: 1, plan: cny(8) };
    assert_eq!(script.last().record.as_ref().unwrap().end, Some(End::Restored(cause)));
}

#[test]
fn p10_the_policy_is_pinned_when_the_recovery_starts() {
    let mut script = Script::ready(&[8]);
    script.policy = crate::policy::Policy {
        probe: cny(7),
        ladder: crate::ladder::Kind::Cumulative,
        highest_plan: cny(1),
        set: SetAmount::Remembered(Some(cny(99))),
        max_orders: 0,
        ..policy()
    };
    script.paid().restricted().paid().in_service();
    assert_eq!(script.all_sent(), [1, 8].map(cny));
    assert!(matches!(script.phase(), Phase::Owed { .. }));
}

#[test]
fn n1_nothing_starts_without_enrolment_or_while_watched() {
    for change in [Word::Withdrawn, Word::Mode(Mode::Watch), Word::Suspended] {
        let mut script = Script::new();
        script.told(change).restricted();
        assert!(!matches!(script.line.state, State::Open(_)));
    }
    let mut script = Script::new();
    script.told(Word::LeaveAlone(script.now.wall_ms + 1)).restricted();
    assert_eq!(script.line.state, State::Idle);
    script.wait_ms(1).answered(in_service()).restricted();
    assert!(matches!(script.line.state, State::Open(_)));
}
