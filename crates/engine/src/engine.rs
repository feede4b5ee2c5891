//! The engine, sans-I/O: inputs in, outputs out, the clock and the randomness given from outside.

mod commit;
mod dispatch;
mod fence;
mod lines;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use ringback_core::{
    Answer, BookId, Claim, DeskReply, Line, LineId, Now, Order, Reply, TopUpRef,
    admit::Switches,
    claim,
    fence::Fence,
    line::{Phase, State, Terms},
    mutant,
    recovery::{Event, Notice, Via},
    route::Heard,
};
use ringback_store::{Batch, Committed, StoreError};

pub use self::fence::Comparison;
use crate::{
    claims::Claims,
    config::Config,
    lane::{Lane, Lanes},
    statements::Statements,
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
    /// The answer to [`Output::Prepare`]: the order may leave, once it is checked again.
    Prepared(LineId),
    /// The answer to [`Output::Submit`] or [`Output::Inquire`].
    Replied(LineId, Reply),
    /// An event from a person or a signal, with the number of the request that asks for it.
    Event(LineId, Event, Option<i64>),
    /// What a provider's statement says that the ledger does not (P7, P12); or why it could not be read.
    Statement(String, Result<Vec<(LineId, Event)>, String>),
    /// Claims that are open.
    Claims(Vec<Claim>),
    /// The answer to [`Output::Claims`]: every claim that is open.
    OpenClaims(Vec<Claim>),
    /// The answer to [`Output::Desk`].
    Desk(TopUpRef, DeskReply),
    /// A person recorded something about a claim.
    ClaimEvent(TopUpRef, claim::Event),
    /// This request is carried out as soon as the next batch is committed.
    Done(i64),
    /// The switches, as another process may have set them.
    Switches(Switches),
    /// Since when the ledger may lack what was paid (S3), in milliseconds of the wall clock: said once, at the start.
    /// Nothing is the answer to [`Output::Unfence`], once it is durable.
    Fenced(Option<i64>),
    /// The fault of [`Output::ClockFault`] is stored: from here on the stored switches say whether it holds.
    FaultStored,
    /// Time has passed.
    Tick,
}

/// What the engine wants done.
#[derive(Debug)]
pub enum Output {
    /// Load these lines; the answer is [`Input::Lines`].
    Load(Vec<LineId>),
    /// Load enrolled lines of these books after this one; the answer is [`Input::Page`].
    Page(Vec<BookId>, LineId),
    /// Load the open claims of these books; the answer is [`Input::OpenClaims`].
    Claims(Vec<BookId>),
    /// Commit; the answer is [`Input::Committed`].
    Commit(Batch),
    /// Ask a channel about lines; the answer is [`Input::Answers`].
    Query(String, Vec<Arc<Line>>),
    /// Ask the book's providers what can be paid; the answer is [`Input::Offers`].
    Offers(Arc<Line>, Vec<String>),
    /// Have a provider ready for an order; the answer is [`Input::Prepared`].
    Prepare(LineId, String),
    /// Send an order, once; the answer is [`Input::Replied`].
    Submit(LineId, Order),
    /// Ask what became of an order; the answer is [`Input::Replied`].
    Inquire(LineId, Order),
    /// Compare the ledger with a provider's statement; the answer is [`Input::Statement`].
    Statement(Comparison),
    /// Open the fence of these books durably; the answer is [`Input::Fenced`].
    Unfence(Vec<BookId>),
    /// Ask a desk about a claim; the answer is [`Input::Desk`].
    Desk(Claim),
    /// Freeze spending: the clock cannot be trusted (S2). The answer is [`Input::FaultStored`], once that is so.
    ClockFault,
    /// Tell people; nothing is answered.
    Notice(Arc<Line>, Notice),
    /// A transition was committed; nothing is answered.
    Stepped(Arc<Line>, Event),
    /// An event was rejected or a commit failed; nothing is answered.
    Trouble(String),
}

/// A forward jump of the wall clock against the uptime that stops spending (C3, S2). Uptime stands still while a
/// laptop sleeps, so a week is allowed.
const CLOCK_JUMP_MS: i64 = 7 * 86_400_000;

/// How far back a provider's statement is compared.
const STATEMENT_MS: i64 = 31 * 86_400_000;

/// Calls to providers in one lane.
#[derive(Debug)]
enum Call {
    Offers(LineId),
    Submit(LineId),
    Inquire(LineId, Order),
}

/// What is out for a line.
#[derive(Debug)]
enum Busy {
    /// In a lane or at a channel.
    Query(Question),
    /// In a lane or with the book's providers.
    Offers,
    /// A committed order that has not left yet: in a lane, or while its provider gets ready.
    Waiting(Order),
    /// An order is with its provider: sent, or asked about.
    Order { reference: TopUpRef, provider: String, via: Via },
}

/// A question about a line's state: all that its channels say is one read.
#[derive(Debug)]
struct Question {
    /// When it left for the first channel.
    issued: Now,
    /// How many outcomes were known by then.
    outcomes: u32,
    /// Who is asked now.
    place: usize,
    /// What the channels before said.
    heard: Vec<Heard>,
}

/// An event, and the request that asked for it.
#[derive(Debug)]
struct Asked {
    event: Event,
    request: Option<i64>,
}

/// A line that the engine works on.
#[derive(Debug)]
struct Tracked {
    /// Shared with whoever is told of it, since each transition makes a new one.
    line: Arc<Line>,
    inbox: VecDeque<Asked>,
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
    expected: BTreeMap<LineId, Vec<Asked>>,
    /// Lines to be loaded with the outputs of this turn.
    missing: Vec<LineId>,
    /// Lines whose inbox is not empty.
    ready: VecDeque<LineId>,
    /// Lines whose order waits for a switch to be released.
    held: BTreeSet<LineId>,
    /// Requests that the next batch carries out.
    done: Vec<i64>,
    timers: Timers,
    channels: Lanes<LineId>,
    providers: Lanes<Call>,
    desks: Lanes<TopUpRef>,
    claims: Claims,
    statements: Statements,
    switches: Switches,
    /// Stands until the ledger is reconciled (S3).
    fence: Option<Fence>,
    /// A clock fault was seen here and is not stored yet.
    fault_raised: bool,
    commits: commit::Commits,
    sweep: lines::Sweep,
    /// Only look: events and answers are taken, and nothing is begun by itself.
    look: bool,
    clock: Option<Now>,
    out: Vec<Output>,
}

impl Engine {
    /// An engine. `random` gives 128 fresh bits for each reference and for jitter.
    pub fn new(config: Config, random: Box<dyn FnMut() -> u128 + Send>) -> Self {
        Self {
            tracked: BTreeMap::new(),
            expected: BTreeMap::new(),
            missing: Vec::new(),
            ready: VecDeque::new(),
            held: BTreeSet::new(),
            done: Vec::new(),
            timers: Timers::default(),
            channels: Lanes::default(),
            providers: Lanes::default(),
            desks: Lanes::default(),
            claims: Claims::default(),
            statements: Statements::new(config.statements_every_ms),
            switches: Switches::default(),
            fence: None,
            fault_raised: false,
            commits: commit::Commits::default(),
            sweep: lines::Sweep::Off,
            look: false,
            clock: None,
            out: Vec::new(),
            config,
            random,
        }
    }

    /// Begins to sweep over all enrolled lines now, and then by the timer (S101).
    pub fn start_sweeping(&mut self) {
        self.sweep = lines::Sweep::At(0);
    }

    /// From here on it only looks: events are taken and lines are queried, but nothing is begun by itself.
    pub fn only_look(&mut self) {
        self.look = true;
    }

    /// Has the ledger compared with every provider's statement with the next turn (M4), and then by the timer.
    pub fn reconcile(&mut self) {
        self.statements.begin();
    }

    /// Takes what has come in and returns what is to be done.
    pub fn handle(&mut self, now: Now, inputs: impl IntoIterator<Item = Input>) -> Vec<Output> {
        self.watch_clock(now);
        inputs.into_iter().for_each(|input| self.take(now, input));
        self.fire_timers(now);
        self.sweep(now);
        self.commit(now);
        self.pump(now);
        if !self.missing.is_empty() {
            self.out.push(Output::Load(std::mem::take(&mut self.missing)));
        }
        std::mem::take(&mut self.out)
    }

    /// When [`Input::Tick`] is wanted at the latest, in milliseconds of uptime.
    pub fn next_wake_ms(&self, now: Now) -> Option<u64> {
        let lanes = [self.channels.next_ms(now), self.providers.next_ms(now), self.desks.next_ms(now)];
        let sweep = match self.sweep {
            lines::Sweep::At(at_ms) => Some(at_ms),
            _ => None,
        };
        let retry = self.has_changes().then(|| self.commits.next_ms()).flatten();
        let timers = [self.timers.next_ms(), self.claims.next_ms(), self.statements.next_ms(), sweep, retry];
        lanes.into_iter().chain(timers).flatten().min()
    }

    /// Whether nothing moves: no call is out, nothing waits to be committed, and every open recovery waits for a
    /// person, if only for the one who stopped all spending.
    pub fn is_at_rest(&self) -> bool {
        let stopped = self.binding().stop();
        let waits = |tracked: &Tracked| match &tracked.line.state {
            State::Open(recovery) => match recovery.phase {
                Phase::Approval | Phase::Owed { .. } => true,
                Phase::Ready { .. } => stopped,
                _ => false,
            },
            _ => true,
        };
        self.is_committed()
            && self.channels.is_idle()
            && self.providers.is_idle()
            && self.tracked.values().all(|t| t.busy.is_none() && !t.check && (self.look || waits(t)))
    }

    /// Whether every event that came in is durable.
    pub fn is_committed(&self) -> bool {
        !self.commits.is_out() && !self.has_changes() && self.expected.is_empty()
    }

    /// Whether every statement that was asked for was compared and no fence stands any more, or a statement could not be
    /// read for too long.
    pub fn is_reconciled(&self) -> bool {
        self.statements.are_done() && (self.fence.is_none() || self.statements.are_given_up())
    }

    /// How many claims wait for a desk for which `counts` holds.
    pub fn open_claims(&self, counts: impl Fn(&str) -> bool) -> usize {
        self.claims.open(counts)
    }

    fn has_changes(&self) -> bool {
        !self.ready.is_empty() || self.claims.has_changes() || !self.done.is_empty()
    }

    fn take(&mut self, now: Now, input: Input) {
        match input {
            Input::Lines(lines) => lines.into_iter().for_each(|line| self.loaded(now, line)),
            Input::Check(lines) => self.check(now, lines),
            Input::Page(lines) => self.page(now, lines),
            Input::Committed(batch, result) => self.committed(now, batch, result),
            Input::Answers(channel, answers) => self.answered(now, &channel, answers),
            Input::Offers(line, offers) => self.offered(line, offers),
            Input::Prepared(line) => self.prepared(now, line),
            Input::Replied(line, reply) => self.replied(line, reply),
            Input::Event(line, event, request) => self.deliver_asked(line, Asked { event, request }),
            Input::Statement(provider, found) => self.reconciled(now, &provider, found),
            Input::OpenClaims(claims) => self.claims.track_all(claims, now.uptime_ms),
            Input::Claims(claims) => claims.into_iter().for_each(|claim| self.claims.track(claim, now.uptime_ms)),
            Input::Desk(reference, reply) => self.desk_answered(now, &reference, reply),
            Input::ClaimEvent(reference, event) => self.claims.happened(&reference, event),
            Input::Done(request) => self.done.push(request),
            Input::Switches(_) if mutant!("the kill switch is not looked at") => {}
            Input::Switches(switches) => self.switch(now, switches),
            Input::Fenced(since_ms) => self.fenced(now, since_ms),
            Input::FaultStored => self.fault_stored(true),
            Input::Tick => {}
        }
    }

    fn fire_timers(&mut self, now: Now) {
        while let Some(id) = self.timers.pop(now.uptime_ms) {
            self.settle(now, id);
        }
        for (desk, reference) in self.claims.due(now.uptime_ms) {
            self.desks.of(&self.config, &desk).push(reference);
        }
        for provider in self.statements.due(now.uptime_ms, &self.config) {
            self.out.push(Output::Statement(self.comparison(now, provider)));
        }
    }

    fn desk_answered(&mut self, now: Now, reference: &TopUpRef, reply: DeskReply) {
        let desk = self.claims.answered(reference, reply, now.uptime_ms, self.config.claim_poll_ms);
        if let Some(lane) = desk.and_then(|desk| self.desks.get_mut(&desk)) {
            lane.finish();
        }
    }

    fn reconciled(&mut self, now: Now, provider: &str, found: Result<Vec<(LineId, Event)>, String>) {
        self.statements.read(provider, found.is_ok(), now.uptime_ms);
        match found {
            Ok(events) => {
                self.compared(provider, &events);
                for (line, event) in events {
                    self.deliver(line, event);
                }
            }
            Err(reason) => self.out.push(Output::Trouble(reason)),
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

    /// A clock fault that is stored holds no longer here: from then on the stored switches say whether it does.
    fn fault_stored(&mut self, stored: bool) {
        self.fault_raised &= !stored || mutant!("a clock fault that was stored holds for ever");
    }

    /// Takes the stored switches; a clock fault holds until it is stored, and then until it is cleared there.
    fn switch(&mut self, now: Now, stored: Switches) {
        self.fault_stored(stored.clock_fault);
        self.switches = Switches { clock_fault: stored.clock_fault || self.fault_raised, ..stored };
        self.release_held(now);
    }

    /// Stops what a commit saw to be stopped. It may have seen less than is known since, so it lifts nothing (N3).
    fn stop(&mut self, seen: Switches) {
        let Switches { paused, frozen, clock_fault } = self.switches;
        if seen.clock_fault && !clock_fault {
            self.out.push(Output::Trouble("the clock is not trusted; spending stops until `ringback resume`".into()));
        }
        self.switches = Switches {
            paused: seen.paused || paused,
            frozen: seen.frozen || frozen,
            clock_fault: seen.clock_fault || clock_fault,
        };
    }
}

impl From<Event> for Asked {
    fn from(event: Event) -> Self {
        Self { event, request: None }
    }
}

impl Tracked {
    /// Whether the line in memory is the one that is stored: another process, or a commit under way, may be changing it.
    fn is_known(&self) -> bool {
        !self.outdated && (!self.committing || mutant!("an order leaves while its line is being committed"))
    }
}

impl Call {
    fn line(&self) -> LineId {
        match self {
            Self::Offers(line) | Self::Submit(line) | Self::Inquire(line, _) => *line,
        }
    }
}

impl Busy {
    fn order(order: &Order, via: Via) -> Self {
        Self::Order { reference: order.reference.clone(), provider: order.provider.clone(), via }
    }

    fn is_query(&self) -> bool {
        matches!(self, Self::Query(_))
    }
}

/// A call of this lane came back, or never left.
fn finish<T>(lane: Option<&mut Lane<T>>) {
    if let Some(lane) = lane {
        lane.finish();
    }
}
