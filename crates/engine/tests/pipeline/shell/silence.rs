//! Calls that never answer end at their deadline, as unknown.

use std::sync::atomic::Ordering;

use ringback_core::{
    Outcome, Route, Service,
    claim::State as ClaimState,
    line::State,
    recovery::{Event, Via},
};
use ringback_engine::shell::{Begin, Until};
use ringback_store::{ClaimFilter, Filter};

use super::rig::Rig;
use crate::world::{SET, cny, number};

/// A line whose probe brings it back, and a run over it.
fn rig() -> Rig {
    let rig = Rig::new(1);
    rig.outside.network().needs(number(1), cny(1));
    rig
}

fn run(rig: &Rig) {
    let all = Filter { enrolled: true, ..Filter::default() };
    rig.run(Begin::Recover(all), Until::AtRest { claims: true });
}

fn unanswered_reads(rig: &Rig) -> usize {
    let unknown = |event: &Event| {
        matches!(event, Event::Answered(read)
            if matches!(&read.status.service, Service::Unknown(why) if why.contains("did not answer in time")))
    };
    rig.told.lock().unwrap().stepped.iter().filter(|(_, event)| unknown(event)).count()
}

#[test]
fn k2_a_channel_that_never_answers_is_unknown_and_nothing_is_paid_on_it() {
    let rig = rig();
    rig.outside.silent_queries.store(1, Ordering::SeqCst);
    run(&rig);
    assert_eq!(unanswered_reads(&rig), 1);
    assert_eq!(rig.outside.provider().submitted, []);
    assert_eq!(rig.db().line(1).state, State::Idle);
}

#[test]
fn k2_a_channel_that_nobody_configured_is_unknown_as_well() {
    let mut rig = rig();
    rig.config.books.values_mut().for_each(|book| book.route = Route::of("nowhere"));
    run(&rig);
    assert_eq!((unanswered_reads(&rig), rig.outside.provider().submitted.len()), (1, 0));
}

#[test]
fn p4_a_submission_that_never_answers_is_unknown_then_inquired_about_and_never_sent_again() {
    let rig = rig();
    rig.outside.silent_submissions.store(1, Ordering::SeqCst);
    run(&rig);
    let told = rig.told.lock().unwrap();
    let replies: Vec<(&Outcome, &Via)> = told.stepped.iter().filter_map(|(_, event)| reply(event)).collect();
    assert!(matches!(replies[0], (Outcome::Unknown(_), Via::Submission)), "{replies:?}");
    assert!(matches!(replies[1], (Outcome::Delivered(_), Via::Inquiry(0))), "{replies:?}");
    assert_eq!(rig.outside.provider().received(number(1)), cny(1 + SET));
    assert_eq!(rig.outside.provider().submitted.len(), 2);
    assert_eq!(told.reconciled, [(0, 0), (2, 0)]);
}

fn reply(event: &Event) -> Option<(&Outcome, &Via)> {
    let Event::Replied { reply, via, .. } = event else { return None };
    Some((&reply.outcome, via))
}

#[test]
fn a_provider_that_does_not_say_what_it_offers_is_asked_again() {
    let rig = rig();
    rig.outside.silent_offers.store(2, Ordering::SeqCst);
    run(&rig);
    let told = rig.told.lock().unwrap();
    let again = |event: &Event| matches!(event, Event::Unoffered { again: true, reason } if reason.contains("in time"));
    assert_eq!(told.stepped.iter().filter(|(_, event)| again(event)).count(), 2);
    assert_eq!(rig.outside.provider().received(number(1)), cny(1 + SET));
}

#[test]
fn r1_a_desk_that_never_answers_is_asked_again() {
    let rig = Rig::new(1);
    rig.outside.network().suspended(number(1));
    rig.outside.silent_desks.store(3, Ordering::SeqCst);
    run(&rig);
    let claims = rig.db().claims(ClaimFilter::All);
    assert!(claims.iter().all(|claim| matches!(claim.state, ClaimState::Paid { .. })), "{claims:?}");
}
