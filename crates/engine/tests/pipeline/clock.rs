//! A wall clock that jumps (C3, S2).

use ringback_core::{
    admit::{Denial, Switches},
    line::State,
    recovery::Event,
};
use ringback_engine::{Input, Output};

use crate::{
    commit::carries_an_order,
    world::{SET, Setup, World, cny, number},
};

const DAY_MS: i64 = 86_400_000;
const FAULT: Switches = Switches { paused: false, frozen: false, clock_fault: true };

/// A line whose first order waits for its commit, after which the wall clock jumps.
fn jumped(days: i64) -> (World, Output) {
    let mut world = Setup::lines(1).world();
    world.network.needs(number(1), cny(1));
    world.check([1]);
    let commit = world.run_to(carries_an_order);
    world.now.wall_ms += days * DAY_MS;
    (world, commit)
}

#[test]
fn c3_s2_a_jump_of_more_than_a_week_stops_spending_until_the_stored_switches_clear_it() {
    let (mut world, commit) = jumped(8);
    world.answer(commit);
    assert_eq!(world.log.clock_faults, 1);
    world.run_for(60_000);
    let withheld = |event: &Event| matches!(event, Event::Withheld { denial: Denial::ClockFault, .. });
    assert!(world.log.has_stepped(1, withheld));
    assert_eq!(world.log.submitted, []);

    world.poll();
    world.run_for(300_000);
    assert_eq!(world.log.submitted, [], "it holds although it is not stored yet");
    world.db.switch(FAULT);
    world.poll();
    world.run_for(3_600_000);
    assert_eq!(world.log.submitted, [], "stored");
    world.db.switch(Switches::default());
    world.poll();
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
    assert_eq!(world.log.clock_faults, 1, "it is raised once");
}

/// A batch that is made before the engine hears of it must not raise again what a person has just cleared.
#[test]
fn c3_what_a_person_cleared_is_not_raised_again() {
    let (mut world, commit) = jumped(8);
    world.answer(commit);
    world.db.switch(FAULT);
    world.poll();
    world.db.switch(Switches::default());
    world.check([1]);
    world.run_for(60_000);
    world.poll();
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
}

/// A person may clear it before the engine looks at the switches again.
#[test]
fn l1_a_fault_that_was_stored_and_cleared_again_stops_nothing_any_more() {
    let (mut world, commit) = jumped(8);
    world.answer(commit);
    world.db.switch(FAULT);
    world.handle(vec![Input::FaultStored]);
    world.db.switch(Switches::default());
    world.run_for(1_000);
    world.poll();
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
}

#[test]
fn l1_s2_a_fault_that_a_person_cleared_is_not_raised_again_by_a_commit_that_was_out() {
    let mut world = Setup::lines(1).world();
    world.network.needs(number(1), cny(1));
    world.db.switch(FAULT);
    world.poll();
    world.check([1]);
    let commit = world.run_to(|output| matches!(output, Output::Commit(_)));
    world.db.switch(Switches::default());
    world.answer(commit);
    world.poll();
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
}

#[test]
fn s2_inquiries_and_queries_go_on_under_a_clock_fault() {
    let mut world = Setup::lines(1).world();
    world.network.needs(number(1), cny(9));
    world.provider.will(number(1), [crate::world::Act::Silent]);
    world.check([1]);
    world.run_until(|world| !world.provider.submitted.is_empty());
    world.now.wall_ms += 8 * DAY_MS;
    world.handle(vec![Input::Tick]);
    let queries = world.log.queries_of(1);
    world.run_for(3_600_000);
    assert_eq!(world.provider.inquired.len(), 1);
    assert!(world.log.queries_of(1) > queries);
    assert_eq!(world.provider.submitted.len(), 1, "but nothing more is spent");
}

#[test]
fn a_laptop_that_slept_for_less_than_a_week_goes_on() {
    let (mut world, commit) = jumped(6);
    world.answer(commit);
    world.run_soundly();
    assert_eq!((world.log.clock_faults, world.db.line(1).state), (0, State::Idle));
}

#[test]
fn a_clock_set_back_is_harmless() {
    for days in [1, 30, 400] {
        let (mut world, commit) = jumped(-days);
        world.answer(commit);
        world.run_soundly();
        assert_eq!(world.log.clock_faults, 0, "{days} days");
        assert_eq!(world.provider.received(number(1)), cny(1 + SET), "{days} days");
    }
}

#[test]
fn a_restart_is_no_jump() {
    let (mut world, commit) = jumped(0);
    world.answer(commit);
    world.run_until(|world| !world.provider.submitted.is_empty());
    world.now.wall_ms += 30 * DAY_MS;
    world.crash();
    world.run_soundly();
    assert_eq!(world.log.clock_faults, 0);
}
