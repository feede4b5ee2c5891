//! The configuration file: one commented TOML, checked in full before anything runs.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use jiff::SignedDuration;
use ringback_core::{
    Amount, Policy,
    admit::{Cap, Caps, Period, Scope},
    ladder,
    policy::{SetAmount, Timing},
};
use serde::Deserialize;

/// The configuration of one book.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) book: Book,
    pub(crate) policy: PolicySettings,
    pub(crate) caps: CapSettings,
    #[serde(default)]
    pub(crate) timing: TimingSettings,
    pub(crate) channel: BTreeMap<String, ChannelSettings>,
    pub(crate) provider: BTreeMap<String, ProviderSettings>,
    #[serde(default)]
    pub(crate) desk: BTreeMap<String, DeskSettings>,
}

/// Whose address book it is, and what it is connected to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Book {
    pub(crate) name: String,
    pub(crate) region: String,
    #[serde(default)]
    pub(crate) database: Option<PathBuf>,
    #[serde(default)]
    pub(crate) groups: GroupLanguage,
    pub(crate) channel: String,
    pub(crate) providers: Vec<String>,
    pub(crate) desk: String,
    #[serde(default)]
    pub(crate) check_every: Option<SignedDuration>,
    #[serde(default)]
    pub(crate) catalogues: Vec<PathBuf>,
}

/// The language of the groups in the address book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) enum GroupLanguage {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "zh")]
    Chinese,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicySettings {
    pub(crate) probe: Amount,
    pub(crate) set: Way,
    #[serde(default)]
    pub(crate) set_amount: Option<Amount>,
    #[serde(default)]
    pub(crate) ladder: ladder::Kind,
    pub(crate) highest_plan: Amount,
    #[serde(default = "forty")]
    pub(crate) max_orders: u32,
    #[serde(default = "three")]
    pub(crate) max_recoveries_in_30_days: u32,
}

/// The three ways of the set amount (S105).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Way {
    /// Typed in each time.
    Typed,
    /// Remembered from the first time.
    Remembered,
    /// Remembered and offered for change.
    Offered,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CapSettings {
    pub(crate) per_recovery: Amount,
    pub(crate) per_line: Amount,
    pub(crate) per_day: Amount,
    pub(crate) per_book: Amount,
    #[serde(default)]
    pub(crate) per_line_and_day: Option<Amount>,
    #[serde(default)]
    pub(crate) per_provider: Option<Amount>,
    #[serde(default)]
    pub(crate) per_provider_and_day: Option<Amount>,
    #[serde(default)]
    pub(crate) everything: Option<Amount>,
    #[serde(default)]
    pub(crate) everything_per_day: Option<Amount>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TimingSettings {
    settling: Option<SignedDuration>,
    fresh: Option<SignedDuration>,
    retry: Option<SignedDuration>,
    typed: Option<SignedDuration>,
    offered: Option<SignedDuration>,
    answer: Option<SignedDuration>,
    claim_poll: Option<SignedDuration>,
    deadline: Option<SignedDuration>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum ChannelSettings {
    OsmoHlr {
        address: String,
        #[serde(default)]
        ranges: Vec<String>,
        #[serde(default)]
        limits: LimitSettings,
    },
    Camara {
        url: String,
        #[serde(default)]
        token: Option<Secret>,
        #[serde(default)]
        ranges: Vec<String>,
        #[serde(default)]
        limits: LimitSettings,
    },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum ProviderSettings {
    Reloadly {
        client_id: String,
        client_secret: Secret,
        currency: ringback_core::Currency,
        #[serde(default)]
        topups_url: Option<String>,
        #[serde(default)]
        auth_url: Option<String>,
        #[serde(default)]
        audience: Option<String>,
        #[serde(default)]
        min_gap: Option<SignedDuration>,
        #[serde(default)]
        not_found_final_after: Option<SignedDuration>,
        #[serde(default)]
        inquiry_spacing: Option<SignedDuration>,
        #[serde(default)]
        limits: LimitSettings,
    },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum DeskSettings {
    Http {
        url: String,
        #[serde(default)]
        token: Option<Secret>,
    },
    Letter {
        folder: PathBuf,
        #[serde(default)]
        language: GroupLanguage,
    },
}

/// How fast a channel or provider may be asked.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitSettings {
    pub(crate) in_flight: Option<usize>,
    pub(crate) per_second: Option<u32>,
}

/// A secret: written here, or better, the name of the environment variable that holds it.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Secret {
    Plain(String),
    Env { env: String },
}

const fn forty() -> u32 {
    40
}

const fn three() -> u32 {
    3
}

impl Settings {
    /// Reads and checks a configuration file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| {
            format!("{}: no configuration can be read here; `ringback init` writes one", path.display())
        })?;
        Self::parse(&text).with_context(|| format!("{}: the configuration cannot be used", path.display()))
    }

    /// Reads and checks a configuration's text. The error names the line and the key.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let settings: Self = toml::from_str(text)?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<()> {
        let book = &self.book;
        ensure!(self.channel.contains_key(&book.channel), "book.channel: there is no [channel.{}]", book.channel);
        ensure!(self.desk.contains_key(&book.desk), "book.desk: there is no [desk.{}]", book.desk);
        ensure!(!book.providers.is_empty(), "book.providers: name at least one provider");
        for name in &book.providers {
            ensure!(self.provider.contains_key(name), "book.providers: there is no [provider.{name}]");
        }
        self.check_amounts()
    }

    /// Every amount is above zero, and all are in the currency of the providers' floats.
    fn check_amounts(&self) -> Result<()> {
        let caps = &self.caps;
        let named = [
            ("policy.probe", Some(self.policy.probe)),
            ("policy.set_amount", self.policy.set_amount),
            ("policy.highest_plan", Some(self.policy.highest_plan)),
            ("caps.per_recovery", Some(caps.per_recovery)),
            ("caps.per_line", Some(caps.per_line)),
            ("caps.per_day", Some(caps.per_day)),
            ("caps.per_book", Some(caps.per_book)),
            ("caps.per_line_and_day", caps.per_line_and_day),
            ("caps.per_provider", caps.per_provider),
            ("caps.per_provider_and_day", caps.per_provider_and_day),
            ("caps.everything", caps.everything),
            ("caps.everything_per_day", caps.everything_per_day),
        ];
        let currency = self.policy.probe.currency();
        for (key, amount) in named.into_iter().filter_map(|(key, amount)| Some((key, amount?))) {
            amount.positive().with_context(|| format!("{key}: write an amount above zero"))?;
            ensure!(
                amount.currency() == currency,
                "{key}: {amount} is not in {currency}, the currency of policy.probe"
            );
        }
        for name in &self.book.providers {
            let ProviderSettings::Reloadly { currency: float, .. } = &self.provider[name];
            if *float != currency {
                bail!(
                    "provider.{name}.currency: its float is in {float}, the lines are paid in {currency}; \
                     exchange between currencies is not supported yet"
                );
            }
        }
        Ok(())
    }

    /// The owner's decisions, as the method takes them.
    pub(crate) fn policy(&self) -> Policy {
        let preset = self.policy.set_amount;
        Policy {
            probe: self.policy.probe,
            set: match self.policy.set {
                Way::Typed => SetAmount::Typed,
                Way::Remembered => SetAmount::Remembered(preset),
                Way::Offered => SetAmount::Offered(preset),
            },
            ladder: self.policy.ladder,
            highest_plan: self.policy.highest_plan,
            caps: self.caps.caps(),
            timing: self.timing.timing(),
            max_orders: self.policy.max_orders,
            max_recoveries: self.policy.max_recoveries_in_30_days,
            desk: self.book.desk.clone(),
        }
    }
}

impl CapSettings {
    fn caps(&self) -> Caps {
        let limits = [
            (Scope::Recovery, Period::Lifetime, Some(self.per_recovery)),
            (Scope::Line, Period::Lifetime, Some(self.per_line)),
            (Scope::Book, Period::Day, Some(self.per_day)),
            (Scope::Book, Period::Lifetime, Some(self.per_book)),
            (Scope::Line, Period::Day, self.per_line_and_day),
            (Scope::Provider, Period::Lifetime, self.per_provider),
            (Scope::Provider, Period::Day, self.per_provider_and_day),
            (Scope::Everything, Period::Lifetime, self.everything),
            (Scope::Everything, Period::Day, self.everything_per_day),
        ];
        Caps(
            limits
                .into_iter()
                .filter_map(|(scope, period, limit)| Some(Cap { scope, period, limit: limit? }))
                .collect(),
        )
    }
}

impl TimingSettings {
    fn timing(&self) -> Timing {
        let default = Timing::default();
        let wall =
            |given: Option<SignedDuration>, other| given.map_or(other, |d| i64::try_from(ms(d)).unwrap_or(other));
        Timing {
            settling_ms: self.settling.map_or(default.settling_ms, ms),
            fresh_ms: self.fresh.map_or(default.fresh_ms, ms),
            retry_ms: self.retry.map_or(default.retry_ms, ms),
            typed_ms: wall(self.typed, default.typed_ms),
            offered_ms: wall(self.offered, default.offered_ms),
            answer_ms: self.answer.map_or(default.answer_ms, ms),
        }
    }

    pub(crate) fn claim_poll_ms(&self) -> u64 {
        self.claim_poll.map_or(6 * 3_600_000, ms)
    }

    pub(crate) fn deadline_ms(&self) -> u64 {
        self.deadline.map_or(60_000, ms)
    }
}

impl Secret {
    /// The secret itself; an error names the variable that is missing.
    pub(crate) fn reveal(&self) -> Result<String> {
        match self {
            Self::Plain(secret) => Ok(secret.clone()),
            Self::Env { env: name } => {
                env::var(name).with_context(|| format!("the environment variable {name} holds a secret and is not set"))
            }
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A duration in milliseconds; negative ones count as none.
pub(crate) fn ms(duration: SignedDuration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(0)
}

/// Where the configuration is looked for: the flag or variable, else the XDG folder.
pub(crate) fn default_path() -> PathBuf {
    xdg("XDG_CONFIG_HOME", ".config").join("ringback.toml")
}

/// Where the database of a configuration lies.
pub(crate) fn database(settings: &Settings, config: &Path) -> PathBuf {
    let folder = config.parent().unwrap_or(Path::new("."));
    match &settings.book.database {
        Some(path) => folder.join(path),
        None => data_folder().join("ringback.db"),
    }
}

/// Where data lies that no flag places.
pub(crate) fn data_folder() -> PathBuf {
    xdg("XDG_DATA_HOME", ".local/share")
}

fn xdg(variable: &str, fallback: &str) -> PathBuf {
    let base = env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(fallback);
    base.unwrap_or_else(home).join("ringback")
}
