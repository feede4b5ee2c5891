//! Committing a batch: for each change all of its parts or none (P8), and what is written beside the lines.

use ringback_core::{
    LineId, Mode, Reply,
    admit::{Denial, Scope, Switches},
    line::{Consents, Reason},
    recovery::{End, Event, Record, Via, Word},
    topup::Outcome,
};
use ringback_store::{Change, Committed, Filter, StoreError, Verdict};

use super::{
    Databases,
    fixture::{Scene, answered, cny, in_service, numbers, out, restricted, terms},
};

pub(crate) async fn a_batch_of_many_lines_is_committed_in_one_go(databases: &impl Databases) {
    const MANY: u32 = 1_500;
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..MANY), &terms("p", &[8])).await;
    let lines = scene.all_ordered(&lines).await;
    assert_eq!(lines.len(), MANY as usize);
    assert_eq!(scene.store.lines(&Filter::default(), LineId(0), u32::MAX).await.unwrap(), lines);
    let references: Vec<_> = lines.iter().map(out).collect();
    let topups = scene.store.topups(&references).await.unwrap();
    assert!(topups.iter().zip(&lines).all(|(topup, line)| topup.line == line.id && topup.order.msisdn == line.msisdn));
    assert_eq!(topups.len(), MANY as usize);
    assert_eq!(scene.store.statement(0, u32::MAX).await.unwrap().len(), MANY as usize);
    scene.verify().await;
}

pub(crate) async fn an_empty_batch_says_how_the_switches_are(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let switches = Switches { paused: true, ..Switches::default() };
    scene.switch(switches).await;
    assert_eq!(scene.try_commit(vec![]).await.unwrap(), Committed { verdicts: vec![], switches });
}

pub(crate) async fn p8_a_conflict_writes_nothing_of_its_change_while_others_go_through(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..3), &terms("p", &[8])).await;
    let orders = vec![scene.order(&lines[0]), scene.order(&lines[1]), scene.order(&lines[2])];
    let reference = |change: &Change| change.step.topup.clone().expect("an order").order.reference;
    let references: Vec<_> = orders.iter().map(reference).collect();
    let moved_on = scene.answered(&lines[1], &restricted()).await;
    let journal = scene.store.journal(moved_on.id).await.unwrap();
    assert_eq!(scene.verdicts(orders).await, [Verdict::Committed, Verdict::Conflict, Verdict::Committed]);
    assert_eq!(scene.line(moved_on.id).await, moved_on);
    assert_eq!(scene.store.journal(moved_on.id).await.unwrap(), journal);
    let ordered: Vec<_> = scene.store.topups(&references).await.unwrap().into_iter().map(|t| t.line).collect();
    assert_eq!(ordered, [lines[0].id, lines[2].id]);
    let posted = scene.store.statement(0, 9).await.unwrap();
    assert!(posted.iter().all(|posted| posted.transaction.reference != references[1]));
    scene.verify().await;
}

/// A batch whose answer was lost is committed anew by its author, who learns that it had been written.
pub(crate) async fn p8_the_same_batch_twice_is_committed_once(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = scene.one_ready(&[8]).await;
    let batch = scene.batch(vec![scene.order(&line)], vec![]);
    let verdicts = [Verdict::Committed, Verdict::Conflict, Verdict::Conflict];
    for verdict in verdicts {
        assert_eq!(scene.store.commit(&batch).await.unwrap().verdicts, [verdict]);
    }
    assert_eq!(scene.store.statement(0, 9).await.unwrap().len(), 1);
    scene.verify().await;
}

pub(crate) async fn p8_only_the_very_next_version_is_taken(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = scene.one_ready(&[8]).await;
    for version in [0, line.version, line.version + 2, u64::MAX] {
        let mut change = scene.order(&line);
        change.step.line.version = version;
        assert_eq!(scene.verdicts(vec![change]).await, [Verdict::Conflict], "{version}");
    }
    let mut unknown = scene.order(&line);
    unknown.step.line.id = LineId(line.id.0 + 1);
    assert_eq!(scene.verdicts(vec![unknown]).await, [Verdict::Conflict], "a line that is not there");
    assert_eq!(scene.line(line.id).await, line);
}

/// Two processes that read the same line, or one that lost count: the first of the batch is the next version.
pub(crate) async fn p8_of_two_changes_of_one_version_the_first_is_taken(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = scene.one_ready(&[8]).await;
    let orders = vec![scene.order(&line), scene.order(&line)];
    let first = orders[0].step.line.clone();
    assert_eq!(scene.verdicts(orders).await, [Verdict::Committed, Verdict::Conflict]);
    assert_eq!(scene.line(line.id).await, first);
    scene.verify().await;
}

pub(crate) async fn m1_an_unbalanced_transaction_stops_the_whole_batch(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..2), &terms("p", &[8])).await;
    let (good, mut bad) = (scene.order(&lines[0]), scene.order(&lines[1]));
    bad.step.transactions[0].postings[0].amount = cny(2);
    let error = scene.try_commit(vec![good, bad]).await.unwrap_err();
    assert!(matches!(&error, StoreError::Contradiction(text) if text.contains("M1")), "{error}");
    assert_eq!(scene.line(lines[0].id).await, lines[0], "nothing of the batch was written");
    assert_eq!(scene.store.statement(0, 9).await.unwrap(), []);
    assert_eq!(scene.commits(vec![scene.order(&lines[0])]).await.len(), 1, "the database goes on");
}

pub(crate) async fn the_journal_tells_what_happened_in_order(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    let line = scene.one_ready(&[8]).await;
    let began_ms = scene.now.wall_ms;
    scene.wait_ms(5_000);
    scene.answered(&line, &restricted()).await;
    let entries = scene.store.journal(line.id).await.unwrap();
    assert!(entries.is_sorted_by(|a, b| a.id < b.id));
    let times: Vec<i64> = entries.iter().map(|entry| entry.at_ms - began_ms).collect();
    assert_eq!(times, [0, 0, 0, 5_000]);
    let enrolled = Word::Enrolled(Consents { payment_ms: Some(1), query_ms: Some(1) }, Mode::Auto);
    assert_eq!(entries[0].event, Event::Told(enrolled));
    assert_eq!(entries[2].event, Event::Offered(vec![terms("p", &[8])]));
    assert_eq!(entries[3].event, answered(&line, &restricted(), scene.now));
    assert_eq!(scene.store.journal(LineId(line.id.0 + 1)).await.unwrap(), []);
}

pub(crate) async fn the_journal_keeps_every_kind_of_event(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = scene.one_ready(&[8]).await;
    let line = scene.ordered(&line).await;
    let (reference, topup) = (out(&line), scene.topup(&out(&line)).await);
    let reply = Reply::from(Outcome::Unknown("断 \u{0}\"".into()));
    let person = Via::Person("it says so '\\".into());
    let events = [
        answered(&line, &in_service(), scene.now),
        Event::Unoffered { reason: "closed".into(), again: true },
        Event::Denied(Denial::Cap(Scope::Book, ringback_core::admit::Period::Day)),
        Event::Withheld { reference: reference.clone(), denial: Denial::Paused },
        Event::Replied { reference, reply: reply.clone(), via: person },
        Event::Late { topup: Box::new(topup), reply },
        Event::Signalled,
        Event::Approved,
        Event::Declined,
        Event::Typed { amount: cny(50) },
        Event::Lapsed,
        Event::Told(Word::LeaveAlone(i64::MAX)),
        Event::Told(Word::TryAgain),
    ];
    let mut line = line;
    for event in &events {
        let step = scene.change(&line, Event::Told(Word::Confirmed)).step;
        let change = Change { event: event.clone(), step, request: None };
        line = scene.commits(vec![change]).await.remove(0);
    }
    let journal = scene.store.journal(line.id).await.unwrap();
    let kept: Vec<Event> = journal.into_iter().skip(4).map(|entry| entry.event).collect();
    assert_eq!(kept, events);
}

pub(crate) async fn recoveries_are_remembered_by_their_number(databases: &impl Databases) {
    let mut scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let lines = scene.ready(book, &numbers(0..2), &terms("p", &[])).await;
    let began_ms = scene.now.wall_ms;
    let record = |number, received, end| Record { number, began_ms, end, received: cny(received) };
    let open = [(lines[0].id, record(1, 0, None)), (lines[1].id, record(1, 0, None))];
    assert_eq!(scene.store.recoveries(None).await.unwrap(), open);

    let parked = scene.climbs(&lines[0]).await;
    let again = scene.happens(&parked, Event::Told(Word::TryAgain)).await;
    scene.answered(&again, &restricted()).await;
    let ended = (parked.id, record(1, 1, Some(End::Parked(Reason::NoPlans))));
    let anew = (parked.id, Record { began_ms: scene.now.wall_ms, ..record(2, 0, None) });
    assert_eq!(scene.store.recoveries(Some(parked.id)).await.unwrap(), [ended.clone(), anew.clone()]);
    assert_eq!(scene.store.recoveries(None).await.unwrap(), [ended, anew, open[1].clone()]);
    assert_eq!(scene.store.recoveries(Some(LineId(i64::MAX))).await.unwrap(), []);
}
