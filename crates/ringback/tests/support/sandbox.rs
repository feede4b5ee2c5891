//! The carrier and the binary as two processes, as a person would start them; everything stops when it is dropped.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

/// The program under test.
pub const RINGBACK: &str = env!("CARGO_BIN_EXE_ringback");

/// A running carrier, and a folder for the configuration, the database and the files of one test.
pub struct Sandbox {
    folder: tempfile::TempDir,
    carrier: Child,
    url: String,
}

/// Three lines: one in arrears, one that its owner suspended, one in service.
pub fn three_lines(arrears: &str) -> String {
    let line = |msisdn: &str, state: &str| {
        format!(
            "[[subscriber]]\nmsisdn = \"{msisdn}\"\ncarrier = \"China Mobile\"\nplan = \"58 CNY\"\nstate = \"{state}\"\n"
        )
    };
    let owes = format!("{}arrears = \"{arrears}\"\n", line("+8613800138000", "arrears"));
    [owes, line("+8613900139000", "suspended_by_owner"), line("+8613700137000", "in_service")].concat()
}

/// Their address book; its numbers are written as people write them.
pub fn three_contacts(first: &str) -> String {
    let card =
        |name: &str, number: &str| format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nTEL:{number}\r\nEND:VCARD\r\n");
    [card(first, "138 0013 8000"), card("Wang", "+86 139-0013-9000"), card("Zhao", "0086 13700137000")].concat()
}

impl Sandbox {
    /// Starts a carrier with these subscribers (TOML) and more arguments.
    pub fn start(folder: tempfile::TempDir, subscribers: &str, arguments: &[&str]) -> Self {
        let file = folder.path().join("carrier.toml");
        fs::write(&file, subscribers).unwrap();
        let mut command = Command::new(RINGBACK);
        command.args(["carrier", "--listen", "127.0.0.1:0", "--subscribers"]).arg(&file).args(arguments);
        let mut carrier = command.stdout(Stdio::piped()).spawn().unwrap();
        let url = url(&mut carrier);
        Self { folder, carrier, url }
    }

    /// Where the carrier answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A file in the test's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the test's own folder.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    /// Writes the configuration, as a person would from the command line; `more` are flags that have no default here.
    pub fn init(&self, more: &[&str]) {
        let database = self.path("ringback.db").display().to_string();
        let known = ["--sandbox", &self.url, "--region", "CN", "--highest-plan", "600 CNY", "--database", &database];
        let caps = [
            "--cap-recovery",
            "5000 CNY",
            "--cap-line",
            "9000 CNY",
            "--cap-day",
            "900000 CNY",
            "--cap-book",
            "900000 CNY",
        ];
        self.run(&[&["init", "--force"], &known[..], &caps[..], more].concat(), &[0]);
    }

    /// The binary with the test's configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(RINGBACK);
        command.arg("--config").arg(self.path("ringback.toml")).args(arguments);
        command.env("XDG_DATA_HOME", self.path("data")).env("NO_COLOR", "1").env("COLUMNS", "100");
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

    /// What a command that has to fail says to the person.
    pub fn error(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments, &[1, 2]);
        String::from_utf8(done.stderr).unwrap().replace(&self.folder.path().display().to_string(), "FOLDER")
    }

    /// The carrier's own books.
    pub fn admin(&self, what: &str) -> Value {
        let url = format!("{}/admin/{what}", self.url);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { reqwest::get(url).await.unwrap().json().await.unwrap() })
    }
}

impl Drop for Sandbox {
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
