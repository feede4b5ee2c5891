//! Whole recoveries, from the first query to the books.

use ringback_core::{
    Cause, Group, Refusal,
    claim::State as ClaimState,
    line::State,
    recovery::{End, Notice},
};
use ringback_store::ClaimFilter;

use crate::world::{Act, SET, Setup, World, cny, ids, number};

#[test]
fn s101_s105_a_restricted_line_is_brought_back_and_gets_its_set_amount() {
    let mut world = Setup::lines(1).world();
    world.network.needs(number(1), cny(30));
    world.check([1]);
    world.run_soundly();
    assert_eq!(world.provider.asked(number(1)), [1, 8, 28, SET].map(cny), "probe, two plans, the set amount");
    let cause = Cause::MonthlyFee { rung: 2, plan: cny(28) };
    assert_eq!(world.db.ends(), [(ids([1])[0], Some(End::Restored(cause)))]);
    assert!(world.log.has_noticed(1, |notice| *notice == Notice::Restored(cause)));
    let line = world.db.line(1);
    assert_eq!((line.state.clone(), line.group()), (State::Idle, Some(Group::InService)));
    assert_eq!(world.log.troubles, [""; 0]);
}

#[test]
fn s102_the_probe_alone_brings_back_a_line_that_was_used_up() {
    let mut world = Setup::lines(1).world();
    world.network.needs(number(1), cny(1));
    world.check([1]);
    world.run_soundly();
    assert_eq!(world.provider.asked(number(1)), [1, SET].map(cny));
    assert_eq!(world.db.ends(), [(ids([1])[0], Some(End::Restored(Cause::UsedUp)))]);
}

#[test]
fn claims_3_and_5_a_line_suspended_by_its_owner_is_shown_so_and_its_money_comes_back() {
    let mut world = Setup::lines(1).world();
    world.network.suspended(number(1));
    world.check([1]);
    world.run_soundly();
    assert_eq!(world.provider.asked(number(1)), [1, 8, 28, 58].map(cny), "the probe and every plan");
    let line = world.db.line(1);
    assert_eq!((line.state.clone(), line.group()), (State::Suspended, Some(Group::Suspended)));
    let claims = world.db.claims(ClaimFilter::All);
    assert_eq!(claims.len(), 4, "R1: one claim for each delivery");
    assert!(claims.iter().all(|claim| claim.state == ClaimState::Paid { paid: claim.claimed }));
    assert_eq!(world.desk.paid_minor(), world.provider.debited_minor(), "everything came back");
}

#[test]
fn c6_a_suspended_line_is_left_alone_until_it_was_seen_in_service() {
    let mut world = Setup::lines(1).world();
    world.network.suspended(number(1));
    world.check([1]);
    world.run_soundly();
    let orders = world.provider.submitted.len();
    world.check([1]);
    world.run_soundly();
    assert_eq!(world.provider.submitted.len(), orders, "still restricted: nothing starts");
    world.network.needs(number(1), cny(0));
    world.check([1]);
    world.run_soundly();
    assert_eq!(world.db.line(1).state, State::Idle);
}

#[test]
fn p5_lost_silent_pending_and_refused_orders_are_settled_and_the_line_comes_back() {
    let mut world = Setup::lines(1).world();
    world.network.needs(number(1), cny(30));
    let busy = Refusal::Unavailable;
    world.provider.will(number(1), [Act::Lose, Act::Silent, Act::Refuse(busy), Act::Pend, Act::Deliver, Act::Lose]);
    world.check([1]);
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + 8 + 28 + SET));
    assert_eq!(world.provider.asked(number(1)), [1, 1, 8, 8, 28, SET, SET].map(cny), "a refusal is no rung");
    assert_eq!(world.log.submitted.len(), world.provider.submitted.len());
}

/// A third of them used up, a third with a fee due, a third suspended by their owners.
fn mixed(world: &mut World, lines: i64) {
    for id in 1..=lines {
        match id % 3 {
            0 => world.network.suspended(number(id)),
            1 => world.network.needs(number(id), cny(1)),
            _ => world.network.needs(number(id), cny(30)),
        }
    }
}

#[test]
fn many_lines_are_recovered_at_once_and_every_order_is_submitted_once() {
    let mut world = Setup::lines(200).seed(7).world();
    mixed(&mut world, 200);
    world.check(1..=200);
    world.run_soundly();
    let count =
        |wanted: fn(&End) -> bool| world.db.ends().iter().filter(|(_, end)| end.as_ref().is_some_and(wanted)).count();
    assert_eq!(count(|end| *end == End::Suspended), 66);
    assert_eq!(count(|end| *end == End::Restored(Cause::UsedUp)), 67);
    assert_eq!(count(|end| matches!(end, End::Restored(Cause::MonthlyFee { .. }))), 67);
    assert_eq!(world.provider.submitted.len(), 66 * 4 + 67 * 2 + 67 * 4);
    assert_eq!(world.log.submitted.len(), world.provider.submitted.len(), "what was sent is what arrived, once each");
}

#[test]
fn the_order_of_answers_changes_nothing_about_the_end() {
    let end = |seed| {
        let mut world = Setup::lines(6).seed(seed).world();
        mixed(&mut world, 6);
        world.check(1..=6);
        world.run_soundly();
        (world.db.ends(), (1..=6).map(|id| world.provider.received(number(id))).collect::<Vec<_>>())
    };
    let first = end(1);
    (2..8).for_each(|seed| assert_eq!(end(seed), first, "seed {seed}"));
}
