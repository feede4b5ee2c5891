//! `init`: writes a commented configuration, from flags or from answers.

mod template;

use std::{
    fs,
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    str::FromStr,
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use ringback_core::Amount;
use serde::Deserialize;

use crate::{
    cli::{self, Cli, Ladder},
    config::{self, Settings, Way},
    context::in_currency,
};

pub(crate) use template::text;

/// What a running `ringback carrier` says about its times.
#[derive(Debug, Clone, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the unit is part of each name")]
pub(crate) struct Profile {
    settling_ms: u64,
    min_gap_ms: u64,
    not_found_final_after_ms: u64,
    inquiry_spacing_ms: u64,
    desk_ms: u64,
}

/// Everything that the configuration is written from.
pub(crate) struct Answers {
    pub(crate) region: String,
    pub(crate) probe: Amount,
    pub(crate) set: Way,
    pub(crate) amount: Option<Amount>,
    pub(crate) ladder: Ladder,
    pub(crate) highest_plan: Amount,
    pub(crate) cap_recovery: Amount,
    pub(crate) cap_line: Amount,
    pub(crate) cap_day: Amount,
    pub(crate) cap_book: Amount,
    pub(crate) database: Option<PathBuf>,
    pub(crate) channel: Channel,
    pub(crate) provider: Provider,
}

/// The status channel.
pub(crate) enum Channel {
    Hlr(String),
    Camara(String),
}

/// Who is paid.
pub(crate) enum Provider {
    Sandbox(String, Profile),
    Reloadly(String),
}

pub(crate) async fn init(cli: &Cli, args: &cli::Init) -> Result<()> {
    let path = cli.config.clone().unwrap_or_else(config::default_path);
    ensure!(args.force || !path.exists(), "{}: is there already; --force replaces it", path.display());
    let text = template::text(&answers(args).await?);
    Settings::parse(&text).context("these answers make no usable configuration")?;
    write(&path, &text)?;
    if cli.json {
        println!("{}", serde_json::json!({ "config": path }));
    } else {
        println!("{} is written. Next: `ringback import contacts.vcf`", path.display());
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{}: cannot be created", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("{}: cannot be written", path.display()))
}

async fn answers(args: &cli::Init) -> Result<Answers> {
    let region = given(typed_region(args)?, "--region", "Region of numbers without a country code", "CN", any)?.0;
    let probe: Amount =
        given(args.probe, "--probe", "The small amount that is paid first", "1 CNY", |amount: &Amount| {
            Ok(amount.positive().map(drop)?)
        })?;
    let money = |flag, name, question, example: i64| {
        let example = Amount::from_minor(example * probe.minor().max(1), probe.currency());
        let fits = |amount: &Amount| {
            let positive = amount.positive().map_err(anyhow::Error::from);
            positive.and_then(|amount| in_currency(amount, probe.currency(), "the probe is")).map(drop)
        };
        given(flag, name, question, &example.to_string(), fits)
    };
    let set =
        given(args.set.map(WayText), "--set", "The set amount: typed, remembered or offered", "remembered", any)?.0;
    let channel = channel(args)?;
    let provider = provider(args).await?;
    // A sandbox has a database of its own, so that its enrolments and its play money never meet real ones.
    let database = args.database.clone().or_else(|| args.sandbox.as_ref().map(|_| sandbox_database()));
    Ok(Answers {
        region,
        probe,
        set,
        amount: if set == Way::Typed { None } else { Some(money(args.amount, "--amount", "The set amount", 30)?) },
        ladder: args.ladder.unwrap_or(Ladder::Cumulative),
        highest_plan: money(
            args.highest_plan,
            "--highest-plan",
            "The highest plan to try; a line is known to be suspended only when the whole list was paid",
            199,
        )?,
        cap_recovery: money(args.cap_recovery, "--cap-recovery", "Cap: one recovery costs at most", 300)?,
        cap_line: money(args.cap_line, "--cap-line", "Cap: one line ever costs at most", 500)?,
        cap_day: money(args.cap_day, "--cap-day", "Cap: a day costs at most", 500)?,
        cap_book: money(args.cap_book, "--cap-book", "Cap: the whole book ever costs at most", 2_000)?,
        database,
        channel,
        provider,
    })
}

fn channel(args: &cli::Init) -> Result<Channel> {
    if let Some(address) = &args.hlr {
        return Ok(Channel::Hlr(address.clone()));
    }
    if let Some(url) = &args.camara {
        return Ok(Channel::Camara(url.clone()));
    }
    if let Some(url) = &args.sandbox {
        return Ok(sandbox_channel(url));
    }
    let question = "Status channel: the URL of a CAMARA API, or ADDRESS:PORT of an osmo-hlr's control interface";
    let text: String = given(None, "--camara, --hlr or --sandbox", question, "127.0.0.1:4259", any)?;
    Ok(if text.starts_with("http") { Channel::Camara(text) } else { Channel::Hlr(text) })
}

/// The CAMARA API of a running `ringback carrier`.
pub(crate) fn sandbox_channel(url: &str) -> Channel {
    Channel::Camara(format!("{}/camara/subscription-status/v0.1", url.trim_end_matches('/')))
}

async fn provider(args: &cli::Init) -> Result<Provider> {
    match &args.sandbox {
        Some(url) => Ok(Provider::Sandbox(url.trim_end_matches('/').to_owned(), profile(url).await?)),
        None => Ok(Provider::Reloadly(given(args.client_id.clone(), "--client-id", "Client id at Reloadly", "", any)?)),
    }
}

/// The times of a running `ringback carrier`.
pub(crate) async fn profile(url: &str) -> Result<Profile> {
    let url = format!("{}/admin/profile", url.trim_end_matches('/'));
    let unreachable = || format!("{url}: no carrier answers; `ringback carrier` starts one");
    let answer = reqwest::get(&url).await.with_context(unreachable)?;
    answer.json().await.with_context(|| format!("{url}: is this a `ringback carrier`?"))
}

/// A flag's value, or the answer to a question; without a terminal the missing flag is named.
fn given<T: FromStr>(
    flag: Option<T>,
    name: &str,
    question: &str,
    example: &str,
    fits: impl Fn(&T) -> Result<()>,
) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    if let Some(value) = flag {
        fits(&value).with_context(|| name.to_owned())?;
        return Ok(value);
    }
    if !io::stdin().is_terminal() {
        bail!("{name} is missing ({question}, such as `{example}`); give it, or run init in a terminal");
    }
    loop {
        eprint!("{question} [{example}]: ");
        io::stderr().flush()?;
        let mut line = String::new();
        ensure!(io::stdin().lock().read_line(&mut line)? > 0, "no answer to: {question}");
        let text = if line.trim().is_empty() { example } else { line.trim() };
        match text.parse() {
            Ok(value) => match fits(&value) {
                Ok(()) => return Ok(value),
                Err(error) => eprintln!("  {error:#}"),
            },
            Err(error) => eprintln!("  {error}"),
        }
    }
}

/// Every answer fits.
#[expect(clippy::unnecessary_wraps, reason = "it is a check like the others")]
fn any<T>(_: &T) -> Result<()> {
    Ok(())
}

/// Where the database of a sandbox lies.
fn sandbox_database() -> PathBuf {
    config::data_folder().join("ringback-sandbox.db")
}

fn typed_region(args: &cli::Init) -> Result<Option<Region>> {
    let parse = |text: &String| text.parse().map_err(|error: String| anyhow!("--region: {error}"));
    args.region.as_ref().map(parse).transpose()
}

/// A region as a person types it.
struct Region(String);

impl FromStr for Region {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let region = text.to_ascii_uppercase();
        match config::country_code(&region) {
            Some(_) => Ok(Self(region)),
            None => Err(format!("`{text}` is no region with telephones; write its ISO 3166 code, such as CN")),
        }
    }
}

/// A way as a person types it.
struct WayText(Way);

impl FromStr for WayText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        <Way as clap::ValueEnum>::from_str(text, true).map(Self)
    }
}
