//! The connection to an SMSC: bound, served until it breaks, and connected again.

use std::{pin::pin, sync::Arc, time::Instant};

use futures_util::{Stream, StreamExt as _};
use ringback_core::quote;
use rusmpp::{
    CommandStatus, Pdu,
    pdus::{BindTransceiver, DeliverSmResp},
    types::COctetString,
    values::InterfaceVersion,
};
use rusmppc::{Client, ConnectionBuilder, Event, error::Error};
use tokio::{
    net::TcpStream,
    time::{Duration, sleep, timeout},
};

use super::{Account, Settings, body::Incoming, code, pieces::Pieces};
use crate::texts::{Heard, TextsError};

/// The first wait before another try; each is twice the one before.
const FIRST: Duration = Duration::from_millis(250);

/// The longest wait. An SMSC that refuses the account is not asked more often, lest it lock it.
const LONGEST: Duration = Duration::from_mins(1);

/// A connection that held for so long was no flap.
const STEADY: Duration = Duration::from_secs(10);

/// The largest command: a text in one piece of 64 KiB, as `message_payload` may be.
const LARGEST_COMMAND: usize = 70 << 10;

/// Where the connection stands.
#[derive(Debug, Clone)]
pub(super) enum Link {
    /// It is being connected; why it was not before.
    Down(String),
    /// It is bound.
    Up(Client),
    /// The SMSC refuses the account; a person has to change what the text names.
    Refused(String),
}

impl Link {
    pub(super) fn client(&self) -> Result<Client, TextsError> {
        match self {
            Self::Up(client) => Ok(client.clone()),
            Self::Down(reason) => Err(TextsError::NotNow(reason.clone())),
            Self::Refused(reason) => Err(TextsError::Refused(reason.clone())),
        }
    }
}

/// Keeps the account connected for ever.
pub(super) async fn keep(account: Arc<Account>) {
    let mut wait = FIRST;
    loop {
        let down = match connect(&account.settings).await {
            Ok((client, events)) => {
                let since = Instant::now();
                account.link.send_replace(Link::Up(client.clone()));
                let reason = serve(&account, &client, events).await;
                if since.elapsed() >= STEADY {
                    wait = FIRST;
                }
                Link::Down(reason)
            }
            Err(refused @ Link::Refused(_)) => {
                wait = LONGEST;
                refused
            }
            Err(down) => down,
        };
        account.link.send_replace(down);
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST);
    }
}

/// Serves what arrives until the connection breaks, and says why it did.
async fn serve(account: &Account, client: &Client, events: impl Stream<Item = Event>) -> String {
    let (mut events, mut pieces) = (pin!(events), Pieces::default());
    while let Some(event) = events.next().await {
        match event {
            Event::Error(error) => return broken(&error),
            Event::Incoming(command) => {
                let sequence = command.sequence_number();
                let answered = match command.into_parts().raw().3 {
                    Some(Pdu::DeliverSm(delivered)) => {
                        arrived(account, Incoming::read(&delivered), &mut pieces);
                        client.deliver_sm_resp(sequence, DeliverSmResp::default()).await
                    }
                    Some(Pdu::Unbind) => {
                        // Whether it hears the answer is its own affair; the connection ends here.
                        let _ = client.unbind_resp(sequence).await;
                        return "the SMSC ended the session".into();
                    }
                    _ => Ok(()),
                };
                if let Err(error) = answered {
                    return broken(&error);
                }
            }
        }
    }
    "the connection to the SMSC broke".into()
}

fn arrived(account: &Account, incoming: Incoming, pieces: &mut Pieces) {
    let heard = match incoming {
        Incoming::Receipt(lost) => lost,
        Incoming::Text(text) => Some(Heard::Text(text)),
        Incoming::Piece(piece) => piece.join(pieces).map(Heard::Text),
    };
    if let Some(heard) = heard {
        account.heard.push(heard);
    }
}

async fn connect(settings: &Settings) -> Result<(Client, impl Stream<Item = Event> + use<>), Link> {
    let down = |reason: String| Link::Down(reason);
    let key = format!("check channel.{}.address", settings.name);
    let opened = timeout(settings.response, open(settings)).await;
    let opened = opened.map_err(|_| down(format!("the SMSC does not answer at {}; {key}", settings.address)))?;
    let (client, events) = opened.map_err(|error| {
        let reason = quote(&error.to_string());
        down(format!("the SMSC cannot be reached at {} ({reason}); {key}", settings.address))
    })?;
    let bind = bind(settings).map_err(Link::Refused)?;
    match client.bind_transceiver(bind).await {
        Ok(_) => Ok((client, events)),
        Err(error) => Err(unbound(settings, &error)),
    }
}

async fn open(settings: &Settings) -> std::io::Result<(Client, futures_util::stream::BoxStream<'static, Event>)> {
    let builder = ConnectionBuilder::new()
        .max_command_length(LARGEST_COMMAND)
        .enquire_link_interval(settings.enquire_link)
        .enquire_link_response_timeout(settings.response)
        .response_timeout(settings.response)
        // The library is written for 5.0 and speaks 3.4 as well, which is what SMSCs have.
        .disable_interface_version_check();
    let stream = TcpStream::connect(&settings.address).await?;
    stream.set_nodelay(true)?;
    let host = settings.address.rsplit_once(':').map_or(settings.address.as_str(), |(host, _)| host);
    Ok(match &settings.tls {
        None => boxed(builder.connected(stream)),
        Some(tls) => boxed(builder.connected(tls.connect(host.trim_matches(['[', ']']), stream).await?)),
    })
}

fn boxed(
    (client, events): (Client, impl Stream<Item = Event> + Send + 'static),
) -> (Client, futures_util::stream::BoxStream<'static, Event>) {
    (client, events.boxed())
}

fn bind(settings: &Settings) -> Result<BindTransceiver, String> {
    let name = &settings.name;
    let long = |key: &str, most: usize| {
        format!("channel.{name}.{key} is longer than {most} characters, the most that SMPP allows")
    };
    let field = |text: &str| text.to_owned() + "\0";
    Ok(BindTransceiver::builder()
        .system_id(COctetString::try_from(field(&settings.system_id).into_bytes()).map_err(|_| long("system_id", 15))?)
        .password(COctetString::try_from(field(&settings.password).into_bytes()).map_err(|_| long("password", 8))?)
        .system_type(
            COctetString::try_from(field(&settings.system_type).into_bytes()).map_err(|_| long("system_type", 12))?,
        )
        .interface_version(InterfaceVersion::Smpp3_4)
        .build())
}

/// Why the SMSC does not take the account.
fn unbound(settings: &Settings, error: &Error) -> Link {
    let name = &settings.name;
    let Error::UnexpectedResponse { response } = error else { return Link::Down(broken(error)) };
    let said = code(response.status());
    match response.status() {
        CommandStatus::EsmeRinvpaswd => {
            Link::Refused(format!("the SMSC refused the password ({said}); check channel.{name}.password"))
        }
        CommandStatus::EsmeRinvsysid => {
            Link::Refused(format!("the SMSC does not know the account ({said}); check channel.{name}.system_id"))
        }
        CommandStatus::EsmeRbindfail => Link::Refused(format!(
            "the SMSC refused the account ({said}); check channel.{name}.system_id and channel.{name}.password"
        )),
        _ => Link::Down(format!("the SMSC does not bind the account now ({said})")),
    }
}

fn broken(error: &Error) -> String {
    match error {
        Error::ConnectionClosedByPeer | Error::ConnectionClosed => "the SMSC closed the connection".into(),
        Error::EnquireLinkTimeout { .. } | Error::ResponseTimeout { .. } => "the SMSC fell silent".into(),
        Error::Decode(_) => "what the SMSC sent is no SMPP".into(),
        _ => "the connection to the SMSC broke".into(),
    }
}
