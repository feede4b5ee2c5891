//! Another process moved a line on: nothing of the transition is written, the line is loaded again and goes on (P8).

use ringback_core::{
    LineId, Outcome, Receipt,
    ledger::Account,
    line::State,
    recovery::{Event, TopUpState, Via, Word},
};
use ringback_engine::{Input, Limits, Output};

use ringback_store::Store;

use crate::world::{Act, Disk, PROVIDER, SET, Setup, World, cny, number, unanswered};

fn world() -> World {
    let mut world = Setup::lines(1).world();
    world.network.needs(number(1), cny(9));
    world.check([1]);
    world
}

fn moved_on(world: &mut World) {
    world.db.tell(&[(LineId(1), Word::Plan(cny(8)))]);
}

#[test]
fn p8_a_conflict_at_any_commit_loads_the_line_again_and_loses_nothing() {
    for at in 0..12 {
        let mut world = world();
        for _ in 0..at {
            let commit = world.run_to(|output| matches!(output, Output::Commit(_)));
            world.answer(commit);
        }
        let commit = world.run_to(|output| matches!(output, Output::Commit(_)));
        moved_on(&mut world);
        world.answer(commit);
        assert!(world.pending.iter().any(|output| matches!(output, Output::Load(_))), "commit {at}");
        world.run_soundly();
        let line = world.db.line(1);
        assert_eq!((line.state, line.told.plan), (State::Idle, Some(cny(8))), "commit {at}");
        assert_eq!(world.provider.received(number(1)), cny(1 + 8 + SET), "commit {at}");
    }
}

#[test]
fn p8_a_conflict_while_an_inquiry_is_out_frees_its_lane_and_settles_the_order() {
    let mut world = world();
    let Output::Submit(line, order) = world.run_to(|output| matches!(output, Output::Submit(..))) else {
        unreachable!()
    };
    drop(world.provider.submit(&order));
    world.handle(vec![Input::Replied(line, unanswered().into())]);
    let inquiry = world.run_to(|output| matches!(output, Output::Inquire(..)));
    moved_on(&mut world);
    world.tell(1, Event::Told(Word::Plan(cny(28))));
    let commit = world.run_to(|output| matches!(output, Output::Commit(_)));
    world.answer(commit);
    world.answer(inquiry);
    world.run_soundly();
    assert_eq!(world.db.line(1).told.plan, Some(cny(28)), "the event was not lost");
    assert_eq!(world.provider.inquired.len(), 1, "its answer counts");
}

#[test]
fn p8_a_conflict_keeps_what_was_asked_about_the_line() {
    let mut world = Setup::lines(1).world();
    world.tell(1, Event::Told(Word::Plan(cny(28))));
    world.check([1]);
    let query = world.run_to(|output| matches!(output, Output::Query(..)));
    let commit = world.run_to(|output| matches!(output, Output::Commit(_)));
    moved_on(&mut world);
    world.answer(commit);
    world.answer(query);
    world.run_soundly();
    assert!(world.log.has_stepped(1, |event| matches!(event, Event::Answered(_))), "S101: the answer is judged");
}

#[test]
fn p13_an_order_that_a_person_settles_while_an_inquiry_is_out_frees_its_lane() {
    let mut world = world();
    let Output::Submit(line, order) = world.run_to(|output| matches!(output, Output::Submit(..))) else {
        unreachable!()
    };
    world.handle(vec![Input::Replied(line, unanswered().into())]);
    let inquiry = world.run_to(|output| matches!(output, Output::Inquire(..)));
    let by_hand = Via::Person("the provider wrote so".into());
    let reference = order.reference.clone();
    world.tell(1, Event::Replied { reference, reply: Outcome::NotFound.into(), via: by_hand });
    world.run_until(|world| world.pending.is_empty());
    world.answer(inquiry);
    world.run_soundly();
    assert!(matches!(world.db.line(1).state, State::Parked(_)));
}

#[test]
fn p9_an_order_of_a_line_that_moved_on_waits_until_the_line_is_loaded_again() {
    let limits = Limits { in_flight: 1, per_second: 1_000, batch: 1 };
    let mut world = Setup::lines(2).world_with(|config| _ = config.limits.insert(PROVIDER.into(), limits));
    (1..=2).for_each(|id| world.network.needs(number(id), cny(1)));
    world.check([2]);
    let out = world.run_to(|output| matches!(output, Output::Offers(..)));
    world.check([1]);
    world.run_until(|world| world.pending.is_empty());
    world.answer(out);
    let out = world.run_to(|output| matches!(output, Output::Offers(..)));
    let committed = |world: &World| world.log.has_stepped(2, |event| matches!(event, Event::Proposed { .. }));
    world.run_until(committed);

    world.db.tell(&[(LineId(2), Word::Withdrawn)]);
    world.tell(2, Event::Told(Word::Plan(cny(8))));
    let commit = world.run_to(|output| matches!(output, Output::Commit(_)));
    world.answer(commit);
    let load = world.run_to(|output| matches!(output, Output::Load(_)));
    world.answer(out);
    world.run_for(1_000);
    let sent = |world: &World| world.log.submitted.iter().any(|order| order.msisdn == number(2));
    assert!(!sent(&world), "what another process said is not known yet");
    world.answer(load);
    world.run_soundly();
    assert!(!sent(&world), "N1: the consent was withdrawn");
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
}

/// A late answer carries what it was compared with: told again, it is compared anew rather than posted twice.
#[test]
fn p7_m4_a_late_success_whose_commit_seemed_to_fail_is_posted_once() {
    let mut world = Setup::lines(1).world();
    world.network.suspended(number(1));
    world.provider.will(number(1), [Act::Lose]);
    world.check([1]);
    world.run_until(|world| world.db.topups().iter().any(|topup| topup.state == TopUpState::Failed(false)));
    let topup = world.db.topups().remove(0);
    let receipt = Receipt { debited: topup.order.asked, delivered: topup.order.asked };
    world.disk = Box::new(|_| Disk::Unsure);
    world.tell(1, Event::Late { topup: Box::new(topup), reply: Outcome::Delivered(receipt).into() });
    let unsure = world.run_to(|output| matches!(output, Output::Commit(_)));
    world.answer(unsure);
    world.disk = Box::new(|_| Disk::Works);
    world.run_to(|output| matches!(output, Output::Statement(..)));
    assert_eq!(world.db.balance(Account::Delivered), receipt.debited.minor());
    assert_eq!(world.db.wait(world.db.store.verify()), []);
}
