//! The process dies after any input, and another one goes on from what is durable (L4, P1, P4, M4).

use ringback_core::{
    Amount, LineId,
    claim::State as ClaimState,
    recovery::{End, TopUpState},
};
use ringback_engine::Output;
use ringback_store::ClaimFilter;

use crate::world::{Act, Random, SET, Setup, World, cny, number};

/// A line whose fee is due, with orders that are lost or not answered, and a line suspended by its owner.
fn scenario(seed: u64) -> World {
    let mut world = Setup::lines(2).seed(seed).world();
    world.network.needs(number(1), cny(9));
    world.network.suspended(number(2));
    world.provider.will(number(1), [Act::Deliver, Act::Silent, Act::Lose]);
    world.provider.will(number(2), [Act::Pend]);
    world.check([1, 2]);
    world
}

/// What a scenario comes to.
#[derive(Debug, PartialEq, Eq)]
struct Books {
    ends: Vec<(LineId, Option<End>)>,
    received: [Amount; 2],
    paid_back_minor: i64,
}

fn books(world: &World) -> Books {
    let received = [1, 2].map(|id| world.provider.received(number(id)));
    Books { ends: world.db.ends(), received, paid_back_minor: world.desk.paid_minor() }
}

/// Steps until rest without a crash.
fn steps_to_rest(seed: u64) -> (usize, World) {
    let mut world = scenario(seed);
    let mut steps = 0;
    while !world.is_at_rest() {
        world.step();
        steps += 1;
    }
    (steps, world)
}

fn settled_as_without_a_crash(world: &mut World, expected: &Books, at: &str) {
    // A check that was only in memory is asked again by whoever asked; nothing else is.
    if world.db.ends().len() < 2 {
        world.check([1, 2]);
    }
    world.run_soundly();
    assert_eq!(books(world), *expected, "{at}");
    let open = world.db.topups().iter().filter(|topup| topup.state == TopUpState::Held).count();
    assert_eq!(open, 0, "{at}: every order is settled");
    let claims = world.db.claims(ClaimFilter::All);
    assert!(claims.iter().all(|claim| matches!(claim.state, ClaimState::Paid { .. })), "{at}: {claims:?}");
}

#[test]
fn l4_p4_m4_a_crash_after_any_input_pays_nothing_twice_and_loses_nothing() {
    let (steps, mut unharmed) = steps_to_rest(3);
    unharmed.run_soundly();
    let expected = books(&unharmed);
    for crash_at in 0..steps {
        let mut world = scenario(3);
        (0..crash_at).for_each(|_| world.step());
        world.crash();
        settled_as_without_a_crash(&mut world, &expected, &format!("crash after input {crash_at}"));
    }
}

#[test]
fn l4_p4_m4_crashes_at_random_inputs_pay_nothing_twice_and_lose_nothing() {
    let (steps, mut unharmed) = steps_to_rest(3);
    unharmed.run_soundly();
    let expected = books(&unharmed);
    for seed in 0..20 {
        let mut random = Random::seeded(seed);
        let mut world = scenario(3);
        for _ in 0..6 {
            for _ in 0..random.below(steps / 3) {
                if !world.is_at_rest() {
                    world.step();
                }
            }
            world.crash();
        }
        settled_as_without_a_crash(&mut world, &expected, &format!("crashes of seed {seed}"));
    }
}

#[test]
fn p4_an_order_that_was_committed_but_never_sent_is_asked_about_before_anything_else_is_paid() {
    let mut world = Setup::lines(1).world();
    world.network.needs(number(1), cny(1));
    world.check([1]);
    let never_sent = world.run_to(|output| matches!(output, Output::Submit(..)));
    let Output::Submit(_, order) = never_sent else { unreachable!() };
    world.crash();
    world.run_until(|world| !world.provider.submitted.is_empty());
    let inquired = &world.provider.inquired;
    assert!(inquired.len() >= 3 && inquired.iter().all(|reference| *reference == order.reference), "{inquired:?}");
    assert!(world.now.uptime_ms > 600_000, "P5: a not-found counts after its time only");
    assert_ne!(world.provider.submitted[0].reference, order.reference);
    world.run_soundly();
    assert_eq!(world.provider.received(number(1)), cny(1 + SET));
}
