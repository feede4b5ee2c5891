//! The tokio shell around the engine: it has the clock, the sockets and the tasks, and no rule.

mod perform;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub use perform::terms_of;
use ringback_core::{
    Incarnation, Line, LineId, Now,
    admit::Switches,
    recovery::{Event, Notice},
};
use ringback_network::Channel;
use ringback_providers::{ClaimDesk, Connector, ProviderError, catalogue::Catalogue};
use ringback_store::{Ask, ClaimFilter, Filter, Request, Store, StoreError};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use crate::{Config, Engine, Input, Output, reconcile};

/// How often requests and switches of other processes are looked at (N3: within one second).
const POLL: Duration = Duration::from_millis(250);

/// Lines in one page of a sweep or of the start.
const PAGE: u32 = 1_000;

/// How far back a provider's statement is compared at the start and at the end.
const STATEMENT_MS: i64 = 31 * 86_400_000;

/// How often a statement is asked for before a run ends without it.
const MOST_READINGS: u32 = 8;

/// Everything that the engine talks to.
#[derive(Clone)]
pub struct Parts {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The status channels by name.
    pub channels: BTreeMap<String, Arc<dyn Channel>>,
    /// The providers by name.
    pub providers: BTreeMap<String, Arc<dyn Connector>>,
    /// The claim desks by name.
    pub desks: BTreeMap<String, Arc<dyn ClaimDesk>>,
    /// Plan amounts that complete what providers offer.
    pub catalogue: Arc<Catalogue>,
    /// Who is told what happens.
    pub observer: Observer,
    /// How long a call may take before it counts as unanswered.
    pub deadline: Duration,
}

/// Who is told what happens; called from the engine's task, so it must not block.
pub type Observer = Arc<dyn Fn(&Report) + Send + Sync>;

/// What is told.
#[derive(Debug)]
pub enum Report {
    /// A transition was committed.
    Stepped(Line, Event),
    /// A person should know.
    Notice(Line, Notice),
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
    let mut engine = Engine::new(config, random);
    if begin == Begin::Sweep {
        engine.start_sweeping();
    }
    let mut shell = Shell {
        engine,
        parts,
        clock,
        tx,
        stop,
        handed: Vec::new(),
        last_request: 0,
        reconciled: false,
        statements_read: 0,
    };
    match &begin {
        Begin::Recover(filter) => {
            shell.resume().await?;
            shell.check(filter).await?;
        }
        Begin::Sweep => shell.resume().await?,
        Begin::Look(filter) => shell.check(filter).await?,
        Begin::Requests => {}
    }
    shell.poll(false).await?;
    shell.run(rx, until).await
}

struct Shell {
    engine: Engine,
    parts: Parts,
    clock: Clock,
    tx: mpsc::UnboundedSender<Input>,
    stop: watch::Receiver<bool>,
    /// Requests whose events are not known to be durable yet.
    handed: Vec<i64>,
    last_request: i64,
    reconciled: bool,
    statements_read: u32,
}

impl Shell {
    /// Crash recovery: whatever was open goes on from its durable state (L4).
    async fn resume(&mut self) -> Result<(), StoreError> {
        let open = Filter { open: true, ..Filter::default() };
        let mut after = LineId(0);
        loop {
            let lines = self.parts.store.lines(&open, after, PAGE).await?;
            let Some(last) = lines.last() else { break };
            after = last.id;
            self.send(Input::Lines(lines));
        }
        let claims = self.parts.store.claims(ClaimFilter::Open).await?;
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
                self.look(rx.is_empty()).await;
                next_poll = Instant::now() + POLL;
            }
            if rx.is_empty() && self.is_over(until).await? {
                return Ok(());
            }
        }
    }

    /// Whether the end that was asked for is reached; the statements are compared before.
    async fn is_over(&mut self, until: Until) -> Result<bool, StoreError> {
        let claims = match until {
            Until::Stopped => return Ok(false),
            Until::Committed => return Ok(self.engine.is_committed() && self.store_is_done().await?),
            Until::AtRest { claims } => claims,
        };
        if !self.engine.is_at_rest() || (claims && self.engine.open_claims() > 0) {
            return Ok(false);
        }
        if self.reconciled {
            return self.store_is_done().await;
        }
        self.reconcile().await?;
        Ok(false)
    }

    async fn store_is_done(&mut self) -> Result<bool, StoreError> {
        self.poll(true).await?;
        Ok(self.handed.is_empty() && self.engine.is_committed())
    }

    /// Compares the ledger with every provider's statement (M4); late successes come back as events (P7). A statement
    /// that cannot be read is read again, a few times.
    async fn reconcile(&mut self) -> Result<(), StoreError> {
        let since_ms = self.clock.now().wall_ms - STATEMENT_MS;
        self.statements_read += 1;
        self.reconciled = true;
        for (name, provider) in self.parts.providers.clone() {
            let ours = self.parts.store.topups_since(&name, since_ms).await?;
            if ours.is_empty() {
                continue;
            }
            let statement = timeout(self.parts.deadline, provider.statement(since_ms)).await;
            match statement.unwrap_or_else(|_| Err(late(&name))) {
                Ok(theirs) => {
                    let mut found = reconcile::reconcile(&ours, &theirs);
                    for (line, event) in found.events.drain(..) {
                        self.send(Input::Event(line, event));
                    }
                    (self.parts.observer)(&Report::Reconciled(name, found));
                }
                Err(error) => {
                    (self.parts.observer)(&Report::Trouble(error.to_string()));
                    self.reconciled = self.statements_read >= MOST_READINGS;
                }
            }
        }
        Ok(())
    }

    /// Polls; a database that does not answer stops spending until it does, and nothing else (S2, N3).
    async fn look(&mut self, drained: bool) {
        if let Err(error) = self.poll(drained).await {
            self.report(&Report::Trouble(error.to_string()));
            self.send(Input::Switches(Switches { frozen: true, ..Switches::default() }));
        }
    }

    /// Takes what other processes asked for, and the switches. `drained` says that every input has reached the engine,
    /// so that requests handed over before are forgotten only once they are durable.
    async fn poll(&mut self, drained: bool) -> Result<(), StoreError> {
        self.send(Input::Switches(self.parts.store.switches().await?));
        if drained && self.engine.is_committed() && !self.handed.is_empty() {
            self.parts.store.done(&self.handed).await?;
            self.handed.clear();
        }
        let last = self.last_request;
        let requests = self.parts.store.requests(PAGE).await?;
        for (id, request) in requests.into_iter().filter(|(id, _)| *id > last) {
            (self.last_request, self.reconciled) = (id, false);
            self.handed.push(id);
            self.hand(request).await?;
        }
        Ok(())
    }

    async fn hand(&self, request: Request) -> Result<(), StoreError> {
        match request.ask {
            Ask::Query => self.send(Input::Check(self.parts.store.lines_by_id(&[request.line]).await?)),
            Ask::Event(event) => self.send(Input::Event(request.line, event)),
            Ask::Claim(reference, event) => {
                let claims = self.parts.store.claims(ClaimFilter::Of(reference.clone())).await?;
                self.send(Input::Claims(claims));
                self.send(Input::ClaimEvent(reference, event));
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

fn late(provider: &str) -> ProviderError {
    ProviderError::Unavailable { provider: provider.to_owned(), detail: "no statement in time".into() }
}

impl Shell {
    fn perform(&self, output: Output) {
        match output {
            Output::Stepped(line, event) => self.report(&Report::Stepped(line, event)),
            Output::Notice(line, notice) => self.report(&Report::Notice(line, notice)),
            Output::Trouble(text) => self.report(&Report::Trouble(text)),
            other => perform::spawn(self.parts.clone(), other, self.tx.clone()),
        }
    }
}
