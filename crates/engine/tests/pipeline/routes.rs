//! Several channels together: which are asked, in which order, and what their answers may lead to.

use ringback_core::{Reachable, Route, Service, Status, recovery::Event, recovery::Word};
use ringback_engine::Config;

use crate::world::{CHANNEL, SET, Setup, World, cny, number, restricted};

const LIAR: &str = "liar";

const GUARD: &str = "recycling";

fn route(channels: &[&str], agree: usize, guards: &[&str]) -> Route {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Route { channels: owned(channels), agree, guards: owned(guards) }
}

/// A line whose probe brings it back, asked about by this route; the liar says `lie`.
fn world(route: &Route, lie: Status) -> World {
    let set = |config: &mut Config| config.books.values_mut().for_each(|book| book.route = route.clone());
    let mut world = Setup::lines(1).world_with(set);
    world.network.needs(number(1), cny(1));
    world.network.stuck(LIAR, lie);
    world.check([1]);
    world
}

fn unknown_of(world: &World) -> Option<String> {
    world.log.stepped.iter().find_map(|(_, event)| match event {
        Event::Answered(read) => match &read.status.service {
            Service::Unknown(reason) => Some(reason.clone()),
            _ => None,
        },
        _ => None,
    })
}

#[test]
fn channels_agree_or_nothing_is_paid() {
    let mut world = world(&route(&[LIAR, CHANNEL], 2, &[]), restricted());
    world.network.needs(number(1), cny(0));
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(0));
    let reason = unknown_of(&world).expect("the disagreement is written down");
    assert!(reason.contains("liar says restricted") && reason.contains("network says in service"), "{reason}");
}

#[test]
fn s104_channels_that_agree_bring_a_line_back() {
    let mut world = world(&route(&[CHANNEL, "second"], 2, &[]), restricted());
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
    assert_eq!(world.log.asked[..2], [CHANNEL, "second"]);
}

#[test]
fn s103_the_next_channel_is_asked_where_the_first_does_not_know() {
    let mut world = world(&route(&[LIAR, CHANNEL], 1, &[]), Status::unknown("out of order"));
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
    assert_eq!(world.log.asked[..2], [LIAR, CHANNEL]);
}

#[test]
fn k4_a_number_that_was_given_to_somebody_else_is_not_paid() {
    for (word, paid) in [
        (Status::in_service(Reachable::Unknown), true),
        (Status::recycled(), false),
        (Status::unknown("no data"), false),
    ] {
        let mut world = world(&route(&[CHANNEL], 1, &[GUARD]), restricted());
        world.network.stuck(GUARD, word.clone());
        world.run_soundly();
        assert_eq!(world.provider.received(number(1)) > cny(0), paid, "{word:?}");
        assert_eq!(world.db.line(1).doubt.is_some(), word == Status::recycled());
    }
}

/// K1: the read is as old as the first of its queries, so that a slow second channel makes it no fresher.
#[test]
fn k1_a_read_of_several_channels_is_as_old_as_the_first_query() {
    let mut world = world(&route(&[LIAR, CHANNEL], 2, &[]), restricted());
    world.run_soundly();
    let (first_ms, _) = world.log.queried[0];
    let read = world.log.stepped.iter().find_map(|(_, event)| match event {
        Event::Answered(read) => Some(read),
        _ => None,
    });
    assert_eq!(read.expect("both answered").issued.uptime_ms, first_ms);
}

#[test]
fn a_line_may_have_a_route_of_its_own() {
    let mut world = Setup::lines(2).world_with(|config| {
        config.books.values_mut().for_each(|book| _ = book.routes.insert("mine".into(), route(&["second"], 1, &[])));
    });
    world.tell(2, Event::Told(Word::Route(Some("mine".into()))));
    world.check([1]);
    world.run_soundly();
    world.check([2]);
    world.run_soundly();
    assert_eq!(world.log.asked, [CHANNEL, "second"]);
}

#[test]
fn s101_a_line_that_was_seen_a_moment_ago_is_not_queried_again_before_it_cooled_down() {
    let mut world = Setup::lines(1).world_with(|config| {
        config.books.values_mut().for_each(|book| book.cool_down_ms = 600_000);
    });
    for (pass_ms, queries) in [(0, 1), (1_000, 1), (700_000, 2)] {
        world.pass(pass_ms);
        world.check([1]);
        world.run_soundly();
        assert_eq!(world.log.queries_of(1), queries, "after {pass_ms} ms");
    }
}
