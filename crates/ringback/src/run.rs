//! Running the engine for a command: the clock, the randomness, the connections.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use ringback_core::BookId;
use ringback_engine::{
    Config, Wiring,
    shell::{self, Begin, Clock, Observer, Parts, Until},
};
use ringback_store::StoreError;
use tokio::{sync::watch, time::timeout};

use crate::{
    config::{self, ms},
    context::{Context, Open},
    steps, wiring,
};

/// How long the start waits to learn what a wallet holds.
const WALLET_DEADLINE: Duration = Duration::from_secs(5);

/// How often a running engine compares the ledger with the providers' statements (M4).
const STATEMENTS_EVERY_MS: u64 = 6 * 3_600_000;

/// Transitions in one commit at most.
const BATCH: usize = 2_048;

/// The clock of this process: its incarnation is random, so that no two runs compare their uptimes.
pub(crate) fn clock() -> Result<Clock> {
    Ok(Clock::start(getrandom::u64().context("the system gives no random numbers")?))
}

/// Random bits for references and jitter.
pub(crate) fn random() -> Box<dyn FnMut() -> u128 + Send> {
    Box::new(|| {
        let half = || u128::from(getrandom::u64().expect("the system's random source was asked before and answered"));
        half() << 64 | half()
    })
}

/// A run of the engine for one command.
pub(crate) struct Run {
    pub(crate) begin: Begin,
    pub(crate) until: Until,
    pub(crate) observer: Observer,
}

/// Runs the engine until its end, or until the person or the system stops it.
pub(crate) async fn engine(context: &Context, open: &Open, run: Run) -> Result<()> {
    let observer = run.observer;
    let parts = parts(
        context,
        open,
        Arc::new(move |report| {
            steps::trace(report);
            observer(report);
        }),
    )?;
    if matches!(run.begin, Begin::Recover(_) | Begin::Sweep) {
        warn_of_wallets(context, &parts).await;
    }
    let config = config(context, open.book, &parts);
    shell::run(config, parts, clock()?, random(), run.begin, run.until, stop_signal()).await?;
    Ok(())
}

/// Says early which wallet does not even hold the money of one recovery; the caps and the provider decide later.
async fn warn_of_wallets(context: &Context, parts: &Parts) {
    let need = context.settings.caps.per_recovery;
    for name in &context.settings.book.providers {
        let Some(provider) = parts.providers.get(name) else { continue };
        match timeout(WALLET_DEADLINE, provider.balance()).await {
            Ok(Ok(held)) if held.currency() == need.currency() && held.minor() >= need.minor() => {}
            Ok(Ok(held)) => eprintln!(
                "! the wallet at {name} holds {held}; one recovery may cost {need} (caps.per_recovery): fill it"
            ),
            Ok(Err(error)) => eprintln!("! the wallet at {name} cannot be read: {error}"),
            Err(_) => eprintln!("! the wallet at {name} cannot be read: no answer in time"),
        }
    }
}

/// Everything that the configuration names.
pub(crate) fn parts(context: &Context, open: &Open, observer: Observer) -> Result<Parts> {
    let settings = &context.settings;
    Ok(Parts {
        store: open.store.clone(),
        channels: wiring::channels(settings, &context.path)?,
        guards: wiring::guards(settings, &context.path)?,
        providers: wiring::providers(settings)?,
        desks: wiring::desks(settings, &context.path)?,
        catalogue: Arc::new(wiring::catalogue(settings, &context.path)?),
        observer,
        budgets: wiring::budgets(settings),
        deadline: Duration::from_millis(settings.timing.deadline_ms()),
    })
}

fn config(context: &Context, book: BookId, parts: &Parts) -> Config {
    let settings = &context.settings;
    let final_after_ms = parts.providers.values().map(|provider| provider.capabilities().not_found_final_after_ms);
    let config::Book { channel, cool_down, providers, .. } = &settings.book;
    let route = settings.route(channel).expect("the configuration was checked");
    let cool_down_ms = cool_down.map_or(0, |time| i64::try_from(ms(time)).unwrap_or(i64::MAX));
    let wiring =
        Wiring { routes: settings.routes(), cool_down_ms, ..Wiring::new(settings.policy(), route, providers.clone()) };
    Config {
        books: BTreeMap::from([(book, wiring)]),
        limits: wiring::limits(settings, &context.path),
        batch: BATCH,
        claim_poll_ms: settings.timing.claim_poll_ms(),
        check_every_ms: Some(settings.book.check_every_ms()),
        statements_every_ms: Some(STATEMENTS_EVERY_MS),
        statements_final_after_ms: final_after_ms.max().unwrap_or_default(),
    }
}

/// Who carried requests out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carried {
    /// An engine for this moment: what is due next waits for another command.
    Here,
    /// They wait for the engine that runs.
    ByTheRunningEngine,
}

impl Carried {
    /// Who goes on from here.
    pub(crate) fn next(self) -> &'static str {
        match self {
            Self::Here => "`ringback recover` goes on",
            Self::ByTheRunningEngine => "the engine that is running goes on",
        }
    }
}

/// Has the waiting requests carried out: by the engine that runs, else by one for this moment.
pub(crate) async fn carry_out_requests(context: &Context) -> Result<Carried> {
    let open = match context.open_as_engine("a moment's request").await {
        Ok(open) => open,
        Err(error) if is_held(&error) => return Ok(Carried::ByTheRunningEngine),
        Err(error) => return Err(error),
    };
    let observer: Observer = Arc::new(if context.json { steps::print_trouble } else { steps::print });
    engine(context, &open, Run { begin: Begin::Requests, until: Until::Committed, observer }).await?;
    Ok(Carried::Here)
}

/// Whether an engine runs on the database already.
pub(crate) fn is_held(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StoreError>().is_some_and(StoreError::is_held)
}

/// Turns true on Ctrl-C or SIGTERM.
pub(crate) fn stop_signal() -> watch::Receiver<bool> {
    let (tx, rx) = watch::channel(false);
    tokio::spawn(async move {
        let terminated = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signal) => drop(signal.recv().await),
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated => {}
        }
        // The receiver is gone when the engine has already returned.
        tx.send(true).unwrap_or_default();
    });
    rx
}
