//! The carrier as a process of its own, and its switches.

use std::{
    io::{self, BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::runtime::Runtime;

/// A running carrier; it stops when this is dropped.
pub(crate) struct Carrier {
    child: Child,
    url: String,
    runtime: Runtime,
    client: reqwest::Client,
}

impl Carrier {
    /// Starts a carrier with these subscribers (TOML), that nothing goes wrong with yet.
    pub(crate) fn start(binary: &Path, subscribers: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(["--json", "carrier", "--listen", "127.0.0.1:0", "--subscribers"]).arg(subscribers);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("the carrier has no output")?);
        let mut first = String::new();
        lines.read_line(&mut first)?;
        // The rest is read away, so that the carrier never waits for a full pipe.
        std::thread::spawn(move || io::copy(&mut lines, &mut io::sink()));
        let said: Value = serde_json::from_str(&first).with_context(|| format!("the carrier said: {first}"))?;
        let url = said["url"].as_str().context("the carrier names no address")?.to_owned();
        Ok(Self { child, url, runtime: Runtime::new()?, client: reqwest::Client::new() })
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its own books and truth.
    pub(crate) fn get(&self, what: &str) -> Result<Value> {
        let url = format!("{}/admin/{what}", self.url);
        let answer = async { self.client.get(&url).send().await?.error_for_status()?.json().await };
        self.runtime.block_on(answer).with_context(|| format!("{url} gives no answer"))
    }

    /// Switches something.
    pub(crate) fn put(&self, what: &str, body: &Value) -> Result<()> {
        let url = format!("{}/admin/{what}", self.url);
        let (status, text) = self.runtime.block_on(async {
            let answer = self.client.put(&url).json(body).send().await?;
            Ok::<_, reqwest::Error>((answer.status(), answer.text().await?))
        })?;
        ensure!(status.is_success(), "{url} answers {status}: {text}");
        Ok(())
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        // Nothing is lost with it: its books were read before.
        self.child.kill().and_then(|()| self.child.wait()).map(drop).unwrap_or_default();
    }
}
