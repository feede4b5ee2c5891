//! A database with books, lines and a clock, so that each check reads like the table of the method.

use std::sync::Arc;

use ringback_core::{
    Amount, BookId, Carrier, Claim, Denominations, Incarnation, Line, LineId, Mode, Msisdn, Now, Offer, Outcome,
    Policy, Read, Receipt, Reply, Status, TopUpRef,
    admit::{Cap, Caps, REQUIRED},
    ladder,
    line::{Consents, Phase, State, Terms},
    policy::{SetAmount, Timing},
    recovery::{Event, TopUp, Via, Word, step},
    status::{Bar, Reachable},
};
use ringback_store::{Batch, Change, ClaimChange, ClaimFilter, Committed, Contact, Store, StoreError, Verdict};

use super::Databases;

pub(crate) const DAY_MS: i64 = 86_400_000;

/// The settling time of the fixture's policy.
pub(crate) const SETTLING_MS: i64 = 15 * 60_000;

/// The noon of some day, so that no check passes midnight by accident.
const NOON_MS: i64 = 20_000 * DAY_MS + DAY_MS / 2;

/// A database in use.
pub(crate) struct Scene {
    pub(crate) store: Box<dyn Store>,
    pub(crate) policy: Policy,
    pub(crate) now: Now,
    drawn: u128,
}

impl Scene {
    pub(crate) async fn open(databases: &impl Databases) -> Self {
        let now = Now { wall_ms: NOON_MS, uptime_ms: 1_000_000, incarnation: Incarnation(1) };
        Self { store: databases.fresh().await, policy: policy(), now, drawn: 0 }
    }

    pub(crate) async fn book(&self, name: &str) -> BookId {
        self.store.save_book(name, "CN", &self.policy).await.unwrap()
    }

    /// Imports numbers into a book, each as a contact of its own, as `numbers(range)` makes them.
    pub(crate) async fn lines(&self, book: BookId, numbers: &[Msisdn]) -> Vec<Line> {
        let contacts: Vec<Contact> = numbers.iter().map(|number| contact("somebody", &[*number])).collect();
        let file = format!("{:?}.vcf", numbers.first());
        self.store.import(book, &file, &contacts, self.now).await.unwrap();
        let filter = ringback_store::Filter {
            book: Some(book),
            numbers: Some(numbers.to_vec()),
            ..ringback_store::Filter::default()
        };
        self.store.lines(&filter, LineId(0), u32::MAX).await.unwrap()
    }

    /// The same with both consents, in mode *auto*.
    pub(crate) async fn enrolled(&mut self, book: BookId, numbers: &[Msisdn]) -> Vec<Line> {
        let consents = Consents { payment_ms: Some(1), query_ms: Some(1) };
        let word = Event::Told(Word::Enrolled(consents, Mode::Auto));
        let lines = self.lines(book, numbers).await;
        self.all_happen(&lines, |_| word.clone()).await
    }

    /// Enrolled lines whose probe waits to be ordered from `provider`, on a ladder with these plans.
    pub(crate) async fn ready(&mut self, book: BookId, numbers: &[Msisdn], offer: &Terms) -> Vec<Line> {
        let lines = self.enrolled(book, numbers).await;
        let lines = self.all_answered(&lines, &restricted()).await;
        self.all_happen(&lines, |_| Event::Offered(vec![offer.clone()])).await
    }

    /// One such line, of the first number.
    pub(crate) async fn one_ready(&mut self, plans: &[i64]) -> Line {
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
        Change { event, step, caps: Arc::new(self.policy.caps.clone()) }
    }

    /// The order that a ready line waits for, uncommitted.
    pub(crate) fn order(&mut self, line: &Line) -> Change {
        let change = self.change(line, Event::Proposed { reference: self.reference() });
        assert!(change.step.send.is_some(), "no order: {line:?}");
        change
    }

    /// A reference that was never drawn before.
    pub(crate) fn reference(&mut self) -> TopUpRef {
        self.drawn += 1;
        TopUpRef::from_random(self.drawn)
    }

    pub(crate) fn batch(&self, changes: Vec<Change>, claims: Vec<ClaimChange>) -> Batch {
        Batch { now: self.now, changes, claims }
    }

    pub(crate) async fn try_commit(&self, changes: Vec<Change>) -> Result<Committed, StoreError> {
        self.store.commit(&self.batch(changes, Vec::new())).await
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
    pub(crate) async fn all_happen(&mut self, lines: &[Line], event: impl Fn(&Line) -> Event) -> Vec<Line> {
        let changes = lines.iter().map(|line| self.change(line, event(line))).collect();
        self.commits(changes).await
    }

    pub(crate) async fn all_answered(&mut self, lines: &[Line], status: &Status) -> Vec<Line> {
        let now = self.now;
        self.all_happen(lines, |line| answered(line, status, now)).await
    }

    pub(crate) async fn all_ordered(&mut self, lines: &[Line]) -> Vec<Line> {
        let changes = lines.iter().map(|line| self.order(line)).collect();
        self.commits(changes).await
    }

    pub(crate) async fn happens(&mut self, line: &Line, event: Event) -> Line {
        self.commits(vec![self.change(line, event)]).await.remove(0)
    }

    pub(crate) async fn answered(&mut self, line: &Line, status: &Status) -> Line {
        self.happens(line, answered(line, status, self.now)).await
    }

    pub(crate) async fn ordered(&mut self, line: &Line) -> Line {
        self.commits(vec![self.order(line)]).await.remove(0)
    }

    /// The whole amount of the order that is out reaches the line.
    pub(crate) async fn delivered(&mut self, line: &Line) -> Line {
        self.happens(line, replied(line, received(asked(line)), Via::Submission)).await
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

pub(crate) fn cny(yuan: i64) -> Amount {
    Amount::from_minor(yuan * 100, "CNY".parse().unwrap())
}

/// Every required cap, with room for everything.
pub(crate) fn wide_caps() -> Caps {
    Caps(REQUIRED.iter().map(|&(scope, period)| Cap { scope, period, limit: cny(1_000_000) }).collect())
}

/// A policy that climbs `stepwise`, which is the method to the letter.
pub(crate) fn policy() -> Policy {
    Policy {
        probe: cny(1),
        set: SetAmount::Typed,
        ladder: ladder::Kind::Stepwise,
        highest_plan: cny(1_000),
        caps: wide_caps(),
        timing: Timing::default(),
        max_orders: 100,
        max_recoveries: 10,
        desk: "desk".into(),
    }
}

/// What a provider with these plans offers: every whole yuan up to 500.
pub(crate) fn terms(provider: &str, plans: &[i64]) -> Terms {
    let plans = plans.iter().copied().map(cny).collect();
    let denominations = Denominations::Range { min: cny(1), max: cny(500), step: cny(1) };
    let carrier = Carrier::named("China Mobile");
    Terms {
        offer: Offer { provider: provider.into(), carrier, product: "1".into(), plans, denominations },
        inquiry_by_reference: true,
        min_gap_ms: 0,
        not_found_final_after_ms: 600_000,
        inquiry_spacing_ms: 30_000,
    }
}

/// Chinese mobile numbers by their place in a long row.
pub(crate) fn numbers(places: std::ops::Range<u32>) -> Vec<Msisdn> {
    places.map(|place| format!("+86138{place:08}").parse().unwrap()).collect()
}

pub(crate) fn contact(name: &str, numbers: &[Msisdn]) -> Contact {
    Contact { raw: format!("{name}\r\n").into_bytes(), name: name.into(), numbers: numbers.to_vec() }
}

pub(crate) fn restricted() -> Status {
    Status::restricted(Bar::ArrearsOrUnknown)
}

pub(crate) fn in_service() -> Status {
    Status::in_service(Reachable::Yes)
}

/// A query that was issued now.
pub(crate) fn answered(line: &Line, status: &Status, now: Now) -> Event {
    let status = status.clone();
    Event::Answered(Read { status, issued: now, outcomes: line.outcomes, channel: "ussd".into(), imsi: None })
}

/// An answer about the order that is out.
pub(crate) fn replied(line: &Line, reply: impl Into<Reply>, via: Via) -> Event {
    Event::Replied { reference: out(line), reply: reply.into(), via }
}

/// The line received all that was debited.
pub(crate) fn received(debited: Amount) -> Outcome {
    Outcome::Delivered(Receipt { debited, delivered: debited })
}

/// The reference of the order that is out.
pub(crate) fn out(line: &Line) -> TopUpRef {
    line.unsettled_order().expect("an order is out").reference.clone()
}

pub(crate) fn asked(line: &Line) -> Amount {
    line.unsettled_order().expect("an order is out").asked
}

pub(crate) fn phase(line: &Line) -> &Phase {
    match &line.state {
        State::Open(recovery) => &recovery.phase,
        other => panic!("no recovery is open: {other:?}"),
    }
}
