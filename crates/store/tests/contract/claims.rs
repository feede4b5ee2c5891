//! Claims for money back (claim 5): stepped inside the transaction, so that none is paid twice (R1-R6, M5).

use ringback_core::{
    Claim, DeskReply, Line, Outcome, Refusal, Status, TopUpRef,
    claim::{self, State},
    ledger::Account,
    recovery::{Event, Word},
};
use ringback_store::{ClaimChange, ClaimFilter};

use super::{
    Databases,
    fixture::{Scene, answered, cny, in_service, numbers, out, received, restricted, terms},
    ledger::balanced,
};

fn answers(claim: &Claim, reply: DeskReply) -> ClaimChange {
    ClaimChange { reference: claim.reference.clone(), event: claim::Event::Answered(reply) }
}

fn withdraws(claim: &Claim) -> ClaimChange {
    ClaimChange { reference: claim.reference.clone(), event: claim::Event::Withdrawn }
}

async fn of(scene: &Scene, claim: &Claim) -> Claim {
    scene.claims(ClaimFilter::Of(claim.reference.clone())).await.remove(0)
}

/// A suspended line, and its claims for 1 and for 8, in the order in which they were paid.
async fn claimed(databases: &impl Databases) -> (Scene, Line, [Claim; 2]) {
    let mut scene = Scene::open(databases).await;
    let line = scene.suspended().await;
    let mut claims = scene.claims(ClaimFilter::Open(scene.books().await)).await;
    claims.sort_by_key(|claim| claim.claimed);
    let claims = claims.try_into().expect("two claims");
    balanced(&scene, &[(Account::Float, -9), (Account::RefundDue, 9)]).await;
    (scene, line, claims)
}

pub(crate) async fn r1_every_delivery_of_a_suspended_line_is_claimed_once(databases: &impl Databases) {
    let (scene, line, [one, eight]) = claimed(databases).await;
    let topups = scene.store.topups_since("p", 0).await.unwrap();
    for (claim, topup) in [&one, &eight].into_iter().zip(&topups) {
        let (reference, claimed) = (topup.order.reference.clone(), topup.order.asked);
        let (provider, desk) = ("p".to_owned(), "desk".to_owned());
        let expected = Claim {
            reference,
            line: line.id,
            msisdn: line.msisdn,
            provider,
            desk,
            claimed,
            state: State::Requested,
            frozen: false,
        };
        assert_eq!(*claim, expected);
        assert_eq!(of(&scene, claim).await, expected);
    }
    assert_eq!(scene.claims(ClaimFilter::All).await.len(), 2);
    assert_eq!(scene.claims(ClaimFilter::Of(TopUpRef::from_random(u128::MAX))).await, []);
}

pub(crate) async fn r5_an_answer_moves_its_claim_alone(databases: &impl Databases) {
    let cases = [
        (DeskReply::Acknowledged("C-1".into()), State::Acknowledged { case: "C-1".into() }, true),
        (DeskReply::Denied("用过了".into()), State::Denied { reason: "用过了".into() }, false),
        (DeskReply::Expired, State::Expired, false),
        (DeskReply::Paid(cny(5)), State::Paid { paid: cny(5) }, false),
    ];
    for (reply, state, open) in cases {
        let (scene, _, [one, eight]) = claimed(databases).await;
        scene.claims_happen(vec![answers(&eight, reply)]).await;
        assert_eq!(of(&scene, &eight).await, Claim { state, ..eight.clone() });
        let mut expected = if open { vec![one.clone(), of(&scene, &eight).await] } else { vec![one.clone()] };
        expected.sort_by(|a, b| a.reference.cmp(&b.reference));
        assert_eq!(scene.claims(ClaimFilter::Open(scene.books().await)).await, expected);
        assert_eq!(scene.claims(ClaimFilter::All).await.len(), 2);
        scene.verify().await;
    }
}

/// More than was claimed goes to suspense; what is not paid stays with the line.
pub(crate) async fn m5_a_refund_is_posted_on_the_desks_word(databases: &impl Databases) {
    use Account::{Delivered, Float, RefundDue, Suspense};
    let cases = [
        (8, vec![(Float, -1), (RefundDue, 1)]),
        (5, vec![(Float, -4), (RefundDue, 1), (Delivered, 3)]),
        (10, vec![(Float, 1), (RefundDue, 1), (Suspense, -2)]),
    ];
    for (paid, expected) in cases {
        let (scene, _, [_, eight]) = claimed(databases).await;
        scene.claims_happen(vec![answers(&eight, DeskReply::Acknowledged("C-1".into()))]).await;
        balanced(&scene, &[(Float, -9), (RefundDue, 9)]).await;
        scene.claims_happen(vec![answers(&eight, DeskReply::Paid(cny(paid)))]).await;
        balanced(&scene, &expected).await;
    }
}

pub(crate) async fn r1_an_answer_twice_or_about_nothing_changes_nothing(databases: &impl Databases) {
    let (scene, _, [one, eight]) = claimed(databases).await;
    let nothing = Claim { reference: TopUpRef::from_random(u128::MAX), ..one.clone() };
    let paid = answers(&eight, DeskReply::Paid(cny(8)));
    let changes = vec![paid.clone(), answers(&nothing, DeskReply::Paid(cny(1))), paid.clone()];
    scene.claims_happen(changes).await;
    scene.claims_happen(vec![paid, answers(&one, DeskReply::Unknown("lost".into()))]).await;
    assert_eq!(of(&scene, &one).await, one);
    balanced(&scene, &[(Account::Float, -1), (Account::RefundDue, 1)]).await;
    assert_eq!(scene.claims(ClaimFilter::All).await.len(), 2);
}

pub(crate) async fn r6_claims_end_when_the_line_is_active_again(databases: &impl Databases) {
    let (scene, line, [one, eight]) = claimed(databases).await;
    let book = scene.book("home").await;
    let other = scene.enrolled(book, &numbers(1..2)).await.remove(0);
    scene.answered(&other, &in_service()).await;
    let line = scene.answered(&line, &restricted()).await;
    assert_eq!(
        scene.claims(ClaimFilter::Open(scene.books().await)).await.len(),
        2,
        "neither another line nor a restricted one ends them"
    );
    scene.claims_happen(vec![answers(&one, DeskReply::Acknowledged("C-1".into()))]).await;
    scene.answered(&line, &in_service()).await;
    assert_eq!(scene.claims(ClaimFilter::Open(scene.books().await)).await, []);
    for claim in [one, eight] {
        assert_eq!(of(&scene, &claim).await.state, State::Withdrawn);
    }
    balanced(&scene, &[(Account::Float, -9), (Account::Delivered, 9)]).await;
}

/// Paid by the desk: the float has it back, and nothing of the claim stands anywhere.
const PAID_ONCE: [(Account, i64); 2] = [(Account::Float, -1), (Account::Delivered, 1)];

/// Commits a sight of the line in service together with what a desk said.
async fn active_while(scene: &Scene, line: &Line, claims: Vec<ClaimChange>) {
    let seen = scene.change(line, answered(line, &in_service(), scene.now));
    scene.store.commit(&scene.batch(vec![seen], claims)).await.unwrap();
}

pub(crate) async fn r2_a_withdrawal_and_a_payment_in_one_batch_give_the_money_back_once(databases: &impl Databases) {
    let (scene, line, [one, eight]) = claimed(databases).await;
    active_while(&scene, &line, vec![answers(&eight, DeskReply::Paid(cny(8)))]).await;
    assert_eq!(of(&scene, &eight).await.state, State::Paid { paid: cny(8) });
    assert_eq!(of(&scene, &one).await.state, State::Withdrawn);
    balanced(&scene, &PAID_ONCE).await;

    for order in [[0, 1], [1, 0]] {
        let (scene, _, [one, eight]) = claimed(databases).await;
        let both = [withdraws(&eight), answers(&eight, DeskReply::Paid(cny(8)))];
        let changes = order.map(|place: usize| both[place].clone());
        scene.claims_happen([&changes[..], &[withdraws(&one)]].concat()).await;
        assert_eq!(of(&scene, &eight).await.state, State::Paid { paid: cny(8) });
        balanced(&scene, &PAID_ONCE).await;
    }
}

pub(crate) async fn r2_a_payment_after_the_withdrawal_gives_the_money_back_once(databases: &impl Databases) {
    let (scene, line, [one, eight]) = claimed(databases).await;
    active_while(&scene, &line, vec![]).await;
    scene.claims_happen(vec![answers(&eight, DeskReply::Paid(cny(8))), withdraws(&one)]).await;
    assert_eq!(of(&scene, &eight).await.state, State::Paid { paid: cny(8) });
    balanced(&scene, &PAID_ONCE).await;
}

pub(crate) async fn r2_a_withdrawal_after_the_payment_takes_nothing_away(databases: &impl Databases) {
    let (scene, line, [_, eight]) = claimed(databases).await;
    scene.claims_happen(vec![answers(&eight, DeskReply::Paid(cny(8)))]).await;
    active_while(&scene, &line, vec![withdraws(&eight)]).await;
    assert_eq!(of(&scene, &eight).await.state, State::Paid { paid: cny(8) });
    balanced(&scene, &PAID_ONCE).await;
}

pub(crate) async fn p7_late_money_on_a_suspended_line_adds_a_claim(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let line = scene.ready(book, &numbers(0..1), &terms("p", &[8])).await.remove(0);
    let line = scene.ordered(&line).await;
    let reference = out(&line);
    let line = scene.refused(&line, Refusal::TooSoon).await;
    let line = scene.happens(&line, Event::Told(Word::Suspended)).await;
    assert_eq!(scene.claims(ClaimFilter::All).await, []);
    let late = Event::Late { topup: Box::new(scene.topup(&reference).await), reply: received(cny(1)).into() };
    scene.happens(&line, late).await;
    let claims = scene.claims(ClaimFilter::Open(scene.books().await)).await;
    assert_eq!((claims.len(), &claims[0].reference, claims[0].claimed), (1, &reference, cny(1)));
    balanced(&scene, &[(Account::Float, -1), (Account::RefundDue, 1)]).await;
}

pub(crate) async fn k4_a_doubt_freezes_the_claims_of_its_line_until_it_is_confirmed(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    let line = scene.suspended().await;
    let line = scene.answered(&line, &Status::not_in_service()).await;
    let frozen = |claims: Vec<Claim>| claims.iter().map(|claim| claim.frozen).collect::<Vec<_>>();
    assert_eq!(frozen(scene.claims(ClaimFilter::All).await), [true, true]);
    scene.happens(&line, Event::Told(Word::Confirmed)).await;
    assert_eq!(frozen(scene.claims(ClaimFilter::All).await), [false, false]);
    scene.verify().await;
}

pub(crate) async fn p12_r2_a_delivery_that_is_taken_back_is_not_claimed_as_well(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    let line = scene.suspended().await;
    let claim = scene.claims(ClaimFilter::All).await.remove(0);
    let topup = scene.topup(&claim.reference).await;
    let receipt = topup.state.delivered().unwrap();
    let late = Event::Late { topup: Box::new(topup), reply: Outcome::Reversed(receipt).into() };
    scene.happens(&line, late).await;
    let after = scene.claims(ClaimFilter::Of(claim.reference.clone())).await.remove(0);
    assert_eq!(after.state, State::Reversed);
    scene.verify().await;
    let due: i64 = scene
        .store
        .balances()
        .await
        .unwrap()
        .iter()
        .map(|balance| match balance.account {
            Account::RefundDue | Account::Delivered => balance.amount.minor(),
            _ => 0,
        })
        .sum();
    let other = scene.claims(ClaimFilter::Open(scene.books().await)).await.remove(0);
    assert_eq!(due, other.claimed.minor(), "what was taken back is neither delivered nor due");
}
