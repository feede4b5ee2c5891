//! A database in use: books, lines and a clock, so that each check reads like the table of the method.

use std::cell::Cell;

use ringback_core::{
    BookId, Claim, Incarnation, Line, LineId, Mode, Msisdn, Now, Outcome, Policy, Refusal, Status, TopUpRef,
    admit::{Switch, Switches},
    line::{Consents, State, Terms},
    recovery::{Event, TopUp, Via, Word, step},
};
use ringback_store::{Batch, Change, ClaimChange, ClaimFilter, Committed, Contact, Filter, Store, StoreError, Verdict};

use super::{
    Databases,
    fixture::{DAY_MS, SETTLING_MS, answered, asked, contact, numbers, policy, received, replied, restricted, terms},
};

/// The noon of some day, so that no check passes midnight by accident.
const NOON_MS: i64 = 20_000 * DAY_MS + DAY_MS / 2;

/// A database in use.
pub(crate) struct Scene {
    pub(crate) store: Box<dyn Store>,
    pub(crate) policy: Policy,
    pub(crate) now: Now,
    drawn: Cell<u128>,
}

impl Scene {
    pub(crate) async fn open(databases: &impl Databases) -> Self {
        let now = Now { wall_ms: NOON_MS, uptime_ms: 1_000_000, incarnation: Incarnation(1) };
        Self { store: databases.fresh().await, policy: policy(), now, drawn: Cell::new(0) }
    }

    pub(crate) async fn book(&self, name: &str) -> BookId {
        self.store.save_book(name, "CN", &self.policy).await.unwrap()
    }

    /// Imports numbers into a book, each as a contact of its own, as `numbers(range)` makes them.
    pub(crate) async fn lines(&self, book: BookId, numbers: &[Msisdn]) -> Vec<Line> {
        let contacts: Vec<Contact> = numbers.iter().map(|number| contact("somebody", &[*number])).collect();
        let file = format!("{:?}.vcf", numbers.first());
        self.store.import(book, &file, &contacts).await.unwrap();
        let filter = Filter { books: Some(vec![book]), numbers: Some(numbers.to_vec()), ..Filter::default() };
        self.store.lines(&filter, LineId(0), u32::MAX).await.unwrap()
    }

    /// The same with both consents, in mode *auto*.
    pub(crate) async fn enrolled(&self, book: BookId, numbers: &[Msisdn]) -> Vec<Line> {
        let consents = Consents { payment_ms: Some(1), query_ms: Some(1) };
        let word = Event::Told(Word::Enrolled(consents, Mode::Auto));
        let lines = self.lines(book, numbers).await;
        self.all_happen(&lines, |_| word.clone()).await
    }

    /// Enrolled lines whose probe waits to be ordered from `provider`, on a ladder with these plans.
    pub(crate) async fn ready(&self, book: BookId, numbers: &[Msisdn], offer: &Terms) -> Vec<Line> {
        let lines = self.enrolled(book, numbers).await;
        let lines = self.all_answered(&lines, &restricted()).await;
        self.all_happen(&lines, |_| Event::Offered(vec![offer.clone()])).await
    }

    /// One such line, of the first number.
    pub(crate) async fn one_ready(&self, plans: &[i64]) -> Line {
        let book = self.book("home").await;
        self.ready(book, &numbers(0..1), &terms("p", plans)).await.remove(0)
    }

    /// A line that its owner suspended, after a probe of 1 and a plan of 8 were delivered.
    pub(crate) async fn suspended(&mut self) -> Line {
        let line = self.one_ready(&[8]).await;
        let line = self.climbs(&line).await;
        let line = self.climbs(&line).await;
        assert_eq!(line.state, State::Suspended);
        line
    }

    /// What an event does with a line, uncommitted.
    pub(crate) fn change(&self, line: &Line, event: Event) -> Change {
        let step = step(line, &event, self.now, &self.policy).unwrap_or_else(|e| panic!("{e}: {event:?}: {line:?}"));
        Change { event, step, request: None }
    }

    /// The order that a ready line waits for, uncommitted.
    pub(crate) fn order(&self, line: &Line) -> Change {
        let change = self.change(line, Event::Proposed { reference: self.reference() });
        assert!(change.step.send.is_some(), "no order: {line:?}");
        change
    }

    /// A reference that was never drawn before.
    pub(crate) fn reference(&self) -> TopUpRef {
        self.drawn.set(self.drawn.get() + 1);
        TopUpRef::from_random(self.drawn.get())
    }

    pub(crate) fn batch(&self, changes: Vec<Change>, claims: Vec<ClaimChange>) -> Batch {
        Batch { now: self.now, changes, claims, requests: Vec::new(), clock_fault: false }
    }

    /// Sets every switch as it is here.
    pub(crate) async fn switch(&self, switches: Switches) {
        let Switches { paused, frozen, clock_fault } = switches;
        for (switch, on) in [(Switch::Paused, paused), (Switch::Frozen, frozen), (Switch::ClockFault, clock_fault)] {
            self.store.set_switch(switch, on).await.unwrap();
        }
    }

    /// The numbers of all books.
    pub(crate) async fn books(&self) -> Vec<BookId> {
        self.store.books().await.unwrap().into_iter().map(|book| book.id).collect()
    }

    pub(crate) async fn try_commit(&self, changes: Vec<Change>) -> Result<Committed, StoreError> {
        self.save_policy().await;
        self.store.commit(&self.batch(changes, Vec::new())).await
    }

    /// What the scene's policy is now binds every book from here on (C4).
    async fn save_policy(&self) {
        for book in self.store.books().await.unwrap() {
            self.store.save_book(&book.name, &book.region, &self.policy).await.unwrap();
        }
    }

    pub(crate) async fn verdicts(&self, changes: Vec<Change>) -> Vec<Verdict> {
        self.try_commit(changes).await.unwrap().verdicts
    }

    /// Commits what must be accepted; returns the lines as they are afterwards.
    pub(crate) async fn commits(&self, changes: Vec<Change>) -> Vec<Line> {
        let after = changes.iter().map(|change| change.step.line.clone()).collect();
        let verdicts = self.verdicts(changes).await;
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Committed), "{verdicts:?}");
        after
    }

    /// The same thing happens to each line, in one batch.
    pub(crate) async fn all_happen(&self, lines: &[Line], event: impl Fn(&Line) -> Event) -> Vec<Line> {
        let changes = lines.iter().map(|line| self.change(line, event(line))).collect();
        self.commits(changes).await
    }

    pub(crate) async fn all_answered(&self, lines: &[Line], status: &Status) -> Vec<Line> {
        let now = self.now;
        self.all_happen(lines, |line| answered(line, status, now)).await
    }

    pub(crate) async fn all_ordered(&self, lines: &[Line]) -> Vec<Line> {
        let changes = lines.iter().map(|line| self.order(line)).collect();
        self.commits(changes).await
    }

    pub(crate) async fn happens(&self, line: &Line, event: Event) -> Line {
        self.commits(vec![self.change(line, event)]).await.remove(0)
    }

    pub(crate) async fn answered(&self, line: &Line, status: &Status) -> Line {
        self.happens(line, answered(line, status, self.now)).await
    }

    pub(crate) async fn ordered(&self, line: &Line) -> Line {
        self.commits(vec![self.order(line)]).await.remove(0)
    }

    /// The whole amount of the order that is out reaches the line.
    pub(crate) async fn delivered(&self, line: &Line) -> Line {
        self.happens(line, replied(line, received(asked(line)), Via::Submission)).await
    }

    /// The order that is out is refused, and the one inquiry that this needs confirms it (P5).
    pub(crate) async fn refused(&self, line: &Line, reason: Refusal) -> Line {
        let refused = Outcome::Refused(reason);
        let line = self.happens(line, replied(line, refused.clone(), Via::Submission)).await;
        self.happens(&line, replied(&line, refused, Via::Inquiry(0))).await
    }

    /// An order is delivered, and the line stays restricted once it had its time.
    pub(crate) async fn climbs(&mut self, line: &Line) -> Line {
        let line = self.ordered(line).await;
        let line = self.delivered(&line).await;
        self.wait_ms(SETTLING_MS);
        self.answered(&line, &restricted()).await
    }

    pub(crate) async fn claims_happen(&self, claims: Vec<ClaimChange>) {
        self.store.commit(&self.batch(Vec::new(), claims)).await.unwrap();
    }

    pub(crate) async fn claims(&self, which: ClaimFilter) -> Vec<Claim> {
        self.store.claims(which).await.unwrap()
    }

    pub(crate) async fn topup(&self, reference: &TopUpRef) -> TopUp {
        self.store.topups(std::slice::from_ref(reference)).await.unwrap().remove(0)
    }

    pub(crate) async fn line(&self, id: LineId) -> Line {
        self.store.lines_by_id(&[id]).await.unwrap().remove(0)
    }

    /// Nothing is wrong with the books (M1, M2, M3, C1).
    pub(crate) async fn verify(&self) {
        assert_eq!(self.store.verify().await.unwrap(), []);
    }

    pub(crate) fn wait_ms(&mut self, ms: i64) {
        self.now.uptime_ms += u64::try_from(ms).unwrap();
        self.now.wall_ms += ms;
    }
}
