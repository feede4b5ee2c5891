//! A whole town for a test: a real osmo-hlr, the carrier mirroring into it, and the binary beside them, each a process.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use ringback_carrier::hlr::{Daemon, free_address};
use serde_json::Value;

/// The program under test.
const RINGBACK: &str = env!("CARGO_BIN_EXE_ringback");

/// The running town; everything stops when it is dropped.
pub struct Town {
    folder: tempfile::TempDir,
    carrier: Child,
    url: String,
    hlr: Daemon,
}

impl Town {
    /// Starts the HLR and the carrier with these subscribers, with every fault or with none.
    pub fn start(subscribers: &str, faults: Option<u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hlr = Daemon::start(free_address().unwrap(), folder.path()).unwrap();
        let file = folder.path().join("carrier.toml");
        fs::write(&file, subscribers).unwrap();
        let mut command = Command::new(RINGBACK);
        command.args(["carrier", "--listen", "127.0.0.1:0", "--hlr", &hlr.ctrl().to_string()]);
        command.arg("--subscribers").arg(&file);
        if let Some(seed) = faults {
            command.args(["--faults", "--seed", &seed.to_string()]);
        }
        let mut carrier = command.stdout(Stdio::piped()).spawn().unwrap();
        let url = url(&mut carrier);
        Self { folder, carrier, url, hlr }
    }

    /// A file in the town's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The HLR's control interface.
    pub fn hlr(&self) -> SocketAddr {
        self.hlr.ctrl()
    }

    /// Writes the configuration, as a person would from the command line.
    pub fn init(&self, ladder: &str, probe: &str) {
        let database = self.path("ringback.db");
        let hlr = self.hlr().to_string();
        let arguments = [
            "init",
            "--sandbox",
            &self.url,
            "--hlr",
            &hlr,
            "--region",
            "CN",
            "--probe",
            probe,
            "--set",
            "remembered",
            "--amount",
            "30 CNY",
            "--ladder",
            ladder,
            "--highest-plan",
            "600 CNY",
            "--cap-recovery",
            "5000 CNY",
            "--cap-line",
            "9000 CNY",
            "--cap-day",
            "900000 CNY",
            "--cap-book",
            "900000 CNY",
            "--database",
        ];
        let done = self.command(&arguments).arg(database).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    /// The binary with the town's configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(RINGBACK);
        command.arg("--config").arg(self.path("ringback.toml")).args(arguments);
        command
    }

    /// Runs a command; its exit code has to be one of these.
    pub fn run(&self, arguments: &[&str], codes: &[i32]) -> Output {
        let done = self.command(arguments).output().unwrap();
        let code = done.status.code().unwrap_or(-1);
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert!(codes.contains(&code), "{arguments:?} ended with {code}\n{out}\n{err}");
        done
    }

    /// The one JSON object that a command prints.
    pub fn json(&self, arguments: &[&str], codes: &[i32]) -> Value {
        let done = self.run(&[&["--json"], arguments].concat(), codes);
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// The carrier's own books.
    pub fn admin(&self, what: &str) -> Value {
        let url = format!("{}/admin/{what}", self.url);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { reqwest::get(url).await.unwrap().json().await.unwrap() })
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.carrier.kill().and_then(|()| self.carrier.wait()).map(drop).unwrap_or_default();
    }
}

/// The address that the carrier says it listens on.
fn url(carrier: &mut Child) -> String {
    let mut lines = BufReader::new(carrier.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    // The rest is read away, so that the carrier never waits for a full pipe.
    std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
    let url = first.split_whitespace().find(|word| word.starts_with("http"));
    url.unwrap_or_else(|| panic!("the carrier said: {first}")).trim_end_matches([',', '.']).to_owned()
}

/// How many transitions of lines are durable, read beside the running engine.
pub async fn journal(database: &Path) -> i64 {
    use sqlx::{Connection as _, sqlite::SqliteConnectOptions};
    let options = SqliteConnectOptions::new().filename(database).read_only(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM journal").fetch_one(&mut connection).await.unwrap()
}
