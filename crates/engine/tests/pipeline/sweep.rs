//! Which lines are queried, and when (S101).

use ringback_core::{
    Mode,
    line::State,
    recovery::{Event, Notice, Word},
};
use ringback_engine::{Input, Output};

use crate::world::{SET, Setup, World, cny, number, unanswered};

const HOUR_MS: u64 = 3_600_000;

/// Lines 1 to 8; the second and the seventh are not enrolled.
fn sweeping() -> World {
    let modes = (1..=8).map(|id| (id != 2 && id != 7).then_some(Mode::Auto)).collect();
    let setup = Setup { modes, ..Setup::lines(0) };
    let mut world = setup.world_with(|config| {
        config.check_every_ms = Some(HOUR_MS);
        config.batch = 2;
    });
    world.engine.start_sweeping();
    world.handle(vec![Input::Tick]);
    world
}

fn queries(world: &World) -> Vec<usize> {
    (1..=8).map(|id| world.log.queries_of(id)).collect()
}

#[test]
fn s101_the_start_up_sweep_queries_every_enrolled_line_and_no_other() {
    let mut world = sweeping();
    world.run_for(HOUR_MS / 2);
    assert_eq!(queries(&world), [1, 0, 1, 1, 1, 1, 0, 1]);
    let untouched = world.db.line(2);
    assert_eq!((untouched.version, untouched.seen), (0, None));
    assert!(world.db.line(1).seen.is_some());
}

#[test]
fn s101_the_timer_sweeps_again_after_its_time() {
    let mut world = sweeping();
    world.run_for(HOUR_MS / 2);
    for times in 1..4 {
        assert_eq!(queries(&world), [times, 0, times, times, times, times, 0, times]);
        world.run_for(HOUR_MS);
    }
}

#[test]
fn s101_without_a_timer_there_is_one_sweep() {
    let mut world = Setup::lines(5).world();
    world.engine.start_sweeping();
    world.handle(vec![Input::Tick]);
    world.run_for(100 * HOUR_MS);
    assert!((1..=5).all(|id| world.log.queries_of(id) == 1));
    assert_eq!(world.engine.next_wake_ms(world.now), None);
}

#[test]
fn s101_a_check_of_a_line_that_is_not_enrolled_asks_nothing() {
    let mut world = sweeping();
    world.check([2, 7]);
    world.run_for(HOUR_MS / 2);
    assert_eq!((world.log.queries_of(2), world.log.queries_of(7)), (0, 0));
}

#[test]
fn a_sweep_that_finds_a_restricted_line_recovers_it() {
    let mut world = sweeping();
    world.network.needs(number(3), cny(9));
    world.run_for(HOUR_MS - 1_000);
    assert_eq!(world.provider.received(number(3)), cny(1 + 8 + SET));
}

#[test]
fn n1_a_line_in_mode_ask_only_asks_and_one_tap_recovers_it() {
    let mut world = Setup { modes: vec![Some(Mode::Ask)], ..Setup::lines(0) }.world();
    world.network.needs(number(1), cny(1));
    world.check([1]);
    world.run_soundly();
    assert!(world.log.has_noticed(1, |notice| *notice == Notice::ApprovalWanted));
    assert_eq!(world.log.submitted, [], "nothing is paid before the tap");
    world.tell(1, Event::Approved);
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
}

#[test]
fn n1_a_line_that_is_watched_is_only_shown() {
    let mut world = Setup { modes: vec![Some(Mode::Watch)], ..Setup::lines(0) }.world();
    world.network.suspended(number(1));
    world.check([1]);
    world.run_soundly();
    let line = world.db.line(1);
    assert_eq!(line.state, State::Idle);
    assert!(line.seen.is_some() && world.log.notices.is_empty() && world.log.submitted.is_empty());
}

#[test]
fn s101_a_query_that_waits_is_not_made_once_the_consent_is_withdrawn() {
    let mut world = Setup::lines(1).world();
    world.network.needs(number(1), cny(1));
    world.check([1]);
    let submit = world.run_to(|output| matches!(output, Output::Submit(..)));
    world.check([1]);
    world.tell(1, Event::Told(Word::Withdrawn));
    world.run_until(|world| world.pending.is_empty());
    let Output::Submit(line, order) = submit else { unreachable!() };
    let queries = world.log.queries_of(1);
    world.handle(vec![Input::Replied(line, unanswered().into())]);
    world.run_until(|world| world.provider.inquired.contains(&order.reference));
    assert_eq!(world.log.queries_of(1), queries, "the order is resolved (N2), and nothing is asked beside that");
}
