//! Answers that come twice, late, or about something else.

use ringback_core::{
    Answer, LineId, Outcome,
    line::State,
    recovery::{Event, Via},
};
use ringback_engine::{Input, Output};

use crate::world::{CHANNEL, PROVIDER, SET, Setup, World, cny, number, restricted, terms};

fn world(lines: usize) -> World {
    let mut world = Setup::lines(lines).world();
    (1..).take(lines).for_each(|id| world.network.needs(number(id), cny(1)));
    world.check(1..=i64::try_from(lines).unwrap());
    world
}

fn replies(world: &World, wanted: &Via) -> usize {
    let is = |event: &Event| matches!(event, Event::Replied { via, .. } if via == wanted);
    world.log.stepped.iter().filter(|(_, event)| is(event)).count()
}

#[test]
fn p4_the_same_reply_twice_counts_once() {
    for at_once in [true, false] {
        let mut world = world(1);
        let submit = world.run_to(|output| matches!(output, Output::Submit(..)));
        let Input::Replied(line, reply) = world.carry_out(submit) else { unreachable!() };
        let inputs = [reply.clone(), reply].map(|reply| Input::Replied(line, reply));
        if at_once {
            world.handle(inputs.into());
        } else {
            for input in inputs {
                world.handle(vec![input]);
            }
        }
        world.run_soundly();
        assert_eq!(world.provider.received(number(1)), cny(1 + SET));
        assert_eq!(replies(&world, &Via::Submission), 2, "one for the probe and one for the set amount");
        assert_eq!(world.log.troubles, [""; 0]);
    }
}

#[test]
fn answers_about_lines_that_wait_for_none_change_nothing() {
    let mut world = world(1);
    world.run_soundly();
    let (line, stepped) = (world.db.line(1), world.log.stepped.len());
    let answer = Answer { msisdn: number(1), status: restricted(), imsi: None };
    let nobody = Answer { msisdn: number(9), ..answer.clone() };
    world.handle(vec![
        Input::Answers(CHANNEL.into(), vec![(LineId(1), answer.clone()), (LineId(9), nobody)]),
        Input::Answers("a channel that nobody knows".into(), vec![(LineId(1), answer)]),
        Input::Replied(LineId(1), Outcome::NotFound.into()),
        Input::Offers(LineId(1), Ok(vec![terms(PROVIDER)])),
    ]);
    world.run_soundly();
    assert_eq!((world.db.line(1), world.log.stepped.len()), (line, stepped));
}

#[test]
fn k2_an_answer_about_another_number_is_no_answer_and_the_lane_goes_on() {
    let mut world = Setup::lines(20).world();
    world.check(1..=20);
    for _ in 0..5 {
        let Output::Query(channel, lines) = world.run_to(|output| matches!(output, Output::Query(..))) else {
            unreachable!()
        };
        let wrong = Answer { msisdn: number(99), status: restricted(), imsi: None };
        let answers = lines.iter().map(|line| (line.id, wrong.clone())).collect();
        world.handle(vec![Input::Answers(channel, answers)]);
    }
    world.run_soundly();
    assert_eq!(world.log.submitted, [], "nobody said that these lines are restricted");
    assert!((1..=20).all(|id| world.log.queries_of(id) == 1));
    assert!((1..=20).all(|id| world.db.line(id).state == State::Idle));
}

#[test]
fn l1_a_channel_that_answers_about_another_number_for_ever_parks_the_line() {
    let mut world = world(1);
    world.run_until(|world| !world.provider.submitted.is_empty());
    let mut queries = 0;
    while !world.is_at_rest() {
        let Some(at) = world.pending.iter().position(|output| matches!(output, Output::Query(..))) else {
            world.step();
            continue;
        };
        let Output::Query(channel, lines) = world.pending.swap_remove(at) else { unreachable!() };
        let wrong = Answer { msisdn: number(99), status: restricted(), imsi: None };
        world.pass(10);
        world.handle(vec![Input::Answers(channel, vec![(lines[0].id, wrong)])]);
        queries += 1;
        assert!(queries < 50, "it is asked again without an end");
    }
    assert!(matches!(world.db.line(1).state, State::Parked(_)));
}

#[test]
fn an_answer_of_one_kind_takes_no_call_of_another_kind() {
    let mut world = world(1);
    let submit = world.run_to(|output| matches!(output, Output::Submit(..)));
    let answer = Answer { msisdn: number(1), status: restricted(), imsi: None };
    world.handle(vec![Input::Answers(CHANNEL.into(), vec![(LineId(1), answer)])]);
    world.answer(submit);
    let query = world.run_to(|output| matches!(output, Output::Query(..)));
    let reads = |world: &World| world.log.stepped.iter().filter(|(_, e)| matches!(e, Event::Answered(_))).count();
    let before = reads(&world);
    world.handle(vec![Input::Replied(LineId(1), Outcome::NotFound.into())]);
    world.answer(query);
    world.run_until(|world| world.engine.is_committed());
    assert_eq!(reads(&world), before + 1, "the query was answered");
    world.run_soundly();
    assert_eq!(world.provider.inquired, [], "and so was the order");
}

#[test]
fn an_offer_that_comes_twice_frees_no_call_that_is_out() {
    let mut world = world(1);
    let submit = world.run_to(|output| matches!(output, Output::Submit(..)));
    world.handle(vec![Input::Offers(LineId(1), Ok(vec![terms(PROVIDER)]))]);
    world.answer(submit);
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
    assert_eq!(world.provider.inquired, [], "its answer was heard");
}

#[test]
fn an_event_for_a_line_that_is_not_in_memory_loads_it_once() {
    let mut world = Setup::lines(1).world();
    world.handle(vec![
        Input::Event(LineId(1), Event::Told(ringback_core::recovery::Word::Plan(cny(8))), None),
        Input::Event(LineId(1), Event::Told(ringback_core::recovery::Word::Plan(cny(28))), None),
    ]);
    assert!(matches!(&world.pending[..], [Output::Load(ids)] if ids[..] == [LineId(1)]));
    assert!(!world.engine.is_committed(), "they are not durable yet");
    world.run_soundly();
    assert!(world.engine.is_committed());
    assert_eq!((world.db.line(1).told.plan, world.db.journal(1).len()), (Some(cny(28)), 3), "in their order");
}

#[test]
fn an_event_that_does_not_fit_is_reported_and_changes_nothing() {
    let mut world = Setup::lines(1).world();
    let before = world.db.line(1);
    world.tell(1, Event::Approved);
    world.run_soundly();
    assert_eq!(world.db.line(1), before);
    assert!(matches!(&world.log.troubles[..], [text] if text.contains("approved") && !text.contains("138001380")));
}
