//! The day of the caps (C3), and the switches inside the transaction (N3, S2).

use ringback_core::{
    Line,
    admit::{Denial, Period, Scope, Switches},
    recovery::Via,
    topup::Outcome,
};
use ringback_store::{Batch, Committed, Verdict};

use super::{
    Databases,
    caps::{denied, limited, tight, two_ready, verdict},
    fixture::{DAY_MS, Scene, cny, numbers, received, replied, restricted, terms},
};

/// A line that was read anew, so that its order cites a fresh status (K1).
async fn fresh(scene: &Scene, line: &Line) -> Line {
    scene.answered(line, &restricted()).await
}

/// Moves the wall clock alone; the process runs on.
fn set_clock(scene: &mut Scene, days: i64) {
    scene.now.wall_ms += days * DAY_MS;
}

const WIDE: [Scope; 3] = [Scope::Book, Scope::Provider, Scope::Everything];

pub(crate) async fn c1_the_next_day_gives_room_under_the_day_alone(databases: &impl Databases) {
    for scope in WIDE {
        for (period, expected) in
            [(Period::Day, Verdict::Committed), (Period::Lifetime, denied(scope, Period::Lifetime))]
        {
            let mut scene = tight(databases, scope, period).await;
            let [first, second] = two_ready(&scene, scope).await;
            let first = scene.ordered(&first).await;
            scene.delivered(&first).await;
            scene.wait_ms(DAY_MS);
            let second = fresh(&scene, &second).await;
            assert_eq!(verdict(&scene, &second).await, expected, "{scope:?} {period:?}");
        }
    }
    c1_the_next_day_of_one_line(databases).await;
}

async fn c1_the_next_day_of_one_line(databases: &impl Databases) {
    for scope in [Scope::Recovery, Scope::Line] {
        for (period, expected) in
            [(Period::Day, Verdict::Committed), (Period::Lifetime, denied(scope, Period::Lifetime))]
        {
            let mut scene = tight(databases, scope, period).await;
            let line = scene.one_ready(&[8]).await;
            let line = scene.climbs(&line).await;
            scene.wait_ms(DAY_MS);
            let line = fresh(&scene, &line).await;
            assert_eq!(verdict(&scene, &line).await, expected, "{scope:?} {period:?}");
        }
    }
}

/// An order of yesterday whose outcome comes today fills no cap of today, and gives today no room either.
pub(crate) async fn c1_a_late_outcome_counts_on_the_day_of_its_order(databases: &impl Databases) {
    let mut scene = tight(databases, Scope::Everything, Period::Day).await;
    let [first, second] = two_ready(&scene, Scope::Everything).await;
    let first = scene.ordered(&first).await;
    scene.wait_ms(DAY_MS);
    scene.happens(&first, replied(&first, received(cny(1)), Via::Submission)).await;
    let second = fresh(&scene, &second).await;
    let book = scene.book("home").await;
    let third = scene.ready(book, &numbers(2..3), &terms("p", &[8])).await.remove(0);
    assert_eq!(verdict(&scene, &second).await, Verdict::Committed);
    assert_eq!(verdict(&scene, &third).await, denied(Scope::Everything, Period::Day), "6 and 6, not 1 and 6");
    scene.verify().await;
}

/// The day is the greatest that was ever seen: what is spent after the clock went back counts on that day.
pub(crate) async fn c3_a_clock_set_back_reopens_no_day(databases: &impl Databases) {
    for scope in WIDE {
        let mut scene = tight(databases, scope, Period::Day).await;
        let [first, second] = two_ready(&scene, scope).await;
        scene.wait_ms(DAY_MS);
        let first = fresh(&scene, &first).await;
        scene.ordered(&first).await;
        for days in [-1, -30, 31] {
            set_clock(&mut scene, days);
            let second = fresh_again(&scene, &second).await;
            assert_eq!(verdict(&scene, &second).await, denied(scope, Period::Day), "{scope:?} {days}");
        }
        set_clock(&mut scene, 1);
        let second = fresh_again(&scene, &second).await;
        assert_eq!(verdict(&scene, &second).await, Verdict::Committed, "the next day is a new one");
    }
}

async fn fresh_again(scene: &Scene, line: &Line) -> Line {
    let line = scene.line(line.id).await;
    fresh(scene, &line).await
}

/// A jump into the future that is known to be false must not use up the days until then.
pub(crate) async fn c3_a_faulty_clock_moves_no_day(databases: &impl Databases) {
    let mut scene = tight(databases, Scope::Everything, Period::Day).await;
    let [first, second] = two_ready(&scene, Scope::Everything).await;
    scene.ordered(&first).await;
    scene.switch(Switches { clock_fault: true, ..Switches::default() }).await;
    set_clock(&mut scene, 1_000);
    let second = fresh(&scene, &second).await;
    set_clock(&mut scene, -1_000);
    scene.switch(Switches::default()).await;
    assert_eq!(verdict(&scene, &second).await, denied(Scope::Everything, Period::Day), "it is still that day");
    set_clock(&mut scene, 1);
    let second = fresh(&scene, &second).await;
    assert_eq!(verdict(&scene, &second).await, Verdict::Committed);
}

/// The engine that saw the jump says so with its batch; nothing has to be stored before.
pub(crate) async fn c3_a_batch_that_knows_its_clock_is_wrong_moves_no_day(databases: &impl Databases) {
    let mut scene = tight(databases, Scope::Everything, Period::Day).await;
    let [first, second] = two_ready(&scene, Scope::Everything).await;
    scene.ordered(&first).await;
    set_clock(&mut scene, 20);
    let batch = Batch { clock_fault: true, ..scene.batch(Vec::new(), Vec::new()) };
    assert!(scene.store.commit(&batch).await.unwrap().switches.clock_fault);
    assert!(scene.store.switches().await.unwrap().clock_fault, "it is kept");
    set_clock(&mut scene, -20);
    scene.store.trust_clock(scene.now).await.unwrap();
    assert_eq!(verdict(&scene, &second).await, denied(Scope::Everything, Period::Day), "it is still that day");
}

/// A start with a clock far ahead may be a long absence or a wrong clock: a person says which.
pub(crate) async fn c3_a_clock_far_ahead_of_the_last_day_waits_for_a_person(databases: &impl Databases) {
    let mut scene = tight(databases, Scope::Everything, Period::Day).await;
    let [first, second] = two_ready(&scene, Scope::Everything).await;
    scene.ordered(&first).await;
    set_clock(&mut scene, 32);
    let second = fresh(&scene, &second).await;
    assert_eq!(verdict(&scene, &second).await, Verdict::Denied(Denial::ClockFault));
    scene.store.trust_clock(scene.now).await.unwrap();
    assert_eq!(verdict(&scene, &second).await, Verdict::Committed, "it is a new day");
}

pub(crate) async fn n3_s2_every_switch_denies_inside_the_transaction(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    scene.policy.caps = limited(Scope::Everything, Period::Day, 100);
    let [out, ready] = two_ready(&scene, Scope::Everything).await;
    let mut out = scene.ordered(&out).await;
    let off = Switches::default();
    for (asked, (switches, denial)) in (0..).zip([
        (Switches { paused: true, ..off }, Denial::Paused),
        (Switches { frozen: true, ..off }, Denial::Frozen),
        (Switches { clock_fault: true, ..off }, Denial::ClockFault),
    ]) {
        scene.switch(switches).await;
        let unknown = replied(&out, Outcome::Unknown("lost".into()), Via::Inquiry(asked));
        let changes = vec![scene.order(&ready), scene.change(&out, unknown)];
        out = changes[1].step.line.clone();
        let verdicts = vec![Verdict::Denied(denial), Verdict::Committed];
        assert_eq!(scene.try_commit(changes).await.unwrap(), Committed { verdicts, switches });
        assert_eq!(scene.line(ready.id).await, ready);
        assert_eq!(scene.line(out.id).await, out, "what is in flight is still resolved");
    }
    scene.switch(off).await;
    assert_eq!(verdict(&scene, &ready).await, Verdict::Committed);
}
