//! Refusals, late money, reversals and people's words: the books hold after each of them.

use ringback_core::{
    Echo, Line, Receipt, Refusal, Reply,
    admit::Denial,
    ledger::{Account, Kind},
    recovery::{Event, TopUp, TopUpState, Via},
    topup::Outcome,
};

use ringback_store::Verdict;

use super::{
    Databases,
    fixture::{Scene, cny, out, received, replied, restricted},
    ledger::{balanced, kinds},
};

/// A line whose probe of 1 is with the provider.
async fn paying(scene: &Scene) -> Line {
    let line = scene.one_ready(&[8]).await;
    scene.ordered(&line).await
}

fn full() -> Receipt {
    Receipt { debited: cny(1), delivered: cny(1) }
}

/// The only top-up there is.
async fn only(scene: &Scene) -> TopUp {
    let mut topups = scene.store.topups_since("p", 0).await.unwrap();
    assert_eq!(topups.len(), 1);
    topups.remove(0)
}

async fn late(scene: &Scene, line: &Line, outcome: Outcome) -> Line {
    let event = Event::Late { topup: Box::new(only(scene).await), reply: outcome.into() };
    scene.happens(line, event).await
}

/// P6: refused is still held; only the confirming inquiry gives the money back.
pub(crate) async fn p5_a_refusal_gives_the_hold_back_and_the_books_hold(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = paying(&scene).await;
    let refused = Outcome::Refused(Refusal::TooSoon);
    let line = scene.happens(&line, replied(&line, refused.clone(), Via::Submission)).await;
    balanced(&scene, &[(Account::Float, -1), (Account::Held, 1)]).await;
    scene.happens(&line, replied(&line, refused, Via::Inquiry(0))).await;
    balanced(&scene, &[]).await;
    assert_eq!(only(&scene).await.state, TopUpState::Failed(false));
    assert_eq!(kinds(&scene).await, [Kind::Hold, Kind::Release]);
}

pub(crate) async fn p7_money_that_comes_late_is_posted_and_counts(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = paying(&scene).await;
    let line = scene.refused(&line, Refusal::TooSoon).await;
    late(&scene, &line, received(cny(1))).await;
    balanced(&scene, &[(Account::Float, -1), (Account::Delivered, 1)]).await;
    assert_eq!(only(&scene).await.state, TopUpState::Delivered(full()));
    assert_eq!(kinds(&scene).await, [Kind::Hold, Kind::Release, Kind::Late, Kind::Late]);
}

/// The answer is the same, but what it contradicts was put right by the first of them.
pub(crate) async fn p7_m4_a_late_answer_is_posted_once_however_often_it_is_told(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = paying(&scene).await;
    let line = scene.refused(&line, Refusal::TooSoon).await;
    let event = Event::Late { topup: Box::new(only(&scene).await), reply: received(cny(1)).into() };
    let line = scene.happens(&line, event.clone()).await;
    assert_eq!(scene.verdicts(vec![scene.change(&line, event)]).await, [Verdict::Conflict]);
    balanced(&scene, &[(Account::Float, -1), (Account::Delivered, 1)]).await;
}

pub(crate) async fn p9_a_withheld_order_gives_its_hold_back(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = paying(&scene).await;
    let stopped = Event::Withheld { reference: out(&line), denial: Denial::Paused };
    let line = scene.happens(&line, stopped).await;
    balanced(&scene, &[]).await;
    let line = scene.answered(&line, &restricted()).await;
    scene.ordered(&line).await;
    balanced(&scene, &[(Account::Float, -1), (Account::Held, 1)]).await;
}

pub(crate) async fn p11_p13_suspense_and_a_persons_word_keep_the_books(databases: &impl Databases) {
    let words = [
        (received(cny(1)), TopUpState::DeliveredByWord(full()), &[(Account::Float, -1), (Account::Delivered, 1)][..]),
        (Outcome::NotFound, TopUpState::Failed(true), &[][..]),
    ];
    for (word, state, expected) in words {
        let scene = Scene::open(databases).await;
        let line = paying(&scene).await;
        let echo = Echo { reference: Some("ANOTHER".into()), ..Echo::default() };
        let mismatch = Reply { echo, outcome: received(cny(1)) };
        let line = scene.happens(&line, replied(&line, mismatch, Via::Submission)).await;
        balanced(&scene, &[(Account::Float, -1), (Account::Suspense, 1)]).await;
        let person = Via::Person("the provider wrote so".into());
        scene.happens(&line, replied(&line, word, person)).await;
        balanced(&scene, expected).await;
        assert_eq!(only(&scene).await.state, state);
        assert_eq!(kinds(&scene).await, [Kind::Hold, Kind::Suspend, Kind::Settle]);
    }
}

pub(crate) async fn p12_what_the_provider_takes_back_goes_back_to_the_float(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = paying(&scene).await;
    let line = scene.delivered(&line).await;
    late(&scene, &line, Outcome::Reversed(full())).await;
    balanced(&scene, &[]).await;
    assert_eq!(only(&scene).await.state, TopUpState::Reversed(full()));
    assert_eq!(kinds(&scene).await, [Kind::Hold, Kind::Deliver, Kind::Reverse]);
}
