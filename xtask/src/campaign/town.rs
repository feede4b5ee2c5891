//! One town: a carrier, its lines, and a folder with the configuration and the database of the binary under attack.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::{
    carrier::Carrier,
    dice::Dice,
    engine::{Engine, Life},
    told::Told,
};

/// Lines in a town.
const LINES: u64 = 96;

/// A line that had so many orders is left alone: a line may have 30 within an hour (C5), and a recovery 12 here.
const RETIRED_AFTER: u32 = 12;

/// How long a town without faults may take to come to rest (L1).
const REST: Duration = Duration::from_mins(3);

/// The limits that the binary is told, in yuan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) recovery: i64,
    pub(crate) line: i64,
    pub(crate) day: i64,
    pub(crate) book: i64,
}

/// How a town is set up.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) seed: u64,
    pub(crate) limits: Limits,
    /// The carrier's times, as `/admin/profile` takes them.
    pub(crate) profile: Value,
    /// What goes wrong at the carrier, as `/admin/faults` takes it.
    pub(crate) faults: Value,
    /// How long the binary waits for an answer, in milliseconds.
    pub(crate) deadline_ms: u64,
}

/// A town; its processes stop and its folder goes when this is dropped, unless it is kept.
pub(crate) struct Town {
    binary: PathBuf,
    carrier: Carrier,
    pub(crate) told: Told,
    terms: Terms,
    began: SystemTime,
    /// Goes last, after the processes that write into it.
    folder: tempfile::TempDir,
}

impl Terms {
    /// Everything goes wrong now and then, and a recovery takes a fraction of a second.
    ///
    /// The limits bind in every third town: early for the day, early for the book, and for single lines only.
    pub(crate) fn quick(seed: u64) -> Self {
        let (day, book) = [(4_000, 1_000_000), (1_000_000, 6_000), (1_000_000, 1_000_000)][(seed % 3) as usize];
        Self {
            seed,
            limits: Limits { recovery: 90, line: 200, day, book },
            profile: json!({
                "settling_ms": 20, "min_gap_ms": 5, "not_found_final_after_ms": 40, "inquiry_spacing_ms": 15,
                "delay_ms": 60, "late_ms": 150, "desk_ms": 20,
            }),
            faults: json!({ "seed": seed, "topups_per_mille": 300, "questions_per_mille": 40 }),
            deadline_ms: 1_000,
        }
    }
}

impl Town {
    /// Starts the carrier, writes the configuration, imports and enrols every line.
    pub(crate) fn start(binary: &Path, terms: Terms) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("ringback-campaign-").tempdir()?;
        let subscribers = folder.path().join("carrier.toml");
        fs::write(&subscribers, numbers().map(|number| subscriber(&number)).collect::<String>())?;
        let carrier = Carrier::start(binary, &subscribers)?;
        carrier.put("profile", &terms.profile)?;
        fs::create_dir(folder.path().join("data"))?;
        Ok(Self { binary: binary.to_owned(), carrier, told: Told::default(), terms, began: SystemTime::now(), folder })
    }

    /// Writes the configuration, imports and enrols every line; then the faults begin.
    pub(crate) fn move_in(&self) -> Result<()> {
        self.configure()?;
        let numbers: Vec<String> = numbers().flat_map(|number| ["--number".into(), number]).collect();
        let import: Vec<&str> = ["import"].into_iter().chain(numbers.iter().map(String::as_str)).collect();
        self.ringback(&import, &[0])?;
        self.ringback(&["enrol", "--all"], &[0])?;
        self.trouble()
    }

    /// What goes wrong at the carrier goes wrong from now on.
    pub(crate) fn trouble(&self) -> Result<()> {
        self.carrier.put("faults", &self.terms.faults)
    }

    fn configure(&self) -> Result<()> {
        let yuan = |yuan: i64| format!("{yuan} CNY");
        let Limits { recovery, line, day, book } = self.terms.limits;
        let ladder = if self.terms.seed.is_multiple_of(2) { "stepwise" } else { "cumulative" };
        let (database, url) = (self.database().display().to_string(), self.carrier.url());
        let what = ["init", "--sandbox", url, "--region", "CN", "--database", &database, "--ladder", ladder];
        let money = ["--probe", "1 CNY", "--set", "remembered", "--amount", "10 CNY", "--highest-plan", "60 CNY"];
        let [recovery, line, day, book] = [recovery, line, day, book].map(yuan);
        let caps = ["--cap-recovery", &*recovery, "--cap-line", &line, "--cap-day", &day, "--cap-book", &book];
        self.ringback(&[&what[..], &money, &caps].concat(), &[0])?;
        self.quicken()
    }

    /// Shortens the waits that a sandbox's configuration has, and lets a line be recovered again and again.
    fn quicken(&self) -> Result<()> {
        let path = self.path("ringback.toml");
        let mut text = fs::read_to_string(&path)?;
        let deadline = format!("deadline = \"{}ms\"", self.terms.deadline_ms);
        let other = [
            ("retry = \"200ms\"", "retry = \"20ms\""),
            ("answer = \"5s\"", "answer = \"1s\""),
            ("deadline = \"3s\"", &*deadline),
            ("max_orders = 40", "max_orders = 12"),
            ("max_recoveries_in_30_days = 3", "max_recoveries_in_30_days = 1000"),
        ];
        for (was, is) in other {
            ensure!(text.contains(was), "`ringback init` writes no `{was}`; the campaign has to be adapted");
            text = text.replace(was, is);
        }
        Ok(fs::write(&path, text)?)
    }

    /// A file in the town's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The database, which has a folder of its own.
    pub(crate) fn database(&self) -> PathBuf {
        self.path("data").join("ringback.db")
    }

    pub(crate) fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    pub(crate) fn limits(&self) -> Limits {
        self.terms.limits
    }

    /// How many days of the true clock it has seen.
    pub(crate) fn days(&self) -> i64 {
        let day = |at: SystemTime| at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().cast_signed() / 86_400;
        day(SystemTime::now()) - day(self.began) + 1
    }

    /// The binary with the town's configuration, started through `wrapper`, such as `fiu-run`.
    pub(crate) fn command(&self, wrapper: &[&str], arguments: &[&str]) -> Command {
        let binary = self.binary.display().to_string();
        let line: Vec<&str> = wrapper.iter().copied().chain([&*binary]).collect();
        let mut command = Command::new(line[0]);
        command.args(&line[1..]).arg("--json").arg("--config").arg(self.path("ringback.toml")).args(arguments);
        command.env("XDG_DATA_HOME", self.folder.path()).env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    /// Starts the engine as a person does.
    pub(crate) fn run(&self) -> Result<Engine> {
        self.run_as(self.command(&[], &["run"]))
    }

    /// Starts the engine by a command of [`Self::command`].
    pub(crate) fn run_as(&self, command: Command) -> Result<Engine> {
        Engine::start(command, self.folder.path())
    }

    /// Notes what a life told; where it ended is returned, where any line was at work.
    pub(crate) fn note(&mut self, life: &Life) -> Option<&'static str> {
        self.told.read_life(&life.printed);
        self.told.stage()
    }

    /// Runs a command to its end; its exit code has to be one of these.
    pub(crate) fn ringback(&self, arguments: &[&str], codes: &[i32]) -> Result<Output> {
        let done = self.command(&[], arguments).output()?;
        let code = done.status.code().unwrap_or(-1);
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        ensure!(codes.contains(&code), "ringback {} ended with {code}\n{out}{err}", arguments.join(" "));
        Ok(done)
    }

    /// Lets a month pass: bills fall due, owners suspend their lines, lines come back by themselves.
    pub(crate) fn turn(&self, dice: &mut Dice) -> Result<()> {
        let lines = self.carrier.get("subscribers")?;
        let lines = lines.as_array().context("the carrier lists no lines")?;
        let turns: Vec<Value> = (0..6).filter_map(|_| self.turned(dice.pick(lines), dice)).collect();
        self.carrier.put("subscribers", &json!(turns))
    }

    /// Whether a line had so many orders that nothing new may begin on it.
    pub(crate) fn is_retired(&self, number: &str) -> bool {
        self.told.orders(number) >= RETIRED_AFTER
    }

    fn turned(&self, line: &Value, dice: &mut Dice) -> Option<Value> {
        let (barred, number) = (line["barred"] == true, line["msisdn"].as_str()?);
        let retired = self.is_retired(number);
        let service = match dice.below(10) {
            _ if retired && !barred => return None,
            _ if retired => json!("in_service"),
            0..3 if barred => json!("in_service"),
            _ if barred => return None,
            0 => json!("suspended_by_owner"),
            _ => json!({ "arrears": { "owed_minor": dice.between(1, 60) * 100 } }),
        };
        Some(json!({ "msisdn": number, "service": service }))
    }

    /// Faults stop; the binary brings everything to rest (L1).
    pub(crate) fn settle(&self) -> Result<()> {
        self.carrier.put("faults", &json!({ "seed": 0, "kinds": [] }))?;
        // What was called failed and is still to be delivered.
        let late_ms = self.terms.profile["late_ms"].as_u64().unwrap_or(0);
        sleep(Duration::from_millis(late_ms + 200));
        let mut recover = self.command(&[], &["recover", "--claims"]);
        let output = |name: &str| fs::File::create(self.path(name));
        let mut child = recover.stdout(output("recover.log")?).stderr(output("recover.err")?).spawn()?;
        let began = Instant::now();
        while began.elapsed() < REST {
            if let Some(status) = child.try_wait()? {
                ensure!([Some(0), Some(3)].contains(&status.code()), "`ringback recover` ended with {status}");
                return Ok(());
            }
            sleep(Duration::from_millis(10));
        }
        child.kill().and_then(|()| child.wait())?;
        bail!("`ringback recover` did not come to rest within {REST:?} after the faults had stopped (L1)")
    }

    /// Leaves the folder behind as evidence, and says where.
    pub(crate) fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

fn numbers() -> impl Iterator<Item = String> {
    (0..LINES).map(|line| format!("+86138001{line:05}"))
}

fn subscriber(number: &str) -> String {
    format!(
        "[[subscriber]]\nmsisdn = \"{number}\"\ncarrier = \"China Mobile\"\nplan = \"58 CNY\"\nstate = \"in_service\"\n"
    )
}
