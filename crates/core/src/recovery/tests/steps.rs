//! The steps and claims of the method, on the ladder `stepwise`.

use super::script::{Script, cny, in_service, restricted, terms};
use crate::{
    line::{Aim, Cause, Due, Group, Phase, Reason, State},
    offer::Denominations,
    policy::SetAmount,
    recovery::{End, Event, Notice, Rejected},
};

#[test]
fn s101_a_line_at_rest_takes_the_networks_answer() {
    let mut script = Script::new();
    script.in_service();
    assert_eq!(script.line.state, State::Idle);
    assert_eq!(script.line.seen.as_ref().unwrap().status, in_service());
}

#[test]
fn s102_a_restricted_answer_starts_a_recovery_and_pays_the_probe() {
    let mut script = Script::new();
    script.restricted();
    assert!(matches!(script.line.due(), Some((Due::Offers, wake)) if wake.is_due(script.now)));
    script.offered(&[8, 28]);
    assert!(matches!(script.line.due(), Some((Due::Propose, _))));
    script.proposed();
    assert_eq!(script.sent(), Some(cny(1)));
    assert_eq!(script.aim(), Aim::Probe);
}

#[test]
fn s102_a_success_signal_is_a_hint_and_an_inquiry_decides() {
    let mut script = Script::ready(&[8]);
    script.proposed().submitted(crate::topup::Outcome::Pending);
    assert!(!script.line.due().unwrap().1.is_due(script.now));
    script.happens(&Event::Signalled);
    assert!(matches!(script.phase(), Phase::Inquiring(_)));
    assert!(script.line.due().unwrap().1.is_due(script.now));
    assert!(script.last().transactions.is_empty());
}

#[test]
fn s103_after_the_payment_the_state_is_queried_again() {
    let mut script = Script::ready(&[8]);
    script.proposed().delivered();
    assert!(script.is_querying());
    let (_, wake) = script.line.due().unwrap();
    assert!(!wake.is_due(script.now));
    script.happens(&Event::Signalled);
    assert!(script.line.due().unwrap().1.is_due(script.now));
}

#[test]
fn s104_in_service_ends_the_recovery_with_its_cause() {
    let mut script = Script::ready(&[8]);
    script.paid().in_service();
    assert_eq!(script.last().record.as_ref().unwrap().end, Some(End::Restored(Cause::UsedUp)));
    assert!(script.last().notices.contains(&Notice::Restored(Cause::UsedUp)));
}

#[test]
fn s104_a_restricted_answer_before_the_line_settled_decides_nothing() {
    let mut script = Script::ready(&[8]);
    script.proposed().delivered().wait_ms(60_000).restricted();
    assert!(matches!(script.phase(), Phase::Settling { .. }));
    assert_eq!(script.aim(), Aim::Probe);
}

#[test]
fn s105_a_typed_set_amount_waits_for_the_person_and_a_fresh_query() {
    let mut script = Script::ready(&[8]);
    script.paid().in_service();
    assert!(matches!(script.line.due(), Some((Due::Lapse, _))));
    script.wait_ms(3_600_000).happens(&Event::Typed { amount: cny(50) });
    assert!(script.is_querying());
    script.in_service().proposed();
    assert_eq!(script.sent(), Some(cny(50)));
    script.delivered();
    assert_eq!((&script.line.state, script.line.told.set_amount), (&State::Idle, None));
}

#[test]
fn s105_nobody_types_the_amount_and_it_lapses() {
    let mut script = Script::ready(&[8]);
    script.paid().in_service();
    assert_eq!(script.rejects(&Event::Lapsed), crate::recovery::Rejected::Stale);
    script.wait_ms(7 * 86_400_000).happens(&Event::Lapsed);
    assert_eq!(script.line.state, State::Idle);
}

#[test]
fn s105_a_remembered_set_amount_is_paid_at_once_and_in_full() {
    let mut script = Script::ready_with(SetAmount::Remembered(Some(cny(50))), &[8]);
    script.paid().in_service().proposed();
    assert_eq!(script.sent(), Some(cny(50)));
}

#[test]
fn s105_an_amount_is_remembered_from_the_first_time() {
    let mut script = Script::ready_with(SetAmount::Remembered(None), &[8]);
    script.paid().in_service().happens(&Event::Typed { amount: cny(30) });
    script.in_service().proposed().delivered();
    script.wait_ms(86_400_000).restricted().offered(&[8]).paid().in_service().proposed();
    assert_eq!(script.sent(), Some(cny(30)));
}

#[test]
fn s105_a_set_amount_waits_for_the_providers_gap_and_is_made_up_of_what_is_sold() {
    let mut script = Script::new();
    script.policy.set = SetAmount::Remembered(Some(cny(130)));
    let mut terms = terms("p", &[8]);
    terms.min_gap_ms = 120_000;
    terms.offer.denominations = Denominations::Fixed([10, 20, 50].map(cny).to_vec());
    script.restricted().offered_by(vec![terms]).proposed().delivered().wait_ms(30_000).in_service();
    assert!(script.is_querying(), "the gap is not over");
    let mut paid = Vec::new();
    for gap_ms in [90_000, 120_000, 120_000, 120_000] {
        script.wait_ms(gap_ms);
        assert!(script.line.due().is_some_and(|(_, wake)| wake.is_due(script.now)));
        script.in_service().proposed();
        paid.extend(script.sent());
        script.delivered();
    }
    assert_eq!((paid, &script.line.state), ([50, 50, 20, 10].map(cny).to_vec(), &State::Idle));
}

#[test]
fn s105_nothing_is_paid_where_only_more_than_the_set_amount_is_sold() {
    let mut script = Script::new();
    script.policy.set = SetAmount::Remembered(Some(cny(30)));
    let mut terms = terms("p", &[100]);
    terms.offer.denominations = Denominations::Fixed([100].map(cny).to_vec());
    script.policy.probe = cny(100);
    script.restricted().offered_by(vec![terms]).paid().in_service();
    let proposed = Event::Proposed { reference: script.reference() };
    script.happens(&proposed);
    assert!(matches!(script.parked(), Reason::NotOffered(_)));
}

#[test]
fn s105_an_amount_in_another_currency_is_not_taken() {
    let mut script = Script::ready(&[8]);
    script.paid().in_service();
    assert_eq!(script.rejects(&Event::Typed { amount: "50 USD".parse().unwrap() }), Rejected::Illegal);
}

#[test]
fn s102_a_probe_above_the_highest_plan_is_not_paid() {
    let mut script = Script::new();
    script.policy.highest_plan = cny(10);
    let mut terms = terms("p", &[8]);
    terms.offer.denominations = Denominations::Fixed([50, 100].map(cny).to_vec());
    script.restricted().offered_by(vec![terms]);
    assert!(matches!(script.parked(), Reason::NotOffered(_)));
}

#[test]
fn s105_an_offered_set_amount_is_paid_after_its_time() {
    let mut script = Script::ready_with(SetAmount::Offered(Some(cny(50))), &[8]);
    script.paid().in_service();
    assert!(script.last().notices.contains(&Notice::AmountWanted(Some(cny(50)))));
    script.wait_ms(1_000).in_service();
    assert!(matches!(script.phase(), Phase::Owed { .. }));
    script.wait_ms(86_400_000).in_service().proposed();
    assert_eq!(script.sent(), Some(cny(50)));
}

#[test]
fn s105_an_offered_set_amount_can_be_changed_or_declined() {
    let mut script = Script::ready_with(SetAmount::Offered(Some(cny(50))), &[8]);
    script.paid().in_service();
    let mut declined = script.clone();
    script.happens(&Event::Typed { amount: cny(20) }).in_service().proposed();
    assert_eq!(script.sent(), Some(cny(20)));
    declined.happens(&Event::Declined);
    assert_eq!(declined.line.state, State::Idle);
}

#[test]
fn s105_a_line_that_is_restricted_again_starts_anew_and_drops_the_debt() {
    let mut script = Script::ready(&[8]);
    script.paid().in_service().happens(&Event::Typed { amount: cny(50) }).restricted();
    assert!(matches!(script.phase(), Phase::Preparing { .. }));
    assert_eq!((script.line.recoveries, script.aim()), (2, Aim::Probe));
}

#[test]
fn s1041_still_restricted_the_plans_are_sorted_ascending() {
    let mut script = Script::ready(&[58, 8, 28]);
    script.paid();
    for plan in [8, 28, 58] {
        script.restricted().paid();
        assert_eq!(script.topup().order.asked, cny(plan));
    }
}

#[test]
fn s1042_the_smallest_plan_is_paid_in_full_and_struck() {
    let mut script = Script::ready(&[8, 28]);
    script.paid().restricted().proposed();
    assert_eq!((script.sent(), script.aim()), (Some(cny(8)), Aim::Rung { number: 1, plan: cny(8) }));
    script.delivered().settled().restricted();
    assert_eq!(script.aim(), Aim::Rung { number: 2, plan: cny(28) });
}

#[test]
fn s1043_s1044_the_line_is_queried_after_every_rung() {
    let mut script = Script::ready(&[8, 28]);
    script.paid().restricted().proposed().delivered();
    assert!(script.is_querying());
    assert!(matches!(script.phase(), Phase::Settling { .. }));
}

#[test]
fn s1045_in_service_after_a_rung_pays_the_set_amount() {
    let mut script = Script::ready_with(SetAmount::Remembered(Some(cny(50))), &[8, 28]);
    script.paid().restricted().paid().restricted().paid().in_service();
    let cause = Cause::MonthlyFee { rung: 2, plan: cny(28) };
    assert_eq!(script.last().record.as_ref().unwrap().end, Some(End::Restored(cause)));
    script.proposed().delivered();
    assert_eq!(script.all_sent(), [1, 8, 28, 50].map(cny));
    assert_eq!(script.line.state, State::Idle);
}

#[test]
fn s1045_restricted_goes_back_to_the_next_plan() {
    let mut script = Script::ready(&[8, 28, 58]);
    script.paid().restricted().paid().restricted().paid().restricted().proposed();
    assert_eq!(script.all_sent(), [1, 8, 28, 58].map(cny));
}

#[test]
fn claim_3_a_used_up_list_means_suspended_by_its_owner() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().paid().restricted();
    assert_eq!(script.line.state, State::Suspended);
    assert_eq!(script.line.group(), Some(Group::Suspended));
    assert_eq!(script.last().record.as_ref().unwrap().end, Some(End::Suspended));
    assert!(script.last().notices.contains(&Notice::SuspendedByOwner));
}

#[test]
fn claim_4_in_service_moves_the_contact_at_that_moment() {
    let mut script = Script::new();
    script.answered(restricted());
    assert_eq!(script.line.group(), Some(Group::Restricted));
    script.offered(&[8]).proposed().delivered().wait_ms(1_000).in_service();
    assert_eq!(script.line.group(), Some(Group::InService));
}

#[test]
fn claim_5_everything_delivered_is_claimed_back() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().paid().restricted();
    let claimed: Vec<_> = script.last().claims.iter().map(|claim| claim.claimed).collect();
    assert_eq!(claimed, [1, 8].map(cny));
    assert_eq!(script.balance(crate::ledger::Account::RefundDue), 900);
    assert_eq!(script.balance(crate::ledger::Account::Delivered), 0);
}
