//! What a channel may be asked in a day, and what it hears of payments.

use std::{sync::atomic::Ordering, time::Duration};

use ringback_core::{LineId, Service, recovery::Event};
use ringback_engine::shell::{Begin, Until};
use ringback_store::{Filter, Store as _};
use tokio::time::sleep;

use super::rig::Rig;
use crate::world::{Act, CHANNEL, cny, number};

fn look() -> Begin {
    Begin::Look(Filter { enrolled: true, ..Filter::default() })
}

const AT_REST: Until = Until::AtRest { claims: false };

/// Why lines are unknown, once each.
fn reasons(rig: &Rig) -> Vec<(LineId, String)> {
    let told = rig.told.lock().unwrap();
    let reason = |(line, event): &(LineId, Event)| match event {
        Event::Looked(read) | Event::Answered(read) => match &read.status.service {
            Service::Unknown(reason) => Some((*line, reason.clone())),
            _ => None,
        },
        _ => None,
    };
    told.stepped.iter().filter_map(reason).collect()
}

#[test]
fn k2_a_channel_is_asked_no_more_than_its_day_allows_also_after_a_restart() {
    let mut rig = Rig::new(5);
    rig.budgets.insert(CHANNEL.into(), 3);
    rig.run(look(), AT_REST);
    assert_eq!(rig.outside.asked.load(Ordering::SeqCst), 3);
    let unknown = reasons(&rig);
    assert_eq!(unknown.len(), 2);
    assert!(unknown.iter().all(|(_, reason)| reason.contains("today is used up")), "{unknown:?}");
    rig.run(look(), AT_REST);
    assert_eq!(rig.outside.asked.load(Ordering::SeqCst), 3);
}

/// S102, S1: the announcement brings the next look forward; what was delivered is known from the inquiry alone.
#[test]
fn s102_an_announced_payment_is_a_hint_for_the_recovery_that_waits() {
    let rig = Rig::new(2);
    rig.outside.network().needs(number(1), cny(1));
    rig.outside.provider().will(number(1), [Act::Pend]);
    let announce = async {
        while rig.outside.provider().submitted.is_empty() {
            sleep(Duration::from_millis(100)).await;
        }
        sleep(Duration::from_secs(1)).await;
        rig.outside.announce.notify_one();
    };
    rig.run_with(Begin::Recover(Filter { enrolled: true, ..Filter::default() }), AT_REST, announce).unwrap();
    let told = rig.told.lock().unwrap();
    let signalled = told.stepped.iter().filter(|(_, event)| *event == Event::Signalled);
    assert_eq!(signalled.map(|(line, _)| line.0).collect::<Vec<_>>(), [1]);
    assert_eq!(rig.db().wait(rig.db().store.verify()), []);
}
