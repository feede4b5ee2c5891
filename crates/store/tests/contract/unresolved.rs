//! References that are never reused (P2), and numbers whose order is not settled (P3).

use ringback_core::{
    Echo, Line, Outcome, Receipt, Refusal, Reply, TopUpRef,
    admit::Denial,
    recovery::{Event, TopUpState, Via},
};
use ringback_store::{Change, StoreError, Verdict};

use super::{
    Databases,
    fixture::{Scene, answered, cny, numbers, out, received, replied, restricted, terms},
};

/// The order that a line waits for, under a reference of the past.
fn order_under(scene: &Scene, line: &Line, reference: &TopUpRef) -> Change {
    scene.change(line, Event::Proposed { reference: reference.clone() })
}

async fn three_ready(scene: &Scene) -> Vec<Line> {
    let book = scene.book("home").await;
    scene.ready(book, &numbers(0..3), &terms("p", &[8])).await
}

/// Refused as a contradiction, with every line of the batch as it was.
async fn refused_as_a_whole(scene: &Scene, batch: Vec<Change>, before: &[Line], posted: usize) {
    let error = scene.try_commit(batch).await.unwrap_err();
    assert!(matches!(error, StoreError::Contradiction(_)), "{error:?}");
    for line in before {
        assert_eq!(scene.line(line.id).await, *line);
        assert_eq!(scene.store.journal(line.id).await.unwrap().len(), usize::try_from(line.version).unwrap());
    }
    assert_eq!(scene.store.statement(0, 9).await.unwrap().len(), posted);
    scene.verify().await;
}

pub(crate) async fn p2_a_reference_used_twice_in_one_batch_stops_it(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let lines = three_ready(&scene).await;
    let twice = scene.reference();
    let changes =
        vec![scene.order(&lines[0]), order_under(&scene, &lines[1], &twice), order_under(&scene, &lines[2], &twice)];
    refused_as_a_whole(&scene, changes, &lines, 0).await;
    assert_eq!(scene.all_ordered(&lines).await.len(), 3, "each under a reference of its own");
}

pub(crate) async fn p2_a_reference_of_the_past_stops_the_batch_and_nothing_is_written(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let lines = three_ready(&scene).await;
    let ordered = scene.ordered(&lines[0]).await;
    let past = out(&ordered);
    let delivered = scene.delivered(&ordered).await;
    let read = scene.change(&delivered, answered(&delivered, &restricted(), scene.now));
    let changes = vec![scene.order(&lines[1]), read, order_under(&scene, &lines[2], &past)];
    refused_as_a_whole(&scene, changes, &[delivered, lines[1].clone(), lines[2].clone()], 2).await;
    let topup = scene.topup(&past).await;
    assert_eq!((topup.line, topup.state), (ordered.id, TopUpState::Delivered(full())));
}

fn full() -> Receipt {
    Receipt { debited: cny(1), delivered: cny(1) }
}

/// One number in two books, both lines ready to pay.
async fn one_number_in_two_books(scene: &Scene) -> [Line; 2] {
    let (home, shop) = (scene.book("home").await, scene.book("shop").await);
    let here = scene.ready(home, &numbers(0..1), &terms("p", &[8])).await.remove(0);
    let there = scene.ready(shop, &numbers(0..1), &terms("q", &[8])).await.remove(0);
    [here, there]
}

async fn verdict(scene: &Scene, line: &Line) -> Verdict {
    let order = scene.order(line);
    scene.verdicts(vec![order]).await.remove(0)
}

const UNRESOLVED: Verdict = Verdict::Denied(Denial::Unresolved);

pub(crate) async fn p3_a_number_with_an_order_out_gets_no_second_one_from_another_book(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let [here, there] = one_number_in_two_books(&scene).await;
    let here = scene.ordered(&here).await;
    assert_eq!(verdict(&scene, &there).await, UNRESOLVED);
    let here = scene.happens(&here, replied(&here, Outcome::Unknown("lost".into()), Via::Submission)).await;
    assert_eq!(verdict(&scene, &there).await, UNRESOLVED, "unknown");
    let refused = Outcome::Refused(Refusal::TooSoon);
    let here = scene.happens(&here, replied(&here, refused.clone(), Via::Inquiry(0))).await;
    assert_eq!(verdict(&scene, &there).await, UNRESOLVED, "P6: refused and not settled");
    scene.happens(&here, replied(&here, refused, Via::Inquiry(1))).await;
    assert_eq!(verdict(&scene, &there).await, Verdict::Committed);
    scene.verify().await;
}

pub(crate) async fn p3_of_two_orders_for_one_number_in_one_batch_the_second_is_denied(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let [here, there] = one_number_in_two_books(&scene).await;
    let orders = vec![scene.order(&there), scene.order(&here)];
    assert_eq!(scene.verdicts(orders).await, [Verdict::Committed, UNRESOLVED]);
    assert_eq!(scene.line(here.id).await, here);
    let there = scene.line(there.id).await;
    scene.delivered(&there).await;
    assert_eq!(verdict(&scene, &here).await, Verdict::Committed);
}

fn about_another(outcome: Outcome) -> Reply {
    Reply { echo: Echo { reference: Some("ANOTHER".into()), ..Echo::default() }, outcome }
}

pub(crate) async fn p3_p11_money_in_suspense_keeps_the_number_unresolved(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let [here, there] = one_number_in_two_books(&scene).await;
    let here = scene.ordered(&here).await;
    let reference = out(&here);
    let elsewhere = about_another(received(cny(1)));
    let here = scene.happens(&here, replied(&here, elsewhere, Via::Submission)).await;
    assert_eq!(scene.topup(&reference).await.state, TopUpState::Suspense);
    assert_eq!(verdict(&scene, &there).await, UNRESOLVED);
    let person = Via::Person("the provider wrote so".into());
    scene.happens(&here, replied(&here, received(cny(1)), person)).await;
    assert_eq!(scene.topup(&reference).await.state, TopUpState::DeliveredByWord(full()));
    assert_eq!(verdict(&scene, &there).await, Verdict::Committed);
}

/// The money is a fact, whatever is out for the number: a statement that contradicts a person must not stop the
/// database, and every other line's batch with it.
pub(crate) async fn p13_late_money_in_doubt_is_kept_while_another_order_is_out(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    let [here, there] = one_number_in_two_books(&scene).await;
    let here = scene.ordered(&here).await;
    let reference = out(&here);
    let person = Via::Person("the provider wrote so".into());
    let here = scene.happens(&here, replied(&here, Outcome::Refused(Refusal::TooSoon), person)).await;
    let there = scene.ordered(&there).await;

    let late = Event::Late { topup: Box::new(scene.topup(&reference).await), reply: received(cny(1)).into() };
    scene.happens(&here, late).await;
    assert_eq!(scene.topup(&reference).await.state, TopUpState::Suspense);
    let there = scene.delivered(&there).await;
    scene.verify().await;
    scene.wait_ms(super::fixture::SETTLING_MS);
    let there = scene.answered(&there, &restricted()).await;
    assert_eq!(verdict(&scene, &there).await, UNRESOLVED, "the doubt is still there");
}
