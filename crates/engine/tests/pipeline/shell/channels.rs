//! What a channel may be asked in a day, and what it hears of payments.

use std::{sync::atomic::Ordering, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use ringback_core::{LineId, Service, recovery::Event};
use ringback_engine::shell::{Begin, Until};
use ringback_network::http::Recycled;
use ringback_store::{Filter, Store as _};
use tokio::time::sleep;

use super::{outside::GUARD, rig::Rig};
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

/// The guard is asked before money is spent, for the time since a person was last sure of the number.
#[test]
fn k4_a_guard_is_asked_with_the_date_of_the_last_confirmation() {
    for (word, paid) in [(Recycled::No, true), (Recycled::Yes, false), (Recycled::Unknown("no data".into()), false)] {
        let mut rig = Rig::new(1);
        rig.outside.network().needs(number(1), cny(1));
        rig.config.books.values_mut().for_each(|book| book.route.guards.push(GUARD.into()));
        *rig.outside.recycled.lock().unwrap() = word.clone();
        rig.run(Begin::Recover(Filter { enrolled: true, ..Filter::default() }), AT_REST);
        assert_eq!(rig.outside.provider().received(number(1)) > cny(0), paid, "{word:?}");
        let enrolled_ms = rig.db().line(1).confirmed_ms().unwrap();
        let date = Timestamp::from_millisecond(enrolled_ms).unwrap().to_zoned_datetime(TimeZone::UTC).date();
        assert!(rig.outside.guarded.lock().unwrap().contains(&(number(1), date)), "{word:?}");
    }
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
