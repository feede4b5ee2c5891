//! Limits, decided inside the transaction in the batch's order (C1, C2, C4, C5, C7).

use ringback_core::{
    DeskReply, Line, Receipt, Refusal,
    admit::{Cap, Caps, Denial, MAX_ORDERS_PER_HOUR, Period, Scope},
    claim,
    recovery::{Event, Via},
    topup::Outcome,
};
use ringback_store::{ClaimChange, ClaimFilter, Verdict};

use super::{
    Databases,
    fixture::{Scene, asked, cny, in_service, numbers, out, received, replied, restricted, terms, wide_caps},
};

pub(crate) const PERIODS: [Period; 2] = [Period::Day, Period::Lifetime];

/// The scopes that more than one line can share.
const WIDE: [Scope; 3] = [Scope::Book, Scope::Provider, Scope::Everything];

/// Room for one probe of 6 in this scope, but not for two.
pub(crate) async fn tight(databases: &impl Databases, scope: Scope, period: Period) -> Scene {
    let mut scene = Scene::open(databases).await;
    scene.policy.probe = cny(6);
    scene.policy.caps = limited(scope, period, 10);
    scene
}

pub(crate) fn limited(scope: Scope, period: Period, limit: i64) -> Caps {
    let cap = Cap { scope, period, limit: cny(limit) };
    Caps([vec![cap], wide_caps().0].concat())
}

/// Two lines whose orders share this scope, and no narrower one.
pub(crate) async fn two_ready(scene: &Scene, scope: Scope) -> [Line; 2] {
    let (book, provider) = match scope {
        Scope::Book => ("home", "q"),
        Scope::Provider => ("shop", "p"),
        _ => ("shop", "q"),
    };
    two_ready_at(scene, book, provider).await
}

async fn two_ready_at(scene: &Scene, book: &str, provider: &str) -> [Line; 2] {
    let (home, other) = (scene.book("home").await, scene.book(book).await);
    let first = scene.ready(home, &numbers(0..1), &terms("p", &[8])).await.remove(0);
    let second = scene.ready(other, &numbers(1..2), &terms(provider, &[8])).await.remove(0);
    [first, second]
}

pub(crate) async fn verdict(scene: &Scene, line: &Line) -> Verdict {
    let order = scene.order(line);
    scene.verdicts(vec![order]).await.remove(0)
}

pub(crate) fn denied(scope: Scope, period: Period) -> Verdict {
    Verdict::Denied(Denial::Cap(scope, period))
}

pub(crate) async fn c1_orders_of_one_batch_count_for_each_other_in_every_wide_scope(databases: &impl Databases) {
    for (scope, period) in WIDE.into_iter().flat_map(|scope| PERIODS.map(|period| (scope, period))) {
        let scene = tight(databases, scope, period).await;
        let [first, second] = two_ready(&scene, scope).await;
        let orders = vec![scene.order(&second), scene.order(&first)];
        assert_eq!(scene.verdicts(orders).await, [Verdict::Committed, denied(scope, period)]);
        assert_eq!(scene.line(first.id).await, first, "the batch's order counts, not the lines'");
        scene.verify().await;
    }
}

pub(crate) async fn c1_scopes_that_two_orders_do_not_share_do_not_bind_them(databases: &impl Databases) {
    let apart = [(Scope::Book, "shop", "p"), (Scope::Provider, "home", "q"), (Scope::Line, "home", "p")];
    for (scope, book, provider) in apart.into_iter().chain([(Scope::Recovery, "home", "p")]) {
        for period in PERIODS {
            let scene = tight(databases, scope, period).await;
            let [first, second] = two_ready_at(&scene, book, provider).await;
            let orders = vec![scene.order(&first), scene.order(&second)];
            assert_eq!(scene.verdicts(orders).await, [Verdict::Committed; 2], "{scope:?} {period:?}");
        }
    }
}

pub(crate) async fn c1_held_money_counts_in_a_later_batch(databases: &impl Databases) {
    for (scope, period) in WIDE.into_iter().flat_map(|scope| PERIODS.map(|period| (scope, period))) {
        let scene = tight(databases, scope, period).await;
        let [first, second] = two_ready(&scene, scope).await;
        let first = scene.ordered(&first).await;
        assert_eq!(verdict(&scene, &second).await, denied(scope, period), "in flight");
        let first = scene.happens(&first, replied(&first, Outcome::Pending, Via::Submission)).await;
        assert_eq!(verdict(&scene, &second).await, denied(scope, period), "pending");
        scene.happens(&first, replied(&first, received(cny(6)), Via::Inquiry(0))).await;
        assert_eq!(verdict(&scene, &second).await, denied(scope, period), "delivered");
    }
}

/// The probe of 6 leaves no room for the plan of 8; a second recovery has room of its own, its line has not.
pub(crate) async fn c1_a_recovery_and_a_line_are_bound_as_well(databases: &impl Databases) {
    for period in PERIODS {
        for (scope, second_recovery) in
            [(Scope::Recovery, Verdict::Committed), (Scope::Line, denied(Scope::Line, period))]
        {
            let mut scene = tight(databases, scope, period).await;
            let line = scene.one_ready(&[8]).await;
            let line = scene.climbs(&line).await;
            assert_eq!(verdict(&scene, &line).await, denied(scope, period));
            let line = recovers_again(&scene, &line).await;
            assert_eq!(verdict(&scene, &line).await, second_recovery, "{scope:?} {period:?}");
            scene.verify().await;
        }
    }
}

/// The line comes back, its debt is let go, and it is restricted again.
async fn recovers_again(scene: &Scene, line: &Line) -> Line {
    let line = scene.answered(line, &in_service()).await;
    let line = scene.happens(&line, Event::Declined).await;
    let line = scene.answered(&line, &restricted()).await;
    scene.happens(&line, Event::Offered(vec![terms("p", &[8])])).await
}

pub(crate) async fn c1_what_was_not_debited_and_what_failed_gives_room_again(databases: &impl Databases) {
    for (scope, period) in WIDE.into_iter().flat_map(|scope| PERIODS.map(|period| (scope, period))) {
        for debited in [Some(4), None] {
            let scene = tight(databases, scope, period).await;
            let [first, second] = two_ready(&scene, scope).await;
            let first = scene.ordered(&first).await;
            match debited {
                Some(yuan) => scene.happens(&first, replied(&first, received(cny(yuan)), Via::Submission)).await,
                None => scene.refused(&first, Refusal::TooSoon).await,
            };
            assert_eq!(verdict(&scene, &second).await, Verdict::Committed, "{scope:?} {period:?} {debited:?}");
            scene.verify().await;
        }
    }
}

pub(crate) async fn c1_what_is_denied_writes_nothing_and_counts_for_nothing(databases: &impl Databases) {
    let mut scene = tight(databases, Scope::Everything, Period::Lifetime).await;
    let book = scene.book("home").await;
    let small = scene.ready(book, &numbers(0..1), &terms("p", &[8])).await.remove(0);
    scene.policy.probe = cny(11);
    let large = scene.ready(book, &numbers(1..2), &terms("p", &[8])).await.remove(0);
    let orders = vec![scene.order(&large), scene.order(&small)];
    let reference = orders[0].step.topup.clone().unwrap().order.reference;
    let journal = scene.store.journal(large.id).await.unwrap();
    let recoveries = scene.store.recoveries(Some(large.id)).await.unwrap();
    assert_eq!(scene.verdicts(orders).await, [denied(Scope::Everything, Period::Lifetime), Verdict::Committed]);
    assert_eq!(scene.line(large.id).await, large);
    assert_eq!(scene.store.journal(large.id).await.unwrap(), journal);
    assert_eq!(scene.store.recoveries(Some(large.id)).await.unwrap(), recoveries);
    assert_eq!(scene.store.topups(&[reference]).await.unwrap(), []);
    assert_eq!(scene.store.statement(0, 9).await.unwrap().len(), 1);
    scene.verify().await;
}

pub(crate) async fn c2_neither_a_refund_nor_a_reversal_restores_room(databases: &impl Databases) {
    for (scope, period) in WIDE.into_iter().flat_map(|scope| PERIODS.map(|period| (scope, period))) {
        for by_desk in [true, false] {
            let mut scene = Scene::open(databases).await;
            scene.policy.caps = limited(scope, period, 9);
            let suspended = scene.suspended().await;
            if by_desk {
                refund_all(&scene).await;
            } else {
                reverse_all(&scene, suspended).await;
            }
            let book = scene.book("home").await;
            let other = scene.ready(book, &numbers(1..2), &terms("p", &[8])).await.remove(0);
            assert_eq!(verdict(&scene, &other).await, denied(scope, period), "by a desk: {by_desk}");
            scene.verify().await;
        }
    }
}

async fn refund_all(scene: &Scene) {
    let refunds = scene.claims(ClaimFilter::All).await.into_iter().map(|claim| ClaimChange {
        event: claim::Event::Answered(DeskReply::Paid(claim.claimed)),
        reference: claim.reference,
    });
    scene.claims_happen(refunds.collect()).await;
}

async fn reverse_all(scene: &Scene, mut line: Line) {
    for topup in scene.store.topups_since("p", 0).await.unwrap() {
        let receipt = Receipt { debited: topup.order.asked, delivered: topup.order.asked };
        let late = Event::Late { topup: Box::new(topup), reply: Outcome::Reversed(receipt).into() };
        line = scene.happens(&line, late).await;
    }
}

/// What the recovery pinned binds as well as what the book says now.
pub(crate) async fn c4_lowering_a_cap_binds_at_once_and_raising_one_does_not(databases: &impl Databases) {
    for (pinned, now, expected) in [
        (10, 10, Verdict::Committed),
        (10, 5, denied(Scope::Book, Period::Day)),
        (5, 10, denied(Scope::Book, Period::Day)),
    ] {
        let mut scene = Scene::open(databases).await;
        scene.policy.probe = cny(6);
        scene.policy.caps = limited(Scope::Book, Period::Day, pinned);
        let line = scene.one_ready(&[8]).await;
        scene.policy.caps = limited(Scope::Book, Period::Day, now);
        assert_eq!(verdict(&scene, &line).await, expected, "{pinned} {now}");
    }
}

/// P9: an order that was stopped before it left is no order.
async fn c5_what_never_left_does_not_count(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let mut line = scene.one_ready(&[8]).await;
    for _ in 0..MAX_ORDERS_PER_HOUR {
        line = scene.ordered(&line).await;
        let stopped = Event::Withheld { reference: out(&line), denial: Denial::Paused };
        line = scene.happens(&line, stopped).await;
        line = scene.answered(&line, &restricted()).await;
    }
    assert_eq!(verdict(&scene, &line).await, Verdict::Committed);
}

pub(crate) async fn c5_an_hour_takes_so_many_orders_of_a_line_and_no_more(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    let mut line = scene.one_ready(&[8]).await;
    for _ in 0..MAX_ORDERS_PER_HOUR {
        line = scene.ordered(&line).await;
        assert_eq!(asked(&line), cny(1));
        line = scene.refused(&line, Refusal::TooSoon).await;
        line = scene.answered(&line, &restricted()).await;
    }
    assert_eq!(verdict(&scene, &line).await, Verdict::Denied(Denial::TooManyOrders));
    c5_what_never_left_does_not_count(databases).await;
    let book = scene.book("home").await;
    let other = scene.ready(book, &numbers(1..2), &terms("p", &[8])).await.remove(0);
    assert_eq!(verdict(&scene, &other).await, Verdict::Committed, "another line has its own hour");
    scene.wait_ms(3_600_000);
    let line = scene.answered(&line, &restricted()).await;
    assert_eq!(verdict(&scene, &line).await, Verdict::Committed);
}

pub(crate) async fn c7_without_caps_nothing_is_spent(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    scene.policy.caps = Caps::default();
    let line = scene.one_ready(&[8]).await;
    let none = Verdict::Denied(Denial::NoCap(Scope::Recovery, Period::Lifetime));
    assert_eq!(verdict(&scene, &line).await, none);
    assert_eq!(scene.store.balances().await.unwrap(), []);
}
