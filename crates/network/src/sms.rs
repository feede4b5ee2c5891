//! Background SMS: the question goes to the carrier's short code as a text, and so does the answer come back.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod inbox;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::join_all;
use inbox::{Inbox, Said};
use ringback_core::{Answer, Msisdn, Service, Status, quote};
use tokio::{
    sync::{Mutex as Turn, Notify, oneshot},
    task::AbortHandle,
    time::{Instant, timeout_at},
};

use crate::{
    Capabilities, Channel, Signal, deadline_of_one,
    reading::{SmsQuery, Table},
    texts::{Texts, TextsError},
};

/// Lines in one query; all of them are asked at the same time.
const BATCH: usize = 64;

/// What the channel is made from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The channel's name in the configuration.
    pub name: String,
    /// What the carrier's texts say.
    pub table: Table,
    /// The question, and who answers it.
    pub query: SmsQuery,
    /// Prefixes that the carrier is authoritative for.
    pub ranges: Vec<String>,
    /// The region (ISO 3166) in which texts write numbers.
    pub region: String,
    /// Its country calling code.
    pub country_code: i32,
    /// The number of the SIM card or account that asks; a payment that names no line is its own.
    pub own: Option<Msisdn>,
    /// How long a batch may take.
    pub deadline: Duration,
    /// How long after its time an answer may still arrive; so long its line is asked nothing, lest it be taken for the next one's.
    pub late: Duration,
}

/// The status channel by SMS.
pub struct Sms {
    name: String,
    table: Table,
    query: SmsQuery,
    own: Option<Msisdn>,
    deadline: Duration,
    capabilities: Capabilities,
    texts: Arc<dyn Texts>,
    post: Arc<Post>,
    turn: Turn<()>,
    listener: OnceLock<Listener>,
}

/// What the listener and the questions share.
struct Post {
    inbox: Mutex<Inbox>,
    signalled: Notify,
}

/// The task that hears; it ends with the channel.
struct Listener(AbortHandle);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An open question; dropped unanswered, it leaves its line in doubt.
struct Asked<'a> {
    post: &'a Post,
    line: Msisdn,
    answer: oneshot::Receiver<Said>,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.post.inbox().close(self.line, std::time::Instant::now());
    }
}

impl Post {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn listen(&self, texts: &dyn Texts) {
        loop {
            let heard = texts.hear().await;
            if self.inbox().hear(heard) {
                self.signalled.notify_one();
            }
        }
    }

    fn ask(&self, line: Msisdn) -> Result<Asked<'_>, &'static str> {
        let answer = self.inbox().open(line, std::time::Instant::now())?;
        Ok(Asked { post: self, line, answer })
    }
}

impl Sms {
    /// A channel over a way to send texts. A carrier whose answers name no line is asked for one line at a time.
    pub fn new(settings: Settings, texts: Arc<dyn Texts>) -> Self {
        let inbox = Inbox::new(&settings);
        let Settings { name, table, query, ranges, own, deadline, .. } = settings;
        let batch = if query.numbered { BATCH } else { 1 };
        Self {
            name,
            table,
            query,
            own,
            deadline: deadline_of_one(deadline),
            capabilities: Capabilities {
                ranges,
                sees_restriction: true,
                sees_reachability: true,
                batch,
                cost: String::new(),
            },
            texts,
            post: Arc::new(Post { inbox: Mutex::new(inbox), signalled: Notify::new() }),
            turn: Turn::new(()),
            listener: OnceLock::new(),
        }
    }

    /// Hears from the first question on, or from the first time that somebody waits for a signal.
    fn listen(&self) {
        self.listener.get_or_init(|| {
            let (post, texts) = (Arc::clone(&self.post), Arc::clone(&self.texts));
            Listener(tokio::spawn(async move { post.listen(texts.as_ref()).await }).abort_handle())
        });
    }

    async fn status(&self, line: Msisdn) -> Status {
        let until = Instant::now() + self.deadline;
        let answered = timeout_at(until, self.ask(line)).await.unwrap_or(Err("no answer came in time".into()));
        match answered {
            Ok(text) => self.read(&text, line),
            Err(reason) => Status::unknown(format!("{}: {reason}", self.name)),
        }
    }

    async fn ask(&self, line: Msisdn) -> Result<String, String> {
        if !self.query.text.names_the_line() && self.own != Some(line) {
            return Err(
                "the query names no line; write {number} into it, or ask for the line of its own SIM card only".into(),
            );
        }
        let _turn = if self.query.numbered { None } else { Some(self.turn.lock().await) };
        let mut asked = self.post.ask(line)?;
        match self.texts.send(&self.query.to, &self.query.text.fill(line)).await {
            Ok(message) => self.post.inbox().sent(line, message),
            Err(TextsError::NotNow(reason) | TextsError::Refused(reason)) => {
                self.post.inbox().forget(line);
                return Err(quote(&reason));
            }
            Err(TextsError::Unsure(reason)) => return Err(quote(&reason)),
        }
        match (&mut asked.answer).await {
            Ok(Said::Text(text)) => Ok(text),
            Ok(Said::Undelivered(reason)) => Err(format!("the question was not delivered: {}", quote(&reason))),
            Err(_) => Err("the question was given up".into()),
        }
    }

    fn read(&self, text: &str, line: Msisdn) -> Status {
        let status = self.table.read(text, line).status;
        match status.service {
            Service::NotInService => self.capabilities.missing(line, &self.name),
            Service::Unknown(reason) => Status::unknown(format!("{}: {reason}", self.name)),
            _ => status,
        }
    }
}

#[async_trait]
impl Channel for Sms {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// A line that stands in it more than once is asked about once.
    async fn query(&self, lines: &[Msisdn]) -> Vec<Answer> {
        self.listen();
        let mut once = lines.to_vec();
        once.sort_unstable();
        once.dedup();
        let statuses = join_all(once.iter().map(|line| self.status(*line))).await;
        let statuses: BTreeMap<Msisdn, Status> = once.into_iter().zip(statuses).collect();
        lines.iter().map(|line| Answer { msisdn: *line, status: statuses[line].clone(), imsi: None }).collect()
    }

    async fn next_signal(&self) -> Signal {
        self.listen();
        loop {
            let signalled = self.post.signalled.notified();
            if let Some(signal) = self.post.inbox().signal() {
                return signal;
            }
            signalled.await;
        }
    }
}
