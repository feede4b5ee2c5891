//! When a run ends, and what it carried out by then.

use std::{sync::atomic::Ordering, time::Duration};

use ringback_core::{
    LineId,
    admit::Switches,
    line::State,
    recovery::{Event, Word},
};
use ringback_engine::shell::{Begin, Until};
use ringback_store::{Ask, Filter, Request, Store};
use tokio::time::sleep;

use super::rig::Rig;
use crate::world::{SET, cny, number};

const AT_REST: Until = Until::AtRest { claims: false };

/// Goes on with what is open, and queries nobody by itself.
fn nobody() -> Begin {
    Begin::Recover(Filter { numbers: Some(Vec::new()), ..Filter::default() })
}

fn all() -> Begin {
    Begin::Recover(Filter { enrolled: true, ..Filter::default() })
}

#[test]
fn a_run_until_rest_recovers_the_lines_compares_the_statement_and_ends() {
    let rig = Rig::new(5);
    (1..=5).for_each(|id| rig.outside.network().needs(number(id), cny(9)));
    rig.run(all(), AT_REST);
    let told = rig.told.lock().unwrap();
    assert_eq!((&told.troubles[..], &told.reconciled[..]), (&[][..], &[(0, 0), (15, 0)][..]), "M4");
    assert!((1..=5).all(|id| rig.outside.provider().received(number(id)) == cny(1 + 8 + SET)));
    assert!((1..=5).all(|id| rig.db().line(id).state == State::Idle));
    assert_eq!(rig.db().wait(rig.db().store.verify()), []);
}

#[test]
fn a_run_until_rest_waits_for_the_desks_only_where_it_is_told_to() {
    for (claims, paid) in [(false, 0), (true, 95)] {
        let rig = Rig::new(1);
        rig.outside.network().suspended(number(1));
        rig.outside.desk.lock().unwrap().patience = 5;
        rig.run(all(), Until::AtRest { claims });
        assert_eq!(rig.db().line(1).state, State::Suspended);
        assert_eq!(rig.outside.desk.lock().unwrap().paid_minor(), paid * 100);
        assert_eq!(rig.db().open_claims().len(), if claims { 0 } else { 4 });
    }
}

#[test]
fn a_run_until_committed_makes_requests_durable_forgets_them_and_ends() {
    let rig = Rig::new(3);
    let told = |line, yuan| Request { line: LineId(line), ask: Ask::Event(Event::Told(Word::Plan(cny(yuan)))) };
    rig.post(&[told(1, 8), told(2, 28), told(1, 58)]);
    rig.run(Begin::Requests, Until::Committed);
    assert_eq!((rig.db().line(1).told.plan, rig.db().line(2).told.plan), (Some(cny(58)), Some(cny(28))));
    assert_eq!((rig.db().line(3).version, rig.requests()), (1, 0));
}

#[test]
fn s2_a_request_is_forgotten_only_once_it_is_durable() {
    let rig = Rig::new(1);
    rig.store.failing_commits.store(3, Ordering::SeqCst);
    rig.post(&[Request { line: LineId(1), ask: Ask::Event(Event::Told(Word::Plan(cny(8)))) }]);
    let looks = async {
        sleep(Duration::from_millis(2_500)).await;
        assert_eq!((rig.requests(), rig.db().line(1).told.plan), (1, None), "the disk is still full");
    };
    rig.run_with(Begin::Requests, Until::Committed, looks).unwrap();
    assert_eq!((rig.requests(), rig.db().line(1).told.plan), (0, Some(cny(8))));
}

#[test]
fn s101_a_request_to_query_a_line_is_carried_out() {
    let rig = Rig::new(2);
    rig.outside.network().needs(number(2), cny(1));
    rig.post(&[Request { line: LineId(2), ask: Ask::Query }]);
    rig.run(nobody(), AT_REST);
    assert_eq!(rig.outside.provider().received(number(2)), cny(1 + SET));
    assert_eq!(rig.db().line(1).seen, None, "nobody asked about the other");
    assert_eq!(rig.requests(), 0);
}

#[test]
fn s101_a_run_until_stopped_sweeps_by_its_timer_and_ends_when_told() {
    let mut rig = Rig::new(3);
    rig.config.check_every_ms = Some(60_000);
    let stops = async {
        sleep(Duration::from_secs(150)).await;
        rig.stop.send_replace(true);
    };
    rig.run_with(Begin::Sweep, Until::Stopped, stops).unwrap();
    assert_eq!(rig.told.lock().unwrap().stepped.len(), 3 * 3, "at the start and twice by the timer");
}

#[test]
fn n3_the_kill_switch_of_another_process_stops_spending_and_its_end_lets_it_go_on() {
    let rig = Rig::new(1);
    rig.outside.network().needs(number(1), cny(1));
    rig.db().switch(Switches { paused: true, ..Switches::default() });
    let resumes = async {
        sleep(Duration::from_mins(10)).await;
        assert_eq!(rig.outside.provider().submitted, []);
        assert!(rig.told.lock().unwrap().stepped.len() < 9, "what is ready waits as it is, and is not asked for again");
        rig.db().switch(Switches::default());
        sleep(Duration::from_mins(10)).await;
        rig.stop.send_replace(true);
    };
    rig.run_with(Begin::Sweep, Until::Stopped, resumes).unwrap();
    assert_eq!(rig.outside.provider().received(number(1)), cny(1 + SET));
}

#[test]
fn n3_a_run_until_rest_ends_while_spending_is_stopped() {
    let rig = Rig::new(1);
    rig.outside.network().needs(number(1), cny(1));
    rig.db().switch(Switches { paused: true, ..Switches::default() });
    rig.run(all(), AT_REST);
    assert_eq!(rig.outside.provider().submitted, []);
    rig.db().switch(Switches::default());
    rig.run(all(), AT_REST);
    assert_eq!(rig.outside.provider().received(number(1)), cny(1 + SET));
}

#[test]
fn s2_a_database_that_fails_for_a_while_stops_nothing_but_spending() {
    let rig = Rig::new(1);
    rig.outside.network().needs(number(1), cny(1));
    let fails = async {
        sleep(Duration::from_millis(100)).await;
        rig.store.failing_switches.store(40, Ordering::SeqCst);
        rig.store.failing_commits.store(2, Ordering::SeqCst);
    };
    rig.run_with(all(), AT_REST, fails).unwrap();
    assert!(!rig.told.lock().unwrap().troubles.is_empty());
    assert_eq!(rig.outside.provider().received(number(1)), cny(1 + SET));
}

#[test]
fn l4_a_run_that_was_stopped_in_the_middle_is_finished_by_the_next() {
    let rig = Rig::new(4);
    (1..=4).for_each(|id| rig.outside.network().needs(number(id), cny(30)));
    for stop_after_ms in [5, 300, 4_000, 9_000] {
        let stops = async {
            sleep(Duration::from_millis(stop_after_ms)).await;
            rig.stop.send_replace(true);
        };
        rig.run_with(all(), AT_REST, stops).unwrap();
        rig.stop.send_replace(false);
    }
    rig.run(all(), AT_REST);
    assert!((1..=4).all(|id| rig.outside.provider().received(number(id)) == cny(1 + 8 + 28 + SET)));
    assert_eq!(rig.db().wait(rig.db().store.verify()), []);
}

#[test]
fn l4_a_run_goes_on_with_open_recoveries_and_claims_that_nobody_asked_it_about() {
    let rig = Rig::new(2);
    rig.outside.network().needs(number(1), cny(30));
    rig.outside.network().suspended(number(2));
    let stops = async {
        sleep(Duration::from_secs(15)).await;
        rig.stop.send_replace(true);
    };
    rig.run_with(all(), AT_REST, stops).unwrap();
    rig.stop.send_replace(false);
    assert!(rig.outside.provider().received(number(1)) < cny(30), "it is stopped in the middle");
    rig.run(nobody(), AT_REST);
    assert_eq!(rig.outside.provider().received(number(1)), cny(1 + 8 + 28 + SET));
    assert_eq!(rig.db().open_claims().len(), 4, "the desk has not paid yet");
    rig.run(nobody(), Until::AtRest { claims: true });
    assert_eq!(rig.outside.desk.lock().unwrap().paid_minor(), 9_500);
}
