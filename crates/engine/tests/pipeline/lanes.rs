//! How many calls are out, how fast they begin, and that each has its turn (L5).

use ringback_core::recovery::Event;
use ringback_engine::{Input, Limits, Output};

use crate::world::{CHANNEL, PROVIDER, SET, Setup, World, cny, number};

fn world(lines: usize, name: &str, limits: Limits) -> World {
    let mut world = Setup::lines(lines).world_with(|config| _ = config.limits.insert(name.into(), limits));
    (1..).take(lines).for_each(|id| world.network.needs(number(id), cny(1)));
    world.check(1..=i64::try_from(lines).unwrap());
    world
}

#[test]
fn a_channel_carries_no_more_calls_and_lines_than_its_limits() {
    let mut world = world(40, CHANNEL, Limits { in_flight: 2, per_second: 1_000, batch: 3 });
    world.run_soundly();
    assert_eq!(world.log.most_out[CHANNEL], 2);
    let most = world.log.queried.iter().map(|(_, lines)| lines.len()).max();
    assert_eq!(most, Some(3), "a query carries several lines");
}

#[test]
fn a_provider_gets_no_more_calls_than_its_limits() {
    for batch in [1, 5] {
        let mut world = world(40, PROVIDER, Limits { in_flight: 2, per_second: 1_000, batch });
        world.run_soundly();
        assert_eq!(world.log.most_out[PROVIDER], 2, "an order is a call of its own, batch {batch}");
        assert!((1..=40).all(|id| world.provider.received(number(id)) == cny(1 + SET)));
    }
}

#[test]
fn calls_begin_no_faster_than_their_rate() {
    const PER_SECOND: u64 = 5;
    let limits = Limits { in_flight: 1_000, per_second: 5, batch: 1 };
    let mut world = world(60, CHANNEL, limits);
    world.run_soundly();
    let begun: Vec<u64> = world.log.queried.iter().map(|(at_ms, _)| *at_ms).collect();
    for (at, from_ms) in begun.iter().enumerate() {
        let within = begun[at..].iter().filter(|ms| **ms < from_ms + 1_000).count();
        assert!(u64::try_from(within).unwrap() <= 2 * PER_SECOND, "a full bucket and one second: {within}");
    }
    let whole_s = begun.last().unwrap().div_ceil(1_000);
    assert!(u64::try_from(begun.len()).unwrap() <= PER_SECOND * (whole_s + 1));
}

#[test]
fn each_channel_and_provider_has_a_lane_of_its_own() {
    let mut world = world(20, PROVIDER, Limits { in_flight: 1, per_second: 1_000, batch: 1 });
    let stuck = world.run_to(|output| matches!(output, Output::Offers(..)));
    world.run_until(|world| world.pending.is_empty());
    assert!((1..=20).all(|id| world.log.queries_of(id) == 1), "queries go on while the provider is silent");
    world.answer(stuck);
    world.run_soundly();
}

#[test]
fn l5_lines_that_are_asked_for_again_and_again_keep_no_other_from_its_turn() {
    let limits = Limits { in_flight: 1, per_second: 1_000, batch: 1 };
    let mut world = Setup::lines(20).world_with(|config| _ = config.limits.insert(CHANNEL.into(), limits));
    world.check(1..=20);
    for _ in 0..20 {
        let query = world.run_to(|output| matches!(output, Output::Query(..)));
        world.answer(query);
        let commits = world.pending.extract_if(.., |output| matches!(output, Output::Commit(_)));
        for commit in commits.collect::<Vec<_>>() {
            world.answer(commit);
        }
        world.check([1, 20]);
    }
    assert!((1..=20).all(|id| world.log.queries_of(id) >= 1), "first come, first served: {:?}", world.log.queried);
}

#[test]
fn a_book_without_a_provider_parks_its_lines_and_leaves_no_lane_blocked() {
    let mut world = Setup::lines(20).world_with(|config| {
        config.books.values_mut().for_each(|book| book.providers.clear());
    });
    (1..=20).for_each(|id| world.network.suspended(number(id)));
    world.check(1..=20);
    for _ in 0..20 {
        let Output::Offers(line, names) = world.run_to(|output| matches!(output, Output::Offers(..))) else {
            unreachable!()
        };
        assert!(names.is_empty());
        world.handle(vec![Input::Offers(line.id, Err((String::new(), false)))]);
    }
    world.run_soundly();
}

#[test]
fn k1_a_read_is_as_old_as_its_query_and_not_as_its_place_in_the_lane() {
    let limits = Limits { in_flight: 1, per_second: 1_000, batch: 1 };
    let mut world = Setup::lines(2).world_with(|config| _ = config.limits.insert(CHANNEL.into(), limits));
    world.check([1, 2]);
    let query = world.run_to(|output| matches!(output, Output::Query(..)));
    world.pass(120_000);
    world.answer(query);
    world.run();
    let issued: Vec<u64> = world.log.stepped.iter().filter_map(|(_, event)| issued_ms(event)).collect();
    assert_eq!(issued, world.log.queried.iter().map(|(at_ms, _)| *at_ms).collect::<Vec<_>>());
    assert!(issued[1] >= 120_000, "{issued:?}");
}

fn issued_ms(event: &Event) -> Option<u64> {
    let Event::Answered(read) = event else { return None };
    Some(read.issued.uptime_ms)
}
