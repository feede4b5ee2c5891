//! Waiting times, derived from what is durable (L4, L6, P5).

use ringback_core::line::{Phase, State};
use ringback_engine::{Engine, Input, Output};

use crate::world::{Act, SET, Setup, World, cny, number, policy};

const RETRY_MS: u64 = 60_000;

fn is_settling(world: &World) -> bool {
    matches!(world.db.line(1).state, State::Open(recovery) if matches!(recovery.phase, Phase::Settling { .. }))
}

/// A line whose probe is delivered and helps nothing.
fn settling() -> World {
    let mut world = Setup::lines(1).world();
    world.network.suspended(number(1));
    world.check([1]);
    world.run_until(is_settling);
    world
}

#[test]
fn l6_a_storm_of_restarts_shortens_no_settling() {
    let settling_ms = policy().timing.settling_ms;
    let mut world = settling();
    for restart in 0..20 {
        world.run_for(settling_ms * 9 / 10);
        assert_eq!(world.log.submitted.len(), 1, "restart {restart}: the first plan is paid too early");
        world.crash();
    }
    world.run_for(settling_ms - 1);
    assert_eq!(world.log.submitted.len(), 1);
    world.run_for(settling_ms / 4);
    assert_eq!(world.log.submitted.len(), 2, "the full time in one run, and then it goes on");
    world.run_soundly();
}

#[test]
fn p5_l6_a_storm_of_restarts_settles_no_unknown_order_early() {
    let mut world = Setup::lines(1).world();
    world.network.needs(number(1), cny(1));
    world.provider.will(number(1), [Act::Lose]);
    world.check([1]);
    world.run_until(|world| !world.provider.submitted.is_empty());
    for _ in 0..20 {
        world.run_for(500_000);
        world.crash();
        assert_eq!(world.provider.submitted.len(), 1, "it counts from 600 s in one run, three times, spaced");
    }
    assert!(world.provider.inquired.len() > 4, "it was asked about meanwhile");
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
}

#[test]
fn l4_an_engine_that_is_given_the_open_lines_has_their_timers() {
    let mut world = settling();
    let before_ms = world.engine.next_wake_ms(world.now).unwrap() - world.now.uptime_ms;
    world.pending.clear();
    world.crash();
    let after_ms = world.engine.next_wake_ms(world.now).unwrap();
    let full_ms = policy().timing.settling_ms / 8;
    assert!((full_ms..=full_ms * 9 / 8).contains(&after_ms), "{before_ms} before, {after_ms} after");
}

/// How long a line waits whose provider has nothing for now, with an engine whose random source gives this.
fn wait_with(random: u128) -> u64 {
    let mut world = Setup::lines(1).world();
    world.engine = Engine::new(world.config.clone(), Box::new(move || random));
    world.network.suspended(number(1));
    world.check([1]);
    let Output::Offers(line, _) = world.run_to(|output| matches!(output, Output::Offers(..))) else { unreachable!() };
    world.handle(vec![Input::Offers(line.id, Err(("out of order".into(), true)))]);
    let commit = world.pending.pop().unwrap();
    world.answer(commit);
    world.engine.next_wake_ms(world.now).unwrap() - world.now.uptime_ms
}

#[test]
fn jitter_comes_from_the_injected_source_and_stays_within_an_eighth() {
    assert_eq!(wait_with(0), RETRY_MS);
    assert_eq!(wait_with(1_234), RETRY_MS + 1_234);
    assert_eq!(wait_with(u128::from(RETRY_MS / 8) - 1), RETRY_MS * 9 / 8 - 1);
    for random in [u128::from(RETRY_MS / 8), u128::MAX, u128::MAX / 3, 987_654_321] {
        assert!((RETRY_MS..RETRY_MS * 9 / 8).contains(&wait_with(random)), "{random}");
    }
}

#[test]
fn l1_a_line_whose_status_stays_unknown_parks_after_its_tries() {
    let mut world = settling();
    world.network.always(number(1), ringback_core::Status::unknown("the HLR does not answer"));
    world.run_soundly();
    assert!(matches!(world.db.line(1).state, State::Parked(_)));
    assert_eq!(world.provider.asked(number(1)), [cny(1)], "K2: unknown is not restricted");
}
