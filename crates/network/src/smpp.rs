//! An SMPP 3.4 account at an SMSC, bound as a transceiver: texts go out and come in on one connection.
//!
//! The crate `rusmppc` speaks the protocol: it encodes, numbers and pairs the commands, and keeps the link alive. What is here is
//! what an account needs around it: connecting again, the window, slowing down, receipts, and long texts in pieces.

mod body;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod link;
mod pace;
mod pieces;
mod queue;
mod tls;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use link::Link;
use pace::Pace;
use queue::Queue;
use ringback_core::quote;
use rusmpp::{CommandStatus, pdus::SubmitSm};
use rusmppc::{Client, error::Error};
pub use tls::{Tls, TlsError};
use tokio::{
    sync::{Semaphore, watch},
    task::AbortHandle,
    time::timeout,
};

use crate::texts::{Heard, MessageId, Texts, TextsError};

/// An account at an SMSC.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The channel's name in the configuration; what a person has to change is named by it.
    pub name: String,
    /// The SMSC, as host:port.
    pub address: String,
    /// The account's name.
    pub system_id: String,
    /// Its password; at most eight characters.
    pub password: String,
    /// What the SMSC calls this kind of client; empty for most.
    pub system_type: String,
    /// The number that texts are sent from, where the SMSC does not set it.
    pub source: String,
    /// Whether to speak TLS, and whom to trust.
    pub tls: Option<Tls>,
    /// How many texts may wait for the SMSC's word at the same time.
    pub window: usize,
    /// How often the link is checked while nothing moves.
    pub enquire_link: Duration,
    /// How long a text waits for the link, and for the SMSC's word.
    pub response: Duration,
}

/// Texts by way of an SMSC. It connects with the first text, or the first time that somebody listens, and again for as long as
/// it lives.
pub struct Smpp {
    account: Arc<Account>,
    worker: OnceLock<Worker>,
}

/// What the connection's task and the texts share.
struct Account {
    settings: Settings,
    link: watch::Sender<Link>,
    heard: Queue,
    window: Semaphore,
    pace: Pace,
    reference: AtomicU8,
}

/// The task that keeps the connection; it ends with the account.
struct Worker(AbortHandle);

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Smpp {
    /// An account; nothing is connected yet.
    pub fn new(settings: Settings) -> Self {
        let account = Account {
            link: watch::Sender::new(Link::Down("nothing was connected yet".into())),
            heard: Queue::default(),
            window: Semaphore::new(settings.window.max(1)),
            pace: Pace::default(),
            reference: AtomicU8::new(0),
            settings,
        };
        Self { account: Arc::new(account), worker: OnceLock::new() }
    }

    fn work(&self) {
        self.worker.get_or_init(|| Worker(tokio::spawn(link::keep(Arc::clone(&self.account))).abort_handle()));
    }

    /// The account's state for a person: bound, or why not. It waits for the first connection as a text would.
    pub async fn check(&self) -> Result<(), TextsError> {
        self.work();
        self.account.client().await.map(drop)
    }
}

#[async_trait]
impl Texts for Smpp {
    async fn send(&self, to: &str, text: &str) -> Result<MessageId, TextsError> {
        self.work();
        let account = &self.account;
        let parts = body::parts(&account.settings.source, to, text, account.reference.fetch_add(1, Ordering::Relaxed))?;
        let client = account.client().await?;
        let _place = account.window.acquire().await.map_err(|_| TextsError::NotNow("the account is closed".into()))?;
        let mut first = None;
        for part in parts {
            let id = account.submit(&client, part, first.is_some()).await?;
            first.get_or_insert(id);
        }
        first.ok_or_else(|| TextsError::Refused("there is nothing to send".into()))
    }

    async fn hear(&self) -> Heard {
        self.work();
        self.account.heard.next().await
    }
}

impl Account {
    /// The bound client; waits for the connection, but no longer than for an answer.
    async fn client(&self) -> Result<Client, TextsError> {
        let mut link = self.link.subscribe();
        let settled = timeout(self.settings.response, link.wait_for(|link| !matches!(link, Link::Down(_)))).await;
        match settled {
            Ok(Ok(settled)) => settled.client(),
            _ => self.link.borrow().client(),
        }
    }

    /// Sends one part, and again more slowly for as long as the SMSC is too busy for it; the caller's deadline ends that.
    async fn submit(&self, client: &Client, part: SubmitSm, begun: bool) -> Result<MessageId, TextsError> {
        loop {
            self.pace.turn().await;
            let error = match client.submit_sm(part.clone()).await {
                Ok(taken) => {
                    self.pace.faster();
                    return Ok(MessageId(text_of(taken.message_id())));
                }
                Err(error) => error,
            };
            match &error {
                Error::UnexpectedResponse { response } if is_busy(response.status()) => self.pace.slower(),
                // Whether a part has arrived of what is refused now does not matter: a part alone is no text.
                Error::UnexpectedResponse { response } => {
                    return Err(self.refused(response.status(), &to_number(&part)));
                }
                Error::Encode(_) => return Err(TextsError::Refused("the text does not fit into a command".into())),
                _ if begun => return Err(TextsError::Unsure("the connection broke within the text".into())),
                _ => return Err(TextsError::Unsure(quote(&lost(&error)))),
            }
        }
    }

    fn refused(&self, status: CommandStatus, to: &str) -> TextsError {
        let name = &self.settings.name;
        let key = match status {
            CommandStatus::EsmeRinvdstadr => format!("; it does not know {to}: check channel.{name}.to"),
            CommandStatus::EsmeRinvsrcadr => format!("; check channel.{name}.source"),
            _ => String::new(),
        };
        TextsError::Refused(format!("the SMSC refused the text ({}){key}", code(status)))
    }
}

/// Throttling, and a full queue: the same text may be taken later.
fn is_busy(status: CommandStatus) -> bool {
    matches!(status, CommandStatus::EsmeRthrottled | CommandStatus::EsmeRmsgqful)
}

/// A status as SMSCs document it, such as `0x0000000E`.
fn code(status: CommandStatus) -> String {
    format!("SMPP status 0x{:08X}", u32::from(status))
}

fn lost(error: &Error) -> String {
    match error {
        Error::ResponseTimeout { .. } => "the SMSC did not say in time whether it took the text".into(),
        _ => "the connection to the SMSC broke before it said whether it took the text".into(),
    }
}

fn to_number(part: &SubmitSm) -> String {
    quote(&text_of(&part.destination_addr))
}

/// A field's letters; what is none is shown as such.
fn text_of(field: &impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(field.as_ref()).trim_end_matches('\0').to_owned()
}
