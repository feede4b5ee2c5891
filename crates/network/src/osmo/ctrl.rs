//! A client of the control interface: many requests on one connection, matched by their ids.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use ringback_core::{Msisdn, quote};
use tokio::{
    io::{AsyncWriteExt as _, BufReader},
    net::{TcpStream, tcp::OwnedReadHalf},
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
    time::timeout,
};

use super::frame::{self, FrameError};

/// Why a request has no answer. All are safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CtrlError {
    /// The HLR knows no such subscriber.
    #[error("no such subscriber")]
    NoSuchSubscriber,
    /// The HLR refused the request in these words.
    #[error("the HLR refused: {0}")]
    Refused(String),
    /// No connection, or it broke while the request was out.
    #[error("{0} is not reachable: {1}; is osmo-hlr running, and is its `ctrl` bound there?")]
    Gone(String, String),
    /// No answer in time.
    #[error("no answer within {0} ms")]
    Slow(u128),
}

type Waiting = Arc<Mutex<HashMap<u32, Asked>>>;

/// A request that is out.
struct Asked {
    /// How its answer begins, behind the id: an answer about something else is none.
    kind: String,
    variable: String,
    /// How many frames had been heard when it was sent.
    heard: u32,
    tx: oneshot::Sender<Result<String, CtrlError>>,
}

/// A connection that is made with the first request, and anew after a break.
pub struct Ctrl {
    address: String,
    deadline: Duration,
    next_id: AtomicU32,
    link: AsyncMutex<Option<Link>>,
}

#[derive(Clone)]
struct Link {
    frames: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Waiting,
    /// Frames heard so far.
    heard: Arc<AtomicU32>,
}

impl Ctrl {
    /// A client of the control interface at `address` (host:port).
    pub fn new(address: &str, deadline: Duration) -> Self {
        let (address, next_id) = (address.to_owned(), AtomicU32::new(1));
        Self { address, deadline, next_id, link: AsyncMutex::new(None) }
    }

    /// What the HLR has on a subscriber: lines of name, tab, value.
    pub async fn info(&self, msisdn: Msisdn) -> Result<String, CtrlError> {
        self.request("GET", &format!("subscriber.by-msisdn-{}.info", msisdn.digits())).await
    }

    /// Allows or bars circuit-switched service.
    pub async fn set_cs(&self, msisdn: Msisdn, enabled: bool) -> Result<(), CtrlError> {
        let value = format!("subscriber.by-msisdn-{}.cs-enabled {}", msisdn.digits(), u8::from(enabled));
        self.request("SET", &value).await.map(drop)
    }

    /// Creates a subscriber.
    pub async fn create(&self, imsi: &str) -> Result<(), CtrlError> {
        self.request("SET", &format!("subscriber.create {imsi}")).await.map(drop)
    }

    /// Gives a subscriber its number.
    pub async fn set_msisdn(&self, imsi: &str, msisdn: Msisdn) -> Result<(), CtrlError> {
        self.request("SET", &format!("subscriber.by-imsi-{imsi}.msisdn {}", msisdn.digits())).await.map(drop)
    }

    async fn request(&self, verb: &str, what: &str) -> Result<String, CtrlError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed) % 1_000_000_000 + 1;
        let answer = timeout(self.deadline, self.exchange(id, verb, what)).await;
        answer.unwrap_or_else(|_| {
            self.give_up(id);
            Err(CtrlError::Slow(self.deadline.as_millis()))
        })
    }

    async fn exchange(&self, id: u32, verb: &str, what: &str) -> Result<String, CtrlError> {
        let link = self.link().await?;
        let (tx, rx) = oneshot::channel();
        let variable = what.split(' ').next().unwrap_or_default().to_owned();
        let heard = link.heard.load(Ordering::Relaxed);
        lock(&link.waiting).insert(id, Asked { kind: format!("{verb}_REPLY"), variable, heard, tx });
        let broken = || CtrlError::Gone(self.address.clone(), "the connection broke".into());
        link.frames.send(frame::encode(&format!("{verb} {id} {what}"))).map_err(|_| broken())?;
        rx.await.unwrap_or_else(|_| Err(broken()))
    }

    /// Forgets a request. A connection that said nothing since it was sent may be dead without knowing, as after a
    /// lost route; the next request makes a new one.
    fn give_up(&self, id: u32) {
        // Whoever holds the slot is connecting anew.
        let Ok(mut slot) = self.link.try_lock() else { return };
        let silent = slot.as_ref().is_some_and(|link| {
            let asked = lock(&link.waiting).remove(&id);
            asked.is_some_and(|asked| asked.heard == link.heard.load(Ordering::Relaxed))
        });
        if silent {
            *slot = None;
        }
    }

    async fn link(&self) -> Result<Link, CtrlError> {
        let mut slot = self.link.lock().await;
        if let Some(link) = slot.as_ref().filter(|link| !link.frames.is_closed()) {
            return Ok(link.clone());
        }
        let connected = TcpStream::connect(&self.address).await;
        let stream = connected.map_err(|error| CtrlError::Gone(self.address.clone(), error.to_string()))?;
        // Requests are small and pipelined; waiting to fill a packet would only delay them.
        drop(stream.set_nodelay(true));
        let link = Link::open(stream, self.address.clone());
        *slot = Some(link.clone());
        Ok(link)
    }
}

impl Link {
    fn open(stream: TcpStream, address: String) -> Self {
        let (reader, mut writer) = stream.into_split();
        let (frames, mut outgoing) = mpsc::unbounded_channel::<Vec<u8>>();
        let waiting = Waiting::default();
        let heard = Arc::new(AtomicU32::new(0));
        let link = Self { frames, waiting: waiting.clone(), heard: heard.clone() };
        tokio::spawn(async move {
            let mut answers = std::pin::pin!(read_answers(reader, &waiting, &heard));
            let error = loop {
                tokio::select! {
                    error = &mut answers => break error.to_string(),
                    frame = outgoing.recv() => match frame {
                        Some(frame) => if let Err(error) = writer.write_all(&frame).await { break error.to_string() },
                        None => break "closed".to_owned(),
                    },
                }
            };
            outgoing.close();
            for (_, asked) in lock(&waiting).drain() {
                // Whoever waited may have given up by its deadline.
                drop(asked.tx.send(Err(CtrlError::Gone(address.clone(), error.clone()))));
            }
        });
        link
    }
}

async fn read_answers(reader: OwnedReadHalf, waiting: &Waiting, heard: &AtomicU32) -> FrameError {
    let mut reader = BufReader::new(reader);
    loop {
        match frame::read(&mut reader).await {
            Ok(text) => {
                heard.fetch_add(1, Ordering::Relaxed);
                deliver(&text, waiting);
            }
            Err(error) => return error,
        }
    }
}

/// `GET_REPLY 3 variable value`, `SET_REPLY 1 …`, `ERROR 3 reason`; anything else is passed over.
fn deliver(text: &str, waiting: &Waiting) {
    let mut parts = text.splitn(3, ' ');
    let (Some(kind), Some(id), rest) = (parts.next(), parts.next(), parts.next().unwrap_or_default()) else { return };
    // An id that is written otherwise, as `+1` or `01`, was never sent.
    let sent = id.parse().ok().filter(|number: &u32| number.to_string() == id);
    let Some(asked) = sent.and_then(|id| lock(waiting).remove(&id)) else { return };
    // Whoever waited may have given up by its deadline.
    drop(asked.tx.send(understand(kind, rest, &asked.kind, &asked.variable)));
}

/// What a frame's text answers to one request that is out, if anything.
#[cfg(any(test, fuzzing))]
pub(super) fn answered(text: &str, id: u32, verb: &str, variable: &str) -> Option<Result<String, CtrlError>> {
    let (tx, mut rx) = oneshot::channel();
    let asked = Asked { kind: format!("{verb}_REPLY"), variable: variable.to_owned(), heard: 0, tx };
    deliver(text, &Arc::new(Mutex::new(HashMap::from([(id, asked)]))));
    rx.try_recv().ok()
}

fn understand(kind: &str, rest: &str, expected: &str, asked: &str) -> Result<String, CtrlError> {
    let (variable, value) = rest.split_once([' ', '\n']).unwrap_or((rest, ""));
    match kind {
        "ERROR" if rest.starts_with("No such subscriber") => Err(CtrlError::NoSuchSubscriber),
        _ if kind == expected && variable == asked => Ok(value.to_owned()),
        _ if kind == expected => Err(CtrlError::Refused("the answer is about something else".into())),
        _ => Err(CtrlError::Refused(quote(rest))),
    }
}

/// The map is consistent after every statement, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k2_only_the_id_that_was_sent_is_answered() {
        assert_eq!(answered("GET_REPLY 1 x nam_cs", 1, "GET", "x"), Some(Ok("nam_cs".into())));
        for id in ["+1", "01", "1.0", "2", ""] {
            assert_eq!(answered(&format!("GET_REPLY {id} x nam_cs"), 1, "GET", "x"), None, "{id}");
        }
    }
}
