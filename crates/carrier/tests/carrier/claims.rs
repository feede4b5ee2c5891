//! The claim desk: the pure world.

use ringback_carrier::{Fault, Faults, Profile, Service, Subscriber, Verdict, World};
use ringback_core::{Amount, Carrier};

use crate::town::{LINE, amount, msisdn};

/// Ten yuan were paid into the line under `A`; the desk takes 300 ms.
fn world(service: Service, fault: Option<Fault>) -> World {
    let carrier = Carrier::named("China Mobile");
    let plan = amount("59 CNY");
    let line = Subscriber::new(msisdn(LINE), "901700000000001".into(), carrier, plan, service, false, None);
    let mut world = World::new(vec![line], amount("100 CNY"), Profile::default(), Faults::none());
    world.top_up("A", msisdn(LINE), amount("10 CNY"), fault, 0).unwrap();
    world
}

fn claim(world: &mut World, claimed: &str, at_ms: i64) -> Verdict {
    world.claim("A", Some(msisdn(LINE)), amount(claimed), at_ms)
}

fn paid(text: &str) -> Verdict {
    Verdict::Paid(amount(text))
}

#[test]
fn money_on_an_owner_suspended_line_comes_back_once() {
    let mut world = world(Service::SuspendedByOwner, None);
    assert_eq!(claim(&mut world, "10 CNY", 1_000), Verdict::Acknowledged);
    assert_eq!((world.claim_state("A", 1_299), world.wallet), (Some(Verdict::Acknowledged), amount("90 CNY")));
    assert_eq!((world.claim_state("A", 1_300), world.wallet), (Some(paid("10 CNY")), amount("100 CNY")));
    // However often it is asked or claimed again, and however much.
    for claimed in ["10 CNY", "1 CNY", "99 CNY"] {
        assert_eq!((claim(&mut world, claimed, 9_000), world.wallet), (paid("10 CNY"), amount("100 CNY")));
    }
    assert_eq!(world.statement(9_000)[0].refunded_minor, 1_000);
}

#[test]
fn the_first_claim_of_a_reference_stands() {
    let mut world = world(Service::SuspendedByOwner, None);
    assert_eq!(claim(&mut world, "4 CNY", 0), Verdict::Acknowledged);
    // The second one neither asks for more nor starts the desk's time anew.
    assert_eq!(claim(&mut world, "10 CNY", 299), Verdict::Acknowledged);
    assert_eq!((claim(&mut world, "10 CNY", 300), world.wallet), (paid("4 CNY"), amount("94 CNY")));
}

#[test]
fn what_was_not_paid_is_not_paid_back() {
    let other = msisdn("+8613900139000");
    let cases: [(_, Amount, &str); 3] = [
        (msisdn(LINE), amount("10.01 CNY"), "more is claimed than was paid"),
        (msisdn(LINE), amount("10 EUR"), "the payment was made in another currency"),
        (other, amount("10 CNY"), "the payment went to another line"),
    ];
    for (number, claimed, reason) in cases {
        let mut world = world(Service::SuspendedByOwner, None);
        assert_eq!(world.claim("A", Some(number), claimed, 0), Verdict::Denied(reason));
        assert_eq!(world.claim_state("A", i64::MAX), Some(Verdict::Denied(reason)));
        assert_eq!((world.wallet, world.statement(0)[0].refunded_minor), (amount("90 CNY"), 0));
    }
    let mut world = world(Service::SuspendedByOwner, None);
    let unknown = world.claim("B", Some(msisdn(LINE)), amount("10 CNY"), 0);
    assert_eq!((unknown, world.wallet), (Verdict::Denied("no such payment"), amount("90 CNY")));
    assert_eq!(world.claim_state("A", 0), None, "nobody claimed it");
}

#[test]
fn money_that_a_line_used_is_not_paid_back() {
    let owing = [Service::Arrears { owed_minor: 1 }, Service::Arrears { owed_minor: 9_000 }];
    for service in owing.into_iter().chain([Service::InService, Service::Fraud, Service::Recycled]) {
        let mut world = world(service, None);
        for at_ms in [0, 9_000] {
            let verdict = claim(&mut world, "10 CNY", at_ms);
            assert_eq!(
                (verdict, world.wallet),
                (Verdict::Denied("the payment was used by the line"), amount("90 CNY"))
            );
        }
    }
}

#[test]
fn a_late_success_is_claimed_once_it_arrived() {
    let mut world = world(Service::SuspendedByOwner, Some(Fault::LateSuccess));
    assert_eq!(claim(&mut world, "10 CNY", 1_000), Verdict::Denied("no such payment"));
    assert_eq!((claim(&mut world, "10 CNY", 1_500), world.wallet), (paid("10 CNY"), amount("100 CNY")));
}

#[test]
fn a_partial_delivery_gives_back_what_the_wallet_paid() {
    let mut world = world(Service::SuspendedByOwner, Some(Fault::Partial));
    claim(&mut world, "10 CNY", 0);
    assert_eq!((claim(&mut world, "10 CNY", 300), world.wallet), (paid("10 CNY"), amount("100 CNY")));
}
