//! Dedicated signalling: the channel against a real osmo-hlr.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use ringback_carrier::hlr::{Daemon, Mirror, free_address};
use ringback_core::{Msisdn, Service};
use ringback_network::{Channel as _, OsmoHlr};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::{LINES, QUESTIONS, Rounds, load};
use crate::commands::bench::reference::folder;

/// Lines of one query, as the engine sends them.
const BATCH: usize = 64;

/// Queries at the same time.
const IN_FLIGHT: usize = 4;

const DEADLINE: Duration = Duration::from_secs(20);

pub(super) async fn measure(rounds: u32) -> Result<Rounds> {
    let folder = folder()?;
    let address = free_address().context("no loopback address is free for an osmo-hlr")?;
    let hlr = Daemon::start(address, folder.path())?;
    let numbers = (0..LINES).map(|i| Ok(format!("+86138{i:08}").parse()?)).collect::<Result<Vec<Msisdn>>>()?;
    let lines = numbers.iter().enumerate().map(|(i, number)| (*number, format!("90170{i:010}"), false));
    Mirror::new(hlr.ctrl()).fill(lines).await?;
    let channel = OsmoHlr::new("hlr", &hlr.ctrl().to_string(), vec!["86".into()], DEADLINE);
    let mut measured = Rounds::new("signalling");
    for round in 0..rounds {
        // Who comes second finds warm caches; so each comes first in turn.
        let (ours, bare) = if round.is_multiple_of(2) {
            let ours = queries(&channel, &numbers).await?;
            (ours, plain(hlr.ctrl(), &numbers).await?)
        } else {
            let bare = plain(hlr.ctrl(), &numbers).await?;
            (queries(&channel, &numbers).await?, bare)
        };
        measured.add(ours, bare);
    }
    Ok(measured)
}

async fn queries(channel: &OsmoHlr, numbers: &[Msisdn]) -> Result<load::Load> {
    let all: Vec<Msisdn> = numbers.iter().copied().cycle().take(QUESTIONS as usize / BATCH * BATCH).collect();
    let ask = async |lines: &[Msisdn]| {
        let answers = channel.query(lines).await;
        ensure!(answers.iter().all(|answer| answer.status.service == Service::InService), "{:?}", answers.first());
        Ok(())
    };
    load::run(all.chunks(BATCH), IN_FLIGHT, u32::try_from(BATCH)?, ask).await
}

/// The same questions on one connection, as many of them out at the same time; the answers are read and thrown away.
async fn plain(address: SocketAddr, numbers: &[Msisdn]) -> Result<load::Load> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let (began, mut out, mut took) = (Instant::now(), VecDeque::new(), Vec::new());
    let mut waiting = numbers.iter().cycle().take(QUESTIONS as usize).enumerate().peekable();
    while waiting.peek().is_some() || !out.is_empty() {
        let mut frames = Vec::new();
        while out.len() < BATCH * IN_FLIGHT
            && let Some((id, number)) = waiting.next()
        {
            frames.extend(frame(id + 1, *number));
            out.push_back(Instant::now());
        }
        writer.write_all(&frames).await?;
        // Half of them, so that the peer never waits for a question.
        for _ in 0..out.len().div_ceil(2) {
            answer(&mut reader).await?;
            took.extend(out.pop_front().map(|asked| asked.elapsed()));
        }
    }
    Ok(load::Load::new(took, began.elapsed(), 1))
}

fn frame(id: usize, number: Msisdn) -> Vec<u8> {
    let text = format!("GET {id} subscriber.by-msisdn-{}.info", number.digits());
    let length = u16::try_from(text.len() + 1).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], &[0xEE, 0], text.as_bytes()].concat()
}

async fn answer(reader: &mut (impl tokio::io::AsyncRead + Unpin)) -> Result<()> {
    let length = usize::from(reader.read_u16().await?);
    let mut rest = vec![0; length + 1];
    reader.read_exact(&mut rest).await?;
    ensure!(rest.starts_with(&[0xEE, 0]) && rest[2..].starts_with(b"GET_REPLY"), "a plain question failed");
    Ok(())
}
