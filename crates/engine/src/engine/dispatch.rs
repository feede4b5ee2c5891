//! Calls to channels, providers and desks: what is due gets into a lane, what the lane lets out leaves, what comes
//! back is the next event.

use ringback_core::{
    Answer, Line, LineId, Now, Read, Reply, Status, TopUpRef,
    admit::{Switches, may_dispatch},
    line::{Due, State, Terms},
    mutant,
    recovery::{Event, Via},
    route::{Heard, Weighed},
};

use super::{Busy, Call, Engine, Output, Question, finish};
use crate::config::Wiring;

impl Engine {
    pub(super) fn begin(&mut self, now: Now, id: LineId, due: Due) {
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        let Some(book) = self.config.books.get(&tracked.line.book) else { return };
        match due {
            Due::Query => {
                let outcomes = tracked.line.outcomes;
                let question = Question { issued: now, outcomes, place: 0, heard: Vec::new() };
                tracked.busy = Some(Busy::Query(question));
                self.ask(id, 0);
            }
            Due::Offers => {
                tracked.busy = Some(Busy::Offers);
                self.providers.of(&self.config, first_provider(book)).push(Call::Offers(id));
            }
            Due::Inquire(order, 0) if mutant!("an order is sent again after a restart") => {
                tracked.busy = Some(Busy::order(&order, Via::Submission));
                self.providers.of(&self.config, &order.provider);
                self.out.push(Output::Submit(id, order));
            }
            Due::Inquire(order, asked) => {
                tracked.busy = Some(Busy::order(&order, Via::Inquiry(asked)));
                self.providers.of(&self.config, &order.provider).push_urgent(Call::Inquire(id, order.clone()));
            }
            Due::Propose => {
                let random = if mutant!("a reference is drawn twice") { 7 } else { (self.random)() };
                let reference = TopUpRef::from_random(random);
                self.deliver(id, Event::Proposed { reference });
            }
            Due::Lapse => self.deliver(id, Event::Lapsed),
        }
    }

    pub(super) fn answered(&mut self, now: Now, channel: &str, answers: Vec<(LineId, Answer)>) {
        finish(self.channels.get_mut(channel));
        for (id, answer) in answers {
            let Some(tracked) = self.tracked.get_mut(&id) else { continue };
            let Some(Busy::Query(mut question)) = tracked.busy.take_if(|busy| busy.is_query()) else { continue };
            question.heard.push(Heard { place: question.place, answer: about(&tracked.line, answer) });
            let Some(book) = self.config.books.get(&tracked.line.book) else { continue };
            let open = matches!(tracked.line.state, State::Open(_));
            match book.route(&tracked.line).weigh(&question.heard, open) {
                Weighed::Ask(place) => {
                    question.place = place;
                    tracked.busy = Some(Busy::Query(question));
                    self.ask(id, place);
                }
                Weighed::Said(status, imsi, channel) => {
                    let Question { issued, outcomes, .. } = question;
                    self.read(now, id, Read { status, issued, outcomes, channel, imsi });
                }
            }
        }
    }

    /// Has the channel or guard at a place of the line's route asked.
    fn ask(&mut self, id: LineId, place: usize) {
        let Some(tracked) = self.tracked.get(&id) else { return };
        let Some(book) = self.config.books.get(&tracked.line.book) else { return };
        // A route without any channel has a lane all the same, where nobody answers.
        let name = book.route(&tracked.line).name(place).unwrap_or_default();
        self.channels.of(&self.config, name).push(id);
    }

    fn read(&mut self, now: Now, id: LineId, mut read: Read) {
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        if mutant!("a read is as old as its answer") {
            (read.issued, read.outcomes) = (now, tracked.line.outcomes);
        }
        tracked.check = false;
        self.deliver(id, if self.look { Event::Looked(read) } else { Event::Answered(read) });
        self.settle(now, id);
    }

    pub(super) fn offered(&mut self, id: LineId, offers: Result<Vec<Terms>, (String, bool)>) {
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        let Some(Busy::Offers) = tracked.busy.take_if(|busy| matches!(busy, Busy::Offers)) else { return };
        let book = self.config.books.get(&tracked.line.book);
        finish(book.and_then(|book| self.providers.get_mut(first_provider(book))));
        self.deliver(
            id,
            match offers {
                Ok(terms) => Event::Offered(terms),
                Err((reason, again)) => Event::Unoffered { reason, again },
            },
        );
    }

    /// The provider is ready: the order leaves, unless something stopped it meanwhile (P9).
    pub(super) fn prepared(&mut self, now: Now, id: LineId) {
        let switches = self.dispatching();
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        let waiting = tracked.busy.take_if(|busy| matches!(busy, Busy::Waiting(_)));
        let Some(Busy::Waiting(order)) = waiting else { return };
        if !tracked.is_known() {
            // What the line is now is not known before it is loaded, or committed; then the order gets ready again.
            tracked.busy = Some(Busy::Waiting(order.clone()));
            return self.back_into_lane(id, &order.provider);
        }
        let denial = may_dispatch(&tracked.line, switches, now).err();
        match denial.filter(|_| !mutant!("nothing is checked again at dispatch")) {
            None => {
                tracked.busy = Some(Busy::order(&order, Via::Submission));
                self.out.push(Output::Submit(id, order));
            }
            Some(denial) => {
                finish(self.providers.get_mut(&order.provider));
                self.deliver(id, Event::Withheld { reference: order.reference, denial });
            }
        }
    }

    /// What stops an order at the last moment: a switch, or a database that failed, in which nobody knows what is stored
    /// about the line by now (S2).
    fn dispatching(&self) -> Switches {
        let binding = self.binding();
        Switches { frozen: binding.frozen || self.commits.are_failing(), ..binding }
    }

    fn back_into_lane(&mut self, id: LineId, provider: &str) {
        let lane = self.providers.of(&self.config, provider);
        lane.finish();
        lane.push(Call::Submit(id));
    }

    pub(super) fn replied(&mut self, id: LineId, reply: Reply) {
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        let order = tracked.busy.take_if(|busy| matches!(busy, Busy::Order { .. }));
        let Some(Busy::Order { reference, provider, via }) = order else { return };
        finish(self.providers.get_mut(&provider));
        self.deliver(id, Event::Replied { reference, reply, via });
    }

    /// Lets as many calls out as lanes allow.
    pub(super) fn pump(&mut self, now: Now) {
        for (name, lane) in self.channels.iter_mut() {
            while let Some(ids) = lane.start(now.uptime_ms) {
                let lines = ids.iter().filter_map(|id| {
                    let tracked = self.tracked.get_mut(id)?;
                    // The read is as old as its first query, not as its place in the lane.
                    if let Some(Busy::Query(question)) = &mut tracked.busy
                        && question.heard.is_empty()
                    {
                        (question.issued, question.outcomes) = (now, tracked.line.outcomes);
                    }
                    Some(tracked.line.clone())
                });
                self.out.push(Output::Query(name.clone(), lines.collect()));
            }
        }
        self.pump_providers(now);
        for (_, lane) in self.desks.iter_mut() {
            while let Some(reference) = lane.start_one(now.uptime_ms) {
                match self.claims.question(&reference, now.uptime_ms, self.commits.are_failing()) {
                    Some(claim) => self.out.push(Output::Desk(claim)),
                    None => lane.finish(),
                }
            }
        }
    }

    fn pump_providers(&mut self, now: Now) {
        let (mut withheld, switches) = (Vec::new(), self.dispatching());
        for (name, lane) in self.providers.iter_mut() {
            let mut unknown = Vec::new();
            while let Some(call) = lane.start_one(now.uptime_ms) {
                let tracked = self.tracked.get(&call.line());
                let output = match call {
                    // P9: what the line is now is not known before it is loaded, or committed.
                    Call::Submit(_) if tracked.is_some_and(|tracked| !tracked.is_known()) => {
                        unknown.push(call);
                        None
                    }
                    // What cannot leave now is not prepared either; it is checked again once it is.
                    Call::Submit(id) => match tracked.map(|t| may_dispatch(&t.line, switches, now)) {
                        Some(Ok(())) => Some(Output::Prepare(id, name.clone())),
                        Some(Err(denial)) => {
                            withheld.push((id, denial));
                            None
                        }
                        None => None,
                    },
                    Call::Inquire(id, order) => Some(Output::Inquire(id, order)),
                    Call::Offers(_) => tracked.and_then(|tracked| {
                        let book = self.config.books.get(&tracked.line.book)?;
                        Some(Output::Offers(tracked.line.clone(), book.providers.clone()))
                    }),
                };
                match output {
                    Some(output) => self.out.push(output),
                    None => lane.finish(),
                }
            }
            for call in unknown {
                lane.push(call);
            }
        }
        for (id, denial) in withheld {
            let busy = self.tracked.get_mut(&id).and_then(|tracked| tracked.busy.take());
            if let Some(Busy::Waiting(order)) = busy {
                self.deliver(id, Event::Withheld { reference: order.reference, denial });
            }
        }
    }
}

/// What an answer says about a line; about another number it says nothing (K2).
fn about(line: &Line, answer: Answer) -> Answer {
    if answer.msisdn == line.msisdn {
        return answer;
    }
    let status = Status::unknown("the channel answered about another number");
    Answer { msisdn: line.msisdn, status, imsi: None }
}

/// The provider in whose lane a book's offers are asked for; a book without any has a lane all the same.
fn first_provider(book: &Wiring) -> &str {
    book.providers.first().map_or("", String::as_str)
}
