//! The tokio shell around the engine: it has the clock, the sockets and the tasks, and no rule.

mod perform;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub use perform::{compare, terms_of};
use ringback_core::{
    BookId, Incarnation, Line, LineId, Now,
    admit::Switches,
    recovery::{Event, Notice},
};
use ringback_network::{Channel, http::Guard};
use ringback_providers::{ClaimDesk, Connector, catalogue::Catalogue};
use ringback_store::{Ask, ClaimFilter, Filter, Request, Store, StoreError};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{Config, Engine, Input, Output, reconcile};

/// How often requests and switches of other processes are looked at (N3: within one second).
const POLL: Duration = Duration::from_millis(250);

/// Lines in one page of a sweep or of the start.
const PAGE: u32 = 1_000;

/// Everything that the engine talks to.
#[derive(Clone)]
pub struct Parts {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The status channels by name.
    pub channels: BTreeMap<String, Arc<dyn Channel>>,
    /// Who knows of numbers that were given to somebody else, by name.
    pub guards: BTreeMap<String, Arc<dyn Guard>>,
    /// The providers by name.
    pub providers: BTreeMap<String, Arc<dyn Connector>>,
    /// The claim desks by name.
    pub desks: BTreeMap<String, Arc<dyn ClaimDesk>>,
    /// Plan amounts that complete what providers offer.
    pub catalogue: Arc<Catalogue>,
    /// Who is told what happens.
    pub observer: Observer,
    /// How often each channel may be asked in a day; without a limit where there is none.
    pub budgets: BTreeMap<String, u32>,
    /// How long a call may take before it counts as unanswered.
    pub deadline: Duration,
}

/// Who is told what happens; called from the engine's task, so it must not block.
pub type Observer = Arc<dyn Fn(&Report) + Send + Sync>;

/// What is told.
#[derive(Debug)]
pub enum Report {
    /// A transition was committed.
    Stepped(Arc<Line>, Event),
    /// A person should know.
    Notice(Arc<Line>, Notice),
    /// Something did not work; it is tried again.
    Trouble(String),
    /// The ledger was compared with a provider's statement.
    Reconciled(String, reconcile::Reconciled),
}

/// When the shell returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When it is told to stop.
    Stopped,
    /// When nothing moves any more and the statements agree; with `claims`, when the desks have answered as well.
    AtRest {
        /// Whether to wait for claim desks.
        claims: bool,
    },
    /// When every request that waited is durable.
    Committed,
}

/// What is to be done first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Go on with what is open, and query these lines.
    Recover(Filter),
    /// Go on with what is open, and sweep over all enrolled lines, now and by the timer.
    Sweep,
    /// Only query these lines.
    Look(Filter),
    /// Only carry out the requests that wait.
    Requests,
}

/// The clock of one run.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    incarnation: Incarnation,
    started: Instant,
}

impl Clock {
    /// Starts the uptime of a new incarnation; `random` must never repeat.
    pub fn start(random: u64) -> Self {
        Self { incarnation: Incarnation(random), started: Instant::now() }
    }

    /// The time now.
    pub fn now(&self) -> Now {
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Now {
            wall_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            incarnation: self.incarnation,
        }
    }
}

/// Runs the engine until the end that was asked for, or until `stop` turns true.
pub async fn run(
    config: Config,
    parts: Parts,
    clock: Clock,
    random: Box<dyn FnMut() -> u128 + Send>,
    begin: Begin,
    until: Until,
    stop: watch::Receiver<bool>,
) -> Result<(), StoreError> {
    let (tx, rx) = mpsc::unbounded_channel();
    let books = config.books.keys().copied().collect();
    // What only looks, or only takes requests, begins nothing by itself.
    let look = matches!(begin, Begin::Look(_) | Begin::Requests);
    let mut engine = Engine::new(config, random);
    if look {
        engine.only_look();
    }
    let mut shell = Shell { engine, parts, clock, tx, stop, books, last_request: 0, compared: look, failing: false };
    match &begin {
        Begin::Recover(filter) => {
            shell.resume().await?;
            shell.check(filter).await?;
        }
        Begin::Sweep => {
            shell.resume().await?;
            shell.engine.start_sweeping();
        }
        Begin::Look(filter) => shell.check(filter).await?,
        Begin::Requests => {}
    }
    shell.poll().await?;
    let mut listening = JoinSet::new();
    for channel in shell.parts.channels.values() {
        listening.spawn(perform::listen(shell.parts.clone(), channel.clone(), shell.books.clone(), shell.tx.clone()));
    }
    shell.run(rx, until).await
}

struct Shell {
    engine: Engine,
    parts: Parts,
    clock: Clock,
    tx: mpsc::UnboundedSender<Input>,
    stop: watch::Receiver<bool>,
    books: Vec<BookId>,
    last_request: i64,
    /// Whether the statements were asked for since anything was asked of the engine.
    compared: bool,
    /// Whether the database did not answer the last time; then nothing is over.
    failing: bool,
}

impl Shell {
    /// Crash recovery: whatever was open goes on from its durable state (L4), and the statements tell what became of
    /// it meanwhile.
    async fn resume(&mut self) -> Result<(), StoreError> {
        self.send(Input::Fenced(self.parts.store.fenced(&self.books).await?));
        self.engine.reconcile();
        let open = Filter { open: true, books: Some(self.books.clone()), ..Filter::default() };
        let mut after = LineId(0);
        loop {
            let lines = self.parts.store.lines(&open, after, PAGE).await?;
            let Some(last) = lines.last() else { break };
            after = last.id;
            self.send(Input::Lines(lines));
        }
        let claims = self.parts.store.claims(ClaimFilter::Open(self.books.clone())).await?;
        self.send(Input::Claims(claims));
        Ok(())
    }

    async fn check(&mut self, filter: &Filter) -> Result<(), StoreError> {
        let mut after = LineId(0);
        loop {
            let lines = self.parts.store.lines(filter, after, PAGE).await?;
            let Some(last) = lines.last() else { return Ok(()) };
            after = last.id;
            self.send(Input::Check(lines));
        }
    }

    async fn run(mut self, mut rx: mpsc::UnboundedReceiver<Input>, until: Until) -> Result<(), StoreError> {
        let mut inputs = Vec::new();
        let mut next_poll = Instant::now() + POLL;
        loop {
            let wake = self.wake(next_poll);
            tokio::select! {
                _ = rx.recv_many(&mut inputs, 4096) => {}
                () = sleep_until(wake) => inputs.push(Input::Tick),
                _ = self.stop.wait_for(|stop| *stop) => return Ok(()),
            }
            let outputs = self.engine.handle(self.clock.now(), inputs.drain(..));
            for output in outputs {
                self.perform(output);
            }
            if Instant::now() >= next_poll {
                self.look().await;
                next_poll = Instant::now() + POLL;
            }
            if rx.is_empty() && !self.failing && self.is_over(until).await {
                return Ok(());
            }
        }
    }

    /// Whether the end that was asked for is reached; the statements are compared before.
    async fn is_over(&mut self, until: Until) -> bool {
        let claims = match until {
            Until::Stopped => return false,
            Until::Committed => return self.engine.is_committed() && self.is_done().await,
            Until::AtRest { claims } => claims,
        };
        let answers = |desk: &str| self.parts.desks.get(desk).is_none_or(|desk| !desk.is_by_hand());
        let rests = self.engine.is_at_rest() && self.engine.is_reconciled();
        if !rests || (claims && self.engine.open_claims(answers) > 0) {
            return false;
        }
        if self.compared {
            return self.is_done().await;
        }
        self.compared = true;
        self.engine.reconcile();
        self.send(Input::Tick);
        false
    }

    /// Whether nothing more was asked for, and everything that was is durable.
    async fn is_done(&mut self) -> bool {
        let last = self.last_request;
        self.look().await;
        !self.failing && self.last_request == last && self.engine.is_committed()
    }

    /// Polls; a database that does not answer stops spending until it does, and nothing else (S2, N3).
    async fn look(&mut self) {
        let polled = self.poll().await;
        self.failing = polled.is_err();
        if let Err(error) = polled {
            self.report(&Report::Trouble(error.to_string()));
            self.send(Input::Switches(Switches { frozen: true, ..Switches::default() }));
        }
    }

    /// Takes the switches, and what other processes asked for; a batch that carries a request out forgets it.
    async fn poll(&mut self) -> Result<(), StoreError> {
        self.send(Input::Switches(self.parts.store.switches().await?));
        for (id, request) in self.parts.store.requests(&self.books, self.last_request, PAGE).await? {
            self.hand(id, request).await?;
            (self.last_request, self.compared) = (id, false);
        }
        Ok(())
    }

    async fn hand(&self, id: i64, request: Request) -> Result<(), StoreError> {
        match request.ask {
            Ask::Query => {
                self.send(Input::Check(self.parts.store.lines_by_id(&[request.line]).await?));
                self.send(Input::Done(id));
            }
            Ask::Event(event) => self.send(Input::Event(request.line, event, Some(id))),
            Ask::Claim(reference, event) => {
                let claims = self.parts.store.claims(ClaimFilter::Of(reference.clone())).await?;
                self.send(Input::Claims(claims));
                self.send(Input::ClaimEvent(reference, event));
                self.send(Input::Done(id));
            }
        }
        Ok(())
    }

    fn wake(&self, next_poll: Instant) -> Instant {
        let now = self.clock.now();
        let timer = self.engine.next_wake_ms(now).map(|at_ms| {
            let wait_ms = at_ms.saturating_sub(now.uptime_ms).max(1);
            Instant::now() + Duration::from_millis(wait_ms)
        });
        timer.map_or(next_poll, |at| at.min(next_poll))
    }

    fn send(&self, input: Input) {
        // The receiver lives as long as the loop that reads it.
        drop(self.tx.send(input));
    }

    fn report(&self, report: &Report) {
        (self.parts.observer)(report);
    }
}

impl Shell {
    fn perform(&self, output: Output) {
        match output {
            Output::Stepped(line, event) => self.report(&Report::Stepped(line, event)),
            Output::Notice(line, notice) => self.report(&Report::Notice(line, notice)),
            Output::Trouble(text) => self.report(&Report::Trouble(text)),
            other => perform::spawn(self.parts.clone(), self.clock.now(), other, self.tx.clone()),
        }
    }
}
