//! When a bar is lifted, and when it is not: the pure world.

use ringback_carrier::{Fault, Faults, Lift, Profile, Refused, Service, Subscriber, World};
use ringback_core::{Amount, Carrier};

use crate::town::{LINE, amount, msisdn};

/// Far beyond every settling time.
const NEVER_MS: i64 = i64::MAX;

fn world(service: Service, wallet: &str) -> World {
    let carrier = Carrier::named("China Mobile");
    let line = Subscriber::new(msisdn(LINE), "901700000000001".into(), carrier, yuan(59), service, false, None);
    World::new(vec![line], amount(wallet), Profile::default(), Faults::none())
}

fn yuan(yuan: i64) -> Amount {
    Amount::from_minor(yuan * 100, "CNY".parse().unwrap())
}

fn owes(yuan: i64) -> Service {
    Service::Arrears { owed_minor: yuan * 100 }
}

fn pay(world: &mut World, at_ms: i64, minor: i64) {
    let asked = Amount::from_minor(minor, world.currency());
    world.top_up(&format!("AT{at_ms}"), msisdn(LINE), asked, None, at_ms).unwrap();
}

fn barred(world: &World, at_ms: i64) -> bool {
    world.subscribers[&msisdn(LINE)].is_barred(at_ms)
}

fn credit_minor(world: &World) -> i64 {
    world.subscribers[&msisdn(LINE)].credit_minor
}

#[test]
fn covered_arrears_lift_the_bar_after_the_settling_time() {
    // What is paid when, when the bar is lifted (the settling time is 250 ms), and what is left over.
    type Case = (&'static [(i64, i64)], i64, i64);
    let cases: [Case; 4] = [
        (&[(0, 5_000)], 250, 0),
        (&[(0, 4_999), (100, 1)], 350, 0),
        (&[(0, 3_000), (100, 1_000), (200, 1_500)], 450, 500),
        // A payment after the arrears are covered does not put the lifting off.
        (&[(0, 6_000), (200, 1_000)], 250, 2_000),
    ];
    for (payments, lifted_ms, left) in cases {
        let mut world = world(owes(50), "1000 CNY");
        for (at_ms, minor) in payments {
            pay(&mut world, *at_ms, *minor);
        }
        assert!(barred(&world, lifted_ms - 1) && !barred(&world, lifted_ms), "{payments:?}");
        assert!(!barred(&world, NEVER_MS), "{payments:?}");
        assert_eq!(world.take_lifts(), [Lift { msisdn: msisdn(LINE), at_ms: lifted_ms }], "{payments:?}");
        assert_eq!(credit_minor(&world), left, "{payments:?}");
    }
}

#[test]
fn arrears_that_are_not_covered_stay() {
    let mut world = world(owes(50), "1000 CNY");
    pay(&mut world, 0, 2_000);
    pay(&mut world, 100, 2_999);
    assert!(barred(&world, NEVER_MS));
    assert_eq!(world.subscribers[&msisdn(LINE)].service, Service::Arrears { owed_minor: 1 });
    assert_eq!((world.take_lifts(), credit_minor(&world)), (vec![], 0));
}

#[test]
fn no_money_lifts_an_owners_suspension_or_a_fraud_bar() {
    for service in [Service::SuspendedByOwner, Service::Fraud] {
        let mut world = world(service, "100000 CNY");
        (0..100).for_each(|i| pay(&mut world, i * 100, 50_000));
        assert!(barred(&world, 0) && barred(&world, NEVER_MS), "{service:?}");
        assert_eq!(world.subscribers[&msisdn(LINE)].service, service);
        assert_eq!((world.take_lifts(), credit_minor(&world)), (vec![], 5_000_000), "{service:?}");
        assert_eq!(world.wallet, yuan(50_000), "{service:?}");
    }
}

#[test]
fn a_line_that_works_keeps_working_and_takes_money() {
    for service in [Service::InService, Service::Recycled] {
        let mut world = world(service, "1000 CNY");
        assert!(!barred(&world, 0));
        pay(&mut world, 0, 1_000);
        assert!(!barred(&world, 0) && !barred(&world, NEVER_MS), "{service:?}");
        assert_eq!(credit_minor(&world), 1_000, "{service:?}");
    }
}

#[test]
fn a_ceased_number_takes_no_money() {
    let mut world = world(Service::Ceased, "1000 CNY");
    assert_eq!(world.top_up("A", msisdn(LINE), yuan(10), None, 0), Err(Refused::NoSubscriber));
    assert_eq!((world.wallet, world.statement(NEVER_MS)), (yuan(1_000), vec![]));
}

#[test]
fn a_partial_delivery_covers_only_what_arrived() {
    let mut world = world(owes(60), "1000 CNY");
    let booked = world.top_up("A", msisdn(LINE), yuan(100), Some(Fault::Partial), 0).unwrap();
    assert_eq!((booked.requested, booked.delivered, booked.credits), (yuan(100), yuan(50), 1));
    assert!(barred(&world, NEVER_MS));
    pay(&mut world, 100, 1_000);
    assert!(barred(&world, 349) && !barred(&world, 350));
    assert_eq!(world.wallet, yuan(890), "the wallet pays what was asked, as the provider's report says");
}

#[test]
fn a_late_success_counts_from_when_it_arrives() {
    let mut world = world(owes(10), "1000 CNY");
    world.top_up("A", msisdn(LINE), yuan(10), Some(Fault::LateSuccess), 0).unwrap();
    assert_eq!((world.find("A", 1_499).unwrap().credits, world.wallet), (0, yuan(1_000)));
    assert!(barred(&world, NEVER_MS));
    assert_eq!((world.find("A", 1_500).unwrap().credits, world.wallet), (1, yuan(990)));
    assert!(barred(&world, 1_749) && !barred(&world, 1_750));
    assert_eq!((world.find("A", NEVER_MS).unwrap().credits, world.wallet), (1, yuan(990)), "once");
}

#[test]
fn a_late_success_arrives_at_its_time_though_it_is_noticed_later() {
    let mut world = world(owes(10), "1000 CNY");
    world.top_up("A", msisdn(LINE), yuan(10), Some(Fault::LateSuccess), 0).unwrap();
    assert_eq!(world.top_up("B", msisdn(LINE), yuan(10), None, 1_599), Err(Refused::TooSoon));
    assert_eq!(world.take_lifts(), [Lift { msisdn: msisdn(LINE), at_ms: 1_750 }]);
    assert_eq!(world.wallet, yuan(990));
}

#[test]
fn a_late_success_that_the_wallet_no_longer_covers_stays_failed() {
    let mut world = world(Service::InService, "15 CNY");
    world.top_up("A", msisdn(LINE), yuan(10), Some(Fault::LateSuccess), 0).unwrap();
    pay(&mut world, 100, 1_000);
    assert_eq!((world.find("A", NEVER_MS).unwrap().credits, world.wallet), (0, yuan(5)));
    assert_eq!(credit_minor(&world), 1_000);
}
