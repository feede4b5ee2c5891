//! The configuration file: one commented TOML, checked in full before anything runs.

mod routes;

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

/// The longest time to wait, ten years: one that does not fit into milliseconds would count as none.
const LONGEST: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);

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
    #[serde(default)]
    pub(crate) route: BTreeMap<String, RouteSettings>,
    #[serde(default)]
    pub(crate) guard: BTreeMap<String, GuardSettings>,
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
    /// A channel, or a route of several.
    pub(crate) channel: String,
    pub(crate) providers: Vec<String>,
    pub(crate) desk: String,
    #[serde(default)]
    pub(crate) check_every: Option<SignedDuration>,
    #[serde(default)]
    pub(crate) cool_down: Option<SignedDuration>,
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
    Http(HttpSettings),
}

/// Who is asked whether a number was given to somebody else.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum GuardSettings {
    Http(HttpSettings),
}

/// A status service over HTTP: its profile, and who asks it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpSettings {
    pub(crate) profile: String,
    #[serde(default)]
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) token: Option<Secret>,
    #[serde(default)]
    pub(crate) user: Option<String>,
    #[serde(default)]
    pub(crate) password: Option<Secret>,
    #[serde(default)]
    pub(crate) client_id: Option<String>,
    #[serde(default)]
    pub(crate) client_secret: Option<Secret>,
    #[serde(default)]
    pub(crate) token_url: Option<String>,
    #[serde(default)]
    pub(crate) ranges: Vec<String>,
    #[serde(default)]
    pub(crate) limits: LimitSettings,
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
        max_fee: Option<Amount>,
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

/// Several channels that are asked together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteSettings {
    pub(crate) channels: Vec<String>,
    #[serde(default = "one")]
    pub(crate) agree: usize,
    #[serde(default)]
    pub(crate) guards: Vec<String>,
}

/// How fast a channel or provider may be asked, and how often a channel in a day.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitSettings {
    pub(crate) in_flight: Option<usize>,
    pub(crate) per_second: Option<u32>,
    pub(crate) per_day: Option<u32>,
    pub(crate) cost: Option<Amount>,
    pub(crate) cost_per_day: Option<Amount>,
}

/// A secret: written here, or better, the name of the environment variable that holds it.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Secret {
    Plain(String),
    Env { env: String },
}

const fn one() -> usize {
    1
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
        let region = &book.region;
        country_code(region).with_context(|| {
            format!("book.region: `{region}` is no region with telephones; write its ISO 3166 code, such as CN")
        })?;
        ensure!(
            self.route(&book.channel).is_some(),
            "book.channel: there is no [channel.{0}] and no [route.{0}]",
            book.channel
        );
        ensure!(self.desk.contains_key(&book.desk), "book.desk: there is no [desk.{}]", book.desk);
        ensure!(!book.providers.is_empty(), "book.providers: name at least one provider");
        for name in &book.providers {
            ensure!(self.provider.contains_key(name), "book.providers: there is no [provider.{name}]");
        }
        routes::check(self)?;
        self.check_durations()?;
        self.check_counts()?;
        self.check_amounts()
    }

    /// Every duration is above zero and not for ever; those that may be left out altogether are not below.
    fn check_durations(&self) -> Result<()> {
        let timing = &self.timing;
        let mut named = vec![
            ("book.check_every".to_owned(), self.book.check_every),
            ("book.cool_down".into(), self.book.cool_down),
            ("timing.fresh".into(), timing.fresh),
            ("timing.retry".into(), timing.retry),
            ("timing.typed".into(), timing.typed),
            ("timing.offered".into(), timing.offered),
            ("timing.answer".into(), timing.answer),
            ("timing.claim_poll".into(), timing.claim_poll),
            ("timing.deadline".into(), timing.deadline),
        ];
        let mut or_none = vec![("timing.settling".to_owned(), timing.settling)];
        for (name, provider) in &self.provider {
            let ProviderSettings::Reloadly { min_gap, not_found_final_after, inquiry_spacing, .. } = provider;
            or_none.push((format!("provider.{name}.min_gap"), *min_gap));
            or_none.push((format!("provider.{name}.not_found_final_after"), *not_found_final_after));
            named.push((format!("provider.{name}.inquiry_spacing"), *inquiry_spacing));
        }
        let given = |(key, value): (String, Option<SignedDuration>)| Some((key, value?));
        for (key, value) in named.iter().chain(&or_none).cloned().filter_map(given) {
            ensure!(value <= LONGEST, "{key}: {value:#} is more than ten years; write a shorter duration");
        }
        for (key, value) in named.into_iter().filter_map(given) {
            ensure!(ms(value) > 0, "{key}: {value:#} is no time to wait; write a duration above zero, such as 15m");
        }
        for (key, value) in or_none.into_iter().filter_map(given) {
            ensure!(
                !value.is_negative(),
                "{key}: {value:#} is below zero; write a duration such as 15m, or 0s for none"
            );
        }
        Ok(())
    }

    /// A limit of zero would wait for ever.
    fn check_counts(&self) -> Result<()> {
        let mut named = vec![
            ("policy.max_orders".to_owned(), u64::from(self.policy.max_orders)),
            ("policy.max_recoveries_in_30_days".into(), u64::from(self.policy.max_recoveries_in_30_days)),
        ];
        let channels = self.channel.iter().map(|(name, channel)| (format!("channel.{name}"), channel.limits()));
        let providers = self.provider.iter().map(|(name, provider)| (format!("provider.{name}"), provider.limits()));
        for (place, limits) in channels.chain(providers) {
            let in_flight = limits.in_flight.and_then(|count| u64::try_from(count).ok());
            named.extend(in_flight.map(|count| (format!("{place}.limits.in_flight"), count)));
            named.extend(limits.per_second.map(|count| (format!("{place}.limits.per_second"), u64::from(count))));
            named.extend(limits.per_day.map(|count| (format!("{place}.limits.per_day"), u64::from(count))));
        }
        for (key, count) in named {
            ensure!(count >= 1, "{key}: 0 lets nothing happen; write 1 or more");
        }
        Ok(())
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

impl ChannelSettings {
    pub(crate) fn limits(&self) -> &LimitSettings {
        match self {
            Self::OsmoHlr { limits, .. } | Self::Http(HttpSettings { limits, .. }) => limits,
        }
    }
}

impl ProviderSettings {
    pub(crate) fn limits(&self) -> &LimitSettings {
        let Self::Reloadly { limits, .. } = self;
        limits
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

impl Book {
    /// How often `run` queries every enrolled line.
    pub(crate) fn check_every_ms(&self) -> u64 {
        self.check_every.map_or(24 * 3_600_000, ms)
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

/// The country calling code of an ISO 3166 region, such as 86 of `CN`; nothing for a region that is none.
pub(crate) fn country_code(region: &str) -> Option<i32> {
    let code = rlibphonenumber::PHONE_NUMBER_UTIL.get_country_code_for_region(region.parse().ok()?)?;
    (code > 0).then_some(code)
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
    placed(settings.book.database.as_deref(), config)
}

/// A path in the configuration begins beside it.
fn placed(database: Option<&Path>, config: &Path) -> PathBuf {
    match database {
        Some(path) => config.parent().unwrap_or(Path::new(".")).join(path),
        None => data_folder().join("ringback.db"),
    }
}

/// Where the database of a configuration lies that cannot be used: as far as `book.database` can be made out.
pub(crate) fn database_of_broken(config: &Path) -> PathBuf {
    let text = fs::read_to_string(config).unwrap_or_default();
    let whole = || Some(text.parse::<toml::Table>().ok()?.get("book")?.get("database")?.as_str()?.to_owned());
    let line = || {
        let line = text.lines().find(|line| line.trim_start().starts_with("database"))?;
        Some(line.parse::<toml::Table>().ok()?.get("database")?.as_str()?.to_owned())
    };
    placed(whole().or_else(line).map(PathBuf::from).as_deref(), config)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s101_every_line_is_queried_once_a_day_where_nothing_else_is_written() {
        let book = "name = \"home\"\nregion = \"CN\"\nchannel = \"network\"\nproviders = []\ndesk = \"letters\"\n";
        let every = |more: &str| toml::from_str::<Book>(&format!("{book}{more}")).unwrap().check_every_ms();
        assert_eq!(every(""), 24 * 3_600_000);
        assert_eq!(every("check_every = \"90s\""), 90_000);
    }

    #[test]
    fn k5_a_time_that_does_not_fit_is_refused_and_does_not_count_as_none() {
        let home = include_str!("../../../fuzz/corpus/config/home");
        for (place, key) in [("[timing]", "settling"), ("kind = \"reloadly\"", "not_found_final_after")] {
            for time in ["PT9223372036854775807S", "87841h"] {
                let text = home.replace(place, &format!("{place}\n{key} = \"{time}\""));
                let error = Settings::parse(&text).unwrap_err().to_string();
                assert!(error.contains(key) && error.contains("ten years"), "{error}");
            }
        }
    }

    #[test]
    fn regions_have_country_codes() {
        for (region, code) in [("CN", Some(86)), ("GB", Some(44)), ("US", Some(1)), ("XX", None)] {
            assert_eq!(country_code(region), code, "{region}");
        }
    }
}
