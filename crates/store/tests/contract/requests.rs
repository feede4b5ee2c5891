//! What people ask of the engine, and the switches.

use ringback_core::{
    DeskReply, LineId, Mode, Refusal, TopUpRef,
    admit::Switches,
    claim,
    line::Consents,
    recovery::{Event, Via, Word},
    topup::Outcome,
};
use ringback_store::{Ask, Request};

use super::{
    Databases,
    fixture::{Scene, cny},
};

fn query(line: i64) -> Request {
    Request { line: LineId(line), ask: Ask::Query }
}

async fn waiting(scene: &Scene, limit: u32) -> Vec<(i64, i64)> {
    let requests = scene.store.requests(limit).await.unwrap();
    requests.into_iter().map(|(id, request)| (id, request.line.0)).collect()
}

pub(crate) async fn requests_wait_in_order_until_they_are_done(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let many: Vec<Request> = (0..30).rev().map(query).collect();
    scene.store.post(&many[..20]).await.unwrap();
    scene.store.post(&[]).await.unwrap();
    scene.store.post(&many[20..]).await.unwrap();
    let all = waiting(&scene, u32::MAX).await;
    assert_eq!(all.iter().map(|(_, line)| *line).collect::<Vec<_>>(), (0..30).rev().collect::<Vec<_>>());
    assert!(all.is_sorted_by(|a, b| a.0 < b.0));
    assert_eq!(waiting(&scene, 3).await, all[..3]);
    scene.store.done(&[all[0].0, all[2].0, i64::MAX]).await.unwrap();
    scene.store.done(&[]).await.unwrap();
    assert_eq!(waiting(&scene, 2).await, [all[1], all[3]]);
    assert_eq!(waiting(&scene, u32::MAX).await.len(), 28);
}

/// Otherwise a process that forgets what it carried out would forget what somebody asked meanwhile.
pub(crate) async fn a_request_that_is_done_never_lends_its_number(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    scene.store.post(&[query(1)]).await.unwrap();
    let first = waiting(&scene, 1).await[0].0;
    scene.store.done(&[first]).await.unwrap();
    scene.store.post(&[query(2)]).await.unwrap();
    assert!(waiting(&scene, 1).await[0].0 > first);
    scene.store.done(&[first]).await.unwrap();
    assert_eq!(waiting(&scene, 9).await.len(), 1);
}

pub(crate) async fn every_kind_of_request_comes_back_as_it_was(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let reference = TopUpRef::from_random(1);
    let person = Via::Person("余额 \u{0}'\"\\".into());
    let reply = Outcome::Refused(Refusal::Other("no".into())).into();
    let asks = [
        Ask::Query,
        Ask::Event(Event::Approved),
        Ask::Event(Event::Typed { amount: cny(50) }),
        Ask::Event(Event::Told(Word::Enrolled(Consents { payment_ms: Some(i64::MAX), query_ms: None }, Mode::Ask))),
        Ask::Event(Event::Replied { reference: reference.clone(), reply, via: person }),
        Ask::Claim(reference.clone(), claim::Event::Withdrawn),
        Ask::Claim(reference, claim::Event::Answered(DeskReply::Paid(cny(8)))),
    ];
    let requests = asks.map(|ask| Request { line: LineId(i64::MAX), ask });
    scene.store.post(&requests).await.unwrap();
    let back: Vec<Request> = scene.store.requests(9).await.unwrap().into_iter().map(|(_, request)| request).collect();
    assert_eq!(back, requests);
}

pub(crate) async fn n3_the_switches_are_as_they_were_set(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    assert_eq!(scene.store.switches().await.unwrap(), Switches::default(), "a new database is not paused");
    for bits in [1, 2, 4, 7, 0_u8] {
        let switches = Switches { paused: bits & 1 != 0, frozen: bits & 2 != 0, clock_fault: bits & 4 != 0 };
        scene.store.set_switches(switches).await.unwrap();
        assert_eq!(scene.store.switches().await.unwrap(), switches);
        assert_eq!(scene.try_commit(vec![]).await.unwrap().switches, switches);
    }
}
