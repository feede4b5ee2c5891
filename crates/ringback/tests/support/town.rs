//! A whole town for a test: a real osmo-hlr, the carrier mirroring into it, and the binary beside them, each a process.

use std::{ops::Deref, path::Path};

use ringback_carrier::hlr::{Daemon, free_address};

use crate::sandbox::Sandbox;

/// The running town; everything stops when it is dropped.
pub struct Town {
    sandbox: Sandbox,
    hlr: Daemon,
}

impl Town {
    /// Starts the HLR and the carrier with these subscribers, with every fault or with none.
    pub fn start(subscribers: &str, faults: Option<u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hlr = Daemon::start(free_address().unwrap(), folder.path()).unwrap();
        let (ctrl, seed) = (hlr.ctrl().to_string(), faults.unwrap_or_default().to_string());
        let mut arguments = vec!["--hlr", &ctrl];
        if faults.is_some() {
            arguments.extend(["--faults", "--seed", &seed]);
        }
        Self { sandbox: Sandbox::start(folder, subscribers, &arguments), hlr }
    }

    /// Writes the configuration: the state is read from the HLR.
    pub fn init(&self, ladder: &str, probe: &str) {
        let hlr = self.hlr.ctrl().to_string();
        let set = ["--set", "remembered", "--amount", "30 CNY"];
        self.sandbox.init(&[&["--hlr", &hlr, "--ladder", ladder, "--probe", probe], &set[..]].concat());
    }
}

impl Deref for Town {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

/// How many transitions of lines are durable, read beside the running engine.
pub async fn journal(database: &Path) -> i64 {
    use sqlx::{Connection as _, sqlite::SqliteConnectOptions};
    let options = SqliteConnectOptions::new().filename(database).read_only(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM journal").fetch_one(&mut connection).await.unwrap()
}
