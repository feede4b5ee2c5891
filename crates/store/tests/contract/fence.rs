//! The fence (S3): nothing is spent behind it, in the transaction itself, and each book has its own.

use ringback_core::{
    Order, TopUpRef,
    admit::Denial,
    ledger::{Account, Kind},
    recovery::{Event, TopUpState},
};
use ringback_store::Verdict;

use super::{
    Databases,
    fixture::{Scene, cny, numbers, received, terms},
    ledger::balanced,
};

pub(crate) async fn s3_behind_a_fence_no_order_is_admitted_and_all_else_goes_on(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..2), &terms("p", &[8])).await;
    let out = scene.ordered(&lines[0]).await;
    assert_eq!(scene.store.fenced(&[book]).await.unwrap(), None);
    scene.store.fence(7_000).await.unwrap();
    assert_eq!(scene.store.fenced(&[book]).await.unwrap(), Some(7_000));
    assert_eq!(scene.verdicts(vec![scene.order(&lines[1])]).await, [Verdict::Denied(Denial::Frozen)]);
    scene.delivered(&out).await;
    scene.store.unfence(&[book]).await.unwrap();
    scene.store.unfence(&[book]).await.unwrap();
    assert_eq!(scene.store.fenced(&[book]).await.unwrap(), None);
    scene.ordered(&lines[1]).await;
    scene.verify().await;
}

pub(crate) async fn s3_each_book_is_reconciled_for_itself(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let (home, shop) = (scene.book("home").await, scene.book("shop").await);
    let ours = scene.ready(home, &numbers(0..1), &terms("p", &[8])).await;
    let others = scene.ready(shop, &numbers(1..2), &terms("q", &[8])).await;
    scene.store.fence(7_000).await.unwrap();
    scene.store.unfence(&[home]).await.unwrap();
    let changes = vec![scene.order(&ours[0]), scene.order(&others[0])];
    assert_eq!(scene.verdicts(changes).await, [Verdict::Committed, Verdict::Denied(Denial::Frozen)]);
    assert_eq!(scene.store.fenced(&[home, shop]).await.unwrap(), Some(7_000));
    assert_eq!(scene.store.fenced(&[]).await.unwrap(), None);
}

/// A book that was made after the backup is made again, and lines with it: what was paid for them is lost as well.
pub(crate) async fn s3_a_book_that_is_made_behind_a_fence_begins_behind_it(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let home = scene.book("home").await;
    scene.store.fence(7_000).await.unwrap();
    scene.store.unfence(&[home]).await.unwrap();
    let shop = scene.book("shop").await;
    assert_eq!(scene.store.fenced(&[shop]).await.unwrap(), Some(7_000));
    assert_eq!(scene.book("home").await, home);
    assert_eq!(scene.store.fenced(&[home]).await.unwrap(), None, "a policy that is saved again raises no fence");
}

pub(crate) async fn s3_of_two_fences_the_earlier_stands(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let home = scene.book("home").await;
    for (since_ms, stands_ms) in [(7_000, 7_000), (9_000, 7_000), (-5, -5)] {
        scene.store.fence(since_ms).await.unwrap();
        assert_eq!(scene.store.fenced(&[home]).await.unwrap(), Some(stands_ms));
    }
}

/// An order that the ledger lost comes back with its hold (M3), counts for the caps (C1), and keeps its number (P3).
pub(crate) async fn s3_m4_a_lost_order_is_kept_in_suspense(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let (home, shop) = (scene.book("home").await, scene.book("shop").await);
    let line = scene.lines(home, &numbers(0..1)).await.remove(0);
    let ready = scene.ready(shop, &numbers(0..1), &terms("p", &[8])).await;
    let (reference, msisdn) = (TopUpRef::from_random(77), line.msisdn);
    let order = Order { reference, msisdn, provider: "p".into(), product: String::new(), asked: cny(8), max_fee: None };
    let found = Event::Found { order: order.clone(), reply: received(cny(8)).into() };
    let line = scene.happens(&line, found).await;
    balanced(&scene, &[(Account::Float, -8), (Account::Suspense, 8)]).await;
    let topup = scene.topup(&order.reference).await;
    assert_eq!((topup.order, topup.line, topup.state), (order, line.id, TopUpState::Suspense));
    let kinds: Vec<Kind> = scene.store.statement(0, 9).await.unwrap().iter().map(|p| p.transaction.kind).collect();
    assert_eq!(kinds, [Kind::Hold, Kind::Suspend]);
    assert_eq!(scene.verdicts(vec![scene.order(&ready[0])]).await, [Verdict::Denied(Denial::Unresolved)]);
    scene.verify().await;
}
