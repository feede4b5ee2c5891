//! One life of the engine: `ringback run` as a process of its own.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::Path,
    process::{Child, Command, ExitStatus},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

/// How long a start may take before a campaign goes on without having seen a step.
const SILENCE: Duration = Duration::from_secs(5);

/// How long a stop may take: calls that are out are waited for.
const STOPPING: Duration = Duration::from_secs(30);

/// A running engine; it is killed when this is dropped.
pub(crate) struct Engine {
    child: Child,
    log: std::path::PathBuf,
    /// Where this life begins in the log.
    from: u64,
}

/// How a life ended, and what it printed.
pub(crate) struct Life {
    /// How the process had ended by itself; none where it lived until it was killed.
    pub(crate) ended: Option<ExitStatus>,
    pub(crate) printed: String,
}

impl Engine {
    /// Starts a command whose output goes to the end of the folder's `engine.log`.
    pub(crate) fn start(mut command: Command, folder: &Path) -> Result<Self> {
        let log = folder.join("engine.log");
        let mut file = append(&log)?;
        // Ends a line that the life before did not end.
        writeln!(file)?;
        let from = file.metadata()?.len();
        let child = command.stdout(file).stderr(append(&folder.join("engine.err"))?).spawn();
        Ok(Self { child: child.with_context(|| format!("{command:?} cannot be started"))?, log, from })
    }

    /// Lets it live so long, or until it ends by itself.
    pub(crate) fn live(&mut self, time: Duration) -> Result<()> {
        let step = Duration::from_millis(20);
        let mut left = time;
        while left > step && self.child.try_wait()?.is_none() {
            sleep(step);
            left -= step;
        }
        sleep(left.min(step));
        Ok(())
    }

    /// Lets it live until it tells its first step, at most five seconds, or ends by itself; how long that took.
    pub(crate) fn live_until_told(&mut self) -> Result<Duration> {
        let began = Instant::now();
        let silent = |log: &Path, from| Ok::<_, anyhow::Error>(log.metadata()?.len() <= from);
        while silent(&self.log, self.from)? && began.elapsed() < SILENCE && self.child.try_wait()?.is_none() {
            sleep(Duration::from_millis(1));
        }
        Ok(began.elapsed())
    }

    /// Lets it live until it has printed this, at most so long, or ends by itself; whether it has.
    pub(crate) fn live_until_said(&mut self, what: &str, at_most: Duration) -> Result<bool> {
        let began = Instant::now();
        while !self.printed()?.contains(what) {
            if began.elapsed() > at_most || self.child.try_wait()?.is_some() {
                return Ok(false);
            }
            sleep(Duration::from_millis(20));
        }
        Ok(true)
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and what it had printed by then.
    pub(crate) fn kill(mut self) -> Result<Life> {
        let ended = self.child.try_wait()?;
        self.child.kill()?;
        self.child.wait()?;
        Ok(Life { ended, printed: self.printed()? })
    }

    /// SIGTERM, as a person stops a service.
    pub(crate) fn stop(mut self) -> Result<Life> {
        Command::new("kill").arg("-TERM").arg(self.pid().to_string()).status()?;
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            ensure!(began.elapsed() < STOPPING, "`ringback run` did not stop within {STOPPING:?} of SIGTERM");
            sleep(Duration::from_millis(5));
        }
        self.kill()
    }

    /// What it has printed so far.
    fn printed(&self) -> Result<String> {
        let all = fs::read(&self.log)?;
        Ok(String::from_utf8_lossy(all.get(usize::try_from(self.from)?..).unwrap_or_default()).into_owned())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It has ended already wherever `kill` was called.
        self.child.kill().and_then(|()| self.child.wait()).map(drop).unwrap_or_default();
    }
}

fn append(path: &Path) -> Result<File> {
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened.with_context(|| format!("{}: cannot be written", path.display()))
}
