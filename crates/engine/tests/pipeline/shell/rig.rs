//! One shell, its database and its outside.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use ringback_core::{
    LineId, Mode, Policy,
    policy::Timing,
    recovery::{Event, Notice},
};
use ringback_engine::{
    Config,
    shell::{self, Begin, Clock, Observer, Parts, Report, Until},
};
use ringback_providers::catalogue::Catalogue;
use ringback_store::{Request, Store, StoreError};
use tokio::{runtime::Builder, sync::watch, time::timeout};

use super::{
    bridge::Bridge,
    outside::{GUARD, Outside},
};
use crate::world::{CHANNEL, Db, PROVIDER, Random, config, policy};

/// How long a call may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A run that takes longer never ends.
const LONGEST_RUN: Duration = Duration::from_hours(3);

/// What was reported.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) stepped: Vec<(LineId, Event)>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) troubles: Vec<String>,
    /// How many references agreed, and how many differ, at each comparison.
    pub(crate) reconciled: Vec<(usize, usize)>,
}

pub(crate) struct Rig {
    pub(crate) store: Arc<Bridge>,
    pub(crate) outside: Arc<Outside>,
    pub(crate) told: Arc<Mutex<Told>>,
    pub(crate) config: Config,
    pub(crate) budgets: BTreeMap<String, u32>,
    pub(crate) stop: watch::Sender<bool>,
    /// How many runs there were: each is an incarnation of its own.
    runs: AtomicU64,
}

impl Rig {
    pub(crate) fn new(lines: usize) -> Self {
        let timing = Timing { settling_ms: 10_000, retry_ms: 5_000, ..Timing::default() };
        let policy = Policy { timing, ..policy() };
        let db = Arc::new(Db::with_lines(&policy, &vec![Some(Mode::Auto); lines]));
        // The shell has the clock of this machine, far ahead of the tests' own.
        db.wait(db.store.trust_clock(Clock::start(0).now()));
        let config = config(db.book, policy);
        let none = || AtomicU32::new(0);
        let clock_was_wrong = AtomicBool::new(false);
        let store = Arc::new(Bridge { db, failing_commits: none(), failing_switches: none(), clock_was_wrong });
        let (outside, told, stop) = (Arc::new(Outside::new()), Arc::default(), watch::channel(false).0);
        Self { store, outside, told, config, budgets: BTreeMap::new(), stop, runs: AtomicU64::new(0) }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.store.db
    }

    pub(crate) fn post(&self, requests: &[Request]) {
        self.db().wait(self.db().store.post(requests));
    }

    pub(crate) fn requests(&self) -> usize {
        self.db().wait(self.db().store.requests(&[self.db().book], 0, 100)).len()
    }

    /// Runs the shell to its end.
    pub(crate) fn run(&self, begin: Begin, until: Until) {
        self.run_with(begin, until, async {}).unwrap();
    }

    /// Runs the shell to its end while something else happens. Time passes whenever everybody waits.
    pub(crate) fn run_with(
        &self,
        begin: Begin,
        until: Until,
        meanwhile: impl Future<Output = ()>,
    ) -> Result<(), StoreError> {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let run = self.runs.fetch_add(1, Ordering::SeqCst);
        let mut random = Random::seeded(run);
        let random = Box::new(move || random.bits());
        runtime.block_on(async {
            let (config, stop) = (self.config.clone(), self.stop.subscribe());
            let shell = shell::run(config, self.parts(), Clock::start(run), random, begin, until, stop);
            let (ended, ()) = tokio::join!(timeout(LONGEST_RUN, shell), meanwhile);
            ended.expect("the run ends")
        })
    }

    fn parts(&self) -> Parts {
        let outside = &self.outside;
        Parts {
            store: self.store.clone(),
            channels: BTreeMap::from([(CHANNEL.into(), outside.clone() as _)]),
            guards: BTreeMap::from([(GUARD.into(), self.outside.clone() as _)]),
            providers: BTreeMap::from([(PROVIDER.into(), outside.clone() as _)]),
            desks: BTreeMap::from([("desk".into(), outside.clone() as _)]),
            catalogue: Arc::new(Catalogue::default()),
            observer: self.observer(),
            budgets: self.budgets.clone(),
            deadline: DEADLINE,
        }
    }

    fn observer(&self) -> Observer {
        let told = self.told.clone();
        Arc::new(move |report| {
            let mut told = told.lock().unwrap();
            match report {
                Report::Stepped(line, event) => told.stepped.push((line.id, event.clone())),
                Report::Notice(_, notice) => told.notices.push(notice.clone()),
                Report::Trouble(text) => told.troubles.push(text.clone()),
                Report::Reconciled(_, found) => told.reconciled.push((found.agreed, found.differences.len())),
            }
        })
    }
}
