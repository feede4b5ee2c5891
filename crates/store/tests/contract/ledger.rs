//! The ledger: what was posted, what stands where, and whether it all holds together (M1-M4).

use std::collections::BTreeMap;

use ringback_core::{
    Amount, Line, Receipt, TopUpRef,
    ledger::{Account, Kind, Transaction},
    recovery::{Event, TopUpState, Via},
    topup::Outcome,
};

use super::{
    Databases,
    fixture::{DAY_MS, SETTLING_MS, Scene, asked, cny, in_service, numbers, out, received, replied, restricted, terms},
};

/// Provider, account and currency.
type Place = (String, Account, String);

/// What stands where after everything that was posted; nothing where it all went away again.
pub(crate) async fn folded(scene: &Scene) -> BTreeMap<Place, i64> {
    let mut fold: BTreeMap<Place, i64> = BTreeMap::new();
    for posted in scene.store.statement(0, u32::MAX).await.unwrap() {
        assert!(posted.transaction.is_balanced(), "M1: {posted:?}");
        for leg in &posted.transaction.postings {
            let place = (posted.transaction.provider.clone(), leg.account, leg.amount.currency().to_string());
            *fold.entry(place).or_default() += leg.amount.minor();
        }
    }
    fold.retain(|_, minor| *minor != 0);
    fold
}

/// The cached balances (M2), in the same form.
pub(crate) async fn balances(scene: &Scene) -> BTreeMap<Place, i64> {
    let all = scene.store.balances().await.unwrap();
    let places = all.iter().map(|b| ((b.provider.clone(), b.account, b.amount.currency().to_string()), b.amount));
    let (count, map): (usize, BTreeMap<Place, i64>) =
        (all.len(), places.map(|(place, amount)| (place, amount.minor())).collect());
    assert_eq!(map.len(), count, "each account once");
    map.into_iter().filter(|(_, minor)| *minor != 0).collect()
}

/// What stands on one account of provider `p`, in yuan.
pub(crate) async fn stands(scene: &Scene, account: Account) -> i64 {
    let minor = balances(scene).await.remove(&("p".into(), account, "CNY".into())).unwrap_or(0);
    assert_eq!(minor % 100, 0);
    minor / 100
}

/// Checks the books, and what stands on the accounts of provider `p`.
pub(crate) async fn balanced(scene: &Scene, expected: &[(Account, i64)]) {
    scene.verify().await;
    assert_eq!(balances(scene).await, folded(scene).await, "M2");
    for account in [Account::Float, Account::Held, Account::Delivered, Account::RefundDue, Account::Suspense] {
        let yuan = expected.iter().find(|(named, _)| *named == account).map_or(0, |(_, yuan)| *yuan);
        assert_eq!(stands(scene, account).await, yuan, "{account:?}");
    }
}

/// The probe, a rung of which less is debited, in service, and the set amount.
async fn whole_recovery(scene: &mut Scene) -> Line {
    let line = scene.one_ready(&[8, 18]).await;
    let line = scene.climbs(&line).await;
    let line = scene.ordered(&line).await;
    balanced(scene, &[(Account::Float, -9), (Account::Held, 8), (Account::Delivered, 1)]).await;
    let less = Outcome::Delivered(Receipt { debited: cny(7), delivered: cny(8) });
    let line = scene.happens(&line, replied(&line, less, Via::Submission)).await;
    scene.wait_ms(SETTLING_MS);
    let line = scene.answered(&line, &in_service()).await;
    let line = scene.happens(&line, Event::Typed { amount: cny(50) }).await;
    let line = scene.answered(&line, &in_service()).await;
    let line = scene.ordered(&line).await;
    assert_eq!(asked(&line), cny(50));
    scene.delivered(&line).await
}

pub(crate) async fn m1_m2_m3_hold_after_a_whole_recovery(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    scene.verify().await;
    let line = whole_recovery(&mut scene).await;
    assert_eq!(line, scene.line(line.id).await);
    balanced(&scene, &[(Account::Float, -58), (Account::Delivered, 58)]).await;
    let kinds = kinds(&scene).await;
    assert_eq!(kinds, [Kind::Hold, Kind::Deliver].repeat(3), "M3: one hold and one release for each");
}

pub(crate) async fn kinds(scene: &Scene) -> Vec<Kind> {
    let statement = scene.store.statement(0, u32::MAX).await.unwrap();
    statement.into_iter().map(|posted| posted.transaction.kind).collect()
}

pub(crate) async fn m2_the_balances_are_the_fold_of_the_statement(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    assert_eq!(scene.store.balances().await.unwrap(), []);
    let book = scene.book("home").await;
    for (provider, range) in [("p", 1..40), ("另一家", 40..60)] {
        let lines = scene.ready(book, &numbers(range), &terms(provider, &[8])).await;
        let lines = scene.all_ordered(&lines).await;
        let third = lines.iter().step_by(3).cloned().collect::<Vec<_>>();
        scene.all_happen(&third, |line| replied(line, received(asked(line)), Via::Submission)).await;
    }
    assert_eq!(balances(&scene).await, folded(&scene).await);
    assert_eq!((stands(&scene, Account::Held).await, stands(&scene, Account::Delivered).await), (26, 13));
    scene.verify().await;
}

pub(crate) async fn the_statement_is_what_was_posted_in_order(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    let began_ms = scene.now.wall_ms;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..3), &terms("p", &[8])).await;
    let orders: Vec<_> = lines.iter().map(|line| scene.order(line)).collect();
    let mut expected: Vec<(i64, Transaction)> =
        orders.iter().flat_map(|order| order.step.transactions.iter().map(|t| (0, t.clone()))).collect();
    let lines = scene.commits(orders).await;
    scene.wait_ms(1_000);
    let less = Outcome::Delivered(Receipt { debited: Amount::from_minor(99, cny(1).currency()), delivered: cny(1) });
    let delivery = scene.change(&lines[1], replied(&lines[1], less, Via::Submission));
    expected.extend(delivery.step.transactions.iter().map(|t| (1_000, t.clone())));
    scene.commits(vec![delivery]).await;
    let statement = scene.store.statement(0, u32::MAX).await.unwrap();
    assert!(statement.is_sorted_by(|a, b| a.id < b.id) && statement[0].id > 0);
    let posted: Vec<_> = statement.into_iter().map(|p| (p.at_ms - began_ms, p.transaction)).collect();
    assert_eq!(posted, expected);
}

pub(crate) async fn the_statement_comes_a_page_at_a_time(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..5), &terms("p", &[8])).await;
    scene.all_ordered(&lines).await;
    let (mut after, mut sizes, mut paged) = (0, Vec::new(), Vec::new());
    loop {
        let page = scene.store.statement(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.id;
        sizes.push(page.len());
        paged.extend(page);
    }
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(paged, scene.store.statement(0, u32::MAX).await.unwrap());
}

/// M4 compares them with the provider's statement of the same time.
pub(crate) async fn m4_topups_are_found_by_reference_and_by_time(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let (mut made, mut times) = (Vec::new(), Vec::new());
    for (place, provider) in (0..).zip(["p", "q", "p"]) {
        let line = scene.ready(book, &numbers(place..place + 1), &terms(provider, &[8])).await.remove(0);
        made.push(out(&scene.ordered(&line).await));
        times.push(scene.now.wall_ms);
        scene.wait_ms(DAY_MS);
    }
    let since = async |provider: &str, ms: i64| -> Vec<TopUpRef> {
        let found = scene.store.topups_since(provider, ms).await.unwrap();
        found.into_iter().map(|topup| topup.order.reference).collect()
    };
    assert_eq!(since("p", 0).await, [made[0].clone(), made[2].clone()]);
    assert_eq!(since("p", times[2]).await, [made[2].clone()], "the instant itself counts");
    assert_eq!(since("p", times[2] + 1).await, []);
    assert_eq!(since("nobody", 0).await, []);
    let asked = [made[2].clone(), TopUpRef::from_random(u128::MAX), made[1].clone()];
    let found = scene.store.topups(&asked).await.unwrap();
    let references: Vec<_> = found.into_iter().map(|topup| topup.order.reference).collect();
    assert_eq!(references, made[1..]);
    assert_eq!(scene.store.topups(&[]).await.unwrap(), []);
}

pub(crate) async fn a_topup_is_kept_as_it_was_last_committed(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = scene.one_ready(&[8]).await;
    let order = scene.order(&line);
    let made = order.step.topup.clone().unwrap();
    let line = scene.commits(vec![order]).await.remove(0);
    assert_eq!(scene.topup(&made.order.reference).await, made);
    let line = scene.delivered(&line).await;
    let receipt = Receipt { debited: cny(1), delivered: cny(1) };
    let delivered = ringback_core::recovery::TopUp { state: TopUpState::Delivered(receipt), ..made };
    assert_eq!(scene.topup(&delivered.order.reference).await, delivered);
    scene.answered(&line, &restricted()).await;
    assert_eq!(scene.topup(&delivered.order.reference).await, delivered);
}

pub(crate) async fn currencies_and_providers_have_accounts_of_their_own(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = scene.one_ready(&[8]).await;
    let mut order = scene.order(&line);
    let euro: Amount = "3 EUR".parse().unwrap();
    let Some(posted) = order.step.transactions.first().cloned() else { panic!("no hold") };
    let mut other = Transaction { provider: "q".into(), ..posted };
    let legs = other.postings.iter_mut();
    legs.zip([euro.negated(), euro]).for_each(|(leg, amount)| leg.amount = amount);
    order.step.transactions.push(other);
    scene.commits(vec![order]).await;
    let place = |provider: &str, account, currency: &str| (provider.to_owned(), account, currency.to_owned());
    let expected = BTreeMap::from([
        (place("p", Account::Float, "CNY"), -100),
        (place("p", Account::Held, "CNY"), 100),
        (place("q", Account::Float, "EUR"), -300),
        (place("q", Account::Held, "EUR"), 300),
    ]);
    assert_eq!(balances(&scene).await, expected);
    let findings = scene.store.verify().await.unwrap();
    let invariants: Vec<_> = findings.iter().map(|finding| &finding.invariant[..]).collect();
    assert_eq!(invariants, ["M3"], "one order with two holds: {findings:?}");
    assert!(findings[0].detail.contains("2 holds"), "{findings:?}");
}
