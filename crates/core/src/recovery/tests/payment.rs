//! What becomes of an order that was given to a provider (P1-P6, C5, C6, L3).

use super::script::{FINAL_AFTER_MS, SPACING_MS, Script, cny, receipt, terms};
use crate::{
    admit::Denial,
    ledger::{Account, Kind},
    line::{Aim, Doubt, Due, Phase, Reason, State, Terms},
    recovery::{Event, Rejected, TopUpState, Via},
    topup::{Outcome, Refusal, TopUpRef},
};

/// An order that is out, long enough for a "not found" to count.
fn out() -> Script {
    let mut script = Script::ready(&[8]);
    script.proposed().wait_ms(FINAL_AFTER_MS);
    script
}

#[test]
fn p1_nothing_is_sent_but_what_is_held() {
    let mut script = Script::ready(&[8]);
    script.proposed();
    assert_eq!(script.posted(), [Kind::Hold]);
    assert_eq!(script.last().send.as_ref(), Some(script.out()));
    assert_eq!(script.last().topup.as_ref().unwrap().state, TopUpState::Held);
    script.delivered().settled().restricted().paid().restricted();
    for step in &script.steps {
        let holds = step.transactions.iter().any(|transaction| transaction.kind == Kind::Hold);
        assert_eq!(holds, step.send.is_some());
    }
}

#[test]
fn p2_an_order_stands_under_the_first_reference_drawn() {
    let mut script = Script::ready(&[8]);
    let first = script.reference();
    script.proposed();
    assert_eq!(script.out().reference, first);
    assert_eq!(script.rejects(&Event::Proposed { reference: TopUpRef::from_random(99) }), Rejected::Illegal);
}

#[test]
fn p2_an_answer_under_another_reference_is_not_taken() {
    let mut script = out();
    let other = Event::Replied {
        reference: TopUpRef::from_random(99),
        reply: receipt(cny(1), cny(1)).into(),
        via: Via::Submission,
    };
    assert_eq!(script.rejects(&other), Rejected::Illegal);
    script.inquired(Outcome::Pending);
    assert_eq!(script.rejects(&other), Rejected::Illegal);
}

#[test]
fn p4_no_answer_is_inquired_about_under_the_same_reference() {
    let mut script = Script::ready(&[8]);
    script.proposed();
    let order = script.out().clone();
    let (due, wake) = script.line.due().unwrap();
    assert_eq!((due, wake.left_ms(script.now)), (Due::Inquire(order.clone(), 0), 120_000));
    script.submitted(Outcome::Unknown("timeout".into()));
    assert_eq!(script.line.due().unwrap().0, Due::Inquire(order, 0));
    assert_eq!((script.sent(), script.balance(Account::Held)), (None, 100));
}

#[test]
fn p5_p6_a_refusal_settles_after_one_confirming_inquiry() {
    let mut script = Script::ready(&[8]);
    script.proposed().refused(Refusal::Unavailable);
    assert_eq!(script.balance(Account::Held), 100);
    script.inquired_in_time(Outcome::Refused(Refusal::Unavailable));
    assert_eq!((script.posted(), script.balance(Account::Held)), (vec![Kind::Release], 0));
    assert_eq!(script.topup().state, TopUpState::Failed(false));
}

#[test]
fn p5_the_confirming_not_found_counts_only_when_the_provider_had_time() {
    let mut script = Script::ready(&[8]);
    script.proposed().refused(Refusal::Unavailable).inquired_in_time(Outcome::NotFound);
    assert_eq!(script.balance(Account::Held), 100);
    script.wait_ms(FINAL_AFTER_MS).inquired(Outcome::NotFound);
    assert_eq!(script.balance(Account::Held), 0);
}

#[test]
fn p5_a_refusal_that_is_not_confirmed_is_forgotten() {
    let mut script = Script::ready(&[8]);
    script.proposed().refused(Refusal::Unavailable).inquired_in_time(Outcome::Pending);
    script.inquired_in_time(Outcome::Refused(Refusal::Unavailable));
    assert_eq!(script.balance(Account::Held), 100);
    script.inquired_in_time(receipt(cny(1), cny(1)));
    assert_eq!((script.balance(Account::Held), script.balance(Account::Delivered)), (0, 100));
}

#[test]
fn p5_not_found_alone_needs_three() {
    let mut script = out();
    script.inquired(Outcome::NotFound).inquired_in_time(Outcome::NotFound);
    assert_eq!(script.balance(Account::Held), 100);
    script.inquired_in_time(Outcome::NotFound);
    assert_eq!((script.balance(Account::Held), script.is_querying()), (0, true));
}

#[test]
fn p5_not_founds_count_only_when_they_are_spaced() {
    let mut script = out();
    script.inquired(Outcome::NotFound);
    for _ in 0..5 {
        script.wait_ms(SPACING_MS / 10).inquired(Outcome::NotFound);
    }
    assert_eq!(script.balance(Account::Held), 100);
}

#[test]
fn p5_a_hint_does_not_shorten_the_space_between_not_founds() {
    let mut script = out();
    script.inquired(Outcome::NotFound);
    script.happens(&Event::Signalled);
    assert_eq!(script.line.due().unwrap().1.left_ms(script.now), SPACING_MS);
    script.inquired(Outcome::NotFound).happens(&Event::Signalled).inquired(Outcome::NotFound);
    assert_eq!(script.balance(Account::Held), 100);
}

#[test]
fn p5_an_early_not_found_does_not_count() {
    let mut script = Script::ready(&[8]);
    script.proposed();
    for _ in 0..3 {
        script.wait_ms(SPACING_MS).inquired(Outcome::NotFound);
    }
    assert_eq!(script.balance(Account::Held), 100);
}

#[test]
fn p5_l6_a_restart_counts_the_providers_time_anew() {
    let mut script = out();
    script.restarted();
    for _ in 0..4 {
        script.inquired(Outcome::NotFound).wait_ms(SPACING_MS);
    }
    assert_eq!(script.balance(Account::Held), 100);
}

#[test]
fn p5_pending_between_two_not_founds_starts_the_count_anew() {
    let mut script = out();
    script.inquired(Outcome::NotFound).inquired_in_time(Outcome::NotFound).inquired_in_time(Outcome::Pending);
    script.inquired_in_time(Outcome::NotFound).inquired_in_time(Outcome::NotFound);
    assert_eq!(script.balance(Account::Held), 100);
    script.inquired_in_time(Outcome::NotFound);
    assert_eq!(script.balance(Account::Held), 0);
}

#[test]
fn p5_a_replayed_answer_of_an_inquiry_is_stale() {
    let mut script = out();
    let first = script.replies(Outcome::NotFound, Via::Inquiry(0));
    script.happens(&first);
    assert_eq!(script.rejects(&first), Rejected::Stale);
    let from_the_future = script.replies(Outcome::NotFound, Via::Inquiry(2));
    assert_eq!(script.rejects(&from_the_future), Rejected::Stale);
}

#[test]
fn p5_a_not_found_that_answers_no_inquiry_does_not_count() {
    let mut script = out();
    for via in [Via::Submission, Via::Statement, Via::Submission] {
        let event = script.replies(Outcome::NotFound, via);
        script.wait_ms(FINAL_AFTER_MS).happens(&event);
    }
    script.inquired(Outcome::NotFound).inquired_in_time(Outcome::NotFound);
    assert_eq!(script.balance(Account::Held), 100);
}

#[test]
fn p5_without_inquiries_the_line_parks_and_the_hold_stays() {
    let mut script = Script::new();
    let blind = Terms { inquiry_by_reference: false, ..terms("p", &[8]) };
    script.restricted().offered_by(vec![blind]).proposed().refused(Refusal::Unavailable);
    assert_eq!(script.parked(), &Reason::CannotInquire);
    assert_eq!((script.balance(Account::Held), script.out().asked), (100, cny(1)));
}

#[test]
fn a_refusal_is_no_rung() {
    let mut script = Script::ready(&[8, 28]);
    script.paid().restricted().proposed().refused_for_good(Refusal::Unavailable);
    assert_eq!(script.aim(), Aim::Rung { number: 1, plan: cny(8) });
    script.restricted().proposed();
    assert_eq!(script.all_sent(), [1, 8, 8].map(cny));
}

#[test]
fn too_soon_is_the_same_rung_later() {
    for (gap_ms, least_ms) in [(7_200_000, 7_200_000), (0, 60_000)] {
        let mut script = Script::new();
        let slow = Terms { min_gap_ms: gap_ms, ..terms("p", &[8]) };
        script.restricted().offered_by(vec![slow]).proposed().refused_for_good(Refusal::TooSoon);
        assert_eq!(script.line.due().unwrap().1.left_ms(script.now), least_ms);
        script.restricted().proposed();
        assert_eq!((script.sent(), script.aim()), (Some(cny(1)), Aim::Probe));
    }
}

#[test]
fn p4_a_barred_line_goes_to_another_provider_once_the_first_is_settled() {
    for reason in [Refusal::BarredLine, Refusal::NotOffered] {
        let mut script = Script::new();
        script.restricted().offered_by(vec![terms("p", &[8]), terms("q", &[8])]).proposed();
        let first = script.out().clone();
        script.refused(reason.clone());
        assert_eq!(script.out(), &first);
        script.inquired_in_time(Outcome::Refused(reason.clone())).restricted().proposed();
        assert_eq!((script.out().provider.as_str(), script.sent()), ("q", Some(cny(1))));
        assert_ne!(script.out().reference, first.reference);
        script.refused_for_good(reason.clone());
        assert_eq!(script.parked(), &Reason::Refused(reason));
    }
}

#[test]
fn l3_unknowns_are_inquired_about_for_ever_at_a_bounded_rate() {
    let mut script = Script::ready(&[8]);
    script.proposed().submitted(Outcome::Unknown("timeout".into()));
    for _ in 0..200 {
        script.inquired_in_time(Outcome::Unknown("timeout".into()));
        let (due, wake) = script.line.due().unwrap();
        assert!(matches!(due, Due::Inquire(..)));
        assert!((SPACING_MS..=3_600_000).contains(&wake.left_ms(script.now)));
    }
    assert_eq!(script.balance(Account::Held), 100);
    script.inquired_in_time(receipt(cny(1), cny(1)));
    assert!(matches!(script.phase(), Phase::Settling { .. }));
}

#[test]
fn c5_the_orders_of_a_recovery_are_bounded() {
    let mut script = Script::ready(&[8]);
    for _ in 0..script.policy.max_orders {
        script.proposed().refused_for_good(Refusal::TooSoon).restricted();
    }
    script.proposed();
    assert_eq!((script.parked(), script.sent()), (&Reason::TooManyOrders, None));
}

#[test]
fn c6_a_parked_line_starts_nothing_until_it_was_in_service() {
    let mut script = Script::ready(&[]);
    script.paid().restricted();
    assert_eq!(script.parked(), &Reason::NoPlans);
    script.wait_ms(86_400_000).restricted();
    assert_eq!(script.parked(), &Reason::NoPlans);
    script.in_service().restricted();
    assert!(matches!(script.phase(), Phase::Preparing { .. }));
}

#[test]
fn c6_a_suspended_line_starts_anew_when_a_person_says_so() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().paid().restricted().restricted();
    assert_eq!(script.line.state, State::Suspended);
    script.told(crate::recovery::Word::TryAgain).restricted();
    assert!(matches!(script.phase(), Phase::Preparing { .. }));
}

#[test]
fn c6_the_recoveries_of_thirty_days_are_bounded() {
    let mut script = Script::new();
    for _ in 0..script.policy.max_recoveries {
        script.restricted().in_service().wait_ms(86_400_000);
    }
    script.restricted();
    assert_eq!(script.parked(), &Reason::TooManyRecoveries);
    script.wait_ms(28 * 86_400_000).in_service().restricted();
    assert!(matches!(script.line.state, State::Open(_)));
}

#[test]
fn c6_a_clock_that_stood_ahead_forgets_no_recovery() {
    let mut script = Script::new();
    script.policy.max_recoveries = 1;
    script.restricted().in_service();
    script.line.doubt = Some(Doubt::ImsiChanged);
    script.now.wall_ms += 40 * 86_400_000;
    script.restricted();
    assert_eq!(script.parked(), &Reason::Denied(Denial::Doubtful));
    script.now.wall_ms -= 40 * 86_400_000;
    script.told(crate::recovery::Word::Confirmed).restricted();
    assert_eq!(script.parked(), &Reason::TooManyRecoveries);
}

#[test]
fn p9_a_withheld_order_gives_its_hold_back() {
    let mut script = Script::ready(&[8]);
    script.proposed();
    let reference = script.out().reference.clone();
    let withheld = Event::Withheld { reference, denial: Denial::Paused };
    script.happens(&withheld);
    assert_eq!((script.balance(Account::Held), script.topup().state), (0, TopUpState::Withheld));
    assert_eq!(script.recovery().orders, 0, "it counts for nothing");
    assert!(script.is_querying());
    assert_eq!(script.rejects(&withheld), Rejected::Illegal);
}
