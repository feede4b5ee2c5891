//! Claims: the desk is asked at growing intervals, and no more once the line is active again (claim 5, R1, R6).

use std::collections::BTreeMap;

use ringback_core::{
    DeskReply, TopUpRef,
    claim::{self, State as ClaimState},
    ledger::Account,
};
use ringback_engine::{Input, Output};
use ringback_store::ClaimFilter;

use crate::world::{CLAIM_POLL_MS, Setup, World, cny, number};

const HOUR_MS: u64 = 3_600_000;

/// A suspended line whose desk never pays.
fn claiming() -> World {
    let mut world = Setup::lines(1).world();
    world.network.suspended(number(1));
    world.desk.patience = u32::MAX;
    world.check([1]);
    world.run_until(|world| world.engine.open_claims(|_| true) == 4);
    world
}

fn asked_at(world: &World) -> BTreeMap<TopUpRef, Vec<u64>> {
    let mut asked: BTreeMap<TopUpRef, Vec<u64>> = BTreeMap::new();
    for (at_ms, claim) in &world.log.claimed {
        asked.entry(claim.reference.clone()).or_default().push(*at_ms);
    }
    asked
}

#[test]
fn r1_a_desk_is_asked_at_growing_intervals_of_an_hour_at_most() {
    let mut world = claiming();
    world.run_for(24 * HOUR_MS);
    for times in asked_at(&world).into_values() {
        let waits: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(waits[..4].iter().all(|wait| (CLAIM_POLL_MS..CLAIM_POLL_MS + 1_000).contains(wait)), "{waits:?}");
        assert!(waits.windows(2).all(|pair| pair[1] + 1_000 > pair[0]), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait < HOUR_MS + 1_000), "{waits:?}");
        assert!((20..40).contains(&times.len()), "for ever, at a bounded rate: {}", times.len());
    }
    let sent = &world.log.claimed;
    let unchanged = |(_, claim): &(u64, ringback_core::Claim)| {
        let first = sent.iter().find(|(_, other)| other.reference == claim.reference).unwrap();
        (claim.claimed, &claim.desk) == (first.1.claimed, &first.1.desk)
    };
    assert!(sent.iter().all(unchanged), "resent unchanged");
}

#[test]
fn r6_claims_end_when_the_line_is_active_again_and_the_desk_is_left_alone() {
    let mut world = claiming();
    world.run_for(HOUR_MS);
    world.network.needs(number(1), cny(0));
    world.check([1]);
    world.run_soundly();
    let claims = world.db.claims(ClaimFilter::All);
    assert!(claims.iter().all(|claim| claim.state == ClaimState::Withdrawn), "{claims:?}");
    let asked = world.log.claimed.len();
    world.run_for(100 * HOUR_MS);
    assert_eq!(world.log.claimed.len(), asked);
    assert_eq!(world.db.balance(Account::RefundDue), 0);
}

#[test]
fn r6_m5_a_desk_that_pays_a_withdrawn_claim_after_all_is_booked() {
    let mut world = claiming();
    let desk = world.run_to(|output| matches!(output, Output::Desk(_)));
    let Output::Desk(claim) = desk else { unreachable!() };
    world.network.needs(number(1), cny(0));
    world.check([1]);
    world.run_until(|world| world.engine.open_claims(|_| true) == 0);
    world.desk.patience = 1;
    world.desk.ask(&claim);
    let paid = world.desk.ask(&claim);
    assert_eq!(paid, DeskReply::Paid(claim.claimed));
    world.handle(vec![Input::Desk(claim.reference.clone(), paid)]);
    world.run_soundly();
    let stored = world.db.claims(ClaimFilter::Of(claim.reference.clone()));
    assert_eq!(stored[0].state, ClaimState::Paid { paid: claim.claimed });
}

#[test]
fn r5_what_a_person_records_about_a_closed_claim_is_booked() {
    let mut world = claiming();
    let Output::Desk(claim) = world.run_to(|output| matches!(output, Output::Desk(_))) else { unreachable!() };
    world.handle(vec![Input::Desk(claim.reference.clone(), DeskReply::Expired)]);
    world.run_until(|world| world.db.open_claims().len() == 3);
    // A person's request comes as two inputs, and other inputs may come between them.
    let stored = world.db.claims(ClaimFilter::Of(claim.reference.clone()));
    world.handle(vec![Input::Claims(stored)]);
    world.handle(vec![Input::Tick]);
    let letter = claim::Event::Answered(DeskReply::Paid(claim.claimed));
    world.handle(vec![Input::ClaimEvent(claim.reference.clone(), letter)]);
    world.run_until(|world| world.engine.is_committed());
    let state = world.db.claims(ClaimFilter::Of(claim.reference)).remove(0).state;
    assert_eq!(state, ClaimState::Paid { paid: claim.claimed });
}

#[test]
fn r1_a_reply_of_the_desk_twice_posts_one_refund() {
    let mut world = claiming();
    let Output::Desk(claim) = world.run_to(|output| matches!(output, Output::Desk(_))) else { unreachable!() };
    world.desk.patience = 1;
    world.desk.ask(&claim);
    let paid = world.desk.ask(&claim);
    for _ in 0..2 {
        world.handle(vec![Input::Desk(claim.reference.clone(), paid.clone())]);
    }
    world.run_soundly();
}
