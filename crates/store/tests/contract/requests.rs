//! What people ask of the engine, and the switches.

use ringback_core::{
    DeskReply, LineId, Mode, Refusal, TopUpRef,
    admit::Switches,
    claim,
    line::Consents,
    recovery::{Event, Via, Word},
    topup::Outcome,
};
use ringback_store::{Ask, Batch, Change, Request, Verdict};

use super::{
    Databases,
    fixture::{Scene, cny, numbers},
};

fn query(line: LineId) -> Request {
    Request { line, ask: Ask::Query }
}

async fn waiting(scene: &Scene, after: i64, limit: u32) -> Vec<(i64, LineId)> {
    let requests = scene.store.requests(&scene.books().await, after, limit).await.unwrap();
    requests.into_iter().map(|(id, request)| (id, request.line)).collect()
}

/// Commits a batch that carries these requests out.
async fn done(scene: &Scene, requests: &[i64]) {
    let batch = Batch { requests: requests.to_vec(), ..scene.batch(Vec::new(), Vec::new()) };
    scene.store.commit(&batch).await.unwrap();
}

async fn thirty_lines(scene: &Scene) -> Vec<LineId> {
    let book = scene.book("home").await;
    scene.lines(book, &numbers(0..30)).await.into_iter().map(|line| line.id).collect()
}

pub(crate) async fn requests_wait_in_order_until_a_batch_carries_them_out(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let lines: Vec<LineId> = thirty_lines(&scene).await.into_iter().rev().collect();
    let many: Vec<Request> = lines.iter().copied().map(query).collect();
    scene.store.post(&many[..20]).await.unwrap();
    scene.store.post(&[]).await.unwrap();
    scene.store.post(&many[20..]).await.unwrap();
    let all = waiting(&scene, 0, u32::MAX).await;
    assert_eq!(all.iter().map(|(_, line)| *line).collect::<Vec<_>>(), lines);
    assert!(all.is_sorted_by(|a, b| a.0 < b.0));
    assert_eq!(waiting(&scene, 0, 3).await, all[..3]);
    assert_eq!(waiting(&scene, all[2].0, 3).await, all[3..6]);
    done(&scene, &[all[0].0, all[2].0, i64::MAX]).await;
    done(&scene, &[]).await;
    assert_eq!(waiting(&scene, 0, 2).await, [all[1], all[3]]);
    assert_eq!(waiting(&scene, 0, u32::MAX).await.len(), 28);
}

/// N2: a request is forgotten exactly when what it asked for is durable.
pub(crate) async fn a_request_is_done_with_its_change_and_stays_with_a_conflict(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let line = scene.lines(book, &numbers(0..1)).await.remove(0);
    scene.store.post(&[query(line.id), query(line.id)]).await.unwrap();
    let ids: Vec<i64> = waiting(&scene, 0, 9).await.into_iter().map(|(id, _)| id).collect();
    let told = |request| Change { request: Some(request), ..scene.change(&line, Event::Told(Word::Confirmed)) };
    let (first, second) = (told(ids[0]), told(ids[1]));
    assert_eq!(scene.verdicts(vec![first]).await, [Verdict::Committed]);
    assert_eq!(scene.verdicts(vec![second]).await, [Verdict::Conflict]);
    assert_eq!(waiting(&scene, 0, 9).await, [(ids[1], line.id)]);
}

/// An engine leaves the requests of books that it does not work for alone.
pub(crate) async fn requests_are_those_of_the_books_that_are_asked_for(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let (home, shop) = (scene.book("home").await, scene.book("shop").await);
    let of_home = scene.lines(home, &numbers(0..1)).await.remove(0);
    let of_shop = scene.lines(shop, &numbers(0..1)).await.remove(0);
    scene.store.post(&[query(of_home.id), query(of_shop.id)]).await.unwrap();
    let of = |book| scene.store.requests(std::slice::from_ref(book), 0, 9);
    assert_eq!(of(&home).await.unwrap().len(), 1);
    assert_eq!(of(&shop).await.unwrap()[0].1.line, of_shop.id);
    assert_eq!(of(&ringback_core::BookId(99)).await.unwrap(), []);
}

/// Otherwise a process that forgets what it carried out would forget what somebody asked meanwhile.
pub(crate) async fn a_request_that_is_done_never_lends_its_number(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let lines = thirty_lines(&scene).await;
    scene.store.post(&[query(lines[1])]).await.unwrap();
    let first = waiting(&scene, 0, 1).await[0].0;
    done(&scene, &[first]).await;
    scene.store.post(&[query(lines[2])]).await.unwrap();
    assert!(waiting(&scene, 0, 1).await[0].0 > first);
    done(&scene, &[first]).await;
    assert_eq!(waiting(&scene, 0, 9).await.len(), 1);
}

pub(crate) async fn every_kind_of_request_comes_back_as_it_was(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = thirty_lines(&scene).await[0];
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
    let requests = asks.map(|ask| Request { line, ask });
    scene.store.post(&requests).await.unwrap();
    let back = scene.store.requests(&scene.books().await, 0, 9).await.unwrap();
    assert_eq!(back.into_iter().map(|(_, request)| request).collect::<Vec<_>>(), requests);
}

pub(crate) async fn n3_the_switches_are_as_they_were_set(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    assert_eq!(scene.store.switches().await.unwrap(), Switches::default(), "a new database is not paused");
    for bits in [1, 2, 4, 7, 0_u8] {
        let switches = Switches { paused: bits & 1 != 0, frozen: bits & 2 != 0, clock_fault: bits & 4 != 0 };
        scene.switch(switches).await;
        assert_eq!(scene.store.switches().await.unwrap(), switches);
        assert_eq!(scene.try_commit(vec![]).await.unwrap().switches, switches);
    }
}
