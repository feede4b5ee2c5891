//! People: they answer, early or late, rightly or wrongly, and change their minds.

use ringback_core::{
    Amount, Line, LineId, Outcome, Refusal,
    line::{Consents, Phase, State},
    recovery::{Event, TopUp, Via, Word},
};
use ringback_store::{Ask, Request};

use super::{MODES, World};
use crate::{fault::Fault, provider::Booked};

impl World {
    /// A person looks at a line and does what it waits for.
    pub(super) fn person(&mut self, id: LineId) {
        let Some(line) = self.db.sure(self.db.store().lines_by_id(&[id])).pop() else { return };
        let events = self.answer_of(&line);
        self.ask(id, events);
    }

    /// What a person says about a line as it is now.
    pub(super) fn answer_of(&mut self, line: &Line) -> Vec<Event> {
        let settle: Vec<Event> = line.to_settle().map(|topup| self.settled(topup)).collect();
        if !settle.is_empty() {
            return settle;
        }
        let calm = !self.rates.are_on();
        match &line.state {
            State::Open(recovery) => match recovery.phase {
                Phase::Approval => vec![if self.random.percent(85) { Event::Approved } else { Event::Declined }],
                Phase::Owed { offered: None, .. } => vec![self.typed(recovery.received)],
                Phase::Owed { .. } if self.random.coin() || (calm && !self.comes_soon(line)) => {
                    vec![self.typed(recovery.received)]
                }
                _ => Vec::new(),
            },
            _ if line.doubt.is_some() && !calm && self.random.coin() => vec![Event::Told(Word::Confirmed)],
            State::Parked(_) if !calm && self.random.percent(15) => vec![Event::Told(Word::Suspended)],
            State::Parked(_) | State::Suspended if !calm && self.random.percent(40) => {
                vec![Event::Told(Word::TryAgain)]
            }
            _ => Vec::new(),
        }
    }

    /// A person does not wait for the inquiries (P13).
    fn settle_what_is_out(&mut self, id: LineId) {
        let Some(line) = self.db.sure(self.db.store().lines_by_id(&[id])).pop() else { return };
        let Some(order) = line.unsettled_order().cloned() else { return };
        let topup = self.db.sure(self.db.store().topups(&[order.reference])).pop();
        let events = topup.map(|topup| self.settled(&topup)).into_iter().collect();
        self.ask(id, events);
    }

    fn typed(&mut self, received: Amount) -> Event {
        if self.random.percent(20) {
            return Event::Declined;
        }
        Event::Typed { amount: Amount::from_minor(self.random.pick(&[50, 1_000, 2_500]), received.currency()) }
    }

    /// A person settles an order by what the provider truly did, or by a mistake (P13).
    fn settled(&mut self, topup: &TopUp) -> Event {
        let reference = topup.order.reference.clone();
        let provider = &self.providers[self.provider_place(&topup.order.provider)];
        let truth = provider.find(&reference).map(|place| provider.bookings[place].truth.clone());
        let wrong = self.rates.strikes(&mut self.random, Fault::PersonWrong);
        let outcome = match truth {
            Some(Booked::Delivered(receipt)) if !wrong => Outcome::Delivered(receipt),
            Some(Booked::Reversed(receipt)) if !wrong => Outcome::Reversed(receipt),
            None | Some(Booked::Refused(_) | Booked::Pending) if wrong => {
                let asked = topup.order.asked;
                Outcome::Delivered(ringback_core::Receipt { debited: asked, delivered: asked })
            }
            _ => Outcome::Refused(Refusal::Other("nothing came".into())),
        };
        Event::Replied { reference, reply: outcome.into(), via: Via::Person("looked it up".into()) }
    }

    /// Leaves requests for the engine that runs.
    pub(super) fn ask(&mut self, line: LineId, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        self.tell(|_| format!("a person says of line {}: {}", line.0, crate::story::names(&events)));
        let requests: Vec<Request> = events.into_iter().map(|event| Request { line, ask: Ask::Event(event) }).collect();
        self.db.sure(self.db.store().post(&requests));
        self.poll_soon();
    }

    /// A person has some line queried.
    pub(super) fn check_any(&mut self) {
        let line = self.any_line();
        self.db.sure(self.db.store().post(&[Request { line, ask: Ask::Query }]));
        self.poll_soon();
    }

    pub(super) fn any_line(&mut self) -> LineId {
        let place = self.random.below(self.plan.lines.len() as u64);
        LineId(i64::try_from(place).unwrap_or(0) + 1)
    }

    /// A person says something that nobody asked for.
    pub(super) fn word(&mut self) {
        let line = self.any_line();
        let place = usize::try_from(line.0 - 1).unwrap_or(0);
        let currency = self.plan.books[self.plan.lines[place].book].policy.probe.currency();
        let wall_ms = self.now_of(0, 0).wall_ms;
        let consents = Consents { payment_ms: Some(wall_ms), query_ms: Some(wall_ms) };
        if self.random.below(8) == 0 {
            return self.settle_what_is_out(line);
        }
        let word = match self.random.below(8) {
            0 => Word::Suspended,
            1 => Word::LeaveAlone(wall_ms + 3_600_000),
            2 => Word::TryAgain,
            3 => Word::Confirmed,
            4 => Word::Mode(self.random.pick(&MODES)),
            5 => Word::Plan(Amount::from_minor(self.random.pick(&[800, 2_800, 4_200]), currency)),
            _ => Word::Enrolled(consents, self.random.pick(&MODES)),
        };
        self.ask(line, vec![Event::Told(word)]);
    }
}
