//! What people say, and what is claimed back (N1, N2, R1-R6).

use super::script::{Script, cny, in_service, receipt};
use crate::{
    admit::Denial,
    claim,
    ledger::Account,
    line::{Cause, Mode, Phase, Reason, State},
    policy::SetAmount,
    recovery::{End, Event, Notice, Rejected, Word},
    status::{Bar, Status},
    topup::Outcome,
};

/// A line suspended by its owner, with nine yuan claimed back.
fn suspended() -> Script {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().paid().restricted();
    script
}

#[test]
fn ask_one_tap_approves_a_recovery() {
    let mut script = Script::new();
    script.told(Word::Mode(Mode::Ask)).restricted().offered(&[8]);
    assert!(script.last().notices.contains(&Notice::ApprovalWanted));
    assert_eq!(script.rejects(&Event::Proposed { reference: script.reference() }), Rejected::Illegal);
    let mut declined = script.clone();
    script.happens(&Event::Approved).restricted().proposed();
    assert_eq!(script.sent(), Some(cny(1)));
    declined.happens(&Event::Declined);
    assert_eq!(declined.last().record.as_ref().unwrap().end, Some(End::Declined));
}

#[test]
fn n2_withdrawn_before_an_order_parks_at_once() {
    let mut script = Script::ready(&[8]);
    script.told(Word::Withdrawn);
    assert_eq!(script.parked(), &Reason::Denied(Denial::NotEnrolled));
}

#[test]
fn n2_withdrawn_with_an_order_out_resolves_it_and_makes_no_other() {
    let mut script = Script::ready(&[8]);
    script.proposed().told(Word::Withdrawn);
    assert_eq!(script.balance(Account::Held), 100);
    script.delivered().settled().restricted();
    assert_eq!((script.parked(), script.balance(Account::Delivered)), (&Reason::Declined, 100));
    assert_eq!(script.all_sent(), [cny(1)]);
}

#[test]
fn n2_a_word_to_leave_it_alone_stops_an_open_recovery() {
    let mut early = Script::ready(&[8]);
    let until = early.now.wall_ms + 86_400_000;
    early.told(Word::LeaveAlone(until)).restricted();
    assert_eq!(early.line.state, State::Idle);
    let mut script = Script::ready(&[8]);
    script.proposed().told(Word::LeaveAlone(until)).delivered().settled().restricted();
    assert_eq!(script.parked(), &Reason::LeftAlone);
    script.wait_ms(86_400_000).restricted();
    assert!(matches!(script.phase(), Phase::Preparing { .. }), "its day is over");
}

#[test]
fn a_told_plan_is_tried_first() {
    let mut script = Script::new();
    script.told(Word::Plan(cny(28))).restricted().offered(&[8, 28]).paid().restricted().proposed();
    assert_eq!(script.sent(), Some(cny(28)));
}

#[test]
fn r1_each_delivery_is_claimed_once() {
    let script = suspended();
    let mut references: Vec<_> = script.last().claims.iter().map(|claim| claim.reference.clone()).collect();
    references.dedup();
    assert_eq!(references.len(), 2);
    let mut again = script.clone();
    again.restricted().told(Word::Suspended).told(Word::TryAgain).told(Word::Suspended);
    assert_eq!(again.balance(Account::RefundDue), script.balance(Account::RefundDue));
}

#[test]
fn r2_what_was_debited_is_claimed_and_no_more() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted();
    script.proposed().submitted(receipt(cny(7), cny(8))).settled().restricted();
    let claimed: Vec<_> = script.last().claims.iter().map(|claim| claim.claimed).collect();
    assert_eq!(claimed, [1, 7].map(cny));
}

#[test]
fn r4_what_a_parked_line_received_is_claimed_when_a_person_says_that_it_is_suspended() {
    let mut script = Script::new();
    script.policy.highest_plan = cny(10);
    script.restricted().offered(&[8, 588]).paid().restricted().paid().restricted();
    assert_eq!(script.parked(), &Reason::HighestPlan);
    script.told(Word::Suspended);
    let claimed: Vec<_> = script.last().claims.iter().map(|claim| claim.claimed).collect();
    assert_eq!(claimed, [1, 8].map(cny));
}

#[test]
fn r6_what_was_delivered_before_the_line_was_seen_in_service_is_not_claimed() {
    let mut script = Script::new();
    script.policy.highest_plan = cny(10);
    script.restricted().offered(&[8, 588]).paid().restricted().paid().restricted().in_service();
    script.told(Word::Suspended);
    assert!(script.last().claims.is_empty());
}

#[test]
fn n1_enrolling_again_frees_a_line_that_was_parked_for_its_missing_consents() {
    let mut script = Script::ready(&[8]);
    script.paid().told(Word::Withdrawn);
    assert_eq!(script.parked(), &Reason::Denied(Denial::NotEnrolled));
    let consents = crate::line::tests::enrolled().consents;
    script.told(Word::Enrolled(consents, Mode::Auto));
    assert_eq!(script.line.state, State::Idle);
}

#[test]
fn r3_nothing_is_claimed_while_an_order_is_unknown() {
    let mut script = Script::ready(&[8]);
    script.paid().restricted().proposed().submitted(Outcome::Unknown("timeout".into()));
    script.told(Word::Suspended).restricted();
    assert!(script.steps.iter().all(|step| step.claims.is_empty()));
    script.inquired_in_time(receipt(cny(8), cny(8))).settled().restricted();
    assert_eq!((&script.line.state, script.last().claims.len()), (&State::Suspended, 2));
}

#[test]
fn r4_only_a_suspension_claims() {
    let mut restored = Script::ready(&[8]);
    restored.paid().in_service();
    let mut parked = Script::ready(&[8]);
    parked.paid().answered(Status::restricted(Bar::Lost));
    let mut unknown = Script::ready(&[]);
    unknown.paid().restricted();
    for script in [restored, parked, unknown] {
        assert_eq!(script.balance(Account::RefundDue), 0);
    }
}

#[test]
fn r4_a_person_who_knows_that_it_is_suspended_ends_the_ladder() {
    let mut script = Script::ready(&[8, 28, 58]);
    script.paid().restricted().told(Word::Suspended);
    assert_eq!((&script.line.state, script.balance(Account::RefundDue)), (&State::Suspended, 100));
    assert_eq!(script.last().record.as_ref().unwrap().end, Some(End::Suspended));
}

#[test]
fn r6_a_suspended_line_in_service_stops_claiming() {
    let mut script = suspended();
    script.in_service();
    assert_eq!(script.last().line_claims, Some(claim::Event::Withdrawn));
    assert_eq!(script.line.state, State::Idle);
}

#[test]
fn r6_claims_end_as_well_when_a_person_had_the_line_tried_again() {
    let mut idle = suspended();
    idle.told(Word::TryAgain).in_service();
    assert_eq!(idle.last().line_claims, Some(claim::Event::Withdrawn));
    let mut open = suspended();
    open.told(Word::TryAgain).restricted().in_service();
    assert_eq!(open.last().line_claims, Some(claim::Event::Withdrawn));
    open.restricted();
    assert_eq!(open.last().line_claims, None);
}

#[test]
fn the_end_of_the_debt_does_not_rewrite_what_the_recovery_found_out() {
    let restored = Some(End::Restored(Cause::UsedUp));
    for after in [Event::Told(Word::Suspended), Event::Told(Word::Withdrawn), Event::Declined] {
        let mut script = Script::ready(&[8]);
        script.paid().in_service();
        assert_eq!(script.last().record.as_ref().unwrap().end, restored);
        script.happens(&after);
        assert_eq!(script.last().record, None, "{after:?}");
    }
    let mut script = Script::ready(&[8]);
    script.paid().in_service().answered(Status::restricted(Bar::Lost));
    assert_eq!((script.parked(), &script.last().record), (&Reason::Barred(Bar::Lost), &None));
}

#[test]
fn a_line_that_comes_back_before_anything_was_delivered_owes_nothing() {
    let mut script = Script::ready_with(SetAmount::Remembered(Some(cny(50))), &[8]);
    script.answered(in_service());
    assert_eq!(script.line.state, State::Idle);
    assert_eq!(script.last().record.as_ref().unwrap().end, Some(End::CameBack));
}

#[test]
fn words_are_idempotent() {
    for word in [Word::Suspended, Word::Withdrawn, Word::TryAgain, Word::Confirmed, Word::Plan(cny(8))] {
        let mut script = Script::ready(&[8]);
        script.told(word.clone());
        let (once, posted) = (script.line.clone(), script.balance(Account::RefundDue));
        script.told(word);
        assert_eq!(script.line, crate::line::Line { version: once.version + 1, ..once });
        assert_eq!(script.balance(Account::RefundDue), posted);
    }
}

#[test]
fn an_approval_outside_of_its_time_is_illegal() {
    let script = Script::ready(&[8]);
    assert!(matches!(script.phase(), Phase::Ready { .. }));
    for event in [Event::Approved, Event::Declined, Event::Lapsed, Event::Signalled, Event::Offered(Vec::new())] {
        assert_eq!(script.rejects(&event), Rejected::Illegal);
    }
}
