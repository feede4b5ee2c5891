//! The data service: the channel by CAMARA's profile against a carrier in a process of its own.

use std::{env, fmt::Write as _, fs, path::Path, process::Stdio};

use anyhow::{Context as _, Result, ensure};
use ringback_core::{Msisdn, Service};
use ringback_network::{Channel as _, Http};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::{LINES, QUESTIONS, Rounds, load};
use crate::commands::bench::{http::channel, reference::folder};

/// Requests at the same time.
const IN_FLIGHT: usize = 64;

/// A carrier that ends with this.
struct Carrier {
    _process: Child,
    url: String,
}

pub(super) async fn measure(rounds: u32) -> Result<Rounds> {
    let folder = folder()?;
    let numbers = (0..LINES).map(|i| Ok(format!("+86138{i:08}").parse()?)).collect::<Result<Vec<Msisdn>>>()?;
    let carrier = Carrier::start(folder.path(), &numbers).await?;
    let channel = channel(&carrier.url)?;
    let mut measured = Rounds::new("http");
    for round in 0..rounds {
        // Who comes second finds warm caches; so each comes first in turn.
        let (ours, bare) = if round.is_multiple_of(2) {
            let ours = queries(&channel, &numbers).await?;
            (ours, plain(&carrier, &numbers).await?)
        } else {
            let bare = plain(&carrier, &numbers).await?;
            (queries(&channel, &numbers).await?, bare)
        };
        measured.add(ours, bare);
    }
    Ok(measured)
}

async fn queries(channel: &Http, numbers: &[Msisdn]) -> Result<load::Load> {
    let ask = async |line: Msisdn| {
        let answers = channel.query(&[line]).await;
        let answer = answers.first().context("a query has its answer")?;
        ensure!(answer.status.service == Service::InService, "{:?}", answer.status);
        Ok(())
    };
    load::run(each(numbers), IN_FLIGHT, 1, ask).await
}

/// The same questions, by nothing but a client that reads each answer in full.
async fn plain(carrier: &Carrier, numbers: &[Msisdn]) -> Result<load::Load> {
    let client = reqwest::Client::new();
    let url = format!("{}/camara/subscription-status/v0.1/retrive-subscription-status", carrier.url);
    let ask = async |line: Msisdn| {
        let response = client.post(&url).json(&json!({ "phoneNumber": line })).send().await?;
        ensure!(response.status().is_success() && !response.bytes().await?.is_empty(), "a plain call failed");
        Ok(())
    };
    load::run(each(numbers), IN_FLIGHT, 1, ask).await
}

fn each(numbers: &[Msisdn]) -> impl Iterator<Item = Msisdn> {
    numbers.iter().copied().cycle().take(QUESTIONS as usize)
}

impl Carrier {
    /// This very program as a carrier, on a free port.
    async fn start(folder: &Path, numbers: &[Msisdn]) -> Result<Self> {
        let file = folder.join("subscribers.toml");
        let mut text = String::new();
        for number in numbers {
            writeln!(
                text,
                "[[subscriber]]\nmsisdn = \"{number}\"\ncarrier = \"x\"\nplan = \"9 CNY\"\nstate = \"in_service\""
            )?;
        }
        fs::write(&file, text)?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["carrier", "--json", "--listen", "127.0.0.1:0", "--subscribers"]).arg(&file);
        let mut process = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let said = BufReader::new(process.stdout.take().context("the carrier's output")?).lines().next_line().await?;
        let said: Value = serde_json::from_str(&said.context("the carrier says nothing")?)?;
        let url = said["url"].as_str().context("the carrier has no address")?;
        Ok(Self { url: url.to_owned(), _process: process })
    }
}
