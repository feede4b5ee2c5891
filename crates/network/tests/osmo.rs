//! The channel to an osmo-hlr against a scripted peer that speaks its framing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use contract::{Conduct, PATIENT, Peer, SHORT, check_unknown, hold, lost, numbers, off, truth};
use ringback_core::Judgement;
use ringback_network::{Channel, OsmoHlr};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

/// Questions that the honest peer answers together, the last one first.
const TOGETHER: Duration = Duration::from_millis(20);

#[derive(Clone)]
struct Hlr {
    address: SocketAddr,
    conduct: Arc<Mutex<Conduct>>,
    connections: Arc<Mutex<usize>>,
}

impl Hlr {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let hlr = Self { address, conduct: Arc::new(Mutex::new(Conduct::Honest)), connections: Arc::default() };
        let server = hlr.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *server.connections.lock().unwrap() += 1;
                tokio::spawn(serve(stream, server.conduct.clone()));
            }
        });
        hlr
    }

    fn open(&self) -> OsmoHlr {
        OsmoHlr::new("hlr", &self.address.to_string(), vec!["86".into()], PATIENT)
    }
}

impl Peer for Hlr {
    fn turn(&self, conduct: Conduct) {
        *self.conduct.lock().unwrap() = conduct;
    }

    fn channel(&self, ranges: &[&str], deadline: Duration) -> Box<dyn Channel> {
        let ranges = ranges.iter().map(|&range| range.to_owned()).collect();
        Box::new(OsmoHlr::new("hlr", &self.address.to_string(), ranges, deadline))
    }

    fn shows_phones_off(&self) -> bool {
        true
    }
}

/// Serves one connection until it breaks; one that was silent once stays so, as after a lost route.
async fn serve(stream: TcpStream, conduct: Arc<Mutex<Conduct>>) {
    let (mut reader, mut writer) = stream.into_split();
    let (questions, mut asked) = mpsc::unbounded_channel();
    tokio::spawn(async move { while question(&mut reader).await.is_some_and(|text| questions.send(text).is_ok()) {} });
    while let Some(first) = asked.recv().await {
        let mut together = vec![first];
        while let Ok(Some(next)) = timeout(TOGETHER, asked.recv()).await {
            together.push(next);
        }
        for text in together.iter().rev() {
            let now = *conduct.lock().unwrap();
            match act(now, text) {
                Act::Say(bytes) => writer.write_all(&bytes).await.unwrap_or_default(),
                Act::Hang => return std::future::pending().await,
                Act::Close(bytes) => return writer.write_all(&bytes).await.unwrap_or_default(),
            }
        }
    }
}

enum Act {
    Say(Vec<u8>),
    Hang,
    Close(Vec<u8>),
}

/// The next question's text, until the client closes.
async fn question(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let length = usize::from(stream.read_u16().await.ok()?);
    let mut rest = vec![0; length + 1];
    stream.read_exact(&mut rest).await.ok()?;
    assert_eq!(rest[..2], [0xEE, 0], "the client speaks the control interface");
    Some(String::from_utf8(rest.split_off(2)).unwrap())
}

fn frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len() + 1).unwrap().to_be_bytes();
    [&length[..], &[0xEE, 0], text.as_bytes()].concat()
}

fn act(conduct: Conduct, asked: &str) -> Act {
    let [_, id, variable] = asked.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{asked}") };
    let number = variable.trim_start_matches("subscriber.by-msisdn-").trim_end_matches(".info");
    let barred = frame(&reply(id, number, number, Some("0")));
    match conduct {
        Conduct::LosesOne if lost(number) => Act::Say(Vec::new()),
        Conduct::Honest | Conduct::LosesOne => Act::Say(frame(&honest(id, number))),
        Conduct::Silent => Act::Hang,
        Conduct::Broken => Act::Close(Vec::new()),
        Conduct::Truncated => Act::Close(barred[..barred.len() - 5].to_vec()),
        Conduct::Garbage => Act::Say(frame(&format!("GET_REPLY {id}"))),
        Conduct::Html => Act::Close(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>nam_cs\t0".to_vec()),
        Conduct::OutOfOrder => Act::Say(frame(&format!("ERROR {id} Internal error at {variable}"))),
        Conduct::Refusing => Act::Say(frame(&format!("ERROR {id} Command not permitted"))),
        Conduct::OtherNumber => Act::Say(frame(&reply(id, "8613900139000", "8613900139000", Some("0")))),
    }
}

fn honest(id: &str, number: &str) -> String {
    match truth(number) {
        Judgement::NotInService => format!("ERROR {id} No such subscriber."),
        Judgement::Restricted => reply(id, number, number, Some("0")),
        _ if off(number) => reply(id, number, number, Some("1")) + "\nms_purged_cs\t1",
        _ => reply(id, number, number, Some("1")),
    }
}

fn reply(id: &str, variable: &str, msisdn: &str, nam_cs: Option<&str>) -> String {
    let nam_cs = nam_cs.map(|value| format!("\nnam_cs\t{value}")).unwrap_or_default();
    let info = format!("\nid\t1\nimsi\t901700000000001\nmsisdn\t{msisdn}{nam_cs}\nnam_ps\t1");
    format!("GET_REPLY {id} subscriber.by-msisdn-{variable}.info {info}")
}

#[tokio::test]
async fn osmo_hlr_holds_the_contract() {
    hold(&Hlr::start().await).await;
}

/// Answers each connection's first question with `answer`, made from the question's id and the number.
async fn answering(answer: impl Fn(&str, &str) -> Vec<u8> + Send + 'static) -> OsmoHlr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let asked = question(&mut stream).await.unwrap();
            let number = asked.trim_end_matches(".info").rsplit('-').next().unwrap();
            stream.write_all(&answer(asked.split(' ').nth(1).unwrap(), number)).await.unwrap();
            // The client decides what to think of it; the connection stays open for that long.
            question(&mut stream).await;
        }
    });
    OsmoHlr::new("hlr", &address, vec!["86".into()], SHORT)
}

#[tokio::test]
async fn k2_an_answer_that_contradicts_itself_is_unknown() {
    type Text = fn(&str, &str) -> String;
    let texts: [(&str, Text); 6] = [
        ("another variable", |id, number| reply(id, "8613900139000", number, Some("0"))),
        ("another subscriber", |id, number| reply(id, number, "8613900139000", Some("0"))),
        ("no bar at all", |id, number| reply(id, number, number, None)),
        ("a strange bar", |id, number| reply(id, number, number, Some("2"))),
        ("another id", |_, number| reply("999999", number, number, Some("0"))),
        ("another kind", |id, number| reply(id, number, number, Some("0")).replace("GET_REPLY", "SET_REPLY")),
    ];
    for (what, text) in texts {
        let channel = answering(move |id, number| frame(&text(id, number))).await;
        check_unknown(what, &numbers(1), &channel.query(&numbers(1)).await);
    }
}

#[tokio::test]
async fn bytes_that_are_no_control_interface_are_unknown() {
    let openings: [&[u8]; 5] =
        [&[0, 0, 0xEE], &[0, 3, 0xEE, 0, 0xFF, 0xFE], &[0xFF, 0xFF, 0xEE, 0, b'x'], b"SSH-2.0-x\r\n", &[0, 1, 0xFE, 0]];
    for opening in openings {
        let channel = answering(move |_, _| opening.to_vec()).await;
        check_unknown(&format!("{opening:?}"), &numbers(1), &channel.query(&numbers(1)).await);
    }
}

#[tokio::test]
async fn a_trap_and_an_extension_between_answers_are_passed_over() {
    let channel = answering(|id, number| {
        let trap = frame("TRAP 0 something happened");
        let extension = vec![0, 2, 0xEE, 5, 0x20];
        [trap, extension, frame(&reply(id, number, number, Some("0")))].concat()
    });
    let answer = &channel.await.query(&numbers(1)).await[0];
    assert_eq!(answer.status.judged(), Judgement::Restricted, "{answer:?}");
    assert_eq!(answer.imsi.as_deref(), Some("901700000000001"));
}

#[tokio::test]
async fn one_connection_carries_many_batches() {
    let hlr = Hlr::start().await;
    let channel = hlr.open();
    for _ in 0..3 {
        channel.query(&numbers(50)).await;
    }
    assert_eq!(*hlr.connections.lock().unwrap(), 1);
}

#[tokio::test]
async fn an_address_without_an_hlr_is_unknown_and_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let channel = OsmoHlr::new("hlr", &address, vec!["86".into()], PATIENT);
    let answers = channel.query(&numbers(3)).await;
    check_unknown("nobody listens", &numbers(3), &answers);
    assert!(format!("{answers:?}").contains(&address), "{answers:?}");
}
