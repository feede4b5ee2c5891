//! Channel, provider and desk in this process; each call may be one that never answers.

use std::{
    future::pending,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use jiff::civil::Date;
use ringback_core::{Amount, Answer, Claim, DeskReply, Msisdn, Offer, Order, Reply};
use ringback_network::{
    Capabilities as Sees, Channel, Signal,
    http::{Guard, Recycled},
};
use ringback_providers::{Capabilities, ClaimDesk, Connector, ProviderError, StatementRow};

use tokio::sync::Notify;

use super::bridge::falls;
use crate::world::{CHANNEL, Desk, Network, PROVIDER, Provider, cny, number, terms};

/// The guard of the tests.
pub(crate) const GUARD: &str = "recycling";

/// Everything outside of the process; one type for all three roles.
pub(crate) struct Outside {
    pub(crate) network: Mutex<Network>,
    pub(crate) provider: Mutex<Provider>,
    pub(crate) desk: Mutex<Desk>,
    /// How many calls of each kind never answer.
    pub(crate) silent_queries: AtomicU32,
    pub(crate) silent_offers: AtomicU32,
    pub(crate) silent_submissions: AtomicU32,
    pub(crate) silent_desks: AtomicU32,
    pub(crate) silent_statements: AtomicU32,
    pub(crate) failing_statements: AtomicU32,
    /// Announces a payment to the first line.
    pub(crate) announce: Notify,
    /// How many lines were asked about.
    pub(crate) asked: AtomicU32,
    /// What the guard was asked, and what it says.
    pub(crate) guarded: Mutex<Vec<(Msisdn, Date)>>,
    pub(crate) recycled: Mutex<Recycled>,
    sees: Sees,
    pub(crate) can: Capabilities,
}

impl Outside {
    pub(crate) fn new() -> Self {
        let none = || AtomicU32::new(0);
        Self {
            network: Mutex::default(),
            provider: Mutex::default(),
            desk: Mutex::default(),
            silent_queries: none(),
            silent_offers: none(),
            silent_submissions: none(),
            silent_desks: none(),
            silent_statements: none(),
            failing_statements: none(),
            announce: Notify::new(),
            asked: none(),
            guarded: Mutex::default(),
            recycled: Mutex::new(Recycled::No),
            sees: Sees {
                ranges: vec!["86".into()],
                sees_restriction: true,
                sees_reachability: false,
                batch: 4,
                cost: String::new(),
            },
            can: Capabilities {
                currency: cny(0).currency(),
                inquiry_by_reference: true,
                min_gap_ms: 0,
                not_found_final_after_ms: 10_000,
                inquiry_spacing_ms: 5_000,
                max_fee: None,
            },
        }
    }

    pub(crate) fn provider(&self) -> MutexGuard<'_, Provider> {
        self.provider.lock().unwrap()
    }

    pub(crate) fn network(&self) -> MutexGuard<'_, Network> {
        self.network.lock().unwrap()
    }
}

/// A call that a test chose never ends.
async fn unless_silent(count: &AtomicU32) {
    if falls(count) {
        pending::<()>().await;
    }
}

#[async_trait]
impl Channel for Outside {
    fn name(&self) -> &str {
        CHANNEL
    }

    fn capabilities(&self) -> &Sees {
        &self.sees
    }

    async fn query(&self, lines: &[Msisdn]) -> Vec<Answer> {
        unless_silent(&self.silent_queries).await;
        self.asked.fetch_add(u32::try_from(lines.len()).unwrap(), Ordering::SeqCst);
        let provider = self.provider();
        lines.iter().map(|line| self.network().answer(*line, provider.received(*line))).collect()
    }

    async fn next_signal(&self) -> Signal {
        self.announce.notified().await;
        Signal { msisdn: number(1) }
    }
}

/// It has the date of the enrolment, and says what the test chose.
#[async_trait]
impl Guard for Outside {
    fn name(&self) -> &'static str {
        GUARD
    }

    async fn was_recycled(&self, line: Msisdn, since: Date) -> Recycled {
        self.guarded.lock().unwrap().push((line, since));
        self.recycled.lock().unwrap().clone()
    }
}

#[async_trait]
impl Connector for Outside {
    fn name(&self) -> &str {
        PROVIDER
    }

    fn capabilities(&self) -> &Capabilities {
        &self.can
    }

    async fn offer(&self, _: Msisdn) -> Result<Offer, ProviderError> {
        unless_silent(&self.silent_offers).await;
        Ok(terms(PROVIDER).offer)
    }

    async fn submit(&self, order: &Order) -> Reply {
        let reply = self.provider().submit(order);
        unless_silent(&self.silent_submissions).await;
        reply
    }

    async fn inquire(&self, order: &Order) -> Reply {
        self.provider().inquire(order)
    }

    async fn balance(&self) -> Result<Amount, ProviderError> {
        unreachable!("the shell does not ask what the wallet holds")
    }

    async fn statement(&self, _: i64) -> Result<Vec<StatementRow>, ProviderError> {
        unless_silent(&self.silent_statements).await;
        if falls(&self.failing_statements) {
            return Err(ProviderError::Unavailable { provider: PROVIDER.into(), detail: "503".into() });
        }
        Ok(self.provider().statement())
    }
}

#[async_trait]
impl ClaimDesk for Outside {
    fn name(&self) -> &'static str {
        "desk"
    }

    async fn request(&self, claim: &Claim) -> DeskReply {
        unless_silent(&self.silent_desks).await;
        self.desk.lock().unwrap().ask(claim)
    }

    async fn inquire(&self, claim: &Claim) -> DeskReply {
        self.desk.lock().unwrap().ask(claim)
    }
}
