//! Nothing leaves before it is durable, and a failing disk loses nothing (P1, S2).

use ringback_core::{
    LineId,
    admit::Switches,
    line::State,
    recovery::{Event, Word},
};
use ringback_engine::{Input, Output};
use ringback_store::{Store, StoreError};

use crate::world::{Disk, Random, Setup, World, cny, number};

/// A line whose probe brings it back, run until its first order waits for the commit.
fn before_the_order() -> (World, Output) {
    let mut world = Setup::lines(1).world();
    world.network.needs(number(1), cny(1));
    world.check([1]);
    let commit = world.run_to(carries_an_order);
    (world, commit)
}

pub(crate) fn carries_an_order(output: &Output) -> bool {
    matches!(output, Output::Commit(batch) if batch.changes.iter().any(|change| change.step.send.is_some()))
}

#[test]
fn p1_an_order_leaves_only_after_the_commit_that_holds_it() {
    let (mut world, commit) = before_the_order();
    world.pass(10_000);
    world.handle(vec![Input::Tick]);
    assert!(world.log.submitted.is_empty() && world.pending.is_empty(), "nothing is sent meanwhile");
    world.answer(commit);
    let Some(ready @ Output::Prepare(LineId(1), _)) = world.pending.pop() else { panic!("{:?}", world.pending) };
    world.answer(ready);
    assert!(matches!(&world.pending[..], [Output::Submit(LineId(1), _)]));
    world.run_soundly();
}

/// P9: a provider may take its time to get ready; what happens meanwhile stops the order all the same.
#[test]
fn n3_what_is_stopped_while_its_provider_gets_ready_does_not_leave() {
    let (mut world, commit) = before_the_order();
    world.answer(commit);
    let ready = world.pending.pop().unwrap();
    world.db.switch(Switches { paused: true, ..Switches::default() });
    world.poll();
    world.answer(ready);
    world.pass(60_000);
    assert!(world.log.submitted.is_empty(), "{:?}", world.log.submitted);
    world.db.switch(Switches::default());
    world.poll();
    world.run_soundly();
    assert_eq!(world.db.line(1).state, State::Idle);
}

/// A withdrawal may be durable before the engine hears of it.
#[test]
fn p9_n1_an_order_waits_while_its_line_is_being_committed() {
    let (mut world, commit) = before_the_order();
    world.answer(commit);
    let ready = world.run_to(|output| matches!(output, Output::Prepare(..)));
    world.tell(1, Event::Told(Word::Withdrawn));
    let withdrawal = world.run_to(|output| matches!(output, Output::Commit(_)));
    let durable = world.carry_out(withdrawal);
    world.answer(ready);
    assert_eq!(world.log.submitted, []);
    world.handle(vec![durable]);
    world.run_soundly();
    assert_eq!(world.log.submitted, []);
}

/// What was committed before waits as well: nobody knows what else is stored about its line by now.
#[test]
fn s2_while_the_database_fails_nothing_leaves_that_was_committed_before() {
    let mut world = Setup::lines(2).world();
    world.network.needs(number(1), cny(1));
    world.check([1, 2]);
    let commit = world.run_to(carries_an_order);
    world.answer(commit);
    let ready = world.run_to(|output| matches!(output, Output::Prepare(..)));
    world.disk = Box::new(|_| Disk::Full);
    world.tell(2, Event::Told(Word::Confirmed));
    let failed = world.run_to(|output| matches!(output, Output::Commit(_)));
    world.answer(failed);
    world.answer(ready);
    assert_eq!(world.log.submitted, []);
    world.disk = Box::new(|_| Disk::Works);
    world.run_soundly();
    assert_eq!(world.db.line(1).state, State::Idle);
}

#[test]
fn s2_a_failed_commit_sends_nothing_and_is_tried_again_after_its_wait() {
    let (mut world, commit) = before_the_order();
    let Output::Commit(batch) = commit else { unreachable!() };
    let proposed = batch.changes[0].event.clone();
    world.handle(vec![Input::Committed(batch, Err(StoreError::Full))]);
    assert!(world.pending.is_empty() && world.log.submitted.is_empty());
    assert!(world.log.troubles[0].contains("nothing is sent"), "{:?}", world.log.troubles);
    let wake_ms = world.engine.next_wake_ms(world.now).unwrap();
    assert_eq!(wake_ms, world.now.uptime_ms + 1_000);
    world.pass(999);
    world.handle(vec![Input::Tick]);
    assert!(world.pending.is_empty(), "not before its time");
    world.pass(1);
    world.handle(vec![Input::Tick]);
    let again = matches!(&world.pending[..], [Output::Commit(batch)] if batch.changes[0].event == proposed);
    assert!(again, "the same reference: {:?}", world.pending);
    world.run_soundly();
    assert_eq!(world.db.line(1).state, State::Idle);
}

/// A scenario under a disk that fails at random comes to the same end as under one that works.
fn under(failing: Disk, seed: u64) -> World {
    let mut world = Setup::lines(4).seed(seed).world();
    (1..=3).for_each(|id| world.network.needs(number(id), cny(9 * id)));
    world.network.suspended(number(4));
    let mut random = Random::seeded(seed);
    world.disk = Box::new(move |_| if random.below(3) == 0 { failing } else { Disk::Works });
    world.check(1..=4);
    world.run_soundly();
    world
}

#[test]
fn s2_commits_that_fail_at_random_lose_nothing() {
    let expected = under(Disk::Works, 1);
    for seed in 1..6 {
        for failing in [Disk::Full, Disk::Unsure] {
            let world = under(failing, seed);
            assert_eq!(world.db.ends(), expected.db.ends(), "{failing:?}, seed {seed}");
            for id in 1..=4 {
                let received = world.provider.received(number(id));
                assert_eq!(received, expected.provider.received(number(id)), "{failing:?}, seed {seed}, line {id}");
            }
            assert_eq!(world.desk.paid_minor(), expected.desk.paid_minor());
        }
    }
}

#[test]
fn p4_an_order_whose_commit_was_durable_although_it_failed_is_inquired_about_and_never_sent_blindly() {
    let (mut world, commit) = before_the_order();
    let Output::Commit(batch) = commit else { unreachable!() };
    world.db.wait(world.db.store.commit(&batch));
    world.handle(vec![Input::Committed(batch.clone(), Err(StoreError::Other("unsure".into())))]);
    world.run_to(|output| matches!(output, Output::Inquire(..)));
    let reference = &batch.changes[0].step.send.as_ref().unwrap().reference;
    assert_eq!(world.log.inquired, std::slice::from_ref(reference));
    assert!(world.log.submitted.is_empty());
}

#[test]
fn s2_a_claim_whose_commit_failed_is_committed_by_the_next_wake() {
    let mut world = Setup::lines(1).world();
    world.network.suspended(number(1));
    world.check([1]);
    let desk = world.run_to(|output| matches!(output, Output::Desk(_)));
    let others = std::mem::take(&mut world.pending);
    world.answer(desk);
    let Some(Output::Commit(batch)) = world.pending.pop() else { panic!("{:?}", world.pending) };
    assert!(batch.changes.is_empty() && batch.claims.len() == 1);
    world.handle(vec![Input::Committed(batch, Err(StoreError::Busy))]);
    assert_eq!(world.engine.next_wake_ms(world.now), Some(world.now.uptime_ms + 1_000));
    world.pending.extend(others);
    world.run_soundly();
    assert_eq!(world.desk.paid_minor(), world.provider.debited_minor());
}

#[test]
fn group_commit_many_lines_share_one_commit_and_no_more_than_its_bound() {
    let mut world = Setup::lines(30).world_with(|config| config.batch = 10);
    world.check(1..=30);
    world.run_until(|world| {
        world.pending.iter().all(|output| matches!(output, Output::Commit(_))) && !world.pending.is_empty()
    });
    let mut sizes = Vec::new();
    while let Some(Output::Commit(batch)) = world.pending.pop() {
        sizes.push(batch.changes.len());
        world.answer(Output::Commit(batch));
    }
    assert!(sizes.iter().all(|size| *size <= 10) && sizes.iter().any(|size| *size > 1), "{sizes:?}");
    assert!((1..=30).all(|id| world.log.has_stepped(id, |event| matches!(event, Event::Answered(_)))));
}
