//! Finding lines: by filters, by their ids, a page at a time.

use ringback_core::{
    Group, Line, LineId, Mode, Refusal,
    line::Consents,
    recovery::{Event, Via, Word},
    topup::Outcome,
};
use ringback_store::Filter;

use super::{
    Databases,
    fixture::{Scene, in_service, numbers, out, replied, restricted, terms},
};

async fn found(scene: &Scene, filter: &Filter) -> Vec<LineId> {
    ids(&scene.store.lines(filter, LineId(0), u32::MAX).await.unwrap())
}

fn ids(lines: &[Line]) -> Vec<LineId> {
    lines.iter().map(|line| line.id).collect()
}

pub(crate) async fn an_imported_line_is_watched_and_has_no_consent(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let line = scene.lines(book, &numbers(7..8)).await.remove(0);
    assert_eq!(line, Line::imported(line.id, book, numbers(7..8)[0]));
    assert_eq!((line.mode, line.consents), (Mode::Watch, Consents::default()));
}

pub(crate) async fn the_same_number_is_a_line_of_its_own_in_each_book(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let (home, shop) = (scene.book("home").await, scene.book("shop").await);
    let (here, there) = (scene.lines(home, &numbers(0..1)).await, scene.lines(shop, &numbers(0..1)).await);
    assert_ne!(here[0].id, there[0].id);
    scene.enrolled(home, &numbers(0..1)).await;
    assert_eq!(scene.line(there[0].id).await, there[0], "nothing reaches from one book into another");
}

/// One line for each way to be found.
struct Found {
    scene: Scene,
    watched: LineId,
    idle: LineId,
    ready: LineId,
    owed: LineId,
    approval: LineId,
    parked: LineId,
    unsettled: LineId,
    suspended: LineId,
    elsewhere: LineId,
}

impl Found {
    async fn prepare(databases: &impl Databases) -> Self {
        let mut scene = Scene::open(databases).await;
        let (home, shop) = (scene.book("home").await, scene.book("shop").await);
        let watched = scene.lines(home, &numbers(0..1)).await.remove(0);
        let watched = scene.answered(&watched, &restricted()).await.id;
        let idle = scene.enrolled(home, &numbers(1..2)).await.remove(0).id;
        let ready = scene.ready(home, &numbers(2..7), &terms("p", &[])).await;
        let elsewhere = scene.lines(shop, &numbers(0..1)).await.remove(0).id;
        let (unsettled, suspended) = (unsettled(&scene, &ready[3]).await, suspended(&scene, &ready[4]).await);
        let (owed, parked) = (owed(&scene, &ready[1]).await, parked(&mut scene, &ready[2]).await);
        let approval = approval(&scene, home).await;
        Self { watched, idle, ready: ready[0].id, owed, approval, parked, unsettled, suspended, elsewhere, scene }
    }
}

async fn owed(scene: &Scene, line: &Line) -> LineId {
    let line = scene.ordered(line).await;
    let line = scene.delivered(&line).await;
    scene.answered(&line, &in_service()).await.id
}

/// The line's mode asks, so that its recovery waits for a tap.
async fn approval(scene: &Scene, book: ringback_core::BookId) -> LineId {
    let line = scene.enrolled(book, &numbers(7..8)).await.remove(0);
    let line = scene.happens(&line, Event::Told(Word::Mode(Mode::Ask))).await;
    let line = scene.answered(&line, &restricted()).await;
    scene.happens(&line, Event::Offered(vec![terms("p", &[8])])).await.id
}

/// No plan amounts are known, so the line parks after the probe.
async fn parked(scene: &mut Scene, line: &Line) -> LineId {
    let line = scene.climbs(line).await;
    assert_eq!(line.unsettled_order(), None);
    line.id
}

/// The answer is about something else: the line parks with an order that only a person settles.
async fn unsettled(scene: &Scene, line: &Line) -> LineId {
    let line = scene.ordered(line).await;
    let echo = ringback_core::Echo { reference: Some("ANOTHER".into()), ..ringback_core::Echo::default() };
    let reply = ringback_core::Reply { echo, outcome: Outcome::Refused(Refusal::TooSoon) };
    let line = scene.happens(&line, replied(&line, reply, Via::Submission)).await;
    out(&line);
    line.id
}

async fn suspended(scene: &Scene, line: &Line) -> LineId {
    scene.happens(line, Event::Told(Word::Suspended)).await.id
}

pub(crate) async fn every_filter_finds_its_lines_and_no_others(databases: &impl Databases) {
    let f = Found::prepare(databases).await;
    let all = Filter::default;
    let group = |group| Filter { group: Some(group), ..all() };
    let number = |range| Filter { numbers: Some(numbers(range)), ..all() };
    let shop = f.scene.book("shop").await;
    let enrolled = [f.idle, f.ready, f.owed, f.parked, f.unsettled, f.suspended, f.approval];
    let cases: [(Filter, &[LineId]); 10] = [
        (Filter { books: Some(vec![shop]), ..all() }, &[f.elsewhere]),
        (Filter { books: Some(vec![ringback_core::BookId(99)]), ..all() }, &[]),
        (number(0..2), &[f.watched, f.idle, f.elsewhere]),
        (number(0..0), &[]),
        (Filter { enrolled: true, ..all() }, &enrolled),
        (Filter { open: true, ..all() }, &[f.ready, f.owed, f.approval]),
        (Filter { waiting: true, ..all() }, &[f.owed, f.parked, f.unsettled, f.approval]),
        (group(Group::InService), &[f.owed]),
        (group(Group::Restricted), &[f.watched, f.ready, f.parked, f.unsettled, f.approval]),
        (group(Group::Suspended), &[f.suspended]),
    ];
    for (filter, expected) in cases {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found(&f.scene, &filter).await, expected, "{filter:?}");
    }
}

pub(crate) async fn conditions_hold_together(databases: &impl Databases) {
    let f = Found::prepare(databases).await;
    let home = f.scene.book("home").await;
    let mut filter = Filter { books: Some(vec![home]), numbers: Some(numbers(0..9)), ..Filter::default() };
    assert_eq!(found(&f.scene, &filter).await.len(), 8);
    (filter.enrolled, filter.open, filter.waiting) = (true, true, true);
    filter.group = Some(Group::Restricted);
    let mut expected = vec![f.approval];
    expected.sort_unstable();
    assert_eq!(found(&f.scene, &filter).await, expected);
}

pub(crate) async fn lines_come_a_page_at_a_time(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let (watched, enrolled) = (scene.lines(book, &numbers(0..3)).await, scene.enrolled(book, &numbers(3..8)).await);
    for (filter, lines) in [
        (Filter::default(), [watched, enrolled.clone()].concat()),
        (Filter { enrolled: true, ..Filter::default() }, enrolled),
    ] {
        let (mut after, mut seen) = (LineId(0), Vec::new());
        loop {
            let page = scene.store.lines(&filter, after, 3).await.unwrap();
            assert!(page.len() <= 3);
            let Some(last) = page.last() else { break };
            after = last.id;
            seen.extend(page);
        }
        assert_eq!(seen, lines, "each line once, in the order of their ids");
    }
}

pub(crate) async fn lines_by_id_leave_out_what_is_not_there(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let book = scene.book("home").await;
    let lines = scene.lines(book, &numbers(0..3)).await;
    let asked = [lines[2].id, LineId(-1), lines[0].id, LineId(i64::MAX), lines[2].id];
    let found = scene.store.lines_by_id(&asked).await.unwrap();
    assert_eq!(found, [lines[0].clone(), lines[2].clone()]);
    assert_eq!(scene.store.lines_by_id(&[]).await.unwrap(), []);
}

/// The whole line survives, text of every alphabet included.
pub(crate) async fn a_line_comes_back_as_it_was_committed(databases: &impl Databases) {
    let scene = Scene::open(databases).await;
    let line = scene.one_ready(&[8, 18]).await;
    assert_eq!(scene.line(line.id).await, line);
    let line = scene.ordered(&line).await;
    let unknown = Outcome::Unknown("断线 \u{0} \"'\\ \u{1F4F5}".into());
    let line = scene.happens(&line, replied(&line, unknown, Via::Submission)).await;
    assert_eq!(scene.line(line.id).await, line);
    let other = Refusal::Other("余额不足\u{0}\"".into());
    let refused = replied(&line, Outcome::Refused(other.clone()), Via::Inquiry(0));
    let line = scene.happens(&line, refused).await;
    let refused = replied(&line, Outcome::Refused(other), Via::Inquiry(1));
    let line = scene.happens(&line, refused).await;
    assert_eq!(scene.line(line.id).await, line, "a parked line with the provider's words");
}
