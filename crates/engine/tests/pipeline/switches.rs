//! What stops an order between its commit and its dispatch, and what a refused commit does (N1-N3, P9, C1).

use ringback_core::{
    LineId,
    admit::{Denial, Period, Scope, Switches},
    ledger::Account,
    line::{Reason, State},
    recovery::{Event, TopUpState, Word},
};
use ringback_engine::{Input, Limits, Output};

use crate::{
    commit::carries_an_order,
    world::{PROVIDER, SET, Setup, World, caps, cny, number, policy},
};

const PAUSED: Switches = Switches { paused: true, frozen: false, clock_fault: false };

/// Lines that the probe brings back.
fn world(lines: usize) -> World {
    let mut world = Setup::lines(lines).world_with(|config| {
        config.limits.insert(PROVIDER.into(), Limits { in_flight: 1, per_second: 1_000, batch: 1 });
    });
    (1..).take(lines).for_each(|id| world.network.needs(number(id), cny(1)));
    world.check(1..=i64::try_from(lines).unwrap());
    world
}

#[test]
fn l5_a_line_that_is_ready_to_be_paid_is_queried_on_request_while_spending_is_stopped() {
    let mut world = world(1);
    world.db.switch(PAUSED);
    world.poll();
    world.run();
    let queries = world.log.queries_of(1);
    world.check([1]);
    world.run();
    assert_eq!((world.log.queries_of(1), world.log.submitted.len()), (queries + 1, 0));
}

/// Two lines: the order of one is out, and the committed order of the other waits for the lane.
fn one_out_one_waiting() -> (World, Output, i64) {
    let mut world = world(2);
    let out = world.run_to(|output| matches!(output, Output::Submit(..)));
    let Output::Submit(LineId(first), _) = out else { unreachable!() };
    let waiting = 3 - first;
    for _ in 0..100 {
        if world.log.has_stepped(waiting, |event| matches!(event, Event::Proposed { .. })) {
            return (world, out, waiting);
        }
        world.step();
    }
    panic!("the other line makes no order");
}

fn withheld(world: &World, line: i64, by: Denial) -> bool {
    world.log.has_stepped(line, |event| matches!(event, Event::Withheld { denial, .. } if *denial == by))
}

/// The order that never left is failed, and nothing is held for it.
fn released(world: &World, line: i64) -> bool {
    let topups = world.db.topups();
    let of_line = topups.iter().find(|topup| topup.line == LineId(line)).unwrap();
    of_line.state == TopUpState::Withheld && world.db.balance(Account::Held) == 0
}

#[test]
fn n3_p9_the_kill_switch_between_commit_and_dispatch_withholds_the_order_and_releases_its_hold() {
    for kill_first in [true, false] {
        let mut world = world(1);
        let commit = world.run_to(carries_an_order);
        let committed = world.carry_out(commit);
        world.db.switch(PAUSED);
        let kill = Input::Switches(PAUSED);
        // The commit saw the switches before they were set, so its answer does not undo what is known since.
        world.handle(if kill_first { vec![kill, committed] } else { vec![committed, kill] });
        world.run_for(1_000);
        assert_eq!(world.log.submitted, [], "kill first: {kill_first}");
        assert!(withheld(&world, 1, Denial::Paused) && released(&world, 1));
        world.db.switch(Switches::default());
        world.poll();
        world.run_soundly();
        assert_eq!(world.provider.received(number(1)), cny(1 + SET), "and then it goes on");
    }
}

#[test]
fn n3_switches_that_a_commit_sees_stop_what_waits() {
    let (mut world, out, waiting) = one_out_one_waiting();
    world.db.switch(PAUSED);
    world.tell(3 - waiting, Event::Told(Word::Plan(cny(8))));
    world.run_for(1_000);
    world.answer(out);
    world.run_for(1_000);
    assert!(withheld(&world, waiting, Denial::Paused), "{:?}", world.log.stepped);
    assert!(released(&world, waiting));
    assert_eq!(world.log.submitted.len(), 1);
}

#[test]
fn n1_n2_p9_a_consent_withdrawn_before_the_dispatch_withholds_the_order_and_resolves_what_is_out() {
    let (mut world, out, waiting) = one_out_one_waiting();
    world.tell(waiting, Event::Told(Word::Withdrawn));
    world.run_for(1_000);
    world.answer(out);
    world.run_soundly();
    assert!(withheld(&world, waiting, Denial::NotEnrolled) && released(&world, waiting));
    let State::Parked(parked) = world.db.line(waiting).state else { panic!("it waits for a person") };
    assert_eq!(parked.reason, Reason::Denied(Denial::NotEnrolled));
    assert_eq!(world.provider.received(number(waiting)), cny(0));
    assert_eq!(world.provider.received(number(3 - waiting)), cny(1 + SET), "the other line is not touched by it");
}

#[test]
fn k1_an_order_that_waited_too_long_is_withheld_and_the_status_is_read_again() {
    let (mut world, out, waiting) = one_out_one_waiting();
    world.pass(61_000);
    world.answer(out);
    world.run_soundly();
    assert!(withheld(&world, waiting, Denial::StaleRead) && released(&world, waiting));
    assert_eq!(world.provider.received(number(waiting)), cny(1 + SET), "under another reference");
}

#[test]
fn n3_a_switch_that_the_commit_sees_denies_the_order_and_it_comes_back_as_an_event() {
    let mut world = world(1);
    let commit = world.run_to(carries_an_order);
    world.db.switch(PAUSED);
    world.answer(commit);
    world.run_for(1_000);
    assert!(world.log.has_stepped(1, |event| *event == Event::Denied(Denial::Paused)));
    assert_eq!((world.db.topups(), world.db.balance(Account::Held)), (Vec::new(), 0), "nothing of it was written");
    world.run_for(3_600_000);
    assert_eq!(world.log.submitted, [], "for as long as it is on");
    world.db.switch(Switches::default());
    world.poll();
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
}

#[test]
fn c1_l2_a_cap_denies_the_order_and_the_line_parks_with_the_reason() {
    let policy = ringback_core::Policy { caps: caps(20), ..policy() };
    let mut world = Setup { policy, ..Setup::lines(1) }.world();
    world.network.needs(number(1), cny(30));
    world.check([1]);
    world.run_soundly();
    let denial = Denial::Cap(Scope::Recovery, Period::Lifetime);
    assert!(world.log.has_stepped(1, |event| *event == Event::Denied(denial)));
    let State::Parked(parked) = world.db.line(1).state else { panic!("it waits for a person") };
    assert_eq!(parked.reason, Reason::Denied(denial));
    assert_eq!(world.provider.asked(number(1)), [1, 8].map(cny), "28 more would pass the cap");
}
