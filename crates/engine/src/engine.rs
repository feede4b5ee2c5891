//! The engine, sans-I/O: inputs in, outputs out, the clock and the randomness given from outside.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ringback_core::{
    Answer, Claim, DeskReply, Line, LineId, Now, Order, Read, Reply, Status, TopUpRef, Wake,
    admit::{Switches, may_dispatch},
    claim,
    line::{Due, Phase, State, Terms},
    recovery::{Event, Notice, Rejected, Step, Via, step},
};
use ringback_store::{Batch, Change, Committed, StoreError, Verdict};

use crate::{
    claims::Claims,
    config::{Config, Wiring},
    lane::Lane,
    timers::Timers,
};

/// What the engine is given.
#[derive(Debug)]
pub enum Input {
    /// Lines with an open recovery, at the start; or lines that [`Output::Load`] asked for.
    Lines(Vec<Line>),
    /// Lines to be queried now (S101).
    Check(Vec<Line>),
    /// The next lines of a sweep over all enrolled ones; none ends it.
    Page(Vec<Line>),
    /// What became of the batch of [`Output::Commit`].
    Committed(Batch, Result<Committed, StoreError>),
    /// The answers to [`Output::Query`].
    Answers(String, Vec<(LineId, Answer)>),
    /// The answer to [`Output::Offers`]: terms, or why there are none and whether asking again may help.
    Offers(LineId, Result<Vec<Terms>, (String, bool)>),
    /// The answer to [`Output::Submit`] or [`Output::Inquire`].
    Replied(LineId, Reply),
    /// An event from a person, a signal or a statement.
    Event(LineId, Event),
    /// Claims that are open.
    Claims(Vec<Claim>),
    /// The answer to [`Output::Desk`].
    Desk(TopUpRef, DeskReply),
    /// A person recorded something about a claim.
    ClaimEvent(TopUpRef, claim::Event),
    /// The switches, as another process may have set them.
    Switches(Switches),
    /// Time has passed.
    Tick,
}

/// What the engine wants done.
#[derive(Debug)]
pub enum Output {
    /// Load these lines; the answer is [`Input::Lines`].
    Load(Vec<LineId>),
    /// Load enrolled lines after this one; the answer is [`Input::Page`].
    Page(LineId),
    /// Load the claims that are open; the answer is [`Input::Claims`].
    Claims,
    /// Commit; the answer is [`Input::Committed`].
    Commit(Batch),
    /// Ask a channel about lines; the answer is [`Input::Answers`].
    Query(String, Vec<Line>),
    /// Ask the book's providers what can be paid; the answer is [`Input::Offers`].
    Offers(Line, Vec<String>),
    /// Send an order, once; the answer is [`Input::Replied`].
    Submit(LineId, Order),
    /// Ask what became of an order; the answer is [`Input::Replied`].
    Inquire(LineId, Order),
    /// Ask a desk about a claim; the answer is [`Input::Desk`].
    Desk(Claim),
    /// Freeze spending: the clock cannot be trusted (S2).
    ClockFault,
    /// Tell people; nothing is answered.
    Notice(Line, Notice),
    /// A transition was committed; nothing is answered.
    Stepped(Line, Event),
    /// An event was rejected or a commit failed; nothing is answered.
    Trouble(String),
}

/// A forward jump of the wall clock against the uptime that stops spending (C3, S2). Uptime stands still while a
/// laptop sleeps, so a week is allowed.
const CLOCK_JUMP_MS: i64 = 7 * 86_400_000;

/// The wait after a failed commit, before it is tried again.
const COMMIT_RETRY_MS: u64 = 1_000;

/// Calls to providers in one lane.
#[derive(Debug)]
enum Call {
    Offers(LineId),
    Submit(LineId, Order),
    Inquire(LineId, Order),
}

/// What is out for a line.
#[derive(Debug)]
enum Busy {
    /// In a lane or at a channel: when it was issued, and how many outcomes were known by then.
    Query {
        issued: Now,
        outcomes: u32,
    },
    Offers,
    /// An order is with its provider or in its lane: to be sent, or to be asked about.
    Order {
        reference: TopUpRef,
        provider: String,
        via: Via,
    },
}

/// A line that the engine works on.
#[derive(Debug)]
struct Tracked {
    line: Line,
    inbox: VecDeque<Event>,
    busy: Option<Busy>,
    /// A query is wanted although the state does not ask for one (S101).
    check: bool,
    committing: bool,
    /// Another process moved the line on: nothing begins before it is loaded again (P8).
    outdated: bool,
}

/// The pipeline over many lines.
pub struct Engine {
    config: Config,
    random: Box<dyn FnMut() -> u128 + Send>,
    tracked: BTreeMap<LineId, Tracked>,
    /// Events for lines that are being loaded.
    expected: BTreeMap<LineId, Vec<Event>>,
    /// Lines whose inbox is not empty.
    ready: VecDeque<LineId>,
    timers: Timers,
    channels: BTreeMap<String, Lane<LineId>>,
    providers: BTreeMap<String, Lane<Call>>,
    claims: Claims,
    switches: Switches,
    /// A clock fault was seen here and is not stored yet.
    fault_raised: bool,
    committing: bool,
    commit_not_before_ms: u64,
    sweep: Sweep,
    clock: Option<Now>,
    out: Vec<Output>,
}

/// Where the sweep over all enrolled lines stands; it follows the primary key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sweep {
    Off,
    At(u64),
    Loading,
    Between(LineId),
}

impl Engine {
    /// An engine. `random` gives 128 fresh bits for each reference and for jitter.
    pub fn new(config: Config, random: Box<dyn FnMut() -> u128 + Send>) -> Self {
        Self {
            config,
            random,
            tracked: BTreeMap::new(),
            expected: BTreeMap::new(),
            ready: VecDeque::new(),
            timers: Timers::default(),
            channels: BTreeMap::new(),
            providers: BTreeMap::new(),
            claims: Claims::default(),
            switches: Switches::default(),
            fault_raised: false,
            committing: false,
            commit_not_before_ms: 0,
            sweep: Sweep::Off,
            clock: None,
            out: Vec::new(),
        }
    }

    /// Begins to sweep over all enrolled lines now, and then by the timer (S101).
    pub fn start_sweeping(&mut self) {
        self.sweep = Sweep::At(0);
    }

    /// Takes what has come in and returns what is to be done.
    pub fn handle(&mut self, now: Now, inputs: impl IntoIterator<Item = Input>) -> Vec<Output> {
        self.watch_clock(now);
        inputs.into_iter().for_each(|input| self.take(now, input));
        self.fire_timers(now);
        self.sweep(now);
        self.commit(now);
        self.pump(now);
        std::mem::take(&mut self.out)
    }

    /// When [`Input::Tick`] is wanted at the latest, in milliseconds of uptime.
    pub fn next_wake_ms(&self, now: Now) -> Option<u64> {
        let lanes = self.channels.values().filter_map(|lane| lane.next_ms(now.uptime_ms));
        let providers = self.providers.values().filter_map(|lane| lane.next_ms(now.uptime_ms));
        let sweep = match self.sweep {
            Sweep::At(at_ms) => Some(at_ms),
            _ => None,
        };
        let waits = !self.ready.is_empty() || self.claims.has_changes();
        let retry = (!self.committing && waits).then_some(self.commit_not_before_ms);
        let timers = [self.timers.next_ms(), self.claims.next_ms(), sweep, retry];
        lanes.chain(providers).chain(timers.into_iter().flatten()).min()
    }

    /// Whether nothing moves: no call is out, nothing waits to be committed, and every open recovery waits for a
    /// person.
    pub fn is_at_rest(&self) -> bool {
        let waits = |tracked: &Tracked| match &tracked.line.state {
            State::Open(recovery) => matches!(recovery.phase, Phase::Approval | Phase::Owed { .. }),
            _ => true,
        };
        self.is_committed()
            && self.channels.values().all(Lane::is_idle)
            && self.providers.values().all(Lane::is_idle)
            && self.tracked.values().all(|t| t.busy.is_none() && !t.check && waits(t))
    }

    /// Whether every event that came in is durable.
    pub fn is_committed(&self) -> bool {
        !self.committing && self.ready.is_empty() && self.expected.is_empty() && !self.claims.has_changes()
    }

    /// How many claims a desk has not answered for good.
    pub fn open_claims(&self) -> usize {
        self.claims.open()
    }

    fn take(&mut self, now: Now, input: Input) {
        match input {
            Input::Lines(lines) => lines.into_iter().for_each(|line| self.loaded(now, line)),
            Input::Check(lines) => self.check(now, lines),
            Input::Page(lines) => self.page(now, lines),
            Input::Committed(batch, result) => self.committed(now, batch, result),
            Input::Answers(channel, answers) => self.answered(now, &channel, answers),
            Input::Offers(line, offers) => self.offered(line, offers),
            Input::Replied(line, reply) => self.replied(line, reply),
            Input::Event(line, event) => self.deliver(line, event),
            Input::Claims(claims) => claims.into_iter().for_each(|claim| self.claims.track(claim, now.uptime_ms)),
            Input::Desk(reference, reply) => {
                self.claims.answered(&reference, reply, now.uptime_ms, self.config.claim_poll_ms);
            }
            Input::ClaimEvent(reference, event) => self.claims.happened(&reference, event),
            Input::Switches(switches) => self.switch(switches),
            Input::Tick => {}
        }
    }

    /// Stops spending when the wall clock runs away from the uptime (C3, S2).
    fn watch_clock(&mut self, now: Now) {
        if let Some(before) = self.clock
            && let Some(passed_ms) = now.uptime_since(before)
        {
            let wall_ms = now.wall_ms.saturating_sub(before.wall_ms);
            let jumped_ms = wall_ms.saturating_sub(i64::try_from(passed_ms).unwrap_or(i64::MAX));
            if jumped_ms > CLOCK_JUMP_MS && !self.switches.clock_fault {
                (self.fault_raised, self.switches.clock_fault) = (true, true);
                self.out.push(Output::ClockFault);
            }
        }
        self.clock = Some(now);
    }

    /// Takes the stored switches; a clock fault holds until it is stored, and then until it is cleared there.
    fn switch(&mut self, stored: Switches) {
        self.fault_raised &= !stored.clock_fault;
        self.switches = Switches { clock_fault: stored.clock_fault || self.fault_raised, ..stored };
    }

    /// Stops what a commit saw to be stopped. It may have seen less than is known since, so it lifts nothing (N3).
    fn stop(&mut self, seen: Switches) {
        let Switches { paused, frozen, clock_fault } = self.switches;
        self.switches = Switches {
            paused: seen.paused || paused,
            frozen: seen.frozen || frozen,
            clock_fault: seen.clock_fault || clock_fault,
        };
    }

    fn loaded(&mut self, now: Now, line: Line) {
        let id = line.id;
        let events = self.expected.remove(&id).unwrap_or_default();
        match self.tracked.get_mut(&id) {
            Some(tracked) if tracked.outdated => (tracked.line, tracked.outdated) = (line.rearmed(now), false),
            _ => _ = self.track(now, line),
        }
        for event in events {
            self.deliver(id, event);
        }
        self.settle(now, id);
    }

    fn check(&mut self, now: Now, lines: Vec<Line>) {
        for line in lines.into_iter().filter(|line| line.consents.query_ms.is_some()) {
            let id = line.id;
            self.track(now, line).check = true;
            self.settle(now, id);
        }
    }

    fn page(&mut self, now: Now, lines: Vec<Line>) {
        self.sweep = match (lines.last(), self.config.check_every_ms) {
            (Some(last), _) => Sweep::Between(last.id),
            (None, Some(every_ms)) => Sweep::At(now.uptime_ms + every_ms),
            (None, None) => Sweep::Off,
        };
        self.check(now, lines);
    }

    /// Asks for the next page while few enough lines wait to be queried.
    fn sweep(&mut self, now: Now) {
        let crowded = self.tracked.values().filter(|tracked| tracked.check).take(self.config.batch).count();
        let after = match self.sweep {
            Sweep::At(at_ms) if at_ms <= now.uptime_ms => LineId(0),
            Sweep::Between(after) if crowded < self.config.batch => after,
            _ => return,
        };
        self.sweep = Sweep::Loading;
        self.out.push(Output::Page(after));
    }

    fn track(&mut self, now: Now, line: Line) -> &mut Tracked {
        let id = line.id;
        let fresh = || Tracked {
            line: line.rearmed(now),
            inbox: VecDeque::new(),
            busy: None,
            check: false,
            committing: false,
            outdated: false,
        };
        self.tracked.entry(id).or_insert_with(fresh)
    }

    /// Hands an event to its line, which is loaded first where it is not in memory.
    fn deliver(&mut self, id: LineId, event: Event) {
        let Some(tracked) = self.tracked.get_mut(&id).filter(|tracked| !tracked.outdated) else {
            let events = self.expected.entry(id).or_default();
            events.push(event);
            if events.len() == 1 {
                self.out.push(Output::Load(vec![id]));
            }
            return;
        };
        tracked.inbox.push_back(event);
        if !tracked.committing && tracked.inbox.len() == 1 {
            self.ready.push_back(id);
        }
    }

    fn answered(&mut self, now: Now, channel: &str, answers: Vec<(LineId, Answer)>) {
        if let Some(lane) = self.channels.get_mut(channel) {
            lane.finish();
        }
        for (id, answer) in answers {
            let Some(tracked) = self.tracked.get_mut(&id) else { continue };
            let Some(Busy::Query { issued, outcomes }) = tracked.busy.take_if(|busy| busy.is_query()) else { continue };
            tracked.check = false;
            let (status, imsi) = about(&tracked.line, answer);
            let read = Read { status, issued, outcomes, channel: channel.to_owned(), imsi };
            self.deliver(id, Event::Answered(read));
            self.settle(now, id);
        }
    }

    fn offered(&mut self, id: LineId, offers: Result<Vec<Terms>, (String, bool)>) {
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        let Some(Busy::Offers) = tracked.busy.take_if(|busy| matches!(busy, Busy::Offers)) else { return };
        let book = self.config.books.get(&tracked.line.book);
        if let Some(lane) = book.and_then(|book| self.providers.get_mut(first_provider(book))) {
            lane.finish();
        }
        let event = match offers {
            Ok(terms) => Event::Offered(terms),
            Err((reason, again)) => Event::Unoffered { reason, again },
        };
        self.deliver(id, event);
    }

    fn replied(&mut self, id: LineId, reply: Reply) {
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        let order = tracked.busy.take_if(|busy| matches!(busy, Busy::Order { .. }));
        let Some(Busy::Order { reference, provider, via }) = order else { return };
        if let Some(lane) = self.providers.get_mut(&provider) {
            lane.finish();
        }
        self.deliver(id, Event::Replied { reference, reply, via });
    }

    /// Begins what is due for a line that has nothing under way, or lets go of a line that is at rest.
    fn settle(&mut self, now: Now, id: LineId) {
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        if tracked.busy.is_some() || tracked.committing || tracked.outdated || !tracked.inbox.is_empty() {
            return;
        }
        // A consent that was withdrawn meanwhile ends what was only asked for (S101).
        tracked.check &= tracked.line.consents.query_ms.is_some();
        match tracked.line.due() {
            Some((due, wake)) if wake.is_due(now) => self.begin(now, id, due),
            _ if tracked.check => self.begin(now, id, Due::Query),
            Some((_, wake)) => {
                let jitter_ms = self.jitter_ms(wake, now);
                self.timers.set(id, wake, jitter_ms, now);
            }
            None => {
                self.timers.clear(id);
                self.tracked.remove(&id);
            }
        }
    }

    /// Up to an eighth more, so that lines that failed together are not tried together.
    fn jitter_ms(&mut self, wake: Wake, now: Now) -> u64 {
        let span = u128::from(wake.left_ms(now) / 8);
        if span == 0 { 0 } else { u64::try_from((self.random)() % span).unwrap_or(0) }
    }

    fn begin(&mut self, now: Now, id: LineId, due: Due) {
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        let Some(book) = self.config.books.get(&tracked.line.book) else { return };
        match due {
            Due::Query => {
                let outcomes = tracked.line.outcomes;
                tracked.busy = Some(Busy::Query { issued: now, outcomes });
                lane(&mut self.channels, &self.config, &book.channel).push(id);
            }
            Due::Offers => {
                tracked.busy = Some(Busy::Offers);
                lane(&mut self.providers, &self.config, first_provider(book)).push(Call::Offers(id));
            }
            Due::Inquire(order, asked) => {
                tracked.busy = Some(Busy::order(&order, Via::Inquiry(asked)));
                lane(&mut self.providers, &self.config, &order.provider).push(Call::Inquire(id, order.clone()));
            }
            Due::Propose => {
                let reference = TopUpRef::from_random((self.random)());
                self.deliver(id, Event::Proposed { reference });
            }
            Due::Lapse => self.deliver(id, Event::Lapsed),
        }
    }

    fn fire_timers(&mut self, now: Now) {
        while let Some(id) = self.timers.pop(now.uptime_ms) {
            self.settle(now, id);
        }
        for claim in self.claims.due(now.uptime_ms) {
            self.out.push(Output::Desk(claim));
        }
    }

    /// Steps every line that has an event and hands the transitions over as one batch (group commit).
    fn commit(&mut self, now: Now) {
        if self.committing || now.uptime_ms < self.commit_not_before_ms {
            return;
        }
        let mut changes = Vec::new();
        let mut rejected = BTreeSet::new();
        while changes.len() < self.config.batch
            && let Some(id) = self.ready.pop_front()
        {
            match self.step(now, id) {
                Some(change) => changes.push(change),
                None => drop(rejected.insert(id)),
            }
        }
        for id in rejected {
            self.settle(now, id);
        }
        let claims = self.claims.take_changes();
        if !changes.is_empty() || !claims.is_empty() {
            self.committing = true;
            self.out.push(Output::Commit(Batch { now, changes, claims }));
        }
    }

    /// The next transition of one line; events that change nothing are dropped.
    fn step(&mut self, now: Now, id: LineId) -> Option<Change> {
        let tracked = self.tracked.get_mut(&id)?;
        let Wiring { policy, caps, .. } = self.config.books.get(&tracked.line.book)?;
        while let Some(event) = tracked.inbox.pop_front() {
            match step(&tracked.line, &event, now, policy) {
                Ok(step) => {
                    tracked.committing = true;
                    return Some(Change { event, step, caps: caps.clone() });
                }
                Err(Rejected::Stale) => {}
                Err(Rejected::Illegal) => {
                    let text = format!("{:?}: {event:?} does not fit {:?}", tracked.line.msisdn, tracked.line.state);
                    self.out.push(Output::Trouble(text));
                }
            }
        }
        None
    }

    fn committed(&mut self, now: Now, batch: Batch, result: Result<Committed, StoreError>) {
        self.committing = false;
        match result {
            Ok(committed) => {
                self.stop(committed.switches);
                if committed.verdicts.contains(&Verdict::Conflict) {
                    // What moved a line on may have claimed for it: another process, or a commit that only seemed to fail.
                    self.out.push(Output::Claims);
                }
                for (change, verdict) in batch.changes.into_iter().zip(committed.verdicts) {
                    self.release(now, change, verdict);
                }
            }
            Err(error) => {
                self.commit_not_before_ms = now.uptime_ms + COMMIT_RETRY_MS;
                self.out.push(Output::Trouble(format!("nothing was committed, nothing is sent: {error}")));
                batch.changes.into_iter().for_each(|change| self.put_back(change));
                self.claims.put_back(batch.claims);
            }
        }
    }

    /// Carries out what a committed transition asks for; a refused order comes back as an event.
    fn release(&mut self, now: Now, change: Change, verdict: Verdict) {
        let id = change.step.line.id;
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        tracked.committing = false;
        match verdict {
            Verdict::Committed => self.carry_out(now, change.step, change.event),
            Verdict::Denied(denial) => tracked.inbox.push_front(Event::Denied(denial)),
            Verdict::Conflict => {
                tracked.outdated = true;
                let waiting = std::mem::take(&mut tracked.inbox);
                self.expected.insert(id, std::iter::once(change.event).chain(waiting).collect());
                self.out.push(Output::Load(vec![id]));
                return;
            }
        }
        if self.tracked.get(&id).is_some_and(|tracked| !tracked.inbox.is_empty()) {
            self.ready.push_back(id);
        }
        self.settle(now, id);
    }

    fn carry_out(&mut self, now: Now, step: Step, event: Event) {
        let id = step.line.id;
        if step.withdraw_claims {
            self.claims.withdrawn(step.line.msisdn);
        }
        step.claims.into_iter().for_each(|claim| self.claims.track(claim, now.uptime_ms));
        for notice in step.notices {
            self.out.push(Output::Notice(step.line.clone(), notice));
        }
        self.out.push(Output::Stepped(step.line.clone(), event));
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        tracked.line = step.line;
        if let Some(order) = step.send {
            tracked.busy = Some(Busy::order(&order, Via::Submission));
            let provider = order.provider.clone();
            lane(&mut self.providers, &self.config, &provider).push(Call::Submit(id, order));
        }
    }

    fn put_back(&mut self, change: Change) {
        let id = change.step.line.id;
        let Some(tracked) = self.tracked.get_mut(&id) else { return };
        tracked.committing = false;
        tracked.inbox.push_front(change.event);
        self.ready.push_back(id);
    }

    /// Lets as many calls out as lanes allow.
    fn pump(&mut self, now: Now) {
        for (name, lane) in &mut self.channels {
            while let Some(ids) = lane.start(now.uptime_ms) {
                let lines = ids.iter().filter_map(|id| {
                    let tracked = self.tracked.get_mut(id)?;
                    // The read is as old as its query, not as its place in the lane.
                    tracked.busy = Some(Busy::Query { issued: now, outcomes: tracked.line.outcomes });
                    Some(tracked.line.clone())
                });
                self.out.push(Output::Query(name.clone(), lines.collect()));
            }
        }
        self.pump_providers(now);
    }

    fn pump_providers(&mut self, now: Now) {
        let mut withheld = Vec::new();
        for lane in self.providers.values_mut() {
            let mut outdated = Vec::new();
            while let Some(call) = lane.start_one(now.uptime_ms) {
                let tracked = self.tracked.get(&call.line());
                let output = match call {
                    // P9: what the line is now is not known before it is loaded.
                    Call::Submit(..) if tracked.is_some_and(|tracked| tracked.outdated) => {
                        outdated.push(call);
                        None
                    }
                    Call::Submit(id, order) => match tracked.map(|t| may_dispatch(&t.line, self.switches, now)) {
                        Some(Ok(())) => Some(Output::Submit(id, order)),
                        Some(Err(denial)) => {
                            withheld.push((id, Event::Withheld { reference: order.reference, denial }));
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
            for call in outdated {
                lane.push(call);
            }
        }
        for (id, event) in withheld {
            if let Some(tracked) = self.tracked.get_mut(&id) {
                tracked.busy = None;
            }
            self.deliver(id, event);
        }
    }
}

impl Call {
    fn line(&self) -> LineId {
        match self {
            Self::Offers(line) | Self::Submit(line, _) | Self::Inquire(line, _) => *line,
        }
    }
}

impl Busy {
    fn order(order: &Order, via: Via) -> Self {
        Self::Order { reference: order.reference.clone(), provider: order.provider.clone(), via }
    }

    fn is_query(&self) -> bool {
        matches!(self, Self::Query { .. })
    }
}

/// What an answer says about a line; about another number it says nothing (K2).
fn about(line: &Line, answer: Answer) -> (Status, Option<String>) {
    if answer.msisdn == line.msisdn {
        (answer.status, answer.imsi)
    } else {
        (Status::unknown("the channel answered about another number"), None)
    }
}

/// The provider in whose lane a book's offers are asked for; a book without any has a lane all the same.
fn first_provider(book: &Wiring) -> &str {
    book.providers.first().map_or("", String::as_str)
}

/// The lane of a channel or provider, made at its first use.
fn lane<'a, T>(lanes: &'a mut BTreeMap<String, Lane<T>>, config: &Config, name: &str) -> &'a mut Lane<T> {
    if !lanes.contains_key(name) {
        let limits = config.limits.get(name).copied().unwrap_or_default();
        lanes.insert(name.to_owned(), Lane::new(limits));
    }
    lanes.get_mut(name).expect("inserted just above")
}
